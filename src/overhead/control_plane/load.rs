//! What istiod serves: proxies, and what they see.

use super::super::{Inputs, ztunnel_count};
use super::Runtime;
use crate::inventory::Inventory;
use crate::mesh::VisibleConfig;
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

/// Everything that connects to istiod.
pub(super) fn proxies(inputs: &Inputs<'_>) -> u64 {
    let members = inputs.inventory.workloads.iter().zip(&inputs.mesh.members);
    let envoys = members.filter(|(_, member)| member.mode.runs_envoy()).map(|(workload, _)| workload.replicas);
    envoys.chain([ztunnel_count(inputs.inventory, inputs.mesh)]).fold(0, u64::saturating_add)
}

/// What so many proxies make an istiod serve.
pub(super) fn served(inputs: &Inputs<'_>, proxies: u64, runtime: &Runtime) -> Served {
    let services = inputs.visibility.services;
    let mean = |amount: &dyn Fn(&Seen<'_>) -> f64| {
        let sum: f64 = seen(inputs).map(|seen| seen.replicas * amount(&seen)).sum();
        sum / proxies.max(1) as f64
    };
    let clusters = mean(&|seen| seen.visible.clusters as f64);
    let bytes = |bytes: f64| Memory::from_bytes(bytes);
    let per_cluster = mean(&|seen| seen.visible.xds.endpoints.get() as f64 / seen.visible.clusters.max(1) as f64);
    let push = |sent: Memory| Push { services, visible_services: clusters, bytes: sent };
    // Where nothing says what is seen, everything is.
    let share = |seen: &Seen<'_>| if seen.services == 0 { 1.0 } else { seen.services as f64 / services.max(1) as f64 };
    Served {
        load: ControlPlaneLoad {
            services,
            endpoints: inputs.visibility.endpoints,
            config_objects: config_objects(inputs.inventory),
            proxies: proxies as f64,
            visible_services: clusters,
            pushes_at_once: runtime.pushes_at_once.min(proxies as f64),
        },
        reach: mean(&share).min(1.0),
        full: push(bytes(mean(&|seen| seen.visible.xds.total().get() as f64))),
        endpoints: push(bytes(per_cluster)),
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
