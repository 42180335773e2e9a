//! What istiod needs: replicas, and the request of each; and how it behaves then.

mod autoscaling;
mod changes;
mod deployed;
mod findings;
mod judge;
mod load;
mod messages;
mod operation;
mod runtime;
mod times;

pub use autoscaling::Autoscaling;
pub use changes::Changes;
pub use findings::KINDS;
pub use messages::{LargestMessage, Room};
pub use operation::Operation;
pub use runtime::Runtime;
pub use times::{Event, Serving, WaitingTime};

use super::clusters::{self, Clusters, Others};
use super::findings::{Cases, ISTIOD_REPLICA_TOO_SMALL};
use super::measured::MeasuredMemory;
use super::{CertificatePlan, ControlPlane, Inputs, certificates, cpu_needed, memory_needed, ztunnel_count};
use crate::estimate::Estimate;
use crate::model::{ControlPlaneLoad, csr_rate};
use crate::profile::Held;
use crate::quantity::{print_bytes, print_cpu};
use crate::resources::Declared;
use crate::units::{Bytes, Cores, Memory, Millicores};
use load::{proxies, served, share};

/// Most replicas considered: Istio's autoscaler stops at 5, and no published mesh runs 100.
const MOST_REPLICAS: u64 = 100;

/// Sizes istiod for the mesh. A mesh without proxies needs none of it.
pub(super) fn estimate(inputs: &Inputs<'_>, cases: &mut Cases) -> ControlPlane {
    let policy = &inputs.policy.control_plane;
    let deployed = deployed::deployed(inputs);
    let declared = deployed.as_ref().map(|istiod| (istiod.replicas, istiod.requests.clone()));
    let memory_limit = deployed.as_ref().and_then(|istiod| istiod.memory_limit);
    let proxies = proxies(inputs);
    if proxies == 0 {
        let nothing = nothing_to_serve(certificates::plan(inputs, Cores::ZERO), declared);
        return ControlPlane { memory_limit, ..nothing };
    }
    let runtime = runtime::runtime(inputs, deployed.as_ref());
    let served = served(inputs, proxies, &runtime);
    let load = served.load;
    let (surviving, infeasible) = surviving_replicas(inputs, &load, cases);
    let replicas = surviving + u64::from(policy.survive_replica_losses);
    let share = share(&load, surviving);
    // What is shared out is judged as shared out: the evidence is about single replicas.
    cases.add_outside_range(&"istiod", inputs.card.istiod_memory.outside_range(&share));
    cases.add_outside_range(&"istiod", inputs.card.istiod_cpu.outside_range(&share));
    let mut cpu = inputs.card.istiod_cpu.pushing(replicas, &load);
    let measured = measured(inputs, &share);
    if let Some(measured) = &measured {
        measured.note(&"istiod", &inputs.policy.sizing, cases);
    }
    let mut memory = peak(inputs, measured.as_ref(), &share);
    let clusters = clusters::clusters(inputs, proxies.saturating_sub(Others::of(inputs).proxies()));
    let assumptions = assumptions(inputs, surviving, clusters.as_ref());
    cpu.basis.assumptions.extend_from_slice(&assumptions);
    memory.basis.assumptions.extend_from_slice(&assumptions);
    let sizing = &inputs.policy.sizing;
    let cpu_request = cpu_needed(&inputs.card.istiod_cpu.pushing(1, &share), sizing, policy.floor_cpu);
    let certificates = certificates::plan(inputs, cpu_request.to_cores() * replicas as f64);
    let operation = operation::operation(inputs, &served, &certificates, replicas, deployed.as_ref(), runtime);
    judge::behaviour(&operation, inputs, cases);
    let control_plane = ControlPlane {
        proxies,
        clusters,
        cpu_request,
        memory_request: memory_needed(&memory, sizing, policy.floor_memory),
        cpu,
        memory,
        measured,
        replicas,
        csr_per_second: csr_rate(certificates.holders, certificates.ttl, certificates.grace_ratio).as_per_second(),
        certificates,
        infeasible,
        deployed: declared,
        memory_limit,
        operation: Some(operation),
    };
    judge::size(&control_plane, inputs, &share, cases);
    control_plane
}

fn nothing_to_serve(certificates: CertificatePlan, deployed: Option<(u64, Declared)>) -> ControlPlane {
    ControlPlane {
        proxies: 0,
        clusters: None,
        cpu: Estimate::exact(Cores::ZERO),
        memory: Estimate::exact(Memory::ZERO),
        measured: None,
        replicas: 0,
        cpu_request: Millicores::ZERO,
        memory_request: Bytes::ZERO,
        csr_per_second: 0.0,
        certificates,
        infeasible: None,
        deployed,
        memory_limit: None,
        operation: None,
    }
}

/// What a replica of istiod holds in a mesh as it runs: its share of the proxies that run.
pub(super) fn held(inputs: &Inputs<'_>) -> Option<ControlPlaneLoad> {
    let deployed = deployed::deployed(inputs)?;
    let running = load::running(inputs);
    let served = served(inputs, proxies(inputs), &runtime::runtime(inputs, Some(&deployed)));
    Some(share(&ControlPlaneLoad { proxies: running as f64, ..served.load }, deployed.replicas))
}

