//! CPU of a proxy in the busiest moments that were measured.
//!
//! **Law.** Where the CPU of running proxies was measured over time, its own quantiles; else the law of
//! [`crate::model::proxy_cpu`] at the quantiles of the rate. The load of all replicas is taken as shared evenly.

use super::{Member, Question};
use crate::estimate::{Basis, Estimate};
use crate::overhead::Carrier;
use crate::units::{Cores, Rate};

/// CPU of one proxy in its busiest moments.
#[derive(Debug, Clone, PartialEq)]
pub struct BusyCpu {
    /// In the 95th percentile of moments: what it requests.
    pub p95: Estimate<Cores>,
    /// In the 99th: what its limit and its worker threads carry.
    pub p99: Estimate<Cores>,
    /// What was measured, in words.
    pub basis: String,
}

/// What is known of the busiest moments of a workload's proxy; `None` without a series of enough moments.
#[must_use]
pub fn busy_cpu(question: &Question<'_>, it: &Member<'_>) -> Option<BusyCpu> {
    let busy = &it.workload.measured.busy;
    let replicas = it.workload.replicas.max(1) as f64;
    // Proxies that are yet to come were not measured, whatever a table says.
    if let Some(peaks) = busy.proxy_cpu.filter(|_| it.plan.proxy_present) {
        let exact = |cpu: Cores| Estimate::new(cpu, cpu, cpu, Basis::default());
        let each = peaks.map(|cpu| cpu / replicas);
        let basis = format!(
            "measured proxies use {:.0}m at p95 and {:.0}m at p99 of {} moments",
            each.p95.as_millis(),
            each.p99.as_millis(),
            peaks.moments
        );
        return Some(BusyCpu { p95: exact(each.p95), p99: exact(each.p99), basis });
    }
    let peaks = busy.proxied_rps?;
    let features = &question.inputs.policy.features;
    let carrier = Carrier::of(&question.mesh, it.index, it.workload, features)?;
    let cpu = |rate: Rate| question.inputs.card.proxy_cpu.usage(&carrier.at(rate, features));
    let each = peaks.map(|rate| rate / replicas);
    let (p95, p99) = (cpu(each.p95), cpu(each.p99));
    let basis = format!(
        "{:.1} requests per second at p95 of {} moments, {:.1} at p99: {:.3} and {:.3} cores",
        each.p95.as_per_second(),
        peaks.moments,
        each.p99.as_per_second(),
        p95.value.as_cores(),
        p99.value.as_cores(),
    );
    Some(BusyCpu { p95, p99, basis })
}
