//! Pods and their containers.

use std::sync::Arc;

use super::{
    Labels, NodeSelectorTerm, ObjectName, PodAffinity, PreferredNodeTerm, Toleration, TopologySpread, Volume,
    WholeSeconds,
};
use crate::resources::{Declared, Requirements, Resources};

/// A pod as listed by the API server.
#[derive(Debug, Clone, PartialEq)]
pub struct PodObject {
    /// Namespace and name.
    pub name: ObjectName,
    /// Labels.
    pub labels: Arc<Labels>,
    /// Annotations that matter to a mesh or to scheduling (see [`super::is_relevant_annotation`]).
    pub annotations: Arc<Labels>,
    /// The controlling owner, if any.
    pub owner: Option<Owner>,
    /// The pod specification; pods of one template share one value.
    pub spec: Arc<PodSpec>,
    /// Node it runs on; `None` while pending.
    pub node: Option<Arc<str>>,
    /// Phase of its life.
    pub phase: PodPhase,
    /// Whether it is being deleted.
    pub terminating: bool,
    /// What its metadata and status say to the scheduler.
    pub life: PodLife,
}

/// What metadata and status of a pod say to the scheduler.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PodLife {
    /// When it was created.
    pub created: Option<Timestamp>,
    /// When its node took it in.
    pub started: Option<Timestamp>,
    /// Node that preemption made room on for it.
    pub nominated_node: Option<Arc<str>>,
    /// What containers hold, where that is not what they ask for: an in-place resize is under way.
    pub resized: Option<Arc<Resized>>,
    /// Whether it is ready; `None` where the input does not say.
    pub ready: Option<bool>,
    /// How long after its start it became ready, for the last time.
    pub ready_after: Option<WholeSeconds>,
}

/// A moment in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

/// An in-place resize that is under way.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Resized {
    /// Containers by name with what they hold: the larger of what is allocated and what they run with.
    pub containers: Vec<(String, Resources)>,
    /// Whether the node can never grant what is asked for: then that does not count.
    pub infeasible: bool,
}

/// Controlling owner of an object.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Owner {
    /// Kind, e.g. `ReplicaSet`.
    pub kind: Arc<str>,
    /// Name.
    pub name: Arc<str>,
}

/// Phase of a pod's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum PodPhase {
    /// Accepted but not running; with a node it already holds that node's capacity.
    #[default]
    Pending,
    /// Running.
    Running,
    /// All containers ended well; holds no capacity.
    Succeeded,
    /// All containers ended, at least one in failure; holds no capacity.
    Failed,
    /// The node could not be asked.
    Unknown,
}

impl PodPhase {
    /// Whether the pod has ended and holds no node capacity.
    #[must_use]
    pub fn is_finished(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }
}

/// What a pod runs and where it may run.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct PodSpec {
    /// Main containers.
    pub containers: Vec<Container>,
    /// Init containers in start order; native sidecars are those with `restartable`.
    pub init_containers: Vec<Container>,
    /// Pod-level requests and limits (`spec.resources`).
    pub pod_level: Requirements,
    /// Overhead of the runtime class (`spec.overhead`).
    pub overhead: Declared,
    /// `spec.runtimeClassName`.
    pub runtime_class: Option<String>,
    /// `spec.priorityClassName`.
    pub priority_class: Option<String>,
    /// `spec.priority` as admitted.
    pub priority: Option<i32>,
    /// `spec.nodeSelector`.
    pub node_selector: Labels,
    /// Required node affinity: terms are alternatives; an absent affinity is `None`.
    pub required_node_affinity: Option<Vec<NodeSelectorTerm>>,
    /// Preferred node affinity.
    pub preferred_node_affinity: Vec<PreferredNodeTerm>,
    /// Affinity to other pods.
    pub pod_affinity: PodAffinity,
    /// Anti-affinity to other pods.
    pub pod_anti_affinity: PodAffinity,
    /// How its kind must be spread; empty leaves it to the scheduler's defaults.
    pub topology_spread: Vec<TopologySpread>,
    /// Volumes that can decide where it runs.
    pub volumes: Vec<Volume>,
    /// `preemptionPolicy: Never`.
    pub never_preempts: bool,
    /// Whether scheduling gates keep it from being scheduled.
    pub gated: bool,
    /// `spec.schedulerName`, where it is not the default scheduler's.
    pub scheduler: Option<Arc<str>>,
    /// Tolerations.
    pub tolerations: Vec<Toleration>,
    /// Whether it asks for constraints between pods (affinity, anti-affinity, topology spread) that
    /// simple packing does not honour.
    pub has_pod_constraints: bool,
    /// Whether it mounts persistent volume claims.
    pub has_volume_claims: bool,
    /// Whether it uses the node's network.
    pub host_network: bool,
    /// How long it may take to end; `None` is Kubernetes' default.
    pub termination_grace: Option<WholeSeconds>,
}

impl PodSpec {
    /// Whether it has rules between pods that must hold.
    #[must_use]
    pub fn has_rules_between_pods(&self) -> bool {
        !self.pod_affinity.required.is_empty()
            || !self.pod_anti_affinity.required.is_empty()
            || self.topology_spread.iter().any(|spread| spread.hard)
    }
}

/// A container with what the planner needs of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Container {
    /// Name.
    pub name: String,
    /// Image reference.
    pub image: String,
    /// Requests and limits.
    pub resources: Requirements,
    /// For init containers: `restartPolicy: Always`, a native sidecar.
    pub restartable: bool,
    /// First words of the arguments, which tell Istio's proxy roles apart (`proxy sidecar`).
    pub role_arguments: Vec<String>,
    /// Container ports.
    pub ports: Vec<ContainerPort>,
    /// `--concurrency` of an Istio proxy, if given on its command line.
    pub concurrency: Option<u32>,
    /// How long after its start its probes can call it ready, at the least.
    pub probed_after: WholeSeconds,
}

/// A port of a container.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct ContainerPort {
    /// Name, often empty.
    pub name: String,
    /// Number.
    pub port: u16,
    /// Port on the node, 0 if none.
    pub host_port: u16,
    /// Protocol.
    pub protocol: Transport,
    /// Address of the node it is claimed on; empty for all.
    pub host_ip: String,
}

/// Protocol of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Transport {
    /// TCP, also where nothing is said.
    #[default]
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}
