//! What readers of latency notice.

use crate::finding::{FindingKind, Severity};

/// A file names no unit.
pub(super) const UNIT_ASSUMED: FindingKind = FindingKind {
    id: "latency-unit-assumed",
    severity: Severity::Warning,
    meaning: "a latency file names no unit, and the usual one of its format was taken",
    why: "a wrong unit makes every figure wrong by a factor of a thousand or more",
    remedy: "check a figure against what you know, and give the unit with --unit",
};

/// A part of a file holds no samples.
pub(super) const NO_SAMPLES: FindingKind = FindingKind {
    id: "latency-no-samples",
    severity: Severity::Warning,
    meaning: "a measurement has no samples",
    why: "nothing can be said about it; a load test without requests has failed",
    remedy: "look at the log of the load generator",
};

/// Samples that are no durations.
pub(super) const SAMPLES_LEFT_OUT: FindingKind = FindingKind {
    id: "latency-samples-left-out",
    severity: Severity::Warning,
    meaning: "some samples are negative, no numbers, or longer than three years, and were left out",
    why: "the clock went backwards or the file is damaged; the rest may be affected too",
    remedy: "look at the lines named",
};

/// Only mean and deviation are known.
pub(super) const MEAN_ONLY: FindingKind = FindingKind {
    id: "latency-mean-only",
    severity: Severity::Warning,
    meaning: "a file holds mean and standard deviation but no percentiles",
    why: "the bounds hold for any distribution with these moments and are wide; the figures between them assume a log-normal",
    remedy: "measure with percentiles: wrk --latency, fortio -p",
};

/// A counter went back to zero.
pub(in crate::sources) const COUNTER_RESET: FindingKind = FindingKind {
    id: "latency-counter-reset",
    severity: Severity::Info,
    meaning: "bucket counters went down, as they do when a process restarts",
    why: "requests between the last scrape and the restart are missing",
    remedy: "choose a time range without restarts if it matters",
};

/// Bucket counts that contradict each other.
pub(super) const BUCKETS_FALL: FindingKind = FindingKind {
    id: "latency-buckets-fall",
    severity: Severity::Warning,
    meaning: "a cumulative bucket counts less than the one below it",
    why: "buckets were scraped or recorded at different moments; the series was left out",
    remedy: "scrape again, or choose another time range",
};

/// Metrics that are no latency.
pub(super) const METRICS_LEFT_OUT: FindingKind = FindingKind {
    id: "latency-metrics-left-out",
    severity: Severity::Info,
    meaning: "histograms without a unit of time in their name were left out",
    why: "they measure sizes or counts",
    remedy: "rename the metric if it is a duration (…_seconds, …_milliseconds)",
};

/// Histograms that are none of durations, or whose bounds are not known.
pub(super) const HISTOGRAMS_LEFT_OUT: FindingKind = FindingKind {
    id: "latency-histograms-left-out",
    severity: Severity::Warning,
    meaning: "some histograms count durations below zero, or have bounds that follow no known rule, and were left out",
    why: "a duration cannot be negative: a clock went backwards or the metric is something else; buckets without bounds say nothing",
    remedy: "look at the series named; scrape classic buckets of metrics with custom bounds",
};

/// Durations are whole milliseconds.
pub(super) const WHOLE_MILLISECONDS: FindingKind = FindingKind {
    id: "latency-whole-milliseconds",
    severity: Severity::Info,
    meaning: "Envoy counts durations in whole milliseconds, rounded down, so that its fine buckets are no finer than that",
    why: "a request of 0.9 ms is counted as 0; intervals here reach to the next millisecond, where the true times end",
    remedy: "measure at the client where fractions of a millisecond matter",
};

/// Samples outside the window.
pub(super) const OUTSIDE_WINDOW: FindingKind = FindingKind {
    id: "latency-outside-window",
    severity: Severity::Info,
    meaning: "samples or intervals lie outside the window given with --from and --to",
    why: "they are left out of every figure, as asked",
    remedy: "widen the window if it should hold them; offsets count from the first sample of the file",
};

/// Kinds of finding the readers of latency raise.
pub const FINDINGS: &[&FindingKind] = &[
    &UNIT_ASSUMED,
    &NO_SAMPLES,
    &SAMPLES_LEFT_OUT,
    &MEAN_ONLY,
    &COUNTER_RESET,
    &BUCKETS_FALL,
    &METRICS_LEFT_OUT,
    &HISTOGRAMS_LEFT_OUT,
    &WHOLE_MILLISECONDS,
    &OUTSIDE_WINDOW,
];
