//! Cost of the node proxies of ambient mode.

use super::findings::Cases;
use super::{Inputs, ProxyCost, cpu_needed, memory_needed};
use crate::inventory::Inventory;
use crate::mesh::{Mesh, ProxyMode};
use crate::model::ZtunnelLoad;
use crate::resources::Requirements;
use crate::units::{Bytes, Millicores, Rate};

/// Ztunnels of the mesh: one per node where a workload is captured or ztunnel is deployed, and at
/// least the replicas deployed; 0 without ambient mode.
#[must_use]
pub fn ztunnel_count(inventory: &Inventory, mesh: &Mesh) -> u64 {
    let replicas_of = |mode: ProxyMode| {
        let workloads = inventory.workloads.iter().zip(&mesh.members);
        workloads.filter(move |(_, member)| member.mode == mode).map(|(workload, _)| workload.replicas)
    };
    let is_ambient = replicas_of(ProxyMode::Ambient).chain(replicas_of(ProxyMode::Ztunnel)).next().is_some();
    if !is_ambient {
        return 0;
    }
    let deployed = replicas_of(ProxyMode::Ztunnel).fold(0, u64::saturating_add);
    deployed.max(inventory.nodes.len() as u64).max(1)
}

/// Cost of one ztunnel carrying its share of the captured traffic; `None` without ambient mode.
pub(super) fn estimate(inputs: &Inputs<'_>, cases: &mut Cases) -> Option<ProxyCost> {
    let count = ztunnel_count(inputs.inventory, inputs.mesh);
    if count == 0 {
        return None;
    }
    let load = load(inputs, count);
    cases.add_outside_range(&"ztunnel", inputs.card.ztunnel.outside_range(&load));

    let mut memory = inputs.card.ztunnel.memory(&load);
    let mut cpu = inputs.card.ztunnel.cpu(&load);
    let evenly = format!("captured traffic spread evenly over {count} ztunnels; a busy node carries more");
    memory.basis.assumptions.push(evenly.clone());
    cpu.basis.assumptions.push(evenly);
    let mut startup_memory = memory.clone();
    startup_memory
        .basis
        .assumptions
        .push("no start-up peak is published for ztunnel: steady memory is used".to_owned());
    let declared = deployed(inputs);
    let sizing = &inputs.policy.sizing;
    Some(ProxyCost {
        memory_needed: memory_needed(&startup_memory, sizing, Bytes::ZERO),
        cpu_needed: cpu_needed(&cpu, sizing, Millicores::ZERO),
        memory,
        startup_memory,
        cpu,
        requests: declared.effective_requests(),
        limits: declared.limits,
    })
}

fn load(inputs: &Inputs<'_>, count: u64) -> ZtunnelLoad {
    let (mut workloads, mut rps, mut connections) = (0u64, 0.0, 0.0);
    let members = inputs.inventory.workloads.iter().zip(&inputs.mesh.members).zip(inputs.profiles);
    for ((workload, member), profile) in members {
        // istiod tells every ztunnel about every pod, in the mesh or not.
        workloads = workloads.saturating_add(workload.replicas);
        if member.mode == ProxyMode::Ambient {
            let replicas = workload.replicas as f64;
            rps += replicas * profile.rps_per_proxy.as_per_second();
            connections += replicas * profile.connections_per_proxy;
        }
    }
    let share = 1.0 / count as f64;
    let services = inputs.visibility.services;
    ZtunnelLoad { workloads, services, connections: connections * share, rate: Rate::per_second(rps * share) }
}

/// What the deployed ztunnel declares, or what the card says it would.
fn deployed(inputs: &Inputs<'_>) -> Requirements {
    let mut workloads = inputs.inventory.workloads.iter().zip(&inputs.mesh.members);
    let ztunnel = workloads.find(|(_, member)| member.mode == ProxyMode::Ztunnel);
    let container = ztunnel.and_then(|(workload, member)| match &member.proxy {
        Some(proxy) => Some(&proxy.container),
        None => workload.spec.containers.first(),
    });
    match container {
        Some(container) => container.resources.clone(),
        None => Requirements { requests: inputs.card.ztunnel_requests.clone(), ..Requirements::default() },
    }
}
