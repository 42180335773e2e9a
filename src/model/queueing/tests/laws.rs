//! One suite of laws for every queue.

use proptest::prelude::*;

use super::super::*;

/// Relative difference that rounding may make.
const TOLERANCE: f64 = 1e-9;
/// Relative difference that a limit may leave at its last step.
const NEAR: f64 = 1e-6;

fn assert_close(found: f64, expected: f64, what: &str) {
    let is_close = (found - expected).abs() <= TOLERANCE * expected.abs().max(f64::MIN_POSITIVE);
    assert!(is_close, "{what}: {found} is not {expected}");
}

/// What every queue obeys whatever its arrival rate.
fn obeys_queueing_laws(queue: &impl Queue) {
    let littles_law = queue.arrivals() * queue.mean_response();
    assert_close(queue.mean_in_system(), littles_law, "Little's law");
    assert!(queue.mean_service() <= queue.mean_response(), "faster than one service");
    assert!(queue.mean_wait() >= Seconds::ZERO, "negative wait");
    for figure in [queue.mean_wait().as_seconds(), queue.mean_in_system(), queue.arrivals().as_per_second()] {
        assert!(figure.is_finite(), "{figure}");
    }
}

/// What a family of queues obeys as its arrival rate grows: `queue_at` takes the offered load as a share
/// of what its servers can do.
fn obeys_queueing_laws_at_every_load<Q: Queue>(queue_at: impl Fn(f64) -> Result<Q, QueueError>) {
    let mut previous = Seconds::ZERO;
    for load in [0.0, 1e-12, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.999_999] {
        let queue = queue_at(load).unwrap();
        obeys_queueing_laws(&queue);
        assert!(queue.mean_response() >= previous * (1.0 - TOLERANCE), "faster at a load of {load}");
        previous = queue.mean_response();
    }
    let idle = queue_at(1e-9).unwrap();
    assert!(idle.mean_wait() / idle.mean_service() < NEAR, "an idle queue waits");
    assert!(idle.utilization().get() < NEAR, "an idle queue is busy");
}

/// Near saturation `(1 − ρ) W_q` tends to a limit above 0, and at saturation there is no queue.
fn runs_away_at_saturation<Q: Queue>(queue_at: impl Fn(f64) -> Result<Q, QueueError>) {
    let scaled_wait = |idle: f64| {
        let queue = queue_at(1.0 - idle).unwrap();
        queue.mean_wait() / queue.mean_service() * idle
    };
    let (near, nearer) = (scaled_wait(1e-8), scaled_wait(1e-10));
    assert!(nearer > 0.0 && (near / nearer - 1.0).abs() < 1e-3, "{near} {nearer}");
    for load in [1.0, 1.5, 1e3] {
        assert!(matches!(queue_at(load), Err(QueueError::Unstable { .. })), "stable at a load of {load}");
    }
}

/// A distribution of response times: falls from 1, its quantiles rise and invert it, and its area is the
/// mean.
fn has_a_response_distribution(queue: &impl ResponseTail) {
    let mut previous = Seconds::ZERO;
    for quantile in [0.0, 0.01, 0.5, 0.9, 0.99, 0.999, 0.999_999] {
        let time = queue.response_quantile(Share::literal(quantile));
        assert!(time >= previous, "quantiles fall at {quantile}");
        let beyond = queue.response_longer_than(time).get();
        assert!((beyond / (1.0 - quantile) - 1.0).abs() < NEAR, "{quantile}: {beyond}");
        previous = time;
    }
    assert_eq!(queue.response_longer_than(Seconds::ZERO).get(), 1.0);
    assert_eq!(queue.response_longer_than(Seconds::new(-1.0)).get(), 1.0);
    // ∫ P(R > t) dt by Simpson's rule, out to where nothing is left.
    const PARTS: u32 = 1_000;
    let end = queue.response_quantile(Share::literal(0.999_999_999)).as_seconds();
    let step = end / f64::from(PARTS);
    let weighted = |index: u32| {
        let weight = if index == 0 || index == PARTS { 1.0 } else { f64::from(2 + 2 * (index % 2)) };
        weight * queue.response_longer_than(Seconds::new(step * f64::from(index))).get()
    };
    let area = (0..=PARTS).map(weighted).sum::<f64>() * step / 3.0;
    assert!((area / queue.mean_response().as_seconds() - 1.0).abs() < 1e-3, "{area} {:?}", queue.mean_response());
}

const SERVICE: Seconds = Seconds::new(0.002);

fn rate(load: f64, servers: u32) -> Rate {
    Rate::per_second(load * f64::from(servers) / SERVICE.as_seconds())
}

#[test]
fn mmc() {
    for servers in [1, 2, 3, 10, 100, 1_000_000] {
        let queue_at = |load: f64| MMc::new(rate(load, servers), SERVICE, servers);
        obeys_queueing_laws_at_every_load(queue_at);
        runs_away_at_saturation(queue_at);
    }
    for (load, servers) in [(0.0, 1), (0.5, 1), (0.9, 1), (0.5, 2), (0.9, 5), (0.99, 50)] {
        has_a_response_distribution(&MMc::new(rate(load, servers), SERVICE, servers).unwrap());
    }
}

