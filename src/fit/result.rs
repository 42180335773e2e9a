//! What a fit found.

use std::fmt;

use super::choose::Kept;
use super::law::Law;
use super::problem::Problem;
use super::validate::{Holdout, LeftOut};
use crate::card::ModelCard;
use crate::finding::Finding;
use crate::model::Coefficient;

/// Laws fitted to measurements.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The card it started from.
    pub extended: ModelCard,
    /// That card with what was fitted.
    pub card: ModelCard,
    /// Date of the measurements; empty where no row has one.
    pub date: String,
    /// One entry for every law with rows, in the order of a card.
    pub laws: Vec<LawFit>,
    /// What was noticed, gravest first.
    pub findings: Vec<Finding>,
}

/// One law.
#[derive(Debug, Clone, PartialEq)]
pub struct LawFit {
    /// Which.
    pub law: Law,
    /// Rows that can be fitted; at least 1.
    pub rows: usize,
    /// Quantities and groups of the rows, as `quantity: group`, sorted.
    pub evidence: Vec<String>,
    /// Groups of the rows, sorted.
    pub groups: Vec<String>,
    /// Every coefficient of the law, in its order.
    pub coefficients: Vec<FittedCoefficient>,
    /// How it went.
    pub outcome: Outcome,
}

/// How the fit of a law went.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It has new figures.
    Fitted(Box<Fitting>),
    /// It has too little data, and keeps the figures it had.
    Withheld(Withheld),
}

/// New figures of a law.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitting {
    /// The coefficients that were fitted, the spread among them, with source, date and range.
    pub(super) coefficients: Vec<Coefficient>,
    /// The others by place, with the reason.
    pub(super) kept: Vec<(usize, Kept)>,
    /// Rows that differ in what the law looks at.
    pub points: usize,
    /// Scale of the relative residuals: about two thirds of the rows lie closer.
    pub scale: f64,
    /// Groups and the factor by which they take more CPU than the card says; empty where groups have none.
    pub speeds: Vec<(String, f64)>,
    /// A quarter of the rows against the others; `None` where those are too few.
    pub holdout: Option<Holdout>,
    /// Each group against the others; empty with one group.
    pub left_out: Vec<LeftOut>,
}

/// Too little data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Withheld {
    /// Load points there are.
    pub points: usize,
    /// Load points that were needed.
    pub needed: usize,
    /// Coefficients that the rows vary.
    pub coefficients: usize,
}

/// A coefficient before and after.
#[derive(Debug, Clone, PartialEq)]
pub struct FittedCoefficient {
    /// As the extended card has it.
    pub before: Coefficient,
    /// As it is now; the same where it was not fitted.
    pub after: Coefficient,
    /// Where the figure comes from.
    pub origin: Origin,
}

/// Where the figure of a coefficient comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The measurements.
    Fitted,
    /// The extended card.
    Kept(Kept),
}

impl Fit {
    /// Whether any law has new figures.
    #[must_use]
    pub fn is_fitted(&self) -> bool {
        self.laws.iter().any(|law| matches!(law.outcome, Outcome::Fitted(_)))
    }
}

impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { points, needed, coefficients } = self;
        let noun = if *coefficients == 1 { "coefficient" } else { "coefficients" };
        write!(f, "withheld: {points} of {needed} load points for the {coefficients} {noun} that the rows vary")
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotVaried => f.write_str("the rows do not vary it"),
            Self::Undecided => f.write_str("where the law fits best it makes no difference to any row"),
            Self::TooFewRows(rows) => write!(f, "{rows} row varies it, 2 are needed"),
            Self::InStepWith(names) if names.is_empty() => f.write_str("it changes in step with the groups"),
            Self::InStepWith(names) => write!(f, "constant or in step with {}", names.join(", ")),
            Self::Withheld => f.write_str("too few load points"),
        }
    }
}

/// The result of one law from its problem and how that went.
pub(super) fn law_fit(problem: &Problem<'_>, outcome: Outcome) -> LawFit {
    let mut evidence: Vec<String> = problem.rows.iter().map(|row| format!("{}: {}", row.quantity, row.group)).collect();
    evidence.sort();
    evidence.dedup();
    let coefficients = problem
        .coefficients
        .iter()
        .chain(&problem.law.spread(problem.card))
        .enumerate()
        .map(|(place, before)| coefficient(place, before, &outcome))
        .collect();
    let groups = problem.groups.iter().map(|group| (*group).to_owned()).collect();
    LawFit { law: problem.law, rows: problem.rows.len(), evidence, groups, coefficients, outcome }
}

fn coefficient(place: usize, before: &Coefficient, outcome: &Outcome) -> FittedCoefficient {
    let kept =
        |kept: Kept| FittedCoefficient { before: before.clone(), after: before.clone(), origin: Origin::Kept(kept) };
    match outcome {
        Outcome::Withheld(_) => kept(Kept::Withheld),
        Outcome::Fitted(fitting) => match fitting.coefficients.iter().find(|one| one.name == before.name) {
            Some(after) => FittedCoefficient { before: before.clone(), after: after.clone(), origin: Origin::Fitted },
            None => {
                let reason = fitting.kept.iter().find(|(kept, _)| *kept == place);
                kept(reason.map_or(Kept::NotVaried, |(_, reason)| reason.clone()))
            }
        },
    }
}
