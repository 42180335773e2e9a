//! What waypoints carry, and the replicas that planned pools are given for it.

use std::collections::BTreeMap;

use crate::card::ModelCard;
use crate::inventory::{Inventory, ReplicasBasis};
use crate::mesh::{Mesh, Visibility};
use crate::overhead::{Carrier, pool_replicas};
use crate::policy::Policy;
use crate::profile::Profile;
use crate::units::Rate;

/// Gives every waypoint the traffic of the workloads it carries, unless its own was measured, and those that are
/// planned their replicas.
///
/// A request passes one waypoint, so a workload's traffic is shared among the waypoints that carry it. Connections
/// come in from ztunnels, and as many go out to them.
pub(super) fn settle(
    inventory: &mut Inventory,
    mesh: &Mesh,
    visibility: &Visibility,
    profiles: &mut [Profile],
    card: &ModelCard,
    policy: &Policy,
) {
    let mut waypoints_of: BTreeMap<usize, u64> = BTreeMap::new();
    for workload in visibility.carried.values().flatten() {
        *waypoints_of.entry(*workload).or_default() += 1;
    }
    for (&index, carried) in visibility.carried.iter().filter(|(_, carried)| !carried.is_empty()) {
        let Some(workload) = inventory.workloads.get(index) else { continue };
        let is_planned = workload.replicas_basis == ReplicasBasis::Planned;
        let measured = workload.measured;
        let load = load(inventory, profiles, carried, &waypoints_of);
        let (Some(profile), Some(workload)) = (profiles.get_mut(index), inventory.workloads.get_mut(index)) else {
            continue;
        };
        if let Some(carrier) = Carrier::of(mesh, index, workload, &policy.features).filter(|_| is_planned) {
            workload.replicas = pool_replicas(card, policy, &carrier, load.rate);
        }
        let replicas = workload.replicas.max(1) as f64;
        if measured.inbound_rps.is_none() && measured.outbound_rps.is_none() {
            profile.rps_per_proxy = load.rate / replicas;
            profile.rps_measured = load.rate_measured;
        }
        if measured.connections.is_none() {
            profile.connections_per_proxy = load.connections / replicas;
            profile.connections_measured = load.connections_measured;
        }
    }
}

/// What the workloads behind a waypoint bring to it.
struct Load {
    rate: Rate,
    rate_measured: bool,
    connections: f64,
    connections_measured: bool,
}

fn load(inventory: &Inventory, profiles: &[Profile], carried: &[usize], waypoints_of: &BTreeMap<usize, u64>) -> Load {
    let mut load = Load { rate: Rate::default(), rate_measured: true, connections: 0.0, connections_measured: true };
    for index in carried {
        let (Some(profile), Some(workload)) = (profiles.get(*index), inventory.workloads.get(*index)) else { continue };
        let shared_by = waypoints_of.get(index).copied().unwrap_or(1).max(1) as f64;
        load.rate += profile.inbound_rps / shared_by;
        load.connections += profile.connections_per_proxy * workload.replicas as f64 / shared_by;
        load.rate_measured &= profile.rps_measured;
        load.connections_measured &= profile.connections_measured;
    }
    load
}
