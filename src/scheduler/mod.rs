//! Kubernetes' scheduler: where it would put every pod, why it refuses nodes, and how it scores them.
//!
//! Every default filter and score of the versions 1.32 to 1.36, one plugin a file in `plugins`; the cycle of
//! `schedule_one.go` around them with its order of nodes, its share of nodes looked at, its ties and its
//! preemption. Pods that are alike are one class; amounts lie in columns by node; what a class knows of a node
//! is kept until a pod comes or goes there; pods per domain are counted as they come and go. [`schedule`]
//! places pods, [`explain`] answers for one of them, and a
//! [`Session`] forks a placed cluster to ask what changes would do.

mod add;
mod bound;
mod claims;
mod class;
mod compile;
mod counter;
mod cycle;
mod explain;
mod first_fit;
mod fork;
mod fill;
mod findings;
mod ground;
mod judge;
mod live;
mod loss;
mod matcher;
mod nodes;
mod plugins;
mod preempt;
mod profile;
mod queue;
mod reason;
mod request;
mod run;
mod session;
mod state;
mod ties;
mod topology;
mod version;
mod why;

#[cfg(test)]
mod tests;

pub use add::Addition;
pub use explain::{Explanation, NodeAnswer, explain};
pub use fill::{NodeFill, fills};
pub use findings::FINDINGS;
pub use fork::Fork;
pub use judge::{Agreement, Follow, Judge, TracedDecision};
pub use live::Live;
pub use loss::{Loss, worst};
pub use plugins::Plugin;
pub use profile::{DefaultSpread, Profile, ScoringStrategy, StrategyKind};
pub use reason::{Reason, Shortage};
pub use request::{PodRequest, pod_request};
pub use run::schedule;
pub use session::{Absent, Session};
pub use ties::TieBreak;
pub use version::{KubernetesVersion, UnknownVersion};

use crate::finding::Finding;
use crate::inventory::objects::NodeResources;
use crate::inventory::{Inventory, Node, ObjectName};

/// What is to be placed, where, and by which rules.
#[derive(Debug, Clone, Copy)]
pub struct Scheduling<'a> {
    /// Nodes and pods. Pods on a node stay; those without one are placed.
    pub inventory: &'a Inventory,
    /// What each node of the inventory offers; a missing entry offers nothing.
    pub offered: &'a [NodeResources],
    /// Rules and weights.
    pub profile: &'a Profile,
    /// Which node is taken of those that fit.
    pub pack: Pack,
    /// How ties are broken.
    pub ties: TieBreak,
    /// Whether pods that can move are taken off their nodes first: all but those of DaemonSets and static pods.
    pub reschedule: bool,
    /// A node as it would join the cluster, and what it offers; `None` adds none.
    pub new_node: Option<(&'a Node, &'a NodeResources)>,
    /// Decisions to follow: pods go in that order, each to the node it went to there, if it fits.
    pub follow: Option<&'a Follow>,
}

/// Which node is taken of those that fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pack {
    /// The best score, pods by priority and age.
    #[default]
    Scheduler,
    /// The first by name, pods by priority and size: what autoscalers reckon with.
    FirstFitDecreasing,
}

/// Where pods go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Placement {
    /// Pods that were placed, by index in [`Inventory::pods`], with the index of their node.
    pub placed: Vec<(usize, usize)>,
    /// Pods that were there already and stayed.
    pub kept: u64,
    /// Pods that found no node, by index.
    pub unplaced: Vec<Unplaced>,
    /// Pods that had to go for others, in the order in which they went: pod and its successor's cause.
    pub preempted: Vec<(usize, usize)>,
    /// Decisions taken.
    pub decisions: u64,
    /// Decisions with more than one best node.
    pub ties: u64,
    /// Nodes with at least one pod.
    pub nodes_used: u64,
    /// No packing of the pods that have a node uses fewer nodes than this.
    pub lower_bound: u64,
    /// Nodes to add for those that found none.
    pub addition: Option<Addition>,
    /// What was noticed.
    pub findings: Vec<Finding>,
}

/// A pod that found no node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unplaced {
    /// Index in [`Inventory::pods`].
    pub pod: usize,
    /// What kept it off how many nodes, most frequent first.
    pub reasons: Vec<(String, u64)>,
}

/// A decision as it is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision<'a> {
    /// The pod.
    pub pod: &'a ObjectName,
    /// Node chosen; `None` where none fits.
    pub chosen: Option<&'a str>,
    /// Nodes that fit and were found, with the scores of every plugin; a nominated node, or one that others had
    /// to leave, has none.
    pub nodes: Vec<ScoredNode<'a>>,
    /// Pods that had to leave the node for it.
    pub victims: Vec<&'a ObjectName>,
}

/// A node that fits, and its scores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoredNode<'a> {
    /// Its name.
    pub node: &'a str,
    /// Scores by plugin, in the order of the plugins; none where it was the only node.
    pub scores: Vec<PluginScore>,
}

/// One plugin's score of one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PluginScore {
    /// The plugin.
    pub plugin: Plugin,
    /// As the plugin counts.
    pub raw: i64,
    /// Brought to 0 … 100 over the nodes that fit.
    pub normalised: i64,
    /// Times the plugin's weight.
    pub weighted: i64,
}

impl ScoredNode<'_> {
    /// Sum of its weighted scores.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.scores.iter().fold(0, |sum, score| sum.saturating_add(score.weighted))
    }
}
