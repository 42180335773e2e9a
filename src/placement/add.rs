//! How many nodes to add, and what made the last of them necessary.
//!
//! New nodes stand at the end of first fit's order, so adding one never moves a pod that has a place:
//! each of the three demands is a number of nodes that can be counted once, and the largest decides.

use std::collections::BTreeMap;

use super::capacity::{Amounts, Capacity, Eligible, Need};
use super::constraint::{barrier, daemon_runs_on};
use super::demand::Demands;
use super::kinds::NEW_NODE_DISK_UNKNOWN;
use super::loss::{Loss, of_each_node};
use super::pack::{NOWHERE, Reasons, daemon_set};
use super::settle::Positions;
use super::site::{Site, Sites};
use super::{Fill, Mobility, NodesToAdd, reservation};
use crate::finding::Finding;
use crate::inventory::objects::NodeResources;
use crate::inventory::{Labels, Node};
use crate::policy::{NodePoolPolicy, Policy};
use crate::quantity::{print_bytes, print_cpu};
use crate::resources::Resources;
use crate::units::{Bytes, Millicores};

/// More nodes than this are not proposed: Kubernetes is tested up to 5,000.
const MOST_NODES: u64 = 100_000;

/// A node of the policy's pool as it joins the cluster, and what it offers.
///
/// It carries no labels but the operating system and architecture of the present nodes (`linux` and
/// `amd64` where they do not agree or say), and no taints. Its disk is unknown and counts as enough.
#[must_use]
pub fn new_node(nodes: &[Node], policy: &Policy) -> (Node, NodeResources) {
    join(nodes, &policy.node_pool)
}

/// A node of any pool as it joins the cluster (see [`new_node`]).
#[must_use]
pub fn join(nodes: &[Node], pool: &NodePoolPolicy) -> (Node, NodeResources) {
    let mut offered = reservation::allocatable(pool.provider, pool.cpu, pool.memory, pool.pods);
    offered.resources.ephemeral_storage = Bytes::new(u64::MAX);
    let shared = |key: &str, fallback: &str| {
        let mut values = nodes.iter().map(|node| node.labels.get(key));
        let first = values.next().flatten();
        let value = first.filter(|first| values.all(|value| value == Some(first)));
        (key.to_owned(), value.map_or(fallback, String::as_str).to_owned())
    };
    let labels = Labels::from([
        shared("kubernetes.io/os", "linux"),
        shared("beta.kubernetes.io/os", "linux"),
        shared("kubernetes.io/arch", "amd64"),
        shared("beta.kubernetes.io/arch", "amd64"),
    ]);
    let node = Node { name: pool.name.as_str().into(), labels, ready: Some(true), ..Node::default() };
    (node, offered)
}

/// A new node with one pod of every DaemonSet on it.
#[derive(Debug)]
pub(super) struct NewNode<'a> {
    pub(super) site: Site<'a>,
    /// What is left for other pods.
    pub(super) free: Need,
    /// What its daemon pods ask for.
    daemons: Resources,
    daemon_pods: u64,
}

impl<'a> NewNode<'a> {
    pub(super) fn new(site: Site<'a>, demands: &Demands<'_>) -> Self {
        let mut sets: BTreeMap<(&str, &str), Resources> = BTreeMap::new();
        for (index, pod) in demands.pods.iter().enumerate() {
            if pod.mobility == Mobility::PerNode && daemon_runs_on(site.node, pod.spec) {
                let largest = sets.entry(daemon_set(demands, index)).or_default();
                *largest = std::mem::take(largest).max(pod.request);
            }
        }
        let daemon_pods = sets.len() as u64;
        let daemons = sets.into_values().fold(Resources::default(), |sum, request| sum + &request);
        let mut left = site.offered.clone().saturating_sub(&daemons);
        let overfull = !daemons.fits_in(site.offered);
        if overfull {
            left = Resources::default();
        }
        let free = demands.offer(&left, if overfull { 0 } else { site.slots.saturating_sub(daemon_pods) });
        Self { site, free, daemons, daemon_pods }
    }
}

/// Nodes as the present packing left them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ground<'g, 'a> {
    pub(super) sites: &'g Sites<'a>,
    pub(super) demands: &'g Demands<'a>,
    pub(super) eligible: &'g [Eligible],
    pub(super) new_node: &'g NewNode<'a>,
    /// Fill of the cluster; nothing without nodes.
    pub(super) cluster: &'g Fill,
}

/// Nodes to add, with what was found on the way.
#[derive(Debug)]
pub(super) struct Addition {
    pub(super) nodes: NodesToAdd,
    /// Unplaced pods that no new node can take either.
    pub(super) impossible: Vec<usize>,
    /// Fill of the new nodes that unplaced pods need.
    pub(super) pool_fill: Fill,
}

