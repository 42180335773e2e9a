//! CPU of istiod by cause: what each push, connection and certificate costs.
//!
//! **Law.** What happens so many times a second at so much CPU time each:
//!
//! `U = n·idle + λ_E·u_E + λ_F·(u_F + V/1000·u_V) + λ_X·n·S·u_S + λ_C·u_C + λ_R·u_R`
//!
//! with `n` replicas, `λ_E` endpoint pushes to proxies a second, `λ_F` full pushes to proxies a second (each new
//! connection is sent one), `V` services visible to a proxy, `λ_X` rebuilds of the push context a second over `S`
//! services in each replica, `λ_C` connections and `λ_R` certificates a second. A push of endpoints sends what
//! changed (EDS); a full push generates clusters, listeners and routes again.
//!
//! **Source.** AKS scale tests (Microsoft, 2024) with half of the sidecars replaced: 31.2 changes a second for
//! 15,000 proxies and 37.9 for 25,000, which the debounce merges into 1.4 and 0.86 pushes a second, hence 0.7 ms
//! a proxy in both; istio/istio issue 34203 (3 cores for 350 messages a second); the transmissions of Hitachi's
//! istio-bench (2020).
//!
//! **Assumptions.** The mean over minutes. A change is sent to the proxies that see what changed, as istiod has
//! done since 1.6 or so; changes to the mesh configuration reach all of them.

use super::super::sum::{IN_CORES, Part, sum};
use super::super::{Coefficient, CoefficientError, CoefficientSet, Measure, bounded};
use super::{ControlPlaneLoad, IstiodCpu};
use crate::estimate::Estimate;
use crate::units::{Cores, Rate, Seconds};

/// What events cost an istiod.
#[derive(Debug, Clone, PartialEq)]
pub struct IstiodWork {
    idle: Coefficient,
    pub(in crate::model) endpoint_push: Coefficient,
    pub(in crate::model) full_push: Coefficient,
    pub(in crate::model) full_push_kilo_services: Coefficient,
    pub(in crate::model) context_per_service: Coefficient,
    pub(in crate::model) connection: Coefficient,
    pub(in crate::model) certificate: Coefficient,
    pub(in crate::model) send: Coefficient,
    pub(in crate::model) connection_send: Coefficient,
    pub(in crate::model) retry: Coefficient,
    pub(in crate::model) spread: Coefficient,
}

/// How often what happens in a mesh; all replicas together.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct WorkRates {
    /// Pushes of endpoints, counted once for every proxy they go to.
    pub endpoint_pushes: Rate,
    /// Full pushes after a change, counted once for every proxy they go to.
    pub full_pushes: Rate,
    /// Changes of configuration after merging: each replica rebuilds its push context for one.
    pub rebuilds: Rate,
    /// New connections of proxies.
    pub connections: Rate,
    /// Certificates signed.
    pub certificates: Rate,
}

impl IstiodWork {
    /// The law from the coefficients of a card; what a replica uses idle is that of the CPU law.
    ///
    /// # Errors
    /// [`CoefficientError`] when one is missing, unknown, in another unit or out of its domain.
    pub fn new(mut card: CoefficientSet, cpu: &IstiodCpu) -> Result<Self, CoefficientError> {
        let mut time = |key: &str, per: &str| card.take(key, Measure::Time, per);
        let law = Self {
            idle: cpu.idle.clone(),
            endpoint_push: time("endpoint_push", "of CPU per proxy")?,
            full_push: time("full_push", "of CPU per proxy")?,
            full_push_kilo_services: time("full_push_kilo_services", "of CPU per proxy and 1000 visible services")?,
            context_per_service: time("context_per_service", "of CPU per service")?,
            connection: time("connection", "of CPU per connection")?,
            certificate: time("certificate", "of CPU per certificate")?,
            send: time("send", "per MB and replica")?,
            connection_send: time("connection_send", "per MB and connection")?,
            retry: time("retry", "")?,
            spread: card.take("spread", Measure::Ratio, "")?.at_most_one()?,
        };
        card.finish()?;
        Ok(law)
    }

