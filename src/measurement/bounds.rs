//! A distribution of which only bounds are known: weights that lie somewhere in an interval.
//!
//! Buckets, percentile lists and merged mixtures of both are all sets of weighted intervals. The lower
//! bound of a quantile is the quantile of the lower ends, its upper bound that of the upper ends; the
//! figure between them spreads every weight evenly over its interval.

use super::quantile::QuantileEstimate;
use crate::units::{Quantile, Seconds};

/// Samples known to lie in an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// Lower bound.
    pub lower: Seconds,
    /// Upper bound; infinite in a bucket without one.
    pub upper: Seconds,
    /// How many samples; fractions occur where a source gives shares.
    pub weight: f64,
}

/// A percentile as a source prints it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stated {
    /// The quantile, in [0, 1].
    pub quantile: Quantile,
    /// Its value.
    pub value: Seconds,
    /// How far the value may be off by rounding.
    pub resolution: Seconds,
}

/// Quantiles this close are the same; sources print six digits at most.
const SAME_QUANTILE: f64 = 1e-9;
/// Share of the whole weight that is floating-point dust.
const DUST: f64 = 1e-12;

/// A quantile the source tells, with its bounds in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pin {
    pub quantile: f64,
    pub lower: f64,
    pub value: f64,
    pub upper: f64,
}

/// The evenly spread distribution at one point.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Knot {
    at: f64,
    /// Weight below `at`.
    before: f64,
    /// Weight at or below `at`.
    after: f64,
}

/// Weighted intervals, ready to be asked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bounds {
    /// The intervals by lower, then upper end; no two the same.
    buckets: Vec<Bucket>,
    /// Lower ends in order, each with the weight up to it.
    lowers: Vec<(f64, f64)>,
    /// Upper ends in order, each with the weight up to it.
    uppers: Vec<(f64, f64)>,
    knots: Vec<Knot>,
    pins: Vec<Pin>,
    weight: f64,
}

impl Bounds {
    /// Bounds from intervals with finite, non-negative weights and ordered ends; those without weight are left out.
    pub fn new(mut buckets: Vec<Bucket>, pins: Vec<Pin>) -> Self {
        buckets.retain(|bucket| bucket.weight > 0.0);
        coalesce(&mut buckets);
        let weight = buckets.iter().map(|bucket| bucket.weight).sum();
        let lowers = accumulated(buckets.iter().map(|bucket| (bucket.lower.as_seconds(), bucket.weight)).collect());
        let uppers = accumulated(buckets.iter().map(|bucket| (bucket.upper.as_seconds(), bucket.weight)).collect());
        let knots = spread(&buckets);
        Self { buckets, lowers, uppers, knots, pins, weight }
    }

    pub fn buckets(&self) -> &[Bucket] {
        &self.buckets
    }

    pub fn pins(&self) -> &[Pin] {
        &self.pins
    }

    pub fn weight(&self) -> f64 {
        self.weight
    }

    pub fn quantile(&self, quantile: f64) -> QuantileEstimate {
        if let Some(pin) = self.pins.iter().find(|pin| (pin.quantile - quantile).abs() < SAME_QUANTILE) {
            return QuantileEstimate::new(pin.lower, pin.value, pin.upper);
        }
        self.at(quantile * self.weight)
    }

    /// The value up to which a weight lies.
    pub fn at(&self, position: f64) -> QuantileEstimate {
        let position = (position - self.weight * DUST).clamp(0.0, self.weight);
        let lower = reached(&self.lowers, position);
        let upper = reached(&self.uppers, position);
        QuantileEstimate::new(lower, self.spread_at(position).clamp(lower, upper), upper)
    }

    fn spread_at(&self, position: f64) -> f64 {
        let index = self.knots.partition_point(|knot| knot.after < position);
        let Some(knot) = self.knots.get(index).or(self.knots.last()) else { return 0.0 };
        let previous = index.checked_sub(1).and_then(|index| self.knots.get(index));
        match previous {
            Some(previous) if position < knot.before && knot.before > previous.after => {
                let share = (position - previous.after) / (knot.before - previous.after);
                previous.at + share * (knot.at - previous.at)
            }
            _ => knot.at,
        }
    }
}

/// Adds up intervals with the same ends, so that merging histograms of one layout does not grow.
fn coalesce(buckets: &mut Vec<Bucket>) {
    buckets.sort_by(|a, b| {
        let ends = |bucket: &Bucket| (bucket.lower.as_seconds(), bucket.upper.as_seconds());
        let (a, b) = (ends(a), ends(b));
        a.0.total_cmp(&b.0).then_with(|| a.1.total_cmp(&b.1))
    });
    buckets.dedup_by(|next, kept| {
        let same = next.lower == kept.lower && next.upper == kept.upper;
        if same {
            kept.weight += next.weight;
        }
        same
    });
}

fn accumulated(mut ends: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    ends.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut sum = 0.0;
    for (_, weight) in &mut ends {
        sum += *weight;
        *weight = sum;
    }
    ends
}

fn reached(ends: &[(f64, f64)], position: f64) -> f64 {
    let index = ends.partition_point(|(_, weight)| *weight < position);
    ends.get(index).or(ends.last()).map_or(0.0, |(value, _)| *value)
}

/// The distribution with every weight spread evenly over its interval; a weight without an upper end
/// sits at its lower one, which is all that is known of it.
fn spread(buckets: &[Bucket]) -> Vec<Knot> {
    #[derive(Clone, Copy)]
    enum Change {
        Ends(f64),
        Jumps(f64),
        Starts(f64),
    }
    let mut changes: Vec<(f64, Change)> = Vec::with_capacity(buckets.len() * 2);
    for bucket in buckets {
        let (lower, upper) = (bucket.lower.as_seconds(), bucket.upper.as_seconds());
        let slope = bucket.weight / (upper - lower);
        if upper.is_finite() && upper > lower && slope.is_finite() {
            changes.push((lower, Change::Starts(slope)));
            changes.push((upper, Change::Ends(slope)));
        } else {
            changes.push((lower, Change::Jumps(bucket.weight)));
        }
    }
    changes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut knots: Vec<Knot> = Vec::new();
    let (mut slope, mut open, mut sum) = (0.0, 0_u64, 0.0);
    for (at, change) in changes {
        if let Some(last) = knots.last().filter(|last| last.at < at).copied() {
            sum += slope * (at - last.at);
            knots.push(Knot { at, before: sum, after: sum });
        } else if knots.is_empty() {
            knots.push(Knot { at, before: sum, after: sum });
        }
        match change {
            Change::Jumps(weight) => {
                sum += weight;
                if let Some(last) = knots.last_mut() {
                    last.after = sum;
                }
            }
            Change::Starts(steeper) => {
                slope += steeper;
                open += 1;
            }
            Change::Ends(steeper) => {
                open = open.saturating_sub(1);
                // Where nothing is open the slope is zero, whatever rounding says.
                slope = if open == 0 { 0.0 } else { slope - steeper };
            }
        }
    }
    knots
}
