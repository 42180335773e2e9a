//! Certificate signing requests of workload proxies.
//!
//! **Law.** Every proxy renews its certificate once it has lived a share of its life:
//! `rate = N / (TTL · (1 − grace))`, with `N` proxies and `grace` the share of life left at renewal.
//!
//! **Source.** istio-agent's secret cache (istio/istio, `security/pkg/nodeagent/cache`): renewal at
//! half of 24 hours by default, so 10,000 proxies sign 0.23 times a second.
//!
//! **Assumptions.** Renewals are spread evenly. After a mass restart they are not: then all `N`
//! proxies ask at once, and again together half a life later, blurred by a jitter of 1 %.

use crate::units::{Rate, Seconds, Share};

/// Certificate signing requests per second of `proxies` in steady state; 0 for a life or a grace
/// ratio that leave no time between renewals.
#[must_use]
pub fn csr_rate(proxies: u64, ttl: Seconds, grace_ratio: Share) -> Rate {
    let between_renewals = ttl.as_seconds() * (1.0 - grace_ratio.get());
    let is_sound = between_renewals.is_finite() && between_renewals > 0.0;
    if !is_sound {
        return Rate::ZERO;
    }
    Rate::per_second((proxies as f64 / between_renewals).min(f64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLERANCE: f64 = 1e-3;

    #[test]
    fn ten_thousand_proxies_sign_a_quarter_time_a_second() {
        for (proxies, hours, grace, expected) in [
            (10_000, 24.0, 0.5, 0.2315),
            (0, 24.0, 0.5, 0.0),
            (3600, 1.0, 0.0, 1.0),
            (10, 0.0, 0.5, 0.0),
            (10, 1.0, 1.0, 0.0),
        ] {
            let rate = csr_rate(proxies, Seconds::from_hours(hours), Share::new(grace).unwrap());
            assert!((rate.as_per_second() - expected).abs() < TOLERANCE, "{proxies} {hours} {grace}: {rate:?}");
        }
    }
}
