//! What configuration each proxy is sent: clusters, endpoints, listeners, virtual hosts and routes.
//!
//! The rules are those of istiod (istio/istio, `pilot/pkg/model/sidecar.go` and `push_context.go`): a Sidecar
//! decides what the proxies of its workloads import; without one they import everything that `exportTo` and
//! discovery selectors leave. Gateways and waypoints are never scoped by a Sidecar. Proxies with the same
//! scope are sent the same for outbound traffic, so it is worked out once for each scope.

mod assumed;
mod chosen;
mod counts;
mod gateways;
pub mod hosts;
mod imports;
mod narrow;
mod per_proxy;
mod protocol;
mod registry;
mod routes;
mod rules;
mod selected;
mod size;
#[cfg(test)]
mod tests;
mod unused;
mod waypoints;

pub use narrow::{narrowed, narrowed_mesh};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use protocol::is_tcp_only;
pub use registry::EXPORT_TO;
pub use rules::Rules;
pub use selected::behind_services;
pub use waypoints::is_carried;

use super::{Mesh, ProxyMode, Scope, Seen, Visibility, VisibleConfig};
use crate::finding::Finding;
use crate::inventory::objects::ListenerPort;
use crate::inventory::{Inventory, Sidecar, Workload};
pub(super) use gateways::servers as gateway_servers;
pub(super) use selected::has;
pub(super) use size::of_services;

use chosen::Sidecars;
use counts::{Counter, Outbound};
use imports::{Imports, Offer};
use per_proxy::{at_gateway, at_sidecar, at_waypoint};
use protocol::Protocol;
use registry::Registry;
use routes::{Route, routes};

/// The configuration every workload's proxy would be sent, and what had to be assumed.
#[must_use]
pub fn scope(inventory: &Inventory, mesh: &Mesh) -> (Visibility, Vec<Finding>) {
    if inventory.services.is_empty() && inventory.istio.service_entries.is_empty() {
        return assumed::without_services(inventory, mesh);
    }
    let context = Context::new(inventory);
    let mut scopes = Scopes::default();
    let mut visibility = Visibility {
        services: context.registry.hosts.len() as u64,
        endpoints: context.registry.hosts.iter().map(|host| host.endpoints * host.ports.len() as u64).sum(),
        ..Visibility::default()
    };
    let mut assumed_gateways = 0;
    let own_ports = context.registry.selected.own_ports();
    for (index, (workload, ports)) in inventory.workloads.iter().zip(own_ports).enumerate() {
        let mode = mesh.members.get(index).map_or(ProxyMode::None, |member| member.mode);
        let (visible, scope) = match mode {
            ProxyMode::Sidecar => context.sidecar(index, workload, ports, &mut scopes),
            ProxyMode::Gateway => context.gateway(workload, ports, &mut scopes, &mut assumed_gateways),
            ProxyMode::Waypoint => {
                let (visible, scope, carried) = context.waypoint(workload);
                visibility.carried.insert(index, carried);
                (visible, scope)
            }
            _ => (VisibleConfig::default(), Scope::default()),
        };
        visibility.workloads.push(visible);
        visibility.scopes.push(scope);
    }
    if assumed_gateways > 0 {
        visibility.assumptions.push(
            "No Gateway in the input: each port of a gateway's service is taken as one HTTP listener with one route."
                .to_owned(),
        );
    }
    let findings = unused::findings(inventory, mesh, context.offer(), &visibility);
    (visibility, findings)
}

/// Everything that decides what is sent, ready to be asked.
struct Context<'a> {
    inventory: &'a Inventory,
    registry: Registry<'a>,
    routes: Vec<Route<'a>>,
    rules: Rules<'a>,
    sidecars: Sidecars<'a>,
    /// Per workload, the hosts without an address of their own that it stands behind.
    without_address: Vec<Vec<usize>>,
    /// Namespaces whose proxies may be shown something else than those of others.
    special: BTreeSet<&'a str>,
}

