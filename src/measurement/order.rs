//! How sure a quantile is, given how many samples it rests on: order statistics.
//!
//! The number of samples below the true quantile `x_q` is binomial, `K ~ B(n, q)`, whatever the
//! distribution. Hence the sample of rank `l` lies below `x_q` with probability `P(K ≥ l)`, and the
//! sample of rank `u` above it with probability `P(K ≤ u − 1)` (Hahn and Meeker, Statistical
//! Intervals, 1991, chapter 5).
//!
//! Assumes independent samples. Response times of one run are correlated, so the interval is a lower
//! bound on the doubt; repeated runs say more.

use statrs::distribution::{Binomial, ContinuousCDF, DiscreteCDF, Normal};

use crate::units::{Quantile, Share};

/// Above this many samples the binomial is taken as normal; the ranks then differ by less than one.
const LARGE: u64 = 100_000;

/// Ranks between which a quantile lies, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ranks {
    /// Rank of the sample below; `None` when there are too few samples for any to be.
    pub lower: Option<u64>,
    /// Rank of the sample above; `None` when there are too few samples for any to be.
    pub upper: Option<u64>,
}

/// Ranks of the samples between which `quantile` lies with the given confidence, half of the rest on each side.
///
/// The smallest `u` with `P(K ≤ u − 1) ≥ 1 − α/2`, and the largest `l` with `P(K ≤ l − 1) ≤ α/2`.
#[must_use]
pub fn ranks(samples: u64, quantile: Quantile, confidence: Share) -> Ranks {
    let tail = (1.0 - confidence.get()) / 2.0;
    let q = quantile.get();
    if samples == 0 {
        return Ranks { lower: None, upper: None };
    }
    if q <= 0.0 || q >= 1.0 {
        let end = if q <= 0.0 { 1 } else { samples };
        return Ranks { lower: Some(end), upper: Some(end) };
    }
    // How many counts k have P(K ≤ k) at or below a probability; monotone, so bisection finds it.
    let counts_within = |probability: f64, inclusive: bool| {
        let (mut below, mut above) = (0_u64, samples.saturating_add(1));
        while below < above {
            let middle = below + (above - below) / 2;
            let chance = cumulative(samples, q, middle);
            let within = if inclusive { chance <= probability } else { chance < probability };
            if within { below = middle + 1 } else { above = middle }
        }
        below
    };
    let lower = counts_within(tail, true);
    let upper = counts_within(1.0 - tail, false).saturating_add(1);
    Ranks { lower: (lower > 0).then_some(lower), upper: (upper <= samples).then_some(upper) }
}

/// Samples needed before some sample lies above (and some below) the quantile with the given confidence:
/// the smallest `n` with `qⁿ ≤ α/2` and `(1 − q)ⁿ ≤ α/2`. For p99 and 90 % it is 299.
#[must_use]
pub fn samples_needed(quantile: Quantile, confidence: Share) -> u64 {
    let tail = (1.0 - confidence.get()) / 2.0;
    let q = quantile.get();
    if q <= 0.0 || q >= 1.0 {
        return 1;
    }
    let wanted = tail.ln() / q.max(1.0 - q).ln();
    wanted.ceil().clamp(1.0, u64::MAX as f64) as u64
}

/// `P(K ≤ k)` for `K ~ B(n, q)`.
fn cumulative(n: u64, q: f64, k: u64) -> f64 {
    if k >= n {
        return 1.0;
    }
    if n > LARGE {
        let (mean, deviation) = (n as f64 * q, (n as f64 * q * (1.0 - q)).sqrt());
        return Normal::new(mean, deviation).map_or(0.5, |normal| normal.cdf(k as f64 + 0.5));
    }
    Binomial::new(q, n).map_or(0.5, |binomial| binomial.cdf(k))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sample_sizes_of_the_literature() {
        for (quantile, confidence, needed) in [(0.99, 0.9, 299), (0.95, 0.9, 59), (0.999, 0.9, 2995), (0.5, 0.9, 5)] {
            let found = samples_needed(Quantile::new(quantile).unwrap(), Share::new(confidence).unwrap());
            assert_eq!(found, needed, "{quantile} at {confidence}");
        }
    }

    /// Two-sided 95 % intervals of the median, as tabulated in textbooks of nonparametric statistics.
    #[test]
    fn intervals_of_the_median() {
        for (n, lower, upper) in [(10, 2, 9), (20, 6, 15), (30, 10, 21), (50, 18, 33)] {
            let found = ranks(n, Quantile::literal(0.5), Share::literal(0.95));
            assert_eq!(found, Ranks { lower: Some(lower), upper: Some(upper) }, "n = {n}");
        }
    }

    #[test]
    fn too_few_samples_have_no_upper_rank() {
        assert_eq!(ranks(298, Quantile::literal(0.99), Share::literal(0.9)).upper, None);
        assert_eq!(ranks(299, Quantile::literal(0.99), Share::literal(0.9)).upper, Some(299));
        assert_eq!(ranks(0, Quantile::literal(0.5), Share::literal(0.9)), Ranks { lower: None, upper: None });
    }

    #[test]
    fn normal_and_binomial_meet() {
        let ends = |n| ranks(n, Quantile::literal(0.99), Share::literal(0.9));
        let (small, large) = (ends(LARGE), ends(LARGE + 1));
        assert!(small.lower.unwrap().abs_diff(large.lower.unwrap()) <= 2, "{small:?} {large:?}");
        assert!(small.upper.unwrap().abs_diff(large.upper.unwrap()) <= 2, "{small:?} {large:?}");
    }

    proptest! {
        #[test]
        fn ranks_surround_the_quantile(n in 1_u64..5_000_000, q in 0.0..=1.0_f64) {
            let found = ranks(n, Quantile::new(q).unwrap(), Share::literal(0.9));
            let rank = q * n as f64;
            if let Some(lower) = found.lower { prop_assert!(lower as f64 <= rank + 1.0); }
            if let Some(upper) = found.upper { prop_assert!(upper as f64 >= rank && upper <= n); }
        }
    }
}
