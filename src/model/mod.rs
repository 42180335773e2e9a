//! Laws: one file each, in one shape.
//!
//! A file says what the law states, its formula, its source and its assumptions; then comes the
//! type, `new`, which takes its coefficients from a model card and checks them, and the answers.
//! A law reads no inventory: it takes plain counts and gives an [`crate::estimate::Estimate`] whose
//! terms add up to the value.
//!
//! **Intervals.** Each coefficient is moved to either end of its own interval while the others stay;
//! the differences are combined in quadrature, downwards and upwards apart, as independent errors
//! are, together with the law's residual spread (what its coefficients cannot explain). Where two
//! coefficients are in truth correlated this is an approximation, and [`crate::card::verify()`] tells
//! how well it holds.

pub mod amplification;
pub mod certificates;
pub mod coefficient;
pub mod contention;
pub mod convergence;
pub mod dilution;
pub mod ejection;
mod features;
pub mod istiod;
pub mod pools;
pub mod proxy_cpu;
pub mod proxy_latency;
pub mod proxy_memory;
pub mod queueing;
pub mod rebased;
pub mod retries;
mod sum;
pub mod telemetry;
pub mod ztunnel;

pub use amplification::{CallChains, RetriedCall};
pub use certificates::{Certificates, csr_rate};
pub use coefficient::{Coefficient, CoefficientError, CoefficientSet, Measure, OutOfRange};
pub use contention::{Contender, part_of};
pub use convergence::{Bound, Convergence, Convergent, Fleet, Push};
pub use dilution::Dilution;
pub use ejection::Ejection;
pub use features::{Features, Observed};
pub use istiod::{
    ChangeRates, ControlPlaneLoad, Debounce, IstiodCpu, IstiodLimits, IstiodMemory, IstiodSettings, IstiodWork, Merged,
    Pushed, WorkRates,
};
pub use pools::InFlight;
pub use proxy_cpu::{ProxyCpu, ProxyTraffic};
pub use proxy_latency::{ProxyLatency, RequestShape};
pub use proxy_memory::{ProxyConfig, ProxyMemory};
pub use rebased::rebased;
pub use retries::{Retries, retries_at_once};
pub use telemetry::{Telemetry, TelemetrySections};
pub use ztunnel::{Ztunnel, ZtunnelLoad};

/// A count fit for arithmetic: negative and undefined numbers become 0, and absurd ones end at 10¹⁵,
/// so that sums and squares of products stay finite.
#[must_use]
pub(crate) fn bounded(count: f64) -> f64 {
    const LARGEST: f64 = 1e15;
    if count.is_nan() { 0.0 } else { count.clamp(0.0, LARGEST) }
}
