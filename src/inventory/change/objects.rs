//! Objects that are new, or take the place of one of their name.

use super::replicas::scale;
use super::{Change, Inventory};
use crate::inventory::objects::{Autoscaler, ObjectName};
use crate::inventory::{ReplicasBasis, WorkloadId};

/// Puts an object of Istio's configuration, or a disruption budget, where those of its kind are.
pub(super) fn put(inventory: &mut Inventory, change: &Change) {
    let istio = &mut inventory.istio;
    match change {
        Change::Sidecar(it) => replace(&mut istio.sidecars, it, |it| (&it.created, &it.name)),
        Change::ProxySettings(it) => replace(&mut istio.proxy_settings, it, |it| (&it.created, &it.name)),
        Change::Telemetry(it) => replace(&mut istio.telemetries, &**it, |it| (&it.created, &it.name)),
        Change::DestinationRule(it) => replace(&mut istio.destination_rules, &**it, |it| (&it.created, &it.name)),
        Change::Gateway(it) => {
            inventory.gateways.retain(|known| known.name != it.name);
            let at = inventory.gateways.partition_point(|known| known.name < it.name);
            inventory.gateways.insert(at, it.clone());
        }
        Change::VirtualService(it) => replace(&mut istio.virtual_services, &**it, |it| (&it.created, &it.name)),
        Change::DisruptionBudget(it) => {
            inventory.disruption_budgets.retain(|known| known.name != it.name);
            let at = inventory.disruption_budgets.partition_point(|known| known.name < it.name);
            inventory.disruption_budgets.insert(at, it.clone());
        }
        Change::Patch(_) | Change::Autoscaler(_) | Change::GatewayPart(_) | Change::Values(_) => {}
    }
}

/// Gives an autoscaler to its target, and the target its least replicas; whether there is a target.
pub(super) fn autoscaler(inventory: &mut Inventory, autoscaler: &Autoscaler) -> bool {
    let id = WorkloadId::new(&autoscaler.name.namespace, &autoscaler.target_kind, &autoscaler.target_name);
    let Ok(index) = inventory.workloads.binary_search_by(|workload| workload.id.cmp(&id)) else { return false };
    let Some(workload) = inventory.workloads.get_mut(index) else { return false };
    workload.autoscaler = Some(autoscaler.clone());
    let replicas = workload.replicas;
    if replicas > 0 && replicas < autoscaler.min_replicas {
        scale(inventory, index, autoscaler.min_replicas, ReplicasBasis::AutoscalerMinimum);
    }
    true
}

/// In the order in which istiod prefers them: by age, then by name and namespace.
fn replace<T: Clone>(objects: &mut Vec<T>, new: &T, key: fn(&T) -> (&String, &ObjectName)) {
    objects.retain(|known| key(known).1 != key(new).1);
    let order = |object: &T| {
        let (created, name) = key(object);
        (created.clone(), name.name.clone(), name.namespace.clone())
    };
    let at = objects.partition_point(|known| order(known) < order(new));
    objects.insert(at, new.clone());
}
