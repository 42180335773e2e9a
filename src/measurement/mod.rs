//! Measured response times: one distribution type for every load tool, and what may be concluded from it.
//!
//! A [`Distribution`] answers a quantile with what the source leaves open: full histograms and samples
//! are known to a tenth of a per cent, buckets and printed percentiles only to an interval. Percentiles
//! are never averaged: distributions are merged, and a merged quantile is asked for again.

mod bounds;
mod compare;
mod distribution;
mod mixture;
mod omission;
mod order;
mod quantile;
mod recorder;
mod slo;
mod unit;
mod window;

#[cfg(test)]
mod tests;

use crate::finding::{Finding, FindingKind, Severity};
use crate::units::{Quantile, Rate, Seconds, Share};

pub use bounds::{Bucket, Stated};
pub use compare::{Comparison, Difference, Outcome, compare};
pub use distribution::{Distribution, DistributionError};
pub use hdrhistogram::Histogram;
pub use mixture::MergeError;
pub use omission::{CorrectionError, TOO_BUSY, busy_share};
pub use order::{Ranks, ranks, samples_needed};
pub use quantile::QuantileEstimate;
pub use recorder::Recorder;
pub use slo::{Objective, Slo, SloError, SloOutcome};
pub use unit::TimeUnit;
pub use window::{Moment, Period, Timestamp, Window, WindowError};

/// Quantiles every table and the JSON show: p50, p90, p99, p999.
pub const QUANTILES: [(&str, Quantile); 4] = [
    ("p50", Quantile::literal(0.5)),
    ("p90", Quantile::literal(0.9)),
    ("p99", Quantile::literal(0.99)),
    ("p999", Quantile::literal(0.999)),
];

/// How the load generator decided when to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Pacing {
    /// The source does not say.
    #[default]
    Unknown,
    /// Every connection sends at fixed times but waits for its answer first (Fortio `-qps`): slow
    /// answers delay the requests behind them, and the delay is not measured.
    PacedClosed,
    /// Every connection sends as soon as it has its answer (wrk, Fortio at `max`).
    Closed,
    /// Requests are sent, or counted from, when they are due (wrk2, vegeta, Nighthawk open loop).
    Open,
}

/// The load under which something was measured, as far as the source tells.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Load {
    /// Requests per second achieved.
    pub rate: Option<Rate>,
    /// Connections, or threads or users that each wait for their answer.
    pub connections: Option<u64>,
    /// How long the measurement took.
    pub duration: Option<Seconds>,
    /// How requests were paced.
    pub pacing: Pacing,
    /// Share of a round within which all connections of a paced loop send: 0 when they fire together.
    pub round_spread: Option<Share>,
    /// Requests that failed, whether or not their times are among the samples.
    pub failures: Option<u64>,
}

/// Which proxy reported a request; Istio reports every request twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reporter {
    /// The client's.
    Source,
    /// The server's.
    Destination,
}

/// What was measured, by whom, and under which load.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// Where it comes from and, if there are several in a file, which one it is.
    pub name: String,
    /// Kind of source, e.g. `fortio`.
    pub format: &'static str,
    /// The response times.
    pub distribution: Distribution,
    /// The load.
    pub load: Load,
    /// Percentiles the source prints beside its histogram, to be compared with the histogram.
    pub stated: Vec<Stated>,
    /// Who reported it, and about which requests, where two reporters may describe the same ones.
    pub reported: Option<(Reporter, String)>,
}

impl Measurement {
    /// Whether it is of a service or workload: by the destination that a proxy reported, else by the name of its
    /// file or of its place in the file.
    #[must_use]
    pub fn is_of(&self, service: &str) -> bool {
        if let Some((_, about)) = &self.reported {
            let (_, destination) = about.rsplit_once(' ').unwrap_or(("", about));
            // `shop/cart` is the service of that name, and the service `cart`.
            return destination == service || destination.rsplit_once('/').is_some_and(|(_, name)| name == service);
        }
        let (file, section) = self.name.split_once(' ').unwrap_or((&self.name, ""));
        let file = file.rsplit(['/', '\\']).next().unwrap_or(file);
        let stem = file.split('.').next().unwrap_or(file);
        section == service || stem == service
    }
}

