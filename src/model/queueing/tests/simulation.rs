//! Queues against a simulation of themselves, event by event.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::super::*;
use super::Random;

/// Relative difference between a law and its simulation.
const SAMPLING: f64 = 0.03;

/// Means of a busier queue vary more and need more requests.
fn requests(load: f64) -> usize {
    if load > 0.5 { 600_000 } else { 200_000 }
}

/// A time in a heap that gives the earliest first.
#[derive(PartialEq)]
struct Earliest(f64, f64);

impl Eq for Earliest {}
impl PartialOrd for Earliest {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Earliest {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.total_cmp(&self.0)
    }
}

/// What requests experienced.
struct Measured {
    waits: Vec<f64>,
    responses: Vec<f64>,
}

impl Measured {
    fn new(mut waits: Vec<f64>, mut responses: Vec<f64>) -> Self {
        waits.sort_by(f64::total_cmp);
        responses.sort_by(f64::total_cmp);
        Self { waits, responses }
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn at(sorted: &[f64], quantile: f64) -> f64 {
    sorted[(sorted.len() as f64 * quantile) as usize]
}

/// First come, first served, Poisson arrivals.
fn queue_for_servers(arrivals: f64, servers: usize, service: impl Fn(&mut Random) -> f64) -> Measured {
    let mut random = Random::new(42);
    let mut free: BinaryHeap<Earliest> = (0..servers).map(|_| Earliest(0.0, 0.0)).collect();
    let mut now = 0.0;
    let (mut waits, mut responses) = (Vec::new(), Vec::new());
    for _ in 0..requests(arrivals / servers as f64) {
        now += random.exponential(1.0 / arrivals);
        let starts = free.pop().unwrap().0.max(now);
        let ends = starts + service(&mut random);
        free.push(Earliest(ends, 0.0));
        waits.push(starts - now);
        responses.push(ends - now);
    }
    Measured::new(waits, responses)
}

/// All present are served in equal parts, Poisson arrivals.
fn share_a_server(arrivals: f64, service: impl Fn(&mut Random) -> f64) -> Measured {
    let mut random = Random::new(7);
    // Service that each of those present has had so far if present from the beginning; a request leaves
    // when it has grown by its own.
    let mut had = 0.0;
    let mut present: BinaryHeap<Earliest> = BinaryHeap::new();
    let (mut now, mut arrival) = (0.0, random.exponential(1.0 / arrivals));
    let mut responses = Vec::new();
    while responses.len() < requests(arrivals) {
        let leaves = present.peek().map_or(f64::INFINITY, |next| now + (next.0 - had) * present.len() as f64);
        if leaves <= arrival {
            let request = present.pop().unwrap();
            responses.push(leaves - request.1);
            (had, now) = (request.0, leaves);
        } else {
            had += if present.is_empty() { 0.0 } else { (arrival - now) / present.len() as f64 };
            now = arrival;
            present.push(Earliest(had + service(&mut random), now));
            arrival += random.exponential(1.0 / arrivals);
        }
    }
    Measured::new(Vec::new(), responses)
}

fn assert_near(law: f64, simulated: f64, what: &str) {
    assert!((law / simulated - 1.0).abs() < SAMPLING, "{what}: law {law}, simulated {simulated}");
}

fn exponential(random: &mut Random) -> f64 {
    random.exponential(1.0)
}

#[test]
fn mmc_is_as_simulated() {
    for (servers, load) in [(1, 0.5), (1, 0.8), (4, 0.5), (4, 0.8)] {
        let arrivals = load * f64::from(servers);
        let law = MMc::new(Rate::per_second(arrivals), Seconds::new(1.0), servers).unwrap();
        let measured = queue_for_servers(arrivals, servers as usize, exponential);
        let what = format!("{servers} servers at {load}");
        assert_near(law.mean_wait().as_seconds(), mean(&measured.waits), &what);
        assert_near(law.mean_response().as_seconds(), mean(&measured.responses), &what);
        for quantile in [0.5, 0.9, 0.99] {
            let share = Share::new(quantile).unwrap();
            assert_near(law.response_quantile(share).as_seconds(), at(&measured.responses, quantile), &what);
        }
        let share = Share::literal(0.95);
        assert_near(law.wait_quantile(share).as_seconds(), at(&measured.waits, 0.95), &what);
    }
}

#[test]
fn sharing_is_as_simulated_and_indifferent_to_the_distribution() {
    for load in [0.5, 0.8] {
        let law = MG1Ps::new(Rate::per_second(load), Seconds::new(1.0)).unwrap();
        let expected = law.mean_response().as_seconds();
        let two_kinds = |random: &mut Random| {
            let mean = if random.uniform() < 0.9 { 0.5 } else { 5.5 };
            random.exponential(mean)
        };
        assert_near(expected, mean(&share_a_server(load, two_kinds).responses), "hyperexponential");
        let constant = share_a_server(load, |_| 1.0);
        assert_near(expected, mean(&constant.responses), "constant");
        let measured = share_a_server(load, exponential);
        assert_near(expected, mean(&measured.responses), "exponential");
        for quantile in [0.5, 0.9, 0.99] {
            let time = law.response_quantile(Share::new(quantile).unwrap()).as_seconds();
            assert_near(time, at(&measured.responses, quantile), &format!("{quantile} at {load}"));
        }
        // Steadier service than exponential has the shorter tail: the law is on the safe side.
        let tail = law.response_quantile(Share::literal(0.99)).as_seconds();
        assert!(at(&constant.responses, 0.99) < tail);
    }
}

#[test]
fn constant_service_on_one_and_more_servers_is_as_simulated() {
    for (servers, load) in [(1, 0.5), (1, 0.8), (2, 0.8)] {
        let arrivals = load * f64::from(servers);
        let law = GGc::new(Rate::per_second(arrivals), Seconds::new(1.0), servers, 1.0, 0.0).unwrap();
        let measured = queue_for_servers(arrivals, servers as usize, |_| 1.0);
        assert_near(law.mean_wait().as_seconds(), mean(&measured.waits), &format!("{servers} servers at {load}"));
    }
}