/// What a scope's proxies are sent for outbound traffic, and where it comes from.
#[derive(Clone)]
struct Shared {
    outbound: Arc<Outbound>,
    seen: Arc<Seen>,
}

/// Scopes met so far, by Sidecar and namespace; the namespace is empty where it makes no difference.
type Scopes<'a> = BTreeMap<(Option<usize>, &'a str), Shared>;

impl<'a> Context<'a> {
    fn new(inventory: &'a Inventory) -> Self {
        let registry = Registry::new(inventory);
        let routes = routes(inventory);
        let special = special(inventory, &registry, &routes);
        Self {
            inventory,
            rules: Rules::new(inventory),
            sidecars: Sidecars::new(inventory),
            without_address: registry.without_address(inventory.workloads.len()),
            registry,
            routes,
            special,
        }
    }

    fn offer(&self) -> Offer<'_, 'a> {
        Offer { registry: &self.registry, routes: &self.routes, mesh: &self.inventory.istio.mesh }
    }

    fn counter(&self) -> Counter<'_, 'a> {
        Counter { registry: &self.registry, routes: &self.routes, rules: &self.rules }
    }

    fn sidecar(
        &self,
        index: usize,
        workload: &'a Workload,
        ports: (u64, u64),
        scopes: &mut Scopes<'a>,
    ) -> (VisibleConfig, Scope) {
        let namespace = &*workload.id.namespace;
        let chosen = self.sidecars.of(workload);
        let shared = self.shared(chosen, namespace, scopes);
        let sidecar = chosen.and_then(|chosen| self.inventory.istio.sidecars.get(chosen));
        let ports = sidecar.filter(|it| !it.ingress.is_empty()).map_or(ports, |it| declared(&it.ingress));
        let visible = at_sidecar(&shared.outbound, ports, self.own_listeners(index, &shared.outbound));
        let decided_by = match sidecar {
            None => "no Sidecar holds for it: it is sent everything that is shown to its namespace".to_owned(),
            Some(sidecar) => decision(sidecar, namespace),
        };
        (visible, Scope { decided_by, seen: shared.seen })
    }

    fn gateway(
        &self,
        workload: &'a Workload,
        (own_ports, _): (u64, u64),
        scopes: &mut Scopes<'a>,
        assumed: &mut u64,
    ) -> (VisibleConfig, Scope) {
        let namespace = &*workload.id.namespace;
        let shared = self.shared(None, namespace, scopes);
        let servers = gateways::servers(self.inventory, workload);
        let istio = &self.inventory.istio;
        let is_unknown = istio.gateways.is_empty() && self.inventory.gateways.is_empty();
        let inbound = if is_unknown {
            *assumed += 1;
            gateways::Inbound {
                http_listeners: own_ports,
                virtual_hosts: own_ports,
                routes: own_ports,
                tcp_listeners: 0,
            }
        } else {
            gateways::inbound(&servers, self.offer(), namespace)
        };
        if istio.mesh.filter_gateway_clusters != Some(true) {
            let visible = at_gateway(shared.outbound.clusters, shared.outbound.endpoints, &inbound);
            let decided_by = "a gateway is sent the clusters of everything shown to its namespace".to_owned();
            return (visible, Scope { decided_by, seen: shared.seen });
        }
        let names = gateways::destinations(&servers, self.offer(), namespace);
        let all = self.offer().everything(namespace);
        let hosts = all.hosts.into_iter().filter(|(index, _)| {
            self.registry.hosts.get(*index).is_some_and(|host| names.contains(host.name.as_str()))
        });
        let imports = Imports { listeners: Vec::new(), hosts: hosts.collect() };
        let outbound = self.counter().outbound(&imports, namespace);
        let decided_by = "PILOT_FILTER_GATEWAY_CLUSTER_CONFIG: a gateway is sent the clusters its routes lead to";
        let scope = Scope { decided_by: decided_by.to_owned(), seen: Arc::new(self.seen(imports.hosts.keys())) };
        (at_gateway(outbound.clusters, outbound.endpoints, &inbound), scope)
    }

