//! What a law leaves open: the spread with which its intervals hold.
//!
//! **Conformal.** Every row is predicted by a fit that has not seen it, by cross-validation over groups where
//! there are several and over rows where there is one. The spread is the smallest with which nine in ten of
//! these rows, and one more for the next, lie in their interval (split conformal prediction, Lei et al. 2018).

use super::intervals::SEVERAL_GROUPS;
use super::numbers::Numbers;
use super::problem::{Problem, with_ends};
use super::regression::{COARSE, Solution, solve};
use crate::card::{Interval, predict};
use crate::model::Coefficient;

/// Most folds of the cross-validation.
const MOST_FOLDS: usize = 10;
/// Share of rows that intervals shall hold, and the shares that bound the spread itself.
const SHARES: [f64; 3] = [0.8, 0.9, 0.975];
/// Least spread: no law is better than this.
const LEAST: f64 = 1e-3;
/// Largest spread that a law can use.
const MOST: f64 = 1.0;
/// Spread with which the part of the coefficients alone is seen.
const NONE: f64 = 1e-6;

/// The spread of a law.
pub(super) struct Spread {
    /// Lower end, value and upper end.
    pub ends: [f64; 3],
    /// Whether even the largest spread holds too few rows.
    pub clipped: bool,
}

impl Spread {
    /// The coefficient of the card.
    pub fn coefficient(&self, problem: &Problem<'_>) -> Option<Coefficient> {
        let [lower, value, upper] = self.ends;
        Some(Coefficient { lower, value, upper, ..problem.law.spread(problem.card)? })
    }
}

/// The spread of a fit, from rows that are left out in turn.
pub(super) fn spread(
    problem: &Problem<'_>,
    free: &[usize],
    solution: &Solution<'_>,
    fitted: &[Coefficient],
    seed: u64,
) -> Spread {
    let folds = folds(problem, seed);
    let count = folds.iter().max().map_or(0, |last| last + 1);
    let mut needed: Vec<f64> = Vec::with_capacity(problem.rows.len());
    for fold in 0..count {
        let is_left_out = |row: usize| folds.get(row) == Some(&fold);
        let others = problem.with(|row| !is_left_out(row));
        if others.rows.is_empty() {
            continue;
        }
        let values = solve(&others, free, &solution.values, COARSE).values;
        // A coefficient is as sure in the fold as it is in the whole.
        let ends: Vec<(f64, f64)> = fitted
            .iter()
            .zip(free)
            .map(|(whole, place)| {
                let moved = values.get(*place).copied().unwrap_or(0.0) - whole.value;
                let (least, most) = whole.domain;
                ((whole.lower + moved).clamp(least, most), (whole.upper + moved).clamp(least, most))
            })
            .collect();
        let mut coefficients = with_ends(problem, free, &values, &ends);
        coefficients.extend(Spread { ends: [NONE; 3], clipped: false }.coefficient(problem));
        let Ok(card) = problem.card.with_coefficients(&coefficients) else { continue };
        let left_out = problem.rows.iter().enumerate().filter(|(row, _)| is_left_out(*row));
        needed.extend(left_out.map(|(_, row)| spread_needed(row.measured, predict(&card, &row.conditions))));
    }
    needed.sort_by(f64::total_cmp);
    let ends = SHARES.map(|share| conformal(&needed, share));
    Spread { ends: ends.map(|end| end.clamp(LEAST, MOST)), clipped: ends[1] > MOST }
}

/// Which fold leaves a row out.
fn folds(problem: &Problem<'_>, seed: u64) -> Vec<usize> {
    let several = problem.groups.len() >= SEVERAL_GROUPS;
    let units = if several { problem.groups.len() } else { problem.rows.len() };
    let mut fold = vec![0; units];
    for (place, unit) in Numbers::new(seed).shuffled(units).into_iter().enumerate() {
        if let Some(cell) = fold.get_mut(unit) {
            *cell = place % MOST_FOLDS.min(units);
        }
    }
    if several { problem.group.iter().map(|group| fold.get(*group).copied().unwrap_or(0)).collect() } else { fold }
}

/// The spread that would bring a row into its interval: laws add squares of what their coefficients leave open and
/// of the spread.
fn spread_needed(measured: f64, predicted: Interval) -> f64 {
    let missed = (measured - predicted.value).abs();
    let end = if measured < predicted.value { predicted.lower } else { predicted.upper };
    let known = (end - predicted.value).abs();
    let open = (missed.powi(2) - known.powi(2)).max(0.0).sqrt();
    if predicted.value > 0.0 { open / predicted.value } else { f64::INFINITY }
}

/// The quantile of sorted numbers that also holds for the next one.
fn conformal(sorted: &[f64], share: f64) -> f64 {
    let place = ((sorted.len() as f64 + 1.0) * share).ceil() as usize;
    sorted.get(place.clamp(1, sorted.len().max(1)) - 1).copied().unwrap_or(MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quantile_leaves_room_for_the_next_row() {
        let numbers: Vec<f64> = (1..=19).map(f64::from).collect();
        for (share, expected) in [(0.5, 10.0), (0.9, 18.0), (0.95, 19.0), (0.99, 19.0)] {
            assert_eq!(conformal(&numbers, share), expected, "{share}");
        }
        assert_eq!(conformal(&[], 0.9), MOST);
    }

    #[test]
    fn a_row_in_its_interval_needs_no_spread() {
        let predicted = Interval { lower: 90.0, value: 100.0, upper: 130.0 };
        for (measured, expected) in [(100.0, 0.0), (95.0, 0.0), (130.0, 0.0), (150.0, 0.4), (80.0, 0.1732)] {
            assert!((spread_needed(measured, predicted) - expected).abs() < 1e-4, "{measured}");
        }
    }
}
