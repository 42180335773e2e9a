//! What is: nodes, workloads with their pods, services, and the rules that admission applies.

pub mod admission;
mod as_measured;
mod assemble;
mod change;
mod expand;
mod findings;
mod gateway_parameters;
mod istio;
mod measured;
mod measurements;
pub mod objects;
mod owners;
mod pod_memory;
pub mod request;
mod sidecar;
mod version;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

pub use assemble::assemble;
pub use change::{Change, PROXY_CPU, PROXY_CPU_LIMIT, PROXY_MEMORY, PROXY_MEMORY_LIMIT};
pub use expand::{MOST_EXPANDED_PODS, runs_daemon};
pub use findings::FINDINGS;
pub use measured::{Busy, FEWEST_MOMENTS, Measured, Peaks, ResponseTimes, Tail};
pub use objects::{
    AuthorizationPolicy, Autoscaler, AutoscalingApi, Container, ControllerKind, DestinationRule, DisruptionBudget,
    Endpoints, EnvoyFilter, Gateway, GatewayParameters, GatewayRoute, IstioGateway, Labels, LimitRange, MeshConfig,
    Metric, MetricTarget, Namespace, Node, Object, ObjectName, PeerAuthentication, PodLife, PodPhase, PodSpec,
    PriorityClass, ProxySettings, RequestAuthentication, Requirement, ResourceQuota, RuntimeClass, Service,
    ServiceEntry, Sidecar, Sourced, Storage, Telemetry, UpdateStrategy, VirtualService, WasmPlugin, WorkloadEntry,
    WorkloadGroup,
};
pub use owners::STATIC_POD;
pub use pod_memory::{PodMemories, PodMemory};
pub use sidecar::{chooses_injection, without_proxy};
pub use version::IstioVersion;

use crate::finding::Finding;

/// Name Istio gives the proxy container it injects.
pub const PROXY_CONTAINER: &str = "istio-proxy";

/// Everything known about one cluster, in a fixed order: the same input gives the same value.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Inventory {
    /// Nodes by name.
    pub nodes: Vec<Node>,
    /// Namespaces by name, also those only mentioned by other objects.
    pub namespaces: BTreeMap<Arc<str>, Namespace>,
    /// Workloads by namespace, kind and name.
    pub workloads: Vec<Workload>,
    /// Pods, listed or expanded from templates, by workload and then by name. Finished pods are not
    /// among them: they hold no capacity.
    pub pods: Vec<Pod>,
    /// Services by namespace and name.
    pub services: Vec<Service>,
    /// Ready and not ready addresses per service, slices added up.
    pub endpoints: BTreeMap<ObjectName, Endpoints>,
    /// How the controllers of the input replace their pods, by the workload they make.
    pub updates: BTreeMap<WorkloadId, UpdateStrategy>,
    /// Pod disruption budgets.
    pub disruption_budgets: Vec<DisruptionBudget>,
    /// Quotas.
    pub quotas: Vec<ResourceQuota>,
    /// Volumes, claims, storage classes and drivers.
    pub storage: Storage,
    /// Priority classes.
    pub priority_classes: Vec<PriorityClass>,
    /// Gateway API gateways, waypoints among them.
    pub gateways: Vec<Gateway>,
    /// ConfigMaps with what istiod merges into what it makes of these, by namespace and name.
    pub gateway_parameters: Vec<GatewayParameters>,
    /// Istio's configuration and routes of the Gateway API.
    pub istio: IstioConfig,
    /// Pods in the input that have ended and hold no capacity.
    pub finished_pods: u64,
    /// The cluster in which memory was measured, where this one is what changes make of it; `None` where it is this
    /// one, or no memory was measured.
    pub as_measured: Option<Arc<Self>>,
}

