//! Workloads with further pods.

use std::collections::BTreeMap;

use super::case::Case;
use super::known::{self, Trouble};
use crate::inventory::{Inventory, ObjectName, Place, Pod, PodLife, PodPhase};

/// A workload gets `count` further pods.
pub(super) fn add_pods(mut case: Case, workload: &str, count: u64) -> Result<Case, Trouble> {
    let index = known::workload(&case.inventory, workload)?;
    let replicas = case.inventory.workloads.get(index).map_or(0, |it| it.replicas);
    case.inventory = with_replicas(case.inventory, &BTreeMap::from([(index, replicas.saturating_add(count))]));
    Ok(case)
}

/// The inventory with more replicas of some workloads; those that have as many already stay as they are.
///
/// Further pods run what the workload's template says, and wait for a place.
pub(super) fn with_replicas(inventory: Inventory, wanted: &BTreeMap<usize, u64>) -> Inventory {
    inventory.with_pods(|index, workload, pods| {
        let missing = wanted.get(&index).map_or(0, |wanted| wanted.saturating_sub(workload.replicas));
        let first = pods.first().cloned();
        for number in 0..missing {
            let name = format!("{}-further-{number}", workload.id.name);
            pods.push(Pod {
                name: ObjectName::new(&workload.id.namespace, &name),
                workload: index,
                labels: first.as_ref().map_or_else(|| workload.labels.clone(), |pod| pod.labels.clone()),
                annotations: workload.annotations.clone(),
                spec: workload.spec.clone(),
                place: Place::Pending,
                phase: PodPhase::Pending,
                listed: false,
                terminating: false,
                life: PodLife::default(),
                siblings: first.as_ref().and_then(|pod| pod.siblings.clone()),
            });
        }
        workload.replicas = workload.replicas.saturating_add(missing);
    })
}
