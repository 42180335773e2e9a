//! Requests and limits of one proxy, by its cost.
//!
//! **Law.** The memory request holds the policy's quantile of the start-up peak and its margin, of a proxy that was
//! measured for long enough that of its own memory; the memory limit is never below the upper end of the peak, the
//! largest measurement with the policy's reserve, nor the request, and never lowered: a limit costs nothing until it kills. The CPU request holds the quantile of the CPU at the measured rate, and where a series was measured that of
//! its p95; where no rate was measured it stays. The CPU limit leaves the worker threads as they are: it is raised to
//! one core each where it throttles what is needed at the p99 of the series, where the proxy was seen throttled, or where
//! there is none.
//!
//! **Source.** The steps from estimate to request are those of [`crate::overhead`]; that the limit decides the
//! threads is pilot-agent's rule (Istio 1.18 and later).

use super::steps;
use super::{Amount, BusyCpu, Setting};
use crate::estimate::Estimate;
use crate::overhead::{ProxyCost, cpu_needed};
use crate::policy::{SizingPolicy, TuningPolicy};
use crate::resources::{Declared, Requirements};
use crate::units::{Bytes, Memory, Millicores, Share};

/// What decides the size of a proxy.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// What it costs.
    pub cost: &'a ProxyCost,
    /// Its worker threads.
    pub workers: u32,
    /// Whether its rate was measured: without, CPU stays.
    pub rate_measured: bool,
    /// What it needs in its busiest moments, where they were measured.
    pub busy: Option<BusyNeed>,
    /// Share of CFS periods in which it was throttled.
    pub throttled: Option<Share>,
    /// Whether its CPU request may be lowered: not where an autoscaler would answer with more pods.
    pub may_lower_cpu: bool,
    /// Limits where it has none today.
    pub default_limits: &'a Declared,
}

/// CPU a proxy needs in its busiest moments, margins of the policy included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BusyNeed {
    /// In the 95th percentile of moments: what it requests.
    pub p95: Millicores,
    /// In the 99th, at least as much: what its limit holds.
    pub p99: Millicores,
}

impl BusyNeed {
    /// From its CPU at both.
    #[must_use]
    pub fn of(busy: &BusyCpu, sizing: &SizingPolicy) -> Self {
        let p95 = cpu_needed(&busy.p95, sizing, Millicores::ZERO);
        Self { p95, p99: cpu_needed(&busy.p99, sizing, Millicores::ZERO).max(p95) }
    }
}

impl Evidence<'_> {
    /// CPU to request.
    fn need(&self) -> Millicores {
        self.at_least(self.busy.map(|busy| busy.p95))
    }

    /// CPU that a limit must leave.
    fn peak(&self) -> Millicores {
        self.at_least(self.busy.map(|busy| busy.p99))
    }

    /// What was measured, and what its rate needs; an assumed rate says nothing beside a measurement.
    fn at_least(&self, busy: Option<Millicores>) -> Millicores {
        match busy {
            Some(busy) if self.rate_measured => busy.max(self.cost.cpu_needed),
            Some(busy) => busy,
            None => self.cost.cpu_needed,
        }
    }

    fn cpu_measured(&self) -> bool {
        self.rate_measured || self.busy.is_some()
    }

    fn of_workers(&self) -> Millicores {
        Millicores::new(u64::from(self.workers.max(1)) * 1000)
    }

    /// The share of periods, where it is more than the policy allows and the limit is below a core for each thread:
    /// with one, threads cannot be throttled, and what was measured was another limit.
    fn throttling(&self, policy: &TuningPolicy) -> Option<Share> {
        let limit = self.cost.limits.cpu.filter(|limit| !limit.is_zero())?;
        self.throttled.filter(|share| *share > policy.throttling && limit < self.of_workers())
    }
}

