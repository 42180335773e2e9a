//! What was measured, as it is written.

use serde::Serialize;

use super::wire::{Estimate, Number};
use crate::overhead;
use crate::plan;
use crate::units::Quantity;

/// Memory that was measured, beside what the law says of it.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MeasuredMemory {
    /// Not exceeded by half of the samples, in bytes.
    median_bytes: Number,
    /// Not exceeded by 95 % of the samples, in bytes.
    p95_bytes: Number,
    /// The largest sample, in bytes.
    largest_bytes: Number,
    /// How many samples there are.
    samples: u64,
    /// At how many moments they were taken.
    moments: u64,
    /// Of how many pods; `null` where only the sum over the replicas was measured.
    pods: Option<u64>,
    /// From the first to the last of them.
    span_seconds: Number,
    /// What the law says of what was held then, in bytes.
    predicted_bytes: Estimate,
    /// Whether the median lies in the law's 90 % interval.
    inside: bool,
    /// The law's figure over the median, less 1.
    error: Number,
    /// Whether it was measured for long enough to take the place of the estimate.
    counts: bool,
    /// What a memory limit must leave, in bytes: the largest measurement, what is added to it, the policy's reserve.
    limit_needed_bytes: u64,
}

/// How well the law of memory describes the proxies that were measured.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MemoryCheck {
    /// Workloads whose proxies were measured.
    workloads: u64,
    /// Those of them whose median lies in the law's 90 % interval.
    inside: u64,
    /// Those whose figures rest on the measurement.
    counted: u64,
    /// Median of the law's figure over the measured median, less 1.
    median_error: Number,
}

/// How much of what applications request they use; parts of the mesh are left out.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ApplicationUse {
    /// CPU, in cores; `null` where nothing was measured of a workload that requests any.
    cpu_cores: Option<Used>,
    /// Memory, in bytes; `null` likewise.
    memory_bytes: Option<Used>,
}

/// What is used of what is requested, over the workloads that were measured and request any.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Used {
    /// Those workloads.
    workloads: u64,
    /// What they request.
    requested: Number,
    /// What they use on average.
    mean: Number,
    /// The sum of what each uses at most in 95 % of its moments.
    busy: Number,
}

impl From<plan::ApplicationUse> for ApplicationUse {
    fn from(used: plan::ApplicationUse) -> Self {
        Self { cpu_cores: used.cpu.map(Used::from), memory_bytes: used.memory.map(Used::from) }
    }
}

impl<Q: Quantity> From<plan::Used<Q>> for Used {
    fn from(used: plan::Used<Q>) -> Self {
        let [requested, mean, busy] = [used.requested, used.mean, used.busy].map(|amount| Number::new(amount.base()));
        Self { workloads: used.workloads, requested, mean, busy }
    }
}

impl From<&overhead::MeasuredMemory> for MeasuredMemory {
    fn from(measured: &overhead::MeasuredMemory) -> Self {
        let pods = &measured.pods;
        Self {
            median_bytes: Number::new(pods.median.as_bytes()),
            p95_bytes: Number::new(pods.p95.as_bytes()),
            largest_bytes: Number::new(pods.largest.as_bytes()),
            samples: pods.samples,
            moments: pods.moments,
            pods: pods.pods,
            span_seconds: Number::new(pods.span.as_seconds()),
            predicted_bytes: Estimate::of_bytes(&measured.predicted),
            inside: measured.is_inside(),
            error: Number::new(measured.error()),
            counts: measured.counts,
            limit_needed_bytes: measured.limit_needed.get(),
        }
    }
}

impl From<overhead::MemoryCheck> for MemoryCheck {
    fn from(check: overhead::MemoryCheck) -> Self {
        let overhead::MemoryCheck { workloads, inside, counted, error } = check;
        Self { workloads, inside, counted, median_error: Number::new(error) }
    }
}
