//! Cost of the node proxies of ambient mode.

use super::findings::{Cases, ZTUNNEL_REQUEST_BELOW_NEED};
use super::measured::MeasuredMemory;
use super::{Inputs, ProxyCost, cpu_needed, memory_needed};
use crate::estimate::Estimate;
use crate::inventory::{Inventory, Place};
use crate::mesh::{Mesh, ProxyMode};
use crate::model::ZtunnelLoad;
use crate::profile::Held;
use crate::quantity::{print_bytes, print_cpu};
use crate::resources::Requirements;
use crate::units::{Bytes, Cores, Memory, Millicores, Rate};

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

/// The ztunnel that carries most.
#[derive(Debug, Clone, PartialEq)]
pub struct BusiestZtunnel {
    /// Its node.
    pub node: String,
    /// Captured pods on that node.
    pub pods: u64,
    /// Requests per second of these pods, inbound and outbound together.
    pub rate: Rate,
    /// Their open connections.
    pub connections: f64,
    /// Its memory.
    pub memory: Estimate<Memory>,
    /// Its CPU.
    pub cpu: Estimate<Cores>,
}

/// Cost of one ztunnel carrying its share of the captured traffic, and the busiest; `None` without ambient mode.
pub(super) fn estimate(inputs: &Inputs<'_>, cases: &mut Cases) -> Option<(ProxyCost, Option<BusiestZtunnel>)> {
    let count = ztunnel_count(inputs.inventory, inputs.mesh);
    if count == 0 {
        return None;
    }
    let law = &inputs.card.ztunnel;
    let load = load(inputs, count);
    let busiest = busiest(inputs, &load, count);
    cases.add_outside_range(&"ztunnel", law.outside_range(busiest.as_ref().map_or(&load, |(_, load)| load)));

    let mut memory = law.memory(&load);
    let mut cpu = law.cpu(&load);
    let evenly = match &busiest {
        Some((node, _)) => format!("the average of {count} ztunnels; most is carried on {}", node.name),
        None => format!("captured traffic spread evenly over {count} ztunnels; a busy node carries more"),
    };
    memory.basis.assumptions.push(evenly.clone());
    cpu.basis.assumptions.push(evenly);
    let mut startup_memory = memory.clone();
    startup_memory
        .basis
        .assumptions
        .push("no start-up peak is published for ztunnel: steady memory is used".to_owned());
    let declared = deployed(inputs);
    let sizing = &inputs.policy.sizing;
    let mut busiest = busiest.map(|(node, load)| BusiestZtunnel {
        node: node.name,
        pods: node.pods,
        rate: load.rate,
        connections: load.connections,
        memory: law.memory(&load),
        cpu: law.cpu(&load),
    });
    let measured = measured(inputs, &memory);
    let most_memory = busiest.as_ref().map_or(&memory, |busiest| &busiest.memory).clone();
    let most_memory = match (&measured, measured_loads(inputs)) {
        (Some(measured), Some((_, then))) => {
            let by_measurement = measured.most(&law.memory(&then), &most_memory);
            if measured.counts { by_measurement } else { larger(most_memory, by_measurement) }
        }
        _ => most_memory,
    };
    if let Some(measured) = measured.as_ref().filter(|measured| measured.counts) {
        (memory, startup_memory) = (measured.moved(&memory), measured.moved(&startup_memory));
    }
    if let Some(busiest) = &mut busiest {
        busiest.memory = most_memory.clone();
    }
    let most_cpu = busiest.as_ref().map_or(&cpu, |busiest| &busiest.cpu);
    let memory_needed = memory_needed(&most_memory, sizing, Bytes::ZERO);
    let cost = ProxyCost {
        memory_needed,
        memory_limit_needed: memory_needed.max(measured.as_ref().map_or(Bytes::ZERO, |it| it.limit_needed)),
        measured,
        cpu_needed: cpu_needed(most_cpu, sizing, Millicores::ZERO),
        memory,
        startup_memory,
        cpu,
        requests: declared.effective_requests(),
        limits: declared.limits,
    };
    if let Some(measured) = &cost.measured {
        measured.note(&"ztunnel", sizing, cases);
    }
    judge(&cost, cases);
    Some((cost, busiest))
}

/// What ztunnels hold in a mesh as it runs; `None` without ambient mode.
pub(super) fn held(inputs: &Inputs<'_>) -> Option<Held> {
    let count = ztunnel_count(inputs.inventory, inputs.mesh);
    let average = (count > 0).then(|| load(inputs, count))?;
    let busiest = busiest(inputs, &average, count).map_or(average, |(_, load)| load);
    Some(Held::Ztunnel { average, busiest })
}

