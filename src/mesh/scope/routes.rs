//! Virtual services and routes of the Gateway API, in one form.

use std::collections::BTreeMap;

use super::hosts;
use super::registry::Discovery;
use crate::inventory::objects::{Destination, ExportTo, HttpRoute, RouteMatch, RouteParent};
use crate::inventory::{GatewayRoute, Inventory, ObjectName, VirtualService};

/// What a virtual service is bound to unless it names gateways: all sidecars.
pub(super) const MESH: &str = "mesh";

/// A virtual service with full names and with its delegates put in.
pub(super) struct Route<'a> {
    /// Namespace of its object.
    pub namespace: &'a str,
    /// Hosts by their full names.
    pub hosts: Vec<String>,
    /// [`MESH`], or gateways by [`istio_gateway`] or [`api_gateway`].
    pub gateways: Vec<String>,
    /// Who sees it.
    pub export_to: &'a ExportTo,
    /// Its HTTP routes.
    http: Vec<Http>,
    /// Where all its routes lead.
    pub destinations: Vec<Target>,
}

/// Where a route leads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    /// Full name of the host.
    pub host: String,
    /// Its port, if the route names one.
    pub port: Option<u16>,
    /// Its subset.
    pub subset: Option<String>,
}

struct Http {
    matches: Vec<RouteMatch>,
    /// Routes of the proxy that each alternative becomes: those of a delegate.
    times: u64,
}

/// What routes call a gateway of Istio's own.
pub(super) fn istio_gateway(name: &ObjectName) -> String {
    name.to_string()
}

/// What routes call a gateway of the Gateway API, which may have the name of one of Istio's.
pub(super) fn api_gateway(name: &ObjectName) -> String {
    format!("gateway-api/{name}")
}

/// All routes in the order in which they hold: of several for one host, the first does.
pub(super) fn routes(inventory: &Inventory) -> Vec<Route<'_>> {
    let istio = &inventory.istio;
    let discovered = Discovery::new(inventory);
    let services: Vec<&VirtualService> =
        istio.virtual_services.iter().filter(|service| discovered.holds(&service.name.namespace)).collect();
    let delegates: BTreeMap<&ObjectName, &VirtualService> =
        services.iter().filter(|service| service.hosts.is_empty()).map(|service| (&service.name, *service)).collect();
    let of_istio = services
        .iter()
        .filter(|service| !service.hosts.is_empty())
        .map(|service| Route::of_virtual_service(service, &delegates));
    let of_api = istio.routes.iter().filter(|route| discovered.holds(&route.name.namespace)).flat_map(Route::of_api);
    of_istio.chain(of_api).collect()
}

impl<'a> Route<'a> {
    fn of_virtual_service(service: &'a VirtualService, delegates: &BTreeMap<&ObjectName, &'a VirtualService>) -> Self {
        let namespace = &*service.name.namespace;
        let gateway = |written: &String| gateway_name(written, namespace);
        let gateways = if service.gateways.is_empty() {
            vec![MESH.to_owned()]
        } else {
            service.gateways.iter().map(gateway).collect()
        };
        let mut http = Vec::new();
        let mut destinations: Vec<Target> = Vec::new();
        for route in &service.http {
            let delegate = route.delegate.as_ref().map(|name| delegates.get(name).copied());
            let times = match delegate {
                // A delegate that does not exist leaves nothing of the route.
                Some(None) => 0,
                Some(Some(delegate)) => {
                    let inner = delegate.http.iter().flat_map(|route| &route.destinations);
                    destinations.extend(inner.map(|it| target(it, &delegate.name.namespace)));
                    delegate.http.iter().map(|route| route.matches.len().max(1) as u64).sum()
                }
                None => 1,
            };
            destinations.extend(route.destinations.iter().map(|it| target(it, namespace)));
            let matches = route
                .matches
                .iter()
                .map(|it| RouteMatch { gateways: it.gateways.iter().map(gateway).collect(), ..it.clone() });
            http.push(Http { matches: matches.collect(), times });
        }
        destinations.extend(service.opaque.iter().map(|it| target(it, namespace)));
        Self {
            namespace,
            hosts: service.hosts.iter().map(|host| hosts::resolved(host, namespace).into_owned()).collect(),
            gateways,
            export_to: &service.export_to,
            http,
            destinations,
        }
    }

    /// A route of the Gateway API: one route for its gateways, and one for each service it is attached to.
    fn of_api(route: &'a GatewayRoute) -> Vec<Self> {
        static EVERYONE: ExportTo = ExportTo(Vec::new());
        let namespace = &*route.name.namespace;
        let destinations: Vec<Target> =
            route.rules.iter().flat_map(|rule| &rule.destinations).map(|it| target(it, namespace)).collect();
        let attached = |hosts: Vec<String>, gateways: Vec<String>| Self {
            namespace,
            hosts,
            gateways,
            export_to: &EVERYONE,
            http: route.rules.iter().map(Http::of_rule).collect(),
            destinations: destinations.clone(),
        };
        let mut gateways = Vec::new();
        let mut routes = Vec::new();
        for parent in &route.parents {
            match parent {
                RouteParent::Gateway(gateway) => gateways.push(api_gateway(gateway)),
                RouteParent::Service(service) => {
                    let host = hosts::of_service(&service.name, &service.namespace);
                    routes.push(attached(vec![host], vec![MESH.to_owned()]));
                }
            }
        }
        if !gateways.is_empty() {
            let any = || vec!["*".to_owned()];
            let named = route.hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
            routes.push(attached(if route.hosts.is_empty() { any() } else { named }, gateways));
        }
        routes
    }

    /// Whether it is bound to a gateway, or to [`MESH`].
    pub fn is_bound_to(&self, gateway: &str) -> bool {
        self.gateways.iter().any(|bound| bound == gateway)
    }

    /// Routes it becomes in a proxy of a gateway, or of [`MESH`], on a port. What stands behind a route
    /// that matches everything is never sent.
    pub fn count(&self, gateway: &str, port: u16) -> u64 {
        let mut count = 0;
        for http in &self.http {
            let is_meant = |it: &&RouteMatch| {
                it.port.is_none_or(|limit| limit == port)
                    && (it.gateways.is_empty() || it.gateways.iter().any(|limit| limit == gateway))
            };
            if http.matches.is_empty() {
                count += http.times;
                if http.times == 1 {
                    break;
                }
            }
            count += http.matches.iter().filter(is_meant).count() as u64 * http.times;
        }
        count
    }
}

impl Http {
    /// A rule of the Gateway API without matches takes everything.
    fn of_rule(rule: &HttpRoute) -> Self {
        Self { matches: rule.matches.clone(), times: 1 }
    }
}

fn target(destination: &Destination, namespace: &str) -> Target {
    Target {
        host: hosts::resolved(&destination.host, namespace).into_owned(),
        port: destination.port,
        subset: destination.subset.clone(),
    }
}

fn gateway_name(written: &str, namespace: &str) -> String {
    if written == MESH || written.contains('/') { written.to_owned() } else { format!("{namespace}/{written}") }
}
