//! Where an autoscaler comes to rest in the busiest moments that were measured.
//!
//! **Law.** From `n` replicas it goes to `⌈n · u / T⌉`, with `u` the use of what is requested and `T` its target, unless
//! `u / T` is within a tenth of 1 (`--horizontal-pod-autoscaler-tolerance`); least and most replicas bound it. Where it
//! looks at more than one thing, the one that asks for most decides.
//!
//! **Source.** Kubernetes, "Horizontal Pod Autoscaling", Algorithm details.
//!
//! **Decision.** Only a metric of the application's container is followed: what a whole pod uses depends on its sidecar.
//! With other metrics beside it replicas are only ever added.

use super::replicas::scale;
use crate::inventory::objects::{Autoscaler, Container};
use crate::inventory::{Inventory, PROXY_CONTAINER, ReplicasBasis, Workload};

/// How far use may be from the target without a change.
const TOLERANCE: f64 = 0.1;

/// Gives a workload the replicas its autoscaler has in the 99th percentile of its moments; nothing where its CPU was
/// not measured over time, or the autoscaler looks at something else.
pub fn settle(inventory: &mut Inventory, index: usize) {
    let settled = inventory.workloads.get(index).and_then(settled);
    let Some(replicas) = settled else { return };
    scale(inventory, index, replicas, ReplicasBasis::AutoscalerSettled);
    if let Some(workload) = inventory.workloads.get_mut(index) {
        workload.replicas_basis = ReplicasBasis::AutoscalerSettled;
    }
}

fn settled(workload: &Workload) -> Option<u64> {
    let autoscaler = workload.autoscaler.as_ref()?;
    let most = autoscaler.max_replicas.max(autoscaler.min_replicas);
    if workload.replicas == 0 {
        return None;
    }
    let now = workload.replicas.clamp(autoscaler.min_replicas.min(most), most);
    let wanted = wanted(workload, autoscaler, now)?.clamp(autoscaler.min_replicas.max(1), most.max(1));
    Some(if autoscaler.metrics.len() > 1 { wanted.max(now) } else { wanted })
}

fn wanted(workload: &Workload, autoscaler: &Autoscaler, now: u64) -> Option<u64> {
    let (name, percent) = autoscaler.container_cpu_percent()?;
    let own = workload.application_container().filter(|container| container.name == name)?;
    let request = own.resources.effective_requests().cpu?.to_cores();
    let used = workload.measured.busy.app_cpu?.p99;
    let at_target = used.as_cores() / (request.as_cores() * percent as f64 / 100.0);
    if !at_target.is_finite() {
        return None;
    }
    let is_near = (at_target / now as f64 - 1.0).abs() <= TOLERANCE;
    // Dust of a division must not add a replica.
    Some(if is_near { now } else { (at_target * (1.0 - 1e-9)).ceil() as u64 })
}

impl Workload {
    /// The container of the application, where it is the only one beside the proxy.
    #[must_use]
    pub fn application_container(&self) -> Option<&Container> {
        let spec = &self.spec;
        let mut own = spec.containers.iter().filter(|container| container.name != PROXY_CONTAINER);
        let sidecars = spec.init_containers.iter().any(|init| init.restartable && init.name != PROXY_CONTAINER);
        own.next().filter(|_| own.next().is_none() && !sidecars)
    }
}
