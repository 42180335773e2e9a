//! The plans of all modes, and what is set side by side of them.

use std::collections::BTreeSet;

use super::hop::added;
use super::parts::parts;
use super::saving::savings;
use super::{Application, Comparison, MeshMode, ModePlan};
use crate::card::ModelCard;
use crate::estimate::Estimate;
use crate::finding::{self, Finding};
use crate::mesh::{self, ProxyMode};
use crate::parallel;
use crate::placement::new_node;
use crate::plan::{Inputs, Plan};
use crate::resources::Resources;
use crate::units::{Bytes, Millicores};

/// Plans an inventory in several modes, each once, in the order given.
///
/// The workloads that take part are those that are in the mesh as labelled and enrolled, whatever their data plane is
/// today. Waypoints that are deployed stay in the modes with waypoints.
#[must_use]
pub fn compare(inputs: &Inputs, modes: &[MeshMode]) -> Comparison {
    let mut seen = BTreeSet::new();
    let wanted: Vec<MeshMode> = modes.iter().copied().filter(|mode| seen.insert(*mode)).collect();
    let (application, pool) = (application(inputs), pool(inputs));
    let planned = parallel::map(
        wanted.len(),
        1,
        || (),
        |(), number| {
            let mode = *wanted.get(number)?;
            let policy = mode.policy(&inputs.policy);
            let plan = Plan::to_compare(Inputs { policy, ..inputs.clone() });
            Some((mode_plan(mode, &plan, &inputs.card, &pool), plan))
        },
    );
    let planned: Vec<(ModePlan, Plan)> = planned.into_iter().flatten().collect();
    let today = planned.first().and_then(|(_, plan)| plan.headroom_today.cluster.clone());
    let card = planned.first().map(|(_, plan)| plan.card.clone());
    let (mut modes, plans): (Vec<ModePlan>, Vec<Plan>) = planned.into_iter().unzip();
    drop(plans);
    let findings = in_common(&mut modes);
    Comparison {
        inputs: inputs.sources.clone(),
        card: card.unwrap_or_else(|| crate::plan::CardId::of(&inputs.card)),
        policy: inputs.policy.clone(),
        nodes: inputs.inventory.nodes.len() as u64,
        today,
        application,
        memory_savings: savings(&modes, |mode| mode.memory.value, |part| &part.memory),
        cpu_savings: savings(&modes, |mode| mode.cpu.value, |part| &part.cpu),
        modes,
        findings,
    }
}

/// What a node of the policy's pool offers.
fn pool(inputs: &Inputs) -> Resources {
    new_node(&inputs.inventory.nodes, &inputs.policy).1.resources
}

/// What the mesh is for: workloads that have a sidecar or are captured, or would be.
fn application(inputs: &Inputs) -> Application {
    let policy = MeshMode::Sidecar.policy(&inputs.policy);
    let (mesh, _) = mesh::membership(&inputs.inventory, &inputs.card.injection, &policy.injection);
    let profiles = crate::profile::observe(&inputs.inventory, &policy.traffic);
    let members = inputs.inventory.workloads.iter().zip(&mesh.members).zip(&profiles);
    let taking_part = members.filter(|((_, member), _)| member.mode == ProxyMode::Sidecar);
    taking_part.fold(Application::default(), |mut sum, ((workload, _), profile)| {
        sum.workloads += 1;
        sum.pods = sum.pods.saturating_add(workload.replicas);
        sum.cpu += profile.app_cpu;
        sum.memory += profile.app_memory;
        sum
    })
}

fn mode_plan(mode: MeshMode, plan: &Plan, card: &ModelCard, pool: &Resources) -> ModePlan {
    let parts = parts(plan);
    let sum = |amount: &dyn Fn(usize) -> u64| (0..parts.len()).map(amount).fold(0, u64::saturating_add);
    let cpu_requested = Millicores::new(sum(&|at| parts.get(at).map_or(0, |part| part.cpu_requested.get())));
    let memory_requested = Bytes::new(sum(&|at| parts.get(at).map_or(0, |part| part.memory_requested.get())));
    let share = |requested: u64, offered: u64| if offered == 0 { 0.0 } else { requested as f64 / offered as f64 };
    ModePlan {
        mode,
        memory: Estimate::sum(parts.iter().map(|part| &part.memory)),
        cpu: Estimate::sum(parts.iter().map(|part| &part.cpu)),
        worth_in_nodes: share(cpu_requested.get(), pool.cpu.get())
            .max(share(memory_requested.get(), pool.memory.get())),
        cpu_requested,
        memory_requested,
        parts,
        outcome: plan.verdict.outcome,
        cluster: plan.headroom.cluster.clone(),
        unplaced: plan.headroom.unplaced.len() as u64,
        nodes_to_add: plan.headroom.nodes_to_add.clone(),
        added: added(mode, plan, card),
        responses: plan.responses.clone(),
        busiest_ztunnel: plan.busiest_ztunnel.clone(),
        findings: plan.findings.clone(),
    }
}

/// Takes out what was noticed in every mode.
fn in_common(modes: &mut [ModePlan]) -> Vec<Finding> {
    let Some(first) = modes.first() else { return Vec::new() };
    let everywhere = |finding: &&Finding| modes.iter().all(|mode| mode.findings.contains(finding));
    let mut common: Vec<Finding> = first.findings.iter().filter(everywhere).cloned().collect();
    for mode in modes {
        mode.findings.retain(|finding| !common.contains(finding));
    }
    finding::sort(&mut common);
    common
}