/// Nodes to add so that every pod has a place, the headroom target is kept and a node may be lost.
pub(super) fn nodes_to_add(
    ground: Ground<'_, '_>,
    mut capacity: Capacity,
    mut node_of: Positions,
    unplaced: &[usize],
    present_losses: Vec<Loss>,
    policy: &Policy,
) -> Addition {
    let Ground { demands, eligible, new_node, .. } = ground;
    let mut obstacles = Vec::new();
    let impossible = place_on_new_nodes(ground, &mut capacity, &mut node_of, unplaced);
    obstacles.extend(impossible_in_words(ground, &impossible));
    let positions = ground.sites.all.len().next_multiple_of(64);
    let for_pods = (capacity.len() - positions) as u64;

    let mut for_target = 0;
    match nodes_for_target(ground, &node_of, policy) {
        Some(count) => for_target = count,
        None => obstacles.push(format!(
            "the headroom target of {} % is out of reach: the DaemonSet pods of a new node take too much of it",
            policy.headroom.target.get() * 100.0
        )),
    }

    let mut for_loss = 0;
    if policy.headroom.survive_node_losses > 0 {
        let losses = if for_pods == 0 {
            present_losses
        } else {
            of_each_node(demands, eligible, &capacity, &node_of, &new_node.free)
        };
        let worst = losses.iter().map(|loss| loss.makeup).max().unwrap_or(0);
        for_loss = if worst == 0 { 0 } else { for_pods + worst };
        obstacles.extend(stuck_in_words(ground, &losses));
    }

    let mut count = for_pods.max(for_target).max(for_loss);
    if count > MOST_NODES {
        obstacles.push(format!("{count} nodes would be needed, and no more than {MOST_NODES} are proposed"));
        count = MOST_NODES;
    }
    let reason = match count {
        0 => "",
        _ if for_pods >= for_target.max(for_loss) => "unplaced pods",
        _ if for_target >= for_loss => "headroom target",
        _ => "node loss",
    };
    let nodes = NodesToAdd {
        count,
        pool: policy.node_pool.name.clone(),
        reason: reason.to_owned(),
        price: policy.node_pool.price_per_hour * count as f64,
        infeasible: (!obstacles.is_empty()).then(|| obstacles.join("; ")),
    };
    Addition { nodes, impossible, pool_fill: pool_fill(ground, &node_of, for_pods) }
}

fn pool_fill(ground: Ground<'_, '_>, node_of: &Positions, count: u64) -> Fill {
    let NewNode { site, daemons, daemon_pods, .. } = ground.new_node;
    let present = ground.sites.all.len();
    let mut fill = Fill {
        allocatable: Resources::new(site.offered.cpu.times(count), site.offered.memory.times(count)),
        allocatable_pods: site.slots.saturating_mul(count),
        requested: Resources::new(daemons.cpu.times(count), daemons.memory.times(count)),
        pods: daemon_pods.saturating_mul(count),
        ..Fill::default()
    };
    for (pod, position) in node_of.iter().enumerate() {
        if position.is_some_and(|position| position >= present) {
            fill.requested += ground.demands.pods[pod].request;
            fill.pods = fill.pods.saturating_add(1);
        }
    }
    fill
}

fn place_on_new_nodes(
    ground: Ground<'_, '_>,
    capacity: &mut Capacity,
    node_of: &mut Positions,
    unplaced: &[usize],
) -> Vec<usize> {
    let Ground { demands, eligible, new_node, .. } = ground;
    let mut impossible = Vec::new();
    let mut cursor = vec![capacity.len(); demands.classes.len()];
    for &pod in unplaced {
        let class = demands.class_of[pod];
        let need = demands.need(pod);
        let admits = eligible.get(demands.classes[class].constraints);
        let Some(admits) = admits.filter(|admits| {
            demands.pods[pod].mobility == Mobility::Free && admits.new_node && need.fits(&new_node.free)
        }) else {
            impossible.push(pod);
            continue;
        };
        let position = capacity.first_fit(need, admits, cursor[class], NOWHERE).unwrap_or_else(|| {
            capacity.push(&new_node.free);
            capacity.len() - 1
        });
        cursor[class] = position;
        capacity.take(position, need);
        node_of[pod] = Some(position);
    }
    impossible
}

