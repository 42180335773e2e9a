//! The plan: one immutable value holding the answer and everything needed to explain it.

mod advice;
mod application_use;
mod bands;
mod build;
mod checks;
mod responses;
mod savings;
mod scenarios;
mod scoping;
mod totals;
mod verdict;
mod words;

pub use application_use::{ApplicationUse, Used};
pub use build::{Inputs, findings};
pub use responses::{ResponseObjective, WorkloadResponse, assumed_traffic};
pub use savings::{Scoped, ScopedBy};
pub use scoping::{Scoping, ScopingBasis, called, scoping};

use crate::card::ModelCard;
use crate::estimate::Estimate;
use crate::finding::Finding;
use crate::mesh::{CniAgents, ProxyMode, Scope, VisibleConfig, WorkloadFeatures};
pub use crate::overhead::SizingVerdict;
use crate::overhead::{BusiestZtunnel, ControlPlane, FeatureCost, MemoryCheck, Pool, ProxyCost};
use crate::placement::Headroom;
use crate::policy::Policy;
use crate::resilience::Resilience;
use crate::scenario::Matrix;
use crate::telemetry::{Observability, WorkloadTelemetry};
use crate::units::{Cores, Memory, Ratio, Share};

/// The answer to "what will the mesh cost, and does it fit".
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Where the inventory came from.
    pub inputs: Vec<Input>,
    /// The model card used.
    pub card: CardId,
    /// What was wanted.
    pub policy: Policy,
    /// The answer in one sentence.
    pub verdict: Verdict,
    /// Sums over the cluster.
    pub totals: Totals,
    /// istiod.
    pub control_plane: ControlPlane,
    /// The mesh today and under each scoping that changes anything; empty where none does.
    pub savings: Vec<Scoped>,
    /// What observing the mesh costs.
    pub telemetry: Observability,
    /// Every workload, by namespace, kind and name.
    pub workloads: Vec<WorkloadPlan>,
    /// Response times of the workloads for which any were measured, in the order of the workloads.
    pub responses: Vec<WorkloadResponse>,
    /// One ztunnel, where there are ambient workloads.
    pub ztunnel: Option<ProxyCost>,
    /// The ztunnel that carries most, where it is known.
    pub busiest_ztunnel: Option<BusiestZtunnel>,
    /// The istio-cni agents that run or are to come.
    pub cni: CniAgents,
    /// Capacity before the mesh change: the cluster as it is.
    pub headroom_today: Headroom,
    /// Capacity after it.
    pub headroom: Headroom,
    /// The scenarios the policy asks for, the cluster as planned first; empty where it asks for none.
    pub scenarios: Matrix,
    /// Whether canaries carry their share, and what is left carries the load once hosts or a zone are gone.
    pub resilience: Resilience,
    /// The field's rules of thumb against this plan.
    pub bands: Vec<Band>,
    /// What was noticed, gravest first.
    pub findings: Vec<Finding>,
    /// What costs capacity but is not in these figures.
    pub not_modelled: Vec<String>,
}

/// One input of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Path or `-`.
    pub name: String,
    /// Objects read from it, by kind.
    pub objects: Vec<(String, u64)>,
}

/// Which model card was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardId {
    /// Name, e.g. `istio-1.24`.
    pub name: String,
    /// Title in words.
    pub title: String,
    /// Date of the card.
    pub date: String,
}

impl CardId {
    /// How a card is called.
    #[must_use]
    pub fn of(card: &ModelCard) -> Self {
        Self { name: card.name().to_owned(), title: card.title().to_owned(), date: card.date().to_owned() }
    }
}

/// The answer in words, and the checks it follows from.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// How it stands with the policy.
    pub outcome: Outcome,
    /// What the policy asks for, one by one; empty where there is nothing to judge.
    pub checks: Vec<Check>,
    /// What the mesh costs, and every reason for the outcome.
    pub sentence: String,
    /// Up to a handful of lines: what to do next.
    pub advice: Vec<String>,
}

/// One demand of the policy and how it is met.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Check {
    /// What is asked for.
    pub kind: CheckKind,
    /// The figure as the cluster is, in the unit of the kind; `None` where it cannot be said.
    pub today: Option<f64>,
    /// The figure after the change.
    pub planned: f64,
    /// The least headroom, or the most pods without a place, that the policy accepts.
    pub limit: f64,
    /// Whether the planned figure meets the limit.
    pub met: bool,
}

/// What a policy asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckKind {
    /// Pods that fit on no node; a count, at most the limit.
    UnplacedPods,
    /// Share of CPU that no pod requests, at least the limit; below 0 when overcommitted.
    CpuHeadroom,
    /// Share of memory that no pod requests, at least the limit.
    MemoryHeadroom,
    /// Pods that fit nowhere once the node whose loss hurts most is gone; a count, at most the limit.
    NodeLoss,
    /// Objectives on response times that are missed; a count, at most the limit.
    ResponseTimes,
}

/// How a plan stands with its policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything fits and the policy is met.
    Fits,
    /// Everything fits, but the headroom target or node-loss survival is not met.
    Tight,
    /// Some pods cannot be placed.
    DoesNotFit,
    /// There are no nodes or no pods to judge: the mesh was sized, capacity was not.
    Unjudged,
}

