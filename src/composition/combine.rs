//! Sequences, parallel branches, alternatives and floors.

use super::MOST_REPEATS;
use super::convolve::Convolver;
use super::from::checked;
use super::masses::Masses;
use super::spread::{Dependence, Spread, SpreadError};
use crate::units::{Seconds, Share};

impl Spread {
    /// One after the other: the sum.
    #[must_use]
    pub fn then(&self, other: &Self, dependence: Dependence) -> Self {
        Self::sequence([self, other], dependence)
    }

    /// All one after the other; nothing at all takes no time.
    ///
    /// Summed in pairs of pairs, so that each part is rounded as often as the logarithm of their number.
    #[must_use]
    pub fn sequence<'a>(parts: impl IntoIterator<Item = &'a Self>, dependence: Dependence) -> Self {
        let mut level: Vec<Self> = parts.into_iter().cloned().collect();
        let mut convolver = Convolver::new();
        while level.len() > 1 {
            let pairs = level.chunks(2);
            level = pairs
                .filter_map(|pair| pair.iter().cloned().reduce(|a, b| convolver.add(&a, &b, dependence)))
                .collect();
        }
        level.pop().unwrap_or_else(Self::zero)
    }

    /// The same kind of part so many times in a row; a fraction is the chance of one more.
    ///
    /// # Errors
    /// [`SpreadError::Factor`] for a number outside [0, 10⁶].
    pub fn repeated(&self, times: f64, dependence: Dependence) -> Result<Self, SpreadError> {
        let times = in_range(times)?;
        let fraction = Share::new(times.fract()).unwrap_or(Share::ZERO);
        let one_more = self.with_chance(fraction);
        let whole = match dependence {
            Dependence::Comonotone => self.scaled(times.trunc())?,
            Dependence::Independent => self.in_a_row(times as u64),
        };
        Ok(if fraction > Share::ZERO { whole.then(&one_more, dependence) } else { whole })
    }

    fn in_a_row(&self, mut times: u64) -> Self {
        let mut convolver = Convolver::new();
        let (mut sum, mut doubled) = (Self::zero(), self.clone());
        while times > 0 {
            if times & 1 == 1 {
                sum = convolver.add(&sum, &doubled, Dependence::Independent);
            }
            times >>= 1;
            if times > 0 {
                doubled = convolver.add(&doubled, &doubled, Dependence::Independent);
            }
        }
        sum
    }

    /// At the same time, waiting for both: the maximum.
    #[must_use]
    pub fn and(&self, other: &Self, dependence: Dependence) -> Self {
        match dependence {
            Dependence::Independent => self.with(other, slower_independent),
            Dependence::Comonotone => self.with(other, |a, b| coupled(a, b, f64::max)),
        }
    }

    /// All at the same time, waiting for every one; nothing at all takes no time.
    #[must_use]
    pub fn parallel<'a>(branches: impl IntoIterator<Item = &'a Self>, dependence: Dependence) -> Self {
        branches.into_iter().cloned().reduce(|a, b| a.and(&b, dependence)).unwrap_or_else(Self::zero)
    }

    /// The slowest of so many branches alike: `F(t)ⁿ`; of none, no time.
    #[must_use]
    pub fn fanned_out(&self, branches: u32, dependence: Dependence) -> Self {
        match (branches, dependence) {
            (0, _) => Self::zero(),
            (1, _) | (_, Dependence::Comonotone) => self.clone(),
            (_, Dependence::Independent) => self.each(|masses| slowest(masses, branches)),
        }
    }

    /// This with a chance, otherwise the other.
    #[must_use]
    pub fn or(&self, chance: Share, other: &Self) -> Self {
        self.with(other, |a, b| {
            let (mut a, b) = a.aligned(b);
            let (p, q) = (chance.get(), 1.0 - chance.get());
            a.at.iter_mut().for_each(|mass| *mass *= p);
            b.at.iter().enumerate().for_each(|(index, mass)| a.add(index, mass * q));
            (a.open, a.never) = (p * a.open + q * b.open, p * a.never + q * b.never);
            a
        })
    }

    /// This with a chance, otherwise no time.
    #[must_use]
    pub fn with_chance(&self, chance: Share) -> Self {
        if chance.get() >= 1.0 { self.clone() } else { self.or(chance, &Self::zero()) }
    }

    /// No shorter than a duration.
    ///
    /// # Errors
    /// [`SpreadError::Duration`] for one that is negative or not a finite number.
    pub fn at_least(&self, duration: Seconds) -> Result<Self, SpreadError> {
        let floor = checked(duration)?;
        Ok(self.mapped(|seconds| seconds.max(floor)))
    }

    /// All durations multiplied by a factor.
    ///
    /// # Errors
    /// [`SpreadError::Factor`] for one outside [0, 10⁶].
    pub fn scaled(&self, factor: f64) -> Result<Self, SpreadError> {
        let factor = in_range(factor)?;
        Ok(if factor <= 0.0 { self.mapped(|_| 0.0) } else { self.mapped(|seconds| seconds * factor) })
    }

    /// Every duration moved to another; `to` must not fall.
    pub(super) fn mapped(&self, to: impl Fn(f64) -> f64) -> Self {
        self.each(|masses| mapped(masses, &to))
    }
}

