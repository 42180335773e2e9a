//! Helm values of Istio's charts, and the istiod that follows them.

use super::replicas::scale;
use super::template::resize;
use super::{Inventory, objects};
use crate::inventory::objects::{Autoscaler, ContainerPatch, MeshConfig, ObjectName, PilotValues};
use crate::inventory::{ReplicasBasis, Workload};

/// Puts values over those in effect.
pub(super) fn install(inventory: &mut Inventory, values: &MeshConfig) {
    let before = std::mem::take(&mut inventory.istio.mesh);
    inventory.istio.mesh = MeshConfig { origin: before.origin, ..values.clone().or(before) };
    if !values.pilot.is_sized() {
        return;
    }
    for index in 0..inventory.workloads.len() {
        if inventory.workloads.get(index).is_some_and(Workload::is_istiod) {
            follow(inventory, index, &values.pilot);
        }
    }
}

fn follow(inventory: &mut Inventory, index: usize, pilot: &PilotValues) {
    let Some(workload) = inventory.workloads.get_mut(index) else { return };
    let discovery = workload.discovery().map(|container| container.name.clone());
    if pilot.autoscaled == Some(false) {
        workload.autoscaler = None;
    }
    let known = workload.autoscaler.clone();
    let wanted = (pilot.autoscaled != Some(false)).then(|| bounds(workload, known, pilot)).flatten();
    if let Some(name) = discovery {
        let (requests, limits) = (pilot.requests.clone(), pilot.limits.clone());
        let patch = ContainerPatch { name, requests, limits, init: false };
        resize(inventory, index, &[patch]);
    }
    match wanted {
        Some(autoscaler) => {
            objects::autoscaler(inventory, &autoscaler);
        }
        None => {
            if let Some(replicas) = pilot.replicas.filter(|_| pilot.autoscaled == Some(false)) {
                scale(inventory, index, replicas, ReplicasBasis::Declared);
            }
        }
    }
}

/// The autoscaler of the chart with these values: Istio names it after what it scales.
fn bounds(workload: &Workload, known: Option<Autoscaler>, pilot: &PilotValues) -> Option<Autoscaler> {
    if pilot.autoscale_min.is_none() && pilot.autoscale_max.is_none() {
        return known;
    }
    let mut autoscaler = known.unwrap_or_else(|| Autoscaler {
        name: ObjectName { namespace: workload.id.namespace.clone(), name: workload.id.name.clone() },
        target_kind: workload.id.kind.to_string(),
        target_name: workload.id.name.clone(),
        min_replicas: 1,
        max_replicas: pilot.autoscale_max.or(pilot.autoscale_min).unwrap_or(1),
        ..Autoscaler::default()
    });
    autoscaler.min_replicas = pilot.autoscale_min.unwrap_or(autoscaler.min_replicas);
    autoscaler.max_replicas = pilot.autoscale_max.unwrap_or(autoscaler.max_replicas).max(autoscaler.min_replicas);
    Some(autoscaler)
}
