//! Headroom as it is written.

use serde::Serialize;

use super::wire::Number;
use crate::placement;
use crate::resources::Resources;

/// Capacity after the change, and as it is today.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Headroom<'a> {
    /// Shares free in the whole cluster; `null` without nodes.
    cluster: Option<Fill>,
    /// The cluster before the change.
    today: Today<'a>,
    /// The single node whose loss hurts most; `null` with fewer than two nodes.
    worst_node_loss: Option<NodeLoss<'a>>,
    /// How many nodes of the policy's pool to add.
    nodes_to_add: u64,
    /// Which, why and at what price.
    nodes_to_add_detail: NodesToAdd<'a>,
    /// Each zone.
    zones: Vec<Zone<'a>>,
    /// Each node, in inventory order.
    nodes: Vec<Node<'a>>,
    /// Pods that fit nowhere.
    unplaced: Vec<Unplaced<'a>>,
    /// What runs out first, in words.
    binding: &'a str,
}

/// The cluster as it is.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Today<'a> {
    /// Shares free; `null` without nodes.
    cluster: Option<Fill>,
    /// The single node whose loss hurts most.
    worst_node_loss: Option<NodeLoss<'a>>,
    /// How many pods fit nowhere.
    unplaced: u64,
    /// What runs out first, in words.
    binding: &'a str,
}

/// Requested against allocatable.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Fill {
    /// Share of CPU free, at most 1; below 0 when overcommitted.
    cpu: Number,
    /// Share of memory free.
    memory: Number,
    /// Share of pod slots free.
    pods: Number,
    /// What pods may use.
    allocatable: Amounts,
    /// What pods ask for.
    requested: Amounts,
    /// CPU free on nodes that hold no further pod of the typical shape.
    stranded_cpu_millicores: u64,
    /// Memory free on nodes that hold no further pod of the typical shape.
    stranded_memory_bytes: u64,
    /// Further pods of the typical shape that fit.
    usable_pods: u64,
}

/// Amounts of resources.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Amounts {
    /// CPU.
    cpu_millicores: u64,
    /// Memory.
    memory_bytes: u64,
    /// Pods.
    pods: u64,
}

/// What losing a node would do.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct NodeLoss<'a> {
    /// The node.
    node: &'a str,
    /// Pods that would fit nowhere.
    unplaced: u64,
    /// Pods that would have to move.
    displaced: u64,
}

/// Nodes to add.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct NodesToAdd<'a> {
    /// The node pool.
    pool: &'a str,
    /// What made the last of them necessary; empty for none.
    reason: &'a str,
    /// Their price together; 0 where the policy has none.
    price_per_hour: Number,
    /// Why no number of them would do; `null` where one does.
    infeasible: Option<&'a str>,
}

/// A zone.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Zone<'a> {
    /// Name; `-` for nodes without one.
    zone: &'a str,
    /// Its fill.
    #[serde(flatten)]
    fill: Fill,
}

/// A node.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Node<'a> {
    /// Name.
    node: &'a str,
    /// Zone; `-` without one.
    zone: &'a str,
    /// Whether new pods may be placed on it.
    schedulable: bool,
    /// Part of the CPU request that mesh proxies make.
    mesh_cpu_millicores: u64,
    /// Part of the memory request that mesh proxies make.
    mesh_memory_bytes: u64,
    /// Its fill.
    #[serde(flatten)]
    fill: Fill,
}

/// A pod that fits nowhere.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Unplaced<'a> {
    /// Namespace.
    namespace: &'a str,
    /// Name.
    name: &'a str,
    /// Why.
    reason: &'a str,
}

impl<'a> Headroom<'a> {
    /// Capacity after the change and today.
    pub fn new(after: &'a placement::Headroom, today: &'a placement::Headroom) -> Self {
        let nodes = &after.nodes_to_add;
        Self {
            cluster: after.cluster.as_ref().map(Fill::from),
            today: Today {
                cluster: today.cluster.as_ref().map(Fill::from),
                worst_node_loss: today.worst_node_loss.as_ref().map(NodeLoss::from),
                unplaced: today.unplaced.len() as u64,
                binding: &today.binding,
            },
            worst_node_loss: after.worst_node_loss.as_ref().map(NodeLoss::from),
            nodes_to_add: nodes.count,
            nodes_to_add_detail: NodesToAdd {
                pool: &nodes.pool,
                reason: &nodes.reason,
                price_per_hour: Number::new(nodes.price.amount()),
                infeasible: nodes.infeasible.as_deref(),
            },
            zones: after.zones.iter().map(|(zone, fill)| Zone { zone, fill: fill.into() }).collect(),
            nodes: after.nodes.iter().map(Node::from).collect(),
            unplaced: after.unplaced.iter().map(Unplaced::from).collect(),
            binding: &after.binding,
        }
    }
}

impl From<&placement::Fill> for Fill {
    fn from(fill: &placement::Fill) -> Self {
        Self {
            cpu: Number::new(fill.cpu_headroom()),
            memory: Number::new(fill.memory_headroom()),
            pods: Number::new(fill.pod_headroom()),
            allocatable: amounts(&fill.allocatable, fill.allocatable_pods),
            requested: amounts(&fill.requested, fill.pods),
            stranded_cpu_millicores: fill.stranded_cpu.get(),
            stranded_memory_bytes: fill.stranded_memory.get(),
            usable_pods: fill.usable_pods,
        }
    }
}

fn amounts(resources: &Resources, pods: u64) -> Amounts {
    Amounts { cpu_millicores: resources.cpu.get(), memory_bytes: resources.memory.get(), pods }
}

impl<'a> From<&'a placement::NodeLoss> for NodeLoss<'a> {
    fn from(loss: &'a placement::NodeLoss) -> Self {
        Self { node: &loss.node, unplaced: loss.unplaced, displaced: loss.displaced }
    }
}

impl<'a> From<&'a placement::NodeFill> for Node<'a> {
    fn from(node: &'a placement::NodeFill) -> Self {
        Self {
            node: &node.name,
            zone: &node.zone,
            schedulable: node.schedulable,
            mesh_cpu_millicores: node.mesh.cpu.get(),
            mesh_memory_bytes: node.mesh.memory.get(),
            fill: (&node.fill).into(),
        }
    }
}

impl<'a> From<&'a placement::Unplaced> for Unplaced<'a> {
    fn from(unplaced: &'a placement::Unplaced) -> Self {
        Self { namespace: &unplaced.pod.namespace, name: &unplaced.pod.name, reason: &unplaced.reason }
    }
}
