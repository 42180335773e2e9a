//! Parts of objects, as strategic-merge patches.

use serde_json::{Map, Value, json};

use super::object::{metrics, number_or_text};
use super::{arrangement, head, put, traffic};
use crate::inventory::objects::{
    AutoscalerPatch, AutoscalingApi, BudgetPatch, ContainerPatch, DestinationRulePatch, HttpRoutePatch, Metric,
    NamespacePatch, ObjectName, Patch, ServicePatch, VirtualServicePatch, WorkloadPatch,
};
use crate::quantity::{print_bytes, print_cpu};
use crate::resources::Declared;

/// A patch as YAML holds it.
pub(super) fn object(patch: &Patch) -> Value {
    match patch {
        Patch::Workload(patch) => workload(patch),
        Patch::Autoscaler(patch) => autoscaler(patch),
        Patch::DisruptionBudget(patch) => budget(patch),
        Patch::DestinationRule(patch) => destination_rule(patch),
        Patch::Namespace(patch) => namespace(patch),
        Patch::VirtualService(patch) => routes(patch),
        Patch::HttpRoute(patch) => rules(patch),
        Patch::Telemetry(patch) => super::telemetry::patch(patch),
        Patch::Service(patch) => service(patch),
        Patch::Gateway(patch) => super::parameters::gateway(patch),
        Patch::GatewayParameters(patch) => super::parameters::config_map(&patch.name, &patch.entries),
    }
}

fn workload(patch: &WorkloadPatch) -> Value {
    let mut object = head("apps/v1", &patch.kind, &patch.name);
    let mut spec = json!({});
    if let Some(replicas) = patch.replicas {
        put(&mut spec, "replicas", json!(replicas));
    }
    let limits = [("maxSurge", patch.rolling.max_surge), ("maxUnavailable", patch.rolling.max_unavailable)];
    let limits =
        limits.into_iter().filter_map(|(key, pods)| Some((key.to_owned(), number_or_text(&pods?.to_string()))));
    let limits: Map<String, Value> = limits.collect();
    if !limits.is_empty() {
        let strategy = if patch.kind == "Deployment" { "strategy" } else { "updateStrategy" };
        put(&mut spec, strategy, json!({ "rollingUpdate": limits }));
    }
    let mut template = json!({});
    if !patch.annotations.is_empty() {
        let annotations: Map<String, Value> =
            patch.annotations.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
        put(&mut template, "metadata", json!({ "annotations": annotations }));
    }
    let pod = pod(patch);
    if pod.as_object().is_some_and(|members| !members.is_empty()) {
        put(&mut template, "spec", pod);
    }
    if template.as_object().is_some_and(|members| !members.is_empty()) {
        put(&mut spec, "template", template);
    }
    put(&mut object, "spec", spec);
    object
}

fn pod(patch: &WorkloadPatch) -> Value {
    let mut pod = json!({});
    if !patch.containers.is_empty() {
        for (list, init) in [("containers", false), ("initContainers", true)] {
            let own = patch.containers.iter().filter(|container| container.init == init).map(container);
            let own: Vec<Value> = own.collect();
            if !own.is_empty() {
                put(&mut pod, list, Value::Array(own));
            }
        }
    }
    arrangement::add(&mut pod, patch);
    pod
}

fn container(patch: &ContainerPatch) -> Value {
    let mut resources = json!({});
    for (key, declared) in [("requests", &patch.requests), ("limits", &patch.limits)] {
        if !declared.is_empty() {
            put(&mut resources, key, amounts(declared));
        }
    }
    json!({ "name": patch.name, "resources": resources })
}

/// Amounts of CPU and memory, the only ones that are changed.
pub(super) fn amounts(declared: &Declared) -> Value {
    let cpu = declared.cpu.map(|cpu| ("cpu".to_owned(), json!(print_cpu(cpu))));
    let memory = declared.memory.map(|memory| ("memory".to_owned(), json!(print_bytes(memory))));
    Value::Object(cpu.into_iter().chain(memory).collect())
}

fn autoscaler(patch: &AutoscalerPatch) -> Value {
    let is_first = patch.api == AutoscalingApi::V1;
    let api_version = if is_first { "autoscaling/v1" } else { "autoscaling/v2" };
    let mut object = head(api_version, "HorizontalPodAutoscaler", &patch.name);
    let bounds = [("minReplicas", patch.min_replicas), ("maxReplicas", patch.max_replicas)];
    let spec = bounds.into_iter().filter_map(|(key, bound)| Some((key.to_owned(), json!(bound?)))).collect();
    let mut spec = Value::Object(spec);
    match patch.metrics.as_deref() {
        Some(all) if is_first => {
            let percent = all.iter().find_map(Metric::pod_cpu_percent);
            put(&mut spec, "targetCPUUtilizationPercentage", json!(percent));
        }
        Some(all) => put(&mut spec, "metrics", metrics(all)),
        None => {}
    }
    put(&mut object, "spec", spec);
    object
}