#[test]
fn mmck() {
    for (servers, capacity) in [(1, 1), (1, 10), (4, 4), (4, 5), (4, 100), (1_000, 1_000_000)] {
        let queue_at = |load: f64| MMcK::new(rate(load, servers), SERVICE, servers, capacity);
        obeys_queueing_laws_at_every_load(queue_at);
        // Beyond saturation it refuses the rest: throughput is that of its servers, the room is full.
        let crushed = queue_at(1e9).unwrap();
        obeys_queueing_laws(&crushed);
        assert!((crushed.arrivals() / rate(1.0, servers) - 1.0).abs() < NEAR);
        assert!((crushed.mean_in_system() / f64::from(capacity) - 1.0).abs() < NEAR);
    }
}

#[test]
fn mg1_ps() {
    let queue_at = |load: f64| MG1Ps::new(rate(load, 1), SERVICE);
    obeys_queueing_laws_at_every_load(queue_at);
    runs_away_at_saturation(queue_at);
    for load in [0.0, 0.3, 0.8, 0.95] {
        has_a_response_distribution(&queue_at(load).unwrap());
    }
}

#[test]
fn ggc() {
    for (servers, arrival_scv, service_scv) in [(1, 1.0, 1.0), (1, 0.2, 3.0), (8, 4.0, 0.0), (1_000, 0.5, 0.5)] {
        let queue_at = |load: f64| GGc::new(rate(load, servers), SERVICE, servers, arrival_scv, service_scv);
        obeys_queueing_laws_at_every_load(queue_at);
        runs_away_at_saturation(queue_at);
    }
}

#[test]
fn busiest_worker() {
    for (connections, workers) in [(1, 4), (2, 3), (17, 3), (1_000, 8)] {
        let share = WorkerImbalance::new(connections, workers).unwrap().mean_largest_share();
        let queue_at = |load: f64| BusiestWorker::new(rate(load, 1) / share.get(), SERVICE, share);
        obeys_queueing_laws_at_every_load(queue_at);
        has_a_response_distribution(&queue_at(0.7).unwrap());
    }
}

/// Positive numbers of any size within the range of the laws.
fn any_size() -> impl Strategy<Value = f64> {
    (-15.0..15.0_f64).prop_map(|exponent| 10f64.powf(exponent))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_stable_queue_obeys_the_laws(
        service in any_size(), load in 0.0..1.0_f64, servers in 1_u32..5_000, places in 0_u32..5_000,
        arrival_scv in 0.0..1e3_f64, service_scv in 0.0..1e3_f64, quantile in 0.0..0.999_999_9_f64,
    ) {
        let arrivals = Rate::per_second((load * f64::from(servers) / service).min(1e15));
        let service = Seconds::new(service);
        let quantile = Share::new(quantile).unwrap();
        let is_time = |time: Seconds| time.as_seconds().is_finite() && time >= Seconds::ZERO;
        if let Ok(queue) = MMc::new(arrivals, service, servers) {
            obeys_queueing_laws(&queue);
            prop_assert!(is_time(queue.wait_quantile(quantile)));
            prop_assert!(queue.response_quantile(quantile) >= queue.wait_quantile(quantile));
        }
        if let Ok(queue) = GGc::new(arrivals, service, servers, arrival_scv, service_scv) {
            obeys_queueing_laws(&queue);
            prop_assert!(is_time(queue.wait_quantile(quantile)));
        }
        let queue = MMcK::new(arrivals * (3.0 * load), service, servers, servers + places);
        if let Ok(queue) = queue {
            obeys_queueing_laws(&queue);
            prop_assert!(is_time(queue.wait_quantile(quantile)));
        }
        if let Ok(queue) = MG1Ps::new(arrivals / f64::from(servers), service) {
            obeys_queueing_laws(&queue);
            prop_assert!(is_time(queue.response_quantile(quantile)));
        }
    }

    #[test]
    fn no_number_makes_a_queue_panic(arrivals in any::<f64>(), service in any::<f64>(), servers in any::<u32>(),
                                     scv in any::<f64>(), connections in 0_u64..100_000) {
        let (rate, time) = (Rate::per_second(arrivals), Seconds::new(service));
        let servers = servers % 20_000;
        let _ = erlang_b(servers, arrivals);
        let _ = erlang_c(servers, arrivals);
        let _ = MMc::new(rate, time, servers).map(|queue| obeys_queueing_laws(&queue));
        let _ = MMcK::new(rate, time, servers, servers).map(|queue| obeys_queueing_laws(&queue));
        let _ = GGc::new(rate, time, servers, scv, scv).map(|queue| obeys_queueing_laws(&queue));
        let _ = MG1Ps::new(rate, time).map(|queue| queue.response_longer_than(time));
        let _ = Usl::new(rate, scv, service).map(|law| law.throughput(arrivals));
        let _ = WorkerImbalance::new(connections.min(300), servers % 64);
        let _ = CfsQuota::new(time, time).map(|quota| quota.burst_duration(Seconds::new(scv), servers));
    }
}
