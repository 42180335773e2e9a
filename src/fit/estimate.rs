//! The whole way from rows to a law with intervals: fit, resample, and set the spread.

use super::choose::{Choice, Kept};
use super::intervals::intervals;
use super::problem::{Problem, with_ends};
use super::regression::{FINE, Solution, solve};
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
    let (choice, solution) = decided(problem, choice);
    let ends = intervals(problem, &choice.free, &solution, resamples, seed);
    let fitted = with_ends(problem, &choice.free, &solution.values, &ends);
    let spread = spread(problem, &choice.free, &solution, &fitted, seed);
    Estimated { choice, solution, fitted, spread }
}

/// The fit without coefficients that have no effect where it ends, such as a rate beyond every rate of the rows.
fn decided<'a>(problem: &'a Problem<'a>, mut choice: Choice) -> (Choice, Solution<'a>) {
    loop {
        let (solution, undecided) = sought(problem, &choice);
        if undecided.is_empty() {
            return (choice, solution);
        }
        choice.free.retain(|place| !undecided.contains(place));
        choice.kept.extend(undecided.into_iter().map(|place| (place, Kept::Undecided)));
        choice.kept.sort_by_key(|(place, _)| *place);
    }
}

/// The fit from the first start that leaves no coefficient without effect, and those without; from one start a
/// straight line may lead to nothing where from another it does not.
fn sought<'a>(problem: &'a Problem<'a>, choice: &Choice) -> (Solution<'a>, Vec<usize>) {
    let from = |start: &Vec<f64>| {
        let solution = solve(problem, &choice.free, start, FINE);
        let undecided = solution.linear.without_effect();
        let undecided: Vec<usize> = undecided.iter().filter_map(|place| choice.free.get(*place).copied()).collect();
        (solution, undecided)
    };
    let mut first = None;
    for start in &choice.starts {
        let found = from(start);
        if found.1.is_empty() {
            return found;
        }
        first.get_or_insert(found);
    }
    first.unwrap_or_else(|| from(&problem.start()))
}

impl Estimated<'_> {
    /// The card of the problem with what was fitted.
    pub fn card(&self, problem: &Problem<'_>) -> ModelCard {
        let mut replaced = self.fitted.clone();
        replaced.extend(self.spread.coefficient(problem));
        problem.card.with_coefficients(&replaced).unwrap_or_else(|_| problem.card.clone())
    }
}
