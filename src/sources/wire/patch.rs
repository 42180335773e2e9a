//! Parts of objects: the fields of a strategic-merge patch that change a plan.
//!
//! What is read is taken out of the patch; what is left over was not read, and is said.

use serde_json::Value;

use super::super::notes::PATCH_FIELD_NOT_READ;
use super::affinity::{self, AffinityWire, SpreadWire};
use super::amounts::listed_amounts;
use super::gateway_api::InfrastructureWire;
use super::{Decoded, Oddity, autoscaler, gateway_parameters, routing};
use crate::inventory::objects::{
    AntiAffinityPatch, AutoscalerPatch, BudgetPatch, ContainerPatch, DestinationRulePatch, GatewayParametersPatch,
    GatewayPatch, Labels, Metric, NamespacePatch, Object, ObjectName, ParametersReference, Patch, PodCount,
    RollingPatch, ServicePatch, TelemetryPatch, TopologySpread, WorkloadPatch, is_relevant_annotation,
};
use crate::resources::Declared;

/// Fields of a destination rule's traffic policy that are read of a patch.
const READ_OF_RULES: [&str; 14] = [
    "connectionPool.tcp.maxConnections",
    "connectionPool.tcp.connectTimeout",
    "connectionPool.http.http1MaxPendingRequests",
    "connectionPool.http.http2MaxRequests",
    "connectionPool.http.maxRequestsPerConnection",
    "connectionPool.http.maxRetries",
    "outlierDetection.consecutive5xxErrors",
    "outlierDetection.consecutiveGatewayErrors",
    "outlierDetection.interval",
    "outlierDetection.baseEjectionTime",
    "outlierDetection.maxEjectionPercent",
    "outlierDetection.minHealthPercent",
    "retryBudget.percent",
    "retryBudget.minRetryConcurrency",
];

/// A patch and the name of what it changes; `None` for a kind whose patches are not read.
///
/// # Errors
/// What is missing or of the wrong form, in words.
pub(in super::super) fn patch(value: &Value) -> Result<Option<(Decoded, String)>, String> {
    let mut rest = value.clone();
    let kind = text(take(&mut rest, &["kind"])).ok_or("no kind")?;
    let api_version = text(take(&mut rest, &["apiVersion"])).unwrap_or_default();
    let name = text(take(&mut rest, &["metadata", "name"])).ok_or("no metadata.name")?;
    let namespace = text(take(&mut rest, &["metadata", "namespace"])).unwrap_or_else(|| "default".to_owned());
    let name = ObjectName::new(&namespace, &name);
    let mut odd = Vec::new();
    let shown = format!("{kind} {name}");
    let patch = match kind.as_str() {
        "Deployment" | "StatefulSet" | "DaemonSet" => Patch::Workload(workload(&mut rest, kind, name, &mut odd)?),
        "HorizontalPodAutoscaler" => Patch::Autoscaler(bounds(&mut rest, name, &api_version)?),
        "PodDisruptionBudget" => Patch::DisruptionBudget(budget(&mut rest, name)),
        "Gateway" if api_version.starts_with("gateway.networking.k8s.io/") => {
            let parameters = infrastructure(take(&mut rest, &["spec", "infrastructure", "parametersRef"]))?;
            Patch::Gateway(GatewayPatch { name, parameters })
        }
        "ConfigMap" => {
            let texts = texts(take(&mut rest, &["data"]), "data")?;
            let entries = gateway_parameters::entries(texts.iter().map(|(key, text)| (key.as_str(), text.as_str())));
            if entries.is_empty() {
                return Ok(None);
            }
            Patch::GatewayParameters(GatewayParametersPatch { name, entries })
        }
        "DestinationRule" => Patch::DestinationRule(destination_rule(&mut rest, value, name, &mut odd)?),
        "Namespace" => Patch::Namespace(namespace_labels(&mut rest, &name.name)),
        "Service" => {
            let field = "metadata.annotations";
            let annotations = texts(take(&mut rest, &["metadata", "annotations"]), field)?;
            let annotations = annotations.into_iter().filter(|(key, _)| is_relevant_annotation(key)).collect();
            Patch::Service(ServicePatch { name, annotations })
        }
        "Telemetry" => Patch::Telemetry(telemetry(&mut rest, value, name, &mut odd)?),
        _ => return Ok(None),
    };
    odd.extend(left_over(&rest).into_iter().map(|field| Oddity {
        kind: &PATCH_FIELD_NOT_READ,
        field,
        message: "this field of the patch changes no figure".to_owned(),
    }));
    Ok(Some((Decoded { object: Object::Patch(patch), oddities: odd }, shown)))
}

