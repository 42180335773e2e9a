//! Standard metrics: which of them Telemetry leaves on.

use super::attached::Policy;
use super::{Feature, Origin, WorkloadFeatures, rounded};
use crate::inventory::Telemetry;
use crate::inventory::objects::{MetricOverride, Side};
use crate::units::Share;

/// What a proxy counts of an HTTP request (istio.io, "Istio Standard Metrics").
const OF_HTTP: [&str; 4] = ["REQUEST_COUNT", "REQUEST_DURATION", "REQUEST_SIZE", "RESPONSE_SIZE"];

/// Decides about the metrics of a workload; `telemetry` is ordered from the mesh to the workload. Each metric
/// is taken to cost the same.
pub(super) fn decide(telemetry: &[&Telemetry], features: &mut WorkloadFeatures) {
    let mut origins: Vec<Origin> = Vec::new();
    for (side, own) in features.sides() {
        let overrides: Vec<(&MetricOverride, &Telemetry)> = telemetry
            .iter()
            .flat_map(|object| object.metrics.iter().map(move |it| (it, *object)))
            .filter(|(it, _)| it.side.covers(side))
            .collect();
        let Some((_, last)) = overrides.last() else { continue };
        let kept = OF_HTTP.iter().filter(|metric| is_on(metric, &overrides)).count();
        own.metrics = Share::new(own.metrics.get() * kept as f64 / OF_HTTP.len() as f64).unwrap_or_default();
        own.metric_tags = overrides.iter().fold(0, |sum: u64, (it, _)| sum.saturating_add(it.tags));
        let kept_words = match kept {
            0 => "off".to_owned(),
            kept if kept == OF_HTTP.len() => "on".to_owned(),
            _ => format!("{} % of the standard ones", rounded(own.metrics.get() * 100.0)),
        };
        let words = match own.metric_tags {
            0 => kept_words,
            tags => format!("{kept_words}, labels changed {tags} (not in the figures)"),
        };
        join(&mut origins, Origin::read(Feature::Metrics, words, last.title()), side);
    }
    features.decide(origins);
}

/// The last override that speaks of a metric, or of all, decides.
fn is_on(metric: &str, overrides: &[(&MetricOverride, &Telemetry)]) -> bool {
    let speaks = |it: &MetricOverride| it.metric.as_deref().is_none_or(|named| named == metric);
    overrides.iter().filter(|(it, _)| speaks(it)).filter_map(|(it, _)| it.disabled).next_back() != Some(true)
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
