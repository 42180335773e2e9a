//! The report for machines: a promise, so it has types of its own.
//!
//! Durations are in seconds, rates per second; what is not known or has no bound is `null`, never missing.

use serde::Serialize;

use super::amounts::{by_how_much, word};
use super::mesh_json::{Extraction, Prediction};
use super::path_json::Path;
use super::{CONFIDENCE, LatencyReport};
use crate::finding::{self, Severity};
use crate::measurement::{self, Measurement, QUANTILES, QuantileEstimate, Slo, SloOutcome};
use crate::report::json::{self, Number};
use crate::units::{Quantile, Seconds};

/// Version of the format; a change that breaks a reader changes it.
const SCHEMA_VERSION: &str = "1";

/// Writes the report.
pub fn render(report: &LatencyReport) -> String {
    json::write(&Report::from(report))
}

/// The JSON Schema of what [`render`] writes.
#[cfg(feature = "schema")]
pub fn schema() -> String {
    json::schema_of::<Report<'static>>()
}

/// Measured response times.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "LatencyReport"))]
struct Report<'a> {
    /// Version of this format.
    schema_version: &'static str,
    /// The measurements, in the order in which they were given.
    distributions: Vec<Distribution<'a>>,
    /// What they are compared with; `null` where nothing was to be compared.
    base: Option<Distribution<'a>>,
    /// One comparison per measurement; empty without a base.
    comparisons: Vec<Comparison<'a>>,
    /// Call paths, in the order in which they were given.
    paths: Vec<Path<'a>>,
    /// The base, or each measurement without one, with the mesh on top.
    predictions: Vec<Prediction<'a>>,
    /// What one traversal takes; `null` where that was not asked for.
    extraction: Option<Extraction<'a>>,
    /// Every objective of every measurement, path and prediction.
    objectives: Vec<Objective<'a>>,
    /// What was noticed, gravest first.
    findings: Vec<Finding<'a>>,
}

/// A measurement.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Distribution<'a> {
    /// Where it comes from and, if there are several in a file, which one it is.
    name: &'a str,
    /// Kind of source, e.g. `fortio`.
    format: &'a str,
    /// How many requests it stands for; `null` where the source gives shares only.
    count: Option<u64>,
    /// Mean, in seconds.
    mean: Estimate,
    /// Largest sample, in seconds.
    max: Estimate,
    /// Quantiles with their 90 % intervals, in seconds.
    quantiles: PerQuantile<Estimate>,
    /// The load under which it was measured.
    load: Load,
}

/// A duration in seconds with its bounds.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct Estimate {
    /// No less than this.
    lower: Number,
    /// The best single figure.
    value: Number,
    /// No more than this; `null` where the source has no upper bound.
    upper: Number,
}

/// The same thing at each quantile.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct PerQuantile<T> {
    /// At the median.
    pub p50: T,
    /// At 90 %.
    pub p90: T,
    /// At 99 %.
    pub p99: T,
    /// At 99.9 %.
    pub p999: T,
}

/// The load as far as the source tells.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Load {
    /// Requests per second achieved.
    rate: Option<Number>,
    /// Connections, or threads or users that each wait for their answer.
    connections: Option<u64>,
    /// How long the measurement took, in seconds.
    duration: Option<Number>,
    /// Requests that failed.
    failures: Option<u64>,
}

/// A measurement against the base.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Comparison<'a> {
    /// Name of the measurement.
    name: &'a str,
    /// The verdict in words: `within noise`, or by how much it is slower or faster.
    verdict: String,
    /// Measurement minus base.
    differences: PerQuantile<Option<Difference>>,
}

/// A difference in seconds with its interval.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Difference {
    /// Least; `null` without a bound.
    lower: Number,
    /// The difference, positive where the measurement is slower.
    value: Number,
    /// Most; `null` without a bound.
    upper: Number,
    /// `within noise`, `slower` or `faster`.
    verdict: &'static str,
}

