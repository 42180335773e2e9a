//! A distribution of durations, ready to be combined.

use super::masses::{Masses, Rounding};
use crate::measurement::{Bucket, Distribution, DistributionError, QuantileEstimate};
use crate::units::{Quantile, Seconds, Share};

/// A distribution of durations that carries its own bounds through every combination.
///
/// Three distributions on a grid: one that is nowhere slower than the truth, one that is nowhere faster, and
/// one between them whose mean is that of the source. A quantile is answered with all three, so its interval
/// holds what the source leaves open (buckets, an open last one) and what the grid rounds off.
///
/// **Accuracy.** Neighbouring points of the grid differ by at most `1/512` of their value, from the duration
/// below which a tenth of what is not zero lies; below it by a fixed step. Entering the grid rounds once and
/// every sum once more, so the bounds of a sum of `k` parts, which is taken in pairs of pairs, lie within
/// `(1 + 1/512)^(1 + ⌈log₂ k⌉)` of the exact ones: 1 % for ten parts. The figure between them errs by far
/// less, as its roundings balance. Maxima, mixtures and cuts round nothing. Probabilities are exact to 10⁻¹².
///
/// A duration may have no end: a call that times out, or fails, and is never answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Spread {
    pub(super) lower: Masses,
    pub(super) value: Masses,
    pub(super) upper: Masses,
}

/// A share with the bounds that are known of it. Invariant: `lower ≤ value ≤ upper`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShareEstimate {
    /// No less than this.
    pub lower: Share,
    /// The best single figure.
    pub value: Share,
    /// No more than this.
    pub upper: Share,
}

/// An expected number with the bounds that are known of it. Invariant: `0 ≤ lower ≤ value ≤ upper`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CountEstimate {
    /// No less than this.
    pub lower: f64,
    /// The best single figure.
    pub value: f64,
    /// No more than this.
    pub upper: f64,
}

/// How parts of a path are slow together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dependence {
    /// Each for itself: distributions are convolved.
    Independent,
    /// All at the same time, as parts on one overloaded node are: a path as slow as one in a hundred has every
    /// part as slow as one in a hundred. Here, and only here, percentiles add up.
    Comonotone,
}

/// What is wrong with numbers that should make or change a spread.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum SpreadError {
    /// A duration is negative or not a finite number.
    #[error("a duration of {0} s, expected a number of at least 0")]
    Duration(f64),
    /// A factor or number of repetitions is out of range.
    #[error("a factor of {0}, expected a number from 0 to {most}", most = super::MOST_REPEATS)]
    Factor(f64),
    /// A number of attempts is out of range.
    #[error("{0} attempts, expected 1 to {most}", most = super::MOST_ATTEMPTS)]
    Attempts(u32),
}

impl Spread {
    pub(super) fn each(&self, change: impl Fn(&Masses) -> Masses) -> Self {
        Self {
            lower: change(&self.lower).settled(),
            value: change(&self.value).settled(),
            upper: change(&self.upper).settled(),
        }
    }

    pub(super) fn with(&self, other: &Self, mut combine: impl FnMut(&Masses, &Masses) -> Masses) -> Self {
        Self {
            lower: combine(&self.lower, &other.lower).settled(),
            value: combine(&self.value, &other.value).settled(),
            upper: combine(&self.upper, &other.upper).settled(),
        }
    }

    /// A quantile, no end counted as infinitely long.
    #[must_use]
    pub fn quantile(&self, quantile: Quantile) -> QuantileEstimate {
        let quantile = quantile.get();
        let (lower, upper) = (self.lower.quantile(quantile), self.upper.quantile(quantile));
        bracket(lower, self.value.quantile(quantile), upper)
    }

    /// The mean; infinite where some have no end, and infinite above where the source is open.
    #[must_use]
    pub fn mean(&self) -> QuantileEstimate {
        bracket(self.lower.mean(), self.value.mean(), self.upper.mean())
    }

    /// Share that ends within a duration.
    #[must_use]
    pub fn share_within(&self, time: Seconds) -> ShareEstimate {
        let within = |masses: &Masses| masses.within(time.as_seconds());
        shares(within(&self.upper), within(&self.value), within(&self.lower))
    }

    /// Share that never ends.
    #[must_use]
    pub fn share_without_end(&self) -> ShareEstimate {
        shares(self.lower.never, self.value.never, self.upper.never)
    }