/// What decides which configuration each proxy is sent, beside the services themselves. Objects of a
/// kind are ordered by age and then by name: of several that could hold, the first does.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct IstioConfig {
    /// Settings of the whole mesh.
    pub mesh: MeshConfig,
    /// Sidecars.
    pub sidecars: Vec<Sidecar>,
    /// Virtual services.
    pub virtual_services: Vec<VirtualService>,
    /// Destination rules.
    pub destination_rules: Vec<DestinationRule>,
    /// Service entries.
    pub service_entries: Vec<ServiceEntry>,
    /// Workloads outside Kubernetes, by namespace and name.
    pub workload_entries: Vec<WorkloadEntry>,
    /// Istio's own gateways, by namespace and name.
    pub gateways: Vec<IstioGateway>,
    /// Routes of the Gateway API.
    pub routes: Vec<GatewayRoute>,
    /// Templates of workloads outside Kubernetes, by namespace and name.
    pub workload_groups: Vec<WorkloadGroup>,
    /// How proxies run.
    pub proxy_settings: Vec<ProxySettings>,
    /// Patches of Envoy's configuration.
    pub envoy_filters: Vec<EnvoyFilter>,
    /// WebAssembly filters.
    pub wasm_plugins: Vec<WasmPlugin>,
    /// How workloads take connections.
    pub peer_authentications: Vec<PeerAuthentication>,
    /// Who may call.
    pub authorization_policies: Vec<AuthorizationPolicy>,
    /// Whose tokens are taken.
    pub request_authentications: Vec<RequestAuthentication>,
    /// What proxies report.
    pub telemetries: Vec<Telemetry>,
}

/// A workload: the thing people name when they speak of a service's pods.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    /// Namespace, kind and name.
    pub id: WorkloadId,
    /// Replicas planned for: pods that hold or want capacity.
    pub replicas: u64,
    /// Why that many: `running pods`, `spec.replicas`, `HPA minimum` …
    pub replicas_basis: ReplicasBasis,
    /// The autoscaler that drives it, if any.
    pub autoscaler: Option<Autoscaler>,
    /// Labels of its pods.
    pub labels: Arc<Labels>,
    /// Relevant annotations of its pods.
    pub annotations: Arc<Labels>,
    /// What its pods run, after admission defaults.
    pub spec: Arc<PodSpec>,
    /// Measured demand, where a flat inventory gives it.
    pub measured: Measured,
    /// Which of [`Inventory::pods`] are its own.
    pub pods: Range<usize>,
}

impl Workload {
    /// Whether it runs istiod: by its label, else by its container and image.
    #[must_use]
    pub fn is_istiod(&self) -> bool {
        let is_pilot = |container: &Container| container.name == DISCOVERY && container.image.contains("pilot");
        self.labels.get("app").is_some_and(|app| app == "istiod") || self.spec.containers.iter().any(is_pilot)
    }

    /// The container that is istiod, in a workload that runs it.
    #[must_use]
    pub fn discovery(&self) -> Option<&Container> {
        let containers = &self.spec.containers;
        containers.iter().find(|container| container.name == DISCOVERY).or(containers.first())
    }
}

/// Name Istio gives the container of istiod.
const DISCOVERY: &str = "discovery";

/// Namespace, kind and name of a workload.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkloadId {
    /// Namespace.
    pub namespace: Arc<str>,
    /// Kind, e.g. `Deployment`; `Pod` for pods without a controller.
    pub kind: Arc<str>,
    /// Name.
    pub name: Arc<str>,
}

impl WorkloadId {
    /// From its parts.
    #[must_use]
    pub fn new(namespace: &str, kind: &str, name: &str) -> Self {
        Self { namespace: namespace.into(), kind: kind.into(), name: name.into() }
    }
}

impl fmt::Display for WorkloadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
    }
}

/// How the number of replicas came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplicasBasis {
    /// Pods were listed.
    ListedPods,
    /// `spec.replicas` (Kubernetes' default 1 when absent).
    Declared,
    /// The autoscaler's minimum, above what is declared.
    AutoscalerMinimum,
    /// The autoscaler's maximum, below what is declared.
    AutoscalerMaximum,
    /// What its autoscaler asks for in the busiest moments that were measured.
    AutoscalerSettled,
    /// One per node that would run the DaemonSet's pod.
    PerNode,
    /// What the status last reported.
    Status,
    /// A flat inventory's column.
    Table,
    /// A Gateway object announces it; Istio gives it one pod.
    Announced,
    /// The policy plans it, with the replicas its load needs.
    Planned,
}

