//! From an estimate to a request, step by step: quantile, margin, whole units, floor.
//!
//! | step | memory, from 60 MiB in [45, 90] | CPU, from 15m in [8m, 41m] |
//! |---|---|---|
//! | quantile 0.95 | 90 MiB | 41m |
//! | margin 10 % | 99 MiB | 45.1m |
//! | whole MiB, whole 5m | 99 MiB | 50m |
//! | floor | none for proxies | none for proxies |

use crate::estimate::Estimate;
use crate::policy::SizingPolicy;
use crate::units::{Bytes, Cores, Memory, Millicores};

/// Requests are written in steps of this many millicores.
const CPU_STEP: u64 = 5;
const MIB: u64 = 1 << 20;

/// Memory to request for an estimate: the policy's quantile, then its margin, in whole MiB, at
/// least `floor`.
#[must_use]
pub fn memory_needed(estimate: &Estimate<Memory>, sizing: &SizingPolicy, floor: Bytes) -> Bytes {
    let at_quantile = estimate.at(sizing.quantile);
    let with_margin = at_quantile * (1.0 + sizing.memory_margin.get());
    let in_whole_mib = Bytes::from_mib(Bytes::holding(with_margin).get().div_ceil(MIB));
    in_whole_mib.max(floor)
}

/// CPU to request for an estimate: the policy's quantile, then its margin, in whole steps of 5m, at
/// least `floor`.
#[must_use]
pub fn cpu_needed(estimate: &Estimate<Cores>, sizing: &SizingPolicy, floor: Millicores) -> Millicores {
    let at_quantile = estimate.at(sizing.quantile);
    let with_margin = at_quantile * (1.0 + sizing.cpu_margin.get());
    let in_whole_steps = Millicores::holding(with_margin).get().div_ceil(CPU_STEP).saturating_mul(CPU_STEP);
    Millicores::new(in_whole_steps).max(floor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::Basis;
    use crate::units::Share;

    fn sizing(quantile: f64, margin: f64) -> SizingPolicy {
        let margin = Share::new(margin).unwrap();
        SizingPolicy {
            quantile: Share::new(quantile).unwrap(),
            memory_margin: margin,
            cpu_margin: margin,
            ..SizingPolicy::default()
        }
    }

    #[test]
    fn each_step_is_seen_in_the_memory_request() {
        let memory = |mib| Memory::from_mib(mib);
        let estimate = Estimate::new(memory(45.0), memory(60.0), memory(89.3), Basis::default());
        for (quantile, margin, floor, expected) in
            [(0.5, 0.0, 0, 60), (0.95, 0.0, 0, 90), (0.95, 0.1, 0, 99), (0.95, 0.1, 128, 128)]
        {
            let needed = memory_needed(&estimate, &sizing(quantile, margin), Bytes::from_mib(floor));
            assert_eq!(needed, Bytes::from_mib(expected), "{quantile} {margin} {floor}");
        }
    }

    #[test]
    fn each_step_is_seen_in_the_cpu_request() {
        let estimate = Estimate::new(Cores::new(0.008), Cores::new(0.015), Cores::new(0.041), Basis::default());
        for (quantile, margin, floor, expected) in
            [(0.5, 0.0, 0, 15), (0.95, 0.0, 0, 45), (0.95, 0.1, 0, 50), (0.95, 0.1, 100, 100)]
        {
            let needed = cpu_needed(&estimate, &sizing(quantile, margin), Millicores::new(floor));
            assert_eq!(needed, Millicores::new(expected), "{quantile} {margin} {floor}");
        }
    }
}