    /// The distribution of those that end; `None` where none does.
    ///
    /// Both ends of its interval allow for both ends of the share that ends, so it may be wider than that of
    /// the whole.
    #[must_use]
    pub fn of_those_that_end(&self) -> Option<Self> {
        if self.value.finite() <= super::masses::DUST {
            return None;
        }
        if self.upper.never <= 0.0 {
            return Some(self.clone());
        }
        let (least, most) = (self.upper.ends(), self.lower.ends());
        Some(Self {
            lower: among(&self.lower, least),
            value: among(&self.value, self.value.ends()),
            upper: among(&self.upper, most),
        })
    }

    /// The figure alone: bounds that are nothing cost nothing to carry along.
    ///
    /// Only the middle of a quantile means something then.
    #[must_use]
    pub(crate) fn without_bounds(&self) -> Self {
        let nothing = Self::zero();
        Self { value: self.value.clone(), ..nothing }
    }

    /// The figure of those that end; `None` where none does.
    pub(super) fn figure(&self) -> Option<Masses> {
        let ends = self.value.ends();
        (self.value.finite() > super::masses::DUST).then(|| among(&self.value, ends))
    }

    /// As a measured distribution, to be judged and compared like one; `samples` says of how many requests.
    ///
    /// What has no end becomes a bucket without an upper bound.
    ///
    /// # Errors
    /// [`DistributionError`] for no samples, or more than can be counted.
    pub fn to_distribution(&self, samples: Option<u64>) -> Result<Distribution, DistributionError> {
        let per_share = samples.unwrap_or(1) as f64;
        let (mut lowers, mut uppers) = (self.lower.points().peekable(), self.upper.points().peekable());
        let (mut left_lower, mut left_upper) = (0.0, 0.0);
        let (mut at_lower, mut at_upper) = (0.0, 0.0);
        let mut buckets = Vec::new();
        let mut left = 1.0;
        // Both are walked together: what is the lower bound of a quantile, and what its upper one.
        while left > super::masses::DUST {
            if left_lower <= 0.0 {
                let (value, mass) = lowers.next().unwrap_or((at_lower, f64::INFINITY));
                (at_lower, left_lower) = (value, mass);
            }
            if left_upper <= 0.0 {
                let (value, mass) = uppers.next().unwrap_or((f64::INFINITY, f64::INFINITY));
                (at_upper, left_upper) = (value, mass);
            }
            let mass = f64::min(left_lower, left_upper).min(left);
            let (lower, upper) = (Seconds::new(at_lower), Seconds::new(at_upper.max(at_lower)));
            buckets.push(Bucket { lower, upper, weight: mass * per_share });
            left -= mass;
            left_lower -= mass;
            left_upper -= mass;
        }
        Distribution::from_buckets(buckets, samples)
    }
}

/// Probabilities given one of a certain chance, the lowest first while there is any left.
fn among(masses: &Masses, chance: f64) -> Masses {
    let mut given = Masses { open: 0.0, never: 0.0, at: Vec::with_capacity(masses.at.len()), ..*masses };
    let mut left = 1.0_f64;
    for mass in &masses.at {
        let share = if *mass > 0.0 { (mass / chance).min(left) } else { 0.0 };
        given.at.push(share);
        left -= share;
    }
    match masses.rounding {
        // What is left is slower than anything known.
        Rounding::Up => given.open = left.max(0.0),
        // Nothing is left but dust, which goes where it changes nothing.
        Rounding::Down | Rounding::Split => {
            let last = given.at.iter().rposition(|mass| *mass > 0.0);
            if let Some(last) = last {
                given.add(last, left);
            }
        }
    }
    given
}

/// Three figures in order.
pub(super) fn bracket(lower: f64, value: f64, upper: f64) -> QuantileEstimate {
    let upper = upper.max(lower);
    QuantileEstimate {
        lower: Seconds::new(lower),
        value: Seconds::new(value.clamp(lower, upper)),
        upper: Seconds::new(upper),
    }
}

/// Three shares in order.
pub(super) fn shares(lower: f64, value: f64, upper: f64) -> ShareEstimate {
    let share = |number: f64| Share::new(number.clamp(0.0, 1.0)).unwrap_or(Share::ZERO);
    let upper = upper.max(lower);
    ShareEstimate { lower: share(lower), value: share(value.clamp(lower, upper)), upper: share(upper) }
}