/// A patch of an object that istiod makes, which does not say what it is; and its fields that are not read.
///
/// # Errors
/// What is of the wrong form, in words.
pub(super) fn part(kind: &str, value: &Value) -> Result<(Option<Patch>, Vec<String>), String> {
    let mut rest = value.clone();
    let mut odd = Vec::new();
    let name = ObjectName::default();
    let patch = match kind {
        "Deployment" => Patch::Workload(workload(&mut rest, kind.to_owned(), name, &mut odd)?),
        "HorizontalPodAutoscaler" => Patch::Autoscaler(bounds(&mut rest, name, "")?),
        "PodDisruptionBudget" => Patch::DisruptionBudget(budget(&mut rest, name)),
        _ => return Ok((None, Vec::new())),
    };
    let odd = odd.into_iter().map(|it| format!("{} ({})", it.field, it.message));
    Ok((Some(patch), odd.chain(left_over(&rest)).collect()))
}

fn bounds(rest: &mut Value, name: ObjectName, api_version: &str) -> Result<AutoscalerPatch, String> {
    Ok(AutoscalerPatch {
        name,
        min_replicas: count(rest, "minReplicas")?,
        max_replicas: count(rest, "maxReplicas")?,
        api: autoscaler::api(api_version),
        metrics: metrics(rest)?,
    })
}

fn budget(rest: &mut Value, name: ObjectName) -> BudgetPatch {
    BudgetPatch {
        name,
        min_available: text(take(rest, &["spec", "minAvailable"])),
        max_unavailable: text(take(rest, &["spec", "maxUnavailable"])),
    }
}

/// What a Gateway names, as the whole object would say it.
fn infrastructure(reference: Option<Value>) -> Result<Option<ParametersReference>, String> {
    let Some(reference) = reference else { return Ok(None) };
    let text = serde_json::json!({ "parametersRef": reference }).to_string();
    let wire: InfrastructureWire<'_> = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    Ok(wire.parameters())
}

fn left_over(rest: &Value) -> Vec<String> {
    let mut left = Vec::new();
    leaves(rest, "", &mut left);
    left
}

/// Labels to set, and those said to be `null`, to take away.
fn namespace_labels(rest: &mut Value, name: &str) -> NamespacePatch {
    let labels = take(rest, &["metadata", "labels"]);
    let labels = labels.as_ref().and_then(Value::as_object).into_iter().flatten();
    let labels = labels.map(|(key, value)| (key.clone(), text(Some(value.clone())))).collect();
    NamespacePatch { name: ObjectName::new(name, name), labels }
}

fn workload(rest: &mut Value, kind: String, name: ObjectName, odd: &mut Vec<Oddity>) -> Result<WorkloadPatch, String> {
    let annotations = take(rest, &["spec", "template", "metadata", "annotations"]);
    let annotations = texts(annotations, "spec.template.metadata.annotations")?;
    let annotations: Labels = annotations.into_iter().filter(|(key, _)| is_relevant_annotation(key)).collect();
    let mut containers = Vec::new();
    for list in ["containers", "initContainers"] {
        let field = format!("spec.template.spec.{list}");
        let Some(Value::Array(items)) = rest.pointer_mut(&format!("/spec/template/spec/{list}")) else { continue };
        for item in items {
            let name = text(take(item, &["name"])).ok_or_else(|| format!("a container without a name in {field}"))?;
            let mut amounts = |of: &str| -> Result<Declared, String> {
                let field = format!("{field}[{name}].resources.{of}");
                let texts = texts(take(item, &["resources", of]), &field)?;
                Ok(listed_amounts(texts.iter().map(|(key, value)| (key.as_str(), value.as_str())), &field, odd))
            };
            let (requests, limits) = (amounts("requests")?, amounts("limits")?);
            containers.push(ContainerPatch { name, init: list == "initContainers", requests, limits });
        }
    }
    Ok(WorkloadPatch {
        replicas: count(rest, "replicas")?,
        rolling: rolling(rest, &kind)?,
        spread: spread(rest)?,
        anti_affinity: anti_affinity(rest)?,
        kind,
        name,
        annotations,
        containers,
    })
}

/// `strategy` of a Deployment, `updateStrategy` of others.
fn rolling(rest: &mut Value, kind: &str) -> Result<RollingPatch, String> {
    let strategy = if kind == "Deployment" { "strategy" } else { "updateStrategy" };
    let mut pods = |limit: &str| {
        let text = text(take(rest, &["spec", strategy, "rollingUpdate", limit]));
        let count = |text: String| {
            PodCount::parse(&text)
                .ok_or_else(|| format!("spec.{strategy}.rollingUpdate.{limit} that is neither a number nor a share"))
        };
        text.map(count).transpose()
    };
    Ok(RollingPatch { max_surge: pods("maxSurge")?, max_unavailable: pods("maxUnavailable")? })
}