/// An objective and how a measurement or path stands to it.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Objective<'a> {
    /// Name of the measurement, path or prediction.
    name: &'a str,
    /// The objective, e.g. `p99<250ms`.
    objective: String,
    /// Its limit, in seconds.
    limit: Number,
    /// What was measured, in seconds.
    measured: Estimate,
    /// Whether the figure is within the limit.
    met: bool,
    /// Whether all of the interval is on that side of the limit.
    certain: bool,
}

/// Something noticed.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Finding<'a> {
    /// Kind of finding.
    kind: &'static str,
    /// How much it matters.
    severity: Severity,
    /// What it is about.
    subject: &'a str,
    /// The case at hand.
    message: &'a str,
    /// How many objects or places it stands for.
    count: u64,
}

impl<'a> From<&'a LatencyReport> for Report<'a> {
    fn from(report: &'a LatencyReport) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            distributions: report.measurements.iter().map(Distribution::from).collect(),
            base: report.base.as_ref().map(Distribution::from),
            comparisons: report.compared().map(Comparison::from).collect(),
            paths: report.paths.iter().map(Path::from).collect(),
            predictions: report.predictions.iter().map(Prediction::from).collect(),
            extraction: report.extraction.as_ref().map(Extraction::from),
            objectives: report.judged().map(Objective::from).collect(),
            findings: report.findings.iter().map(Finding::from).collect(),
        }
    }
}

impl<'a> From<&'a Measurement> for Distribution<'a> {
    fn from(measurement: &'a Measurement) -> Self {
        let distribution = &measurement.distribution;
        let load = &measurement.load;
        Self {
            name: &measurement.name,
            format: measurement.format,
            count: distribution.samples(),
            mean: distribution.mean().into(),
            max: distribution.most().into(),
            quantiles: PerQuantile::of(|quantile| distribution.interval(quantile, CONFIDENCE).into()),
            load: Load {
                rate: load.rate.map(|rate| Number::new(rate.as_per_second())),
                connections: load.connections,
                duration: load.duration.map(seconds),
                failures: load.failures,
            },
        }
    }
}

impl<T> PerQuantile<T> {
    pub fn of(at: impl Fn(Quantile) -> T) -> Self {
        let [p50, p90, p99, p999] = QUANTILES.map(|(_, quantile)| at(quantile));
        Self { p50, p90, p99, p999 }
    }
}

impl From<QuantileEstimate> for Estimate {
    fn from(estimate: QuantileEstimate) -> Self {
        Self { lower: seconds(estimate.lower), value: seconds(estimate.value), upper: seconds(estimate.upper) }
    }
}

impl<'a> From<(&'a Measurement, &'a measurement::Comparison)> for Comparison<'a> {
    fn from((measurement, comparison): (&'a Measurement, &'a measurement::Comparison)) -> Self {
        let at = |quantile| comparison.differences.iter().find(|difference| difference.quantile == quantile);
        Self {
            name: &measurement.name,
            verdict: comparison.deciding().map_or_else(|| "within noise".to_owned(), by_how_much),
            differences: PerQuantile::of(|quantile| at(quantile).map(Difference::from)),
        }
    }
}

impl From<&measurement::Difference> for Difference {
    fn from(difference: &measurement::Difference) -> Self {
        Self {
            lower: seconds(difference.lower),
            value: seconds(difference.value),
            upper: seconds(difference.upper),
            verdict: word(difference.outcome),
        }
    }
}

impl<'a> From<(&'a str, &'a Slo, &'a SloOutcome)> for Objective<'a> {
    fn from((name, slo, outcome): (&'a str, &'a Slo, &'a SloOutcome)) -> Self {
        Self {
            name,
            objective: slo.to_string(),
            limit: seconds(slo.limit),
            measured: outcome.measured.into(),
            met: outcome.met,
            certain: outcome.certain,
        }
    }
}

impl<'a> From<&'a finding::Finding> for Finding<'a> {
    fn from(finding: &'a finding::Finding) -> Self {
        Self {
            kind: finding.kind.id,
            severity: finding.kind.severity,
            subject: &finding.subject,
            message: &finding.message,
            count: finding.count,
        }
    }
}

pub(super) fn seconds(amount: Seconds) -> Number {
    Number::new(amount.as_seconds())
}
