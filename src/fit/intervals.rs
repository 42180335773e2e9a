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
    let mut numbers = Numbers::new(seed);
    let mut drawn: Vec<Vec<f64>> = vec![Vec::with_capacity(resamples); free.len()];
    for _ in 0..resamples {
        let times = resample(problem, &mut numbers);
        for (values, value) in drawn.iter_mut().zip(solution.linear.resampled(&times, solution.scale)) {
            values.push(value);
        }
    }
    let (rows, used) = (problem.rows.len() as f64, (free.len() + problem.speeds()) as f64);
    let lost = (rows / (rows - used).max(1.0)).sqrt();
    let (fastest, slowest) = speed_range(&solution.speeds);
    free.iter()
        .zip(drawn)
        .map(|(place, mut values)| {
            let value = solution.values.get(*place).copied().unwrap_or(0.0);
            let Some(coefficient) = problem.coefficients.get(*place) else { return (value, value) };
            values.sort_by(f64::total_cmp);
            let end = |share: f64| value + lost * (quantile(&values, share) - value);
            let (mut lower, mut upper) = (end(ENDS.0).min(value), end(ENDS.1).max(value));
            if is_amount(coefficient) {
                (lower, upper) = (lower * fastest, upper * slowest);
            }
            (lower.max(coefficient.domain.0).min(value), upper.min(coefficient.domain.1).max(value))
        })
        .collect()
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