/// Sums over the cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Totals {
    /// Nodes.
    pub nodes: u64,
    /// Pods that hold or want capacity.
    pub pods: u64,
    /// Pods in the input that have ended: they hold no capacity and are not among [`Self::pods`].
    pub finished_pods: u64,
    /// Workloads.
    pub workloads: u64,
    /// Envoy proxies: sidecars, gateways, waypoints.
    pub proxies: u64,
    /// Those of them that do not run yet.
    pub planned_proxies: u64,
    /// Pods captured by ztunnel.
    pub ambient_pods: u64,
    /// Ztunnels: one per node where there are ambient pods.
    pub ztunnels: u64,
    /// Memory of all proxies and ztunnels.
    pub proxy_memory: Estimate<Memory>,
    /// CPU of all proxies and ztunnels.
    pub proxy_cpu: Estimate<Cores>,
    /// CPU of the applications: measured, else requested.
    pub app_cpu: Cores,
    /// Memory of the applications: measured, else requested.
    pub app_memory: Memory,
    /// Share of workloads whose application usage was measured, in [0, 1].
    pub app_measured_share: f64,
    /// How much of what applications request they use, in the mesh or not, where it was measured.
    pub application_use: ApplicationUse,
    /// Proxy memory over application memory; `None` where the application declares nothing.
    pub memory_overhead: Option<Estimate<Ratio>>,
    /// Proxy CPU over application CPU.
    pub cpu_overhead: Option<Estimate<Ratio>>,
    /// CPU that proxy requests reserve.
    pub proxy_cpu_requested: Cores,
    /// Memory that proxy requests reserve.
    pub proxy_memory_requested: Memory,
    /// CPU reserved beyond what the policy's quantile needs, summed over proxies that reserve too much.
    pub cpu_wasted: Cores,
    /// Memory reserved beyond what is needed.
    pub memory_wasted: Memory,
    /// CPU that proxies need beyond what they request, summed over proxies that request too little.
    pub cpu_missing: Cores,
    /// Memory that proxies need beyond what they request.
    pub memory_missing: Memory,
    /// Proxies whose memory limit is below their start-up peak's upper bound, or below what was measured with the
    /// policy's reserve.
    pub proxies_at_risk: u64,
    /// How well the law of memory describes the proxies that were measured; `None` where none was.
    pub memory_check: Option<MemoryCheck>,
}

/// One workload in the plan.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkloadPlan {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: String,
    /// Replicas planned for.
    pub replicas: u64,
    /// How they were found.
    pub replicas_basis: String,
    /// Autoscaler bounds, if any.
    pub autoscaler: Option<(u64, u64)>,
    /// Its part in the mesh.
    pub mode: ProxyMode,
    /// Why.
    pub reason: String,
    /// Whether its proxies run already.
    pub proxy_present: bool,
    /// Worker threads of each proxy; 0 without one.
    pub workers: u32,
    /// Requests per second through each proxy.
    pub rps_per_proxy: f64,
    /// Whether that was measured.
    pub rps_measured: bool,
    /// Open connections of each proxy.
    pub connections_per_proxy: f64,
    /// Configuration each proxy is sent.
    pub visible: VisibleConfig,
    /// Why that, and what it is made of.
    pub scope: Scope,
    /// What each proxy does for its requests, and what decided it.
    pub features: WorkloadFeatures,
    /// Share of its requests that come in.
    pub inbound: Share,
    /// What each feature adds to each proxy.
    pub feature_costs: Vec<FeatureCost>,
    /// What each proxy costs.
    pub proxy: Option<ProxyCost>,
    /// Its replicas against the need, where it is a gateway or waypoint.
    pub pool: Option<Pool>,
    /// Whether a waypoint carries what it receives.
    pub waypoint: BehindWaypoint,
    /// CPU of the application over all replicas.
    pub app_cpu: Cores,
    /// Memory of the application over all replicas.
    pub app_memory: Memory,
    /// Whether application usage was measured.
    pub app_measured: bool,
    /// How the declared proxy resources compare with the need.
    pub sizing: Vec<SizingVerdict>,
    /// What it gives to observe; `None` outside the mesh.
    pub telemetry: Option<WorkloadTelemetry>,
}

impl WorkloadPlan {
    /// Whether its proxies may be killed: their memory limit is below the start-up peak, or close to what was measured.
    #[must_use]
    pub fn may_be_killed(&self) -> bool {
        let kills = [SizingVerdict::MemoryLimitBelowPeak, SizingVerdict::MemoryLimitNearMaximum];
        self.sizing.iter().any(|verdict| kills.contains(verdict))
    }
}

/// Whether a waypoint carries what a workload receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BehindWaypoint {
    /// None does.
    #[default]
    None,
    /// One that runs already.
    Running,
    /// One that is to come.
    Coming,
}

/// A rule of thumb of the field, checked against the plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Band {
    /// The rule, e.g. `50–100 MB per sidecar`.
    pub rule: String,
    /// The plan's figure in words.
    pub found: String,
    /// Whether the figure lies in the band; `None` where it cannot be said.
    pub inside: Option<bool>,
    /// Why, and what decides.
    pub why: String,
}
