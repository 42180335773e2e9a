//! What the proxies of a scope import: hosts and routes per listener for outgoing traffic.

use std::collections::{BTreeMap, BTreeSet};

use super::hosts;
use super::registry::{Host, Registry};
use super::routes::{MESH, Route};
use crate::inventory::objects::{EgressListener, ExportTo, ListenerPort};
use crate::inventory::{MeshConfig, Sidecar};

/// Everything proxies of a scope import.
#[derive(Debug, Default)]
pub(super) struct Imports<'a> {
    /// Listeners in the order of the Sidecar.
    pub listeners: Vec<Listener<'a>>,
    /// Hosts of all listeners together, and those their routes lead to: what becomes clusters.
    pub hosts: BTreeMap<usize, Ports>,
}

/// What a listener for outgoing traffic imports.
#[derive(Debug)]
pub(super) struct Listener<'a> {
    /// Its port; `None` for one on every port of its hosts.
    pub port: Option<&'a ListenerPort>,
    /// Whether its hosts share a listener per port number.
    pub bound: bool,
    /// Indices of hosts, one per name.
    pub hosts: Vec<usize>,
    /// Indices of routes.
    pub routes: Vec<usize>,
}

/// Ports of a host that are imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ports {
    /// All of them.
    All,
    /// Only these.
    Only(BTreeSet<u16>),
}

impl Ports {
    /// Whether a port is among them.
    pub fn hold(&self, port: u16) -> bool {
        match self {
            Self::All => true,
            Self::Only(ports) => ports.contains(&port),
        }
    }

    fn merge(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::Only(known), Self::Only(more)) => known.extend(more),
            (_, Self::All) => *self = Self::All,
            (Self::All, _) => {}
        }
    }
}

/// What can be imported, and who may.
#[derive(Clone, Copy)]
pub(super) struct Offer<'r, 'a> {
    pub registry: &'r Registry<'a>,
    pub routes: &'r [Route<'a>],
    pub mesh: &'a MeshConfig,
}

impl<'r, 'a> Offer<'r, 'a> {
    /// What proxies of a namespace import without a Sidecar: all they are shown.
    pub fn everything(self, namespace: &str) -> Imports<'static> {
        let listener = Listener {
            port: None,
            bound: false,
            hosts: self.hosts(namespace, |_| true),
            routes: self.routes_where(namespace, |_| true),
        };
        let hosts = listener.hosts.iter().map(|&host| (host, Ports::All)).collect();
        Imports { listeners: vec![listener], hosts }
    }

    /// What proxies of a namespace import by a Sidecar.
    pub fn by_sidecar<'s>(self, sidecar: &'s Sidecar, namespace: &str) -> Imports<'s> {
        let mut imports = Imports::default();
        if sidecar.egress.is_empty() {
            return self.everything(namespace);
        }
        for egress in &sidecar.egress {
            let listener = self.listener(egress, namespace);
            let limit = match_port(egress);
            for &host in &listener.hosts {
                let ports = limit.map_or(Ports::All, |port| Ports::Only([port].into()));
                imports.add(self.registry, host, ports);
            }
            for route in listener.routes.iter().filter_map(|&index| self.routes.get(index)) {
                self.follow(route, namespace, limit, &mut imports);
            }
            imports.listeners.push(listener);
        }
        imports
    }

    /// Whether a host is shown to a namespace.
    pub fn shows(self, host: &Host<'_>, namespace: &str) -> bool {
        host.export_to.shows(host.namespace, namespace, &self.mesh.service_export_to)
    }

    fn listener<'s>(self, egress: &'s EgressListener, namespace: &str) -> Listener<'s> {
        let wanted = Wanted::new(&egress.hosts, namespace);
        let limit = match_port(egress);
        let has_port = |host: &Host<'_>| limit.is_none_or(|limit| host.ports.iter().any(|it| it.number == limit));
        Listener {
            port: egress.port.as_ref(),
            bound: egress.bound,
            hosts: self.hosts(namespace, |host| wanted.host(host) && has_port(host)),
            routes: self.routes_where(namespace, |route| wanted.route(route)),
        }
    }

    /// Hosts shown to a namespace for which a condition holds, one per name: that of the namespace itself
    /// before others, a service of Kubernetes before others.
    fn hosts(self, namespace: &str, wanted: impl Fn(&Host<'_>) -> bool) -> Vec<usize> {
        let is_candidate = |host: &Host<'_>| self.shows(host, namespace) && wanted(host);
        let mut hosts: Vec<usize> = self
            .registry
            .names()
            .filter_map(|(_, same_name)| {
                let candidates = same_name.iter().filter_map(|&index| Some((index, self.registry.hosts.get(index)?)));
                candidates
                    .filter(|(_, host)| is_candidate(host))
                    .min_by_key(|(index, host)| (host.namespace != namespace, !host.is_kubernetes, *index))
                    .map(|(index, _)| index)
            })
            .collect();
        hosts.sort_unstable();
        hosts
    }

    /// Routes for sidecars that are shown to a namespace and meet a condition.
    fn routes_where(self, namespace: &str, wanted: impl Fn(&Route<'_>) -> bool) -> Vec<usize> {
        let default: &ExportTo = &self.mesh.virtual_service_export_to;
        let is_meant = |route: &Route<'_>| {
            route.is_bound_to(MESH) && route.export_to.shows(route.namespace, namespace, default) && wanted(route)
        };
        self.routes.iter().enumerate().filter(|(_, route)| is_meant(route)).map(|(index, _)| index).collect()
    }

    /// Adds the hosts a route leads to: of its names the one of the proxies' own namespace, else the first
    /// namespace by name that shows it; only the ports it names.
    fn follow(self, route: &Route<'_>, namespace: &str, limit: Option<u16>, imports: &mut Imports<'_>) {
        let mut led_to: BTreeMap<&str, Ports> = BTreeMap::new();
        for target in &route.destinations {
            let ports = target.port.map_or(Ports::All, |port| Ports::Only([port].into()));
            led_to.entry(&target.host).and_modify(|known| known.merge(ports.clone())).or_insert(ports);
        }
        for (name, ports) in led_to {
            let candidates = self.registry.named(name).iter().filter_map(|&index| {
                let host = self.registry.hosts.get(index)?;
                (host.namespace == namespace || self.shows(host, namespace)).then_some((index, host))
            });
            let Some((index, host)) = candidates.min_by_key(|(_, it)| (it.namespace != namespace, it.namespace)) else {
                continue;
            };
            let ports = limit.map_or(ports, |limit| Ports::Only([limit].into()));
            if host.ports.iter().any(|port| ports.hold(port.number)) {
                imports.add(self.registry, index, ports);
            }
        }
    }
}

