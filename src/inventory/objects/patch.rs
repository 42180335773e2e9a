//! Changes of objects that are in the input already, as strategic-merge patches make them.

use std::collections::BTreeMap;

use super::{
    AutoscalingApi, ConnectionPool, HttpRoutePatch, Labels, LoggingSetting, Made, Metric, MetricsSetting, ObjectName,
    OutlierDetection, ParametersEntry, ParametersReference, PodAffinityTerm, PodCount, RetryBudget, Telemetry,
    TopologySpread, TracingSetting, VirtualServicePatch, WeightedPodAffinityTerm,
};
use crate::resources::Declared;

/// Part of an object that replaces the same part of the object of that kind and name.
#[derive(Debug, Clone, PartialEq)]
pub enum Patch {
    /// A controller of pods.
    Workload(WorkloadPatch),
    /// `autoscaling/v2/HorizontalPodAutoscaler`.
    Autoscaler(AutoscalerPatch),
    /// `policy/v1/PodDisruptionBudget`.
    DisruptionBudget(BudgetPatch),
    /// `networking.istio.io/*/DestinationRule`.
    DestinationRule(DestinationRulePatch),
    /// `v1/Namespace`.
    Namespace(NamespacePatch),
    /// `networking.istio.io/*/VirtualService`.
    VirtualService(VirtualServicePatch),
    /// `gateway.networking.k8s.io/*/HTTPRoute`.
    HttpRoute(HttpRoutePatch),
    /// `telemetry.istio.io/*/Telemetry`.
    Telemetry(TelemetryPatch),
    /// `v1/Service`.
    Service(ServicePatch),
    /// `gateway.networking.k8s.io/*/Gateway`.
    Gateway(GatewayPatch),
    /// `v1/ConfigMap` with what istiod merges into what it makes of Gateways.
    GatewayParameters(GatewayParametersPatch),
}

/// Part of a controller: its replicas and how it replaces them, and of its template annotations, resources and rules
/// of placement.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WorkloadPatch {
    /// Kind, e.g. `Deployment`.
    pub kind: String,
    /// Namespace and name.
    pub name: ObjectName,
    /// `spec.replicas`; `None` leaves them as they are.
    pub replicas: Option<u64>,
    /// Annotations of its pods to add or replace.
    pub annotations: Labels,
    /// Resources of its containers to add or replace.
    pub containers: Vec<ContainerPatch>,
    /// How many of its pods may be too many or too few while they are replaced.
    pub rolling: RollingPatch,
    /// How its pods must be spread: each takes the place of one with its topology key, or is added.
    pub spread: Vec<TopologySpread>,
    /// Anti-affinity to other pods.
    pub anti_affinity: AntiAffinityPatch,
}

/// Lists of anti-affinity that take the place of those there are; `None` leaves one as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AntiAffinityPatch {
    /// Terms that must hold.
    pub required: Option<Vec<PodAffinityTerm>>,
    /// Terms that add to a node's score.
    pub preferred: Option<Vec<WeightedPodAffinityTerm>>,
}

/// Limits while pods are replaced; `None` leaves one as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RollingPatch {
    /// `maxSurge`.
    pub max_surge: Option<PodCount>,
    /// `maxUnavailable`.
    pub max_unavailable: Option<PodCount>,
}

/// Resources of a container, found by its name; what is not declared stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContainerPatch {
    /// Name.
    pub name: String,
    /// Whether it stands among the init containers.
    pub init: bool,
    /// Requests.
    pub requests: Declared,
    /// Limits.
    pub limits: Declared,
}

/// Bounds and metrics of an autoscaler; `None` leaves them as they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AutoscalerPatch {
    /// Namespace and name.
    pub name: ObjectName,
    /// `spec.minReplicas`.
    pub min_replicas: Option<u64>,
    /// `spec.maxReplicas`.
    pub max_replicas: Option<u64>,
    /// The API of the object that is patched.
    pub api: AutoscalingApi,
    /// `spec.metrics`, which a patch replaces as a whole; for `autoscaling/v1` the CPU of the pod alone.
    pub metrics: Option<Vec<Metric>>,
}

/// What a disruption budget allows; only one of both may be said, and it takes the place of the other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BudgetPatch {
    /// Namespace and name.
    pub name: ObjectName,
    /// `spec.minAvailable` as written.
    pub min_available: Option<String>,
    /// `spec.maxUnavailable` as written.
    pub max_unavailable: Option<String>,
}

/// What a destination rule asks for every port of its host; what is not said stays.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DestinationRulePatch {
    /// Namespace and name.
    pub name: ObjectName,
    /// Limits of connections and requests to add or replace.
    pub pool: ConnectionPool,
    /// When hosts are left alone, to add or replace.
    pub outliers: OutlierDetection,
    /// Retries at once, to add or replace.
    pub retry_budget: RetryBudget,
}

/// Labels of a namespace.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NamespacePatch {
    /// Its name, as namespace and as name.
    pub name: ObjectName,
    /// Labels to add or replace; `None` takes one away.
    pub labels: BTreeMap<String, Option<String>>,
}

/// What proxies report. Each list takes the place of the whole list of that name; `None` leaves it as it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TelemetryPatch {
    /// Namespace and name.
    pub name: ObjectName,
    /// `spec.tracing`.
    pub tracing: Option<Vec<TracingSetting>>,
    /// `spec.accessLogging`.
    pub logging: Option<Vec<LoggingSetting>>,
    /// `spec.metrics`.
    pub metrics: Option<Vec<MetricsSetting>>,
}

