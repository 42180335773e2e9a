//! What retries add to the load of those that are called, one after the other.
//!
//! **Law.** A caller that sends a failed request again up to `r` times makes `(1 − p^(r + 1)) / (1 − p)` attempts of one
//! request when each fails with chance `p`, and `r + 1` when all do. In a chain where every caller retries, those
//! factors multiply: the last of `n` is asked up to `(r + 1)^n` times.
//!
//! A budget `b` allows as many retries at once as `b` of all requests under way, retries among them, but always `m`:
//! beside `L` first attempts there are at most `max(b · L / (1 − b), m)` retries, so that no caller makes more than
//! `1 + max(b / (1 − b), m / L)` attempts of one request.
//!
//! A timeout that lets every attempt end is `(r + 1) · t + B`, with `t` the time of one attempt and `B` the waits
//! between them: before the `i`-th retry Envoy waits up to `min((2^i − 1) · 25 ms, 250 ms)`.
//!
//! **Source.** The sum of a geometric series; Google, Site Reliability Engineering (2016), chapter "Addressing Cascading
//! Failures"; Envoy's router filter (`x-envoy-max-retries`: fully jittered exponential back-off, base 25 ms, at most ten
//! times that) and retry budgets (`RetryBudget`: of active and pending requests, 20 % and at least 3 by default).
//!
//! **Assumptions.** First attempts and retries take equally long, where there is a budget. Attempts fail independently, which they do not when a host is down: the worst case is given beside.

use crate::units::{Ratio, Seconds, Share};

/// How often a failed request is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    attempts: u64,
}

impl Retries {
    /// Istio's number of retries where nothing is said (`retries` of istio/istio, `DefaultPolicy`, since 1.6).
    pub const DEFAULT_ATTEMPTS: u64 = 2;
    /// Base of Envoy's waits between attempts.
    const BASE_WAIT: Seconds = Seconds::new(0.025);
    /// The longest of these waits over their base.
    const LONGEST_WAIT: f64 = 10.0;

    /// Up to so many times beside the first.
    #[must_use]
    pub fn new(attempts: u64) -> Self {
        Self { attempts }
    }

    /// Attempts of one request where each fails with a chance, at least 1.
    #[must_use]
    pub fn amplification(&self, failing: Share) -> Ratio {
        let chance = failing.get();
        let times = self.attempts as f64 + 1.0;
        if chance >= 1.0 {
            return Ratio::new(times);
        }
        // For a chance near 1 the quotient loses digits that the bound gives back.
        Ratio::new(((1.0 - chance.powf(times)) / (1.0 - chance)).min(times))
    }

    /// Attempts that the last of a chain sees of one request where every caller before it retries.
    #[must_use]
    pub fn over_chain(&self, callers: u32, failing: Share) -> Ratio {
        Ratio::new(self.amplification(failing).as_number().powi(i32::try_from(callers).unwrap_or(i32::MAX)))
    }

    /// The same where every attempt fails: `(r + 1)^n`.
    #[must_use]
    pub fn worst(&self, callers: u32) -> Ratio {
        self.over_chain(callers, Share::ONE)
    }

    /// Attempts of one request where all fail, at least 1, with a budget: a share of the requests under way, and a
    /// number that is always allowed as a ratio to the first attempts under way.
    #[must_use]
    pub fn within_budget(&self, budget: Share, always: Ratio) -> Ratio {
        let unlimited = self.worst(1);
        // Of no request under way always some are retries.
        let always = if always.as_number().is_nan() { f64::INFINITY } else { always.as_number().max(0.0) };
        let share = if budget.get() >= 1.0 { f64::INFINITY } else { budget.get() / (1.0 - budget.get()) };
        unlimited.min(Ratio::new(1.0 + share.max(always)))
    }

    /// Time in which every attempt can end, with Envoy's waits between them.
    #[must_use]
    pub fn timeout(&self, per_attempt: Seconds) -> Seconds {
        per_attempt * (self.attempts as f64 + 1.0) + self.waits()
    }

