//! Fan-out: a response that waits for the slowest of `n` branches.
//!
//! **Law.** For independent branches `P(max ≤ t) = F(t)ⁿ`; whatever their dependence,
//! `max(0, 1 − n(1 − F)) ≤ P(max ≤ t) ≤ F`.
//!
//! **Source.** J. Dean and L. Barroso, *The Tail at Scale*, 2013; M. Fréchet, 1935, for the bounds.
//!
//! **Assumptions.** Branches alike. Branches that share a node, a proxy or a database are slow together:
//! the truth lies between independent and comonotone, where all are as slow as one.

use crate::units::{Quantile, Share};

use super::share;

/// Branches of which the slowest decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FanOut {
    branches: u32,
}

impl FanOut {
    /// A fan-out over branches; 0 is taken as 1, for the request itself takes its time.
    #[must_use]
    pub fn new(branches: u32) -> Self {
        Self { branches: branches.max(1) }
    }

    /// Share of responses within a time within which a share of each branch is, `Fⁿ`.
    #[must_use]
    pub fn share_within(&self, of_branch: Share) -> Share {
        share((self.count() * of_branch.get().ln()).exp())
    }

    /// Share of responses with at least one branch among a slow share of each, `1 − (1 − p)ⁿ`.
    #[must_use]
    pub fn share_slow(&self, of_branch: Share) -> Share {
        share(-(self.count() * (-of_branch.get()).ln_1p()).exp_m1())
    }

    /// Least and largest share of responses within that time under any dependence of the branches:
    /// never slow together, and always slow together (comonotone).
    #[must_use]
    pub fn bounds_within(&self, of_branch: Share) -> (Share, Share) {
        (share(1.0 - self.count() * (1.0 - of_branch.get())), of_branch)
    }

    /// The quantile of a branch that decides a quantile of the response, `q^{1/n}`: the median of a
    /// fan-out of 100 is the 99.3rd percentile of its branches.
    #[must_use]
    pub fn branch_quantile(&self, quantile: Quantile) -> Quantile {
        share((quantile.get().ln() / self.count()).exp())
    }

    fn count(&self) -> f64 {
        f64::from(self.branches)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TOLERANCE: f64 = 1e-9;

    /// The Tail at Scale: one in a hundred slow makes 63 % of responses slow over 100 servers, one in
    /// ten thousand makes 18 % over 2000.
    #[test]
    fn the_tail_at_scale() {
        for (branches, slow, expected) in [(100, 0.01, 0.634), (2000, 0.0001, 0.181), (1, 0.01, 0.01), (0, 0.01, 0.01)]
        {
            let found = FanOut::new(branches).share_slow(Share::literal(slow)).get();
            assert!((found - expected).abs() < 5e-4, "{branches}: {found}");
        }
        let decides = FanOut::new(100).branch_quantile(Share::literal(0.5)).get();
        assert!((decides - 0.993).abs() < 1e-4, "{decides}");
    }

    proptest! {
        #[test]
        fn independence_lies_between_the_bounds(branches in 0..=u32::MAX, number in 0.0..=1.0_f64) {
            let (fan_out, of_branch) = (FanOut::new(branches), Share::new(number).unwrap());
            let within = fan_out.share_within(of_branch);
            let (least, most) = fan_out.bounds_within(of_branch);
            prop_assert!(least.get() <= within.get() + TOLERANCE && within.get() <= most.get() + TOLERANCE);
            let slow = fan_out.share_slow(share(1.0 - number)).get();
            // 1 − p is rounded once, and that error grows with the branches.
            prop_assert!((within.get() + slow - 1.0).abs() < TOLERANCE * (1.0 + f64::from(branches) * 1e-6));
            let back = fan_out.share_within(fan_out.branch_quantile(of_branch)).get();
            prop_assert!((back - number).abs() < TOLERANCE * (1.0 + f64::from(branches) * 1e-6));
        }
    }
}