fn spread(rest: &mut Value) -> Result<Vec<TopologySpread>, String> {
    let path = ["spec", "template", "spec", "topologySpreadConstraints"];
    let Some(Value::Array(rules)) = take(rest, &path) else { return Ok(Vec::new()) };
    let read = |rule: Value| {
        let text = rule.to_string();
        let wire: SpreadWire<'_> = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        Ok(affinity::spread(&wire))
    };
    rules.into_iter().map(read).collect()
}

/// The lists that are said, `null` among them.
fn anti_affinity(rest: &mut Value) -> Result<AntiAffinityPatch, String> {
    let path = ["spec", "template", "spec", "affinity", "podAntiAffinity"];
    let Some(rules) = take(rest, &path) else { return Ok(AntiAffinityPatch::default()) };
    let is_said = |list: &str| rules.get(format!("{list}DuringSchedulingIgnoredDuringExecution")).is_some();
    let (required, preferred) = (is_said("required"), is_said("preferred"));
    let text = serde_json::json!({ "podAntiAffinity": rules }).to_string();
    let wire: AffinityWire<'_> = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let read = wire.away_from_pods();
    Ok(AntiAffinityPatch {
        required: required.then_some(read.required),
        preferred: preferred.then_some(read.preferred),
    })
}

/// The whole list of metrics, or the one that `autoscaling/v1` has.
fn metrics(rest: &mut Value) -> Result<Option<Vec<Metric>>, String> {
    let of_pod = count(rest, "targetCPUUtilizationPercentage")?.map(|percent| vec![Metric::of_pod_cpu(percent)]);
    match take(rest, &["spec", "metrics"]) {
        None | Some(Value::Null) => Ok(of_pod),
        Some(Value::Array(all)) => Ok(Some(all.iter().map(autoscaler::metric).collect())),
        Some(_) => Err("spec.metrics that is no list".to_owned()),
    }
}

/// What a patch says of pools, outliers and retry budgets for every port, as the whole object would say it.
fn destination_rule(
    rest: &mut Value,
    whole: &Value,
    name: ObjectName,
    odd: &mut Vec<Oddity>,
) -> Result<DestinationRulePatch, String> {
    let text = whole.to_string();
    let wire = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let read = routing::destination_rule(&wire, odd).map(|rule| rule.policy.settings).unwrap_or_default();
    for field in READ_OF_RULES {
        let inside: Vec<&str> = ["spec", "trafficPolicy"].into_iter().chain(field.split('.')).collect();
        take(rest, &inside);
    }
    Ok(DestinationRulePatch {
        name,
        pool: read.pool.unwrap_or_default(),
        outliers: read.outliers.unwrap_or_default(),
        retry_budget: read.retry_budget.unwrap_or_default(),
    })
}

/// The lists that a patch gives, as the whole object would say them.
fn telemetry(
    rest: &mut Value,
    whole: &Value,
    name: ObjectName,
    odd: &mut Vec<Oddity>,
) -> Result<TelemetryPatch, String> {
    let text = whole.to_string();
    let wire = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let read = super::telemetry::telemetry(&wire, odd).unwrap_or_default();
    let mut is_said = |key: &str| take(rest, &["spec", key]).is_some();
    Ok(TelemetryPatch {
        name,
        tracing: is_said("tracing").then_some(read.tracing),
        logging: is_said("accessLogging").then_some(read.logging),
        metrics: is_said("metrics").then_some(read.metrics),
    })
}

/// Takes a member out of nested objects.
fn take(value: &mut Value, path: &[&str]) -> Option<Value> {
    let (last, outer) = path.split_last()?;
    let holder = outer.iter().try_fold(value, |value, key| value.get_mut(*key))?;
    holder.as_object_mut()?.remove(*last)
}

fn text(value: Option<Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn texts(value: Option<Value>, field: &str) -> Result<Vec<(String, String)>, String> {
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(members)) => {
            Ok(members.into_iter().filter_map(|(key, value)| Some((key, text(Some(value))?))).collect())
        }
        Some(_) => Err(format!("{field} that is no map")),
    }
}

fn count(rest: &mut Value, field: &str) -> Result<Option<u64>, String> {
    match take(rest, &["spec", field]) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_u64().map(Some).ok_or_else(|| format!("spec.{field} that is no number of replicas")),
    }
}

/// Paths of what is left, without empty shells.
fn leaves(value: &Value, path: &str, into: &mut Vec<String>) {
    let inner = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| leaves(value, &inner(key), into)),
        Value::Array(items) => items.iter().for_each(|value| leaves(value, &format!("{path}[]"), into)),
        Value::Null => {}
        _ => into.push(path.to_owned()),
    }
}