impl Imports<'_> {
    /// Adds a host unless another of its name is there already.
    fn add(&mut self, registry: &Registry<'_>, index: usize, ports: Ports) {
        if let Some(known) = self.hosts.get_mut(&index) {
            known.merge(ports);
            return;
        }
        let same_name = registry.hosts.get(index).map(|host| registry.named(&host.name)).unwrap_or_default();
        if same_name.iter().all(|other| !self.hosts.contains_key(other)) {
            self.hosts.insert(index, ports);
        }
    }
}

/// The port a listener limits its hosts to; a proxy port takes all of them.
fn match_port(egress: &EgressListener) -> Option<u16> {
    let port = egress.port.as_ref()?;
    (!port.protocol.eq_ignore_ascii_case("HTTP_PROXY")).then_some(port.number)
}

/// The hosts of a listener, `namespace/dnsName`, by namespace.
pub(super) struct Wanted<'s>(BTreeMap<&'s str, Vec<&'s str>>);

impl<'s> Wanted<'s> {
    /// `.` stands for the proxies' own namespace, `*` for any, and `~` for none: no namespace has that name.
    pub fn new(written: &'s [String], namespace: &'s str) -> Self {
        let mut wanted: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (of, host) in written.iter().filter_map(|host| host.split_once('/')) {
            wanted.entry(if of == "." { namespace } else { of }).or_default().push(host);
        }
        Self(wanted)
    }

    /// Whether a host is imported.
    pub fn host(&self, host: &Host<'_>) -> bool {
        self.any(host.namespace, |pattern| hosts::covers(pattern, &host.name))
    }

    /// Whether a route is imported: one host of it is enough.
    pub fn route(&self, route: &Route<'_>) -> bool {
        self.any(route.namespace, |pattern| route.hosts.iter().any(|host| hosts::overlap(pattern, host)))
    }

    fn any(&self, namespace: &str, matches: impl Fn(&str) -> bool) -> bool {
        [namespace, "*"].into_iter().filter_map(|of| self.0.get(of)).flatten().any(|pattern| matches(pattern))
    }
}
