//! CPU of istiod while much of a mesh changes at once, as scale tests saw it.
//!
//! **Law.** CPU goes to pushes, in proportion to the proxies and to what they see:
//! `U = n·idle + P·(u_P + V/1000·u_V)` for `n` replicas together, with `P` proxies and `V` services visible to
//! a proxy on average.
//!
//! **Source.** AKS scale tests of one istiod (Microsoft, 2024): 0.6-1.0 millicores a proxy while sidecars arrive
//! or half of them are replaced; Istio's documentation up to 1.21 (1,000 services, 2,000 scoped sidecars: 1 vCPU).
//!
//! **Assumptions.** A mesh in which something changes all the time; this is what a request must hold.
//! [`super::IstiodWork`] gives the mean at given rates of change; a single full push may use every core there is
//! for seconds.

use super::super::sum::{IN_CORES, Part, sum};
use super::super::{Coefficient, CoefficientError, CoefficientSet, Measure, OutOfRange, bounded};
use super::{ControlPlaneLoad, PROXIES_TIMES_SERVICES};
use crate::estimate::Estimate;
use crate::units::Cores;

/// CPU of istiod.
#[derive(Debug, Clone, PartialEq)]
pub struct IstiodCpu {
    pub(super) idle: Coefficient,
    per_proxy: Coefficient,
    per_proxy_kilo_services: Coefficient,
    spread: Coefficient,
}

impl IstiodCpu {
    /// The law from the coefficients of a card.
    ///
    /// # Errors
    /// [`CoefficientError`] when one is missing, unknown, in another unit or out of its domain.
    pub fn new(mut card: CoefficientSet) -> Result<Self, CoefficientError> {
        let mut cpu = |key: &str, per: &str| card.take(key, Measure::Cpu, per);
        let law = Self {
            idle: cpu("idle", "per replica")?,
            per_proxy: cpu("per_proxy", "per proxy")?,
            per_proxy_kilo_services: cpu("per_proxy_kilo_services", "per proxy and 1000 visible services")?,
            spread: card.take("spread", Measure::Ratio, "")?.at_most_one()?,
        };
        card.finish()?;
        Ok(law)
    }

    /// Its coefficients, in the order of the formula.
    #[must_use]
    pub fn coefficients(&self) -> [&Coefficient; 4] {
        [&self.idle, &self.per_proxy, &self.per_proxy_kilo_services, &self.spread]
    }

    /// CPU of `replicas` together with nothing changing.
    #[must_use]
    pub fn idle(&self, replicas: u64) -> Estimate<Cores> {
        let count = bounded(replicas as f64);
        sum("istiod idle CPU", &[Part { what: "replicas", count, coefficient: &self.idle }], &self.spread, IN_CORES)
    }

    /// CPU of `replicas` together while changes are pushed to the proxies of `load`.
    #[must_use]
    pub fn pushing(&self, replicas: u64, load: &ControlPlaneLoad) -> Estimate<Cores> {
        let parts = [
            Part { what: "replicas", count: bounded(replicas as f64), coefficient: &self.idle },
            Part { what: "proxies", count: bounded(load.proxies), coefficient: &self.per_proxy },
            Part {
                what: PROXIES_TIMES_SERVICES,
                count: load.proxy_kilo_services(),
                coefficient: &self.per_proxy_kilo_services,
            },
        ];
        sum("istiod CPU", &parts, &self.spread, IN_CORES)
    }

    /// Coefficients used beyond the counts they were observed at.
    #[must_use]
    pub fn outside_range(&self, load: &ControlPlaneLoad) -> Vec<OutOfRange> {
        self.per_proxy.outside_range(bounded(load.proxies)).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::SCOPED;
    use super::*;
    use crate::card::TEST_CARD;
    use crate::model::sum::total;
    use crate::units::Quantity;

    #[test]
    fn published_control_planes_are_predicted_within_their_interval() {
        let law = &TEST_CARD.istiod_cpu;
        assert!(law.pushing(1, &SCOPED).contains(Cores::new(1.0)));
        let capacity = ControlPlaneLoad { proxies: 25_000.0, visible_services: 1.0, ..SCOPED };
        assert!(law.pushing(1, &capacity).contains(Cores::new(15.0)));
    }

    #[test]
    fn terms_add_up_to_the_value() {
        let pushing = TEST_CARD.istiod_cpu.pushing(3, &SCOPED);
        assert_eq!(Cores::new(total(&pushing.basis.terms)), pushing.value);
    }

    proptest! {
        #[test]
        fn more_proxies_are_never_cheaper(visible in any::<f64>(), proxies in 0.0..1e7, more in 1.0..1e5, replicas: u64) {
            let law = &TEST_CARD.istiod_cpu;
            let at = |proxies: f64| ControlPlaneLoad { proxies, visible_services: visible, ..SCOPED };
            let after = law.pushing(replicas, &at(proxies + more));
            prop_assert!(law.pushing(replicas, &at(proxies)).upper <= after.upper);
            prop_assert!(after.upper.base().is_finite());
        }
    }
}