impl fmt::Display for ReplicasBasis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ListedPods => "listed pods",
            Self::Declared => "declared replicas",
            Self::AutoscalerMinimum => "autoscaler minimum",
            Self::AutoscalerMaximum => "autoscaler maximum",
            Self::AutoscalerSettled => "autoscaler at its busiest",
            Self::PerNode => "one per eligible node",
            Self::Status => "replicas last reported",
            Self::Table => "replicas column",
            Self::Announced => "announced by a Gateway",
            Self::Planned => "planned for its load",
        })
    }
}

/// A pod that holds or wants capacity.
#[derive(Debug, Clone, PartialEq)]
pub struct Pod {
    /// Namespace and name; expanded pods are named after their workload and a number.
    pub name: ObjectName,
    /// Index of its workload in [`Inventory::workloads`].
    pub workload: usize,
    /// Labels.
    pub labels: Arc<Labels>,
    /// Relevant annotations.
    pub annotations: Arc<Labels>,
    /// What it runs, after admission defaults.
    pub spec: Arc<PodSpec>,
    /// Where it runs.
    pub place: Place,
    /// Phase of its life; expanded pods are pending.
    pub phase: PodPhase,
    /// Whether it was listed in the input or expanded from a template.
    pub listed: bool,
    /// Whether it is being deleted; until then it holds its capacity.
    pub terminating: bool,
    /// What its metadata and status say to the scheduler.
    pub life: PodLife,
    /// Selector of the ReplicaSet, StatefulSet or ReplicationController that made it; `None` for other pods.
    pub siblings: Option<Arc<[Requirement]>>,
}

/// Where a pod runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Nowhere yet.
    Pending,
    /// On the node of that index in [`Inventory::nodes`].
    On(usize),
    /// On a node that is not in the input.
    Elsewhere,
}

/// What [`assemble`] gives: the inventory and what was odd about it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Assembled {
    /// The inventory.
    pub inventory: Inventory,
    /// What was noticed.
    pub findings: Vec<Finding>,
}

impl Inventory {
    /// Labels of a namespace; empty where it is not in the input.
    #[must_use]
    pub fn namespace_labels(&self, namespace: &str) -> &Labels {
        static NONE: Labels = Labels::new();
        self.namespaces.get(namespace).map_or(&NONE, |namespace| &namespace.labels)
    }

    /// The inventory with further workloads, none of which has pods yet.
    #[must_use]
    pub fn with_workloads(mut self, workloads: Vec<Workload>) -> Self {
        if workloads.is_empty() {
            return self;
        }
        let present = self.workloads.len();
        let further = workloads.into_iter().map(|workload| Workload { pods: 0..0, ..workload });
        let mut all: Vec<(usize, Workload)> = self.workloads.into_iter().chain(further).enumerate().collect();
        all.sort_by(|(at, a), (b_at, b)| a.id.cmp(&b.id).then(at.cmp(b_at)));
        let mut moved = vec![0; all.len()];
        for (now, (before, _)) in all.iter().enumerate() {
            if let Some(place) = moved.get_mut(*before) {
                *place = now;
            }
        }
        for pod in &mut self.pods {
            pod.workload = moved.get(pod.workload).copied().filter(|_| pod.workload < present).unwrap_or(usize::MAX);
        }
        self.workloads = all.into_iter().map(|(_, workload)| workload).collect();
        self
    }

    /// The inventory with the pods of every workload changed; pods of none stay at the end.
    #[must_use]
    pub fn with_pods(mut self, mut change: impl FnMut(usize, &mut Workload, &mut Vec<Pod>)) -> Self {
        let mut old: Vec<Vec<Pod>> = vec![Vec::new(); self.workloads.len()];
        let mut strays = Vec::new();
        for pod in std::mem::take(&mut self.pods) {
            match old.get_mut(pod.workload) {
                Some(pods) => pods.push(pod),
                None => strays.push(pod),
            }
        }
        for (index, (workload, mut pods)) in self.workloads.iter_mut().zip(old).enumerate() {
            change(index, workload, &mut pods);
            let start = self.pods.len();
            self.pods.extend(pods);
            workload.pods = start..self.pods.len();
        }
        self.pods.extend(strays);
        self
    }

    /// The pods of a workload.
    #[must_use]
    pub fn pods_of(&self, workload: &Workload) -> &[Pod] {
        self.pods.get(workload.pods.clone()).unwrap_or_default()
    }
}
