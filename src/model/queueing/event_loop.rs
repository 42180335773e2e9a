//! Event loops: how long a request waits behind others at a worker that serves many connections in turn.
//!
//! **Law.** A worker takes a request's events between those of the others, so a request that finds `k` others
//! present waits `k` service times. How many are present depends on how requests arrive:
//!
//! - *Each for itself* (Poisson arrivals at the worker): `P(K ≥ k) = ρᵏ`, whatever the service times.
//! - *In rounds*: each of the `n` connections of the worker sends one request per round, all of them within
//!   a window `W` of it. Then at most `n − 1` others are present, and with `r = nS/W`
//!   `P(K ≥ k) = (rᵏ − rⁿ)/(1 − rⁿ)`.
//! - *All at once*, `W = 0`: the loop first takes every request, then every answer, each in turn. The
//!   `i`-th of `n` is through after `(n + i)/2` service times, so the wait is uniform over
//!   `(n − 1)/2, …, n − 1` service times.
//!
//! A request sees the worker its own connection is on: of the other `c − 1` connections each is there with
//! chance `1/w`.
//!
//! **Source.** L. Kleinrock, 1967 (processor sharing is insensitive); the truncated form is the M/M/1/n queue
//! seen by an arrival. The rule for bursts follows from Envoy's loop, which reads every ready socket
//! before it comes to the answers; it holds for published runs of Fortio, whose connections fire together
//! (`data/published/latency.toml`).
//!
//! **Assumptions.** Service times vary little; the wait is counted in whole ones. Connections carry equal
//! rates and stay on their worker for life.

use statrs::distribution::{Binomial, ContinuousCDF, DiscreteCDF, Normal};

use super::{QueueError, rate_in_range, servers_in_range, service_in_range, share, stable, within};
use crate::units::{Rate, Seconds, Share, Utilization};

/// Nodes at which the number of neighbours on the same worker is taken: middles of equal chances.
const NODES: u32 = 32;
/// Most connections; beyond them shares of workers are even.
const MOST_CONNECTIONS: u64 = 1_000_000;
/// Connections beyond which their number on a worker is taken as normal.
const NORMAL: u64 = 10_000;
/// Windows below this share of the round's work are none: everything comes at once.
const AT_ONCE: f64 = 1e-6;

/// How requests arrive at a proxy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Arrivals {
    /// Each for itself, as those of many users do.
    Independent,
    /// Every connection sends one request per round, within this share of the round: 0 for a load
    /// generator that fires all connections at once, 0.2 for one that jitters by a tenth, 1 for one that
    /// staggers them evenly.
    Rounds(Share),
}

/// What arrives at the workers of a proxy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoopLoad {
    /// Requests per second at all workers together; at least 0.
    pub rate: Rate,
    /// Connections they come on; 0 is taken as 1.
    pub connections: u64,
    /// Worker threads; 0 is taken as 1.
    pub workers: u32,
    /// How they arrive.
    pub arrivals: Arrivals,
}

/// The wait of a request at its worker.
#[derive(Debug, Clone, PartialEq)]
pub struct EventLoop {
    /// Seconds, above 0.
    service: f64,
    /// Equally likely numbers of connections on the worker of a request.
    nodes: Vec<Crowd>,
    /// Share of time the busiest of these workers is at work, in [0, 1].
    busiest: f64,
}

/// Who else is at the worker, given how many connections it has.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Crowd {
    /// Without bound: `P(K ≥ k) = ρᵏ`.
    Geometric { busy: f64 },
    /// At most `connections − 1`.
    Truncated { pressure: f64, connections: f64 },
    /// All at once.
    Burst { connections: f64 },
}

impl EventLoop {
    /// The loops of a proxy under a load, with the worker's time for one request.
    ///
    /// # Errors
    /// [`QueueError::Unstable`] when a worker that is unlucky with its connections gets more work than it can
    /// do, and [`QueueError::OutOfRange`].
    pub fn new(load: &LoopLoad, service_time: Seconds) -> Result<Self, QueueError> {
        let rate = rate_in_range(load.rate)?;
        let service = service_in_range(service_time)?;
        let workers = servers_in_range(load.workers.max(1))?;
        let connections = load.connections.clamp(1, MOST_CONNECTIONS);
        let counts = neighbours(connections - 1, 1.0 / workers);
        let mut nodes = Vec::with_capacity(counts.len());
        let mut busiest = 0.0_f64;
        for others in counts {
            let here = others + 1.0;
            let busy = rate * service * here / connections as f64;
            stable(busy, 1.0)?;
            busiest = busiest.max(busy);
            nodes.push(crowd(load.arrivals, here, connections as f64, rate, service)?);
        }
        Ok(Self { service, nodes, busiest })
    }

    /// Share of time that a worker with many connections, one in [`NODES`], is at work; in [0, 1).
    #[must_use]
    pub fn utilization(&self) -> Utilization {
        share(self.busiest)
    }

