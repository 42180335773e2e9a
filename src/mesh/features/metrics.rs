//! Standard metrics: which of them Telemetry leaves on.

use super::attached::Policy;
use super::{Feature, Origin, WorkloadFeatures, rounded};
use crate::inventory::Telemetry;
use crate::inventory::objects::{MetricOverride, Side};
use crate::units::Share;

/// What a proxy counts of an HTTP request (istio.io, "Istio Standard Metrics").
const OF_HTTP: [&str; 4] = ["REQUEST_COUNT", "REQUEST_DURATION", "REQUEST_SIZE", "RESPONSE_SIZE"];

/// Metrics of TCP connections.
const OF_TCP: [&str; 4] = ["TCP_OPENED_CONNECTIONS", "TCP_CLOSED_CONNECTIONS", "TCP_SENT_BYTES", "TCP_RECEIVED_BYTES"];
/// Labels that tell outcomes apart.
const OUTCOME: [&str; 3] = ["response_code", "response_flags", "grpc_response_status"];
/// Labels that tell callers apart within a cluster.
pub const CALLER_LABELS: [&str; 7] = [
    "source_workload",
    "source_workload_namespace",
    "source_principal",
    "source_app",
    "source_version",
    "source_canonical_service",
    "source_canonical_revision",
];
/// Labels that tell those called apart within a cluster.
const CALLED: [&str; 10] = [
    "destination_workload",
    "destination_workload_namespace",
    "destination_principal",
    "destination_app",
    "destination_version",
    "destination_service",
    "destination_service_name",
    "destination_service_namespace",
    "destination_canonical_service",
    "destination_canonical_revision",
];

/// Istio's standard metrics as a proxy reports them for requests of one side.
///
/// **Assumption.** Labels go together: series become fewer once all labels that tell outcomes, or peers, apart are
/// removed; while one of them is left it tells as much apart as all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StandardMetrics {
    /// `istio_requests_total`.
    pub requests: StandardMetric,
    /// `istio_request_duration_milliseconds`.
    pub duration: StandardMetric,
    /// `istio_request_bytes`.
    pub request_size: StandardMetric,
    /// `istio_response_bytes`.
    pub response_size: StandardMetric,
    /// The four `istio_tcp_*` counters; on while any of them is.
    pub tcp: StandardMetric,
}

/// One metric as it is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StandardMetric {
    /// Whether it is reported at all.
    pub is_on: bool,
    /// Whether its labels tell outcomes apart: response code, flags, gRPC status.
    pub outcome: bool,
    /// Whether its labels tell peers apart: at the server those that call, at the client those called.
    pub peer: bool,
}

impl StandardMetrics {
    /// All of them with all labels, or none.
    #[must_use]
    pub fn all_if(is_on: bool) -> Self {
        let metric = StandardMetric { is_on, outcome: true, peer: true };
        Self { requests: metric, duration: metric, request_size: metric, response_size: metric, tcp: metric }
    }
}

/// Decides about the metrics of a workload; `telemetry` is ordered from the mesh to the workload. Each metric
/// is taken to cost the same.
pub(super) fn decide(telemetry: &[&Telemetry], features: &mut WorkloadFeatures) {
    let mut origins: Vec<Origin> = Vec::new();
    for (side, own) in features.sides() {
        let overrides: Vec<(&MetricOverride, &Telemetry)> = telemetry
            .iter()
            .flat_map(|object| object.overrides().map(move |it| (it, *object)))
            .filter(|(it, _)| it.side.covers(side))
            .collect();
        let Some((_, last)) = overrides.last() else { continue };
        let kept = OF_HTTP.iter().filter(|metric| is_on(metric, &overrides)).count();
        own.metrics = Share::new(own.metrics.get() * kept as f64 / OF_HTTP.len() as f64).unwrap_or_default();
        own.reported = reported(own.reported, &overrides, side);
        own.metric_tags = overrides.iter().fold(0, |sum: u64, (it, _)| sum.saturating_add(it.labels.len() as u64));
        let kept_words = match kept {
            0 => "off".to_owned(),
            kept if kept == OF_HTTP.len() => "on".to_owned(),
            _ => format!("{} % of the standard ones", rounded(own.metrics.get() * 100.0)),
        };
        let words = match own.metric_tags {
            0 => kept_words,
            tags => format!("{kept_words}, labels changed {tags}{}", in_figures(own.reported)),
        };
        join(&mut origins, Origin::read(Feature::Metrics, words, last.title()), side);
    }
    features.decide(origins);
}

