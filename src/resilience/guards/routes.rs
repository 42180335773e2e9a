//! Which routes hold for requests to a host: those of sidecars by the host they are called by, those of gateways by
//! where they lead.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::objects::{HttpRoute, RouteParent};
use crate::inventory::{Inventory, ObjectName, VirtualService};
use crate::mesh::hosts;

/// What every virtual service is bound to that names no gateway.
const MESH: &str = "mesh";

/// Where the settings of requests to a host stand.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Routed {
    /// In an HTTP route of a virtual service, by its place in the list.
    By {
        /// The virtual service, that of a delegate where there is one.
        service: ObjectName,
        /// The place, from 0.
        index: usize,
    },
    /// In a virtual service for many hosts.
    ByWildcard {
        /// The virtual service.
        service: ObjectName,
    },
    /// In a route of the Gateway API that is attached to the service.
    ByApi {
        /// Kind, namespace and name of the route.
        route: String,
    },
    /// Nowhere: Istio's defaults hold.
    Nowhere,
}

/// A route that can be asked.
#[derive(Clone)]
pub(super) struct Held<'a> {
    /// Where it stands.
    pub place: Routed,
    /// The route.
    pub route: &'a HttpRoute,
    /// Full names of the hosts it leads to, copies left out, in order.
    pub hosts: BTreeSet<String>,
}

/// All routes of an inventory.
pub(super) struct Routes<'a> {
    /// By host, those of the virtual service that holds for sidecars.
    by_host: BTreeMap<String, Vec<Held<'a>>>,
    /// Patterns of hosts with the virtual services of them, the longest first.
    wildcards: Vec<(String, &'a ObjectName)>,
    /// Services that a route of the Gateway API is attached to.
    attached: BTreeMap<String, (String, &'a [HttpRoute])>,
    /// Those of gateways.
    of_gateways: Vec<Held<'a>>,
}

impl<'a> Routes<'a> {
    /// In the order in which they hold: of several virtual services for one host the first.
    pub fn new(inventory: &'a Inventory) -> Self {
        let services = &inventory.istio.virtual_services;
        let delegates: BTreeMap<&ObjectName, &VirtualService> =
            services.iter().filter(|it| it.hosts.is_empty()).map(|it| (&it.name, it)).collect();
        let mut routes = Self {
            by_host: BTreeMap::new(),
            wildcards: Vec::new(),
            attached: BTreeMap::new(),
            of_gateways: Vec::new(),
        };
        for service in services.iter().filter(|it| !it.hosts.is_empty()) {
            routes.add(service, &delegates);
        }
        routes.wildcards.sort_by_key(|(pattern, _)| std::cmp::Reverse(pattern.len()));
        for route in &inventory.istio.routes {
            for parent in &route.parents {
                let RouteParent::Service(service) = parent else { continue };
                let host = hosts::of_service(&service.name, &service.namespace);
                let shown = format!("{} {}", route.kind, route.name);
                routes.attached.entry(host).or_insert((shown, &route.rules));
            }
        }
        routes
    }

    fn add(&mut self, service: &'a VirtualService, delegates: &BTreeMap<&ObjectName, &'a VirtualService>) {
        let held = held(service, delegates);
        let is_of_mesh = service.gateways.is_empty() || service.gateways.iter().any(|gateway| gateway == MESH);
        let has_gateways = service.gateways.iter().any(|gateway| gateway != MESH);
        if is_of_mesh {
            for host in &service.hosts {
                let host = hosts::resolved(host, &service.name.namespace).into_owned();
                if host.starts_with('*') {
                    self.wildcards.push((host, &service.name));
                } else {
                    self.by_host.entry(host).or_insert_with(|| held.clone());
                }
            }
        }
        if has_gateways {
            self.of_gateways.extend(held);
        }
    }

    /// Routes of sidecars for a host.
    pub fn of_host(&self, host: &str) -> Option<&[Held<'a>]> {
        self.by_host.get(host).map(Vec::as_slice)
    }

    /// Where the settings of a host stand that has no routes of its own.
    pub fn elsewhere(&self, host: &str) -> Routed {
        if let Some((route, _)) = self.attached.get(host) {
            return Routed::ByApi { route: route.clone() };
        }
        let covering = self.wildcards.iter().find(|(pattern, _)| hosts::covers(pattern, host));
        covering.map_or(Routed::Nowhere, |(_, service)| Routed::ByWildcard { service: (*service).clone() })
    }

    /// Rules of the Gateway API for a host.
    pub fn of_api(&self, host: &str) -> &[HttpRoute] {
        self.attached.get(host).map_or(&[], |(_, rules)| rules)
    }

    /// Routes of gateways.
    pub fn of_gateways(&self) -> &[Held<'a>] {
        &self.of_gateways
    }
}

/// The routes of a virtual service, those of its delegates in their place.
fn held<'a>(service: &'a VirtualService, delegates: &BTreeMap<&ObjectName, &'a VirtualService>) -> Vec<Held<'a>> {
    let own = |service: &'a VirtualService, index: usize, route: &'a HttpRoute| Held {
        place: Routed::By { service: service.name.clone(), index },
        route,
        hosts: leads_to(route, &service.name.namespace),
    };
    let mut all = Vec::new();
    for (index, route) in service.http.iter().enumerate() {
        match &route.delegate {
            None => all.push(own(service, index, route)),
            Some(name) => {
                let Some(delegate) = delegates.get(name) else { continue };
                all.extend(delegate.http.iter().enumerate().map(|(index, route)| own(delegate, index, route)));
            }
        }
    }
    all
}

fn leads_to(route: &HttpRoute, namespace: &str) -> BTreeSet<String> {
    let asked = route.destinations.iter().filter(|it| it.mirror.is_none());
    asked.map(|it| hosts::resolved(&it.host, namespace).into_owned()).collect()
}