/// The size of a proxy, today and as it should be.
#[derive(Debug, Clone, PartialEq)]
pub struct ProxySize {
    /// What to set; today's where it is close enough.
    pub target: Requirements,
    /// The settings one by one: the one to blame for the gravest danger first, then memory before CPU.
    pub settings: Vec<Setting>,
    /// What may happen today, gravest first; empty where nothing is wrong.
    pub dangers: Vec<String>,
    /// Whether it is worth a change.
    pub worth: bool,
}

/// Sizes a proxy.
#[must_use]
pub fn proxy_size(evidence: &Evidence<'_>, policy: &TuningPolicy) -> ProxySize {
    let cost = evidence.cost;
    let memory = memory(cost, policy);
    let memory_limit = memory_limit(evidence, memory);
    let cpu = cpu(evidence, policy);
    let cpu_limit = cpu_limit(evidence, policy);
    let memory_of = |target: Bytes, current: Option<Bytes>, of: &Estimate<Memory>, name| {
        let end = |amount: Memory| Amount::Memory(steps::memory(Bytes::holding(amount)));
        let (lower, upper) = (end(of.lower), end(of.upper));
        Setting { name, current: current.map(Amount::Memory), lower, target: Amount::Memory(target), upper }
    };
    let cpu_of = |target: Millicores, current: Option<Millicores>, name| {
        let end = |amount: crate::units::Cores| Amount::Cpu(steps::cpu(Millicores::holding(amount)));
        let (lower, upper) = (end(cost.cpu.lower), end(cost.cpu.upper));
        Setting { name, current: current.map(Amount::Cpu), lower, target: Amount::Cpu(target), upper }
    };
    let (requests, limits) = (&cost.requests, &cost.limits);
    let mut settings = vec![
        memory_of(memory, requests.memory, requested_memory(cost), "memory request"),
        memory_of(memory_limit, limits.memory, &cost.startup_memory, "memory limit"),
        cpu_of(cpu, requests.cpu, "CPU request"),
        cpu_of(cpu_limit, limits.cpu, "CPU limit"),
    ];
    let dangers = dangers(evidence, policy);
    if let Some((_, of)) = dangers.first() {
        settings.sort_by_key(|setting| setting.name != *of);
    }
    let dangers: Vec<String> = dangers.into_iter().map(|(danger, _)| danger).collect();
    let shifts = |from: Option<u64>, to: u64| {
        let from = from.unwrap_or(0) as f64;
        from == 0.0 || (to as f64 - from).abs() > policy.tolerance.get() * from
    };
    let worth = !dangers.is_empty()
        || shifts(requests.memory.map(Bytes::get), memory.get())
        || shifts(requests.cpu.map(Millicores::get), cpu.get())
        || limits.memory.is_none_or(|limit| limit < memory_limit)
        || limits.cpu.is_none_or(|limit| limit < cpu_limit);
    ProxySize {
        target: Requirements {
            requests: Declared::new(Some(cpu), Some(memory)),
            limits: Declared::new(Some(cpu_limit), Some(memory_limit)),
        },
        settings,
        dangers,
        worth,
    }
}

/// What decides the memory request.
#[must_use]
pub fn requested_memory(cost: &ProxyCost) -> &Estimate<Memory> {
    if cost.rests_on_measurement() { &cost.memory } else { &cost.startup_memory }
}

/// The request, lowered by no more than the policy allows at once.
fn memory(cost: &ProxyCost, policy: &TuningPolicy) -> Bytes {
    let target = steps::memory(cost.memory_needed.max(policy.least_proxy_memory));
    let least = cost.requests.memory.map_or(0.0, |now| now.get() as f64 * (1.0 - policy.max_change.get()));
    target.max(steps::memory(Bytes::new(least.ceil() as u64)).min(cost.requests.memory.unwrap_or_default()))
}

