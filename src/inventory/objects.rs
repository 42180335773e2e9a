//! Kubernetes objects as the planner needs them: the fields that cost capacity, nothing else.
//!
//! A reader turns whatever people have into these values; [`super::assemble`] makes an
//! [`super::Inventory`] of them. Environment values and Secret contents have no field here, so they
//! cannot enter the model.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::resources::{Declared, Requirements, Resources};

/// Labels or annotations, in order of their keys.
pub type Labels = BTreeMap<String, String>;

/// An object as read, with the place it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Sourced {
    /// The object.
    pub object: Object,
    /// Where it was read, for messages: file name, or archive and member.
    pub source: Arc<str>,
}

/// Every kind of object the planner reads.
#[derive(Debug, Clone, PartialEq)]
pub enum Object {
    /// `v1/Node`.
    Node(Node),
    /// `v1/Namespace`.
    Namespace(Namespace),
    /// `v1/Pod`.
    Pod(PodObject),
    /// A controller that makes pods from a template.
    Controller(Controller),
    /// `v1/Service`.
    Service(Service),
    /// `v1/Endpoints` or `discovery.k8s.io/v1/EndpointSlice`.
    Endpoints(Endpoints),
    /// `autoscaling/*/HorizontalPodAutoscaler`.
    Autoscaler(Autoscaler),
    /// `policy/*/PodDisruptionBudget`.
    DisruptionBudget(DisruptionBudget),
    /// `v1/LimitRange`.
    LimitRange(LimitRange),
    /// `v1/ResourceQuota`.
    ResourceQuota(ResourceQuota),
    /// `scheduling.k8s.io/*/PriorityClass`.
    PriorityClass(PriorityClass),
    /// `node.k8s.io/*/RuntimeClass`.
    RuntimeClass(RuntimeClass),
    /// `gateway.networking.k8s.io/*/Gateway`; waypoints are Gateways of class `istio-waypoint`.
    Gateway(Gateway),
    /// A row of a flat table: measured demand of a workload that another object describes.
    Measured(MeasuredWorkload),
}

/// Measured demand of a named workload.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasuredWorkload {
    /// Namespace and name of the workload.
    pub name: ObjectName,
    /// Kind, where the table says; otherwise any workload of that name.
    pub kind: Option<String>,
    /// The measurements.
    pub measured: super::Measured,
}

/// Namespace and name; the namespace is empty for cluster-scoped objects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ObjectName {
    /// Namespace, `default` where a namespaced object does not say.
    pub namespace: Arc<str>,
    /// Name.
    pub name: Arc<str>,
}

impl ObjectName {
    /// A namespaced name.
    #[must_use]
    pub fn new(namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            write!(f, "{}", self.name)
        } else {
            write!(f, "{}/{}", self.namespace, self.name)
        }
    }
}

/// A machine of the cluster.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Node {
    /// Name.
    pub name: Arc<str>,
    /// Labels, among them zone, region and instance type.
    pub labels: Labels,
    /// Taints.
    pub taints: Vec<Taint>,
    /// Whether it is cordoned (`spec.unschedulable`).
    pub unschedulable: bool,
    /// `spec.providerID`, e.g. `aws:///us-west-1a/i-04d8…`.
    pub provider_id: Option<String>,
    /// Whole machine, if the status says.
    pub capacity: Option<NodeResources>,
    /// What pods may use, if the status says.
    pub allocatable: Option<NodeResources>,
    /// Whether the Ready condition is true; `None` where the input has no conditions.
    pub ready: Option<bool>,
}

/// Resources of a node together with the number of pods it may run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeResources {
    /// CPU, memory, storage, extended resources.
    pub resources: Resources,
    /// Most pods at a time, if declared.
    pub pods: Option<u64>,
}

/// A node taint.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Taint {
    /// Key.
    pub key: String,
    /// Value, often empty.
    pub value: String,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    pub effect: TaintEffect,
}

/// What a taint does to pods that do not tolerate it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TaintEffect {
    /// Keeps new pods away.
    NoSchedule,
    /// Keeps new pods away if there is another place.
    PreferNoSchedule,
    /// Keeps new pods away and evicts running ones.
    NoExecute,
}

/// A namespace with the labels that decide who joins the mesh.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Namespace {
    /// Name.
    pub name: Arc<str>,
    /// Labels.
    pub labels: Labels,
    /// Annotations.
    pub annotations: Labels,
}

