//! Between which counts the coefficients of a law were observed.

use std::collections::BTreeMap;

use super::law::outside_range;
use super::problem::Problem;
use crate::card::ModelCard;
use crate::model::Coefficient;

/// A range that no count lies in: what is outside of it tells the count.
const NOWHERE: (f64, f64) = (f64::MAX, f64::MAX);

/// Least and largest count of every coefficient of the law that has one, by name.
pub(super) fn counts(problem: &Problem<'_>) -> BTreeMap<String, (f64, f64)> {
    let asked: Vec<Coefficient> =
        problem.coefficients.iter().map(|one| Coefficient { range: Some(NOWHERE), ..one.clone() }).collect();
    let Ok(card) = problem.card.with_coefficients(&asked) else { return BTreeMap::new() };
    let mut counts: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for row in &problem.rows {
        for used in outside_range(&card, &row.conditions) {
            let (least, largest) = counts.entry(used.coefficient).or_insert((used.count, used.count));
            (*least, *largest) = (least.min(used.count), largest.max(used.count));
        }
    }
    // What counts the same in every row, such as the base, has no range.
    counts.retain(|name, (least, most)| least < most && problem.coefficients.iter().any(|one| one.name == *name));
    counts
}

/// A card whose coefficients of the law hold between the counts of the rows, and no further.
pub(super) fn observed(card: &ModelCard, problem: &Problem<'_>) -> ModelCard {
    let counts = counts(problem);
    let ranged: Vec<Coefficient> = problem
        .law
        .coefficients(card)
        .into_iter()
        .filter_map(|one| Some(Coefficient { range: Some(*counts.get(&one.name)?), ..one }))
        .collect();
    card.with_coefficients(&ranged).unwrap_or_else(|_| card.clone())
}
