//! Time series of ztunnels.
//!
//! **Law.** A ztunnel counts connections and bytes, not requests: a handful of series of its own, and TCP counters
//! for each pair of a workload on its node and a peer, once for each side. Where it answers DNS, each workload on
//! the node has counters of its queries.
//!
//! `S = B + T` for each ztunnel, `nodes · (P · t + d)` for each workload
//!
//! **Source.** istio/ztunnel `src/proxy/metrics.rs` (connections opened and closed, bytes received and sent),
//! `src/dns/metrics.rs`, `src/inpod/metrics.rs` and `src/xds/metrics.rs`.
//!
//! **Assumptions.** Labels name workloads, not pods: replicas on one node share their series.

use super::super::sum::IN_SERIES;
use super::super::{Coefficient, CoefficientError, CoefficientSet, Measure, bounded};
use super::scaled::{Scaled, sum_of};
use super::{Count, Family};
use crate::estimate::Estimate;
use crate::units::Series;

/// The law with its coefficients.
#[derive(Debug, Clone, PartialEq)]
pub struct ZtunnelSeries {
    base: Coefficient,
    per_target: Coefficient,
    tcp: Coefficient,
    dns: Coefficient,
}

/// What a workload makes its nodes' ztunnels count.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ZtunnelPeers {
    /// Nodes that hold pods of the workload.
    pub nodes: f64,
    /// Its peers, as client and as server together.
    pub peers: Count,
}

impl ZtunnelSeries {
    /// The law from the coefficients of a card.
    ///
    /// # Errors
    /// [`CoefficientError`] when one is missing, unknown, in another unit or out of its domain.
    pub fn new(mut card: CoefficientSet) -> Result<Self, CoefficientError> {
        let law = Self {
            base: card.take("base", Measure::Series, "per ztunnel")?,
            per_target: card.take("per_target", Measure::Series, "per target")?,
            tcp: card.take("tcp", Measure::Series, "per peer")?,
            dns: card.take("dns", Measure::Series, "per workload")?,
        };
        card.finish()?;
        Ok(law)
    }

    /// Its coefficients, in the order of the formula.
    #[must_use]
    pub fn coefficients(&self) -> [&Coefficient; 4] {
        [&self.base, &self.per_target, &self.tcp, &self.dns]
    }

    /// Series of one ztunnel that carries nothing.
    #[must_use]
    pub fn idle(&self) -> Estimate<Series> {
        sum_of("ztunnel series", &self.idle_parts(), IN_SERIES, Vec::new())
    }

    /// The same by family.
    #[must_use]
    pub fn idle_by_family(&self) -> [(Family, Estimate<Series>); 2] {
        let [own, target] = self.idle_parts().map(|part| sum_of("ztunnel series", &[part], IN_SERIES, Vec::new()));
        [(Family::Ztunnel, own), (Family::Target, target)]
    }

    fn idle_parts(&self) -> [Scaled<'_>; 2] {
        [Scaled::one(Family::Ztunnel.as_str(), &self.base), Scaled::one(Family::Target.as_str(), &self.per_target)]
    }

    /// Series that all ztunnels together keep for a workload.
    #[must_use]
    pub fn of_workload(&self, load: &ZtunnelPeers) -> Estimate<Series> {
        let assumptions = vec!["replicas on one node share their series".to_owned()];
        sum_of("ztunnel series of a workload", &self.parts(load), IN_SERIES, assumptions)
    }

    /// The same by family.
    #[must_use]
    pub fn by_family(&self, load: &ZtunnelPeers) -> [(Family, Estimate<Series>); 2] {
        let [tcp, dns] = self.parts(load);
        let one = |part: Scaled<'_>| sum_of("ztunnel series of a workload", &[part], IN_SERIES, Vec::new());
        [(Family::Tcp, one(tcp)), (Family::Ztunnel, one(dns))]
    }

    fn parts(&self, load: &ZtunnelPeers) -> [Scaled<'_>; 2] {
        let peers = load.peers.times(load.nodes).ends();
        [
            Scaled::counted(Family::Tcp.as_str(), peers, &self.tcp),
            Scaled::counted(Family::Ztunnel.as_str(), [bounded(load.nodes); 3], &self.dns),
        ]
    }
}