/// A pod as listed by the API server.
#[derive(Debug, Clone, PartialEq)]
pub struct PodObject {
    /// Namespace and name.
    pub name: ObjectName,
    /// Labels.
    pub labels: Arc<Labels>,
    /// Annotations that matter to a mesh or to scheduling (see [`is_relevant_annotation`]).
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
    /// Tolerations.
    pub tolerations: Vec<Toleration>,
    /// Whether it asks for constraints between pods (affinity, anti-affinity, topology spread) that
    /// simple packing does not honour.
    pub has_pod_constraints: bool,
    /// Whether it mounts persistent volume claims.
    pub has_volume_claims: bool,
    /// Whether it uses the node's network.
    pub host_network: bool,
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
}

/// One alternative of a required node affinity: all requirements must hold.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct NodeSelectorTerm {
    /// On labels of the node.
    pub expressions: Vec<Requirement>,
    /// On fields of the node; Kubernetes allows `metadata.name` only.
    pub fields: Vec<Requirement>,
}

/// `key operator values`, as in label selectors and node affinity.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Requirement {
    /// Label key or field path.
    pub key: String,
    /// Operator.
    pub operator: Operator,
    /// Values, where the operator takes any.
    pub values: Vec<String>,
}

/// Operator of a [`Requirement`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Operator {
    /// The value is one of the listed.
    In,
    /// The value is none of the listed, or the key is absent.
    NotIn,
    /// The key is present.
    Exists,
    /// The key is absent.
    DoesNotExist,
    /// The value is a number above the listed one.
    Gt,
    /// The value is a number below the listed one.
    Lt,
    /// Not an operator Kubernetes knows; matches nothing.
    Unknown(String),
}

/// A toleration of taints.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Toleration {
    /// Key; empty with `Exists` tolerates everything.
    pub key: String,
    /// `Equal` (also when absent) or `Exists`.
    pub exists: bool,
    /// Value for `Equal`.
    pub value: String,
    /// Effect tolerated; `None` tolerates every effect.
    pub effect: Option<TaintEffect>,
}

impl Toleration {
    /// Whether it tolerates a taint.
    #[must_use]
    pub fn tolerates(&self, taint: &Taint) -> bool {
        if self.effect.is_some_and(|effect| effect != taint.effect) {
            return false;
        }
        if self.exists {
            return self.key.is_empty() || self.key == taint.key;
        }
        self.key == taint.key && self.value == taint.value
    }
}

/// Kinds of controllers that make pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ControllerKind {
    /// `apps/Deployment`.
    Deployment,
    /// `apps/ReplicaSet`.
    ReplicaSet,
    /// `apps/StatefulSet`.
    StatefulSet,
    /// `apps/DaemonSet`.
    DaemonSet,
    /// `batch/Job`.
    Job,
    /// `batch/CronJob`.
    CronJob,
    /// `v1/ReplicationController`.
    ReplicationController,
    /// OpenShift's `DeploymentConfig`.
    DeploymentConfig,
}

impl ControllerKind {
    /// Every kind with its name in manifests.
    pub const ALL: [(Self, &'static str); 8] = [
        (Self::Deployment, "Deployment"),
        (Self::ReplicaSet, "ReplicaSet"),
        (Self::StatefulSet, "StatefulSet"),
        (Self::DaemonSet, "DaemonSet"),
        (Self::Job, "Job"),
        (Self::CronJob, "CronJob"),
        (Self::ReplicationController, "ReplicationController"),
        (Self::DeploymentConfig, "DeploymentConfig"),
    ];

    /// The name used in manifests.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }
}

/// A controller and its pod template.
#[derive(Debug, Clone, PartialEq)]
pub struct Controller {
    /// Kind.
    pub kind: ControllerKind,
    /// Namespace and name.
    pub name: ObjectName,
    /// Labels of the controller itself.
    pub labels: Labels,
    /// The controlling owner, if any (a Deployment for its ReplicaSets).
    pub owner: Option<Owner>,
    /// Wanted replicas: `spec.replicas`, or `parallelism` for jobs; `None` where not declared or, for
    /// DaemonSets, where the nodes decide.
    pub replicas: Option<u64>,
    /// Replicas the status reports: current, or `desiredNumberScheduled` for DaemonSets.
    pub status_replicas: Option<u64>,
    /// Whether it is suspended (`spec.suspend` of jobs).
    pub suspended: bool,
    /// Whether it was read from a live API server (it has a uid or a creation time).
    pub live: bool,
    /// Labels of the pods it makes.
    pub template_labels: Arc<Labels>,
    /// Annotations of the pods it makes that matter (see [`is_relevant_annotation`]).
    pub template_annotations: Arc<Labels>,
    /// What its pods run.
    pub template: Arc<PodSpec>,
}

/// A service: what becomes clusters, listeners and routes in every proxy that sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Service {
    /// Namespace and name.
    pub name: ObjectName,
    /// Labels.
    pub labels: Labels,
    /// Annotations.
    pub annotations: Labels,
    /// Selector of its pods; empty for services without one.
    pub selector: Labels,
    /// Ports.
    pub ports: Vec<ServicePort>,
    /// `clusterIP: None`.
    pub headless: bool,
    /// `type: ExternalName`.
    pub external_name: bool,
}

