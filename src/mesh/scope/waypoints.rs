//! What waypoints carry: the services that name them.

use std::collections::BTreeSet;

use super::protocol::Protocol;
use super::registry::{Host, Registry};
use super::routes::{MESH, Route};
use super::rules::Rules;
use crate::inventory::{Inventory, Labels, Service, Workload};
use crate::mesh::waypoint_label::used;

/// Label of a waypoint's Gateway that says what it carries; `service` unless it says otherwise.
const WAYPOINT_FOR: &str = "istio.io/waypoint-for";
/// Label with which istiod ties the pods of a waypoint to its Gateway.
const GATEWAY_NAME: &str = "gateway.networking.k8s.io/gateway-name";

/// What a waypoint is sent for its services and for those its routes lead to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Carried {
    /// Indices of its services, and of others its routes lead to.
    pub hosts: BTreeSet<usize>,
    /// Clusters.
    pub clusters: u64,
    /// Endpoints over all clusters.
    pub endpoints: u64,
    /// Virtual hosts.
    pub virtual_hosts: u64,
    /// Routes over all virtual hosts.
    pub routes: u64,
    /// Indices of workloads behind its own services.
    pub workloads: BTreeSet<usize>,
}

/// What the waypoint of a workload carries.
///
/// istiod makes a cluster for each HTTP port of a service it carries, one for each TCP port, and both where
/// the protocol is detected; subsets count as elsewhere. Services of others are sent only where a route of a
/// carried service leads to them.
pub(super) fn carried(
    inventory: &Inventory,
    registry: &Registry<'_>,
    routes: &[Route<'_>],
    rules: &Rules<'_>,
    workload: &Workload,
) -> Carried {
    let mut carried = Carried::default();
    let own: BTreeSet<usize> = registry
        .hosts
        .iter()
        .enumerate()
        .filter(|(_, host)| host.is_kubernetes && names(inventory, host.labels, host.namespace, workload))
        .map(|(index, _)| index)
        .collect();
    for host in own.iter().filter_map(|&index| registry.hosts.get(index)) {
        carried.workloads.extend(registry.workloads_behind(host));
        let (http, tcp) = per_protocol(host);
        let subsets = rules.subsets(&workload.id.namespace, host);
        let of_subsets: u64 = subsets.iter().map(|it| registry.subset_endpoints(host, &it.labels)).sum();
        carried.clusters += (http + tcp) * (1 + subsets.len() as u64);
        carried.endpoints += (http + tcp) * (host.endpoints + of_subsets);
        carried.virtual_hosts += http;
        let routed = host.ports.iter().filter(|port| port.protocol != Protocol::Opaque);
        carried.routes += routed.map(|port| routes_to(routes, host, port.number).max(1)).sum::<u64>();
    }
    let led_to = routes.iter().filter(|route| route.is_bound_to(MESH) && is_for(route, registry, &own));
    let names: BTreeSet<&str> = led_to.flat_map(|route| &route.destinations).map(|it| it.host.as_str()).collect();
    let others = names.into_iter().filter_map(|name| registry.named(name).first().copied());
    for index in others.filter(|index| !own.contains(index)) {
        if let Some(host) = registry.hosts.get(index) {
            carried.clusters += host.ports.len() as u64;
            carried.endpoints += host.ports.len() as u64 * host.endpoints;
            carried.hosts.insert(index);
        }
    }
    carried.hosts.extend(own);
    carried
}

/// Whether the waypoint of a workload carries a service.
#[must_use]
pub fn is_carried(inventory: &Inventory, service: &Service, workload: &Workload) -> bool {
    names(inventory, Some(&service.labels), &service.name.namespace, workload)
}

/// Whether a service, or else its namespace, names the waypoint of a workload.
fn names(inventory: &Inventory, labels: Option<&Labels>, namespace: &str, workload: &Workload) -> bool {
    let Some(name) = workload.labels.get(GATEWAY_NAME) else { return false };
    let gateway = inventory
        .gateways
        .iter()
        .find(|gateway| gateway.name.namespace == workload.id.namespace && *gateway.name.name == **name);
    let carries = gateway.and_then(|gateway| gateway.labels.get(WAYPOINT_FOR)).map_or("service", String::as_str);
    if !matches!(carries, "service" | "all") {
        return false;
    }
    let used = used(inventory, labels, namespace);
    used.is_some_and(|(namespace, used)| namespace == &*workload.id.namespace && used == name)
}

fn per_protocol(host: &Host<'_>) -> (u64, u64) {
    let count = |without: Protocol| host.ports.iter().filter(|port| port.protocol != without).count() as u64;
    (count(Protocol::Opaque), count(Protocol::Http))
}

fn is_for(route: &Route<'_>, registry: &Registry<'_>, own: &BTreeSet<usize>) -> bool {
    route.hosts.iter().any(|host| registry.named(host).iter().any(|index| own.contains(index)))
}

fn routes_to(routes: &[Route<'_>], host: &Host<'_>, port: u16) -> u64 {
    let for_host = routes.iter().filter(|route| route.is_bound_to(MESH) && route.hosts.contains(&host.name));
    for_host.map(|route| route.count(MESH, port)).find(|&routes| routes > 0).unwrap_or(0)
}