    /// The longest that all waits between attempts can take.
    fn waits(&self) -> Seconds {
        // Beyond the fourth retry every wait is the longest.
        let growing = self.attempts.min(4);
        let times: f64 = (1..=growing).map(|retry| (2.0_f64.powi(retry as i32) - 1.0).min(Self::LONGEST_WAIT)).sum();
        Self::BASE_WAIT * (times + (self.attempts - growing) as f64 * Self::LONGEST_WAIT)
    }
}

/// Retries at once that a budget allows beside so many requests under way, and never fewer than `least`.
#[must_use]
pub fn retries_at_once(under_way: u64, budget: Share, least: u64) -> u64 {
    ((under_way as f64 * budget.get()).ceil() as u64).max(least)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_chain_of_three_asks_the_last_twenty_seven_times() {
        // Istio's default of two retries.
        let retries = Retries::new(2);
        assert_eq!(retries.worst(3), Ratio::new(27.0));
        assert_eq!(retries.worst(0), Ratio::new(1.0));
        assert_eq!(retries.amplification(Share::ZERO), Ratio::new(1.0));
        let tenth = retries.over_chain(3, Share::literal(0.1)).as_number();
        assert!((tenth - 1.11_f64.powi(3)).abs() < 1e-9, "{tenth}");
    }

    #[test]
    fn a_budget_allows_its_share_and_a_few_at_least() {
        for (under_way, expected) in [(0, 3), (10, 3), (100, 20), (101, 21)] {
            assert_eq!(retries_at_once(under_way, Share::literal(0.2), 3), expected);
        }
    }

    #[test]
    fn a_timeout_holds_every_attempt() {
        // Two waits of up to 25 and 75 ms; the fourth and all later ones are of 250 ms.
        for (retries, expected) in [(0, 0.4), (2, 1.3), (5, 2.4 + 0.025 + 0.075 + 0.175 + 0.5)] {
            let timeout = Retries::new(retries).timeout(Seconds::from_millis(400.0));
            assert!((timeout.as_seconds() - expected).abs() < 1e-9, "{retries}: {timeout:?}");
        }
    }

    #[test]
    fn a_budget_bounds_what_retries_make_of_a_request() {
        for (retries, budget, always, expected) in [
            (2, 0.2, 0.0, 1.25),
            (2, 0.2, 0.5, 1.5),
            (2, 0.8, 0.0, 3.0),
            (2, 1.0, 0.0, 3.0),
            (0, 0.2, 0.0, 1.0),
            (2, 0.0, 0.1, 1.1),
            (2, 0.2, f64::NAN, 3.0),
        ] {
            let times = Retries::new(retries).within_budget(Share::literal(budget), Ratio::new(always));
            assert!((times.as_number() - expected).abs() < 1e-12, "{retries} {budget} {always}: {times:?}");
        }
    }

    proptest! {
        /// However many retries Envoy has let through, it lets no further one through beyond the bound.
        #[test]
        fn no_admission_by_the_budget_exceeds_the_bound(
            first in 1_u64..400, percent in 0_u64..=99, least in 0_u64..10, retries in 1_u64..50,
        ) {
            let budget = Share::new(percent as f64 / 100.0).unwrap();
            let mut under_way = 0;
            // Each first attempt fails, and so does each retry: one is let in while the budget has room.
            while under_way < first * retries && under_way < ((first + under_way) * percent / 100).max(least) {
                under_way += 1;
            }
            let always = Ratio::new(least as f64 / first as f64);
            let bound = Retries::new(retries).within_budget(budget, always).as_number();
            let times = (first + under_way) as f64 / first as f64;
            prop_assert!(times <= bound + 1.0 / first as f64 + 1e-9, "{times} beyond {bound}");
        }

        #[test]
        fn attempts_lie_between_one_and_all(attempts in 0_u64..20, failing in 0.0_f64..=1.0, more in 0.0_f64..=1.0) {
            let (less, more) = (Share::new(failing.min(more)).unwrap(), Share::new(failing.max(more)).unwrap());
            let retries = Retries::new(attempts);
            let times = retries.amplification(less).as_number();
            prop_assert!(times >= 1.0 - 1e-12 && times <= attempts as f64 + 1.0);
            prop_assert!(times <= retries.amplification(more).as_number() * (1.0 + 1e-9));
        }
    }
}
