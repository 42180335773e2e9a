//! How what a proxy declares compares with what it needs.

use super::ProxyCost;
use crate::policy::SizingPolicy;
use crate::units::Bytes;

/// A request this many times the need is wasteful: the gap is then larger than the estimate's doubt.
const WASTEFUL: u64 = 2;

/// How a declared amount compares with the need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SizingVerdict {
    /// The memory limit is below the start-up peak: the proxy may be killed at start.
    MemoryLimitBelowPeak,
    /// The memory limit is below the largest measurement and the policy's reserve: the proxy may be killed.
    MemoryLimitNearMaximum,
    /// The memory request is below the need: the node may run out.
    MemoryRequestTooSmall,
    /// The memory request is more than twice the need.
    MemoryRequestTooLarge,
    /// The CPU request is below the need.
    CpuRequestTooSmall,
    /// The CPU request is more than twice the need.
    CpuRequestTooLarge,
    /// The CPU limit is below the need: throttling.
    CpuLimitTooSmall,
}

/// Everything that is wrong with the declared resources of a proxy; empty when they fit.
#[must_use]
pub fn sizing_verdicts(cost: &ProxyCost, sizing: &SizingPolicy) -> Vec<SizingVerdict> {
    let (cpu, memory) = (cost.requests.cpu.unwrap_or_default(), cost.requests.memory.unwrap_or_default());
    // The margin is for requests; what kills a proxy is the peak itself.
    let peak = Bytes::holding(cost.startup_memory.at(sizing.quantile));
    let most = cost.measured.as_ref().map(|measured| measured.limit_needed);
    [
        (SizingVerdict::MemoryLimitBelowPeak, cost.limits.memory.is_some_and(|limit| limit < peak)),
        (
            SizingVerdict::MemoryLimitNearMaximum,
            cost.limits.memory.is_some_and(|limit| most.is_some_and(|most| limit < most)),
        ),
        (SizingVerdict::CpuLimitTooSmall, cost.limits.cpu.is_some_and(|limit| limit < cost.cpu_needed)),
        (SizingVerdict::MemoryRequestTooSmall, memory < cost.memory_needed),
        (SizingVerdict::CpuRequestTooSmall, cpu < cost.cpu_needed),
        (SizingVerdict::MemoryRequestTooLarge, memory > cost.memory_needed.times(WASTEFUL)),
        (SizingVerdict::CpuRequestTooLarge, cpu > cost.cpu_needed.times(WASTEFUL)),
    ]
    .into_iter()
    .filter_map(|(verdict, holds)| holds.then_some(verdict))
    .collect()
}
