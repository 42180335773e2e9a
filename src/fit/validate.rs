//! How well a law fitted to some rows predicts the others.
//!
//! Every judgement makes the whole way anew, intervals and spread included, from rows that leave out those which
//! are judged: a random quarter, and each group in turn.

use super::choose::choose;
use super::estimate::estimate;
use super::law::outside_range;
use super::numbers::Numbers;
use super::problem::Problem;
use super::range::observed;
use super::regression::speed;
use crate::card::{Measurement, ModelCard, predict};

/// Resamples behind intervals that are judged and then thrown away.
const RESAMPLES: usize = 100;
/// One row in so many is left out.
const LEFT_OUT: usize = 4;

/// Predicted against measured over rows that were not seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// Rows; at least 1.
    pub n: usize,
    /// Median of |predicted − measured| ÷ measured.
    pub median: f64,
    /// Largest |predicted − measured| ÷ measured.
    pub worst: f64,
    /// Median of (predicted − measured) ÷ measured; negative where too little is predicted.
    pub bias: f64,
    /// Share of rows inside the predicted 90 % interval, in [0, 1].
    pub coverage: f64,
}

/// A random quarter of the rows, predicted from the other three.
#[derive(Debug, Clone, PartialEq)]
pub struct Holdout {
    /// Rows it was fitted to.
    pub fitted_on: usize,
    /// Rows within the counts of those, as the card predicts them.
    pub within: Option<Score>,
    /// Rows with counts beyond those: extrapolations.
    pub beyond: Option<Score>,
    /// Rows within the counts, predicted with the speed of their own group; where groups have one.
    pub own_speed: Option<Score>,
}

/// A group, predicted from the others.
#[derive(Debug, Clone, PartialEq)]
pub struct LeftOut {
    /// Its name.
    pub group: String,
    /// Its rows.
    pub n: usize,
    /// How they were predicted; `None` where the others are too few to fit.
    pub score: Option<Score>,
}

/// A quarter of the rows against the rest; `None` where the rest is too small to be fitted.
pub(super) fn holdout(problem: &Problem<'_>, seed: u64) -> Option<Holdout> {
    let order = Numbers::new(seed).shuffled(problem.rows.len());
    let mut left_out = vec![false; problem.rows.len()];
    for row in order.into_iter().take(problem.rows.len() / LEFT_OUT) {
        if let Some(cell) = left_out.get_mut(row) {
            *cell = true;
        }
    }
    let is_left_out = |row: usize| left_out.get(row) == Some(&true);
    let seen = problem.with(|row| !is_left_out(row));
    let unseen = problem.with(is_left_out);
    let choice = choose(&seen);
    if unseen.rows.is_empty() || choice.points < choice.points_needed() || choice.free.is_empty() {
        return None;
    }
    let estimated = estimate(&seen, choice, RESAMPLES, seed);
    let card = observed(&estimated.card(&seen), &seen);
    let (within, beyond): (Vec<&Measurement>, Vec<&Measurement>) =
        unseen.rows.iter().copied().partition(|row| outside_range(&card, &row.conditions).is_empty());
    let speeds = &estimated.solution.speeds;
    let own = |row: &&Measurement| {
        let group = seen.groups.iter().position(|group| *group == row.group)?;
        speeds.get(group).map(|_| speed(speeds, group))
    };
    let known: Vec<(&Measurement, f64)> = within.iter().filter_map(|row| Some((*row, own(row)?))).collect();
    Some(Holdout {
        fitted_on: seen.rows.len(),
        within: score(&card, within.iter().map(|row| (*row, 1.0))),
        beyond: score(&card, beyond.iter().map(|row| (*row, 1.0))),
        own_speed: score(&card, known.into_iter()),
    })
}

/// Every group against the others; none where there is only one.
pub(super) fn left_out(problem: &Problem<'_>, seed: u64) -> Vec<LeftOut> {
    if problem.groups.len() < 2 {
        return Vec::new();
    }
    let judge = |(number, group): (usize, &&str)| {
        let is_own = |row: usize| problem.group.get(row) == Some(&number);
        let (own, others) = (problem.with(is_own), problem.with(|row| !is_own(row)));
        let choice = choose(&others);
        let enough = !choice.free.is_empty() && choice.points >= choice.points_needed();
        let score = enough.then(|| estimate(&others, choice, RESAMPLES, seed).card(&others));
        let score = score.and_then(|card| score_of(&card, &own));
        LeftOut { group: (*group).to_owned(), n: own.rows.len(), score }
    };
    problem.groups.iter().enumerate().map(judge).collect()
}

fn score_of(card: &ModelCard, problem: &Problem<'_>) -> Option<Score> {
    score(card, problem.rows.iter().map(|row| (*row, 1.0)))
}

/// How a card predicts rows, each multiplied by a factor that is known; `None` without rows.
fn score<'a>(card: &ModelCard, rows: impl Iterator<Item = (&'a Measurement, f64)>) -> Option<Score> {
    let (mut errors, mut covered) = (Vec::new(), 0_usize);
    for (row, factor) in rows {
        let predicted = predict(card, &row.conditions);
        errors.push(predicted.value * factor / row.measured - 1.0);
        covered += usize::from((predicted.lower * factor..=predicted.upper * factor).contains(&row.measured));
    }
    let n = errors.len();
    let sizes: Vec<f64> = errors.iter().map(|error| error.abs()).collect();
    (n > 0).then(|| Score {
        n,
        worst: sizes.iter().copied().fold(0.0, f64::max),
        median: median(sizes),
        bias: median(errors),
        coverage: covered as f64 / n as f64,
    })
}

/// The middle number, or the mean of the two in the middle; 0 for none.
fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let upper = numbers.get(numbers.len() / 2).copied().unwrap_or(0.0);
    let lower = numbers.get(numbers.len().saturating_sub(1) / 2).copied().unwrap_or(0.0);
    f64::midpoint(lower, upper)
}
