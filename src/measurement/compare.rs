//! Two measurements side by side: slower, faster, or within noise.

use super::{Distribution, QUANTILES, QuantileEstimate};
use crate::units::{Quantile, Seconds, Share};

/// What a comparison finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The difference may be nothing.
    WithinNoise,
    /// The other is slower than the base.
    Slower,
    /// The other is faster than the base.
    Faster,
}

/// The difference at one quantile.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The quantile.
    pub quantile: Quantile,
    /// Its value in the base.
    pub base: Seconds,
    /// Its value in the other.
    pub other: Seconds,
    /// Other minus base, least.
    pub lower: Seconds,
    /// Other minus base.
    pub value: Seconds,
    /// Other minus base, most; infinite where a source has no upper bound.
    pub upper: Seconds,
    /// What that means.
    pub outcome: Outcome,
}

/// A comparison at every quantile of [`QUANTILES`].
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The differences, lowest quantile first.
    pub differences: Vec<Difference>,
}

/// All intervals together hold with this confidence; each one therefore holds with more (Bonferroni).
const CONFIDENCE: f64 = 0.9;

/// Compares a measurement with a base.
///
/// The interval of a difference holds the doubt of both samples, as independent (root of squares), and
/// what the buckets of both leave open, at its worst (sum). It does not hold what changes from one run
/// to the next: only repeated runs tell that.
#[must_use]
pub fn compare(base: &Distribution, other: &Distribution) -> Comparison {
    let each = 1.0 - (1.0 - CONFIDENCE) / QUANTILES.len() as f64;
    let confidence = Share::new(each).unwrap_or(Share::literal(0.9));
    Comparison {
        differences: QUANTILES.iter().map(|(_, quantile)| difference(base, other, *quantile, confidence)).collect(),
    }
}

impl Comparison {
    /// The difference that decides: the highest quantile that is clearly different, p99 before p999,
    /// whose samples are fewest. `None` when all is within noise.
    #[must_use]
    pub fn deciding(&self) -> Option<&Difference> {
        let clear = |difference: &&Difference| difference.outcome != Outcome::WithinNoise;
        let settled = |difference: &&Difference| difference.quantile.get() <= 0.99;
        let mut from_the_top = self.differences.iter().rev();
        from_the_top.clone().filter(settled).find(clear).or_else(|| from_the_top.find(clear))
    }
}

fn difference(base: &Distribution, other: &Distribution, quantile: Quantile, confidence: Share) -> Difference {
    let (base, other) = (doubt(base, quantile, confidence), doubt(other, quantile, confidence));
    let value = other.value - base.value;
    let lower = value - f64::hypot(other.below, base.above) - other.open_below - base.open_above;
    let upper = value + f64::hypot(other.above, base.below) + other.open_above + base.open_below;
    let (lower, upper) =
        (if lower.is_nan() { f64::NEG_INFINITY } else { lower }, if upper.is_nan() { f64::INFINITY } else { upper });
    let outcome = match () {
        () if lower > 0.0 => Outcome::Slower,
        () if upper < 0.0 => Outcome::Faster,
        () => Outcome::WithinNoise,
    };
    Difference {
        quantile,
        base: Seconds::new(base.value),
        other: Seconds::new(other.value),
        lower: Seconds::new(lower),
        value: Seconds::new(value),
        upper: Seconds::new(upper),
        outcome,
    }
}

/// How far a quantile may lie from its figure, in seconds.
struct Doubt {
    value: f64,
    /// Because samples are few.
    below: f64,
    above: f64,
    /// Because the source has bounds only.
    open_below: f64,
    open_above: f64,
}

fn doubt(distribution: &Distribution, quantile: Quantile, confidence: Share) -> Doubt {
    let figures = |estimate: QuantileEstimate| {
        (estimate.lower.as_seconds(), estimate.value.as_seconds(), estimate.upper.as_seconds())
    };
    let (lower, value, upper) = figures(distribution.quantile(quantile));
    let (least, _, most) = figures(distribution.interval(quantile, confidence));
    Doubt { value, below: lower - least, above: gap(upper, most), open_below: value - lower, open_above: upper - value }
}

/// From one bound to another further up; nothing where both are open.
fn gap(upper: f64, most: f64) -> f64 {
    if upper.is_infinite() { 0.0 } else { most - upper }
}
