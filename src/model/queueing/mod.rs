//! Queueing laws: how long requests wait, and where waiting runs away.
//!
//! A file says what the law states, its formula, its source and its assumptions; `new` checks the
//! parameters once, after which every answer is given without fail. A queue without a bound on its
//! length that exists is stable: one whose offered load reaches its servers is refused as
//! [`QueueError::Unstable`].
//!
//! Symbols: arrival rate λ, mean service time `S`, servers `c`, offered load `a = λS` in Erlangs,
//! utilization `ρ = a/c`. Durations lie in [10⁻¹⁵, 10¹⁵] seconds and rates in [0, 10¹⁵] per second, so
//! that no answer leaves the numbers; servers and places end at [`MOST_SERVERS`].

pub mod busiest_worker;
pub mod cfs;
pub mod erlang;
pub mod event_loop;
pub mod fan_out;
pub mod ggc;
pub mod knee;
pub mod littles_law;
pub mod mg1_ps;
pub mod mmc;
pub mod mmck;
pub mod usl;
pub mod worker_imbalance;

mod curve;
mod search;

#[cfg(test)]
mod tests;

pub use busiest_worker::BusiestWorker;
pub use cfs::{CfsQuota, CpuDemand, Throttling};
pub use erlang::{erlang_b, erlang_c};
pub use event_loop::{Arrivals, EventLoop, LoopLoad};
pub use fan_out::FanOut;
pub use ggc::GGc;
pub use knee::{Knee, saturation_knee};
pub use mg1_ps::MG1Ps;
pub use mmc::MMc;
pub use mmck::MMcK;
pub use usl::{LoadPoint, Peak, Usl, UslError, UslFit};
pub use worker_imbalance::WorkerImbalance;

use crate::units::{Quantile, Rate, Seconds, Share, Utilization};

/// Most servers or places a queue may have: their states are walked through one by one.
pub const MOST_SERVERS: u32 = 1_000_000;

/// Largest duration in seconds and largest rate per second; the least duration is its reciprocal.
const LARGEST: f64 = 1e15;

/// A station where requests wait for a server, in steady state.
pub trait Queue {
    /// Rate at which requests enter, refused ones not counted.
    fn arrivals(&self) -> Rate;

    /// Mean time of service once a server is at work, waiting not counted.
    fn mean_service(&self) -> Seconds;

    /// Share of time a server is busy, in [0, 1].
    fn utilization(&self) -> Utilization;

    /// Mean time lost to others, `W_q`: at least 0.
    fn mean_wait(&self) -> Seconds;

    /// Requests present on average, waiting or in service, `L`.
    fn mean_in_system(&self) -> f64;

    /// Mean time from arrival to departure, `R = S + W_q`.
    fn mean_response(&self) -> Seconds {
        self.mean_service() + self.mean_wait()
    }
}

/// A queue whose response times are known as a distribution.
pub trait ResponseTail: Queue {
    /// Chance that a response takes longer than `time`; 1 at zero and before.
    fn response_longer_than(&self, time: Seconds) -> Share;

    /// The time within which a share of responses is given; infinite at 1.
    fn response_quantile(&self, quantile: Quantile) -> Seconds {
        let service = self.mean_service();
        let tail = |times: f64| self.response_longer_than(service * times).get();
        service * search::where_tail_falls_to(1.0 - quantile.get(), tail)
    }
}

/// Parameters that make no queue.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum QueueError {
    /// Work arrives as fast as it can be done, or faster: the queue would grow without end.
    #[error(
        "unstable: offered load of {offered:.4} Erlangs on {servers} servers; \
         lower the rate or the service time, or add servers"
    )]
    Unstable {
        /// Offered load `a = λS` in Erlangs.
        offered: f64,
        /// Servers it is offered to.
        servers: f64,
    },
    /// A parameter outside its range, or not a number.
    #[error("{what} of {value} is out of range: expected a number from {least} to {most}")]
    OutOfRange {
        /// The parameter, e.g. `service time`.
        what: &'static str,
        /// What was given.
        value: f64,
        /// Least value allowed.
        least: f64,
        /// Largest value allowed.
        most: f64,
    },
}

/// A number within a range, or the error that names it.
fn within(what: &'static str, value: f64, least: f64, most: f64) -> Result<f64, QueueError> {
    if (least..=most).contains(&value) { Ok(value) } else { Err(QueueError::OutOfRange { what, value, least, most }) }
}

fn rate_in_range(rate: Rate) -> Result<f64, QueueError> {
    within("arrival rate", rate.as_per_second(), 0.0, LARGEST)
}

fn service_in_range(service: Seconds) -> Result<f64, QueueError> {
    within("service time", service.as_seconds(), 1.0 / LARGEST, LARGEST)
}

fn servers_in_range(servers: u32) -> Result<f64, QueueError> {
    within("number of servers", f64::from(servers), 1.0, f64::from(MOST_SERVERS))
}

fn stable(offered: f64, servers: f64) -> Result<(), QueueError> {
    if offered < servers { Ok(()) } else { Err(QueueError::Unstable { offered, servers }) }
}

/// A share from a number that is one but for rounding.
fn share(number: f64) -> Share {
    Share::new(number.clamp(0.0, 1.0)).unwrap_or(Share::ZERO)
}
