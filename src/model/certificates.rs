//! Certificate signing requests of workload proxies.
//!
//! **Law.** Every proxy renews its certificate once it has lived a share of its life:
//! `rate = N / (TTL · (1 − grace))`, with `N` proxies and `grace` the share of life left at renewal.
//!
//! **Source.** istio-agent's secret cache (istio/istio, `security/pkg/nodeagent/cache`): renewal at
//! half of 24 hours by default, so 10,000 proxies sign 0.23 times a second.
//!
//! After a mass restart all `N` ask at once: `T = N · t / U`, with `t` the CPU time of a signature and what
//! goes with it, and `U` the CPU istiod has for it.
//!
//! **Assumptions.** Renewals are spread evenly. After a mass restart they are not, and come together again
//! when their certificates are due, blurred by a jitter of 1 %. The API server, which reviews the token of
//! each request, keeps up.

use super::sum::{Part, Shown, sum};
use super::{Coefficient, CoefficientError, CoefficientSet, Measure};
use crate::estimate::Estimate;
use crate::units::{Cores, Rate, Seconds, Share};

const IN_SECONDS: Shown = Shown { unit: "s", scale: 1.0 };

/// The law of signing with its coefficients.
#[derive(Debug, Clone, PartialEq)]
pub struct Certificates {
    per_signing: Coefficient,
    spread: Coefficient,
}

impl Certificates {
    /// The law from the coefficients of a card.
    ///
    /// # Errors
    /// [`CoefficientError`] when one is missing, unknown, in another unit or out of its domain.
    pub fn new(mut card: CoefficientSet) -> Result<Self, CoefficientError> {
        let law = Self {
            per_signing: card.take("per_signing", Measure::Cpu, "per signing per second")?,
            spread: card.take("spread", Measure::Ratio, "")?.at_most_one()?,
        };
        card.finish()?;
        Ok(law)
    }

    /// Its coefficients, in the order of the formula.
    #[must_use]
    pub fn coefficients(&self) -> [&Coefficient; 2] {
        [&self.per_signing, &self.spread]
    }

    /// Time until `proxies` that restart together all have a certificate, if istiod has `cores` for it;
    /// nothing where it has none.
    #[must_use]
    pub fn restart(&self, proxies: u64, cores: Cores) -> Option<Estimate<Seconds>> {
        let count = proxies as f64 / cores.as_cores();
        let is_sound = cores > Cores::ZERO && count.is_finite();
        is_sound.then(|| {
            let part = Part { what: "signings per core", count, coefficient: &self.per_signing };
            sum("time to sign after a restart", &[part], &self.spread, IN_SECONDS)
        })
    }
}

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
    fn a_restart_takes_the_time_of_all_signatures() {
        let law = &crate::card::TEST_CARD.certificates;
        let restart = law.restart(10_000, Cores::new(2.0)).unwrap();
        assert!((restart.value.as_seconds() - 15.0).abs() < TOLERANCE, "{restart:?}");
        assert!(restart.lower < restart.value && restart.value < restart.upper);
        assert_eq!(law.restart(10, Cores::ZERO), None);
        assert_eq!(law.restart(0, Cores::new(1.0)).unwrap().value, Seconds::ZERO);
    }

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
