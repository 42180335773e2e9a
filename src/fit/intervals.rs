//! How sure a coefficient is: seeded bootstrap.
//!
//! Whole groups are drawn where there are several, for the rows of one share what is odd about it; rows where
//! there is one environment. Each resample is fitted by the linearised law. Coefficients in cores also hold the
//! speeds of the groups: the interval then says where an environment like those measured lies.

use super::numbers::Numbers;
use super::problem::{Problem, is_amount};
use super::regression::Solution;

/// Groups from which on groups are drawn rather than rows.
pub(super) const SEVERAL_GROUPS: usize = 3;
/// Ends of a 90 % interval.
const ENDS: (f64, f64) = (0.05, 0.95);

/// The 90 % interval of every free coefficient.
pub(super) fn intervals(
    problem: &Problem<'_>,
    free: &[usize],
    solution: &Solution<'_>,
    resamples: usize,
    seed: u64,
) -> Vec<(f64, f64)> {
    let drawn = drawn(problem, solution, resamples, seed, true);
    let at_bound = |place: &usize| {
        let (value, domain) = (solution.values.get(*place)?, problem.coefficients.get(*place)?.domain);
        Some(*value == domain.0 || *value == domain.1)
    };
    let stuck = free.iter().any(|place| at_bound(place) == Some(true));
    let unbounded = if stuck { self::drawn(problem, solution, resamples, seed, false) } else { drawn.clone() };
    let (rows, used) = (problem.rows.len() as f64, (free.len() + problem.speeds()) as f64);
    let lost = (rows / (rows - used).max(1.0)).sqrt();
    let (fastest, slowest) = speed_range(&solution.speeds);
    free.iter()
        .zip(drawn.iter().zip(&unbounded))
        .map(|(place, (bounded, unbounded))| {
            let value = solution.values.get(*place).copied().unwrap_or(0.0);
            let Some(coefficient) = problem.coefficients.get(*place) else { return (value, value) };
            let (mut lower, mut upper) = if at_bound(place) == Some(true) {
                // How far noise takes it, from the middle of where it takes it.
                let middle = quantile(unbounded, 0.5);
                let end = |share: f64| value + lost * (quantile(unbounded, share) - middle);
                (end(ENDS.0), end(ENDS.1))
            } else {
                (widened(value, quantile(bounded, ENDS.0), lost), widened(value, quantile(bounded, ENDS.1), lost))
            };
            if is_amount(coefficient) && value > 0.0 {
                (lower, upper) =
                    (value / both(value / lower.max(0.0), 1.0 / fastest), value * both(upper / value, slowest));
            }
            (lower.max(coefficient.domain.0).min(value), upper.min(coefficient.domain.1).max(value))
        })
        .collect()
}

/// The free coefficients of every resample, sorted one by one.
fn drawn(problem: &Problem<'_>, solution: &Solution<'_>, resamples: usize, seed: u64, bounded: bool) -> Vec<Vec<f64>> {
    let mut numbers = Numbers::new(seed);
    let mut drawn: Vec<Vec<f64>> = vec![Vec::with_capacity(resamples); solution.linear.free()];
    for _ in 0..resamples {
        let times = resample(problem, &mut numbers);
        for (values, value) in drawn.iter_mut().zip(solution.linear.resampled(&times, solution.scale, bounded)) {
            values.push(value);
        }
    }
    for values in &mut drawn {
        values.sort_by(f64::total_cmp);
    }
    drawn
}

/// An end of an interval moved outwards by a factor, in proportion where that is possible.
fn widened(value: f64, end: f64, by: f64) -> f64 {
    if value > 0.0 && end > 0.0 { value * (end / value).powf(by) } else { value + by * (end - value) }
}

/// Two independent factors of at least 1, together.
fn both(one: f64, other: f64) -> f64 {
    if !one.is_finite() {
        return f64::INFINITY;
    }
    one.max(1.0).ln().hypot(other.max(1.0).ln()).exp()
}

/// How often every row counts in one resample.
fn resample(problem: &Problem<'_>, numbers: &mut Numbers) -> Vec<f64> {
    let units = if problem.groups.len() >= SEVERAL_GROUPS { problem.groups.len() } else { problem.rows.len() };
    let mut times = vec![0.0; units];
    for _ in 0..units {
        if let Some(cell) = times.get_mut(numbers.below(units)) {
            *cell += 1.0;
        }
    }
    if problem.groups.len() >= SEVERAL_GROUPS {
        return problem.group.iter().map(|group| times.get(*group).copied().unwrap_or(0.0)).collect();
    }
    times
}

/// Factors of the fastest and the slowest group; nine in ten of them where there are many.
fn speed_range(speeds: &[f64]) -> (f64, f64) {
    let mut sorted = speeds.to_vec();
    sorted.sort_by(f64::total_cmp);
    (quantile(&sorted, ENDS.0).min(0.0).exp(), quantile(&sorted, ENDS.1).max(0.0).exp())
}

/// The sorted number that a share of them does not exceed, the outer one where it falls between two; 0 for none.
pub(super) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let place = last as f64 * share;
    let place = if share < 0.5 { place.floor() } else { place.ceil() };
    sorted.get((place as usize).min(last)).copied().unwrap_or(0.0)
}
