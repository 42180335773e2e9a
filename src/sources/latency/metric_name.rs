//! What the name of a metric tells.

use crate::measurement::TimeUnit;

/// The unit in a metric's name: Prometheus' base unit, or the milliseconds of Istio and Envoy.
pub(super) fn unit_of(metric: &str) -> Option<TimeUnit> {
    let ends = |ending: &str| metric.ends_with(ending);
    match () {
        () if ends("_seconds") => Some(TimeUnit::Seconds),
        () if ends("_milliseconds") || ends("_ms") || ends("_millis") => Some(TimeUnit::Milliseconds),
        () if ends("_microseconds") || ends("_us") => Some(TimeUnit::Microseconds),
        () if ends("_nanoseconds") || ends("_ns") => Some(TimeUnit::Nanoseconds),
        // Envoy's timers are milliseconds and say so only in their help.
        () if metric.contains("envoy_") && (ends("_time") || ends("_duration")) => Some(TimeUnit::Milliseconds),
        () => None,
    }
}

/// Whether Envoy measures it. Its timers count whole milliseconds, rounded down, before they reach a bucket.
pub(super) fn is_of_envoy(metric: &str) -> bool {
    let timer = unit_of(metric) == Some(TimeUnit::Milliseconds);
    timer && (metric.contains("envoy_") || metric == "istio_request_duration_milliseconds")
}

/// Whether a recording rule made it; colons are theirs alone.
pub(super) fn is_of_a_rule(metric: &str) -> bool {
    metric.contains(':')
}
