//! How many more pods of a workload fit, and what keeps the next one out.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::answer::Answer;
use super::known::{self, Trouble};
use super::placed::Placed;
use super::scale::with_replicas;
use crate::inventory::PodSpec;
use crate::scheduler::pod_request;

/// Further pods of a workload as planned, counted by placing one more than could ever fit. Nobody has to go for them.
pub(super) fn fit_more(placed: &Placed<'_>, name: &str) -> Result<Answer, Trouble> {
    let index = known::workload(&placed.inventory, name)?;
    let mut inventory = placed.inventory.clone();
    let Some(workload) = inventory.workloads.get_mut(index) else {
        return Err(format!("there is no workload {name:?}"));
    };
    if &*workload.id.kind == "DaemonSet" {
        return Err(format!("{name:?} is a DaemonSet: it has one pod on every node it selects, and no more"));
    }
    workload.spec = Arc::new(PodSpec { never_preempts: true, ..(*workload.spec).clone() });
    let (spec, replicas) = (workload.spec.clone(), workload.replicas);
    // Pods that wait already would take what is asked for.
    let waiting: Vec<_> =
        inventory.pods.iter().map(|pod| (pod.place != crate::inventory::Place::Pending).then_some(pod.place)).collect();
    let inventory = super::placed::with_places(inventory, &waiting);
    let most = most(placed, &spec);
    let inventory = with_replicas(inventory, &BTreeMap::from([(index, replicas.saturating_add(most + 1))]));
    let after = Placed::of(inventory, placed.offered.clone(), 0, placed.rules, &placed.pool, Vec::new());
    let pods = (most + 1).saturating_sub(after.unplaced.len() as u64);
    let binding = after.first_unplaced().map_or_else(String::new, |(_, reason)| reason.to_owned());
    Ok(Answer::FitMore { workload: name.to_owned(), pods, binding })
}

/// No more than this could fit: every node as if it were empty of all that is not counted by node.
fn most(placed: &Placed<'_>, spec: &PodSpec) -> u64 {
    let asked = pod_request(spec, None, placed.rules.version).real;
    let fill = &placed.fill;
    let part = |free: u64, asked: u64| free.checked_div(asked).unwrap_or(u64::MAX);
    let slots = fill.allocatable_pods.saturating_sub(fill.pods);
    let cpu = part(fill.allocatable.cpu.saturating_sub(fill.requested.cpu).get(), asked.cpu.get());
    let memory = part(fill.allocatable.memory.saturating_sub(fill.requested.memory).get(), asked.memory.get());
    // An overcommitted node hides what others have free; slots bound it then.
    if fill.cpu_headroom() <= 0.0 || fill.memory_headroom() <= 0.0 { slots } else { slots.min(cpu).min(memory) }
}
