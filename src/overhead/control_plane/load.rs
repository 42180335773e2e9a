//! What istiod serves: proxies, and what they see.

use super::super::clusters::Others;
use super::super::{Inputs, held, ztunnel_count};
use super::Runtime;
use crate::inventory::Inventory;
use crate::mesh::{VisibleConfig, XdsBytes};
use crate::model::{ControlPlaneLoad, Push};
use crate::units::Memory;

/// What istiod serves, all replicas together.
pub(super) struct Served {
    /// The input of the laws.
    pub load: ControlPlaneLoad,
    /// Share of the services that a proxy sees, on average, in [0, 1].
    pub reach: f64,
    /// All that is sent to a proxy that connects, on average.
    pub full: Push,
    /// What is sent to a proxy when one endpoint changes, on average.
    pub endpoints: Push,
}

/// What the proxies of one workload see.
struct Seen<'a> {
    replicas: f64,
    visible: &'a VisibleConfig,
    services: u64,
}

/// Everything that connects to istiod, from all clusters.
pub(super) fn proxies(inputs: &Inputs<'_>) -> u64 {
    let members = inputs.inventory.workloads.iter().zip(&inputs.mesh.members);
    let envoys = members.filter(|(_, member)| member.mode.runs_envoy()).map(|(workload, _)| workload.replicas);
    let others = [ztunnel_count(inputs.inventory, inputs.mesh), Others::of(inputs).proxies()];
    envoys.chain(others).fold(0, u64::saturating_add)
}

/// Everything that connects to istiod in the mesh as it runs.
pub(super) fn running(inputs: &Inputs<'_>) -> u64 {
    let members = inputs.inventory.workloads.iter().zip(&inputs.mesh.members);
    let envoys = members.filter_map(|(workload, member)| {
        let proxy = member.proxy.as_ref().filter(|_| member.mode.runs_envoy())?;
        Some(held::running(workload, proxy.running))
    });
    let others = [ztunnel_count(inputs.inventory, inputs.mesh), Others::of(inputs).proxies()];
    envoys.chain(others).fold(0, u64::saturating_add)
}

/// What so many proxies make an istiod serve.
pub(super) fn served(inputs: &Inputs<'_>, proxies: u64, runtime: &Runtime) -> Served {
    let others = Others::of(inputs);
    let services = inputs.visibility.services.saturating_add(others.services());
    let endpoints = inputs.visibility.endpoints.saturating_add(others.endpoints());
    let own = sent_here(inputs, proxies.saturating_sub(others.proxies()));
    let sent =
        if others.each().is_empty() { own } else { sent_everywhere(inputs, &own, (services, endpoints), proxies) };
    let push = |bytes: f64| Push { services, visible_services: sent.clusters, bytes: Memory::from_bytes(bytes) };
    Served {
        load: ControlPlaneLoad {
            services,
            endpoints,
            config_objects: config_objects(inputs.inventory),
            proxies: proxies as f64,
            visible_services: sent.clusters,
            pushes_at_once: runtime.pushes_at_once.min(proxies as f64),
        },
        reach: sent.reach,
        full: push(sent.endpoint_bytes + sent.other_bytes),
        endpoints: push(sent.bytes_per_cluster),
    }
}

/// What a proxy is sent, on average.
#[derive(Clone, Copy)]
struct Sent {
    /// Share of the services that it sees, in [0, 1].
    reach: f64,
    /// Clusters.
    clusters: f64,
    /// Bytes of endpoints.
    endpoint_bytes: f64,
    /// Bytes of everything else.
    other_bytes: f64,
    /// Bytes of the endpoints of one cluster.
    bytes_per_cluster: f64,
}

/// What so many proxies of this cluster are sent of its services, ztunnels nothing.
fn sent_here(inputs: &Inputs<'_>, proxies: u64) -> Sent {
    let services = inputs.visibility.services;
    let mean = |amount: &dyn Fn(&Seen<'_>) -> f64| {
        let sum: f64 = seen(inputs).map(|seen| seen.replicas * amount(&seen)).sum();
        sum / proxies.max(1) as f64
    };
    // Where nothing says what is seen, everything is.
    let share = |seen: &Seen<'_>| if seen.services == 0 { 1.0 } else { seen.services as f64 / services.max(1) as f64 };
    let endpoint_bytes = mean(&|seen| seen.visible.xds.endpoints.get() as f64);
    Sent {
        reach: mean(&share).min(1.0),
        clusters: mean(&|seen| seen.visible.clusters as f64),
        endpoint_bytes,
        other_bytes: mean(&|seen| seen.visible.xds.total().get() as f64) - endpoint_bytes,
        bytes_per_cluster: mean(&|seen| seen.visible.xds.endpoints.get() as f64 / seen.visible.clusters.max(1) as f64),
    }
}

