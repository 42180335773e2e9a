//! Memory of a proxy from the configuration it holds.
//!
//! **Law.** A proxy's memory is what it needs to run at all plus what each configuration object and
//! each open connection adds; the request rate does not matter. A cluster and a listener also have a
//! small part in every worker thread.
//!
//! `M = base + w·m_w + (C − P)·m_C + P·m_P + C·w·m_Cw + E·m_E + L·(m_L + w·m_Lw) + R·m_R + N·m_N + W·m_W`
//!
//! with `w` worker threads, `C` clusters, `P` of them without a TLS context, `E` endpoints, `L`
//! listeners, `R` virtual hosts, `N` open connections, `W`
//! WebAssembly filters. At start-up, and while the whole configuration is replaced, old and new objects are
//! held together and structures are filled lazily: `peak = M × factor`.
//!
//! **Source.** The form follows Envoy's own accounting (its statistics integration test keeps one
//! value a cluster and one a host) and published series that are straight lines in the number of
//! services: Hitachi's istio-bench (2020, R² 0.999) and Envoy Gateway's benchmark (2024-2026).
//!
//! **Assumptions.** HTTP/1.1 connections that are mostly idle (buffers of streams in flight are not
//! counted); memory once used is kept; what a WebAssembly filter itself keeps is like Istio's own.

use super::sum::{IN_MIB, Part, sum, surge};
use super::{Coefficient, CoefficientError, CoefficientSet, Measure, OutOfRange, bounded};
use crate::estimate::Estimate;
use crate::units::{Memory, Quantity};

/// The law with its coefficients.
#[derive(Debug, Clone, PartialEq)]
pub struct ProxyMemory {
    base: Coefficient,
    per_worker: Coefficient,
    per_cluster: Coefficient,
    per_plain_cluster: Coefficient,
    per_cluster_worker: Coefficient,
    per_endpoint: Coefficient,
    per_listener: Coefficient,
    per_listener_worker: Coefficient,
    per_route: Coefficient,
    per_connection: Coefficient,
    per_wasm_filter: Coefficient,
    startup_factor: Coefficient,
    spread: Coefficient,
}

/// What a proxy holds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ProxyConfig {
    /// Worker threads; 0 is taken as 1, for a proxy has at least one.
    pub workers: u32,
    /// Clusters, inbound and outbound.
    pub clusters: u64,
    /// Those of the clusters that have no TLS context: none in a mesh with mutual TLS; more than there are
    /// clusters count as all.
    pub plain_clusters: u64,
    /// Endpoints over all clusters.
    pub endpoints: u64,
    /// Listeners.
    pub listeners: u64,
    /// Virtual hosts over all route configurations.
    pub routes: u64,
    /// Open connections, downstream and upstream together; at least 0.
    pub connections: f64,
    /// WebAssembly filters, each with a machine of its own in every worker.
    pub wasm_filters: u64,
}

impl ProxyMemory {
    /// The law from the coefficients of a card.
    ///
    /// # Errors
    /// [`CoefficientError`] when one is missing, unknown, in another unit or out of its domain.
    pub fn new(mut card: CoefficientSet) -> Result<Self, CoefficientError> {
        let mut memory = |key: &str, per: &str| card.take(key, Measure::Memory, per);
        let law = Self {
            base: memory("base", "")?,
            per_worker: memory("per_worker", "per worker")?,
            per_cluster: memory("per_cluster", "per cluster")?,
            per_plain_cluster: memory("per_plain_cluster", "per cluster")?,
            per_cluster_worker: memory("per_cluster_worker", "per cluster and worker")?,
            per_endpoint: memory("per_endpoint", "per endpoint")?,
            per_listener: memory("per_listener", "per listener")?,
            per_listener_worker: memory("per_listener_worker", "per listener and worker")?,
            per_route: memory("per_route", "per virtual host")?,
            per_connection: memory("per_connection", "per connection")?,
            per_wasm_filter: memory("per_wasm_filter", "per filter")?,
            startup_factor: card.take("startup_factor", Measure::Ratio, "")?.at_least_one()?,
            spread: card.take("spread", Measure::Ratio, "")?.at_most_one()?,
        };
        card.finish()?;
        Ok(law)
    }

