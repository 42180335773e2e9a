//! Retries: a call that fails or takes too long is tried again.
//!
//! **Law.** A try ends within its timeout and succeeds, ends and fails (with a chance that does not depend on
//! its duration), or is cut at the timeout. A try that does not succeed is followed, after a pause, by another,
//! until there were enough. With `s` the chance that a try succeeds, `1 − (1 − s)ⁿ` of calls do, and a call
//! makes `(1 − (1 − s)ⁿ)/s` tries on average: the load on the callee is amplified by as much.
//!
//! **Source.** Renewal argument; Envoy's documentation for its pauses (`x-envoy-max-retries`).
//!
//! **Assumptions.** Tries are alike and [`Dependence::Independent`]. Under [`Dependence::Comonotone`] every try
//! of a call takes as long as the first, as on a callee that is slow for everyone: then retrying after a
//! timeout only adds load. Failures that do not depend on duration, and jitter, are independent under both.

use super::MOST_ATTEMPTS;
use super::combine::mapped;
use super::convolve::Convolver;
use super::from::checked;
use super::grid;
use super::limit::up_to;
use super::masses::Masses;
use super::spread::{CountEstimate, Dependence, Spread, SpreadError};
use crate::units::{Seconds, Share};

/// How often and when a call is tried again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retry {
    /// Tries in all, the first included: 1 to [`MOST_ATTEMPTS`].
    pub attempts: u32,
    /// When a try is given up; `None` to wait for its end.
    pub per_try: Option<Seconds>,
    /// The pause before the next try.
    pub backoff: Backoff,
    /// Chance that a try that ends in time fails, whatever its duration.
    pub failing: Share,
}

/// Pauses between tries.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Backoff {
    /// The next try follows at once.
    None,
    /// Always as long.
    Fixed(Seconds),
    /// The first pause, each next one longer by a factor of at least 1, none longer than the most.
    Exponential {
        /// Before the second try.
        first: Seconds,
        /// From one pause to the next.
        factor: f64,
        /// Longest pause.
        most: Seconds,
    },
    /// As Envoy does: before retry `n` anything up to `(2ⁿ − 1)·base`, evenly spread, up to the most.
    Jittered {
        /// Envoy's base interval; 25 ms in Istio.
        base: Seconds,
        /// Longest pause; ten times the base in Envoy.
        most: Seconds,
    },
}

/// A call with its retries.
#[derive(Debug, Clone, PartialEq)]
pub struct Retried {
    /// Total time to the answer; a call of which every try failed has no end.
    pub answered: Spread,
    /// Total time to the answer or to the last failure.
    pub ended: Spread,
    /// Tries per call: what the load on the callee is multiplied by.
    pub attempts: CountEstimate,
}

impl Spread {
    /// A call that takes this long per try, retried.
    ///
    /// # Errors
    /// [`SpreadError`] for attempts out of range, and durations that are negative or not finite.
    pub fn retried(&self, retry: &Retry, dependence: Dependence) -> Result<Retried, SpreadError> {
        if !(1..=MOST_ATTEMPTS).contains(&retry.attempts) {
            return Err(SpreadError::Attempts(retry.attempts));
        }
        let per_try = retry.per_try.map(checked).transpose()?;
        let pauses = (1..retry.attempts).map(|number| retry.backoff.pause(number)).collect::<Result<Vec<_>, _>>()?;
        let mut convolver = Convolver::new();
        let mut one_way = |of: fn(&Spread) -> &Masses| {
            let pauses: Vec<&Masses> = pauses.iter().map(of).collect();
            let series = Series { per_try: Try::new(of(self), per_try), failing: retry.failing.get(), pauses };
            match dependence {
                Dependence::Independent => series.independent(&mut convolver),
                Dependence::Comonotone => series.comonotone(&mut convolver),
            }
        };
        let (lower, value, upper) =
            (one_way(|spread| &spread.lower), one_way(|spread| &spread.value), one_way(|spread| &spread.upper));
        let attempts = CountEstimate {
            lower: lower.attempts,
            value: value.attempts.clamp(lower.attempts, upper.attempts.max(lower.attempts)),
            upper: upper.attempts.max(lower.attempts),
        };
        Ok(Retried {
            answered: Spread { lower: lower.answered, value: value.answered, upper: upper.answered },
            ended: Spread { lower: lower.ended, value: value.ended, upper: upper.ended },
            attempts,
        })
    }
}

