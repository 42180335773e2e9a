//! Event loops: how long a request waits behind others at a worker that serves many connections in turn.
//!
//! **Law.** A worker takes what is ready in the order in which it became so: a request half, later its answer
//! half, each for half of the service time `S`. How much is ready depends on how requests arrive:
//!
//! - *Each for itself* (Poisson arrivals at the worker): service is shared, a request waits one service
//!   time for each of the `K` others present, and `P(K ≥ k) = ρᵏ` whatever the service times.
//! - *In rounds*: each of the `n` connections of the worker sends one request per round, at any moment of a
//!   window `W` of it. The loop is played for such rounds; at most `n − 1` service times are waited.
//! - *All at once*, `W = 0`: the loop takes every request, then every answer. The `i`-th of `n` is through
//!   after `(n + i)/2` service times, so the wait is uniform over `(n − 1)/2, …, n − 1` of them.
//!
//! A request sees the worker its own connection is on: of the other `c − 1` connections each is there with
//! chance `1/w`.
//!
//! **Source.** L. Kleinrock, 1967 (processor sharing is insensitive). The rule for rounds follows from Envoy's
//! loop, which reads every ready socket before it comes to what that made ready; it holds for published runs of
//! Fortio, whose connections fire together (`data/published/latency.toml`).
//!
//! **Method.** Arrivals within a window are a fixed sequence of numbers that fill it at random, some eight
//! thousand for every number of connections: waits are good to a tenth at p99. Of more than [`PLAYED`] connections so
//! many are played, and waits of an overload grow in proportion.
//!
//! **Assumptions.** Service times vary little. Connections carry equal rates and stay on their worker for life.

use statrs::distribution::{Binomial, ContinuousCDF, DiscreteCDF, Normal};

use super::{QueueError, rate_in_range, servers_in_range, service_in_range, share, stable, within};
use crate::units::{Rate, Seconds, Share, Utilization};

/// Nodes at which the number of neighbours on the same worker is taken: middles of equal chances.
const NODES: u32 = 16;
/// Most connections; beyond them shares of workers are even.
const MOST_CONNECTIONS: u64 = 1_000_000;
/// Connections beyond which their number on a worker is taken as normal.
const NORMAL: u64 = 10_000;
/// Windows below this share of the round's work are none: everything comes at once.
const AT_ONCE: f64 = 1e-6;
/// Most connections of a worker whose round is played.
pub const PLAYED: u32 = 128;
/// Requests that are played for every number of connections, at least.
const REQUESTS: u32 = 8192;
/// Most steps of a table of waits, and the chance at which it ends.
const MOST_STEPS: u32 = 20_000;
const NEGLIGIBLE: f64 = 1e-13;

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
    /// Waits in service times, rising, each with the chance of a longer one.
    waits: Vec<(f64, f64)>,
    /// Mean wait in service times.
    mean: f64,
    /// Share of time the busiest of these workers is at work, in [0, 1].
    busiest: f64,
}

