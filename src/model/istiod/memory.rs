//! Memory of an istiod replica.
//!
//! **Law.** A replica holds all services, endpoints and configuration objects it discovers, and for each proxy
//! connected to it a share that grows with the configuration the proxy sees. While a full push is computed,
//! old and new state are held together; and every push that is being worked on, as while proxies connect,
//! holds the configuration it is about to send.
//!
//! `M = base + S·m_S + E·m_E + O·m_O + P·(m_P + V/1000·m_V)`, `peak = M × factor + Q·V/1000·m_Q`
//!
//! with `S` services, `E` endpoints, `O` configuration objects, `P` proxies, `V` services visible to a proxy on
//! average and `Q` pushes at once.
//!
//! **Source.** AKS scale tests of one istiod (Microsoft, 2024): 1.3-1.7 MB a proxy with one service, 2.0-2.1 MB
//! with 1,000; Istio's documentation up to 1.21 (1,000 services, 2,000 scoped sidecars: 1.5 GB); Hitachi
//! istio-bench (2020), idle; istio/istio issue 22208 for endpoints and for what a push allocates.
//!
//! **Assumptions.** Sources differ by a factor of two and more for what reads as the same load; the intervals
//! say so. The Go heap keeps what it once had: a request must hold the peak.

use super::super::sum::{IN_MIB, Part, sum, surge, with};
use super::super::{Coefficient, CoefficientError, CoefficientSet, Measure, OutOfRange, bounded};
use super::{ControlPlaneLoad, PROXIES_TIMES_SERVICES, PUSHES_TIMES_SERVICES};
use crate::estimate::Estimate;
use crate::units::Memory;

/// Memory of one istiod replica.
#[derive(Debug, Clone, PartialEq)]
pub struct IstiodMemory {
    base: Coefficient,
    per_service: Coefficient,
    per_endpoint: Coefficient,
    per_config_object: Coefficient,
    per_proxy: Coefficient,
    per_proxy_kilo_services: Coefficient,
    push_peak_factor: Coefficient,
    per_push_kilo_services: Coefficient,
    spread: Coefficient,
}

impl IstiodMemory {
    /// The law from the coefficients of a card.
    ///
    /// # Errors
    /// [`CoefficientError`] when one is missing, unknown, in another unit or out of its domain.
    pub fn new(mut card: CoefficientSet) -> Result<Self, CoefficientError> {
        let mut memory = |key: &str, per: &str| card.take(key, Measure::Memory, per);
        let law = Self {
            base: memory("base", "")?,
            per_service: memory("per_service", "per service")?,
            per_endpoint: memory("per_endpoint", "per endpoint")?,
            per_config_object: memory("per_config_object", "per object")?,
            per_proxy: memory("per_proxy", "per proxy")?,
            per_proxy_kilo_services: memory("per_proxy_kilo_services", "per proxy and 1000 visible services")?,
            per_push_kilo_services: memory("per_push_kilo_services", "per push and 1000 visible services")?,
            push_peak_factor: card.take("push_peak_factor", Measure::Ratio, "")?.at_least_one()?,
            spread: card.take("spread", Measure::Ratio, "")?.at_most_one()?,
        };
        card.finish()?;
        Ok(law)
    }

    /// Its coefficients, in the order of the formula.
    #[must_use]
    pub fn coefficients(&self) -> [&Coefficient; 9] {
        [
            &self.base,
            &self.per_service,
            &self.per_endpoint,
            &self.per_config_object,
            &self.per_proxy,
            &self.per_proxy_kilo_services,
            &self.push_peak_factor,
            &self.per_push_kilo_services,
            &self.spread,
        ]
    }

    /// Memory of one replica between pushes; `load.proxies` are those connected to it.
    #[must_use]
    pub fn steady(&self, load: &ControlPlaneLoad) -> Estimate<Memory> {
        let parts = self.counts(load).map(|(what, count, coefficient)| Part { what, count, coefficient });
        sum("istiod memory", &parts, &self.spread, IN_MIB)
    }

    /// Memory of one replica while a full push is computed and sent; this is what a request must hold.
    #[must_use]
    pub fn peak(&self, load: &ControlPlaneLoad) -> Estimate<Memory> {
        let what = "full push, on top of steady memory";
        let computed = surge(self.steady(load), "istiod peak memory", what, &self.push_peak_factor);
        let sent = Part {
            what: PUSHES_TIMES_SERVICES,
            count: load.push_kilo_services(),
            coefficient: &self.per_push_kilo_services,
        };
        with(computed, &sent, IN_MIB)
    }

    /// Coefficients used beyond the counts they were observed at.
    #[must_use]
    pub fn outside_range(&self, load: &ControlPlaneLoad) -> Vec<OutOfRange> {
        self.counts(load).iter().filter_map(|(_, count, coefficient)| coefficient.outside_range(*count)).collect()
    }

    fn counts(&self, load: &ControlPlaneLoad) -> [(&'static str, f64, &Coefficient); 6] {
        [
            ("base", 1.0, &self.base),
            ("services", bounded(load.services as f64), &self.per_service),
            ("endpoints", bounded(load.endpoints as f64), &self.per_endpoint),
            ("configuration objects", bounded(load.config_objects as f64), &self.per_config_object),
            ("proxies", bounded(load.proxies), &self.per_proxy),
            (PROXIES_TIMES_SERVICES, load.proxy_kilo_services(), &self.per_proxy_kilo_services),
        ]
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
        let law = &TEST_CARD.istiod_memory;
        assert!(law.steady(&SCOPED).contains(Memory::from_megabytes(1500.0)));
        let capacity = ControlPlaneLoad {
            services: 1,
            endpoints: 25_000,
            proxies: 25_000.0,
            visible_services: 1.0,
            ..ControlPlaneLoad::default()
        };
        assert!(law.peak(&capacity).contains(Memory::from_megabytes(32_100.0)));
    }

    #[test]
    fn terms_add_up_to_the_value() {
        let law = &TEST_CARD.istiod_memory;
        for estimate in [law.steady(&SCOPED), law.peak(&SCOPED)] {
            assert_eq!(Memory::from_mib(total(&estimate.basis.terms)), estimate.value);
        }
    }

    proptest! {
        #[test]
        fn more_proxies_are_never_cheaper(
            services: u64, endpoints: u64, config_objects: u64, visible in any::<f64>(), pushes in any::<f64>(),
            proxies in 0.0..1e7, more in 1.0..1e5,
        ) {
            let law = &TEST_CARD.istiod_memory;
            let at = |proxies: f64| ControlPlaneLoad {
                services, endpoints, config_objects, proxies, visible_services: visible, pushes_at_once: pushes,
            };
            let (before, after) = (law.peak(&at(proxies)), law.peak(&at(proxies + more)));
            prop_assert!(before.value <= after.value);
            prop_assert!(law.steady(&at(proxies)).value <= before.value);
            prop_assert!(0.0 <= after.lower.base() && after.lower <= after.value && after.value <= after.upper);
            prop_assert!(after.upper.base().is_finite());
        }
    }
}