/// What `proxies` of all clusters are sent of `services` and `endpoints` of all: each its share of the whole.
fn sent_everywhere(inputs: &Inputs<'_>, own: &Sent, (services, endpoints): (u64, u64), proxies: u64) -> Sent {
    let whole = whole(inputs, own, services, endpoints);
    let others = Others::of(inputs);
    let remote = others.each().iter().map(|cluster| {
        let reach = match cluster.visible_services {
            Some(visible) => visible as f64 / services.max(1) as f64,
            None => whole.reach,
        };
        cluster.proxies as f64 * reach.min(1.0)
    });
    let local = proxies.saturating_sub(others.proxies()) as f64 * own.reach;
    let reach = ((local + remote.sum::<f64>()) / proxies.max(1) as f64).min(1.0);
    Sent {
        reach,
        clusters: whole.clusters * reach,
        endpoint_bytes: whole.endpoint_bytes * reach,
        other_bytes: whole.other_bytes * reach,
        bytes_per_cluster: whole.bytes_per_cluster,
    }
}

/// What a proxy would be sent that sees all `services` and `endpoints`: those here as they are seen here, the others
/// with one HTTP port each. Its reach is the share that proxies of other clusters see, all where none here sees any.
fn whole(inputs: &Inputs<'_>, own: &Sent, services: u64, endpoints: u64) -> Sent {
    let own_services = inputs.visibility.services;
    let all = XdsBytes::of_services(services, endpoints);
    let all_endpoints = all.endpoints.get() as f64;
    let all_others = all.total().get() as f64 - all_endpoints;
    if own.reach <= 0.0 {
        return Sent {
            reach: 1.0,
            clusters: services as f64,
            endpoint_bytes: all_endpoints,
            other_bytes: all_others,
            bytes_per_cluster: all_endpoints / services.max(1) as f64,
        };
    }
    let here = XdsBytes::of_services(own_services, inputs.visibility.endpoints);
    let here_endpoints = here.endpoints.get() as f64;
    let further_endpoints = all_endpoints - here_endpoints;
    let mean_endpoints = own.bytes_per_cluster * own_services as f64 + further_endpoints;
    Sent {
        reach: own.reach,
        clusters: own.clusters / own.reach + services.saturating_sub(own_services) as f64,
        endpoint_bytes: own.endpoint_bytes / own.reach + further_endpoints,
        other_bytes: own.other_bytes / own.reach + all_others - (here.total().get() as f64 - here_endpoints),
        // An endpoint of this cluster changes: its service is no smaller for those elsewhere.
        bytes_per_cluster: own.bytes_per_cluster.max(mean_endpoints / services.max(1) as f64),
    }
}

/// What one of `replicas` serves.
pub(super) fn share(load: &ControlPlaneLoad, replicas: u64) -> ControlPlaneLoad {
    let proxies = load.proxies / replicas.max(1) as f64;
    ControlPlaneLoad { proxies, pushes_at_once: load.pushes_at_once.min(proxies), ..*load }
}

fn seen<'a>(inputs: &'a Inputs<'_>) -> impl Iterator<Item = Seen<'a>> {
    let sent = inputs.visibility.workloads.iter().zip(&inputs.visibility.scopes);
    let members = inputs.inventory.workloads.iter().zip(&inputs.mesh.members).zip(sent);
    members.filter(|((_, member), _)| member.mode.runs_envoy()).map(|((workload, _), (visible, scope))| Seen {
        replicas: workload.replicas as f64,
        visible,
        services: scope.seen.namespaces.iter().map(|namespace| namespace.services).sum(),
    })
}

/// Objects of Istio's and the Gateway API's configuration that the input holds.
fn config_objects(inventory: &Inventory) -> u64 {
    let istio = &inventory.istio;
    let kinds = [
        istio.sidecars.len(),
        istio.virtual_services.len(),
        istio.destination_rules.len(),
        istio.service_entries.len(),
        istio.workload_entries.len(),
        istio.gateways.len(),
        istio.routes.len(),
        inventory.gateways.len(),
    ];
    kinds.iter().map(|&count| count as u64).sum()
}