impl Backoff {
    /// The pause before a retry, counted from 1.
    fn pause(self, number: u32) -> Result<Spread, SpreadError> {
        let power = |factor: f64| factor.powi(i32::try_from(number).unwrap_or(i32::MAX));
        match self {
            Self::None => Ok(Spread::zero()),
            Self::Fixed(pause) => Spread::constant(pause),
            Self::Exponential { first, factor, most } => {
                if !(1.0..=super::MOST_REPEATS).contains(&factor) {
                    return Err(SpreadError::Factor(factor));
                }
                Spread::constant((first * (power(factor) / factor)).min(most))
            }
            Self::Jittered { base, most } => Spread::uniform(Seconds::ZERO, (base * (power(2.0) - 1.0)).min(most)),
        }
    }
}

/// What becomes of a try, as parts of one probability.
struct Try {
    /// Ends in time.
    fast: Masses,
    /// Is cut; all of it ends at the timeout.
    cut: Masses,
}

impl Try {
    fn new(masses: &Masses, per_try: Option<f64>) -> Self {
        let fast = per_try.map_or_else(|| masses.clone(), |limit| up_to(masses, limit));
        let mut cut = Masses::empty(masses.rounding, grid::unit_for(per_try.unwrap_or(0.0)));
        let slow = per_try.map_or(0.0, |limit| {
            let slow = 1.0 - fast.ends();
            cut.put(limit, slow);
            slow
        });
        cut.never = 1.0 - slow;
        Self { fast: fast.settled(), cut: cut.settled() }
    }
}

struct Series<'a> {
    per_try: Try,
    failing: f64,
    /// One less than there are tries.
    pauses: Vec<&'a Masses>,
}

/// One rounding of [`Retried`].
struct Outcome {
    answered: Masses,
    ended: Masses,
    attempts: f64,
}

impl Series<'_> {
    /// From the last try backwards: a try succeeds, or fails and is followed by a pause and the rest.
    fn independent(&self, convolver: &mut Convolver) -> Outcome {
        let succeeds = part(&self.per_try.fast, 1.0 - self.failing);
        let fails = plus(&part(&self.per_try.fast, self.failing), &self.per_try.cut);
        let (mut answered, mut ended, mut attempts) = (succeeds.clone(), plus(&succeeds, &fails), 1.0);
        for pause in self.pauses.iter().rev() {
            let lost = convolver.sum(&fails, pause).settled();
            answered = plus(&succeeds, &convolver.sum(&lost, &answered)).settled();
            ended = plus(&succeeds, &convolver.sum(&lost, &ended)).settled();
            attempts = 1.0 + fails.ends() * attempts;
        }
        Outcome { answered, ended, attempts }
    }

    /// Every try takes as long as the first: `k` tries take `k` times as long, pauses beside.
    fn comonotone(&self, convolver: &mut Convolver) -> Outcome {
        let Try { fast, cut } = &self.per_try;
        let nothing = || {
            let mut nothing = Masses::empty(fast.rounding, fast.unit);
            nothing.never = 1.0;
            nothing
        };
        let mut paused = Masses::empty(fast.rounding, fast.unit);
        paused.add(0, 1.0);
        let (mut answered, mut ended, mut attempts) = (nothing(), nothing(), 0.0);
        // Chance that the tries so far failed, given that they ended in time.
        let mut failed = 1.0;
        for number in 0..=self.pauses.len() {
            attempts += failed * fast.ends() + cut.ends();
            let times = (number + 1) as f64;
            let took = |masses: &Masses| mapped(masses, |seconds| seconds * times).settled();
            let this = convolver.sum(&took(fast), &paused);
            answered = plus(&answered, &part(&this, failed * (1.0 - self.failing))).settled();
            failed *= self.failing;
            match self.pauses.get(number) {
                Some(pause) => paused = convolver.sum(&paused, pause).settled(),
                None => {
                    let lost = plus(&part(&this, failed), &convolver.sum(&took(cut), &paused));
                    ended = plus(&answered, &lost).settled();
                }
            }
        }
        // What has no end is tried once and waited for.
        attempts += 1.0 - fast.ends() - cut.ends();
        Outcome { answered, ended, attempts }
    }
}

/// A part of a probability; the rest has no end.
fn part(masses: &Masses, share: f64) -> Masses {
    let mut part = masses.clone();
    part.at.iter_mut().for_each(|mass| *mass *= share);
    part.open *= share;
    part.never = 1.0 - share * masses.ends();
    part
}

/// Two parts of one probability.
fn plus(a: &Masses, b: &Masses) -> Masses {
    let never = (a.never + b.never - 1.0).max(0.0);
    let (mut sum, b) = a.aligned(b);
    b.at.iter().enumerate().for_each(|(index, mass)| sum.add(index, *mass));
    sum.open += b.open;
    sum.never = never;
    sum
}
