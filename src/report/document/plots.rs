//! What the plots of response times draw.

use super::Tone;
use crate::units::{Quantile, Rate, Seconds};

/// A quantity between the ends of its interval: `lower ≤ value ≤ upper`, `upper` infinite where nothing bounds it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span<T> {
    /// Lower end.
    pub lower: T,
    /// Figure.
    pub value: T,
    /// Upper end.
    pub upper: T,
}

/// Response time against percentile, on the axis of nines.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PercentilePlot {
    /// Curves, the base first.
    pub curves: Vec<PercentileCurve>,
    /// Objectives.
    pub limits: Vec<Limit>,
}

/// The percentiles of one measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct PercentileCurve {
    /// Its name.
    pub label: String,
    /// Whether the others are compared with it.
    pub base: bool,
    /// By rising quantile below 1; the curve ends with the last one.
    pub points: Vec<PercentilePoint>,
}

/// One quantile of a measurement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PercentilePoint {
    /// The quantile, in [0, 1).
    pub quantile: Quantile,
    /// No less than this.
    pub lower: Seconds,
    /// The figure; `None` where the source has no upper bound and so none.
    pub value: Option<Seconds>,
    /// No more than this; infinite without a bound.
    pub upper: Seconds,
}

/// An objective.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// As it was written, e.g. `p99<250ms`.
    pub label: String,
    /// The quantile it limits; `None` for the mean, or where the plot has no axis of quantiles.
    pub quantile: Option<Quantile>,
    /// The longest response time allowed.
    pub limit: Seconds,
}

/// Response time against request rate.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RatePlot {
    /// One curve per quantile, the lowest first.
    pub curves: Vec<RateCurve>,
    /// Objectives.
    pub limits: Vec<Limit>,
    /// Where response times begin to run away.
    pub knee: Option<Knee>,
    /// What was measured, to be seen beside the curves.
    pub measured: Vec<RateSample>,
}

/// One quantile over a range of rates.
#[derive(Debug, Clone, PartialEq)]
pub struct RateCurve {
    /// The quantile.
    pub quantile: Quantile,
    /// By rising rate.
    pub points: Vec<RatePoint>,
}

/// A response time at a rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RatePoint {
    /// Requests per second.
    pub rate: Rate,
    /// The response time; an infinite one ends the curve.
    pub time: Span<Seconds>,
}

/// A rate that stands out.
#[derive(Debug, Clone, PartialEq)]
pub struct Knee {
    /// What it is, e.g. `knee at 1,240 requests/s [1,100–1,380]`.
    pub label: String,
    /// The rate.
    pub rate: Span<Rate>,
}

/// A measured quantile at a rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateSample {
    /// Requests per second.
    pub rate: Rate,
    /// The quantile; coloured like its curve.
    pub quantile: Quantile,
    /// The response time.
    pub time: Span<Seconds>,
}

/// How much slower than the base one measurement is.
#[derive(Debug, Clone, PartialEq)]
pub struct DifferenceGroup {
    /// Its name.
    pub label: String,
    /// One row per quantile, the lowest first.
    pub rows: Vec<DifferenceRow>,
}

/// The added response time at one quantile.
#[derive(Debug, Clone, PartialEq)]
pub struct DifferenceRow {
    /// The quantile.
    pub quantile: Quantile,
    /// Added response time, negative where it is faster; both ends may be infinite.
    pub added: Span<Seconds>,
    /// What that means.
    pub tone: Tone,
    /// The same as text.
    pub words: String,
}

/// Predicted against measured, both on one logarithmic scale.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ScatterPlot {
    /// Unit of both axes.
    pub unit: &'static str,
    /// Groups of measurements, each with a colour or a shape of its own.
    pub series: Vec<ScatterSeries>,
}

/// Measurements of one group.
#[derive(Debug, Clone, PartialEq)]
pub struct ScatterSeries {
    /// Its name.
    pub label: String,
    /// Its measurements.
    pub points: Vec<ScatterPoint>,
}

/// One measurement and its prediction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScatterPoint {
    /// What was measured; above 0.
    pub measured: f64,
    /// What is predicted, with its interval.
    pub predicted: Span<f64>,
}
