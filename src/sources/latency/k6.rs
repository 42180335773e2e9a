//! k6 summaries: `--summary-export` (numbers under the metric) and `handleSummary` (under `values`).
//!
//! Trends are in milliseconds. Request durations are read; other trends are parts of them.

use serde_json::Value;

use super::super::InputError;
use super::value::{count, field_error, invalid, keep, member, note_empty, number, stated};
use super::{Context, LatencyReading, Reader, Shape};
use crate::measurement::{Distribution, Load};
use crate::units::{Rate, Seconds};

pub(super) const READER: Reader = Reader { kind: "k6", timed: false, shape: Shape::Document { recognise, read } };

/// Metrics that are response times, each with the metric that counts them.
pub(super) const DURATIONS: [(&str, &str); 2] =
    [("http_req_duration", "http_reqs"), ("grpc_req_duration", "grpc_reqs")];
/// Where there are no requests, whole iterations are what was timed.
const ITERATIONS: (&str, &str) = ("iteration_duration", "iterations");

fn recognise(value: &Value) -> bool {
    value.get("metrics").is_some_and(Value::is_object) && value.get("root_group").is_some()
}

fn read(context: &Context<'_>, value: &Value, reading: &mut LatencyReading) -> Result<(), InputError> {
    let none = Value::Null;
    let metrics = value.get("metrics").unwrap_or(&none);
    let present =
        |(name, counter): &(&'static str, &'static str)| values(metrics, name).map(|trend| (*name, *counter, trend));
    let mut trends: Vec<_> = DURATIONS.iter().filter_map(present).collect();
    if trends.is_empty() {
        trends.extend(present(&ITERATIONS));
    }
    if trends.is_empty() {
        return Err(field_error(context, "metrics", "no request durations", "http_req_duration or grpc_req_duration"));
    }
    let several = trends.len() > 1;
    for (name, counter, trend) in trends {
        let section = if several { name } else { "" };
        let counted = values(metrics, counter).or_else(|| values(metrics, ITERATIONS.1));
        let samples = counted.and_then(|counter| member(counter, "count")).and_then(count);
        if samples == Some(0) {
            note_empty(context, reading, section);
            continue;
        }
        let mut percentiles = Vec::new();
        for (key, time) in trend.as_object().into_iter().flatten() {
            let percent = match key.as_str() {
                "med" => Some(50.0),
                _ => key.strip_prefix("p(").and_then(|key| key.strip_suffix(')')).and_then(|key| key.parse().ok()),
            };
            let Some(percent) = percent else { continue };
            let path = format!("metrics.{name}.{key}");
            let time = number(time).ok_or_else(|| field_error(context, &path, time.to_string(), "milliseconds"))?;
            percentiles.extend(stated(percent, time / 1e3, 0.0));
        }
        let end = |key| member(trend, key).map(Seconds::from_millis);
        let mut distribution = Distribution::from_percentiles(&percentiles, end("min"), end("max"), samples)
            .map_err(|error| invalid(format!("{}, field metrics.{name}", context.name), &error))?;
        if let (Some(mean), Some(samples)) = (end("avg"), samples) {
            distribution = distribution.with_sum(mean * samples as f64);
        }
        let load = Load {
            rate: counted.and_then(|counter| member(counter, "rate")).map(Rate::per_second),
            connections: values(metrics, "vus_max").and_then(|users| member(users, "max")).and_then(count),
            duration: value.pointer("/state/testRunDurationMs").and_then(number).map(Seconds::from_millis),
            // The rate "failed" counts failures as its passes.
            failures: values(metrics, "http_req_failed").and_then(|failed| member(failed, "passes")).and_then(count),
            ..Load::default()
        };
        keep(context, reading, section, distribution, load, percentiles);
    }
    Ok(())
}

/// The numbers of a metric in either layout.
fn values<'a>(metrics: &'a Value, name: &str) -> Option<&'a Value> {
    let metric = metrics.get(name)?;
    Some(metric.get("values").unwrap_or(metric))
}