/// Annotations of a service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServicePatch {
    /// Namespace and name.
    pub name: ObjectName,
    /// Those to add or replace.
    pub annotations: Labels,
}

/// What a Gateway says about the pods that are made of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GatewayPatch {
    /// Namespace and name.
    pub name: ObjectName,
    /// `spec.infrastructure.parametersRef`; `None` leaves it as it is.
    pub parameters: Option<ParametersReference>,
}

/// Entries of a ConfigMap, each of which takes the place of the whole entry of that name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GatewayParametersPatch {
    /// Namespace and name.
    pub name: ObjectName,
    /// The entries.
    pub entries: BTreeMap<Made, ParametersEntry>,
}

impl WorkloadPatch {
    /// Adds a later patch of the same object.
    pub fn merge(&mut self, later: &Self) {
        self.kind.clone_from(&later.kind);
        self.name.clone_from(&later.name);
        self.replicas = later.replicas.or(self.replicas);
        self.annotations.extend(later.annotations.iter().map(|(key, value)| (key.clone(), value.clone())));
        for patch in &later.containers {
            let same = |it: &&mut ContainerPatch| it.name == patch.name && it.init == patch.init;
            match self.containers.iter_mut().find(same) {
                Some(container) => {
                    container.requests = patch.requests.or(&container.requests);
                    container.limits = patch.limits.or(&container.limits);
                }
                None => self.containers.push(patch.clone()),
            }
        }
        self.rolling.max_surge = later.rolling.max_surge.or(self.rolling.max_surge);
        self.rolling.max_unavailable = later.rolling.max_unavailable.or(self.rolling.max_unavailable);
        for rule in &later.spread {
            match self.spread.iter_mut().find(|it| it.topology_key == rule.topology_key) {
                Some(own) => own.clone_from(rule),
                None => self.spread.push(rule.clone()),
            }
        }
        let AntiAffinityPatch { required, preferred } = later.anti_affinity.clone();
        self.anti_affinity.required = required.or(self.anti_affinity.required.take());
        self.anti_affinity.preferred = preferred.or(self.anti_affinity.preferred.take());
    }
}

impl AutoscalerPatch {
    /// Adds a later patch of the same object.
    pub fn merge(&mut self, later: &Self) {
        *self = Self {
            name: later.name.clone(),
            api: later.api,
            min_replicas: later.min_replicas.or(self.min_replicas),
            max_replicas: later.max_replicas.or(self.max_replicas),
            metrics: later.metrics.clone().or_else(|| self.metrics.take()),
        };
    }
}

impl TelemetryPatch {
    /// Makes the change.
    pub fn apply(&self, telemetry: &mut Telemetry) {
        let Self { name: _, tracing, logging, metrics } = self.clone();
        telemetry.tracing = tracing.unwrap_or_else(|| std::mem::take(&mut telemetry.tracing));
        telemetry.logging = logging.unwrap_or_else(|| std::mem::take(&mut telemetry.logging));
        telemetry.metrics = metrics.unwrap_or_else(|| std::mem::take(&mut telemetry.metrics));
    }

    /// This change after an earlier one of the same object.
    #[must_use]
    pub fn after(self, earlier: Self) -> Self {
        Self {
            name: self.name,
            tracing: self.tracing.or(earlier.tracing),
            logging: self.logging.or(earlier.logging),
            metrics: self.metrics.or(earlier.metrics),
        }
    }
}

impl Patch {
    /// Kind, namespace and name of what it changes.
    #[must_use]
    pub fn target(&self) -> (&str, &ObjectName) {
        match self {
            Self::Workload(patch) => (&patch.kind, &patch.name),
            Self::Autoscaler(patch) => ("HorizontalPodAutoscaler", &patch.name),
            Self::DisruptionBudget(patch) => ("PodDisruptionBudget", &patch.name),
            Self::DestinationRule(patch) => ("DestinationRule", &patch.name),
            Self::Namespace(patch) => ("Namespace", &patch.name),
            Self::VirtualService(patch) => ("VirtualService", &patch.name),
            Self::HttpRoute(patch) => ("HTTPRoute", &patch.name),
            Self::Telemetry(patch) => ("Telemetry", &patch.name),
            Self::Service(patch) => ("Service", &patch.name),
            Self::Gateway(patch) => ("Gateway", &patch.name),
            Self::GatewayParameters(patch) => ("ConfigMap", &patch.name),
        }
    }

    /// The same of an object that istiod makes, which its ConfigMap does not name.
    #[must_use]
    pub fn without_name(mut self) -> Self {
        self.rename(ObjectName::default());
        self
    }

    /// The same of an object of that name.
    #[must_use]
    pub fn with_name(mut self, name: &ObjectName) -> Self {
        self.rename(name.clone());
        self
    }

    fn rename(&mut self, to: ObjectName) {
        let name = match self {
            Self::Workload(patch) => &mut patch.name,
            Self::Autoscaler(patch) => &mut patch.name,
            Self::DisruptionBudget(patch) => &mut patch.name,
            Self::DestinationRule(patch) => &mut patch.name,
            Self::Namespace(patch) => &mut patch.name,
            Self::VirtualService(patch) => &mut patch.name,
            Self::HttpRoute(patch) => &mut patch.name,
            Self::Telemetry(patch) => &mut patch.name,
            Self::Service(patch) => &mut patch.name,
            Self::Gateway(patch) => &mut patch.name,
            Self::GatewayParameters(patch) => &mut patch.name,
        };
        *name = to;
    }
}