/// What was measured of istiod's replicas, with what the law says of a share now.
fn measured(inputs: &Inputs<'_>, share: &ControlPlaneLoad) -> Option<MeasuredMemory> {
    let mut workloads = inputs.inventory.workloads.iter().zip(inputs.profiles);
    let (pods, then) = workloads.find_map(|(workload, profile)| match profile.held {
        Some(Held::Istiod(then)) => Some((workload.measured.pods.app?, then)),
        _ => None,
    })?;
    let law = &inputs.card.istiod_memory;
    Some(MeasuredMemory::new(pods, law.steady(&then), &law.steady(share), &inputs.policy.sizing))
}

/// Peak of a replica with so much to serve. The law's peak comes on top of what was measured: whether all proxies
/// connected anew in that time is not known.
fn peak(inputs: &Inputs<'_>, measured: Option<&MeasuredMemory>, share: &ControlPlaneLoad) -> Estimate<Memory> {
    let law = inputs.card.istiod_memory.peak(share);
    let Some(measured) = measured else { return law };
    let mut moved = measured.moved(&law);
    let is_larger = moved.upper > law.upper;
    if !measured.counts && !is_larger {
        return law;
    }
    moved.upper = moved.upper.max(measured.pods.largest);
    moved
}

/// The fewest replicas that carry the load, each within what the policy allows a replica, and why
/// there is no such number if there is none.
fn surviving_replicas(inputs: &Inputs<'_>, load: &ControlPlaneLoad, cases: &mut Cases) -> (u64, Option<String>) {
    let policy = &inputs.policy.control_plane;
    let quantile = inputs.policy.sizing.quantile;
    let fewest = |fits: &dyn Fn(&ControlPlaneLoad) -> bool| (1..=MOST_REPLICAS).find(|&n| fits(&share(load, n)));

    let measured = measured(inputs, load);
    let memory = |load: &ControlPlaneLoad| peak(inputs, measured.as_ref(), load).at(quantile);
    let cpu = |load: &ControlPlaneLoad| inputs.card.istiod_cpu.pushing(1, load).at(quantile);
    let by_memory = fewest(&|share| memory(share) <= policy.replica_memory.to_memory());
    let by_cpu = fewest(&|share| cpu(share) <= policy.replica_cpu.to_cores());
    let mut shortfalls = Vec::new();
    if by_memory.is_none() {
        let least = print_bytes(memory_needed(
            &peak(inputs, measured.as_ref(), &share(load, MOST_REPLICAS)),
            &inputs.policy.sizing,
            Bytes::ZERO,
        ));
        let allowed = print_bytes(policy.replica_memory);
        shortfalls.push((
            "memory",
            format!("each of {MOST_REPLICAS} replicas needs {least} of memory, {allowed} allowed by policy"),
        ));
    }
    if by_cpu.is_none() {
        let least = print_cpu(Millicores::holding(cpu(&share(load, MOST_REPLICAS))));
        let allowed = print_cpu(policy.replica_cpu);
        shortfalls
            .push(("cpu", format!("each of {MOST_REPLICAS} replicas needs {least} CPU, {allowed} allowed by policy")));
    }
    for (resource, shortfall) in &shortfalls {
        cases.add(&ISTIOD_REPLICA_TOO_SMALL, resource, &"istiod", shortfall.clone());
    }
    // Where not even an idle replica fits, more of them do not help; otherwise they do, up to the most.
    let idle = ControlPlaneLoad { proxies: 0.0, ..*load };
    let best = |idle_fits: bool| if idle_fits { MOST_REPLICAS } else { 1 };
    let by_memory = by_memory.unwrap_or_else(|| best(memory(&idle) <= policy.replica_memory.to_memory()));
    let by_cpu = by_cpu.unwrap_or_else(|| best(cpu(&idle) <= policy.replica_cpu.to_cores()));
    (by_memory.max(by_cpu), shortfalls.into_iter().next().map(|(_, shortfall)| shortfall))
}

fn assumptions(inputs: &Inputs<'_>, surviving: u64, clusters: Option<&Clusters>) -> Vec<String> {
    let losses = inputs.policy.control_plane.survive_replica_losses;
    let mut assumptions = vec![
        format!("a replica sized to serve 1/{surviving} of the proxies: {losses} more may be lost"),
        "services a proxy sees taken as the clusters it is sent, on average over all proxies".to_owned(),
    ];
    if inputs.inventory.nodes.is_empty() && ztunnel_count(inputs.inventory, inputs.mesh) > 0 {
        assumptions.push("no nodes in the input: ztunnels counted by their replicas, at least one".to_owned());
    }
    assumptions.extend(clusters.into_iter().flat_map(of_clusters));
    assumptions
}

/// What is taken for granted about other clusters.
fn of_clusters(clusters: &Clusters) -> Vec<String> {
    let Clusters { services, least_services, .. } = clusters;
    let mut assumptions = vec![
        "services of other clusters have one HTTP port each, and proxies see the share of them that they see of those \
         here, unless the policy says what is seen"
            .to_owned(),
        "other clusters change as this one does: pods of a remote one as many as its proxies, of a primary as its \
         endpoints, and a workload for each further service of a remote one"
            .to_owned(),
    ];
    if least_services < services {
        assumptions.push(format!(
            "services of other clusters counted as {services}, none shared where the policy does not say; at least \
             {least_services}"
        ));
    }
    assumptions
}
