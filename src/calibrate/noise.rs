//! How much a run's figures vary when it is repeated.

use std::collections::BTreeMap;

use super::findings::RUNS_DIFFER;
use super::point::Point;
use super::rows::PacedRow;
use crate::finding::Finding;

/// What repeated runs say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// Points that were measured more than once, with proxies.
    pub points: usize,
    /// Typical difference between the largest and the least CPU of a point, as a share of their mean: the median
    /// over points.
    pub cpu: f64,
    /// The same of the median response time.
    pub p50: f64,
    /// The same of the 99th percentile.
    pub p99: f64,
}

/// Difference in CPU above which repeated runs are called different.
const DIFFERENT: f64 = 0.15;

/// Compares runs of the same point; `None` where none was repeated.
pub(super) fn noise(rows: &[&PacedRow]) -> Option<Noise> {
    let mut points: BTreeMap<Point, Vec<&PacedRow>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.proxies_cpu_milli() > 0.0) {
        if let Some(point) = row.point() {
            points.entry(point).or_default().push(row);
        }
    }
    points.retain(|_, runs| runs.len() > 1);
    if points.is_empty() {
        return None;
    }
    let typical = |figure: fn(&PacedRow) -> f64| median(points.values().map(|runs| range(runs, figure)).collect());
    Some(Noise {
        points: points.len(),
        cpu: typical(PacedRow::proxies_cpu_milli),
        p50: typical(|row| row.p50_us as f64),
        p99: typical(|row| row.p99_us as f64),
    })
}

impl Noise {
    /// A finding when it is large.
    pub(super) fn finding(&self) -> Option<Finding> {
        let Self { points, cpu, .. } = *self;
        let message = || format!("by {:.0} % in CPU at the median of {points} repeated points", cpu * 100.0);
        (cpu > DIFFERENT).then(|| Finding::new(&RUNS_DIFFER, "runs", message()).counted(points as u64))
    }
}

/// Largest less least, as a share of the mean.
fn range(runs: &[&PacedRow], figure: fn(&PacedRow) -> f64) -> f64 {
    let figures = || runs.iter().map(|run| figure(run));
    let mean = figures().sum::<f64>() / runs.len() as f64;
    let (least, most) = (figures().fold(f64::INFINITY, f64::min), figures().fold(0.0, f64::max));
    if mean > 0.0 { (most - least) / mean } else { 0.0 }
}

/// The middle one, or the mean of the two in the middle.
fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    let middle = |offset: usize| figures.get(figures.len().saturating_sub(offset) / 2).copied().unwrap_or(0.0);
    f64::midpoint(middle(0), middle(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(rps: u32, cpu: f64, p50: u64) -> PacedRow {
        let (path, arrivals) = ("client+server proxy".to_owned(), "even".to_owned());
        PacedRow {
            path,
            arrivals,
            target_rps: rps,
            client_proxy_cpu_milli: cpu,
            p50_us: p50,
            p99_us: 100,
            ..PacedRow::default()
        }
    }

    #[test]
    fn only_repeated_points_tell() {
        let rows = [run(10, 90.0, 100), run(10, 110.0, 100), run(20, 1.0, 1), run(30, 100.0, 90), run(30, 100.0, 110)];
        let noise = noise(&rows.iter().collect::<Vec<_>>()).unwrap();
        assert_eq!(noise.points, 2);
        assert!((noise.cpu - 0.1).abs() < 1e-12 && (noise.p50 - 0.1).abs() < 1e-12 && noise.p99 == 0.0, "{noise:?}");
        assert_eq!(noise.finding(), None);
        assert_eq!(super::noise(&[&run(10, 1.0, 1)]), None);
        let loud = super::noise(&[&run(10, 50.0, 1), &run(10, 100.0, 1)]).unwrap();
        assert_eq!(loud.finding().unwrap().kind.id, "runs-differ");
    }

    #[test]
    fn the_median_of_even_and_odd() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(vec![5.0]), 5.0);
    }
}
