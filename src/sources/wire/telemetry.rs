//! Istio's Telemetry objects; v1 and v1alpha1 have the same form.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Oddity;
use super::istio::Wire;
use super::security::{PodSelector, TargetWire, attachment, ignored};
use super::text::{Nullable, Seq, Text};
use super::unknown::Unknown;
use crate::inventory::objects::{
    LabelOverride, LoggingSetting, MetricOverride, MetricsSetting, Side, Telemetry, TracingSetting,
};

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct TelemetrySpec<'a> {
    #[serde(borrow)]
    selector: Option<PodSelector<'a>>,
    #[serde(borrow)]
    target_ref: Option<TargetWire<'a>>,
    #[serde(borrow)]
    target_refs: Seq<TargetWire<'a>>,
    #[serde(borrow)]
    tracing: Seq<TracingWire<'a>>,
    #[serde(borrow)]
    access_logging: Seq<LoggingWire<'a>>,
    #[serde(borrow)]
    metrics: Seq<MetricsWire<'a>>,
    #[serde(flatten)]
    unknown: Unknown,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct TracingWire<'a> {
    #[serde(borrow, rename = "match")]
    matched: Nullable<MatchWire<'a>>,
    #[serde(borrow)]
    providers: Seq<ProviderWire<'a>>,
    #[serde(borrow)]
    random_sampling_percentage: Text<'a>,
    #[serde(borrow)]
    disable_span_reporting: Text<'a>,
    custom_tags: Option<IgnoredAny>,
    use_request_id_for_trace_sampling: Option<IgnoredAny>,
    enable_istio_tags: Option<IgnoredAny>,
    #[serde(flatten)]
    unknown: Unknown,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct LoggingWire<'a> {
    #[serde(borrow, rename = "match")]
    matched: Nullable<MatchWire<'a>>,
    #[serde(borrow)]
    providers: Seq<ProviderWire<'a>>,
    #[serde(borrow)]
    disabled: Text<'a>,
    #[serde(borrow)]
    filter: Option<FilterWire<'a>>,
    #[serde(flatten)]
    unknown: Unknown,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct MetricsWire<'a> {
    #[serde(borrow)]
    overrides: Seq<OverrideWire<'a>>,
    #[serde(borrow)]
    providers: Seq<ProviderWire<'a>>,
    reporting_interval: Option<IgnoredAny>,
    #[serde(flatten)]
    unknown: Unknown,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct OverrideWire<'a> {
    #[serde(borrow, rename = "match")]
    matched: Nullable<MatchWire<'a>>,
    #[serde(borrow)]
    disabled: Text<'a>,
    #[serde(borrow)]
    tag_overrides: Nullable<BTreeMap<String, Nullable<LabelWire<'a>>>>,
    #[serde(flatten)]
    unknown: Unknown,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct LabelWire<'a> {
    #[serde(borrow)]
    operation: Text<'a>,
    #[serde(borrow)]
    value: Text<'a>,
}

/// A provider by its name; what else it says is not read.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct ProviderWire<'a> {
    #[serde(borrow)]
    name: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct FilterWire<'a> {
    #[serde(borrow)]
    expression: Text<'a>,
}

/// Names of providers.
pub(super) fn names(providers: &Seq<ProviderWire<'_>>) -> Vec<String> {
    providers.0.iter().map(|provider| (&provider.name).into()).collect()
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct MatchWire<'a> {
    #[serde(borrow)]
    mode: Text<'a>,
    #[serde(borrow)]
    metric: Text<'a>,
    #[serde(borrow)]
    custom_metric: Text<'a>,
}

impl MatchWire<'_> {
    fn side(&self, field: &str, odd: &mut Vec<Oddity>) -> Side {
        side(&self.mode, field, odd)
    }
}

/// The requests a mode stands for.
pub(super) fn side(mode: &Text<'_>, field: &str, odd: &mut Vec<Oddity>) -> Side {
    match mode.as_str() {
        "CLIENT" => Side::Client,
        "SERVER" => Side::Server,
        "" | "CLIENT_AND_SERVER" | "UNDEFINED" => Side::Both,
        other => {
            let message = format!("{other:?} is none of CLIENT, SERVER, CLIENT_AND_SERVER; planned as both");
            odd.push(ignored(field, message));
            Side::Both
        }
    }
}