    /// What a waypoint is sent, why, and the workloads whose traffic it carries.
    fn waypoint(&self, workload: &Workload) -> (VisibleConfig, Scope, Vec<usize>) {
        let carried = waypoints::carried(self.inventory, &self.registry, &self.routes, &self.rules, workload);
        let visible = at_waypoint(&carried);
        let decided_by = "a waypoint is sent the services that name it and those their routes lead to".to_owned();
        let scope = Scope { decided_by, seen: Arc::new(self.seen(carried.hosts.iter())) };
        (visible, scope, carried.workloads.into_iter().collect())
    }

    fn shared(&self, sidecar: Option<usize>, namespace: &'a str, scopes: &mut Scopes<'a>) -> Shared {
        let chosen = sidecar.and_then(|index| self.inventory.istio.sidecars.get(index));
        let depends = self.special.contains(namespace) || chosen.is_some_and(names_own_namespace);
        let key = if depends { namespace } else { "" };
        let work_out = || {
            let imports = match chosen {
                Some(sidecar) => self.offer().by_sidecar(sidecar, key),
                None => self.offer().everything(key),
            };
            let outbound = Arc::new(self.counter().outbound(&imports, key));
            Shared { outbound, seen: Arc::new(self.seen(imports.hosts.keys())) }
        };
        scopes.entry((sidecar, key)).or_insert_with(work_out).clone()
    }

    fn seen<'i>(&self, hosts: impl Iterator<Item = &'i usize>) -> Seen {
        let hosts = hosts.filter_map(|&index| self.registry.hosts.get(index));
        Seen::of(hosts.map(|host| (host.namespace, host.name.as_str(), host.endpoints)))
    }

    /// Listeners a proxy is not sent because they would lead to its own pod.
    fn own_listeners(&self, workload: usize, outbound: &Outbound) -> u64 {
        let hosts = self.without_address.get(workload).into_iter().flatten();
        hosts.filter_map(|host| outbound.per_endpoint.get(host)).sum()
    }
}

/// Ports that a Sidecar declares for incoming traffic: all, and those that may carry HTTP.
fn declared(ingress: &[ListenerPort]) -> (u64, u64) {
    let http = ingress.iter().filter(|port| protocol::named(&port.protocol) != Protocol::Opaque).count() as u64;
    (ingress.len() as u64, http)
}

fn decision(sidecar: &Sidecar, namespace: &str) -> String {
    let name = &sidecar.name;
    match (&sidecar.selector, &*name.namespace == namespace) {
        (Some(_), _) => format!("Sidecar {name} selects it"),
        (None, true) => format!("Sidecar {name} holds for its whole namespace"),
        (None, false) => format!("Sidecar {name} holds for every namespace without one"),
    }
}

fn names_own_namespace(sidecar: &Sidecar) -> bool {
    sidecar.egress.iter().flat_map(|listener| &listener.hosts).any(|host| host.starts_with("./"))
}

/// Namespaces with something of their own: what only they are shown, rules their proxies find first, and
/// hosts that other namespaces have as well.
fn special<'a>(inventory: &'a Inventory, registry: &Registry<'a>, routes: &[Route<'a>]) -> BTreeSet<&'a str> {
    let mesh = &inventory.istio.mesh;
    let mut special: BTreeSet<&str> = BTreeSet::from([mesh.root_namespace()]);
    let named = |namespace: &str| inventory.namespaces.get_key_value(namespace).map(|(name, _)| &**name);
    for host in &registry.hosts {
        if !host.export_to.is_public(&mesh.service_export_to) || registry.named(&host.name).len() > 1 {
            special.insert(host.namespace);
            special.extend(host.export_to.0.iter().filter_map(|it| named(it)));
        }
    }
    for route in routes.iter().filter(|route| !route.export_to.is_public(&mesh.virtual_service_export_to)) {
        special.insert(route.namespace);
        special.extend(route.export_to.0.iter().map(String::as_str));
    }
    for rule in &inventory.istio.destination_rules {
        special.insert(&rule.name.namespace);
        special.extend(rule.export_to.0.iter().map(String::as_str));
    }
    special
}
