//! Response times of a whole call path from those of its parts.
//!
//! Percentiles do not add up: two hops that are each slow once in a hundred requests are slow together once
//! in ten thousand, if they are independent. A [`Spread`] is a distribution that can be added, fanned out,
//! retried and cut off, and carries the doubt of its sources along. What is not known is how parts depend on
//! each other, so a path is asked twice: [`Dependence::Independent`] and [`Dependence::Comonotone`].

mod combine;
mod convolve;
mod from;
mod grid;
mod limit;
mod masses;
mod retry;
mod spread;

#[cfg(test)]
mod tests;

pub use retry::{Backoff, Retried, Retry};
pub use spread::{CountEstimate, Dependence, ShareEstimate, Spread, SpreadError};

/// Most repetitions of a part, and the largest factor.
pub const MOST_REPEATS: f64 = 1e6;
/// Most attempts at a call.
pub const MOST_ATTEMPTS: u32 = 64;
