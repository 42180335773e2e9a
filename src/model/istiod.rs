//! CPU and memory of istiod.
//!
//! **Law.** A replica holds all services and endpoints it discovers, and for each proxy connected to
//! it a share that grows with the configuration the proxy sees; while a full push is computed it
//! needs more for a while. CPU goes to pushes, in proportion to the proxies and to what they see.
//!
//! `M = (base + S·m_S + E·m_E + P·(m_P + V/1000·m_V)) × peak` for one replica,
//! `U = n·idle + P·(u_P + V/1000·u_V)` for `n` replicas together
//!
//! with `S` services, `E` endpoints, `P` proxies, `V` services visible to a proxy on average.
//!
//! **Source.** AKS scale tests of one istiod (Microsoft, 2024): 1.3-1.7 MB and 0.6-1.0 millicores a
//! proxy with one service, 2.0-2.1 MB with 1,000; Istio's documentation up to 1.21 (1,000 services,
//! 2,000 scoped sidecars: 1 vCPU, 1.5 GB); Hitachi istio-bench (2020), idle; istio/istio issue 22208
//! for endpoints.
//!
//! **Assumptions.** Sources differ by a factor of two and more for what reads as the same load; the
//! intervals say so. CPU is that of a mesh whose configuration keeps changing; a single full push
//! may use every core there is for seconds.

use super::sum::{IN_CORES, IN_MIB, Part, sum, surge};
use super::{Coefficient, CoefficientError, CoefficientSet, Measure, OutOfRange, bounded};
use crate::estimate::Estimate;
use crate::units::{Cores, Memory};

/// Memory of one istiod replica.
#[derive(Debug, Clone, PartialEq)]
pub struct IstiodMemory {
    base: Coefficient,
    per_service: Coefficient,
    per_endpoint: Coefficient,
    per_proxy: Coefficient,
    per_proxy_kilo_services: Coefficient,
    push_peak_factor: Coefficient,
    spread: Coefficient,
}

/// CPU of istiod.
#[derive(Debug, Clone, PartialEq)]
pub struct IstiodCpu {
    idle: Coefficient,
    per_proxy: Coefficient,
    per_proxy_kilo_services: Coefficient,
    spread: Coefficient,
}

/// What a control plane serves.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ControlPlaneLoad {
    /// Services discovered.
    pub services: u64,
    /// Endpoints of all of them.
    pub endpoints: u64,
    /// Proxies connected; a fraction is an average over replicas.
    pub proxies: f64,
    /// Services a proxy sees, on average; at least 0.
    pub visible_services: f64,
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
            per_proxy: memory("per_proxy", "per proxy")?,
            per_proxy_kilo_services: memory("per_proxy_kilo_services", "per proxy and 1000 visible services")?,
            push_peak_factor: card.take("push_peak_factor", Measure::Ratio, "")?.at_least_one()?,
            spread: card.take("spread", Measure::Ratio, "")?.at_most_one()?,
        };
        card.finish()?;
        Ok(law)
    }

    /// Its coefficients, in the order of the formula.
    #[must_use]
    pub fn coefficients(&self) -> [&Coefficient; 7] {
        [
            &self.base,
            &self.per_service,
            &self.per_endpoint,
            &self.per_proxy,
            &self.per_proxy_kilo_services,
            &self.push_peak_factor,
            &self.spread,
        ]
    }

    /// Memory of one replica between pushes; `load.proxies` are those connected to it.
    #[must_use]
    pub fn steady(&self, load: &ControlPlaneLoad) -> Estimate<Memory> {
        let parts = self.counts(load).map(|(what, count, coefficient)| Part { what, count, coefficient });
        sum("istiod memory", &parts, &self.spread, IN_MIB)
    }

    /// Memory of one replica while a full push is computed; this is what a request must hold.
    #[must_use]
    pub fn peak(&self, load: &ControlPlaneLoad) -> Estimate<Memory> {
        let what = "full push, on top of steady memory";
        surge(self.steady(load), "istiod peak memory", what, &self.push_peak_factor)
    }

    /// Coefficients used beyond the counts they were observed at.
    #[must_use]
    pub fn outside_range(&self, load: &ControlPlaneLoad) -> Vec<OutOfRange> {
        self.counts(load).iter().filter_map(|(_, count, coefficient)| coefficient.outside_range(*count)).collect()
    }

    fn counts(&self, load: &ControlPlaneLoad) -> [(&'static str, f64, &Coefficient); 5] {
        let proxies = bounded(load.proxies);
        [
            ("base", 1.0, &self.base),
            ("services", bounded(load.services as f64), &self.per_service),
            ("endpoints", bounded(load.endpoints as f64), &self.per_endpoint),
            ("proxies", proxies, &self.per_proxy),
            (PROXIES_TIMES_SERVICES, kilo_services(load), &self.per_proxy_kilo_services),
        ]
    }
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
                count: kilo_services(load),
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

const PROXIES_TIMES_SERVICES: &str = "proxies × visible services ÷ 1000";

fn kilo_services(load: &ControlPlaneLoad) -> f64 {
    bounded(bounded(load.proxies) * bounded(load.visible_services) / 1000.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::card::TEST_CARD;
    use crate::model::sum::total;
    use crate::units::Quantity;

    fn laws() -> (&'static IstiodMemory, &'static IstiodCpu) {
        (&TEST_CARD.istiod_memory, &TEST_CARD.istiod_cpu)
    }

    /// The mesh of Istio's performance page up to 1.21.
    const SCOPED: ControlPlaneLoad =
        ControlPlaneLoad { services: 1000, endpoints: 2000, proxies: 2000.0, visible_services: 10.0 };

    #[test]
    fn published_control_planes_are_predicted_within_their_interval() {
        let (memory, cpu) = laws();
        assert!(memory.steady(&SCOPED).contains(Memory::from_megabytes(1500.0)));
        assert!(cpu.pushing(1, &SCOPED).contains(Cores::new(1.0)));
        let capacity = ControlPlaneLoad { services: 1, endpoints: 25_000, proxies: 25_000.0, visible_services: 1.0 };
        assert!(memory.peak(&capacity).contains(Memory::from_megabytes(32_100.0)));
        assert!(cpu.pushing(1, &capacity).contains(Cores::new(15.0)));
    }

    #[test]
    fn terms_add_up_to_the_value() {
        let (memory, cpu) = laws();
        for estimate in [memory.steady(&SCOPED), memory.peak(&SCOPED)] {
            assert_eq!(Memory::from_mib(total(&estimate.basis.terms)), estimate.value);
        }
        let pushing = cpu.pushing(3, &SCOPED);
        assert_eq!(Cores::new(total(&pushing.basis.terms)), pushing.value);
    }

    proptest! {
        #[test]
        fn more_proxies_are_never_cheaper(
            services: u64, endpoints: u64, visible in any::<f64>(), proxies in 0.0..1e7, more in 1.0..1e5, replicas: u64,
        ) {
            let (memory, cpu) = laws();
            let at = |proxies: f64| ControlPlaneLoad { services, endpoints, proxies, visible_services: visible };
            let (before, after) = (at(proxies), at(proxies + more));
            prop_assert!(memory.peak(&before).value <= memory.peak(&after).value);
            prop_assert!(cpu.pushing(replicas, &before).upper <= cpu.pushing(replicas, &after).upper);
            let peak = memory.peak(&after);
            prop_assert!(0.0 <= peak.lower.base() && peak.lower <= peak.value && peak.value <= peak.upper);
            prop_assert!(peak.upper.base().is_finite() && cpu.pushing(replicas, &after).upper.base().is_finite());
        }
    }
}