/// The least number of new nodes with which cluster CPU and memory keep the target; `None` where no
/// number does.
fn nodes_for_target(ground: Ground<'_, '_>, node_of: &Positions, policy: &Policy) -> Option<u64> {
    let NewNode { site, daemons, .. } = ground.new_node;
    let mut requested = ground.cluster.requested.clone();
    let present = ground.sites.all.len();
    for (pod, position) in node_of.iter().enumerate() {
        if position.is_some_and(|position| position >= present) {
            requested += ground.demands.pods[pod].request;
        }
    }
    let with = |count: u64| Fill {
        allocatable: Resources::new(
            ground.cluster.allocatable.cpu + site.offered.cpu.times(count),
            ground.cluster.allocatable.memory + site.offered.memory.times(count),
        ),
        requested: Resources::new(
            requested.cpu + daemons.cpu.times(count),
            requested.memory + daemons.memory.times(count),
        ),
        ..Fill::default()
    };
    let enough = |count: u64| {
        let nothing_asked = present == 0 && count == 0 && requested.is_zero();
        nothing_asked || with(count).keeps(policy.headroom.target)
    };
    if enough(0) {
        return Some(0);
    }
    // The more nodes, the closer headroom is to that of a new node: one bisection finds the least.
    let (mut too_few, mut sufficient) = (0, 1);
    while !enough(sufficient) {
        too_few = sufficient;
        sufficient *= 2;
        if sufficient > 16 * MOST_NODES {
            return None;
        }
    }
    while sufficient - too_few > 1 {
        let middle = too_few + (sufficient - too_few) / 2;
        if enough(middle) {
            sufficient = middle;
        } else {
            too_few = middle;
        }
    }
    Some(sufficient)
}

fn impossible_in_words(ground: Ground<'_, '_>, impossible: &[usize]) -> Option<String> {
    let mut free = impossible.iter().filter(|pod| ground.demands.pods[**pod].mobility == Mobility::Free);
    let others = impossible.len() - free.clone().count();
    let first = free.next().map(|&pod| {
        let which = pods_in_words(free.count(), ground.demands.pods[pod].name);
        format!("{which} cannot run on a new node: {}", keeps_off_new_node(ground, pod))
    });
    let bound = (others > 0).then(|| {
        format!("{others} DaemonSet or static pods have no room on the nodes they belong to; more nodes do not help")
    });
    match (first, bound) {
        (Some(first), Some(bound)) => Some(format!("{first}; {bound}")),
        (first, bound) => first.or(bound),
    }
}

fn stuck_in_words(ground: Ground<'_, '_>, losses: &[Loss]) -> Option<String> {
    let stuck: u64 = losses.iter().map(|loss| loss.stuck).sum();
    let (position, pod) =
        losses.iter().enumerate().find_map(|(position, loss)| loss.stuck_pod.map(|pod| (position, pod)))?;
    let node = ground.sites.all.get(position).map_or("a new node", |site| &site.node.name);
    let which =
        pods_in_words(usize::try_from(stuck.saturating_sub(1)).unwrap_or(usize::MAX), ground.demands.pods[pod].name);
    let why = keeps_off_new_node(ground, pod);
    Some(format!("{which} would have no place when its node is lost ({node}), and cannot run on a new node: {why}"))
}

fn pods_in_words(others: usize, name: &crate::inventory::ObjectName) -> String {
    match others {
        0 => format!("pod {name}"),
        _ => format!("pod {name} and {others} more"),
    }
}

/// Why no new node takes a pod, in the form of reasons.
pub(super) fn reasons(ground: Ground<'_, '_>, pod: usize) -> Reasons {
    match ground.demands.pods[pod].mobility {
        Mobility::Free => vec![(keeps_off_new_node(ground, pod), 0)],
        _ => vec![("bound to a node that is not in the inventory".to_owned(), 0)],
    }
}

/// Says so where unplaced pods ask for disk, which a policy does not describe.
pub(super) fn disk_unknown(demands: &Demands<'_>, unplaced: &[usize]) -> Option<Finding> {
    let asking = unplaced.iter().filter(|pod| !demands.pods[**pod].request.ephemeral_storage.is_zero()).count();
    let message = format!("{asking} unplaced pods ask for ephemeral storage; new nodes count as having enough");
    (asking > 0).then(|| Finding::new(&NEW_NODE_DISK_UNKNOWN, "cluster", message).counted(asking as u64))
}

fn keeps_off_new_node(ground: Ground<'_, '_>, pod: usize) -> String {
    let Ground { demands, new_node, .. } = ground;
    if let Some(barrier) = barrier(&new_node.site, demands.pods[pod].spec) {
        return format!("{barrier} does not match it");
    }
    let need = demands.need(pod);
    let [cpu, memory, ..]: Amounts = need.amounts;
    let [free_cpu, free_memory, _, free_pods] = new_node.free.amounts;
    let millicores = |amount| print_cpu(Millicores::new(amount));
    let bytes = |amount| print_bytes(Bytes::new(amount));
    if free_pods == 0 {
        return format!("its {} DaemonSet pods leave no room on it", new_node.daemon_pods);
    }
    if memory > free_memory {
        return format!("it asks for {} memory, a new node has {} left", bytes(memory), bytes(free_memory));
    }
    if cpu > free_cpu {
        return format!("it asks for {} CPU, a new node has {} left", millicores(cpu), millicores(free_cpu));
    }
    let lacking = demands.pods[pod].request.extended.iter().find(|(_, amount)| **amount > 0);
    lacking.map_or_else(String::new, |(name, amount)| format!("it asks for {amount} {name}, a new node has none"))
}
