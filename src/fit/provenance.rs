//! Where fitted figures come from, as a card says it.

use super::Settings;
use super::estimate::Estimated;
use super::problem::Problem;
use super::range;
use crate::card::Measurement;
use crate::finding::Tally;
use crate::model::Coefficient;

/// Date of the measurements: as told, else the newest of the rows; empty where no row has one.
pub(super) fn date(rows: &[&Measurement], settings: &Settings) -> String {
    let newest = || rows.iter().map(|row| row.date.as_str()).max().unwrap_or_default().to_owned();
    settings.measured_on.clone().unwrap_or_else(newest)
}

/// What was fitted, the spread included, with source, date, conditions and the counts it was observed at.
pub(super) fn signed(problem: &Problem<'_>, estimated: &Estimated<'_>, settings: &Settings) -> Vec<Coefficient> {
    let counts = range::counts(problem);
    let source = names(problem.rows.iter().map(|row| row.source.as_str()));
    let groups = names(problem.groups.iter().copied());
    let conditions = format!(
        "{}; {} rows at {} load points, robust relative least squares, interval by bootstrap",
        groups,
        problem.rows.len(),
        estimated.choice.points
    );
    let date = date(&problem.rows, settings);
    let sign = |one: &Coefficient, conditions: &str| Coefficient {
        source: source.clone(),
        date: date.clone(),
        conditions: conditions.to_owned(),
        range: counts.get(&one.name).copied(),
        ..one.clone()
    };
    let mut signed: Vec<Coefficient> = estimated.fitted.iter().map(|one| sign(one, &conditions)).collect();
    let left_open = format!("{groups}; nine in ten of the rows that a cross-validation left out lie in their interval");
    signed.extend(estimated.spread.coefficient(problem).map(|spread| sign(&spread, &left_open)));
    signed
}

/// Different names in order, a few of them in words.
fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut different: Vec<&str> = names.collect();
    different.sort_unstable();
    different.dedup();
    let mut tally = Tally::default();
    for name in different {
        tally.add(name);
    }
    tally.names()
}
