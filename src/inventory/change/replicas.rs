//! More or fewer pods of a workload.

use crate::inventory::objects::{PodLife, PodPhase};
use crate::inventory::{Inventory, ObjectName, Place, Pod, ReplicasBasis};

/// Gives a workload that many replicas: further pods are yet to be placed, of too many the last go.
pub(super) fn scale(inventory: &mut Inventory, index: usize, replicas: u64, basis: ReplicasBasis) {
    let Some(workload) = inventory.workloads.get_mut(index) else { return };
    if workload.replicas == replicas {
        return;
    }
    let before = workload.replicas;
    (workload.replicas, workload.replicas_basis) = (replicas, basis);
    let range = workload.pods.clone();
    let siblings = inventory.pods.get(range.start).filter(|_| !range.is_empty()).and_then(|pod| pod.siblings.clone());
    let further = (before..replicas).map(|number| Pod {
        name: ObjectName {
            namespace: workload.id.namespace.clone(),
            name: format!("{}-{number}", workload.id.name).into(),
        },
        workload: index,
        labels: workload.labels.clone(),
        annotations: workload.annotations.clone(),
        spec: workload.spec.clone(),
        place: Place::Pending,
        phase: PodPhase::Pending,
        listed: false,
        terminating: false,
        life: PodLife::default(),
        siblings: siblings.clone(),
    });
    let end = if replicas < before {
        let kept = range.start + usize::try_from(replicas).unwrap_or(usize::MAX).min(range.len());
        inventory.pods.drain(kept..range.end);
        kept
    } else {
        let further: Vec<Pod> = further.collect();
        let end = range.end + further.len();
        inventory.pods.splice(range.end..range.end, further);
        end
    };
    let moved = |at: usize| (at + end).saturating_sub(range.end);
    workload.pods = range.start..end;
    for later in inventory.workloads.iter_mut().skip(index + 1) {
        later.pods = moved(later.pods.start)..moved(later.pods.end);
    }
}