    /// Chance that a request waits longer than `time` behind others.
    #[must_use]
    pub fn wait_longer_than(&self, time: Seconds) -> Share {
        let times = time.as_seconds() / self.service;
        if times < 0.0 || times.is_nan() {
            return share(1.0);
        }
        let sum: f64 = self.nodes.iter().map(|crowd| crowd.waits_longer(times)).sum();
        share(sum / self.nodes.len().max(1) as f64)
    }

    /// Mean wait behind others.
    #[must_use]
    pub fn mean_wait(&self) -> Seconds {
        let sum: f64 = self.nodes.iter().map(Crowd::mean).sum();
        Seconds::new(self.service * sum / self.nodes.len().max(1) as f64)
    }
}

fn crowd(arrivals: Arrivals, here: f64, connections: f64, rate: f64, service: f64) -> Result<Crowd, QueueError> {
    let spread = match arrivals {
        Arrivals::Independent => return Ok(Crowd::Geometric { busy: rate * service * here / connections }),
        Arrivals::Rounds(spread) => within("share of a round", spread.get(), 0.0, 1.0)?,
    };
    let work = here * service;
    // One round is c/λ long; without arrivals it has no end, and nobody meets anybody unless all come at once.
    let window = spread * connections / rate;
    Ok(if spread <= AT_ONCE || window <= AT_ONCE * work {
        Crowd::Burst { connections: here }
    } else {
        Crowd::Truncated { pressure: work / window, connections: here }
    })
}

impl Crowd {
    /// Chance of a wait longer than so many service times.
    fn waits_longer(&self, times: f64) -> f64 {
        // A wait of exactly `times` is not longer: at least the next whole number must be present.
        let least = times.floor() + 1.0;
        match *self {
            Self::Geometric { busy } => busy.powf(least),
            Self::Truncated { pressure, connections } => at_least(least, pressure, connections),
            Self::Burst { connections } => {
                // (n + i)/2 − 1 > t for i in 1..=n.
                let slow = connections - (2.0 * (times + 1.0) - connections).max(0.0).floor();
                (slow / connections).clamp(0.0, 1.0)
            }
        }
    }

    /// Mean number of service times waited.
    fn mean(&self) -> f64 {
        match *self {
            Self::Geometric { busy } => busy / (1.0 - busy),
            Self::Truncated { pressure, connections } => mean_present(pressure, connections),
            Self::Burst { connections } => 0.75 * connections - 0.75,
        }
    }
}

/// `P(K ≥ k)` of a geometric variable with ratio `r` cut to `0..n`.
fn at_least(k: f64, ratio: f64, n: f64) -> f64 {
    if k >= n {
        return 0.0;
    }
    let log = ratio.ln();
    if log.abs() * n < 1e-9 {
        return 1.0 - k / n;
    }
    // (rᵏ − rⁿ)/(1 − rⁿ), each side kept from overflow.
    let chance = if log < 0.0 {
        (k * log).exp() * ((n - k) * log).exp_m1() / (n * log).exp_m1()
    } else {
        ((k - n) * log).exp_m1() / (-n * log).exp_m1()
    };
    chance.clamp(0.0, 1.0)
}

/// `E[K] = r/(1 − r) − n rⁿ/(1 − rⁿ)` of the same variable.
fn mean_present(ratio: f64, n: f64) -> f64 {
    let log = ratio.ln();
    // Close to 1 the two terms cancel; there the variable is nearly uniform, with slope n²−1 over 12.
    if log.abs() * n < 1e-4 {
        return ((n - 1.0) / 2.0 + log * (n * n - 1.0) / 12.0).clamp(0.0, n - 1.0);
    }
    let mean = 1.0 / (-log).exp_m1() - n / (-n * log).exp_m1();
    mean.clamp(0.0, n - 1.0)
}

