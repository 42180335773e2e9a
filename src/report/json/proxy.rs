//! Proxies and their arithmetic as they are written.

use serde::Serialize;

use super::wire::{Declared, Estimate, Number};
use crate::mesh::VisibleConfig;
use crate::overhead::ProxyCost;
use crate::plan::{SizingVerdict, WorkloadPlan};

/// A workload's part in the mesh; amounts are per proxy and `null` where it has no proxy of its own.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkloadProxy<'a> {
    /// Its part: `none`, `sidecar`, `ambient`, `gateway`, `waypoint`, `ztunnel` or `control-plane`.
    mode: &'static str,
    /// Why.
    reason: &'a str,
    /// Whether the proxies run already.
    present: bool,
    /// Worker threads; 0 without a proxy.
    workers: u32,
    /// Requests per second through each proxy.
    requests_per_second: Number,
    /// Whether that was measured; otherwise the policy assumes it.
    requests_measured: bool,
    /// Configuration each proxy is sent.
    visible: VisibleConfig,
    /// Steady memory, in bytes.
    memory_bytes: Option<Estimate>,
    /// Peak memory while configuration is first loaded, in bytes.
    startup_memory_bytes: Option<Estimate>,
    /// CPU, in cores.
    cpu_cores: Option<Estimate>,
    /// Memory the policy asks to request.
    memory_needed_bytes: Option<u64>,
    /// CPU the policy asks to request.
    cpu_needed_millicores: Option<u64>,
    /// Requests in effect.
    requests: Option<Declared>,
    /// Limits in effect.
    limits: Option<Declared>,
    /// How requests and limits compare with the need; empty where they suit it.
    sizing: Vec<Sizing>,
    /// The arithmetic.
    derivation: Option<Derivation<'a>>,
}

/// A proxy that belongs to no workload of the input.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Proxy<'a> {
    /// Steady memory, in bytes.
    memory_bytes: Estimate,
    /// Peak memory at start, in bytes.
    startup_memory_bytes: Estimate,
    /// CPU, in cores.
    cpu_cores: Estimate,
    /// Memory the policy asks to request.
    memory_needed_bytes: u64,
    /// CPU the policy asks to request.
    cpu_needed_millicores: u64,
    /// Requests in effect.
    requests: Declared,
    /// Limits in effect.
    limits: Declared,
    /// The arithmetic.
    derivation: Derivation<'a>,
}

/// How a declared amount compares with the need.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
enum Sizing {
    /// The memory limit is below the start-up peak.
    MemoryLimitBelowPeak,
    /// The memory request is below the need.
    MemoryRequestTooSmall,
    /// The memory request is more than twice the need.
    MemoryRequestTooLarge,
    /// The CPU request is below the need.
    CpuRequestTooSmall,
    /// The CPU request is more than twice the need.
    CpuRequestTooLarge,
    /// The CPU limit is below the need.
    CpuLimitTooSmall,
}

/// The arithmetic of a proxy: terms that add up to the figure.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Derivation<'a> {
    /// Terms of the steady memory.
    memory: Vec<Term<'a>>,
    /// Terms of the start-up peak.
    startup_memory: Vec<Term<'a>>,
    /// Terms of the CPU.
    cpu: Vec<Term<'a>>,
    /// What was assumed because the input did not say.
    assumptions: Vec<&'a str>,
}

/// One summand: `count × coefficient = amount`.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Term<'a> {
    /// What is counted.
    what: &'a str,
    /// How many of it.
    count: Number,
    /// What one of it costs, in `unit`.
    coefficient: Number,
    /// The product, in `unit`.
    amount: Number,
    /// Unit of coefficient and amount.
    unit: &'a str,
}

impl<'a> From<&'a WorkloadPlan> for WorkloadProxy<'a> {
    fn from(workload: &'a WorkloadPlan) -> Self {
        let cost = workload.proxy.as_ref();
        Self {
            mode: workload.mode.as_str(),
            reason: &workload.reason,
            present: workload.proxy_present,
            workers: workload.workers,
            requests_per_second: Number::new(workload.rps_per_proxy),
            requests_measured: workload.rps_measured,
            visible: workload.visible,
            memory_bytes: cost.map(|cost| (&cost.memory).into()),
            startup_memory_bytes: cost.map(|cost| (&cost.startup_memory).into()),
            cpu_cores: cost.map(|cost| (&cost.cpu).into()),
            memory_needed_bytes: cost.map(|cost| cost.memory_needed.get()),
            cpu_needed_millicores: cost.map(|cost| cost.cpu_needed.get()),
            requests: cost.map(|cost| (&cost.requests).into()),
            limits: cost.map(|cost| (&cost.limits).into()),
            sizing: workload.sizing.iter().map(Sizing::from).collect(),
            derivation: cost.map(Derivation::from),
        }
    }
}

impl<'a> From<&'a ProxyCost> for Proxy<'a> {
    fn from(cost: &'a ProxyCost) -> Self {
        Self {
            memory_bytes: (&cost.memory).into(),
            startup_memory_bytes: (&cost.startup_memory).into(),
            cpu_cores: (&cost.cpu).into(),
            memory_needed_bytes: cost.memory_needed.get(),
            cpu_needed_millicores: cost.cpu_needed.get(),
            requests: (&cost.requests).into(),
            limits: (&cost.limits).into(),
            derivation: cost.into(),
        }
    }
}

impl From<&SizingVerdict> for Sizing {
    fn from(verdict: &SizingVerdict) -> Self {
        match verdict {
            SizingVerdict::MemoryLimitBelowPeak => Self::MemoryLimitBelowPeak,
            SizingVerdict::MemoryRequestTooSmall => Self::MemoryRequestTooSmall,
            SizingVerdict::MemoryRequestTooLarge => Self::MemoryRequestTooLarge,
            SizingVerdict::CpuRequestTooSmall => Self::CpuRequestTooSmall,
            SizingVerdict::CpuRequestTooLarge => Self::CpuRequestTooLarge,
            SizingVerdict::CpuLimitTooSmall => Self::CpuLimitTooSmall,
        }
    }
}

impl<'a> From<&'a ProxyCost> for Derivation<'a> {
    fn from(cost: &'a ProxyCost) -> Self {
        let bases = [&cost.memory.basis, &cost.startup_memory.basis, &cost.cpu.basis];
        let mut assumptions: Vec<&str> = Vec::new();
        for assumption in bases.into_iter().flat_map(|basis| &basis.assumptions) {
            if !assumptions.contains(&assumption.as_str()) {
                assumptions.push(assumption);
            }
        }
        let [memory, startup_memory, cpu] = bases.map(|basis| basis.terms.iter().map(Term::from).collect());
        Self { memory, startup_memory, cpu, assumptions }
    }
}

impl<'a> From<&'a crate::estimate::Term> for Term<'a> {
    fn from(term: &'a crate::estimate::Term) -> Self {
        Self {
            what: &term.what,
            count: Number::new(term.count),
            coefficient: Number::new(term.coefficient),
            amount: Number::new(term.amount),
            unit: &term.unit,
        }
    }
}
