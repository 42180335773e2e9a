//! Which points are measured, and in which order: any beginning of the list is a useful sweep.

use std::time::Duration;

use super::point::{Arrivals, MemoryPoint, Pace, PacedPoint, Path, Point};
use crate::units::Bytes;

/// What of a proxy is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Memory against configuration.
    pub memory: bool,
    /// CPU and response times against the rate.
    pub paced: bool,
    /// Highest rate that is tried, in requests per second.
    pub most_rps: u32,
    /// When requests are due.
    pub arrivals: Arrivals,
}

/// Rounds over the whole grid: what is repeated tells how much figures vary from run to run.
const ROUNDS: usize = 3;

/// The points of a sweep, most telling first: the ends of every axis, then what lies between them, then
/// everything again. Time is shared evenly between memory and CPU for as long as both have points.
#[must_use]
pub fn sweep(wanted: Wanted, pace: Pace) -> Vec<Point> {
    let memory: Vec<Point> = if wanted.memory { memory().map(Point::Memory).to_vec() } else { Vec::new() };
    let paced: Vec<Point> = if wanted.paced { paced(wanted) } else { Vec::new() };
    let round = interleaved(&memory, &paced, pace);
    let count = round.len() * ROUNDS;
    round.into_iter().cycle().take(count).collect()
}

/// Two lists as one, so that the time spent on them grows together; each keeps its order.
fn interleaved(memory: &[Point], paced: &[Point], pace: Pace) -> Vec<Point> {
    let (mut memory, mut paced) = (memory.iter().peekable(), paced.iter().peekable());
    let (mut on_memory, mut on_paced) = (Duration::ZERO, Duration::ZERO);
    let mut points = Vec::new();
    loop {
        let is_memory = match (memory.peek(), paced.peek()) {
            (None, None) => return points,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(_), Some(_)) => on_memory < on_paced,
        };
        let next = if is_memory { memory.next() } else { paced.next() };
        let Some(point) = next else { return points };
        *(if is_memory { &mut on_memory } else { &mut on_paced }) += point.cost(pace);
        points.push(*point);
    }
}

/// Memory: the ends of every axis first.
fn memory() -> [MemoryPoint; 37] {
    [
        config(1, 1, 1, 1, false, 2, 0),
        config(1000, 1, 1, 1000, true, 2, 0),
        config(1000, 10, 1, 1000, true, 2, 0),
        config(10, 1, 100, 10, false, 2, 0),
        config(10, 1, 1, 1000, false, 2, 0),
        config(1, 1, 1, 1, false, 2, 1000),
        config(1000, 1, 1, 1000, false, 2, 0),
        config(1000, 1, 1, 1000, true, 4, 0),
        config(100, 1, 1, 100, true, 2, 0),
        config(100, 3, 50, 100, true, 2, 0),
        config(1, 1, 1, 1, false, 8, 0),
        config(500, 10, 1, 500, true, 2, 0),
        config(3000, 3, 1, 3000, true, 2, 0),
        config(100, 3, 1, 100, true, 2, 1000),
        config(10, 1, 100, 10, false, 8, 0),
        config(10, 1, 1, 5000, false, 2, 0),
        config(200, 3, 1, 200, true, 2, 0),
        config(100, 100, 1, 100, true, 2, 0),
        config(1, 1, 1, 1, false, 2, 100),
        config(200, 3, 1, 200, true, 8, 0),
        config(500, 1, 1, 500, false, 2, 0),
        config(10, 1, 50, 10, false, 2, 0),
        config(1, 1, 1, 1, false, 1, 0),
        config(1000, 1, 1, 1000, true, 1, 0),
        config(1500, 4, 1, 1500, true, 2, 0),
        config(1, 1, 1, 1, false, 2, 500),
        config(50, 1, 1, 50, true, 2, 0),
        config(100, 10, 1, 100, true, 2, 0),
        config(500, 1, 1, 500, true, 2, 0),
        config(10, 1, 10, 10, false, 2, 0),
        config(100, 1, 1, 100, false, 2, 0),
        config(10, 1, 1, 10, true, 2, 0),
        config(1, 1, 1, 1, false, 4, 0),
        config(1, 1, 1, 1, false, 8, 1000),
        config(4000, 5, 1, 4000, true, 2, 0),
        config(300, 5, 200, 400, true, 4, 50),
        config(2000, 2, 60, 800, true, 2, 200),
    ]
}

fn config(
    clusters: u32,
    endpoints_per_cluster: u32,
    listeners: u32,
    virtual_hosts: u32,
    tls: bool,
    workers: u32,
    open_connections: u32,
) -> MemoryPoint {
    MemoryPoint { clusters, endpoints_per_cluster, listeners, virtual_hosts, tls, workers, open_connections }
}

/// What most runs have: mutual TLS, two workers, 16 connections, 1 KiB.
const USUAL: PacedPoint = PacedPoint {
    path: Path::Sidecars,
    tls: true,
    access_log: false,
    workers: 2,
    connections: 16,
    rps: 1000,
    payload: Bytes::new(1024),
    arrivals: Arrivals::Even,
};
const DIRECT: PacedPoint = PacedPoint { path: Path::Direct, tls: false, workers: 0, ..USUAL };
const PLAIN: PacedPoint = PacedPoint { tls: false, ..USUAL };
const LOGGED: PacedPoint = PacedPoint { access_log: true, ..USUAL };
const ONE_WORKER: PacedPoint = PacedPoint { workers: 1, ..USUAL };
const LARGE: Bytes = Bytes::new(102_400);

