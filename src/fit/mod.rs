//! Model cards from measurements: what a mesh costs, decided by rows that say what was there and what it took.
//!
//! [`fit`] takes measurements of any mixture of quantities and a card to start from. For every law it finds the
//! coefficients that the rows can tell, within the domains the law gives them, by robust least squares on relative
//! residuals; sets their 90 % intervals by a seeded bootstrap and the law's spread by cross-validation; and says how
//! well rows that were left out are predicted. What the rows do not vary stays as the card has it, and a quantity
//! with too few load points is withheld with the reason. Which coefficients a law has and how they act is asked of
//! the law itself: a law that grows a coefficient needs no word here.

mod choose;
mod estimate;
mod findings;
mod intervals;
mod law;
mod least_squares;
mod numbers;
mod problem;
mod provenance;
mod range;
mod regression;
mod result;
mod rows;
mod spread;
#[cfg(test)]
mod tests;
mod validate;

pub use choose::Kept;
pub use findings::{
    COEFFICIENT_AT_BOUND, COEFFICIENT_NOT_VARIED, COEFFICIENTS_COLLINEAR, FINDINGS, MEASUREMENT_OUTLIER,
    MEASUREMENT_UNUSABLE, ONE_ENVIRONMENT, QUANTITY_WITHHELD, SPREAD_CLIPPED,
};
pub use law::Law;
pub use result::{Fit, FittedCoefficient, Fitting, LawFit, Origin, Outcome, Withheld};
pub use validate::{Holdout, LeftOut, Score};

use choose::{Choice, choose};
use estimate::{Estimated, estimate};
use problem::Problem;
use regression::huber;

use crate::card::{Measurement, ModelCard};
use crate::finding::{self, Finding, Tally};
use crate::model::Coefficient;

/// Seed of the bootstrap, the folds and the rows left out, where none is asked for.
pub const DEFAULT_SEED: u64 = 1;
/// Resamples of the bootstrap.
const RESAMPLES: usize = 400;
/// Weight below which a row is named as an outlier.
const OUTLIER_WEIGHT: f64 = 0.3;
/// Relative residual below which no row is an outlier, however well the others fit.
const OUTLIER_MISS: f64 = 0.05;

/// How to fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Seed; the same seed and rows give the same figures.
    pub seed: u64,
    /// Date of the measurements; the newest of the rows where it is not given.
    pub measured_on: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { seed: DEFAULT_SEED, measured_on: None }
    }
}

/// Fits every law of which there are measurements; the order of the rows makes no difference.
#[must_use]
pub fn fit(card: &ModelCard, measurements: &[Measurement], settings: &Settings) -> Fit {
    let (rows, unusable) = rows::usable(measurements);
    let mut findings: Vec<Finding> = unusable.into_iter().collect();
    let mut fitted_card = card.clone();
    let mut laws = Vec::new();
    for law in Law::ALL {
        let own: Vec<&Measurement> = rows.iter().copied().filter(|row| Law::of(&row.conditions) == law).collect();
        if own.is_empty() {
            continue;
        }
        let problem = Problem::new(law, card, own);
        let outcome = outcome(&problem, settings, &mut findings);
        let result = result::law_fit(&problem, outcome);
        let replaced: Vec<Coefficient> = result.coefficients.iter().map(|one| one.after.clone()).collect();
        fitted_card = fitted_card.with_coefficients(&replaced).unwrap_or(fitted_card);
        laws.push(result);
    }
    finding::sort(&mut findings);
    let date = provenance::date(&rows, settings);
    Fit { extended: card.clone(), card: fitted_card, date, laws, findings }
}

fn outcome(problem: &Problem<'_>, settings: &Settings, findings: &mut Vec<Finding>) -> Outcome {
    let choice = choose(problem);
    if choice.free.is_empty() || choice.points < choice.points_needed() {
        let withheld =
            Withheld { points: choice.points, needed: choice.points_needed(), coefficients: choice.free.len() };
        findings.push(Finding::new(&QUANTITY_WITHHELD, problem.law.name(), withheld.to_string()));
        return Outcome::Withheld(withheld);
    }
    let points = choice.points;
    let estimated = estimate(problem, choice, RESAMPLES, settings.seed);
    notice_kept(problem, &estimated.choice, findings);
    notice_fit(problem, &estimated, findings);
    let left_out = validate::left_out(problem, settings.seed);
    if left_out.is_empty() {
        let group = problem.groups.first().copied().unwrap_or_default();
        findings.push(Finding::new(
            &ONE_ENVIRONMENT,
            problem.law.name(),
            format!("all {} rows are of {group}: leaving one group out cannot be done", problem.rows.len()),
        ));
    }
    let holdout = validate::holdout(problem, settings.seed);
    Outcome::Fitted(Box::new(Fitting {
        coefficients: provenance::signed(problem, &estimated, settings),
        kept: estimated.choice.kept.clone(),
        points,
        scale: estimated.solution.scale,
        speeds: problem
            .groups
            .iter()
            .zip(&estimated.solution.speeds)
            .map(|(name, s)| ((*name).to_owned(), s.exp()))
            .collect(),
        holdout,
        left_out,
    }))
}

/// What stays as it is, and why.
fn notice_kept(problem: &Problem<'_>, choice: &Choice, findings: &mut Vec<Finding>) {
    let card = problem.card.name();
    let mut not_varied = Tally::default();
    for (place, kept) in &choice.kept {
        let Some(coefficient) = problem.coefficients.get(*place) else { continue };
        let kind = match kept {
            Kept::NotVaried => {
                not_varied.add(coefficient.name.rsplit('.').next().unwrap_or_default());
                continue;
            }
            Kept::InStepWith(_) => &COEFFICIENTS_COLLINEAR,
            Kept::Undecided | Kept::TooFewRows(_) | Kept::Withheld => &COEFFICIENT_NOT_VARIED,
        };
        findings.push(Finding::new(kind, coefficient.name.clone(), format!("{kept}: taken from {card}")));
    }
    let message = |names: &str| format!("the rows do not vary {names}: taken from {card}");
    findings.extend(not_varied.finding(&COEFFICIENT_NOT_VARIED, problem.law.name(), message));
}

/// What is odd about the fit.
fn notice_fit(problem: &Problem<'_>, estimated: &Estimated<'_>, findings: &mut Vec<Finding>) {
    let mut outliers = Tally::default();
    for (row, residual) in problem.rows.iter().zip(&estimated.solution.residuals) {
        if residual.abs() > OUTLIER_MISS && huber(residual / estimated.solution.scale) < OUTLIER_WEIGHT {
            outliers.add(format!("{} ({}) by {:+.0} %", row.label, row.group, residual * 100.0));
        }
    }
    let message = |names: &str| format!("{} of {} rows count less: {names}", outliers.count(), problem.rows.len());
    findings.extend(outliers.finding(&MEASUREMENT_OUTLIER, problem.law.name(), message));
    for coefficient in &estimated.fitted {
        let (least, most) = coefficient.domain;
        let bound = [least, most].into_iter().find(|bound| *bound == coefficient.value);
        if let Some(bound) = bound {
            let message = format!("the rows would have it beyond {}", bound / coefficient.scale);
            findings.push(Finding::new(&COEFFICIENT_AT_BOUND, coefficient.name.clone(), message));
        }
    }
    if estimated.spread.clipped {
        let message = "fewer than nine in ten left-out rows lie in their interval".to_owned();
        findings.push(Finding::new(&SPREAD_CLIPPED, problem.law.name(), message));
    }
}