/// What of changed labels the figures follow.
fn in_figures(reported: StandardMetrics) -> &'static str {
    let StandardMetrics { requests, duration, request_size, response_size, tcp } = reported;
    let any = |of: fn(&StandardMetric) -> bool| {
        [requests, duration, request_size, response_size, tcp].iter().any(|it| it.is_on && !of(it))
    };
    match (any(|it| it.outcome), any(|it| it.peer)) {
        (false, false) => " (not in the figures)",
        (true, false) => " (outcomes are no longer told apart)",
        (false, true) => " (peers are no longer told apart)",
        (true, true) => " (neither outcomes nor peers are told apart)",
    }
}

fn reported(before: StandardMetrics, overrides: &[(&MetricOverride, &Telemetry)], side: Side) -> StandardMetrics {
    let peer: &[&str] = if side == Side::Server { &CALLER_LABELS } else { &CALLED };
    let metric = |before: StandardMetric, names: &[&str]| {
        let named = || names.iter().copied();
        StandardMetric {
            is_on: before.is_on && named().any(|name| is_on(name, overrides)),
            outcome: named().any(|name| tells(name, &OUTCOME, overrides)),
            peer: named().any(|name| tells(name, peer, overrides)),
        }
    };
    let [requests, duration, request_size, response_size] = OF_HTTP;
    StandardMetrics {
        requests: metric(before.requests, &[requests]),
        duration: metric(before.duration, &[duration]),
        request_size: metric(before.request_size, &[request_size]),
        response_size: metric(before.response_size, &[response_size]),
        tcp: metric(before.tcp, &OF_TCP),
    }
}

/// The last override that speaks of a metric, or of all, decides.
fn is_on(metric: &str, overrides: &[(&MetricOverride, &Telemetry)]) -> bool {
    overrides.iter().filter(|(it, _)| speaks_of(it, metric)).filter_map(|(it, _)| it.disabled).next_back() != Some(true)
}

/// Whether a metric still has one of the labels.
fn tells(metric: &str, labels: &[&str], overrides: &[(&MetricOverride, &Telemetry)]) -> bool {
    labels.iter().any(|name| {
        let of_metric = overrides.iter().filter(|(it, _)| speaks_of(it, metric));
        let last = of_metric.flat_map(|(it, _)| &it.labels).rfind(|label| label.name == *name);
        last.is_none_or(|label| label.value.is_some())
    })
}

fn speaks_of(it: &MetricOverride, metric: &str) -> bool {
    it.metric.as_deref().is_none_or(|named| named == metric)
}

/// Adds what decided one side; both sides alike become one line.
pub(super) fn join(origins: &mut Vec<Origin>, mut origin: Origin, side: Side) {
    const SIDES: [(Side, &str); 2] = [(Side::Server, "inbound "), (Side::Client, "outbound ")];
    if let Some(other) = origins.iter_mut().find(|other| {
        SIDES.iter().any(|(_, prefix)| other.setting.strip_prefix(prefix) == Some(origin.setting.as_str()))
            && other.from == origin.from
    }) {
        other.setting = origin.setting;
        return;
    }
    let prefix = SIDES.iter().find(|(known, _)| *known == side).map_or("", |(_, prefix)| prefix);
    origin.setting = format!("{prefix}{}", origin.setting);
    origins.push(origin);
}
