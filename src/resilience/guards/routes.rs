//! Which routes hold for requests to a host: those of sidecars by the host they are called by, those of gateways by
//! where they lead.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::objects::{HttpRoute, RetryPolicy, RouteParent};
use crate::inventory::{GatewayRoute, Inventory, IstioVersion, MeshConfig, ObjectName, VirtualService};
use crate::mesh::hosts;
use crate::model::Retries;
use crate::units::Seconds;

/// What every virtual service is bound to that names no gateway.
const MESH: &str = "mesh";
/// The kind of route that has timeouts and retries.
const HTTP_ROUTE: &str = "HTTPRoute";

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
    /// In a rule of a route of the Gateway API, by its place in the list.
    ByApi {
        /// `HTTPRoute` or `GRPCRoute`.
        kind: &'static str,
        /// The route.
        route: ObjectName,
        /// The place, from 0.
        index: usize,
    },
    /// Nowhere: what holds for the whole mesh does.
    Nowhere,
}

impl Routed {
    /// The route as people say it; `None` where none is written for the host.
    #[must_use]
    pub fn route(&self) -> Option<String> {
        match self {
            Self::By { service, index } => Some(format!("VirtualService {service}, route {}", index + 1)),
            Self::ByApi { kind, route, index } => Some(format!("{kind} {route}, rule {}", index + 1)),
            Self::ByWildcard { .. } | Self::Nowhere => None,
        }
    }
}

/// What holds for requests that take a route.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Held {
    /// Where it stands.
    pub place: Routed,
    /// How long an answer may take; `None` for any time.
    pub timeout: Option<Seconds>,
    /// When a failed request is sent again: as the route says, else as the mesh does; `None` for Istio's default.
    pub retries: Option<RetryPolicy>,
    /// Whether the route says so itself.
    pub says_retries: bool,
    /// Full names of the hosts it leads to, copies left out, in order.
    pub hosts: BTreeSet<String>,
}

impl Held {
    /// What holds for a host whose routes nobody follows.
    pub fn of_nothing(host: &str) -> Self {
        let hosts = BTreeSet::from([host.to_owned()]);
        Self { place: Routed::Nowhere, timeout: None, retries: None, says_retries: false, hosts }
    }
}

/// Attempts beside the first by a policy; `None` for Istio's default.
#[must_use]
pub fn retries_of(policy: Option<&RetryPolicy>) -> u64 {
    // Retries without a number of attempts are off.
    policy.map_or(Retries::DEFAULT_ATTEMPTS, |policy| policy.attempts.unwrap_or(0))
}

/// The first Istio that follows `timeouts` of an HTTPRoute (istio/istio pull request 47017).
pub const API_TIMEOUTS: IstioVersion = IstioVersion::new(1, 20, 0);
/// The first that follows its `retry` (54800).
pub const API_RETRIES: IstioVersion = IstioVersion::new(1, 25, 0);

/// All routes of an inventory.
pub(super) struct Routes<'a> {
    mesh: &'a MeshConfig,
    version: Option<IstioVersion>,
    /// By host, those of the virtual service that holds for sidecars.
    by_host: BTreeMap<String, Vec<Held>>,
    /// Patterns of hosts with the virtual services of them, the longest first.
    wildcards: Vec<(String, &'a ObjectName)>,
    /// Rules of the Gateway API by the service they are attached to.
    attached: BTreeMap<String, Vec<Held>>,
    /// Those of gateways.
    of_gateways: Vec<Held>,
}

