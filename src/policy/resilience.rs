//! When replicas count as able to carry a load, and what limits of clients must let through.

use serde::{Deserialize, Serialize};

use crate::units::{Quantile, Ratio, Seconds, Share};

/// When replicas count as able to carry a load, and what limits of clients must let through.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResiliencePolicy {
    /// Most of the CPU it requests that the application in a pod may use, as a share in (0, 1].
    pub target_utilization: Share,
    /// Requests of the busiest seconds over the mean that was measured, 1 or more.
    pub peak_factor: Ratio,
    /// Chance that a pool of connections holds what is under way, in (0, 1).
    pub pool_quantile: Quantile,
    /// Retries at once, as a share of the requests under way.
    pub retry_budget: Share,
    /// Retries at once that are always allowed.
    pub least_retries: u64,
    /// The most attempts that a chain of callers may make of one request when all of them fail, 1 or more.
    pub most_amplification: Ratio,
    /// Timeouts over the slowest response times that were measured, 1 or more.
    pub timeout_factor: Ratio,
    /// The least timeout that a route is given which has none.
    pub least_timeout: Seconds,
    /// The least limit of connections and requests that clients are given which have none.
    pub least_limit: u64,
    /// After how long a client gives up to connect, where nothing is said.
    pub connect_timeout: Seconds,
}

impl Default for ResiliencePolicy {
    fn default() -> Self {
        Self {
            target_utilization: Share::literal(0.8),
            peak_factor: Ratio::new(2.0),
            pool_quantile: Quantile::literal(0.9999),
            retry_budget: Share::literal(0.2),
            least_retries: 3,
            most_amplification: Ratio::new(10.0),
            timeout_factor: Ratio::new(2.0),
            least_timeout: Seconds::new(1.0),
            least_limit: 100,
            connect_timeout: Seconds::new(3.0),
        }
    }
}

impl ResiliencePolicy {
    /// What is wrong with it, if anything.
    pub(super) fn wrong(&self) -> Option<&'static str> {
        let peak = self.peak_factor.as_number();
        if self.target_utilization.get() <= 0.0 {
            return Some(
                "resilience.target_utilization is 0: no replica could carry anything; use a share such as 0.8",
            );
        }
        if !peak.is_finite() || peak < 1.0 {
            return Some("resilience.peak_factor must be a finite number, 1 or more");
        }
        if [self.most_amplification, self.timeout_factor].iter().any(|it| !(1.0..1e9).contains(&it.as_number())) {
            return Some("resilience.most_amplification and timeout_factor must be numbers of 1 or more");
        }
        if [self.connect_timeout, self.least_timeout].iter().any(|it| !(0.001..3600.0).contains(&it.as_seconds())) {
            return Some("resilience.connect_timeout and least_timeout are in seconds, from 0.001 to 3600");
        }
        if self.pool_quantile.get() <= 0.0 || self.pool_quantile.get() >= 1.0 {
            return Some("resilience.pool_quantile must lie strictly between 0 and 1, such as 0.9999");
        }
        None
    }
}
