//! Proxies and their arithmetic as they are written.

use serde::Serialize;

use super::derivations::Derivations;
use super::features::Features;
use super::measured::MeasuredMemory;
use super::visible::Visible;
use super::wire::{Declared, Estimate, Number};
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
    visible: Visible<'a>,
    /// What each proxy does for its requests; `null` where no Envoy proxy runs.
    features: Option<Features<'a>>,
    /// Steady memory, in bytes.
    memory_bytes: Option<Estimate>,
    /// Peak memory while configuration is first loaded, in bytes.
    startup_memory_bytes: Option<Estimate>,
    /// What was measured of its memory; `null` where nothing was. Where it counts the figures above rest on it.
    memory_measured: Option<MeasuredMemory>,
    /// CPU, in cores.
    cpu_cores: Option<Estimate>,
    /// Memory the policy asks to request.
    memory_needed_bytes: Option<u64>,
    /// Memory that a limit must leave by the policy.
    memory_limit_needed_bytes: Option<u64>,
    /// CPU the policy asks to request.
    cpu_needed_millicores: Option<u64>,
    /// Requests in effect.
    requests: Option<Declared>,
    /// Limits in effect.
    limits: Option<Declared>,
    /// How requests and limits compare with the need; empty where they suit it.
    sizing: Vec<Sizing>,
    /// The arithmetic.
    derivations: Option<ProxyDerivations>,
}

/// A proxy that belongs to no workload of the input.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Proxy {
    /// Steady memory, in bytes.
    memory_bytes: Estimate,
    /// Peak memory at start, in bytes.
    startup_memory_bytes: Estimate,
    /// What was measured of its memory; `null` where nothing was. Where it counts the figures above rest on it.
    memory_measured: Option<MeasuredMemory>,
    /// CPU, in cores.
    cpu_cores: Estimate,
    /// Memory the policy asks to request.
    memory_needed_bytes: u64,
    /// Memory that a limit must leave by the policy.
    memory_limit_needed_bytes: u64,
    /// CPU the policy asks to request.
    cpu_needed_millicores: u64,
    /// Requests in effect.
    requests: Declared,
    /// Limits in effect.
    limits: Declared,
    /// The arithmetic.
    derivations: ProxyDerivations,
}

/// How a declared amount compares with the need.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
enum Sizing {
    /// The memory limit is below the start-up peak.
    MemoryLimitBelowPeak,
    /// The memory limit is below what was measured with the policy's reserve.
    MemoryLimitNearMaximum,
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

/// Where the arithmetic of a proxy stands: places in the report's `derivations`, from 0; `null` where
/// there is none.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ProxyDerivations {
    /// Of the steady memory.
    memory: Option<usize>,
    /// Of the start-up peak.
    startup_memory: Option<usize>,
    /// Of the CPU.
    cpu: Option<usize>,
}

impl<'a> WorkloadProxy<'a> {
    /// The proxy of a workload, its arithmetic put among the others.
    pub fn new(workload: &'a WorkloadPlan, derivations: &mut Derivations<'a>) -> Self {
        let cost = workload.proxy.as_ref();
        Self {
            mode: workload.mode.as_str(),
            reason: &workload.reason,
            present: workload.proxy_present,
            workers: workload.workers,
            requests_per_second: Number::new(workload.rps_per_proxy),
            requests_measured: workload.rps_measured,
            visible: workload.into(),
            features: cost.map(|_| workload.into()),
            memory_bytes: cost.map(|cost| Estimate::of_bytes(&cost.memory)),
            startup_memory_bytes: cost.map(|cost| Estimate::of_bytes(&cost.startup_memory)),
            memory_measured: cost.and_then(|cost| cost.measured.as_ref()).map(MeasuredMemory::from),
            cpu_cores: cost.map(|cost| (&cost.cpu).into()),
            memory_needed_bytes: cost.map(|cost| cost.memory_needed.get()),
            memory_limit_needed_bytes: cost.map(|cost| cost.memory_limit_needed.get()),
            cpu_needed_millicores: cost.map(|cost| cost.cpu_needed.get()),
            requests: cost.map(|cost| (&cost.requests).into()),
            limits: cost.map(|cost| (&cost.limits).into()),
            sizing: workload.sizing.iter().map(Sizing::from).collect(),
            derivations: cost.map(|cost| ProxyDerivations::new(cost, derivations)),
        }
    }
}

impl Proxy {
    /// A proxy, its arithmetic put among the others.
    pub fn new<'a>(cost: &'a ProxyCost, derivations: &mut Derivations<'a>) -> Self {
        Self {
            memory_bytes: Estimate::of_bytes(&cost.memory),
            startup_memory_bytes: Estimate::of_bytes(&cost.startup_memory),
            memory_measured: cost.measured.as_ref().map(MeasuredMemory::from),
            cpu_cores: (&cost.cpu).into(),
            memory_needed_bytes: cost.memory_needed.get(),
            memory_limit_needed_bytes: cost.memory_limit_needed.get(),
            cpu_needed_millicores: cost.cpu_needed.get(),
            requests: (&cost.requests).into(),
            limits: (&cost.limits).into(),
            derivations: ProxyDerivations::new(cost, derivations),
        }
    }
}

impl From<&SizingVerdict> for Sizing {
    fn from(verdict: &SizingVerdict) -> Self {
        match verdict {
            SizingVerdict::MemoryLimitBelowPeak => Self::MemoryLimitBelowPeak,
            SizingVerdict::MemoryLimitNearMaximum => Self::MemoryLimitNearMaximum,
            SizingVerdict::MemoryRequestTooSmall => Self::MemoryRequestTooSmall,
            SizingVerdict::MemoryRequestTooLarge => Self::MemoryRequestTooLarge,
            SizingVerdict::CpuRequestTooSmall => Self::CpuRequestTooSmall,
            SizingVerdict::CpuRequestTooLarge => Self::CpuRequestTooLarge,
            SizingVerdict::CpuLimitTooSmall => Self::CpuLimitTooSmall,
        }
    }
}

impl ProxyDerivations {
    fn new<'a>(cost: &'a ProxyCost, derivations: &mut Derivations<'a>) -> Self {
        Self {
            memory: derivations.place(&cost.memory),
            startup_memory: derivations.place(&cost.startup_memory),
            cpu: derivations.place(&cost.cpu),
        }
    }
}