impl<'a> Routes<'a> {
    /// In the order in which they hold: of several virtual services for one host the first.
    pub fn new(inventory: &'a Inventory) -> Self {
        let services = &inventory.istio.virtual_services;
        let delegates: BTreeMap<&ObjectName, &VirtualService> =
            services.iter().filter(|it| it.hosts.is_empty()).map(|it| (&it.name, it)).collect();
        let mut routes = Self {
            mesh: &inventory.istio.mesh,
            version: inventory.istio_version(),
            by_host: BTreeMap::new(),
            wildcards: Vec::new(),
            attached: BTreeMap::new(),
            of_gateways: Vec::new(),
        };
        for service in services.iter().filter(|it| !it.hosts.is_empty()) {
            routes.add(service, &delegates);
        }
        routes.wildcards.sort_by_key(|(pattern, _)| std::cmp::Reverse(pattern.len()));
        let istios: BTreeSet<&ObjectName> =
            inventory.gateways.iter().filter(|it| it.class.starts_with("istio")).map(|it| &it.name).collect();
        for route in &inventory.istio.routes {
            let held: Vec<Held> =
                route.rules.iter().enumerate().map(|(index, rule)| routes.of_rule(route, index, rule)).collect();
            for parent in &route.parents {
                match parent {
                    RouteParent::Service(service) => {
                        let host = hosts::of_service(&service.name, &service.namespace);
                        routes.attached.entry(host).or_default().extend(held.iter().cloned());
                    }
                    RouteParent::Gateway(gateway) if istios.contains(gateway) => {
                        routes.of_gateways.extend(held.iter().cloned());
                    }
                    RouteParent::Gateway(_) => {}
                }
            }
        }
        routes
    }

    fn add(&mut self, service: &'a VirtualService, delegates: &BTreeMap<&ObjectName, &'a VirtualService>) {
        let held = self.held(service, delegates);
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

    /// What holds for a host: its routes, or where it has none, one that says nothing. Never empty.
    pub fn of_host(&self, host: &str) -> Vec<Held> {
        let routes = self.by_host.get(host).or_else(|| self.attached.get(host)).filter(|routes| !routes.is_empty());
        routes.cloned().unwrap_or_else(|| {
            let covering = self.wildcards.iter().find(|(pattern, _)| hosts::covers(pattern, host));
            let place =
                covering.map_or(Routed::Nowhere, |(_, service)| Routed::ByWildcard { service: (*service).clone() });
            vec![self.saying(place, None, None, BTreeSet::from([host.to_owned()]))]
        })
    }

    /// Routes of gateways.
    pub fn of_gateways(&self) -> &[Held] {
        &self.of_gateways
    }

    /// The routes of a virtual service, those of its delegates in their place.
    fn held(&self, service: &'a VirtualService, delegates: &BTreeMap<&ObjectName, &'a VirtualService>) -> Vec<Held> {
        let own = |service: &'a VirtualService, index: usize, route: &'a HttpRoute| {
            let place = Routed::By { service: service.name.clone(), index };
            self.saying(place, route.timeout, route.retries.clone(), leads_to(route, &service.name.namespace))
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

    /// A rule of the Gateway API as istiod makes a route of it (istio/istio, `convertHTTPRoute`): the time of an attempt
    /// is that of the request where nothing is said of retries. GRPCRoutes have neither.
    fn of_rule(&self, route: &GatewayRoute, index: usize, rule: &HttpRoute) -> Held {
        let place = Routed::ByApi { kind: route.kind, route: route.name.clone(), index };
        let follows =
            |first: IstioVersion| route.kind == HTTP_ROUTE && self.version.is_none_or(|installed| installed >= first);
        let attempt = rule.backend_timeout.filter(|_| follows(API_TIMEOUTS));
        let retries = rule.retries.clone().filter(|_| follows(API_RETRIES));
        let whole = rule.timeout.filter(|_| follows(API_TIMEOUTS));
        let timeout = if retries.is_some() { whole } else { attempt.or(whole) };
        let retries = retries.map(|policy| RetryPolicy { per_try_timeout: attempt, ..policy });
        self.saying(place, timeout, retries, leads_to(rule, &route.name.namespace))
    }

    /// Where a route says nothing of retries, the mesh does.
    fn saying(
        &self,
        place: Routed,
        timeout: Option<Seconds>,
        retries: Option<RetryPolicy>,
        hosts: BTreeSet<String>,
    ) -> Held {
        let says_retries = retries.is_some();
        Held { place, timeout, retries: retries.or_else(|| self.mesh.retries.clone()), says_retries, hosts }
    }
}

fn leads_to(route: &HttpRoute, namespace: &str) -> BTreeSet<String> {
    let asked = route.destinations.iter().filter(|it| it.mirror.is_none());
    asked.map(|it| hosts::resolved(&it.host, namespace).into_owned()).collect()
}
