//! Memory of single pods of a workload over time.
//!
//! **Law.** Memory does not follow the load as CPU does: each pod has its own, whatever the number of replicas. So its
//! quantiles are those of all samples of all pods. That nine in ten samples lie between [`PodMemory::low`] and
//! [`PodMemory::high`] holds at each end with a confidence of 95 %: the ends are order statistics, the `k`-th of `n`
//! moments with the smallest `k` for which `P(Bin(n, q) ≤ k − 1) ≥ 0.95`; where there is none, the largest.
//!
//! **Source.** Wilks, S. S. (1941), "Determination of sample sizes for setting tolerance limits", Annals of
//! Mathematical Statistics 12: of 59 samples the largest is above the 95th percentile with that confidence.
//!
//! **Assumptions.** Moments count as independent, samples of one moment as one. Memory moves slowly, so the confidence
//! is less than stated; that is why a policy asks for a time as well, and not for moments alone.

use statrs::distribution::{Binomial, DiscreteCDF};

use crate::units::{Memory, Seconds};

/// What each end of the interval leaves out.
const TAIL: f64 = 0.05;
/// How sure each end is.
const CONFIDENCE: f64 = 0.95;

/// Memory of single pods of a workload over time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PodMemory {
    /// Exceeded by 95 % of samples, with a confidence of 95 %; else the smallest.
    pub low: Memory,
    /// Not exceeded by half of the samples.
    pub median: Memory,
    /// Not exceeded by 95 % of the samples that were taken.
    pub p95: Memory,
    /// Not exceeded by 95 % of what there was, with a confidence of 95 %; else the largest.
    pub high: Memory,
    /// The largest sample.
    pub largest: Memory,
    /// How many samples there are; at least 1.
    pub samples: u64,
    /// At how many moments they were taken.
    pub moments: u64,
    /// Of how many pods; `None` where only the sum over the replicas was measured, which are then taken as alike.
    pub pods: Option<u64>,
    /// From the first to the last of them.
    pub span: Seconds,
}

/// Measured memory of the pods of a workload, by what uses it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PodMemories {
    /// Of the proxy of each pod.
    pub proxy: Option<PodMemory>,
    /// Of the application containers of each pod.
    pub app: Option<PodMemory>,
}

impl PodMemory {
    /// From samples in bytes, those that are no positive numbers left out; `None` without any.
    #[must_use]
    pub fn of(mut samples: Vec<f64>, moments: u64, pods: Option<u64>, span: Seconds) -> Option<Self> {
        samples.retain(|sample| sample.is_finite() && *sample > 0.0);
        samples.sort_by(f64::total_cmp);
        let moments = moments.clamp(1, samples.len().max(1) as u64);
        let bound = sure_rank(moments) as f64 / moments as f64;
        let at = |rank: usize| samples.get(rank.max(1) - 1).copied().map(Memory::from_bytes);
        let rank = |share: f64| (share * samples.len() as f64).ceil() as usize;
        Some(Self {
            low: at((samples.len() + 1).saturating_sub(rank(bound)))?,
            median: at(rank(0.5))?,
            p95: at(rank(1.0 - TAIL))?,
            high: at(rank(bound))?,
            largest: at(samples.len())?,
            samples: samples.len() as u64,
            moments,
            pods,
            span,
        })
    }

    /// What is taken for granted of it.
    #[must_use]
    pub fn assumption(&self) -> Vec<String> {
        let alike = "replicas taken as alike: only the sum of their memory was measured";
        if self.pods.is_some() { Vec::new() } else { vec![alike.to_owned()] }
    }

    /// The first of them if there is one, else the other.
    pub(super) fn either(own: PodMemories, other: PodMemories) -> PodMemories {
        PodMemories { proxy: own.proxy.or(other.proxy), app: own.app.or(other.app) }
    }
}

/// Which of `n` ordered moments is above the 95th percentile with the confidence asked for; the last where none is.
fn sure_rank(n: u64) -> u64 {
    let Ok(below) = Binomial::new(1.0 - TAIL, n) else { return n };
    let is_sure = |rank: u64| below.cdf(rank - 1) >= CONFIDENCE;
    let (mut least, mut most) = (1, n);
    while least < most {
        let middle = least + (most - least) / 2;
        if is_sure(middle) { most = middle } else { least = middle + 1 }
    }
    least
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(samples: &[f64]) -> PodMemory {
        PodMemory::of(samples.to_vec(), samples.len() as u64, Some(1), Seconds::ZERO).unwrap()
    }

    /// Ranks of the table of one-sided 95 %/95 % tolerance limits (Wilks 1941; 59, 93, 124 for the first three).
    #[test]
    fn ends_are_those_of_the_published_table() {
        for (moments, expected) in [(1, 1), (30, 30), (58, 58), (59, 59), (92, 92), (93, 92), (123, 122), (124, 122)] {
            assert_eq!(sure_rank(moments), expected, "{moments}");
        }
        // 95,000 + 1.645 √(100,000 · 0.95 · 0.05) = 95,113.4.
        assert_eq!(sure_rank(100_000), 95_114);
    }

    #[test]
    fn what_is_no_amount_is_left_out() {
        assert_eq!(PodMemory::of(vec![0.0, -1.0, f64::NAN, f64::INFINITY], 4, None, Seconds::ZERO), None);
        assert_eq!(of(&[5.0, f64::NAN]).samples, 1);
    }

    proptest! {
        #[test]
        fn figures_are_in_order_and_were_measured(samples in proptest::collection::vec(1.0..1e9_f64, 1..300)) {
            let it = of(&samples);
            let all = [it.low, it.median, it.p95, it.high, it.largest].map(Memory::as_bytes);
            prop_assert!(all.is_sorted(), "{all:?}");
            prop_assert!(all.iter().all(|figure| samples.contains(figure)));
            prop_assert_eq!(it.largest.as_bytes(), samples.iter().copied().fold(0.0, f64::max));
        }
    }
}
