//! Istio's Telemetry objects; v1 and v1alpha1 have the same form.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Oddity;
use super::istio::Wire;
use super::security::{PodSelector, TargetWire, attachment, ignored};
use super::text::{Nullable, Seq, Text};
use super::unknown::Unknown;
use crate::inventory::objects::{LoggingSetting, MetricOverride, Side, Telemetry, TracingSetting};

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
    providers: Seq<IgnoredAny>,
    #[serde(borrow)]
    random_sampling_percentage: Text<'a>,
    #[serde(borrow)]
    disable_span_reporting: Text<'a>,
    #[serde(rename = "customTags")]
    _custom_tags: IgnoredAny,
    #[serde(rename = "useRequestIdForTraceSampling")]
    _request_id: IgnoredAny,
    #[serde(rename = "enableIstioTags")]
    _istio_tags: IgnoredAny,
    #[serde(flatten)]
    unknown: Unknown,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct LoggingWire<'a> {
    #[serde(borrow, rename = "match")]
    matched: Nullable<MatchWire<'a>>,
    providers: Seq<IgnoredAny>,
    #[serde(borrow)]
    disabled: Text<'a>,
    filter: Option<IgnoredAny>,
    #[serde(flatten)]
    unknown: Unknown,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct MetricsWire<'a> {
    #[serde(borrow)]
    overrides: Seq<OverrideWire<'a>>,
    #[serde(rename = "providers")]
    _providers: IgnoredAny,
    #[serde(rename = "reportingInterval")]
    _interval: IgnoredAny,
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
    tag_overrides: Nullable<BTreeMap<String, IgnoredAny>>,
    #[serde(flatten)]
    unknown: Unknown,
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
        metrics: spec.metrics.0.iter().flat_map(|it| overrides(it, odd)).collect(),
    })
}

fn tracing(wire: &TracingWire<'_>, odd: &mut Vec<Oddity>) -> TracingSetting {
    wire.unknown.note("spec.tracing", odd);
    TracingSetting {
        side: wire.matched.side("spec.tracing.match.mode", odd),
        names_providers: !wire.providers.0.is_empty(),
        sampling_percent: percent(&wire.random_sampling_percentage, "spec.tracing.randomSamplingPercentage", odd),
        disabled: truth(&wire.disable_span_reporting, "spec.tracing.disableSpanReporting", odd),
    }
}

fn logging(wire: &LoggingWire<'_>, odd: &mut Vec<Oddity>) -> LoggingSetting {
    wire.unknown.note("spec.accessLogging", odd);
    LoggingSetting {
        side: wire.matched.side("spec.accessLogging.match.mode", odd),
        names_providers: !wire.providers.0.is_empty(),
        disabled: truth(&wire.disabled, "spec.accessLogging.disabled", odd) == Some(true),
        filtered: wire.filter.is_some(),
    }
}

fn overrides(wire: &MetricsWire<'_>, odd: &mut Vec<Oddity>) -> Vec<MetricOverride> {
    wire.unknown.note("spec.metrics", odd);
    let read = |it: &OverrideWire<'_>, odd: &mut Vec<Oddity>| {
        it.unknown.note("spec.metrics.overrides", odd);
        let metric = it.matched.metric.to_option().filter(|metric| metric != "ALL_METRICS");
        MetricOverride {
            side: it.matched.side("spec.metrics.overrides.match.mode", odd),
            metric: metric.or(it.matched.custom_metric.to_option()),
            disabled: truth(&it.disabled, "spec.metrics.overrides.disabled", odd),
            tags: it.tag_overrides.0.len() as u64,
        }
    };
    wire.overrides.0.iter().map(|it| read(it, odd)).collect()
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
