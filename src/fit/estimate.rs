//! The whole way from rows to a law with intervals: fit, resample, and set the spread.

use super::choose::Choice;
use super::intervals::intervals;
use super::problem::{Problem, with_ends};
use super::regression::{Solution, solve};
use super::spread::{Spread, spread};
use crate::card::ModelCard;
use crate::model::Coefficient;

/// A law fitted to the rows of a problem.
pub(super) struct Estimated<'a> {
    /// What was free and what was not.
    pub choice: Choice,
    /// The fit itself.
    pub solution: Solution<'a>,
    /// Free coefficients with their intervals, in the order of the law.
    pub fitted: Vec<Coefficient>,
    /// What the law leaves open.
    pub spread: Spread,
}

/// Fits a problem; `resamples` decide how finely its intervals are known.
pub(super) fn estimate<'a>(problem: &'a Problem<'a>, choice: Choice, resamples: usize, seed: u64) -> Estimated<'a> {
    let solution = solve(problem, &choice.free, &problem.start());
    let ends = intervals(problem, &choice.free, &solution, resamples, seed);
    let fitted = with_ends(problem, &choice.free, &solution.values, &ends);
    let spread = spread(problem, &choice.free, &solution, &fitted, seed);
    Estimated { choice, solution, fitted, spread }
}

impl Estimated<'_> {
    /// The card of the problem with what was fitted.
    pub fn card(&self, problem: &Problem<'_>) -> ModelCard {
        let mut replaced = self.fitted.clone();
        replaced.extend(self.spread.coefficient(problem));
        problem.card.with_coefficients(&replaced).unwrap_or_else(|_| problem.card.clone())
    }
}
