//! Every autoscaler goes to its maximum.

use super::case::Case;
use super::scale::with_replicas;

/// Workloads that an autoscaler drives have as many replicas as it allows.
pub(super) fn at_maximum(mut case: Case) -> Case {
    let workloads = case.inventory.workloads.iter().enumerate();
    let most = workloads.filter_map(|(index, it)| Some((index, it.autoscaler.as_ref()?.max_replicas)));
    let most = most.collect();
    case.inventory = with_replicas(case.inventory, &most);
    case
}
