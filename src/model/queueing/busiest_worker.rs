//! The busiest worker of a proxy: connections stay on a worker for life, and workers do not share.
//!
//! **Law.** Of `λ` requests per second the busiest of `w` workers gets the largest share `m` of the
//! connections: `ρ_max = λ · S · m`. It is an M/G/1-PS queue of its own.
//!
//! **Source.** Envoy's threading model; envoyproxy/envoy#33707 and #23514 for measurements.
//!
//! **Assumptions.** Connections carry equal rates. The share comes from
//! [`WorkerImbalance`](super::WorkerImbalance): its mean for the expected wait, a high quantile for a
//! proxy one does not want to be unlucky with. `1/w` gives workers in perfect balance.

use crate::units::{Quantile, Rate, Seconds, Share, Utilization};

use super::{MG1Ps, Queue, QueueError, ResponseTail};

/// The queue at the busiest worker.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BusiestWorker {
    queue: MG1Ps,
    share: Share,
}

impl BusiestWorker {
    /// The worker that gets a share of the arrivals at a proxy, each with a mean service time.
    ///
    /// # Errors
    /// [`QueueError::Unstable`] when the share alone keeps a worker busy all the time, and
    /// [`QueueError::OutOfRange`].
    pub fn new(arrivals: Rate, service_time: Seconds, largest_share: Share) -> Result<Self, QueueError> {
        Ok(Self { queue: MG1Ps::new(arrivals * largest_share.get(), service_time)?, share: largest_share })
    }

    /// Its share of the proxy's requests, in [0, 1].
    #[must_use]
    pub fn share(&self) -> Share {
        self.share
    }

    /// Arrivals at the proxy at which this worker is busy all the time, `1/(S · m)`; infinite for a
    /// worker without a share.
    #[must_use]
    pub fn saturation_rate(&self) -> Rate {
        Rate::per_second(1.0 / (self.mean_service().as_seconds() * self.share.get()))
    }
}

/// Answers are those for requests of this worker, arrivals its own.
impl Queue for BusiestWorker {
    fn arrivals(&self) -> Rate {
        self.queue.arrivals()
    }

    fn mean_service(&self) -> Seconds {
        self.queue.mean_service()
    }

    fn utilization(&self) -> Utilization {
        self.queue.utilization()
    }

    fn mean_wait(&self) -> Seconds {
        self.queue.mean_wait()
    }

    fn mean_in_system(&self) -> f64 {
        self.queue.mean_in_system()
    }
}

/// For exponential service times.
impl ResponseTail for BusiestWorker {
    fn response_longer_than(&self, time: Seconds) -> Share {
        self.queue.response_longer_than(time)
    }

    fn response_quantile(&self, quantile: Quantile) -> Seconds {
        self.queue.response_quantile(quantile)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::queueing::{Knee, MMc, WorkerImbalance, saturation_knee};

    const TOLERANCE: f64 = 1e-9;
    const SERVICE: Seconds = Seconds::new(0.000_2);

    #[test]
    fn two_connections_on_three_workers_saturate_like_one_or_two() {
        // Both on one worker: 5000 rps; one each: 10,000 (envoyproxy/envoy#33707 measures 6,000 and 10,000).
        for (share, rate) in [(1.0, 5_000.0), (0.5, 10_000.0)] {
            let worker = BusiestWorker::new(Rate::per_second(100.0), SERVICE, Share::literal(share)).unwrap();
            assert!((worker.saturation_rate().as_per_second() / rate - 1.0).abs() < TOLERANCE);
        }
    }

    #[test]
    fn siloed_workers_wait_longer_than_one_queue() {
        let imbalance = WorkerImbalance::new(16, 4).unwrap();
        let arrivals = Rate::per_second(8_000.0);
        let worker = BusiestWorker::new(arrivals, SERVICE, imbalance.mean_largest_share()).unwrap();
        let shared = MMc::new(arrivals, SERVICE, 4).unwrap();
        assert!(worker.mean_wait() > shared.mean_wait());
        assert!(worker.utilization() > shared.utilization());
    }

    #[test]
    fn more_connections_move_the_knee_up() {
        let knee = |connections: u64| {
            let share = WorkerImbalance::new(connections, 4).unwrap().mean_largest_share();
            let knee = saturation_knee(Quantile::literal(0.99), Seconds::from_millis(5.0), |rate| {
                BusiestWorker::new(rate, SERVICE, share)
            });
            let Knee::At(rate) = knee else { panic!("no knee") };
            rate
        };
        assert!(knee(1) < knee(8) && knee(8) < knee(64) && knee(64) < knee(100_000));
    }
}
