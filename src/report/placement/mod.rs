//! Where pods go, and how the nodes answer one of them: arranged as documents, and as JSON.

mod answers;
mod chapters;
mod json;

pub use answers::document as answers;
pub use chapters::document;
pub use json::render as json;
#[cfg(feature = "schema")]
pub use json::schema;

pub use super::node_strips::{NodeUse, Use};
use crate::finding::Finding;

/// Where pods go by two ways of packing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PlacementReport {
    /// Version of Kubernetes whose rules hold.
    pub version: String,
    /// Seed of ties.
    pub seed: u64,
    /// Nodes of the inventory.
    pub nodes: u64,
    /// How full each node is once pods are placed; one that offers nothing is not drawn.
    pub fills: Vec<NodeUse>,
    /// Share of a node that may be requested by policy, in [0, 1].
    pub ceiling: f64,
    /// The packing asked for.
    pub chosen: Packed,
    /// The other, for comparison.
    pub other: Packed,
    /// How decisions compare with those of a trace.
    pub agreement: Option<Agreed>,
    /// What was noticed.
    pub findings: Vec<Finding>,
}

/// Where pods go by one way of packing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Packed {
    /// `scheduler` or `first-fit-decreasing`.
    pub pack: &'static str,
    /// Pods that were there and stayed.
    pub kept: u64,
    /// Pods placed, with their nodes.
    pub placed: Vec<(String, String)>,
    /// Pods that found no node, with what kept them off how many nodes.
    pub unplaced: Vec<(String, Vec<(String, u64)>)>,
    /// Pods that had to go, and for whom.
    pub preempted: Vec<(String, String)>,
    /// Decisions taken.
    pub decisions: u64,
    /// Decisions with more than one best node.
    pub ties: u64,
    /// Nodes with at least one pod.
    pub nodes_used: u64,
    /// No packing uses fewer nodes.
    pub lower_bound: u64,
    /// Nodes to add.
    pub nodes_to_add: u64,
    /// Pods that new nodes do not help.
    pub impossible: u64,
    /// Whether no more nodes than these were tried, so that further ones might help them.
    pub cut_short: bool,
}

/// How decisions compare with those of a trace.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Agreed {
    /// Name of the trace.
    pub trace: String,
    /// The same node.
    pub same: u64,
    /// Another node that scores as well.
    pub ties: u64,
    /// Other nodes, each with the reason.
    pub different: Vec<(String, String)>,
    /// Pods that only one of the two decided on.
    pub unmatched: u64,
    /// Scores that both have.
    pub scores: u64,
    /// Scores among them that differ.
    pub different_scores: u64,
}

/// How the nodes answer one pod.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PodAnswers {
    /// The pod.
    pub pod: String,
    /// Node it is on.
    pub on: Option<String>,
    /// Version of Kubernetes whose rules hold.
    pub version: String,
    /// Every node.
    pub nodes: Vec<NodeAnswers>,
}

/// How one node answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeAnswers {
    /// Its name.
    pub node: String,
    /// Filter that refuses, and why.
    pub refusal: Option<(&'static str, String)>,
    /// Plugin, raw, normalised and weighted score.
    pub scores: Vec<(&'static str, i64, i64, i64)>,
    /// Sum of the weighted scores.
    pub total: i64,
}