/// Equally likely numbers of neighbours: binomial, at the middles of equal chances.
fn neighbours(others: u64, chance: f64) -> Vec<f64> {
    if others == 0 || chance >= 1.0 {
        return vec![others as f64];
    }
    let middles = (0..NODES).map(|node| (f64::from(node) + 0.5) / f64::from(NODES));
    let mean = others as f64 * chance;
    if others > NORMAL {
        let deviation = (mean * (1.0 - chance)).sqrt();
        let normal = Normal::new(mean, deviation).ok();
        return middles
            .map(|q| normal.map_or(mean, |normal| normal.inverse_cdf(q)).clamp(0.0, others as f64))
            .collect();
    }
    let binomial = Binomial::new(chance, others).ok();
    middles.map(|q| binomial.map_or(mean, |binomial| binomial.inverse_cdf(q) as f64)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TOLERANCE: f64 = 1e-9;
    const SERVICE: Seconds = Seconds::new(0.000_2);

    fn load(rate: f64, connections: u64, workers: u32, arrivals: Arrivals) -> LoopLoad {
        LoopLoad { rate: Rate::per_second(rate), connections, workers, arrivals }
    }

    fn event_loop(rate: f64, connections: u64, workers: u32, arrivals: Arrivals) -> EventLoop {
        EventLoop::new(&load(rate, connections, workers, arrivals), SERVICE).unwrap()
    }

    /// On one worker the law is that of M/G/1-PS: W = S ρ/(1 − ρ).
    #[test]
    fn one_worker_shares_as_the_queue_does() {
        for busy in [0.0, 0.2, 0.9] {
            let rate = busy / SERVICE.as_seconds();
            let found = event_loop(rate, 50, 1, Arrivals::Independent).mean_wait() / SERVICE;
            assert!((found - busy / (1.0 - busy)).abs() < TOLERANCE, "{busy}: {found}");
        }
    }

    #[test]
    fn a_burst_is_through_between_half_and_all_of_its_work() {
        let burst = event_loop(1000.0, 8, 1, Arrivals::Rounds(Share::ZERO));
        for (services, chance) in [(0.0, 1.0), (3.4, 1.0), (3.5, 0.875), (6.5, 0.125), (7.0, 0.0)] {
            let found = burst.wait_longer_than(SERVICE * services).get();
            assert!((found - chance).abs() < TOLERANCE, "{services}: {found}");
        }
        assert!((burst.mean_wait() / SERVICE - 5.25).abs() < TOLERANCE);
    }

    #[test]
    fn one_connection_never_waits() {
        for arrivals in [Arrivals::Rounds(Share::ZERO), Arrivals::Rounds(Share::literal(0.2))] {
            let alone = event_loop(1000.0, 1, 2, arrivals);
            assert_eq!((alone.mean_wait(), alone.wait_longer_than(Seconds::ZERO)), (Seconds::ZERO, Share::ZERO));
        }
    }

    /// Others seen by an arrival at M/M/1/n, summed state by state.
    #[test]
    fn the_truncated_law_is_the_sum_over_its_states() {
        for (ratio, n) in [(0.5_f64, 8_u32), (1.0, 8), (1.000_001, 8), (3.0, 8), (0.9, 200), (5.0, 400)] {
            let weights: Vec<f64> = (0..n).map(|k| ((f64::from(k) - f64::from(n)) * ratio.ln()).exp()).collect();
            let all: f64 = weights.iter().sum();
            let mean: f64 = weights.iter().enumerate().map(|(k, weight)| k as f64 * weight).sum::<f64>() / all;
            let found = mean_present(ratio, f64::from(n));
            assert!((found / mean - 1.0).abs() < 1e-4, "{ratio} {n}: {found} {mean}");
            for least in [1, n / 2, n - 1] {
                let tail: f64 = weights.iter().skip(least as usize).sum::<f64>() / all;
                let found = at_least(f64::from(least), ratio, f64::from(n));
                assert!((found - tail).abs() < 1e-5, "{ratio} {n} {least}: {found} {tail}");
            }
        }
    }

    #[test]
    fn an_unlucky_worker_saturates_first() {
        let rate = Rate::per_second(8_000.0);
        let even = LoopLoad { rate, connections: 100_000, workers: 2, arrivals: Arrivals::Independent };
        assert!(EventLoop::new(&even, SERVICE).is_ok());
        let few = LoopLoad { connections: 4, ..even };
        assert!(matches!(EventLoop::new(&few, SERVICE), Err(QueueError::Unstable { .. })));
    }

    proptest! {
        #[test]
        fn waits_are_ordered_by_how_closely_requests_come(
            connections in 1_u64..300, workers in 1_u32..16, busy in 0.01..0.4_f64, spread in 0.001..1.0_f64,
        ) {
            let rate = busy / SERVICE.as_seconds();
            let arrive = |arrivals| EventLoop::new(&load(rate, connections, workers, arrivals), SERVICE);
            let rounds = |spread: f64| arrive(Arrivals::Rounds(Share::new(spread).unwrap()));
            if let (Ok(close), Ok(wide)) = (rounds(spread / 2.0), rounds(spread)) {
                prop_assert!(close.mean_wait().as_seconds() >= wide.mean_wait().as_seconds() * (1.0 - 1e-6));
            }
        }

        #[test]
        fn tails_fall_and_any_load_is_answered(
            rate in any::<f64>(), connections: u64, workers: u32, spread in 0.0..=1.0_f64, steps in 0.0..1e4_f64,
            independent: bool,
        ) {
            let arrivals = if independent { Arrivals::Independent } else { Arrivals::Rounds(Share::new(spread).unwrap()) };
            let load = LoopLoad { rate: Rate::per_second(rate), connections, workers, arrivals };
            if let Ok(found) = EventLoop::new(&load, SERVICE) {
                let (here, later) = (found.wait_longer_than(SERVICE * steps), found.wait_longer_than(SERVICE * (steps + 1.0)));
                prop_assert!(later.get() <= here.get() + TOLERANCE);
                prop_assert!(found.mean_wait().as_seconds().is_finite());
            }
        }
    }
}