/// A port of a service.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ServicePort {
    /// Name; Istio reads the protocol from its prefix.
    pub name: String,
    /// Number.
    pub port: u16,
    /// `appProtocol`, which wins over the name.
    pub app_protocol: Option<String>,
    /// `TCP`, `UDP` or `SCTP`.
    pub transport: String,
}

/// Addresses behind a service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Endpoints {
    /// Namespace and name of the service.
    pub service: ObjectName,
    /// Name of the Endpoints or EndpointSlice object itself; a service may have many slices.
    pub object: Arc<str>,
    /// Whether it is an EndpointSlice, which wins over Endpoints of the same service.
    pub slice: bool,
    /// Whether its addresses are of IPv6: a dual-stack service lists the same pods in both families.
    pub ipv6: bool,
    /// Ready addresses.
    pub ready: u64,
    /// Addresses that are not ready.
    pub not_ready: u64,
}

/// A horizontal pod autoscaler.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Autoscaler {
    /// Namespace and name.
    pub name: ObjectName,
    /// Kind of its target, e.g. `Deployment`.
    pub target_kind: String,
    /// Name of its target.
    pub target_name: Arc<str>,
    /// Least replicas (Kubernetes' default 1).
    pub min_replicas: u64,
    /// Most replicas.
    pub max_replicas: u64,
    /// Target mean CPU utilisation of requests in percent, if it has one.
    pub target_cpu_percent: Option<u64>,
    /// Whether it measures one container rather than the whole pod.
    pub container_metric: bool,
}

/// A pod disruption budget.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DisruptionBudget {
    /// Namespace and name.
    pub name: ObjectName,
    /// Which pods it protects; an empty selector protects all of the namespace.
    pub selector: Vec<Requirement>,
    /// `minAvailable` as written (`2`, `50%`).
    pub min_available: Option<String>,
    /// `maxUnavailable` as written.
    pub max_unavailable: Option<String>,
}

/// Defaults a namespace gives to containers that declare nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LimitRange {
    /// Namespace and name.
    pub name: ObjectName,
    /// Default requests of containers.
    pub default_request: Declared,
    /// Default limits of containers.
    pub default_limit: Declared,
}

/// A namespace's quota.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResourceQuota {
    /// Namespace and name.
    pub name: ObjectName,
    /// `requests.cpu`, `requests.memory` (also as plain `cpu`, `memory`).
    pub requests: Declared,
    /// `limits.cpu`, `limits.memory`.
    pub limits: Declared,
    /// `pods`.
    pub pods: Option<u64>,
}

/// A priority class.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PriorityClass {
    /// Name.
    pub name: Arc<str>,
    /// Priority of pods that name it.
    pub value: i32,
    /// Whether pods that name none get it.
    pub global_default: bool,
}

/// A runtime class.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RuntimeClass {
    /// Name.
    pub name: Arc<str>,
    /// Overhead added to every pod that names it.
    pub overhead: Declared,
}

/// A Gateway API gateway.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Gateway {
    /// Namespace and name.
    pub name: ObjectName,
    /// `spec.gatewayClassName`; `istio-waypoint` marks waypoints.
    pub class: String,
    /// Labels.
    pub labels: Labels,
}

/// Whether an annotation can change what a pod costs or where it runs; others are not kept.
#[must_use]
pub fn is_relevant_annotation(key: &str) -> bool {
    let domain = key.split('/').next().unwrap_or_default();
    domain == "istio.io"
        || domain.ends_with(".istio.io")
        || key == "kubernetes.io/config.source"
        || key == "kubernetes.io/config.mirror"
}

impl Requirement {
    /// Whether labels meet it.
    #[must_use]
    pub fn matches(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.key);
        let number = |text: &String| text.parse::<i64>().ok();
        let compare = |holds: fn(i64, i64) -> bool| {
            let bound = self.values.first().and_then(number);
            value.and_then(number).zip(bound).is_some_and(|(have, bound)| holds(have, bound))
        };
        match self.operator {
            Operator::In => value.is_some_and(|value| self.values.contains(value)),
            Operator::NotIn => value.is_none_or(|value| !self.values.contains(value)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::Gt => compare(|have, bound| have > bound),
            Operator::Lt => compare(|have, bound| have < bound),
            Operator::Unknown(_) => false,
        }
    }
}