/// The average and the busiest while memory was measured, where it was.
fn measured_loads(inputs: &Inputs<'_>) -> Option<(ZtunnelLoad, ZtunnelLoad)> {
    inputs.profiles.iter().find_map(|profile| match profile.held {
        Some(Held::Ztunnel { average, busiest }) => Some((average, busiest)),
        _ => None,
    })
}

/// What was measured of ztunnels, with what the law says of the average of them now.
fn measured(inputs: &Inputs<'_>, now: &Estimate<Memory>) -> Option<MeasuredMemory> {
    let (average, _) = measured_loads(inputs)?;
    let mut workloads = inputs.inventory.workloads.iter().zip(inputs.profiles);
    let pods = workloads.find_map(|(workload, profile)| {
        workload.measured.pods.proxy.filter(|_| matches!(profile.held, Some(Held::Ztunnel { .. })))
    })?;
    Some(MeasuredMemory::new(pods, inputs.card.ztunnel.memory(&average), now, &inputs.policy.sizing))
}

fn larger(a: Estimate<Memory>, b: Estimate<Memory>) -> Estimate<Memory> {
    if b.upper > a.upper { b } else { a }
}

fn load(inputs: &Inputs<'_>, count: u64) -> ZtunnelLoad {
    let (mut workloads, mut rps, mut connections) = (0u64, 0.0, 0.0);
    let members = inputs.inventory.workloads.iter().zip(&inputs.mesh.members).zip(inputs.profiles);
    for ((workload, member), profile) in members {
        // istiod tells every ztunnel about every pod, in the mesh or not.
        workloads = workloads.saturating_add(if member.goes() { 0 } else { workload.replicas });
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

/// Captured pods of one node and what they ask of its ztunnel.
#[derive(Clone, Default)]
struct OnNode {
    name: String,
    pods: u64,
    rps: f64,
    connections: f64,
}

/// The node whose captured pods bring most requests, of equals the one with most connections, then the first. What
/// runs on no node of the input yet is spread evenly.
fn busiest(inputs: &Inputs<'_>, average: &ZtunnelLoad, count: u64) -> Option<(OnNode, ZtunnelLoad)> {
    let mut nodes = vec![OnNode::default(); inputs.inventory.nodes.len()];
    let (mut placed_rps, mut placed_connections) = (0.0, 0.0);
    for pod in &inputs.inventory.pods {
        let Place::On(node) = pod.place else { continue };
        let captured = inputs.mesh.members.get(pod.workload).is_some_and(|it| it.mode == ProxyMode::Ambient);
        let (Some(profile), Some(node)) = (inputs.profiles.get(pod.workload).filter(|_| captured), nodes.get_mut(node))
        else {
            continue;
        };
        let (rps, connections) = (profile.rps_per_proxy.as_per_second(), profile.connections_per_proxy);
        node.pods += 1;
        node.rps += rps;
        node.connections += connections;
        placed_rps += rps;
        placed_connections += connections;
    }
    for (on_node, node) in nodes.iter_mut().zip(&inputs.inventory.nodes) {
        on_node.name = node.name.to_string();
    }
    let first = nodes.iter().find(|node| node.pods > 0)?;
    let weight = |node: &OnNode| (node.rps, node.connections);
    let heaviest = nodes.iter().fold(first, |most, next| if weight(next) > weight(most) { next } else { most });
    let all = |share: f64| share * count as f64;
    let unplaced_rps = (all(average.rate.as_per_second()) - placed_rps).max(0.0) / count as f64;
    let unplaced_connections = (all(average.connections) - placed_connections).max(0.0) / count as f64;
    let load = ZtunnelLoad {
        connections: heaviest.connections + unplaced_connections,
        rate: Rate::per_second(heaviest.rps + unplaced_rps),
        ..*average
    };
    Some((heaviest.clone(), load))
}

/// What is requested below the need of the busiest ztunnel.
fn judge(cost: &ProxyCost, cases: &mut Cases) {
    let (cpu, memory) = (cost.requests.cpu.unwrap_or_default(), cost.requests.memory.unwrap_or_default());
    if memory < cost.memory_needed {
        let (has, needs) = (print_bytes(memory), print_bytes(cost.memory_needed));
        cases.add(
            &ZTUNNEL_REQUEST_BELOW_NEED,
            "memory",
            &"ztunnel",
            format!("memory request {has} below need {needs}"),
        );
    }
    if cpu < cost.cpu_needed {
        let (has, needs) = (print_cpu(cpu), print_cpu(cost.cpu_needed));
        cases.add(&ZTUNNEL_REQUEST_BELOW_NEED, "cpu", &"ztunnel", format!("CPU request {has} below need {needs}"));
    }
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
