//! Response times with the mesh on top: what proxies on the way add to a measured baseline.
//!
//! A request meets a row of proxies ([`Hop`]s). Each holds it up while it works on it, lets it wait behind
//! others at its worker, and now and then stands still at its CPU limit. [`predict()`] composes that with a
//! baseline, [`sweep()`] asks at rising rates where an objective is left, and [`extract()`] goes the other way:
//! from two measurements to what one traversal takes.

mod extract;
mod hop;
mod predict;
pub mod published;
mod sweep;
mod verify;

#[cfg(test)]
mod tests;

pub use extract::{Added, ExtractError, Extraction, extract};
pub use hop::{Hop, HopTime, Mode, Traffic};
pub use predict::{Predicted, Prediction, PredictionError, hops, predict, saturated};
pub use sweep::{MeshKnee, Sweep, SweepPoint, sweep};
pub use verify::{Environment, Fitted, verify};

use crate::finding::{FindingKind, Severity};

/// A proxy works so near its CPU limit that it is stopped now and then.
pub const NEAR_CPU_LIMIT: FindingKind = FindingKind {
    id: "latency-near-cpu-limit",
    severity: Severity::Warning,
    meaning: "a proxy uses so much of its CPU limit that some requests meet a proxy that stands still",
    why: "a container that has used up its quota stops until the next period of 100 ms begins; p99 then jumps from milliseconds to a tenth of a second",
    remedy: "raise the proxy's CPU limit, or remove it and set the worker threads, or add replicas",
};

/// The rate is more than the proxy's workers can do.
pub const BEYOND_SATURATION: FindingKind = FindingKind {
    id: "latency-beyond-saturation",
    severity: Severity::Error,
    meaning: "at this rate a worker of a proxy gets more requests than it can serve",
    why: "its queue grows for as long as the load lasts; no response time can be given",
    remedy: "lower the rate per proxy by more replicas, add worker threads and CPU, or spread it over more connections",
};

/// The base was measured under another load than the prediction is for.
pub const OTHER_LOAD: FindingKind = FindingKind {
    id: "latency-base-at-other-rate",
    severity: Severity::Info,
    meaning: "the base was measured at another rate than the prediction is for",
    why: "the application's own response times change with its load; the prediction changes only the proxies'",
    remedy: "measure the base at the rate you ask about",
};

/// Kinds of finding this module raises.
pub const FINDINGS: &[&FindingKind] = &[&NEAR_CPU_LIMIT, &BEYOND_SATURATION, &OTHER_LOAD];
