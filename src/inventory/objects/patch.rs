//! Changes of objects that are in the input already, as strategic-merge patches make them.

use std::collections::BTreeMap;

use super::{
    ConnectionPool, DestinationRule, Labels, ObjectName, OutlierDetection, PodAffinityTerm, PodCount, RetryPolicy,
    TopologySpread, VirtualService, WeightedPodAffinityTerm,
};
use crate::resources::Declared;
use crate::units::Seconds;

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
    /// `networking.istio.io/*/VirtualService`.
    VirtualService(VirtualServicePatch),
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

/// Bounds of an autoscaler; `None` leaves them as they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AutoscalerPatch {
    /// Namespace and name.
    pub name: ObjectName,
    /// `spec.minReplicas`.
    pub min_replicas: Option<u64>,
    /// `spec.maxReplicas`.
    pub max_replicas: Option<u64>,
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
}

impl DestinationRulePatch {
    /// Changes a rule.
    pub fn apply(&self, rule: &mut DestinationRule) {
        let settings = &mut rule.policy.settings;
        if self.pool != ConnectionPool::default() {
            settings.pool = Some(self.pool.or(&settings.pool.clone().unwrap_or_default()));
        }
        if self.outliers != OutlierDetection::default() {
            settings.outliers = Some(self.outliers.or(&settings.outliers.clone().unwrap_or_default()));
        }
    }
}

/// What routes of a virtual service say of time and retries, by their place in `spec.http`; all else stays. Routes are a
/// list, which a merge would replace as a whole: this is a JSON patch (RFC 6902).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VirtualServicePatch {
    /// Namespace and name.
    pub name: ObjectName,
    /// By the place of the route, from 0.
    pub routes: BTreeMap<usize, RoutePatch>,
}

/// What a route says of time and retries; `None` leaves it as it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RoutePatch {
    /// Host of the route's first destination, as written: another route at that place is not the one that was meant.
    pub host: Option<String>,
    /// Whether the route says anything of retries already, so that parts of that are replaced; otherwise `retries` is
    /// added as a whole.
    pub has_retries: bool,
    /// `timeout`.
    pub timeout: Option<Seconds>,
    /// `retries.attempts`.
    pub attempts: Option<u64>,
    /// `retries.perTryTimeout`.
    pub per_try_timeout: Option<Seconds>,
}

impl VirtualServicePatch {
    /// Changes a virtual service; whether it has all the routes that were meant. Otherwise nothing changes.
    pub fn apply(&self, service: &mut VirtualService) -> bool {
        let is_meant = |(index, patch): (&usize, &RoutePatch)| {
            let first = service.http.get(*index).map(|route| route.destinations.first().map(|it| &it.host));
            first.is_some_and(|first| patch.host.is_none() || first == patch.host.as_ref())
        };
        if !self.routes.iter().all(is_meant) {
            return false;
        }
        for (index, patch) in &self.routes {
            let Some(route) = service.http.get_mut(*index) else { continue };
            route.timeout = patch.timeout.or(route.timeout);
            if !patch.says_retries() {
                continue;
            }
            let known = route.retries.take().filter(|_| patch.has_retries).unwrap_or_default();
            route.retries = Some(RetryPolicy {
                attempts: patch.attempts.or(known.attempts),
                per_try_timeout: patch.per_try_timeout.or(known.per_try_timeout),
                retry_on: known.retry_on,
            });
        }
        true
    }

    /// Adds a later patch of the same object.
    pub fn merge(&mut self, later: &Self) {
        self.name.clone_from(&later.name);
        for (index, patch) in &later.routes {
            let known = self.routes.remove(index);
            let is_new = known.as_ref().is_some_and(|known| known.says_retries() && !known.has_retries);
            let known = known.unwrap_or_default();
            let merged = RoutePatch {
                host: patch.host.clone().or(known.host),
                has_retries: patch.has_retries && !is_new,
                timeout: patch.timeout.or(known.timeout),
                attempts: patch.attempts.or(known.attempts),
                per_try_timeout: patch.per_try_timeout.or(known.per_try_timeout),
            };
            self.routes.insert(*index, merged);
        }
    }
}

impl RoutePatch {
    /// Whether it says anything of retries.
    #[must_use]
    pub fn says_retries(&self) -> bool {
        self.attempts.is_some() || self.per_try_timeout.is_some()
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
            Self::VirtualService(patch) => ("VirtualService", &patch.name),
        }
    }
}
