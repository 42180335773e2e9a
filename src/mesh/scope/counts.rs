//! From what is imported to what is sent: clusters, endpoints, listeners, virtual hosts and routes.
//!
//! Counting follows what istiod generates (checked against real `config_dump`s): a cluster per host and
//! port, and one more per subset; a listener per HTTP port number shared by all hosts, but one per
//! address (per endpoint, if headless) for TCP and undetected protocols; a virtual host per HTTP host and
//! port plus a catch-all per port number. A virtual service replaces the only route of its hosts' virtual
//! hosts by its own, and brings virtual hosts for those of its hosts that are no services.

use std::collections::{BTreeMap, BTreeSet};

use super::hosts;
use super::imports::{Imports, Listener, Ports};
use super::protocol::{Protocol, named};
use super::registry::{Address, Host, Port, Registry};
use super::routes::{MESH, Route};
use super::rules::Rules;

/// Configuration for outbound traffic, common to all proxies of a scope.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Outbound {
    /// Clusters.
    pub clusters: u64,
    /// Endpoints over all clusters.
    pub endpoints: u64,
    /// Listeners that route by host.
    pub http_listeners: u64,
    /// Listeners that route by address.
    pub tcp_listeners: u64,
    /// Virtual hosts.
    pub virtual_hosts: u64,
    /// Routes over all virtual hosts.
    pub routes: u64,
    /// Listeners per endpoint of hosts without an address: a proxy gets none for its own pod.
    pub per_endpoint: BTreeMap<usize, u64>,
}

/// What counting looks at.
#[derive(Clone, Copy)]
pub(super) struct Counter<'r, 'a> {
    pub registry: &'r Registry<'a>,
    pub routes: &'r [Route<'a>],
    pub rules: &'r Rules<'a>,
}

impl<'r, 'a> Counter<'r, 'a> {
    /// What proxies of a namespace are sent for what they import.
    pub fn outbound(self, imports: &Imports<'_>, namespace: &str) -> Outbound {
        let mut outbound = Outbound::default();
        for (&index, ports) in &imports.hosts {
            if let Some(host) = self.registry.hosts.get(index) {
                let (clusters, endpoints) = self.clusters(host, ports, namespace);
                outbound.clusters += clusters;
                outbound.endpoints = outbound.endpoints.saturating_add(endpoints);
            }
        }
        let mut taken = BTreeSet::new();
        for listener in &imports.listeners {
            match listener.port {
                Some(port) => {
                    self.on_one_port(listener, port.number, named(&port.protocol), &mut outbound);
                    if !listener.bound {
                        taken.insert(port.number);
                    }
                }
                None => self.on_every_port(listener, &taken, &mut outbound),
            }
        }
        outbound
    }

    /// Clusters of a host with their endpoints, subsets included.
    pub fn clusters(self, host: &Host<'a>, ports: &Ports, namespace: &str) -> (u64, u64) {
        let ports = host.ports.iter().filter(|port| ports.hold(port.number)).count() as u64;
        let subsets = self.rules.subsets(namespace, host);
        let of_subsets: u64 = subsets.iter().map(|subset| self.registry.subset_endpoints(host, &subset.labels)).sum();
        let endpoints = host.endpoints.saturating_add(of_subsets).saturating_mul(ports);
        (ports * (1 + subsets.len() as u64), endpoints)
    }

    fn on_one_port(self, listener: &Listener<'_>, number: u16, protocol: Protocol, outbound: &mut Outbound) {
        if listener.hosts.is_empty() {
            return;
        }
        if protocol == Protocol::Opaque {
            outbound.tcp_listeners += 1;
            return;
        }
        outbound.http_listeners += 1;
        let routed = self.hosts_of(listener).filter(|(_, _, port)| port.protocol != Protocol::Opaque);
        self.route_table(listener, number, routed.map(|(_, host, _)| host).collect(), outbound);
    }

    /// A listener for each HTTP port number, and for each address with another protocol, unless an earlier
    /// listener of the Sidecar has taken the number.
    fn on_every_port(self, listener: &Listener<'_>, taken: &BTreeSet<u16>, outbound: &mut Outbound) {
        let mut routed: BTreeMap<u16, Vec<&Host<'a>>> = BTreeMap::new();
        let mut shared: BTreeMap<u16, bool> = BTreeMap::new();
        let by_host = ByHost::new(listener.routes.iter().filter_map(|&index| self.routes.get(index)));
        for (index, host, port) in self.hosts_of(listener) {
            if port.protocol != Protocol::Opaque {
                routed.entry(port.number).or_default().push(host);
            }
            let is_shared = listener.bound || host.address == Address::Any || port.protocol == Protocol::Http;
            if is_shared {
                if !taken.contains(&port.number) {
                    *shared.entry(port.number).or_default() |= port.protocol != Protocol::Opaque;
                }
                continue;
            }
            let listeners = match host.address {
                Address::Own(addresses) => addresses,
                Address::Endpoints => {
                    *outbound.per_endpoint.entry(index).or_default() += 1;
                    host.endpoints
                }
                Address::Any => 0,
            };
            if port.protocol == Protocol::Detected && host.address != Address::Endpoints {
                outbound.http_listeners = outbound.http_listeners.saturating_add(listeners);
                outbound.virtual_hosts += 1;
                outbound.routes += by_host.count(host, port.number).max(1);
            } else {
                outbound.tcp_listeners = outbound.tcp_listeners.saturating_add(listeners);
            }
        }
        for (number, has_routes) in shared {
            if has_routes {
                outbound.http_listeners += 1;
                self.route_table(listener, number, routed.remove(&number).unwrap_or_default(), outbound);
            } else {
                outbound.tcp_listeners += 1;
            }
        }
    }

