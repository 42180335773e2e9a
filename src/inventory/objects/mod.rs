//! Kubernetes objects as the planner needs them: the fields that cost capacity, nothing else.
//!
//! A reader turns whatever people have into these values; [`super::assemble`] makes an
//! [`super::Inventory`] of them. Environment values and Secret contents have no field here, so they
//! cannot enter the model.

mod affinity;
mod autoscaler;
mod call;
mod cluster;
mod controller;
mod extension;
mod external;
mod gateway;
mod http_route_patch;
mod gateway_parameters;
mod mesh_config;
mod patch;
mod pod;
mod routing;
mod security;
mod selector;
mod series;
mod service;
mod storage;
mod telemetry;
mod traffic_patch;
mod traffic_policy;
mod update;
mod visibility;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

pub use affinity::*;
pub use autoscaler::*;
pub use call::*;
pub use cluster::*;
pub use controller::*;
pub use extension::*;
pub use external::*;
pub use gateway::*;
pub use gateway_parameters::*;
pub use http_route_patch::*;
pub use mesh_config::*;
pub use patch::*;
pub use pod::*;
pub use routing::*;
pub use security::*;
pub use selector::*;
pub use series::*;
pub use service::*;
pub use storage::*;
pub use telemetry::*;
pub use traffic_patch::*;
pub use traffic_policy::*;
pub use update::*;
pub use visibility::*;

/// Labels or annotations, in order of their keys.
pub type Labels = BTreeMap<String, String>;

/// An object as read, with the place it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Sourced {
    /// The object.
    pub object: Object,
    /// Where it was read, for messages: file name, or archive and member.
    pub source: Arc<str>,
    /// Whether it came with changes to the other inputs, which are older than it.
    pub added: bool,
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
    /// `v1/PersistentVolume`.
    PersistentVolume(PersistentVolume),
    /// `v1/PersistentVolumeClaim`.
    PersistentVolumeClaim(PersistentVolumeClaim),
    /// `storage.k8s.io/*/StorageClass`.
    StorageClass(StorageClass),
    /// `storage.k8s.io/*/CSINode`.
    CsiNode(CsiNode),
    /// `gateway.networking.k8s.io/*/Gateway`; waypoints are Gateways of class `istio-waypoint`.
    Gateway(Gateway),
    /// `networking.istio.io/*/Gateway`.
    IstioGateway(IstioGateway),
    /// `gateway.networking.k8s.io/*/HTTPRoute` or `GRPCRoute`.
    GatewayRoute(GatewayRoute),
    /// `networking.istio.io/*/VirtualService`.
    VirtualService(VirtualService),
    /// `networking.istio.io/*/DestinationRule`.
    DestinationRule(Box<DestinationRule>),
    /// `networking.istio.io/*/ServiceEntry`.
    ServiceEntry(ServiceEntry),
    /// `networking.istio.io/*/WorkloadEntry`.
    WorkloadEntry(WorkloadEntry),
    /// `networking.istio.io/*/Sidecar`.
    Sidecar(Sidecar),
    /// `networking.istio.io/*/WorkloadGroup`.
    WorkloadGroup(WorkloadGroup),
    /// `networking.istio.io/*/ProxyConfig`.
    ProxySettings(ProxySettings),
    /// `networking.istio.io/*/EnvoyFilter`.
    EnvoyFilter(EnvoyFilter),
    /// `extensions.istio.io/*/WasmPlugin`.
    WasmPlugin(WasmPlugin),
    /// `security.istio.io/*/PeerAuthentication`.
    PeerAuthentication(PeerAuthentication),
    /// `security.istio.io/*/AuthorizationPolicy`.
    AuthorizationPolicy(AuthorizationPolicy),
    /// `security.istio.io/*/RequestAuthentication`.
    RequestAuthentication(RequestAuthentication),
    /// `telemetry.istio.io/*/Telemetry`.
    Telemetry(Telemetry),
    /// `v1/ConfigMap` with what istiod merges into what it makes of Gateways.
    GatewayParameters(Box<GatewayParameters>),
    /// Settings of the whole mesh.
    MeshConfig(Box<MeshConfig>),
    /// Part of an object that another input has.
    Patch(Patch),
    /// A row of a flat table: measured demand of a workload that another object describes.
    Measured(Box<MeasuredWorkload>),
    /// Measured demand over time of a workload or pod that another object describes.
    Series(MeasuredSeries),
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

/// Whether an annotation can change what a pod costs or where it runs; others are not kept.
#[must_use]
pub fn is_relevant_annotation(key: &str) -> bool {
    let domain = key.split('/').next().unwrap_or_default();
    domain == "istio.io"
        || domain.ends_with(".istio.io")
        || key == "kubernetes.io/config.source"
        || key == "kubernetes.io/config.mirror"
}