fn memory_limit(evidence: &Evidence<'_>, request: Bytes) -> Bytes {
    let peak = steps::memory(Bytes::holding(evidence.cost.startup_memory.upper));
    let measured = evidence.cost.measured.as_ref().map(|measured| steps::memory(measured.limit_needed));
    let today = evidence.cost.limits.memory.or(evidence.default_limits.memory).unwrap_or_default();
    today.max(peak).max(measured.unwrap_or_default()).max(request)
}

fn cpu(evidence: &Evidence<'_>, policy: &TuningPolicy) -> Millicores {
    let Evidence { cost, may_lower_cpu, .. } = *evidence;
    let target = steps::cpu(evidence.need().max(policy.least_proxy_cpu));
    let Some(today) = cost.requests.cpu else { return target };
    if !evidence.cpu_measured() || (target < today && !may_lower_cpu) {
        return today;
    }
    let least = today.get() as f64 * (1.0 - policy.max_change.get());
    target.max(steps::cpu(Millicores::new(least.ceil() as u64)).min(today))
}

/// One core for each worker thread where the limit is below the need or missing; never less than today.
fn cpu_limit(evidence: &Evidence<'_>, policy: &TuningPolicy) -> Millicores {
    let of_workers = evidence.of_workers();
    match evidence.cost.limits.cpu.filter(|limit| !limit.is_zero()) {
        Some(limit) if limit >= evidence.peak() && evidence.throttling(policy).is_none() => limit,
        Some(limit) => limit.max(of_workers),
        None => of_workers,
    }
}

/// What may happen today, gravest first, each with the setting that is to blame. A request is to blame once it is
/// further below the need than the policy tolerates.
fn dangers(evidence: &Evidence<'_>, policy: &TuningPolicy) -> Vec<(String, &'static str)> {
    let (cost, measured) = (evidence.cost, evidence.cpu_measured());
    let is_short = |has: u64, need: u64| (has as f64) < need as f64 * (1.0 - policy.tolerance.get());
    let below_peak = cost.limits.memory.is_some_and(|limit| limit.to_memory() < cost.startup_memory.upper);
    let near_measured = Some(&cost.measured).and_then(|measured| {
        let (measured, limit) = (measured.as_ref()?, cost.limits.memory?);
        (limit < measured.limit_needed).then(|| {
            let (largest, limit) = (measured.pods.largest.as_mib(), limit.to_memory().as_mib());
            format!("the proxy may be killed: {largest:.0} MiB were measured of the {limit:.0} its memory limit allows")
        })
    });
    let request_small = is_short(cost.requests.memory.unwrap_or_default().get(), cost.memory_needed.get());
    let throttled = cost.limits.cpu.is_some_and(|limit| !limit.is_zero() && limit < evidence.peak());
    let seen = evidence.throttling(policy);
    let unbounded = cost.limits.memory.is_none();
    let cpu_small = measured && is_short(cost.requests.cpu.unwrap_or_default().get(), evidence.need().get());
    let seen = seen.map(|share| {
        let percent = share.get() * 100.0;
        (
            format!("the proxy is throttled in {percent:.0} % of periods: its CPU limit is below a core a thread"),
            "CPU limit",
        )
    });
    let all = [
        (below_peak, "the proxy may be killed while it starts: its memory limit is below the peak", "memory limit"),
        (measured && throttled, "the proxy is throttled: its CPU limit is below the need", "CPU limit"),
        (request_small, "the node may run out of memory: the proxy requests less than it may need", "memory request"),
        (cpu_small, "the proxy may wait for CPU: it requests less than it may need", "CPU request"),
        (unbounded, "nothing bounds the proxy's memory: a leak takes the node", "memory limit"),
    ];
    let mut all: Vec<(String, &'static str)> =
        all.into_iter().filter(|(is, ..)| *is).map(|(_, danger, setting)| (danger.to_owned(), setting)).collect();
    // Only memory that kills is graver than what was seen.
    let at = usize::from(below_peak);
    all.splice(at..at, seen);
    // What came close to it has been there already.
    all.splice(0..0, near_measured.map(|danger| (danger, "memory limit")));
    all
}