    /// Virtual hosts of a port number: its hosts, those that virtual services bring, and the catch-all.
    fn route_table(self, listener: &Listener<'_>, number: u16, routed: Vec<&Host<'a>>, outbound: &mut Outbound) {
        outbound.virtual_hosts += 1;
        outbound.routes += 1;
        let here: BTreeSet<&str> = routed.into_iter().map(|host| host.name.as_str()).collect();
        let wildcards: Vec<&str> = here.iter().copied().filter(|name| hosts::is_wildcard(name)).collect();
        let mut open = here.clone();
        let mut brought: BTreeSet<&str> = BTreeSet::new();
        for route in listener.routes.iter().filter_map(|&index| self.routes.get(index)) {
            let routes = route.count(MESH, number);
            if routes == 0 {
                continue;
            }
            let (served, unserved) = split(route, &here, &wildcards);
            if served.is_empty() && number != HOSTS_WITHOUT_SERVICE {
                continue;
            }
            let virtual_hosts = served.into_iter().filter(|name| open.remove(name)).count()
                + unserved.into_iter().filter(|host| brought.insert(host)).count();
            outbound.virtual_hosts += virtual_hosts as u64;
            outbound.routes += virtual_hosts as u64 * routes;
        }
        outbound.virtual_hosts += open.len() as u64;
        outbound.routes += open.len() as u64;
    }

    /// Ports of a listener's hosts: the one it is limited to, or all.
    fn hosts_of<'l>(
        self,
        listener: &'l Listener<'_>,
    ) -> impl Iterator<Item = (usize, &'r Host<'a>, Port)> + use<'l, 'r, 'a> {
        let proxies = |port: &&super::ListenerPort| !port.protocol.eq_ignore_ascii_case("HTTP_PROXY");
        let limit = listener.port.filter(proxies).map(|port| port.number);
        listener.hosts.iter().flat_map(move |&index| {
            let host = self.registry.hosts.get(index);
            let ports = host.into_iter().flat_map(|host| host.ports.iter().map(move |port| (host, *port)));
            ports
                .filter(move |(_, port)| limit.is_none_or(|limit| limit == port.number))
                .map(move |(host, port)| (index, host, port))
        })
    }
}

/// The hosts of a port that a route serves, and the route's hosts that no service has there.
fn split<'x>(route: &'x Route<'_>, here: &BTreeSet<&'x str>, wildcards: &[&'x str]) -> (Vec<&'x str>, Vec<&'x str>) {
    let mut served = Vec::new();
    let mut unserved = Vec::new();
    for host in &route.hosts {
        let before = served.len();
        if hosts::is_wildcard(host) {
            served.extend(here.iter().copied().filter(|name| hosts::overlap(host, name)));
        } else if let Some(name) = here.get(host.as_str()) {
            served.push(*name);
        } else {
            served.extend(wildcards.iter().copied().filter(|name| hosts::covers(name, host)));
        }
        if served.len() == before {
            unserved.push(host.as_str());
        }
    }
    (served, unserved)
}

/// Routes by their hosts.
struct ByHost<'x, 'a> {
    exact: BTreeMap<&'x str, Vec<&'x Route<'a>>>,
    wildcards: Vec<&'x Route<'a>>,
}

impl<'x, 'a> ByHost<'x, 'a> {
    fn new(routes: impl Iterator<Item = &'x Route<'a>>) -> Self {
        let mut by_host = Self { exact: BTreeMap::new(), wildcards: Vec::new() };
        for route in routes {
            for host in &route.hosts {
                if hosts::is_wildcard(host) {
                    by_host.wildcards.push(route);
                } else {
                    by_host.exact.entry(host).or_default().push(route);
                }
            }
        }
        by_host
    }

    /// Routes of the first virtual service that holds for a host on a port, 0 without one.
    fn count(&self, host: &Host<'_>, number: u16) -> u64 {
        let exact = self.exact.get(host.name.as_str()).into_iter().flatten();
        let covers = |route: &&&Route<'_>| route.hosts.iter().any(|it| hosts::overlap(it, &host.name));
        let wildcard = self.wildcards.iter().filter(covers);
        exact.chain(wildcard).map(|route| route.count(MESH, number)).find(|&routes| routes > 0).unwrap_or(0)
    }
}

/// The port on which hosts of virtual services that are no services are reached.
const HOSTS_WITHOUT_SERVICE: u16 = 80;
