//! How istiod merges changes before it pushes.
//!
//! **Law.** The first change opens a window; the push starts once no change has come for a quiet time `τ`, and
//! no later than `T` after the first. With changes at random moments, `λ` a second, the window without `T` lasts
//! `(e^{λτ} − 1) / λ` on average and gathers `e^{λτ}` changes; its distribution follows from the gap that ends it:
//!
//! `S(t) = 1` for `t < τ`, `S(τ) = 1 − e^{−λτ}`, `S′(t) = −λ e^{−λτ} S(t − τ)`, and `E[D] = ∫₀ᵀ S(t) dt`
//!
//! so that there are `1 / (1/λ + E[D])` pushes a second, each for `1 + λ·E[D]` changes.
//!
//! **Source.** istio/istio `pilot/pkg/xds/discovery.go` (debounce): 100 ms and 10 s, endpoints included. The
//! law of the gap is that of a pedestrian who waits to cross a road (Adams, 1936).
//!
//! **Assumptions.** Changes come independently. At random moments there are never more than `1/(eτ)` pushes
//! a second, 3.7 by default; changes at even distances just above the quiet time could make it 10. The time to
//! start a push, for which the next window waits, is left out.

use super::IstiodLimits;
use crate::units::{Rate, Seconds};

/// When changes are pushed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Debounce {
    quiet: f64,
    longest: f64,
}

/// Changes merged into pushes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Merged {
    /// Pushes started; at most one per quiet time.
    pub pushes: Rate,
    /// Changes in each push on average; at least 1.
    pub changes_per_push: f64,
    /// How long the first change of a push waits on average: from the quiet time to the longest.
    pub wait: Seconds,
    /// Share of pushes that the longest wait forces while changes keep coming, in [0, 1].
    pub forced: f64,
}

impl Debounce {
    /// That of an istiod.
    #[must_use]
    pub fn new(limits: &IstiodLimits) -> Self {
        let quiet = limits.debounce_quiet().as_seconds();
        Self { quiet, longest: limits.debounce_longest().as_seconds().max(quiet) }
    }

    /// What becomes of changes at a rate; no changes make no pushes.
    #[must_use]
    pub fn merge(self, changes: Rate) -> Merged {
        /// Beyond this many changes in a quiet time no gap is ever long enough, in any number a computer knows.
        const CROWDED: f64 = 700.0;
        let rate = super::super::bounded(changes.as_per_second());
        if rate <= 0.0 {
            return Merged::alone(Seconds::new(self.quiet));
        }
        let (wait, forced) = if rate * self.quiet > CROWDED { (self.longest, 1.0) } else { self.window(rate) };
        Merged {
            pushes: Rate::per_second(1.0 / (1.0 / rate + wait)),
            changes_per_push: 1.0 + rate * wait,
            wait: Seconds::new(wait),
            forced,
        }
    }

    /// Mean length of a window, and the share of windows that reach the longest: the equation of the law, a cell
    /// of time after the other.
    fn window(self, rate: f64) -> (f64, f64) {
        /// Cells in a quiet time.
        const CELLS: usize = 50;
        /// Most quiet times followed; beyond, the tail is exponential and its share is that of the last cell.
        const MOST_QUIET_TIMES: f64 = 10_000.0;
        let no_gap = 1.0 - (-rate * self.quiet).exp();
        let cell = self.quiet / CELLS as f64;
        let steps = (self.longest / self.quiet).min(MOST_QUIET_TIMES) * CELLS as f64;
        let steps = (steps.round() as usize).max(CELLS);
        let decay = rate * (1.0 - no_gap) * cell;
        // Mean of S over each cell; in the first quiet time the window is open for certain.
        let mut means = vec![1.0; CELLS];
        let mut open: f64 = no_gap;
        for step in CELLS..steps {
            let before = means.get(step - CELLS).copied().unwrap_or(0.0);
            let next = (open - decay * before).max(0.0);
            means.push(f64::midpoint(open, next));
            open = next;
        }
        (means.iter().sum::<f64>() * cell, if steps > CELLS { open } else { no_gap })
    }
}

impl Merged {
    /// A change that comes alone.
    #[must_use]
    pub fn alone(quiet: Seconds) -> Self {
        Self { pushes: Rate::ZERO, changes_per_push: 1.0, wait: quiet, forced: 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::card::TEST_CARD;

    fn merge(rate: f64) -> Merged {
        Debounce::new(&TEST_CARD.istiod_limits).merge(Rate::per_second(rate))
    }

    /// The window of a long simulated row of changes.
    fn simulated(rate: f64) -> (f64, f64) {
        let mut seed = 1_u64;
        let mut gap = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            -(((seed >> 11) as f64 + 0.5) / (1_u64 << 53) as f64).ln() / rate
        };
        let (windows, mut length, mut changes) = (20_000, 0.0, 0_u64);
        for _ in 0..windows {
            let mut open = 0.0;
            changes += 1;
            loop {
                let next = gap();
                if next > 0.1 || open + next > 10.0 {
                    length += (open + 0.1_f64).min(10.0);
                    break;
                }
                open += next;
                changes += 1;
            }
        }
        (length / f64::from(windows), changes as f64 / f64::from(windows))
    }

    #[test]
    fn the_law_without_a_longest_wait_is_the_closed_form() {
        for rate in [0.01, 1.0, 5.0, 10.0, 20.0] {
            let expected = ((rate * 0.1_f64).exp() - 1.0) / rate;
            let wait = merge(rate).wait.as_seconds();
            assert!((wait / expected - 1.0).abs() < 0.005, "{rate}: {wait}, {expected}");
        }
    }

    #[test]
    fn a_simulation_agrees_where_the_longest_wait_matters() {
        for rate in [2.0, 30.0, 50.0, 70.0] {
            let (length, changes) = simulated(rate);
            let merged = merge(rate);
            assert!((merged.wait.as_seconds() / length - 1.0).abs() < 0.03, "{rate}: {merged:?}, {length}");
            assert!((merged.changes_per_push / changes - 1.0).abs() < 0.03, "{rate}: {merged:?}, {changes}");
        }
    }

    #[test]
    fn storms_merge_and_quiet_meshes_do_not() {
        for (rate, pushes) in [(0.0, 0.0), (0.001, 0.001), (10.0, 3.68), (31.2, 1.38), (1000.0, 0.1), (1e300, 0.1)] {
            let merged = merge(rate);
            assert!((merged.pushes.as_per_second() - pushes).abs() < 0.02 * pushes.max(0.01), "{rate}: {merged:?}");
        }
        assert!(merge(1000.0).forced > 0.99 && merge(1.0).forced < 1e-6);
    }

    proptest! {
        #[test]
        fn no_change_is_lost(rate in 1e-6..1e6) {
            let merged = merge(rate);
            let pushed = merged.pushes.as_per_second() * merged.changes_per_push;
            prop_assert!((pushed / rate - 1.0).abs() < 1e-6, "{:?}", merged);
            prop_assert!(merged.wait.as_seconds() >= 0.0999 && merged.wait.as_seconds() <= 10.0001);
            prop_assert!((0.0..=1.0).contains(&merged.forced));
        }
    }
}
