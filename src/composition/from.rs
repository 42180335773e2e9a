//! Measured distributions, constants and laws put on the grid.

use super::grid;
use super::masses::{DUST, Masses, Rounding};
use super::spread::{Spread, SpreadError};
use crate::measurement::{Bucket, Distribution};
use crate::units::Seconds;

impl Spread {
    /// From measured response times, with all that their source leaves open.
    ///
    /// The figure between the bounds spreads each bucket evenly or, where the source knows the sum of all
    /// times, unevenly in such a way that the mean is the measured one. Of an open bucket only its lower bound
    /// is known, and the figure stays there.
    #[must_use]
    pub fn of(distribution: &Distribution) -> Self {
        let (least, most) = (distribution.least().lower, distribution.most().upper);
        let mut intervals = Vec::new();
        let mut whole = 0.0;
        distribution.for_each_bucket(|bucket| {
            let upper = bucket.upper.min(most).max(least);
            let lower = bucket.lower.max(least).min(upper);
            whole += bucket.weight;
            intervals.push(Bucket { lower, upper, ..bucket });
        });
        intervals.iter_mut().for_each(|interval| interval.weight /= whole);
        let bend = bend(&intervals, distribution.mean().value.as_seconds());
        let lowers = || intervals.iter().map(|interval| (interval.lower.as_seconds(), interval.weight));
        let uppers = || intervals.iter().map(|interval| (interval.upper.as_seconds(), interval.weight));
        let fine = grid::unit_for(scale(lowers()).or_else(|| scale(uppers())).unwrap_or(0.0));
        let (mut lower, mut value) = (Masses::empty(Rounding::Down, fine), Masses::empty(Rounding::Split, fine));
        let mut upper = Masses::empty(Rounding::Up, grid::unit_for(scale(uppers()).unwrap_or(0.0)));
        for interval in &intervals {
            let (from, to) = (interval.lower.as_seconds(), interval.upper.as_seconds());
            lower.put(from, interval.weight);
            spread_out(&mut value, from, to, interval.weight, bend);
            if to.is_finite() {
                upper.put(to, interval.weight);
            } else {
                upper.open += interval.weight;
            }
        }
        Self { lower: lower.settled(), value: value.settled(), upper: upper.settled() }
    }

    /// A duration that is always the same.
    ///
    /// # Errors
    /// [`SpreadError::Duration`] for one that is negative or not a finite number.
    pub fn constant(duration: Seconds) -> Result<Self, SpreadError> {
        let seconds = checked(duration)?;
        Ok(Self::all(|masses| masses.put(seconds, 1.0), grid::unit_for(seconds)))
    }

    /// No time at all.
    #[must_use]
    pub fn zero() -> Self {
        Self::all(|masses| masses.add(0, 1.0), grid::unit_for(0.0))
    }

    /// A duration without end: a call that is never answered.
    #[must_use]
    pub fn never() -> Self {
        Self::all(|masses| masses.never = 1.0, grid::unit_for(0.0))
    }

    fn all(fill: impl Fn(&mut Masses), unit: i32) -> Self {
        let filled = |rounding| {
            let mut masses = Masses::empty(rounding, unit);
            fill(&mut masses);
            masses.settled()
        };
        Self { lower: filled(Rounding::Down), value: filled(Rounding::Split), upper: filled(Rounding::Up) }
    }

    /// From a law: `tail(t)` is the chance that the duration is longer than `t`, for any `t ≥ 0`.
    ///
    /// The law is asked some 500 times an octave between the duration below which a tenth lies, far below it,
    /// and the one beyond which 10⁻¹² do. What is still left at 2⁴⁰ s never ends. A tail that rises or leaves
    /// [0, 1] is taken at its lowest so far, within them.
    #[must_use]
    pub fn from_tail(tail: impl Fn(Seconds) -> f64) -> Self {
        let chance = |seconds: f64| {
            let found = tail(Seconds::new(seconds));
            if found.is_nan() { 0.0 } else { found.clamp(0.0, 1.0) }
        };
        let never = chance(grid::power(grid::LARGEST));
        let at_zero = chance(0.0).max(never);
        let exponents = || grid::FINEST + 10..=grid::LARGEST;
        let end = exponents().find(|exponent| chance(grid::power(*exponent)) - never <= DUST).unwrap_or(grid::LARGEST);
        let tenth = never + 0.9 * (at_zero - never);
        let scale = exponents().take_while(|exponent| chance(grid::power(*exponent)) >= tenth).last();
        let unit = grid::unit_for(grid::power(scale.unwrap_or(grid::FINEST + 10).min(end)));
        let [mut lower, mut value, mut upper] =
            [Rounding::Down, Rounding::Split, Rounding::Up].map(|rounding| Masses::empty(rounding, unit));
        for masses in [&mut lower, &mut value, &mut upper] {
            masses.never = never;
            masses.add(0, 1.0 - at_zero);
        }
        let (mut left, mut index) = (at_zero, 0);
        while left - never > DUST && grid::value(unit, index) < grid::power(end) {
            let beyond = chance(grid::value(unit, index + 1)).clamp(never, left);
            let mass = left - beyond;
            lower.add(index, mass);
            value.add(index, mass / 2.0);
            value.add(index + 1, mass / 2.0);
            upper.add(index + 1, mass);
            (left, index) = (beyond, index + 1);
        }
        let rest = (left - never).max(0.0);
        lower.add(index, rest);
        value.add(index, rest);
        upper.open += rest;
        Self { lower: lower.settled(), value: value.settled(), upper: upper.settled() }
    }