/// Who else is at the worker, given how many connections it has.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Crowd {
    /// One request of each connection within a window, in service times.
    Window { connections: f64, window: f64 },
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
        let each = 1.0 / counts.len().max(1) as f64;
        // Waits with their chances, from equally likely numbers of connections; equal ones are worked out once.
        let mut atoms: Vec<(f64, f64)> = Vec::new();
        let mut shares = Vec::new();
        let (mut busiest, mut last) = (0.0_f64, None);
        for others in counts {
            let here = others + 1.0;
            let busy = rate * service * here / connections as f64;
            stable(busy, 1.0)?;
            busiest = busiest.max(busy);
            if load.arrivals == Arrivals::Independent {
                shares.push(busy);
                continue;
            }
            let crowd = crowd(load.arrivals, here, connections as f64, rate, service)?;
            match last {
                Some((like, from, to)) if like == crowd => atoms.extend_from_within(from..to),
                _ => {
                    let from = atoms.len();
                    crowd.put(each, &mut atoms);
                    last = Some((crowd, from, atoms.len()));
                }
            }
        }
        if load.arrivals == Arrivals::Independent {
            return Ok(Self { service, mean: shared_mean(&shares), waits: shared(&shares), busiest });
        }
        let mean = atoms.iter().map(|(wait, chance)| wait * chance).sum();
        Ok(Self { service, waits: falling(atoms), mean, busiest })
    }

    /// Whether every worker, an unlucky one too, can do its share of the work: cheaper than the loop itself.
    #[must_use]
    pub fn carries(load: &LoopLoad, service_time: Seconds) -> bool {
        let connections = load.connections.clamp(1, MOST_CONNECTIONS);
        let most = neighbours(connections - 1, 1.0 / f64::from(load.workers.max(1))).last().copied().unwrap_or(0.0);
        let busy = load.rate * service_time * (most + 1.0) / connections as f64;
        busy < 1.0
    }

    /// Share of time that a worker with many connections, one in sixteen, is at work; in [0, 1).
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
        // A wait of exactly `times`, but for rounding, is not longer.
        let beyond = self.waits.partition_point(|(wait, _)| *wait <= times + 1e-9);
        let longer = beyond.checked_sub(1).and_then(|index| self.waits.get(index));
        share(longer.map_or(1.0, |(_, chance)| *chance))
    }

    /// Mean wait behind others.
    #[must_use]
    pub fn mean_wait(&self) -> Seconds {
        Seconds::new(self.service * self.mean)
    }
}

/// Waits of requests that share a worker with others that arrive by themselves, `P(K > k) = ρᵏ⁺¹`, for equally
/// likely shares of time `ρ` in [0, 1) at which it is busy.
fn shared(busy: &[f64]) -> Vec<(f64, f64)> {
    let each = 1.0 / busy.len().max(1) as f64;
    let mut longer = busy.to_vec();
    let mut waits = Vec::new();
    for others in 0..MOST_STEPS {
        let chance: f64 = longer.iter().sum::<f64>() * each;
        let ends = chance < NEGLIGIBLE || others + 1 == MOST_STEPS;
        waits.push((f64::from(others), if ends { 0.0 } else { chance }));
        if ends {
            break;
        }
        longer.iter_mut().zip(busy).for_each(|(chance, busy)| *chance *= busy);
    }
    waits
}

/// Their mean, `Σ ρ/(1 − ρ)`.
fn shared_mean(busy: &[f64]) -> f64 {
    busy.iter().map(|busy| busy / (1.0 - busy)).sum::<f64>() / busy.len().max(1) as f64
}

fn crowd(arrivals: Arrivals, here: f64, connections: f64, rate: f64, service: f64) -> Result<Crowd, QueueError> {
    let spread = match arrivals {
        Arrivals::Independent => 1.0,
        Arrivals::Rounds(spread) => within("share of a round", spread.get(), 0.0, 1.0)?,
    };
    // One round is c/λ long; without arrivals it has no end, and nobody meets anybody unless all come at once.
    let window = spread * connections / rate / service;
    Ok(if spread <= AT_ONCE || window <= AT_ONCE * here {
        Crowd::Burst { connections: here }
    } else {
        Crowd::Window { connections: here, window }
    })
}

impl Crowd {
    /// Adds the waits in service times with their chances, which sum up to `weight`.
    fn put(&self, weight: f64, atoms: &mut Vec<(f64, f64)>) {
        match *self {
            Self::Window { connections, window } => put_played(connections, window, weight, atoms),
            Self::Burst { connections } => {
                let steps = connections.min(f64::from(MOST_STEPS)).round().max(1.0);
                for step in 0..steps as u32 {
                    // The middles of equal parts where not every request has a step of its own.
                    let place = (f64::from(step) + 0.5) * connections / steps - 0.5;
                    atoms.push(((connections - 1.0 + place) / 2.0, weight / steps));
                }
            }
        }
    }
}

