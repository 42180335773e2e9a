//! What proxies report.

use serde_json::{Map, Value, json};

use super::{head, put};
use crate::inventory::objects::{
    LoggingSetting, MetricOverride, MetricsSetting, Side, Telemetry, TelemetryPatch, TracingSetting,
};

/// `telemetry.istio.io/v1/Telemetry` for all of its namespace, or of the mesh; one of fewer workloads is never new.
pub(super) fn object(telemetry: &Telemetry) -> Value {
    let list = |is_empty: bool, list: Value| (!is_empty).then_some(list);
    of(
        &telemetry.name,
        [
            list(telemetry.tracing.is_empty(), all(&telemetry.tracing, tracing)),
            list(telemetry.logging.is_empty(), all(&telemetry.logging, logging)),
            list(telemetry.metrics.is_empty(), all(&telemetry.metrics, metrics)),
        ],
    )
}

/// Lists that take the place of those there are: a merge patch knows no items of a list.
pub(super) fn patch(patch: &TelemetryPatch) -> Value {
    of(
        &patch.name,
        [
            patch.tracing.as_ref().map(|list| all(list, tracing)),
            patch.logging.as_ref().map(|list| all(list, logging)),
            patch.metrics.as_ref().map(|list| all(list, metrics)),
        ],
    )
}

fn of(name: &crate::inventory::ObjectName, lists: [Option<Value>; 3]) -> Value {
    let mut object = head("telemetry.istio.io/v1", "Telemetry", name);
    let keys = ["tracing", "accessLogging", "metrics"].into_iter();
    let said = keys.zip(lists).filter_map(|(key, list)| Some((key.to_owned(), list?)));
    put(&mut object, "spec", Value::Object(said.collect::<Map<String, Value>>()));
    object
}

fn all<T>(list: &[T], write: fn(&T) -> Value) -> Value {
    list.iter().map(write).collect()
}

fn tracing(setting: &TracingSetting) -> Value {
    let mut entry = entry(setting.side, &setting.providers);
    if let Some(percent) = setting.sampling_percent {
        put(&mut entry, "randomSamplingPercentage", json!(percent));
    }
    if let Some(disabled) = setting.disabled {
        put(&mut entry, "disableSpanReporting", json!(disabled));
    }
    entry
}

fn logging(setting: &LoggingSetting) -> Value {
    let mut entry = entry(setting.side, &setting.providers);
    if setting.disabled {
        put(&mut entry, "disabled", json!(true));
    }
    if let Some(expression) = &setting.filter {
        put(&mut entry, "filter", json!({ "expression": expression }));
    }
    entry
}

fn metrics(setting: &MetricsSetting) -> Value {
    let mut entry = entry(Side::Both, &setting.providers);
    if !setting.overrides.is_empty() {
        put(&mut entry, "overrides", all(&setting.overrides, metric));
    }
    entry
}

fn metric(it: &MetricOverride) -> Value {
    let mut entry = json!({});
    let mut matched = matched(it.side);
    put(&mut matched, "metric", json!(it.metric.as_deref().unwrap_or("ALL_METRICS")));
    put(&mut entry, "match", matched);
    if let Some(disabled) = it.disabled {
        put(&mut entry, "disabled", json!(disabled));
    }
    if !it.labels.is_empty() {
        let label = |value: &Option<String>| match value {
            Some(value) => json!({ "operation": "UPSERT", "value": value }),
            None => json!({ "operation": "REMOVE" }),
        };
        let labels = it.labels.iter().map(|it| (it.name.clone(), label(&it.value)));
        put(&mut entry, "tagOverrides", Value::Object(labels.collect()));
    }
    entry
}

fn entry(side: Side, providers: &[String]) -> Value {
    let mut entry = json!({});
    if side != Side::Both {
        put(&mut entry, "match", matched(side));
    }
    if !providers.is_empty() {
        put(&mut entry, "providers", providers.iter().map(|name| json!({ "name": name })).collect());
    }
    entry
}

fn matched(side: Side) -> Value {
    match side {
        Side::Client => json!({ "mode": "CLIENT" }),
        Side::Server => json!({ "mode": "SERVER" }),
        Side::Both => json!({}),
    }
}