/// Labels; null takes one away.
fn namespace(patch: &NamespacePatch) -> Value {
    let labels: Map<String, Value> = patch.labels.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
    json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": &*patch.name.name, "labels": labels } })
}

fn service(patch: &ServicePatch) -> Value {
    let mut object = head("v1", "Service", &patch.name);
    let annotations: Map<String, Value> =
        patch.annotations.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
    if let Some(metadata) = object.get_mut("metadata") {
        put(metadata, "annotations", Value::Object(annotations));
    }
    object
}

fn destination_rule(patch: &DestinationRulePatch) -> Value {
    let mut object = head("networking.istio.io/v1", "DestinationRule", &patch.name);
    let policy = traffic::policy(Some(&patch.pool), Some(&patch.outliers), Some(patch.retry_budget));
    put(&mut object, "spec", json!({ "trafficPolicy": policy }));
    object
}

/// The operations of a JSON patch (RFC 6902). Each route is first looked at: where another one has taken its place, the
/// patch fails rather than changing that.
pub(super) fn routes(patch: &VirtualServicePatch) -> Value {
    let mut operations = Vec::new();
    for (index, route) in &patch.routes {
        let path = |field: &str| format!("/spec/http/{index}/{field}");
        let mut add = |operation: &str, field: &str, value: Value| {
            operations.push(json!({ "op": operation, "path": path(field), "value": value }));
        };
        if let Some(host) = &route.host {
            add("test", "route/0/destination/host", json!(host));
        }
        if let Some(timeout) = route.timeout {
            add("add", "timeout", traffic::duration(timeout));
        }
        if route.says_retries() && !route.has_retries {
            add("add", "retries", traffic::retries(route.attempts, route.per_try_timeout));
            continue;
        }
        if let Some(attempts) = route.attempts {
            add("add", "retries/attempts", json!(attempts));
        }
        if let Some(timeout) = route.per_try_timeout {
            add("add", "retries/perTryTimeout", traffic::duration(timeout));
        }
    }
    Value::Array(operations)
}

/// The same for rules of an HTTPRoute.
pub(super) fn rules(patch: &HttpRoutePatch) -> Value {
    let mut operations = Vec::new();
    for (index, rule) in &patch.rules {
        let path = |field: &str| format!("/spec/rules/{index}/{field}");
        let mut add = |operation: &str, field: &str, value: Value| {
            operations.push(json!({ "op": operation, "path": path(field), "value": value }));
        };
        if let Some(backend) = &rule.backend {
            add("test", "backendRefs/0/name", json!(backend));
        }
        let said = [("request", rule.request), ("backendRequest", rule.backend_request)];
        let said = said.into_iter().filter_map(|(key, time)| Some((key, traffic::api_duration(time?))));
        if rule.has_timeouts {
            said.for_each(|(key, time)| add("add", &format!("timeouts/{key}"), time));
        } else if rule.says_timeouts() {
            let members = said.map(|(key, time)| (key.to_owned(), time));
            add("add", "timeouts", Value::Object(members.collect::<Map<String, Value>>()));
        }
        if let Some(attempts) = rule.attempts {
            add("add", "retry/attempts", json!(attempts));
        }
    }
    Value::Array(operations)
}

/// What a JSON patch changes. Names are regular expressions there, in which a dot stands for anything.
pub(super) fn target(group: &str, kind: &str, name: &ObjectName) -> Value {
    let exact = |name: &str| name.replace('.', "\\.");
    json!({ "group": group, "kind": kind, "name": exact(&name.name), "namespace": exact(&name.namespace) })
}

/// Says both members, so that the one that holds takes the place of the other.
fn budget(patch: &BudgetPatch) -> Value {
    let mut object = head("policy/v1", "PodDisruptionBudget", &patch.name);
    let amount = |amount: &Option<String>| amount.as_deref().map_or(Value::Null, number_or_text);
    put(
        &mut object,
        "spec",
        json!({ "minAvailable": amount(&patch.min_available), "maxUnavailable": amount(&patch.max_unavailable) }),
    );
    object
}