/// Plays rounds of a window: first come, first served, a request and then its answer.
fn put_played(connections: f64, window: f64, weight: f64, atoms: &mut Vec<(f64, f64)>) {
    let played = connections.round().clamp(1.0, f64::from(PLAYED));
    // So many as are played meet the same pressure in a shorter window.
    let window = window * played / connections;
    // Below the capacity a queue forgets; above it the last of more wait longer.
    let grown = if window < played { connections / played } else { 1.0 };
    let count = played as u32;
    let rounds = REQUESTS.div_ceil(count);
    let mut numbers = Numbers(1);
    let mut arrivals = vec![0.0; count as usize];
    let mut ready: Vec<f64> = Vec::with_capacity(arrivals.len());
    let chance = weight / f64::from(rounds) / played;
    for _ in 0..rounds {
        arrivals.iter_mut().for_each(|arrival| *arrival = numbers.next() * window);
        arrivals.sort_by(f64::total_cmp);
        ready.clear();
        let (mut free, mut answered) = (0.0_f64, 0_usize);
        let mut asked = arrivals.iter().copied().peekable();
        while answered < arrivals.len() {
            let answer = ready.get(answered).copied();
            let request = asked.peek().copied();
            match (request, answer) {
                (Some(request), answer) if answer.is_none_or(|answer| request <= answer) => {
                    asked.next();
                    free = free.max(request) + 0.5;
                    ready.push(free);
                }
                (_, answer) => {
                    free = free.max(answer.unwrap_or(free)) + 0.5;
                    let wait = free - arrivals.get(answered).copied().unwrap_or(free) - 1.0;
                    atoms.push((wait.max(0.0) * grown, chance));
                    answered += 1;
                }
            }
        }
    }
}

/// A fixed sequence that fills [0, 1) as random numbers do: S. Vigna's SplitMix64, from a counter.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Waits in rising order, each with the chance of a longer one.
fn falling(mut atoms: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    atoms.sort_by(|a, b| a.0.total_cmp(&b.0));
    atoms.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
    let mut longer = 0.0;
    for (_, chance) in atoms.iter_mut().rev() {
        let own = *chance;
        *chance = longer;
        longer += own;
    }
    atoms
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

    /// Played apart, with another generator and 12,000 requests each: the median, p90 and p99 in service times.
    #[test]
    fn rounds_wait_as_long_as_when_played_elsewhere() {
        for (n, pressure, expected) in [
            (8_u64, 0.5, [0.19, 1.30, 2.38]),
            (8, 0.9, [0.90, 2.37, 3.66]),
            (8, 2.0, [3.21, 4.34, 5.06]),
            (32, 0.7, [0.81, 2.94, 5.29]),
            (32, 2.0, [13.37, 16.67, 18.26]),
        ] {
            let mut atoms = Vec::new();
            put_played(n as f64, n as f64 / pressure, 1.0, &mut atoms);
            let waits = falling(atoms);
            for (quantile, expected) in [0.5, 0.9, 0.99].into_iter().zip(expected) {
                let found = waits.iter().find(|(_, longer)| *longer <= 1.0 - quantile).unwrap().0;
                assert!(
                    (found - expected).abs() < 0.12 * expected + 0.15,
                    "{n} {pressure} {quantile}: {found} {expected}"
                );
            }
        }
    }

    #[test]
    fn a_narrow_window_is_a_burst_and_a_wide_one_is_none() {
        let waits = |spread: f64| {
            event_loop(1000.0, 16, 1, Arrivals::Rounds(Share::new(spread).unwrap())).mean_wait() / SERVICE
        };
        assert!((waits(1e-4) / waits(0.0) - 1.0).abs() < 0.02, "{} {}", waits(1e-4), waits(0.0));
        assert!(waits(1.0) < 0.25, "{}", waits(1.0));
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
        // Playing rounds takes its time without optimisation.
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn waits_are_ordered_by_how_closely_requests_come(
            connections in 1_u64..60, workers in 1_u32..5, busy in 0.01..0.4_f64, spread in 0.001..1.0_f64,
        ) {
            let rate = busy / SERVICE.as_seconds();
            let arrive = |arrivals| EventLoop::new(&load(rate, connections, workers, arrivals), SERVICE);
            let rounds = |spread: f64| arrive(Arrivals::Rounds(Share::new(spread).unwrap()));
            if let (Ok(close), Ok(wide)) = (rounds(spread / 2.0), rounds(spread)) {
                // Whether an answer comes before or after a request changes a little with the window.
                let (close, wide) = (close.mean_wait() / SERVICE, wide.mean_wait() / SERVICE);
                prop_assert!(close >= wide * 0.95 - 0.01, "{close} {wide}");
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
