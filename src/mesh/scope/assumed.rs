//! What is sent where the input has no Services.

use std::collections::BTreeMap;

use super::super::findings::NO_SERVICES;
use super::super::{Mesh, ProxyMode, Scope, Visibility, VisibleConfig};
use super::counts::Outbound;
use super::per_proxy::{at_sidecar, at_waypoint};
use super::waypoints::Carried;
use crate::finding::Finding;
use crate::inventory::{Inventory, ReplicasBasis, Workload};

/// Without Services, each workload is taken as one service with one HTTP port, all ports different. A waypoint then
/// carries the captured workload it is named after, or those of its namespace.
pub(super) fn without_services(inventory: &Inventory, mesh: &Mesh) -> (Visibility, Vec<Finding>) {
    let of_input = || inventory.workloads.iter().filter(|workload| !is_to_come(workload));
    let services = of_input().count() as u64;
    let endpoints = of_input().map(|workload| workload.replicas).fold(0, u64::saturating_add);
    let outbound = Outbound {
        clusters: services,
        endpoints,
        http_listeners: 1,
        virtual_hosts: services + 1,
        routes: services + 1,
        ..Outbound::default()
    };
    let assumption = format!("no Services in the input: {services} services of one HTTP port each assumed");
    let findings = if services == 0 {
        Vec::new()
    } else {
        let message = format!("each of the {services} workloads is taken as one service with one HTTP port");
        vec![Finding::new(&NO_SERVICES, "input", message)]
    };
    let mut carried: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let modes = mesh.members.iter().map(|member| member.mode).chain(std::iter::repeat(ProxyMode::None));
    let mut sent = Vec::with_capacity(inventory.workloads.len());
    for ((index, workload), mode) in inventory.workloads.iter().enumerate().zip(modes) {
        sent.push(match mode {
            ProxyMode::Waypoint => {
                let behind = behind(inventory, mesh, workload);
                let visible = at_waypoint(&as_services(inventory, &behind));
                carried.insert(index, behind);
                visible
            }
            mode if mode.runs_envoy() => at_sidecar(&outbound, (1, 1), 0),
            _ => VisibleConfig::default(),
        });
    }
    let scopes = vec![Scope::default(); inventory.workloads.len()];
    let assumptions = vec![assumption];
    (Visibility { workloads: sent, scopes, carried, services, endpoints, assumptions }, findings)
}

fn is_to_come(workload: &Workload) -> bool {
    matches!(workload.replicas_basis, ReplicasBasis::Announced | ReplicasBasis::Planned)
}

/// The captured workloads of a waypoint's namespace, or the one of them it is named after.
fn behind(inventory: &Inventory, mesh: &Mesh, waypoint: &Workload) -> Vec<usize> {
    let members = inventory.workloads.iter().zip(&mesh.members).enumerate();
    let captured = members.filter(|(_, (workload, member))| {
        member.mode == ProxyMode::Ambient && workload.id.namespace == waypoint.id.namespace
    });
    let captured: Vec<usize> = captured.map(|(index, _)| index).collect();
    let name_of = |index: &usize| inventory.workloads.get(*index).map_or("", |workload| &workload.id.name);
    let stem = waypoint.id.name.strip_suffix("-waypoint");
    let named: Vec<usize> = captured.iter().copied().filter(|index| stem == Some(name_of(index))).collect();
    if named.is_empty() { captured } else { named }
}

fn as_services(inventory: &Inventory, workloads: &[usize]) -> Carried {
    let services = workloads.len() as u64;
    let replicas = workloads.iter().filter_map(|&index| inventory.workloads.get(index)).map(|it| it.replicas);
    Carried {
        clusters: services,
        endpoints: replicas.fold(0, u64::saturating_add),
        virtual_hosts: services,
        routes: services,
        ..Carried::default()
    }
}
