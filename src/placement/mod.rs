//! Where every pod goes, and what capacity is left: headroom, node loss, nodes to add.
//!
//! The seam to the rest: [`PodDemand`]s and nodes come in, [`Headroom`] comes out. Which packer
//! decides stays inside.

use crate::finding::Finding;
use crate::inventory::{ObjectName, PodSpec};
use crate::resources::Resources;
use crate::units::{Bytes, Millicores, MoneyPerHour};

/// A pod as the packer sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PodDemand<'a> {
    /// Namespace and name.
    pub name: &'a ObjectName,
    /// Where it may run.
    pub spec: &'a PodSpec,
    /// What it asks for, proxy included.
    pub request: &'a Resources,
    /// The part of the request that its mesh proxy makes; zero without one.
    pub mesh: &'a Resources,
    /// Index of the node it runs on today.
    pub node: Option<usize>,
    /// Whether it can move.
    pub mobility: Mobility,
}

/// Whether a pod can be placed elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mobility {
    /// Anywhere its constraints allow.
    Free,
    /// One per node, as DaemonSets do; it goes when its node goes.
    PerNode,
    /// Bound to its node, as static pods are; it goes when its node goes.
    Bound,
}

/// How full the cluster is, and what it takes to meet the policy.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Headroom {
    /// Requested and allocatable of the whole cluster; `None` without nodes.
    pub cluster: Option<Fill>,
    /// The same per zone, by name; nodes without a zone label count under `-`.
    pub zones: Vec<(String, Fill)>,
    /// The same per node, in inventory order.
    pub nodes: Vec<NodeFill>,
    /// Pods that fit nowhere on the present nodes, with the reason.
    pub unplaced: Vec<Unplaced>,
    /// The single node whose loss hurts most; `None` with fewer than two nodes.
    pub worst_node_loss: Option<NodeLoss>,
    /// What to add so that everything fits, the target stays free and a node may be lost.
    pub nodes_to_add: NodesToAdd,
    /// The resource that runs out first, in words: `memory`, `cpu`, `pods`, or the constraint met.
    pub binding: String,
    /// What was noticed.
    pub findings: Vec<Finding>,
}

/// Requested against allocatable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fill {
    /// What pods may use.
    pub allocatable: Resources,
    /// Pods allowed.
    pub allocatable_pods: u64,
    /// What pods ask for, proxies included.
    pub requested: Resources,
    /// Pods placed.
    pub pods: u64,
    /// CPU free on nodes where no memory or pod slot is left for a typical pod: it cannot be used.
    pub stranded_cpu: Millicores,
    /// Memory free on nodes where no CPU or pod slot is left for a typical pod.
    pub stranded_memory: Bytes,
    /// Further pods of the typical shape (median request) that still fit.
    pub usable_pods: u64,
}

/// How full one node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeFill {
    /// Name.
    pub name: String,
    /// Zone, or `-`.
    pub zone: String,
    /// Its fill.
    pub fill: Fill,
    /// Part of the request that mesh proxies make.
    pub mesh: Resources,
    /// Whether new pods may be placed on it.
    pub schedulable: bool,
}

/// A pod that fits nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unplaced {
    /// Namespace and name.
    pub pod: ObjectName,
    /// Why: `memory on 5 nodes, taint dedicated=gpu on 1`.
    pub reason: String,
}

/// What losing one node would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeLoss {
    /// The node.
    pub node: String,
    /// Pods that would have to move.
    pub displaced: u64,
    /// Pods among them that would fit nowhere.
    pub unplaced: u64,
}

/// Nodes to add, and why.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NodesToAdd {
    /// How many of the policy's node pool.
    pub count: u64,
    /// Name of the node pool.
    pub pool: String,
    /// What made the last of them necessary: `headroom target`, `node loss`, `unplaced pods`; empty for none.
    pub reason: String,
    /// Their price together; zero where the policy has no price.
    pub price: MoneyPerHour,
    /// Whether no number of these nodes would do, e.g. a pod larger than the node.
    pub infeasible: Option<String>,
}

impl Fill {
    /// CPU free as a share of allocatable: `1 − requested ÷ allocatable`; negative when overcommitted.
    #[must_use]
    pub fn cpu_headroom(&self) -> f64 {
        headroom(self.requested.cpu.get(), self.allocatable.cpu.get())
    }

    /// Memory free as a share of allocatable.
    #[must_use]
    pub fn memory_headroom(&self) -> f64 {
        headroom(self.requested.memory.get(), self.allocatable.memory.get())
    }

    /// Pod slots free as a share of those allowed.
    #[must_use]
    pub fn pod_headroom(&self) -> f64 {
        headroom(self.pods, self.allocatable_pods)
    }
}

fn headroom(requested: u64, allocatable: u64) -> f64 {
    if allocatable == 0 { 0.0 } else { 1.0 - requested as f64 / allocatable as f64 }
}