    /// Its own coefficients, in the order of the formula.
    #[must_use]
    pub fn coefficients(&self) -> [&Coefficient; 10] {
        [
            &self.endpoint_push,
            &self.full_push,
            &self.full_push_kilo_services,
            &self.context_per_service,
            &self.connection,
            &self.certificate,
            &self.send,
            &self.connection_send,
            &self.retry,
            &self.spread,
        ]
    }

    /// Mean CPU of `replicas` together, by cause.
    #[must_use]
    pub fn usage(&self, replicas: u64, load: &ControlPlaneLoad, rates: &WorkRates) -> Estimate<Cores> {
        let per_second = |rate: Rate| bounded(rate.as_per_second());
        let replicas = bounded(replicas as f64);
        let full = bounded(per_second(rates.full_pushes) + per_second(rates.connections));
        let rebuilt = bounded(per_second(rates.rebuilds) * replicas * bounded(load.services as f64));
        // Seconds of CPU in each second are cores.
        let parts = [
            Part { what: "replicas", count: replicas, coefficient: &self.idle },
            Part {
                what: "endpoint pushes to proxies a second",
                count: per_second(rates.endpoint_pushes),
                coefficient: &self.endpoint_push,
            },
            Part { what: "full pushes to proxies a second", count: full, coefficient: &self.full_push },
            Part {
                what: "full pushes a second × visible services ÷ 1000",
                count: bounded(full * bounded(load.visible_services) / 1000.0),
                coefficient: &self.full_push_kilo_services,
            },
            Part { what: "services read again a second", count: rebuilt, coefficient: &self.context_per_service },
            Part { what: "connections a second", count: per_second(rates.connections), coefficient: &self.connection },
            Part {
                what: "certificates a second",
                count: per_second(rates.certificates),
                coefficient: &self.certificate,
            },
        ];
        sum("istiod CPU by cause", &parts, &self.spread, IN_CORES)
    }

    /// CPU time of a full push to one proxy that sees so many services.
    #[must_use]
    pub fn full_push_time(&self, visible_services: f64) -> Seconds {
        Seconds::new(self.full_push.value + bounded(visible_services) / 1000.0 * self.full_push_kilo_services.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::TEST_CARD;
    use crate::model::sum::total;

    fn check(load: ControlPlaneLoad, rates: WorkRates, cores: f64) {
        let usage = TEST_CARD.istiod_work.usage(1, &load, &rates);
        assert!(usage.contains(Cores::new(cores)), "{cores}: {usage:?}");
        assert!((total(&usage.basis.terms) - usage.value.as_cores()).abs() < 1e-9, "{usage:?}");
    }

    #[test]
    fn scale_tests_are_predicted_within_their_interval() {
        // AKS 2024: half of the sidecars replaced, 15.6 arrivals among 31.2 changes a second.
        for (proxies, pushes, arrivals, cores) in [(15_000.0, 1.38, 15.6, 15.0), (25_000.0, 0.857, 18.95, 16.0)] {
            let load = ControlPlaneLoad { services: 1, proxies, visible_services: 1.0, ..ControlPlaneLoad::default() };
            let rates = WorkRates {
                endpoint_pushes: Rate::per_second(pushes * proxies),
                connections: Rate::per_second(arrivals),
                certificates: Rate::per_second(arrivals),
                ..WorkRates::default()
            };
            check(load, rates, cores);
        }
    }

    #[test]
    fn a_mesh_in_which_nothing_happens_is_idle() {
        let usage = TEST_CARD.istiod_work.usage(3, &ControlPlaneLoad::default(), &WorkRates::default());
        assert_eq!(usage.value, TEST_CARD.istiod_cpu.idle(3).value);
    }

    #[test]
    fn odd_rates_are_answered() {
        for rate in [f64::NAN, f64::INFINITY, -1.0, 1e300] {
            let rate = Rate::per_second(rate);
            let rates = WorkRates { full_pushes: rate, connections: rate, rebuilds: rate, ..WorkRates::default() };
            let load = ControlPlaneLoad { services: u64::MAX, visible_services: f64::MAX, ..Default::default() };
            assert!(TEST_CARD.istiod_work.usage(u64::MAX, &load, &rates).upper.as_cores().is_finite());
        }
    }
}
