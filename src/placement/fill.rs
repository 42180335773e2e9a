//! How full each node, zone and the cluster are, and what of the rest can be used.

use std::collections::BTreeMap;

use super::demand::Demands;
use super::settle::Positions;
use super::site::{Site, Sites};
use super::{Fill, Mobility, NodeFill};
use crate::inventory::objects::TaintEffect;
use crate::resources::Resources;
use crate::units::{Bytes, Millicores};

/// The pod that usable capacity is counted in: median CPU and median memory request of free pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Typical {
    cpu: u64,
    memory: u64,
}

/// The typical pod; `None` where no pod is free to move. Of an even number, the lower median.
pub(super) fn typical(demands: &Demands<'_>) -> Option<Typical> {
    let median = |dimension: usize| {
        let free = demands.pods.iter().enumerate().filter(|(_, pod)| pod.mobility == Mobility::Free);
        let mut amounts: Vec<u64> = free.map(|(pod, _)| demands.need(pod).amounts[dimension]).collect();
        let middle = amounts.len().checked_sub(1)? / 2;
        Some(*amounts.select_nth_unstable(middle).1)
    };
    Some(Typical { cpu: median(0)?, memory: median(1)? })
}

/// Fill of every node, in inventory order.
pub(super) fn of_nodes(
    sites: &Sites<'_>,
    demands: &Demands<'_>,
    node_of: &Positions,
    typical: Option<Typical>,
) -> Vec<NodeFill> {
    let mut fills: Vec<NodeFill> = sites.all.iter().map(empty).collect();
    for (pod, position) in demands.pods.iter().zip(node_of) {
        if let Some(node) = position.and_then(|position| fills.get_mut(position)) {
            node.fill.requested += pod.request;
            node.fill.pods += 1;
            node.mesh += pod.mesh;
        }
    }
    for (site, node) in sites.all.iter().zip(&mut fills) {
        judge_rest(site, &mut node.fill, typical);
    }
    sites.position.iter().filter_map(|&position| fills.get(position).cloned()).collect()
}

fn empty(site: &Site<'_>) -> NodeFill {
    let fill = Fill { allocatable: site.offered.clone(), allocatable_pods: site.slots, ..Fill::default() };
    NodeFill {
        name: site.node.name.to_string(),
        zone: site.zone().to_owned(),
        fill,
        mesh: Resources::default(),
        schedulable: site.is_open(),
    }
}

fn judge_rest(site: &Site<'_>, fill: &mut Fill, typical: Option<Typical>) {
    let Some(typical) = typical else { return };
    let cpu = fill.allocatable.cpu.saturating_sub(fill.requested.cpu);
    let memory = fill.allocatable.memory.saturating_sub(fill.requested.memory);
    let slots = fill.allocatable_pods.saturating_sub(fill.pods);
    let no_slot = slots == 0;
    if no_slot || memory.get() < typical.memory {
        fill.stranded_cpu = cpu;
    }
    if no_slot || cpu.get() < typical.cpu {
        fill.stranded_memory = memory;
    }
    let tainted = site.node.taints.iter().any(|taint| taint.effect != TaintEffect::PreferNoSchedule);
    if site.is_open() && !tainted {
        let times = |free: u64, each: u64| free.checked_div(each).unwrap_or(u64::MAX);
        fill.usable_pods = slots.min(times(cpu.get(), typical.cpu)).min(times(memory.get(), typical.memory));
    }
}

/// Sum over all nodes; `None` without nodes.
pub(super) fn of_cluster(nodes: &[NodeFill]) -> Option<Fill> {
    (!nodes.is_empty()).then(|| nodes.iter().fold(Fill::default(), |sum, node| plus(sum, &node.fill)))
}

/// Sum per zone, by name.
pub(super) fn of_zones(nodes: &[NodeFill]) -> Vec<(String, Fill)> {
    let mut zones: BTreeMap<&str, Fill> = BTreeMap::new();
    for node in nodes {
        let sum = zones.entry(&node.zone).or_default();
        *sum = plus(std::mem::take(sum), &node.fill);
    }
    zones.into_iter().map(|(zone, fill)| (zone.to_owned(), fill)).collect()
}

fn plus(sum: Fill, other: &Fill) -> Fill {
    let add = |a: u64, b: u64| a.saturating_add(b);
    Fill {
        allocatable: sum.allocatable + &other.allocatable,
        allocatable_pods: add(sum.allocatable_pods, other.allocatable_pods),
        requested: sum.requested + &other.requested,
        pods: add(sum.pods, other.pods),
        stranded_cpu: Millicores::new(add(sum.stranded_cpu.get(), other.stranded_cpu.get())),
        stranded_memory: Bytes::new(add(sum.stranded_memory.get(), other.stranded_memory.get())),
        usable_pods: add(sum.usable_pods, other.usable_pods),
    }
}
