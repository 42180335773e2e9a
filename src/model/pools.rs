//! Requests under way, and the pools of connections that hold them.
//!
//! **Law.** By Little's law `L = λ · R` requests are under way on average. Where they come independently of one
//! another, their number at any moment is Poisson distributed with that mean, whatever the distribution of response
//! times (M/G/∞); in the busiest seconds `λ` is a peak factor higher. A limit that is to refuse a request with chance
//! `1 − q` only is the `q` quantile of that number.
//!
//! A connection stays with one worker thread and one host, so HTTP/1.1 needs the quantile of each of `w · h` pools on
//! its own: at most `w · h` times the quantile of `L / (w · h)`.
//!
//! **Source.** Little (1961); Takács, Introduction to the Theory of Queues (1962) for M/G/∞; Envoy's threading model and
//! circuit breakers: limits hold per cluster of one proxy, over all its worker threads.
//!
//! **Assumptions.** Hosts share requests evenly. A limit may be passed by one connection per worker and host for a
//! moment, as workers count without waiting for one another (envoyproxy/envoy#22951).

use statrs::distribution::{DiscreteCDF, Poisson};

use super::bounded;
use crate::units::{Quantile, Rate, Ratio, Seconds};

/// Requests under way through one proxy to one cluster.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InFlight {
    /// Mean in the busiest seconds, at least 0.
    mean: f64,
}

impl InFlight {
    /// Beyond this mean the distribution is taken as normal: the difference is below one request in a thousand.
    const LARGE: f64 = 1e5;

    /// Of requests that come at a rate and take a response time on average; in the busiest seconds `peak` times as many.
    #[must_use]
    pub fn new(rate: Rate, response: Seconds, peak: Ratio) -> Self {
        Self { mean: bounded(rate * response * peak.as_number()) }
    }

    /// On average, in the busiest seconds.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// The number that is not passed with chance `quantile`; at least 1 where anything is under way.
    #[must_use]
    pub fn quantile(&self, quantile: Quantile) -> u64 {
        quantile_of(self.mean, quantile)
    }

    /// Connections of HTTP/1.1 that are enough in as many pools, each of which takes an even part.
    #[must_use]
    pub fn connections(&self, pools: u64, quantile: Quantile) -> u64 {
        let pools = pools.max(1);
        quantile_of(self.mean / pools as f64, quantile).saturating_mul(pools)
    }
}

fn quantile_of(mean: f64, quantile: Quantile) -> u64 {
    if mean <= 0.0 {
        return 0;
    }
    // A chance of 1 is reached by no number.
    let chance = quantile.get().clamp(0.0, 1.0 - 1e-12);
    if mean > InFlight::LARGE {
        use statrs::distribution::{ContinuousCDF, Normal};
        let deviations = Normal::standard().inverse_cdf(chance);
        return (mean + deviations * mean.sqrt()).ceil().max(1.0) as u64;
    }
    Poisson::new(mean).map_or(0, |law| law.inverse_cdf(chance)).max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn under_way(mean: f64) -> InFlight {
        InFlight::new(Rate::per_second(mean), Seconds::new(1.0), Ratio::new(1.0))
    }

    /// Quantiles of the Poisson distribution from tables (e.g. Pearson and Hartley, table 7).
    #[test]
    fn quantiles_are_those_of_tables() {
        for (mean, quantile, expected) in [
            (1.0, 0.99, 4),
            (10.0, 0.5, 10),
            (10.0, 0.95, 15),
            (10.0, 0.99, 18),
            (100.0, 0.99, 124),
            (0.0, 0.99, 0),
            (0.01, 0.5, 1),
        ] {
            assert_eq!(under_way(mean).quantile(Quantile::new(quantile).unwrap()), expected, "{mean} at {quantile}");
        }
    }

    #[test]
    fn two_hundred_requests_of_fifty_milliseconds_are_ten_at_once() {
        let way = InFlight::new(Rate::per_second(200.0), Seconds::from_millis(50.0), Ratio::new(1.0));
        assert!((way.mean() - 10.0).abs() < 1e-9);
        let doubled = InFlight::new(Rate::per_second(200.0), Seconds::from_millis(50.0), Ratio::new(2.0));
        assert!((doubled.mean() - 20.0).abs() < 1e-9);
        // LiveWyer: 120.27 rps of 0.264 s keep 31.8 of 32 connections busy.
        let closed = InFlight::new(Rate::per_second(120.27), Seconds::new(0.264), Ratio::new(1.0));
        assert!((closed.mean() - 31.8).abs() < 0.1);
    }

    #[test]
    fn large_numbers_and_hostile_ones_end() {
        let near = under_way(InFlight::LARGE * 0.999).quantile(Quantile::literal(0.999));
        let far = under_way(InFlight::LARGE * 1.001).quantile(Quantile::literal(0.999));
        assert!(near < far && far - near < 400, "{near} {far}");
        for odd in [f64::NAN, f64::INFINITY, -1.0] {
            let _ = under_way(odd).quantile(Quantile::ONE);
            let _ = under_way(odd).connections(u64::MAX, Quantile::ONE);
        }
    }

    proptest! {
        #[test]
        fn more_load_certainty_or_pools_never_need_less(
            mean in 0.0_f64..500.0, more in 0.0_f64..100.0, low in 0.5_f64..0.9999, high in 0.5_f64..0.9999, pools in 1_u64..40,
        ) {
            let (low, high) = (Quantile::new(low.min(high)).unwrap(), Quantile::new(low.max(high)).unwrap());
            let way = under_way(mean);
            prop_assert!(way.quantile(low) <= way.quantile(high));
            prop_assert!(way.quantile(low) <= under_way(mean + more).quantile(low));
            prop_assert!(way.connections(pools, high) >= way.quantile(high).min(way.connections(1, high)).saturating_sub(pools));
            prop_assert!(way.quantile(high) as f64 >= mean.floor() || high.get() < 0.6);
        }
    }
}