/// Response times are too few for a quantile.
pub const TOO_FEW_SAMPLES: FindingKind = FindingKind {
    id: "latency-too-few-samples",
    severity: Severity::Warning,
    meaning: "a quantile is asked of fewer samples than are needed to bound it from above",
    why: "the true quantile may lie beyond everything measured; the interval ends at the largest sample because nothing else is known",
    remedy: "measure longer, or judge a lower quantile",
};

/// A paced closed loop was busy nearly all the time.
pub const COORDINATED_OMISSION: FindingKind = FindingKind {
    id: "latency-coordinated-omission",
    severity: Severity::Warning,
    meaning: "a load generator that waits for its answers was too busy to send on time",
    why: "requests that should have been sent during slow answers were not, so the slowest times are too few and high percentiles too low",
    remedy: "use more connections or an open loop (wrk2, vegeta, fortio -nocatchup with more threads), or correct with --correct-omission",
};

/// Percentiles printed in a file contradict its own histogram.
pub const PERCENTILES_DISAGREE: FindingKind = FindingKind {
    id: "latency-percentiles-disagree",
    severity: Severity::Warning,
    meaning: "a percentile printed in a file lies outside the bucket in which its own histogram has it",
    why: "one of the two was edited, cut, or computed over other requests",
    remedy: "look at the file; figures here are those of the histogram",
};

/// A quantile lies in a bucket without an upper bound.
pub const BEYOND_LAST_BUCKET: FindingKind = FindingKind {
    id: "latency-beyond-last-bucket",
    severity: Severity::Warning,
    meaning: "a quantile lies above the last bound of the histogram",
    why: "nothing says how far above; only its lower bound is known",
    remedy: "add larger bucket bounds to the metric, or measure with a full histogram",
};

/// Some requests failed.
pub const FAILED_REQUESTS: FindingKind = FindingKind {
    id: "latency-failed-requests",
    severity: Severity::Info,
    meaning: "some of the measured requests failed",
    why: "a refused request is fast and a timed-out one is as slow as the timeout; both bend the percentiles",
    remedy: "compare measurements with few failures, or look at successful requests alone",
};

/// Reports of both proxies about the same requests.
pub const REPORTED_TWICE: FindingKind = FindingKind {
    id: "latency-reported-twice",
    severity: Severity::Info,
    meaning: "requests reported by both the client's and the server's proxy were merged once, as the client's proxy saw them",
    why: "adding both reports would count every request twice and mix two places of measurement",
    remedy: "give one reporter only to measure at the server",
};

/// Kinds of finding this module raises.
pub const FINDINGS: &[&FindingKind] = &[
    &TOO_FEW_SAMPLES,
    &COORDINATED_OMISSION,
    &PERCENTILES_DISAGREE,
    &BEYOND_LAST_BUCKET,
    &FAILED_REQUESTS,
    &REPORTED_TWICE,
];

