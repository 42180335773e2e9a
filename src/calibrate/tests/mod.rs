//! Load generator and backend against each other, without a proxy, and what is left to do.

use std::time::{Duration, Instant};

use super::backend::Backend;
use super::load::{Answers, Load};
use super::patience::Patience;
use super::*;
use crate::units::Bytes;

const FOREVER: Duration = Duration::from_mins(10);

fn answers(load: Load) -> Answers {
    let patience = Patience { deadline: Instant::now() + FOREVER, interrupted: &|| false };
    load.start().unwrap().finish(patience).unwrap()
}

fn load(backend: &Backend) -> Load {
    let (warm_up, window) = (Duration::from_millis(200), Duration::from_secs(2));
    Load { target: backend.address(), connections: 8, rps: 500, warm_up, window, arrivals: Arrivals::Even }
}

#[test]
fn every_request_of_the_window_is_due_once_and_answered() {
    let backend = Backend::start(Bytes::new(1024)).unwrap();
    let answers = answers(load(&backend));
    // The rate is kept by counting: 1000 requests are due in two seconds however late the answers are.
    assert_eq!((answers.latencies.len(), answers.failures), (1000, 0));
    assert!(answers.elapsed >= Duration::from_secs(2));
    // On a machine that is not frozen for long the rate is kept within 2 %; a late end is what it is.
    assert!(answers.rate() <= 500.0 * 1.02);
    let lateness = answers.elapsed.as_secs_f64() / 2.0;
    assert!((answers.rate() * lateness - 500.0).abs() < 500.0 * 0.02);
}

#[test]
fn a_slow_answer_also_counts_for_the_requests_behind_it() {
    // One connection to a server that answers the first request after 400 ms: at 100 requests per second the
    // next forty are late as well, each 10 ms less.
    let server = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let target = server.local_addr().unwrap();
    let serving = std::thread::spawn(move || {
        let (stream, _) = server.accept().unwrap();
        let mut reader = std::io::BufReader::new(&stream);
        let mut first = true;
        while let Ok(Some(_)) = http::Head::read(&mut reader) {
            if std::mem::take(&mut first) {
                std::thread::sleep(Duration::from_millis(400));
            }
            std::io::Write::write_all(&mut &stream, b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
        }
    });
    let window = Duration::from_millis(600);
    let answers =
        answers(Load { target, connections: 1, rps: 100, warm_up: Duration::ZERO, window, arrivals: Arrivals::Even });
    serving.join().unwrap();
    assert_eq!(answers.latencies.len(), 60);
    let late = |at_least: Duration| {
        let micros = at_least.as_micros() as u64;
        answers
            .latencies
            .iter_recorded()
            .filter(|value| value.value_iterated_to() >= micros)
            .map(|value| value.count_at_value())
            .sum::<u64>()
    };
    // Without correction one request would be late. A busy host makes more late, never fewer.
    assert!(late(Duration::from_millis(390)) >= 1);
    assert!(late(Duration::from_millis(195)) >= 20, "{}", late(Duration::from_millis(195)));
}

#[test]
fn bodies_of_every_size_come_whole() {
    for size in [0, 1, 1024, 102_400] {
        let backend = Backend::start(Bytes::new(size)).unwrap();
        let load = Load {
            connections: 2,
            rps: 50,
            warm_up: Duration::ZERO,
            window: Duration::from_millis(200),
            ..load(&backend)
        };
        assert_eq!(answers(load).latencies.len(), 10, "{size}");
    }
}

#[test]
fn a_backend_that_is_gone_is_said() {
    let backend = Backend::start(Bytes::new(0)).unwrap();
    let load = load(&backend);
    drop(backend);
    let error = load.start().err().unwrap().to_string();
    assert!(error.contains("no connection to 127.0.0.1"), "{error}");
}

#[test]
fn a_server_that_refuses_is_said() {
    let server = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let target = server.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in server.incoming() {
            let stream = stream.unwrap();
            let _ = http::Head::read(&mut std::io::BufReader::new(&stream));
            let _ = std::io::Write::write_all(&mut &stream, b"HTTP/1.1 503 no\r\ncontent-length: 0\r\n\r\n");
        }
    });
    let window = Duration::from_millis(200);
    let load = Load { target, connections: 1, rps: 20, warm_up: Duration::ZERO, window, arrivals: Arrivals::Ticks };
    let patience = Patience { deadline: Instant::now() + FOREVER, interrupted: &|| false };
    let error = load.start().unwrap().finish(patience).unwrap_err().to_string();
    assert!(error.contains("503"), "{error}");
}

#[test]
fn an_interruption_ends_the_wait() {
    let backend = Backend::start(Bytes::new(0)).unwrap();
    let running = Load { window: FOREVER, ..load(&backend) }.start().unwrap();
    let patience = Patience { deadline: Instant::now() + FOREVER, interrupted: &|| true };
    assert!(matches!(running.finish(patience), Err(CalibrateError::Interrupted)));
    let patience = Patience { deadline: Instant::now(), interrupted: &|| false };
    assert!(matches!(patience.until(Instant::now() + FOREVER), Err(CalibrateError::OutOfTime)));
}

#[test]
fn what_was_measured_is_left_out_as_often_as_it_was() {
    let wanted = Wanted { memory: true, paced: true, most_rps: 6000, arrivals: Arrivals::Even };
    let points = sweep(wanted, Pace::within(FOREVER));
    let (all, none) = left_to_do(points.clone(), BTreeMap::new());
    assert_eq!((all.len(), none), (points.len(), 0));
    let first: BTreeMap<Point, usize> = [(points[0], 2), (points[3], 1)].into();
    let (left, known) = left_to_do(points.clone(), first);
    assert_eq!(known, 3);
    assert_eq!(left.len() + 3, points.len());
    assert_eq!(
        left.iter().filter(|point| **point == points[0]).count() + 2,
        points.iter().filter(|point| **point == points[0]).count()
    );
    let every: BTreeMap<Point, usize> = points.iter().map(|point| (*point, 100)).collect();
    assert_eq!(left_to_do(points, every).0, []);
}

#[test]
fn a_budget_for_nothing_says_what_is_needed() {
    let pace = Pace::within(Duration::from_secs(5));
    let points = sweep(Wanted { memory: true, paced: true, most_rps: 6000, arrivals: Arrivals::Even }, pace);
    let error = check_budget(Duration::from_secs(5), &points, pace).unwrap_err().to_string();
    assert!(error.contains("a budget of 5 s is too small: the first 4 points take about"), "{error}");
    check_budget(Duration::from_mins(1), &points, pace).unwrap();
    check_budget(Duration::ZERO, &[], pace).unwrap();
}

#[test]
fn ticks_bring_requests_together_and_keep_the_rate() {
    let target = std::net::SocketAddr::from(([127, 0, 0, 1], 1));
    let load =
        |arrivals| Load { target, connections: 1, rps: 4000, warm_up: Duration::ZERO, window: FOREVER, arrivals };
    let due = |arrivals| -> Vec<u128> { (0..9).map(|request| load(arrivals).due(request).as_micros()).collect() };
    assert_eq!(due(Arrivals::Even), [0, 250, 500, 750, 1000, 1250, 1500, 1750, 2000]);
    assert_eq!(due(Arrivals::Ticks), [0, 1000, 1000, 1000, 1000, 2000, 2000, 2000, 2000]);
}
