//! Response times of a whole call path from those of its parts.
//!
//! Percentiles do not add up: two hops that are each slow once in a hundred requests are slow together once
//! in ten thousand, if they are independent. A [`Spread`] is a distribution that can be added, fanned out,
//! retried and cut off, and carries the doubt of its sources along. What is not known is how parts depend on
//! each other, so a path is asked twice: [`Dependence::Independent`] and [`Dependence::Comonotone`].
//!
//! A [`CallGraph`] says who calls whom; [`CallGraph::compose`] makes a [`Path`] of it.
//!
//! ```
//! use std::collections::BTreeMap;
//! use meshcap::composition::{Call, CallGraph, Service, Spread, Step};
//! use meshcap::units::{Quantile, Seconds};
//!
//! let exponential = |mean: f64| Spread::from_tail(move |time| (-time.as_seconds() / mean).exp());
//! let cart = Service { time: exponential(0.004), includes_callees: false, steps: Vec::new() };
//! let calls = vec![Step { calls: vec![Call::to("cart")] }];
//! let web = Service { time: exponential(0.004), includes_callees: false, steps: calls };
//! let graph = CallGraph::new("web", BTreeMap::from([("web".to_owned(), web), ("cart".to_owned(), cart)]))?;
//! let p99 = graph.compose("shop")?.response.quantile(Quantile::literal(0.99)).unwrap();
//! assert!(p99.independent.value < Seconds::from_millis(27.0)); // Erlang: 6.64 × 4 ms
//! assert!(p99.comonotone.value > Seconds::from_millis(36.0)); // 2 × 4.61 × 4 ms
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod combine;
mod convolve;
mod findings;
mod from;
mod graph;
mod grid;
mod limit;
mod masses;
mod path;
mod retry;
mod spread;

#[cfg(test)]
mod tests;

pub use findings::{CALLEES_INCLUDED, FINDINGS, NOT_REACHED, OPEN_ABOVE, PARTS_LEFT_OUT, REQUESTS_FAIL};
pub use graph::{Call, CallGraph, GraphError, MOST_CALLS, MOST_DEPTH, MOST_SERVICES, Service, Step};
pub use path::{MOST_PARTS, Part, Path, PathQuantile, PathResponse, Saving};
pub use retry::{Backoff, Retried, Retry};
pub use spread::{CountEstimate, Dependence, ShareEstimate, Spread, SpreadError};

/// Most repetitions of a part, and the largest factor.
pub const MOST_REPEATS: f64 = 1e6;
/// Most attempts at a call.
pub const MOST_ATTEMPTS: u32 = 64;