    /// Its coefficients, in the order of the formula.
    #[must_use]
    pub fn coefficients(&self) -> [&Coefficient; 13] {
        [
            &self.base,
            &self.per_worker,
            &self.per_cluster,
            &self.per_plain_cluster,
            &self.per_cluster_worker,
            &self.per_endpoint,
            &self.per_listener,
            &self.per_listener_worker,
            &self.per_route,
            &self.per_connection,
            &self.per_wasm_filter,
            &self.startup_factor,
            &self.spread,
        ]
    }

    /// Working set of the proxy container in steady state, the agent beside Envoy included.
    #[must_use]
    pub fn steady(&self, config: &ProxyConfig) -> Estimate<Memory> {
        let parts = self.counts(config).map(|(what, count, coefficient)| Part { what, count, coefficient });
        sum("proxy memory", &parts, &self.spread, IN_MIB)
    }

    /// The value of [`Self::steady`] alone, without interval and terms.
    #[must_use]
    pub fn figure(&self, config: &ProxyConfig) -> Memory {
        Memory::from_base(self.counts(config).iter().map(|(_, count, coefficient)| count * coefficient.value).sum())
    }

    /// Peak while configuration is first loaded or wholly replaced; this is what a limit must hold.
    #[must_use]
    pub fn startup(&self, config: &ProxyConfig) -> Estimate<Memory> {
        let what = "start-up, on top of steady memory";
        surge(self.steady(config), "proxy start-up memory", what, &self.startup_factor)
    }

    /// What WebAssembly filters add, each with a machine of its own in every worker.
    #[must_use]
    pub fn of_wasm_filters(&self, filters: u64) -> Estimate<Memory> {
        let count = bounded(filters as f64);
        let part = Part { what: "WebAssembly filters", count, coefficient: &self.per_wasm_filter };
        sum("proxy memory of a feature", &[part], &self.spread, IN_MIB)
    }

    /// Coefficients used beyond the counts they were observed at.
    #[must_use]
    pub fn outside_range(&self, config: &ProxyConfig) -> Vec<OutOfRange> {
        self.counts(config).iter().filter_map(|(_, count, coefficient)| coefficient.outside_range(*count)).collect()
    }