/// What is odd or thin about a measurement.
#[must_use]
pub fn examine(measurement: &Measurement) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut raise = |kind, message: String| findings.push(Finding::new(kind, &measurement.name, message));
    let distribution = &measurement.distribution;
    if let Some(share) = busy_share(measurement).filter(|share| *share > TOO_BUSY) {
        raise(
            &COORDINATED_OMISSION,
            format!(
                "mean response time × rate ÷ connections is {share:.2}, above {TOO_BUSY}: requests were sent late and \
                 high percentiles are too low"
            ),
        );
    }
    if let Some(samples) = distribution.samples() {
        let thin: Vec<String> = QUANTILES
            .iter()
            .filter(|(_, quantile)| samples < samples_needed(*quantile, Quantile::literal(0.9)))
            .map(|(_, quantile)| {
                format!("p{} needs {}", percent(*quantile), samples_needed(*quantile, Quantile::literal(0.9)))
            })
            .collect();
        if !thin.is_empty() {
            let plural = if samples == 1 { "" } else { "s" };
            raise(&TOO_FEW_SAMPLES, format!("{samples} sample{plural}, but {}", thin.join(" and ")));
        }
    }
    let open: Vec<String> = QUANTILES
        .iter()
        .filter(|(_, quantile)| distribution.quantile(*quantile).upper.as_seconds().is_infinite())
        .map(|(_, quantile)| format!("p{}", percent(*quantile)))
        .collect();
    if !open.is_empty() {
        raise(&BEYOND_LAST_BUCKET, format!("{} above the last bucket bound", open.join(" and ")));
    }
    for stated in disagreeing(measurement) {
        let own = distribution.quantile(stated.quantile);
        raise(
            &PERCENTILES_DISAGREE,
            format!(
                "p{} is printed as {} s, but the histogram has it between {} and {} s",
                percent(stated.quantile),
                stated.value.as_seconds(),
                own.lower.as_seconds(),
                own.upper.as_seconds()
            ),
        );
    }
    if let Some(failures) = measurement.load.failures.filter(|failures| *failures > 0) {
        raise(&FAILED_REQUESTS, format!("{failures} requests failed"));
    }
    findings
}

/// Puts the measurements of one group together: requests reported by both proxies are taken once.
///
/// # Errors
/// [`MergeError`] when there is nothing to merge, or a part does not say how many requests it stands for.
pub fn merge(name: &str, parts: &[Measurement]) -> Result<(Measurement, Vec<Finding>), MergeError> {
    let seen_at_source = |about: &str| {
        parts
            .iter()
            .any(|part| part.reported.as_ref().is_some_and(|(who, what)| *who == Reporter::Source && what == about))
    };
    let (twice, kept): (Vec<&Measurement>, Vec<&Measurement>) = parts.iter().partition(|part| {
        part.reported.as_ref().is_some_and(|(who, about)| *who == Reporter::Destination && seen_at_source(about))
    });
    if let Some(part) = kept.iter().find(|part| part.distribution.samples().is_none()) {
        return Err(MergeError::UnknownCount(part.name.clone()));
    }
    let distribution = Distribution::merged(kept.iter().map(|part| &part.distribution))?;
    let format = kept.first().map_or("merged", |first| {
        if kept.iter().all(|part| part.format == first.format) { first.format } else { "merged" }
    });
    let failures = kept.iter().filter_map(|part| part.load.failures).reduce(u64::saturating_add);
    let load = Load { failures, ..Load::default() };
    let reported = None;
    let merged = Measurement { name: name.to_owned(), format, distribution, load, stated: Vec::new(), reported };
    let findings = twice
        .iter()
        .map(|part| {
            Finding::new(&REPORTED_TWICE, &part.name, "left out: the client's proxy reported the same requests")
        })
        .collect();
    Ok((merged, findings))
}

/// Stated percentiles outside the bucket in which the distribution has them.
///
/// Tools differ by a rank in what they call a percentile and round it to six digits, so the buckets of
/// the neighbouring samples count too.
#[must_use]
pub fn disagreeing(measurement: &Measurement) -> Vec<&Stated> {
    let distribution = &measurement.distribution;
    let Some(samples) = distribution.samples() else { return Vec::new() };
    let beside = |quantile: Quantile, step: f64| {
        let rank = (1.0 / samples.max(1) as f64).max(1e-6);
        Quantile::new((quantile.get() + step * rank).clamp(0.0, 1.0)).unwrap_or(quantile)
    };
    let outside = |stated: &&Stated| {
        let lower = distribution.quantile(beside(stated.quantile, -1.0)).lower - stated.resolution;
        let upper = distribution.quantile(beside(stated.quantile, 1.0)).upper + stated.resolution;
        let dust = stated.value * 1e-9;
        stated.value < lower - dust || stated.value > upper + dust
    };
    measurement.stated.iter().filter(outside).collect()
}

/// A quantile as the number behind `p`: 99.9 for 0.999.
#[must_use]
pub fn percent(quantile: Quantile) -> String {
    let text = format!("{:.6}", quantile.get() * 100.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
