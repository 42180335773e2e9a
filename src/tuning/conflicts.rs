//! Recommendations that change the same thing.

use std::collections::{BTreeMap, BTreeSet};

use super::{Recommendation, Withheld};
use crate::inventory::Change;
use crate::inventory::objects::{AntiAffinityPatch, ConnectionPool, ObjectName, OutlierDetection, Patch, RetryBudget};

/// Of those that change the same field or object, the first stays and the others are withheld.
///
/// A stage that replaces an object of an earlier one has seen it and builds on it: that is no conflict, so this looks
/// at one stage only.
pub(super) fn resolve(recommendations: &mut [Recommendation]) {
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    for recommendation in recommendations.iter_mut().filter(|it| it.is_applied()) {
        let keys: BTreeSet<String> = recommendation.changes.iter().flat_map(keys).collect();
        match keys.iter().find_map(|key| taken.get(key)) {
            Some(first) => recommendation.withheld = Some(Withheld::Conflict(first.clone())),
            None => taken.extend(keys.into_iter().map(|key| (key, recommendation.id.clone()))),
        }
    }
}

/// What a change touches: fields of an object that is patched, else the object.
fn keys(change: &Change) -> Vec<String> {
    let object = |kind: &str, name: &ObjectName| vec![format!("{kind} {name}")];
    match change {
        Change::Patch(Patch::Workload(patch)) => {
            let field = |field: &str| format!("{} {} {field}", patch.kind, patch.name);
            let annotations = patch.annotations.keys().map(|key| field(key));
            let containers = patch.containers.iter().map(|container| field(&container.name));
            let placing = [
                (patch.rolling.max_surge.is_some() || patch.rolling.max_unavailable.is_some(), "strategy"),
                (patch.anti_affinity != AntiAffinityPatch::default(), "podAntiAffinity"),
            ];
            let placing = placing.into_iter().filter(|(is, _)| *is).map(|(_, part)| field(part));
            let spread = patch.spread.iter().map(|rule| field(&rule.topology_key));
            let parts = annotations.chain(containers).chain(placing).chain(spread);
            parts.chain(patch.replicas.map(|_| field("replicas"))).collect()
        }
        Change::Patch(Patch::DestinationRule(patch)) => {
            let parts = [
                (patch.pool != ConnectionPool::default(), "connectionPool"),
                (patch.outliers != OutlierDetection::default(), "outlierDetection"),
                (patch.retry_budget != RetryBudget::default(), "retryBudget"),
            ];
            let said = parts.into_iter().filter(|(is, _)| *is);
            said.map(|(_, part)| format!("DestinationRule {} {part}", patch.name)).collect()
        }
        Change::Patch(Patch::VirtualService(patch)) => {
            let fields = patch.routes.iter().flat_map(|(index, route)| {
                let said = [
                    (route.timeout.is_some(), "timeout"),
                    (route.attempts.is_some(), "attempts"),
                    (route.per_try_timeout.is_some(), "perTryTimeout"),
                ];
                said.into_iter().filter(|(is, _)| *is).map(move |(_, field)| format!("http/{index}/{field}"))
            });
            fields.map(|field| format!("VirtualService {} {field}", patch.name)).collect()
        }
        Change::Patch(Patch::HttpRoute(patch)) => {
            let fields = patch.rules.iter().flat_map(|(index, rule)| {
                let said = [
                    (rule.request.is_some(), "request"),
                    (rule.backend_request.is_some(), "backendRequest"),
                    (rule.attempts.is_some(), "attempts"),
                ];
                said.into_iter().filter(|(is, _)| *is).map(move |(_, field)| format!("rules/{index}/{field}"))
            });
            fields.map(|field| format!("HTTPRoute {} {field}", patch.name)).collect()
        }
        Change::Patch(Patch::Autoscaler(patch)) => {
            let said = [
                (patch.min_replicas.is_some() || patch.max_replicas.is_some(), "replicas"),
                (patch.metrics.is_some(), "metrics"),
            ];
            let said = said.into_iter().filter(|(is, _)| *is);
            said.map(|(_, part)| format!("HorizontalPodAutoscaler {} {part}", patch.name)).collect()
        }
        Change::Patch(Patch::Telemetry(patch)) => {
            let parts = [
                (patch.tracing.is_some(), "tracing"),
                (patch.logging.is_some(), "accessLogging"),
                (patch.metrics.is_some(), "metrics"),
            ];
            let said = parts.into_iter().filter(|(is, _)| *is);
            said.map(|(_, part)| format!("Telemetry {} {part}", patch.name)).collect()
        }
        Change::Patch(patch) => {
            let (kind, name) = patch.target();
            object(kind, name)
        }
        Change::GatewayPart(part) => keys(&Change::Patch(part.patch.clone())),
        Change::Sidecar(it) => object("Sidecar", &it.name),
        Change::ProxySettings(it) => object("ProxyConfig", &it.name),
        Change::Autoscaler(it) => object("HorizontalPodAutoscaler", &it.name),
        Change::Gateway(it) => object("Gateway", &it.name),
        Change::DestinationRule(it) => object("DestinationRule", &it.name),
        Change::VirtualService(it) => object("VirtualService", &it.name),
        Change::Telemetry(it) => object("Telemetry", &it.name),
        Change::DisruptionBudget(it) => object("PodDisruptionBudget", &it.name),
        Change::Values(values) => {
            let settings = &values.pilot.settings;
            let said = [
                (values.pilot.is_sized(), "values pilot"),
                (settings.push_throttle.is_some(), "values PILOT_PUSH_THROTTLE"),
                (settings.connection_rate.is_some(), "values PILOT_MAX_REQUESTS_PER_SECOND"),
                (settings.debounce_after.is_some(), "values PILOT_DEBOUNCE_AFTER"),
                (settings.debounce_max.is_some(), "values PILOT_DEBOUNCE_MAX"),
                (settings.endpoint_debounce.is_some(), "values PILOT_ENABLE_EDS_DEBOUNCE"),
                (settings.connection_age.is_some(), "values keepaliveMaxServerConnectionAge"),
                (!values.discovery_selectors.is_empty(), "values meshConfig.discoverySelectors"),
                (values.telemetry.access_log_file.is_some(), "values meshConfig.accessLogFile"),
                (values.certificates.ttl_seconds.is_some(), "values SECRET_TTL"),
                (values.telemetry.sampling_percent.is_some(), "values meshConfig.defaultConfig.tracing"),
            ];
            said.into_iter().filter(|(is, _)| *is).map(|(_, key)| key.to_owned()).collect()
        }
    }
}
