//! What takes time: draining nodes, rolling out workloads, restarting a data plane, upgrading by revision.
//!
//! A course is played event by event on a live scheduler: pods begin, become ready, end; controllers and drains
//! answer each event as Kubernetes' own do. It ends when all is done, or names what it is stuck on. Every
//! moment at which something happens is a [`Wave`].

mod budget;
mod daemon;
mod drain;
mod fleet;
mod leaving;
mod limits;
mod play;
mod record;
mod replace;
mod restart;
mod rolling;
mod rollout;
mod room;
mod stage;
mod stateful;
mod timing;
mod upgrade;
mod waiting;

#[cfg(test)]
mod tests;

use std::fmt;

pub use drain::{Drain, drain};
pub use restart::{Restart, restart};
pub use rollout::{Rollout, rollout};
pub use room::{Room, room};
pub use upgrade::{Upgrade, Upgraded, upgrade};

use crate::inventory::objects::NodeResources;
use crate::inventory::{Inventory, ObjectName};
use crate::policy::RolloutPolicy;
use crate::resources::Resources;
use crate::scheduler::{Profile, TieBreak};
use crate::units::Seconds;

/// What a course is played on. Pods of the inventory that have no node are placed before it begins; those on nodes
/// that are not in the inventory, and those that scheduling gates keep back, are left out.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// Nodes and pods, as planned.
    pub inventory: &'a Inventory,
    /// What each node of the inventory offers; a missing entry offers nothing.
    pub offered: &'a [NodeResources],
    /// Rules of the scheduler.
    pub profile: &'a Profile,
    /// How ties are broken.
    pub ties: TieBreak,
    /// How long pods and nodes take, and how many are replaced at once.
    pub policy: &'a RolloutPolicy,
}

/// How something goes that takes time.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// Moments at which something happens, in their order. Of more than [`MOST_WAVES`] neighbours are merged.
    pub waves: Vec<Wave>,
    /// How it ends.
    pub end: End,
    /// CPU and memory of all nodes.
    pub allocatable: Resources,
    /// The worst of all moments, each amount by itself.
    pub peak: Peak,
    /// Pods that were begun in place of others.
    pub replaced: u64,
    /// Pods that nothing makes anew, because no controller owns them.
    pub lost: u64,
    /// Pods that stay as they are, by reason.
    pub untouched: Vec<(Untouched, u64)>,
    /// Pods without a node in the end that had one, or were begun, in its course.
    pub waiting: Vec<Waiting>,
}

/// Waves that a course keeps at the most.
pub const MOST_WAVES: usize = 4_096;

/// A moment at which something happens.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Wave {
    /// When, from the beginning.
    pub at: Seconds,
    /// The first few nodes or workloads that are begun then.
    pub begun: Vec<String>,
    /// How many are begun.
    pub begun_count: u64,
    /// Pods that hold capacity, those that end included.
    pub pods: u64,
    /// Pods above the wanted number, those that end included.
    pub surge: u64,
    /// Pods begun then in place of others.
    pub moved: u64,
    /// Pods with a proxy among those that found a node then: each connects to istiod and asks for a certificate.
    pub connecting: u64,
    /// Pods that have a node and are not ready.
    pub starting: u64,
    /// Pods that end and still hold capacity.
    pub ending: u64,
    /// Pods without a node.
    pub waiting: u64,
    /// Evictions that disruption budgets refuse.
    pub blocked: u64,
    /// CPU and memory asked for.
    pub requested: Resources,
    /// CPU that nobody asks for on nodes that take pods, as a share of what all nodes offer; negative where they are
    /// overcommitted.
    pub cpu_headroom: f64,
    /// The same of memory.
    pub memory_headroom: f64,
}

/// The worst moments of a course, each amount by itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Peak {
    /// Most pods.
    pub pods: u64,
    /// Most pods above the wanted number.
    pub surge: u64,
    /// Most pods without a node.
    pub waiting: u64,
    /// Most pods with a proxy that found a node at one moment.
    pub connecting: u64,
    /// Most workloads or nodes under way at the same time.
    pub at_once: u64,
    /// Most asked for.
    pub requested: Resources,
    /// Least CPU headroom.
    pub cpu_headroom: f64,
    /// Least memory headroom.
    pub memory_headroom: f64,
}

/// How a course ends.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// All is done.
    Finished {
        /// How long it took.
        after: Seconds,
    },
    /// Nothing more happens though not all is done.
    Stuck {
        /// When the last thing happened.
        after: Seconds,
        /// Why.
        because: Cause,
        /// The pod that is in the way, or finds no place.
        pod: Option<ObjectName>,
        /// The node that cannot be drained.
        node: Option<String>,
    },
}

/// What a course is stuck on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// A pod fits nowhere: what keeps it off how many nodes.
    NoNode(Vec<(String, u64)>),
    /// A disruption budget lets no further pod go.
    Budget {
        /// The budget.
        budget: ObjectName,
        /// Pods that are ready.
        healthy: u64,
        /// Pods that must be.
        wanted: u64,
    },
    /// Several disruption budgets select one pod, which evictions do not support.
    SeveralBudgets(Vec<ObjectName>),
    /// A pod of a StatefulSet is not ready, and the others wait for it.
    NotReady,
}

/// Why pods stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Untouched {
    /// Their controller replaces pods only when somebody deletes them (`OnDelete`).
    OnDelete,
    /// Their ordinal lies below the partition of their StatefulSet.
    Partition,
    /// Nothing rolls them out: jobs, pods without a controller, sets without a Deployment, unknown kinds.
    NoRollout,
}

/// Pods of one workload without a node in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The first of them.
    pub pod: ObjectName,
    /// How many of its kind wait.
    pub pods: u64,
    /// What keeps them off how many nodes.
    pub reasons: Vec<(String, u64)>,
}

impl Course {
    /// How long it takes; until it is stuck where it does not finish.
    #[must_use]
    pub fn duration(&self) -> Seconds {
        match &self.end {
            End::Finished { after } | End::Stuck { after, .. } => *after,
        }
    }

    /// Whether all is done and every pod has a node.
    #[must_use]
    pub fn succeeds(&self) -> bool {
        matches!(self.end, End::Finished { .. }) && self.waiting.is_empty()
    }
}

impl Untouched {
    /// In words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OnDelete => "replaced only when deleted by hand",
            Self::Partition => "below the partition of their StatefulSet",
            Self::NoRollout => "of kinds that nothing rolls out",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoNode(reasons) if reasons.is_empty() => f.write_str("it fits on no node"),
            Self::NoNode(reasons) => {
                f.write_str("it fits on no node: ")?;
                for (index, (reason, nodes)) in reasons.iter().enumerate() {
                    let separator = if index == 0 { "" } else { ", " };
                    match nodes {
                        0 => write!(f, "{separator}{reason}")?,
                        1 => write!(f, "{separator}{reason} on 1 node")?,
                        nodes => write!(f, "{separator}{reason} on {nodes} nodes")?,
                    }
                }
                Ok(())
            }
            Self::Budget { budget, healthy, wanted } => {
                write!(f, "PodDisruptionBudget {budget} wants {wanted} ready pods and {healthy} are")
            }
            Self::SeveralBudgets(budgets) => {
                f.write_str("evictions do not support several PodDisruptionBudgets of one pod: ")?;
                for (index, budget) in budgets.iter().enumerate() {
                    write!(f, "{}{budget}", if index == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
            Self::NotReady => f.write_str("it is not ready, and the other pods of its StatefulSet wait for it"),
        }
    }
}