    fn counts(&self, config: &ProxyConfig) -> [(&'static str, f64, &Coefficient); 11] {
        let workers = f64::from(config.workers.max(1));
        let plain = config.plain_clusters.min(config.clusters);
        let clusters = bounded(config.clusters as f64);
        let listeners = bounded(config.listeners as f64);
        [
            ("base", 1.0, &self.base),
            ("workers", workers, &self.per_worker),
            ("clusters", bounded((config.clusters - plain) as f64), &self.per_cluster),
            ("clusters without TLS", bounded(plain as f64), &self.per_plain_cluster),
            ("clusters × workers", bounded(clusters * workers), &self.per_cluster_worker),
            ("endpoints", bounded(config.endpoints as f64), &self.per_endpoint),
            ("listeners", listeners, &self.per_listener),
            ("listeners × workers", bounded(listeners * workers), &self.per_listener_worker),
            ("virtual hosts", bounded(config.routes as f64), &self.per_route),
            ("connections", bounded(config.connections), &self.per_connection),
            ("WebAssembly filters", bounded(config.wasm_filters as f64), &self.per_wasm_filter),
        ]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::card::TEST_CARD;
    use crate::model::sum::total;

    /// Small scoped mesh of Istio's performance page.
    const SMALL: ProxyConfig = ProxyConfig {
        workers: 2,
        clusters: 30,
        plain_clusters: 0,
        endpoints: 40,
        listeners: 20,
        routes: 25,
        connections: 32.0,
        wasm_filters: 0,
    };

    fn law() -> &'static ProxyMemory {
        &TEST_CARD.proxy_memory
    }

    #[test]
    fn published_proxies_are_predicted() {
        let services = |n: u64| ProxyConfig { clusters: n + 30, endpoints: n + 40, routes: n + 25, ..SMALL };
        for (config, measured_megabytes, tolerance) in
            [(SMALL, 60.0, 0.03), (services(300), 85.8, 0.10), (services(600), 120.6, 0.05)]
        {
            let predicted = law().steady(&config).value.base() / 1e6;
            let error = predicted / measured_megabytes - 1.0;
            assert!(error.abs() < tolerance, "{predicted:.1} MB predicted, {measured_megabytes} MB measured");
        }
    }

    #[test]
    fn terms_add_up_to_the_value() {
        for estimate in [law().steady(&SMALL), law().startup(&SMALL)] {
            for term in &estimate.basis.terms {
                assert_eq!(term.amount, term.count * term.coefficient, "{}", term.what);
            }
            assert_eq!(Memory::from_mib(total(&estimate.basis.terms)), estimate.value);
        }
    }

    #[test]
    fn start_up_takes_half_as_much_again() {
        let (steady, startup) = (law().steady(&SMALL), law().startup(&SMALL));
        assert!((startup.value / steady.value - 1.5).abs() < 1e-9);
        assert!(startup.upper > steady.upper && startup.lower >= steady.lower);
    }

    #[test]
    fn a_cluster_without_tls_costs_less() {
        let plain = |plain_clusters: u64| law().steady(&ProxyConfig { plain_clusters, ..SMALL }).value.base();
        assert!((plain(0) - plain(10) - 10.0 * 17e3).abs() < 1.0);
        assert_eq!(plain(30), plain(u64::MAX), "there are no more of them than clusters");
    }

    #[test]
    fn counts_beyond_the_evidence_are_told() {
        assert_eq!(law().outside_range(&SMALL), []);
        let [excess] = &law().outside_range(&ProxyConfig { clusters: 5000, ..SMALL })[..] else { panic!("one excess") };
        assert_eq!((excess.coefficient.as_str(), excess.count), ("proxy_memory.per_cluster", 5000.0));
    }

    prop_compose! {
        fn any_config()(
            workers in any::<u32>(), clusters in any::<u64>(), plain_clusters in any::<u64>(), endpoints in any::<u64>(),
            listeners in 0u64..5000, routes in any::<u64>(), connections in any::<f64>(),
        ) -> ProxyConfig {
            ProxyConfig { workers, clusters, plain_clusters, endpoints, listeners, routes, connections, wasm_filters: 0 }
        }
    }

    proptest! {
        #[test]
        fn any_config_has_a_finite_ordered_interval(config in any_config()) {
            let (alone, steady) = (law().figure(&config).base(), law().steady(&config).value.base());
            prop_assert!((alone - steady).abs() <= 1e-12 * alone, "{alone} alone, {steady}");
            for estimate in [law().steady(&config), law().startup(&config)] {
                prop_assert!(0.0 <= estimate.lower.base());
                prop_assert!(estimate.lower <= estimate.value && estimate.value <= estimate.upper);
                prop_assert!(estimate.upper.base().is_finite());
            }
        }

        #[test]
        fn more_is_never_cheaper(config in any_config(), which in 0..5, more in 1u32..1000) {
            let mut larger = config;
            match which {
                0 => larger.clusters = config.clusters.saturating_add(more.into()),
                1 => larger.endpoints = config.endpoints.saturating_add(more.into()),
                2 => larger.listeners = config.listeners.saturating_add(more.into()),
                3 => larger.workers = config.workers.saturating_add(more),
                _ => larger.routes = config.routes.saturating_add(more.into()),
            }
            let (before, after) = (law().steady(&config), law().steady(&larger));
            prop_assert!(before.value <= after.value);
            prop_assert!(before.upper <= after.upper);
        }
    }
}