    /// Any duration between two is as likely as any other.
    ///
    /// # Errors
    /// [`SpreadError::Duration`] for ends that are negative, not finite, or in the wrong order.
    pub fn uniform(from: Seconds, to: Seconds) -> Result<Self, SpreadError> {
        let (from, to) = (checked(from)?, checked(to)?);
        if to < from {
            return Err(SpreadError::Duration(to));
        }
        if to <= from {
            return Self::constant(Seconds::new(from));
        }
        Ok(Self::from_tail(|time| ((to - time.as_seconds()) / (to - from)).clamp(0.0, 1.0)))
    }
}

/// A duration that can be put on the grid, in seconds.
pub(super) fn checked(duration: Seconds) -> Result<f64, SpreadError> {
    let seconds = duration.as_seconds();
    if seconds >= 0.0 && seconds.is_finite() { Ok(seconds) } else { Err(SpreadError::Duration(seconds)) }
}

/// The value below which a tenth of what is positive lies.
fn scale(values: impl Iterator<Item = (f64, f64)>) -> Option<f64> {
    let mut positive: Vec<(f64, f64)> = values.filter(|(value, _)| *value > 0.0 && value.is_finite()).collect();
    positive.sort_by(|a, b| a.0.total_cmp(&b.0));
    let tenth = positive.iter().map(|(_, weight)| weight).sum::<f64>() / 10.0;
    let mut below = 0.0;
    let reached = |(_, weight): &&(f64, f64)| {
        below += weight;
        below >= tenth
    };
    positive.iter().find(reached).map(|(value, _)| *value)
}

/// How times lie in their buckets so that their mean is the one measured: the time below which a share `v`
/// of a bucket lies is `lower + (upper − lower)·v^bend`, whose mean is `lower + (upper − lower)/(1 + bend)`.
fn bend(intervals: &[Bucket], mean: f64) -> f64 {
    // Means this close to a bound are those of a source that contradicts itself.
    const CLOSEST: f64 = 0.05;
    let sum = |amount: fn(&Bucket) -> f64| intervals.iter().map(|one| amount(one) * one.weight).sum::<f64>();
    let width = sum(|one| (one.upper - one.lower).as_seconds());
    let place = (mean - sum(|one| one.lower.as_seconds())) / width;
    if width.is_finite() && place.is_finite() { 1.0 / place.clamp(CLOSEST, 1.0 - CLOSEST) - 1.0 } else { 1.0 }
}

/// Puts a bucket on the points it covers, each part with its own mean.
fn spread_out(masses: &mut Masses, from: f64, to: f64, weight: f64, bend: f64) {
    let width = to - from;
    if !width.is_finite() || width <= 0.0 {
        masses.put(from, weight);
        return;
    }
    let below = |seconds: f64| ((seconds - from) / width).clamp(0.0, 1.0).powf(1.0 / bend);
    let moment = |share: f64| from * share + width * share.powf(bend + 1.0) / (bend + 1.0);
    let grid::Place::At(first, _) = grid::place(masses.unit, from) else {
        masses.put(from, weight);
        return;
    };
    let last = match grid::place(masses.unit, to) {
        grid::Place::At(index, _) => index,
        grid::Place::Beyond => grid::last(masses.unit),
    };
    let mut start = 0.0;
    for index in first..=last {
        let end = if index == last { 1.0 } else { below(grid::value(masses.unit, index + 1)) };
        let share = end - start;
        if share > 0.0 {
            let middle = (moment(end) - moment(start)) / share;
            masses.put(middle.clamp(from, to), weight * share);
        }
        start = end;
    }
}