/// Rates around 1000 that the grid has, the widest first.
const RATES: [u32; 8] = [100, 4000, 10, 2000, 500, 50, 200, 6000];

/// Paced runs: what the host takes by itself, the usual arrangement, then what differs from it.
fn paced(wanted: Wanted) -> Vec<Point> {
    let at = |of: PacedPoint, rps: u32| PacedPoint { rps, ..of };
    let mut points = vec![
        DIRECT,
        USUAL,
        at(USUAL, 100),
        PLAIN,
        at(USUAL, 4000),
        LOGGED,
        at(USUAL, 10),
        // The first repeat comes early: without it nothing says how far figures can be trusted.
        USUAL,
        at(PLAIN, 100),
        at(USUAL, 2000),
        ONE_WORKER,
        PacedPoint { connections: 64, ..USUAL },
        PacedPoint { payload: LARGE, ..USUAL },
        at(PLAIN, 4000),
        at(USUAL, 500),
        at(LOGGED, 100),
        at(LOGGED, 4000),
        PacedPoint { connections: 4, ..USUAL },
    ];
    for rps in RATES {
        let rest = [USUAL, PLAIN, DIRECT, LOGGED, ONE_WORKER].map(|of| at(of, rps));
        points.extend(rest.into_iter().filter(|point| !points.contains(point)).collect::<Vec<_>>());
    }
    points.extend([
        PacedPoint { payload: LARGE, ..PLAIN },
        PacedPoint { payload: Bytes::new(10_240), ..USUAL },
        PacedPoint { payload: Bytes::new(0), ..USUAL },
        PacedPoint { connections: 256, ..USUAL },
        PacedPoint { connections: 64, ..at(USUAL, 3000) },
        PacedPoint { connections: 64, ..DIRECT },
    ]);
    let Wanted { most_rps, arrivals, .. } = wanted;
    let points = points.into_iter().filter(|point| point.rps <= most_rps);
    points.map(|point| Point::Paced(PacedPoint { arrivals, ..point })).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    const ALL: Wanted = Wanted { memory: true, paced: true, most_rps: 6000, arrivals: Arrivals::Even };

    fn pace() -> Pace {
        Pace::within(Duration::from_mins(10))
    }

    #[test]
    fn the_first_minute_varies_every_axis_that_matters_most() {
        let pace = Pace::within(Duration::from_mins(1));
        let mut spent = Duration::ZERO;
        let first: Vec<Point> = sweep(ALL, pace)
            .into_iter()
            .take_while(|point| {
                spent += point.cost(pace);
                spent <= Duration::from_mins(1)
            })
            .collect();
        let paced: Vec<_> =
            first.iter().filter_map(|point| if let Point::Paced(paced) = point { Some(paced) } else { None }).collect();
        let memory: Vec<_> = first
            .iter()
            .filter_map(|point| if let Point::Memory(memory) = point { Some(memory) } else { None })
            .collect();
        assert_eq!(paced[0].path, Path::Direct, "the noise of the host comes first");
        let distinct = |values: Vec<u32>| values.into_iter().collect::<BTreeSet<_>>().len();
        assert!(distinct(paced.iter().map(|point| point.rps).collect()) >= 2);
        assert!(distinct(memory.iter().map(|point| point.clusters).collect()) >= 2);
        assert!(distinct(memory.iter().map(|point| point.endpoints_per_cluster).collect()) >= 2);
        assert!(distinct(memory.iter().map(|point| point.listeners).collect()) >= 2);
    }

    #[test]
    fn within_a_round_only_the_noise_check_is_repeated() {
        let all = sweep(ALL, pace());
        let round = &all[..all.len() / ROUNDS];
        let distinct: BTreeSet<_> = round.iter().collect();
        assert_eq!(distinct.len() + 1, round.len());
        assert_eq!(&all[round.len()..2 * round.len()], round);
    }

    #[test]
    fn what_is_not_wanted_is_left_out() {
        assert!(sweep(Wanted { memory: false, ..ALL }, pace()).iter().all(|point| matches!(point, Point::Paced(_))));
        assert!(sweep(Wanted { paced: false, ..ALL }, pace()).iter().all(|point| matches!(point, Point::Memory(_))));
        let slow = sweep(Wanted { most_rps: 100, ..ALL }, pace());
        assert!(slow.iter().all(|point| !matches!(point, Point::Paced(paced) if paced.rps > 100)));
    }

    proptest! {
        #[test]
        fn time_is_shared_for_as_long_as_both_have_points(share in 0.05..0.5f64) {
            let points = sweep(ALL, pace());
            let round = points.len() / ROUNDS;
            let first = &points[..(round as f64 * share) as usize];
            let spent = |memory: bool| -> f64 {
                let of = first.iter().filter(|point| matches!(point, Point::Memory(_)) == memory);
                of.map(|point| point.cost(pace()).as_secs_f64()).sum()
            };
            let longest = points.iter().map(|point| point.cost(pace()).as_secs_f64()).fold(0.0, f64::max);
            prop_assert!((spent(true) - spent(false)).abs() <= longest + 1e-9);
        }
    }
}