/// What proxies report; nothing where it has no name.
pub(super) fn telemetry(wire: &Wire<'_, TelemetrySpec<'_>>, odd: &mut Vec<Oddity>) -> Option<Telemetry> {
    let spec = &wire.spec;
    spec.unknown.note("spec", odd);
    Some(Telemetry {
        name: wire.metadata.object_name()?,
        created: (&wire.metadata.creation_timestamp).into(),
        attachment: attachment(spec.selector.as_ref(), spec.target_ref.as_ref(), &spec.target_refs),
        tracing: spec.tracing.0.iter().map(|it| tracing(it, odd)).collect(),
        logging: spec.access_logging.0.iter().map(|it| logging(it, odd)).collect(),
        metrics: spec.metrics.0.iter().map(|it| metrics(it, odd)).collect(),
    })
}

fn tracing(wire: &TracingWire<'_>, odd: &mut Vec<Oddity>) -> TracingSetting {
    wire.unknown.note("spec.tracing", odd);
    TracingSetting {
        side: wire.matched.side("spec.tracing.match.mode", odd),
        providers: names(&wire.providers),
        says_more: wire.custom_tags.is_some()
            || wire.use_request_id_for_trace_sampling.is_some()
            || wire.enable_istio_tags.is_some()
            || wire.unknown.is_any(),
        sampling_percent: percent(&wire.random_sampling_percentage, "spec.tracing.randomSamplingPercentage", odd),
        disabled: truth(&wire.disable_span_reporting, "spec.tracing.disableSpanReporting", odd),
    }
}

fn logging(wire: &LoggingWire<'_>, odd: &mut Vec<Oddity>) -> LoggingSetting {
    wire.unknown.note("spec.accessLogging", odd);
    LoggingSetting {
        side: wire.matched.side("spec.accessLogging.match.mode", odd),
        providers: names(&wire.providers),
        disabled: truth(&wire.disabled, "spec.accessLogging.disabled", odd) == Some(true),
        filter: wire.filter.as_ref().map(|filter| (&filter.expression).into()),
        says_more: wire.unknown.is_any(),
    }
}

fn metrics(wire: &MetricsWire<'_>, odd: &mut Vec<Oddity>) -> MetricsSetting {
    wire.unknown.note("spec.metrics", odd);
    let mut says_more = wire.reporting_interval.is_some() || wire.unknown.is_any();
    let read = |it: &OverrideWire<'_>| {
        it.unknown.note("spec.metrics.overrides", odd);
        says_more |= it.unknown.is_any() || !it.matched.custom_metric.is_empty();
        let metric = it.matched.metric.to_option().filter(|metric| metric != "ALL_METRICS");
        MetricOverride {
            side: it.matched.side("spec.metrics.overrides.match.mode", odd),
            metric: metric.or(it.matched.custom_metric.to_option()),
            disabled: truth(&it.disabled, "spec.metrics.overrides.disabled", odd),
            labels: it.tag_overrides.0.iter().map(|(name, label)| self::label(name, label)).collect(),
        }
    };
    let overrides = wire.overrides.0.iter().map(read).collect();
    MetricsSetting { providers: names(&wire.providers), overrides, says_more }
}

/// Without an operation a label is given a value (istio/api, `MetricsOverrides.TagOverride`).
fn label(name: &str, wire: &LabelWire<'_>) -> LabelOverride {
    let removed = wire.operation.as_str() == "REMOVE";
    LabelOverride { name: name.to_owned(), value: (!removed).then(|| (&wire.value).into()) }
}

/// A share in per cent, from 0 to 100.
pub(super) fn percent(text: &Text<'_>, field: &str, odd: &mut Vec<Oddity>) -> Option<f64> {
    if text.is_empty() {
        return None;
    }
    let number = text.as_str().parse::<f64>().ok().filter(|number| (0.0..=100.0).contains(number));
    if number.is_none() {
        odd.push(ignored(field, format!("{:?} is no number from 0 to 100; planned without it", text.as_str())));
    }
    number
}

/// Yes or no, also where it came as text.
pub(super) fn truth(text: &Text<'_>, field: &str, odd: &mut Vec<Oddity>) -> Option<bool> {
    if text.is_empty() {
        return None;
    }
    let truth = text.as_str().parse().ok();
    if truth.is_none() {
        odd.push(ignored(field, format!("{:?} is neither true nor false; planned without it", text.as_str())));
    }
    truth
}