impl Convolver {
    /// The sum of two spreads.
    pub(super) fn add(&mut self, a: &Spread, b: &Spread, dependence: Dependence) -> Spread {
        match dependence {
            Dependence::Independent => a.with(b, |a, b| self.sum(a, b)),
            Dependence::Comonotone => a.with(b, |a, b| coupled(a, b, |x, y| x + y)),
        }
    }
}

fn in_range(factor: f64) -> Result<f64, SpreadError> {
    if (0.0..=MOST_REPEATS).contains(&factor) { Ok(factor) } else { Err(SpreadError::Factor(factor)) }
}

/// Moves durations; the new grid suits where they go.
pub(super) fn mapped(masses: &Masses, to: impl Fn(f64) -> f64) -> Masses {
    let least = masses.points().map(|(value, _)| to(value)).find(|value| *value > 0.0);
    let unit = super::grid::unit_for(least.unwrap_or(0.0));
    let mut moved = Masses { at: Vec::new(), unit, ..*masses };
    for (value, mass) in masses.points() {
        moved.put(to(value), mass);
    }
    moved
}

fn slower_independent(a: &Masses, b: &Masses) -> Masses {
    let (a, b) = a.aligned(b);
    let mut slower = Masses::empty(a.rounding, a.unit);
    let (mut below_a, mut below_b, mut before) = (0.0, 0.0, 0.0);
    for index in 0..a.at.len().max(b.at.len()) {
        below_a += a.at.get(index).copied().unwrap_or(0.0);
        below_b += b.at.get(index).copied().unwrap_or(0.0);
        slower.add(index, below_a * below_b - before);
        before = below_a * below_b;
    }
    slower.never = 1.0 - a.ends() * b.ends();
    slower.open = (a.ends() * b.ends() - a.finite() * b.finite()).max(0.0);
    slower
}

fn slowest(masses: &Masses, branches: u32) -> Masses {
    let raised = |share: f64| share.max(0.0).powf(f64::from(branches));
    let mut slowest = Masses::empty(masses.rounding, masses.unit);
    let (mut below, mut before) = (0.0, 0.0);
    for (index, mass) in masses.at.iter().enumerate() {
        below += mass;
        slowest.add(index, raised(below) - before);
        before = raised(below);
    }
    slowest.never = 1.0 - raised(masses.ends());
    slowest.open = (raised(masses.ends()) - raised(masses.finite())).max(0.0);
    slowest
}

/// Both at the same quantile: `combine` of their quantiles.
fn coupled(a: &Masses, b: &Masses, combine: impl Fn(f64, f64) -> f64) -> Masses {
    let unit = a.unit.min(b.unit);
    let mut both = Masses::empty(a.rounding, unit);
    both.never = a.never.max(b.never);
    let (mut of_a, mut of_b) = (a.points(), b.points());
    let (mut at_a, mut left_a, mut at_b, mut left_b) = (0.0, 0.0, 0.0, 0.0);
    let finite = a.finite().min(b.finite());
    both.open = (1.0 - both.never - finite).max(0.0);
    let mut left = finite;
    while left > 0.0 {
        if left_a <= 0.0 {
            let Some(next) = of_a.next() else { break };
            (at_a, left_a) = next;
        }
        if left_b <= 0.0 {
            let Some(next) = of_b.next() else { break };
            (at_b, left_b) = next;
        }
        let mass = f64::min(left_a, left_b).min(left);
        both.put(combine(at_a, at_b), mass);
        (left, left_a, left_b) = (left - mass, left_a - mass, left_b - mass);
    }
    // What rounding leaves over belongs to the slowest.
    both.put(combine(at_a, at_b), left);
    both
}
