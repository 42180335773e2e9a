//! One inventory under each way to run a mesh, side by side: without one, with sidecars, in ambient mode with and
//! without waypoints.
//!
//! A mode is a changed policy; [`compare`] plans the inventory under each and takes out of the plans what can be set
//! side by side. Differences are of like parts: see [`Saving`].

mod compare;
mod hop;
mod mode;
mod parts;
mod saving;

pub use compare::compare;
pub use hop::AddedTime;
pub use mode::MeshMode;
pub use parts::{Part, PartKind};
pub use saving::{Saving, Sureness};

use crate::estimate::Estimate;
use crate::finding::Finding;
use crate::overhead::BusiestZtunnel;
use crate::placement::{Fill, NodesToAdd};
use crate::plan::{CardId, Input, Outcome, WorkloadResponse};
use crate::policy::Policy;
use crate::units::{Bytes, Cores, Memory, Millicores, MoneyPerHour, Seconds};

/// Hours of a month: 8,760 hours a year over twelve.
pub const HOURS_PER_MONTH: f64 = 730.0;

/// One inventory in several modes.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Where the inventory came from.
    pub inputs: Vec<Input>,
    /// The model card used.
    pub card: CardId,
    /// What was wanted, but for what each mode changes of it.
    pub policy: Policy,
    /// Nodes of the cluster.
    pub nodes: u64,
    /// How full the cluster is today; `None` without nodes.
    pub today: Option<Fill>,
    /// What the mesh is for; the same in every mode.
    pub application: Application,
    /// The modes, in the order in which they were asked for, each once.
    pub modes: Vec<ModePlan>,
    /// Memory that the mesh uses less, for each mode but the cheapest, against the cheapest that is a mesh.
    pub memory_savings: Vec<Saving<Memory>>,
    /// The same of CPU.
    pub cpu_savings: Vec<Saving<Cores>>,
    /// What was noticed in every mode, gravest first.
    pub findings: Vec<Finding>,
}

/// The workloads that are in the mesh, or are to be, without their proxies.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Application {
    /// Workloads.
    pub workloads: u64,
    /// Their replicas.
    pub pods: u64,
    /// Their CPU: measured, else requested.
    pub cpu: Cores,
    /// Their memory: measured, else requested.
    pub memory: Memory,
}

/// An inventory planned in one mode.
#[derive(Debug, Clone, PartialEq)]
pub struct ModePlan {
    /// The mode.
    pub mode: MeshMode,
    /// What the mesh is made of, in the order of [`PartKind::ALL`].
    pub parts: Vec<Part>,
    /// Memory of all parts.
    pub memory: Estimate<Memory>,
    /// CPU of all parts.
    pub cpu: Estimate<Cores>,
    /// CPU that all parts request.
    pub cpu_requested: Millicores,
    /// Memory that all parts request.
    pub memory_requested: Bytes,
    /// What the mesh requests, in nodes of the policy's pool: the larger of its shares of CPU and memory.
    pub worth_in_nodes: f64,
    /// How it stands with the policy.
    pub outcome: Outcome,
    /// How full the cluster is then; `None` without nodes.
    pub cluster: Option<Fill>,
    /// Pods without a place.
    pub unplaced: u64,
    /// Nodes to add.
    pub nodes_to_add: NodesToAdd,
    /// What the proxies on the way of one call add to it; why that cannot be said where it cannot.
    pub added: Result<AddedTime, String>,
    /// Response times of the workloads for which any were measured.
    pub responses: Vec<WorkloadResponse>,
    /// The ztunnel that carries most, where it is known.
    pub busiest_ztunnel: Option<BusiestZtunnel>,
    /// What was noticed in this mode, but not in all.
    pub findings: Vec<Finding>,
}

impl ModePlan {
    /// A part of it; `None` where it has none.
    #[must_use]
    pub fn part(&self, kind: PartKind) -> Option<&Part> {
        self.parts.iter().find(|part| part.kind == kind && part.count > 0)
    }

    /// Price of the nodes to add, for a month.
    #[must_use]
    pub fn price_of_nodes(&self) -> f64 {
        self.nodes_to_add.price.amount() * HOURS_PER_MONTH
    }

    /// Price of what the mesh requests, for a month, at the price of one node.
    #[must_use]
    pub fn price_of_requests(&self, node: MoneyPerHour) -> f64 {
        self.worth_in_nodes * node.amount() * HOURS_PER_MONTH
    }

    /// What a call is held up by the mesh on average; nothing without proxies.
    #[must_use]
    pub fn added_mean(&self) -> Option<Seconds> {
        self.added.as_ref().ok().map(|added| added.total.value)
    }
}
