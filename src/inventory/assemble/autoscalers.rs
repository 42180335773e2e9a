//! Autoscalers and the workloads they scale.

use std::collections::BTreeMap;

use crate::finding::Finding;
use crate::inventory::change::settle;
use crate::inventory::findings::AUTOSCALER_WITHOUT_TARGET;
use crate::inventory::objects::Autoscaler;
use crate::inventory::{Inventory, Workload, WorkloadId};

/// Autoscalers by what they scale; of several for one target the first by name.
pub(super) fn by_target(autoscalers: &[Autoscaler]) -> BTreeMap<WorkloadId, &Autoscaler> {
    let mut targets = BTreeMap::new();
    for autoscaler in autoscalers {
        targets.entry(target(autoscaler)).or_insert(autoscaler);
    }
    targets
}

fn target(autoscaler: &Autoscaler) -> WorkloadId {
    WorkloadId::new(&autoscaler.name.namespace, &autoscaler.target_kind, &autoscaler.target_name)
}

/// Gives autoscalers to their workloads, which are in order.
pub(super) fn attach(workloads: &mut [Workload], autoscalers: Vec<Autoscaler>, findings: &mut Vec<Finding>) {
    for autoscaler in autoscalers {
        let id = target(&autoscaler);
        match workloads.binary_search_by(|workload| workload.id.cmp(&id)) {
            Ok(index) => {
                if let Some(workload) = workloads.get_mut(index) {
                    workload.autoscaler = Some(autoscaler);
                }
            }
            Err(_) => {
                let message = format!("its target {id} is not in the input");
                let subject = format!("HorizontalPodAutoscaler {}", autoscaler.name);
                findings.push(Finding::new(&AUTOSCALER_WITHOUT_TARGET, subject, message));
            }
        }
    }
}

/// Autoscalers of manifests are yet to have their effect; replicas that were listed show that of live ones.
pub(super) fn settle_all(inventory: &mut Inventory) {
    for index in 0..inventory.workloads.len() {
        let autoscaler = inventory.workloads.get(index).and_then(|workload| workload.autoscaler.as_ref());
        if autoscaler.is_some_and(|autoscaler| !autoscaler.live) {
            settle(inventory, index);
        }
    }
}
