//! CPU and memory of ztunnel, the node proxy of ambient mode.
//!
//! **Law.** Memory is a base plus what it keeps of every workload and service of the mesh, plus the
//! buffers of open connections; CPU is proportional to the requests that pass.
//!
//! `M = base + W·m_W + S·m_S + N·m_N`, `U = idle + q/1000·u`
//!
//! **Source.** Istio's performance page (1.24): 12 MB and 0.06 vCPU at 1000 requests a second;
//! istio/ztunnel issue 667 for the size of its structures and change 1024 for connections.
//!
//! **Assumptions.** ztunnel works on bytes, not on requests: the rate stands for about 1 KiB each on
//! kept-alive connections. Field reports with new connections for every request are five to seven
//! times dearer, and the interval reaches up to them.

use super::sum::{IN_CORES, IN_MIB, IN_MILLIS, Part, sum};
use super::{Coefficient, CoefficientError, CoefficientSet, Measure, OutOfRange, bounded};
use crate::estimate::{Basis, Estimate, Term};
use crate::units::{Cores, Memory, Rate, Seconds};

/// The law with its coefficients.
#[derive(Debug, Clone, PartialEq)]
pub struct Ztunnel {
    base: Coefficient,
    per_workload: Coefficient,
    per_service: Coefficient,
    per_connection: Coefficient,
    memory_spread: Coefficient,
    idle: Coefficient,
    requests: Coefficient,
    cpu_spread: Coefficient,
}

/// What one ztunnel carries and knows.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ZtunnelLoad {
    /// Pods of the whole cluster, for it knows all of them, in the mesh or not.
    pub workloads: u64,
    /// Services of the whole cluster.
    pub services: u64,
    /// Open connections on its node; at least 0.
    pub connections: f64,
    /// Requests per second on its node, inbound and outbound together; at least 0.
    pub rate: Rate,
}

impl Ztunnel {
    /// The law from the coefficients of a card: its memory section and its CPU section.
    ///
    /// # Errors
    /// [`CoefficientError`] when one is missing, unknown, in another unit or out of its domain.
    pub fn new(mut memory: CoefficientSet, mut cpu: CoefficientSet) -> Result<Self, CoefficientError> {
        let law = Self {
            base: memory.take("base", Measure::Memory, "")?,
            per_workload: memory.take("per_workload", Measure::Memory, "per workload")?,
            per_service: memory.take("per_service", Measure::Memory, "per service")?,
            per_connection: memory.take("per_connection", Measure::Memory, "per connection")?,
            memory_spread: memory.take("spread", Measure::Ratio, "")?.at_most_one()?,
            idle: cpu.take("idle", Measure::Cpu, "")?,
            requests: cpu.take("requests", Measure::Cpu, "per 1000 rps")?,
            cpu_spread: cpu.take("spread", Measure::Ratio, "")?.at_most_one()?,
        };
        memory.finish()?;
        cpu.finish()?;
        Ok(law)
    }

    /// Its coefficients, in the order of the formula.
    #[must_use]
    pub fn coefficients(&self) -> [&Coefficient; 8] {
        [
            &self.base,
            &self.per_workload,
            &self.per_service,
            &self.per_connection,
            &self.memory_spread,
            &self.idle,
            &self.requests,
            &self.cpu_spread,
        ]
    }

    /// Memory of one ztunnel.
    #[must_use]
    pub fn memory(&self, load: &ZtunnelLoad) -> Estimate<Memory> {
        let parts = [
            Part { what: "base", count: 1.0, coefficient: &self.base },
            Part { what: "workloads", count: bounded(load.workloads as f64), coefficient: &self.per_workload },
            Part { what: "services", count: bounded(load.services as f64), coefficient: &self.per_service },
            Part { what: "connections", count: bounded(load.connections), coefficient: &self.per_connection },
        ];
        sum("ztunnel memory", &parts, &self.memory_spread, IN_MIB)
    }

    /// CPU of one ztunnel.
    #[must_use]
    pub fn cpu(&self, load: &ZtunnelLoad) -> Estimate<Cores> {
        let kilo_rps = bounded(load.rate.as_per_second()) / 1000.0;
        let parts = [
            Part { what: "idle", count: 1.0, coefficient: &self.idle },
            Part { what: "requests per second ÷ 1000", count: kilo_rps, coefficient: &self.requests },
        ];
        sum("ztunnel CPU", &parts, &self.cpu_spread, IN_CORES)
    }

    /// CPU time that one request costs, idle left out: the law is linear, so it is the same at every rate.
    #[must_use]
    pub fn time_per_request(&self) -> Estimate<Seconds> {
        let coefficient = &self.requests;
        // Cores for a thousand requests a second are milliseconds a request.
        let terms = vec![Term::new("requests", 1.0, coefficient.value, IN_MILLIS.unit)];
        let basis = Basis { law: "ztunnel CPU time of a request".to_owned(), terms, assumptions: Vec::new() };
        let [lower, value, upper] = [coefficient.lower, coefficient.value, coefficient.upper].map(Seconds::from_millis);
        Estimate::new(lower, value, upper, basis)
    }

    /// Coefficients used beyond the counts they were observed at.
    #[must_use]
    pub fn outside_range(&self, load: &ZtunnelLoad) -> Vec<OutOfRange> {
        [
            self.per_workload.outside_range(bounded(load.workloads as f64)),
            self.per_connection.outside_range(bounded(load.connections)),
            self.requests.outside_range(bounded(load.rate.as_per_second())),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::card::TEST_CARD;
    use crate::model::sum::total;
    use crate::units::Quantity;

    fn law() -> &'static Ztunnel {
        &TEST_CARD.ztunnel
    }

    const SMALL: ZtunnelLoad =
        ZtunnelLoad { workloads: 10, services: 10, connections: 32.0, rate: Rate::per_second(1000.0) };

    #[test]
    fn the_performance_page_is_met() {
        assert!((law().memory(&SMALL).value.base() / 12e6 - 1.0).abs() < 0.02);
        assert!((law().cpu(&SMALL).value.as_cores() / 0.06 - 1.0).abs() < 0.02);
        assert!((law().time_per_request().value / Seconds::from_millis(0.06) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn ten_thousand_connections_take_38_megabytes() {
        let many = ZtunnelLoad { connections: 10_000.0, ..SMALL };
        assert!((law().memory(&many).value.base() / 38e6 - 1.0).abs() < 0.02);
    }

    #[test]
    fn terms_add_up_to_the_value() {
        assert_eq!(Memory::from_mib(total(&law().memory(&SMALL).basis.terms)), law().memory(&SMALL).value);
        assert_eq!(Cores::new(total(&law().cpu(&SMALL).basis.terms)), law().cpu(&SMALL).value);
    }

    proptest! {
        #[test]
        fn any_load_has_a_finite_ordered_interval(
            workloads: u64, services: u64, connections in any::<f64>(), rps in any::<f64>(),
        ) {
            let load = ZtunnelLoad { workloads, services, connections, rate: Rate::per_second(rps) };
            let (memory, cpu) = (law().memory(&load), law().cpu(&load));
            prop_assert!(memory.lower <= memory.value && memory.value <= memory.upper);
            prop_assert!(cpu.lower <= cpu.value && cpu.value <= cpu.upper);
            prop_assert!(memory.upper.base().is_finite() && cpu.upper.base().is_finite());
        }
    }
}
