//! Horizontal pod autoscalers of every version.

use serde::Deserialize;
use serde_json::Value;

use super::super::notes::FIELD_IGNORED;
use super::text::{Int, Nullable, Seq, Text};
use super::workload::count;
use super::{Metadata, Oddity};
use crate::inventory::objects::{Autoscaler, AutoscalingApi, Metric, MetricTarget};

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct AutoscalerWire<'a> {
    #[serde(borrow)]
    api_version: Text<'a>,
    #[serde(borrow)]
    metadata: Nullable<Metadata<'a>>,
    #[serde(borrow)]
    spec: Nullable<AutoscalerSpec<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct AutoscalerSpec<'a> {
    #[serde(borrow)]
    scale_target_ref: Nullable<TargetReference<'a>>,
    min_replicas: Int,
    max_replicas: Int,
    #[serde(rename = "targetCPUUtilizationPercentage")]
    target_cpu: Int,
    metrics: Seq<Value>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct TargetReference<'a> {
    #[serde(borrow)]
    kind: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
}

/// An autoscaler; nothing where it has no name.
pub(super) fn autoscaler(wire: &AutoscalerWire<'_>, odd: &mut Vec<Oddity>) -> Option<Autoscaler> {
    let name = wire.metadata.object_name()?;
    let spec = &wire.spec;
    let of_pod = spec.target_cpu.count().map(Metric::of_pod_cpu);
    let min_replicas = count(spec.min_replicas, "spec.minReplicas", odd).unwrap_or(1);
    let max_replicas = count(spec.max_replicas, "spec.maxReplicas", odd).unwrap_or(min_replicas);
    if max_replicas < min_replicas {
        odd.push(Oddity {
            kind: &FIELD_IGNORED,
            field: "spec.maxReplicas".to_owned(),
            message: format!("{max_replicas} is below minReplicas {min_replicas}; planned with {min_replicas}"),
        });
    }
    Some(Autoscaler {
        name,
        // Some clients leave the version of items to their list.
        api: if of_pod.is_some() { AutoscalingApi::V1 } else { api(wire.api_version.as_str()) },
        live: wire.metadata.is_live(),
        owner: wire.metadata.owner(),
        target_kind: (&spec.scale_target_ref.kind).into(),
        target_name: spec.scale_target_ref.name.as_str().into(),
        min_replicas,
        max_replicas: max_replicas.max(min_replicas),
        metrics: of_pod.into_iter().chain(spec.metrics.0.iter().map(metric)).collect(),
    })
}

/// The version that `apiVersion` names.
pub(super) fn api(api_version: &str) -> AutoscalingApi {
    match api_version {
        "autoscaling/v1" => AutoscalingApi::V1,
        "autoscaling/v2beta1" | "autoscaling/v2beta2" => AutoscalingApi::Beta,
        _ => AutoscalingApi::V2,
    }
}

/// One of `spec.metrics`; what is neither of the two kinds about resources is kept as it is.
pub(super) fn metric(written: &Value) -> Metric {
    let resource = |of: &Value| of.get("name").and_then(Value::as_str).map(str::to_owned);
    let found = match (written.get("resource"), written.get("containerResource")) {
        (Some(of), None) => resource(of).zip(target(of)).map(|(resource, target)| Metric::Pod { resource, target }),
        (None, Some(of)) => {
            let container = of.get("container").and_then(Value::as_str).map(str::to_owned);
            let all = container.zip(resource(of)).zip(target(of));
            all.map(|((container, resource), target)| Metric::Container { container, resource, target })
        }
        _ => None,
    };
    found.unwrap_or_else(|| Metric::Other(written.clone()))
}

/// `target` since v2beta2, members of its own before.
fn target(of: &Value) -> Option<MetricTarget> {
    let target = of.get("target").unwrap_or(of);
    let member = |now: &str, before: &str| target.get(now).or_else(|| of.get(before));
    let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.trim().parse().ok());
    let percent = member("averageUtilization", "targetAverageUtilization").and_then(number);
    let amount = member("averageValue", "targetAverageValue").and_then(|value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    });
    percent.map(MetricTarget::Utilization).or(amount.map(MetricTarget::AverageValue))
}
