//! Which cores an istiod runs on, and what that lets it do.

use super::super::Inputs;
use super::deployed::Deployed;
use crate::inventory::{Node, Place};
use crate::mesh::ProxyMode;
use crate::quantity::print_cpu;
use crate::units::{Millicores, Rate};

/// Cores of a replica and the throttles they give it.
#[derive(Debug, Clone, PartialEq)]
pub struct Runtime {
    /// Cores the Go runtime of a replica uses; at least 1.
    pub cores: u64,
    /// What decided that.
    pub basis: String,
    /// Pushes a replica works on at once (PILOT_PUSH_THROTTLE).
    pub pushes_at_once: f64,
    /// New connections a replica accepts a second (PILOT_MAX_REQUESTS_PER_SECOND).
    pub connection_rate: Rate,
}

/// The runtime of a replica: by its CPU limit, else by its node, else as large as the policy lets it be.
pub(super) fn runtime(inputs: &Inputs<'_>, deployed: Option<&Deployed>) -> Runtime {
    let (cores, basis) = cores(inputs, deployed);
    let limits = &inputs.card.istiod_limits;
    Runtime {
        cores,
        basis,
        pushes_at_once: limits.pushes_at_once(cores),
        connection_rate: limits.connection_rate(cores),
    }
}

fn cores(inputs: &Inputs<'_>, deployed: Option<&Deployed>) -> (u64, String) {
    if let Some(limit) = deployed.and_then(|istiod| istiod.cpu_limit) {
        return (whole(limit), format!("CPU limit {} of istiod", print_cpu(limit)));
    }
    if let Some(cpu) = own_nodes(inputs).min() {
        return (whole(cpu), "no CPU limit: the smallest node that runs istiod".to_owned());
    }
    if let Some(cpu) = inputs.inventory.nodes.iter().filter_map(node_cpu).min() {
        return (whole(cpu), "no CPU limit: the smallest node".to_owned());
    }
    let cpu = inputs.policy.control_plane.replica_cpu;
    (whole(cpu), "no nodes in the input: control_plane.replica_cpu of the policy".to_owned())
}

/// CPU of the nodes that istiod's pods are on.
fn own_nodes<'a>(inputs: &'a Inputs<'_>) -> impl Iterator<Item = Millicores> + use<'a> {
    let members = inputs.inventory.workloads.iter().zip(&inputs.mesh.members);
    let istiods =
        members.filter(|(workload, member)| member.mode == ProxyMode::ControlPlane && workload.discovery().is_some());
    let pods = istiods.flat_map(|(workload, _)| inputs.inventory.pods_of(workload));
    pods.filter_map(|pod| match pod.place {
        Place::On(index) => inputs.inventory.nodes.get(index).and_then(node_cpu),
        _ => None,
    })
}

fn node_cpu(node: &Node) -> Option<Millicores> {
    let offered = node.allocatable.as_ref().or(node.capacity.as_ref())?;
    Some(offered.resources.cpu).filter(|cpu| !cpu.is_zero())
}

/// Whole cores: a limit is rounded up, and of a machine's processors a node reserves less than one.
fn whole(cpu: Millicores) -> u64 {
    cpu.get().div_ceil(1000).max(1)
}
