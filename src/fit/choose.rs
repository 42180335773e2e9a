//! Which coefficients the measurements can decide.
//!
//! A coefficient is fitted where some rows need more of it than others, and not in step with another one. What
//! things cost is looked at before factors and exponents, and the largest part of the figures first: of two
//! coefficients that go together it is the smaller one that stays as the card has it. A law that bends somewhere is
//! looked at with the bend where the card has it, and as early and late as the card allows.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::problem::{Problem, is_amount};

/// Least share of a column, squared, that others may not explain.
const OWN: f64 = 1e-3;
/// Least rows that show a coefficient ...
const LEAST_ROWS: usize = 2;
/// ... each by so much of what the row that shows it best does.
const SHOWN: f64 = 0.1;
/// Likeness of two columns, as a cosine, from which one is named as the cause.
const ALIKE: f64 = 0.95;
/// Most coefficients named as going together with one.
const MOST_NAMED: usize = 3;
/// Load points that a fit takes at least: so many ...
const LEAST_POINTS: usize = 4;
/// ... and so many for every coefficient.
const POINTS_EACH: usize = 2;

/// What can be fitted.
pub(super) struct Choice {
    /// Places of the coefficients that are fitted, in the order of the law.
    pub free: Vec<usize>,
    /// The others, with the reason.
    pub kept: Vec<(usize, Kept)>,
    /// Rows that differ in what the law looks at.
    pub points: usize,
    /// Figures to seek the fit from, those first at which the rows tell most.
    pub starts: Vec<Vec<f64>>,
}

/// Why a coefficient stays as the extended card has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// It makes no difference to any row.
    NotVaried,
    /// It makes no difference to any row where the law fits best.
    Undecided,
    /// Only so many rows show it, one at most.
    TooFewRows(usize),
    /// It rises and falls with these; with the groups' speeds where there are none.
    InStepWith(Vec<String>),
    /// The quantity was not fitted.
    Withheld,
}

impl Choice {
    /// Load points that the free coefficients take at least.
    pub fn points_needed(&self) -> usize {
        LEAST_POINTS + POINTS_EACH * self.free.len()
    }
}

/// Looks at what the rows of a problem vary: where the card is, and at either end of its rates, for beyond the rates
/// that rows have, the rate at which something bends is not to be seen. Where most is told, the first of several.
pub(super) fn choose(problem: &Problem<'_>) -> Choice {
    let mut choices = problem.starts().map(|start| choose_at(problem, start));
    choices.sort_by_key(|choice| Reverse(choice.free.len()));
    let starts = choices.iter().flat_map(|choice| choice.starts.clone()).collect();
    let [best, ..] = choices;
    Choice { starts, ..best }
}

fn choose_at(problem: &Problem<'_>, start: Vec<f64>) -> Choice {
    let predicted = problem.predicted(&start);
    let columns: Vec<Vec<f64>> = (0..start.len()).map(|place| problem.derivative(place, &start, &predicted)).collect();
    let measured = problem.measured();
    let relative = |column: &[f64]| -> Vec<f64> { column.iter().zip(&measured).map(|(a, b)| a / b).collect() };
    let mut basis = Basis::default();
    // Speeds of groups are fitted in any case; one of them goes together with everything that costs CPU.
    for group in 1..problem.speeds() {
        let own = |(row, value): (usize, &f64)| if problem.group.get(row) == Some(&group) { *value } else { 0.0 };
        basis.accept(&relative(&predicted.iter().enumerate().map(own).collect::<Vec<f64>>()), None);
    }
    let part = |place: &usize| {
        let value = start.get(*place).copied().unwrap_or(0.0);
        columns.get(*place).map_or(0.0, |column| value * norm(&relative(column)))
    };
    let is_amount = |place: &usize| problem.coefficients.get(*place).is_some_and(is_amount);
    let mut order: Vec<usize> = (0..start.len()).collect();
    order.sort_by(|a, b| {
        is_amount(b).cmp(&is_amount(a)).then_with(|| part(b).total_cmp(&part(a))).then_with(|| a.cmp(b))
    });

    let (mut free, mut kept) = (Vec::new(), Vec::new());
    for place in order {
        let Some(column) = columns.get(place) else { continue };
        let column = relative(column);
        let shown = basis.rows_shown(&column);
        if norm(&column) == 0.0 {
            kept.push((place, Kept::NotVaried));
        } else if shown == 0 {
            kept.push((place, Kept::InStepWith(basis.like(&column, problem))));
        } else if shown < LEAST_ROWS {
            kept.push((place, Kept::TooFewRows(shown)));
        } else {
            basis.accept(&column, Some(place));
            free.push(place);
        }
    }
    free.sort_unstable();
    kept.sort_by_key(|(place, _)| *place);
    Choice { free, kept, points: points(&columns), starts: vec![start] }
}

/// How many different rows there are.
fn points(columns: &[Vec<f64>]) -> usize {
    let rows = columns.first().map_or(0, Vec::len);
    let point = |row: usize| -> Vec<u64> {
        columns.iter().map(|column| rounded(column.get(row).copied().unwrap_or(0.0))).collect()
    };
    (0..rows).map(point).collect::<BTreeSet<_>>().len()
}

/// A number without the digits that rounding decides.
fn rounded(value: f64) -> u64 {
    // A float holds 52 bits behind the point; the last twenty are left out, rounded to nearest.
    value.abs().to_bits().wrapping_add(1 << 19) >> 20
}

/// Columns made perpendicular to each other.
#[derive(Default)]
struct Basis {
    /// Directions of length 1.
    directions: Vec<Vec<f64>>,
    /// The columns themselves with their coefficients, those of speeds without.
    columns: Vec<(Option<usize>, Vec<f64>)>,
}

impl Basis {
    /// Takes a column in, if the others leave any of it.
    fn accept(&mut self, column: &[f64], place: Option<usize>) {
        let rest = self.rest(column);
        let left = norm(&rest);
        if left > 0.0 {
            self.directions.push(rest.iter().map(|value| value / left).collect());
        }
        self.columns.push((place, column.to_vec()));
    }

    /// Rows that show what the others do not explain of a column; none where that is next to nothing.
    fn rows_shown(&self, column: &[f64]) -> usize {
        let rest = self.rest(column);
        let whole = norm(column);
        if whole == 0.0 || (norm(&rest) / whole).powi(2) < OWN {
            return 0;
        }
        let largest = rest.iter().map(|value| value.abs()).fold(0.0, f64::max);
        rest.iter().filter(|value| value.abs() >= SHOWN * largest).count()
    }

    /// What the columns taken in do not explain of another.
    fn rest(&self, column: &[f64]) -> Vec<f64> {
        let mut rest = column.to_vec();
        // Twice, for once leaves rounding behind.
        for _ in 0..2 {
            for direction in &self.directions {
                let along = dot(&rest, direction);
                rest = rest.iter().zip(direction).map(|(value, unit)| value - along * unit).collect();
            }
        }
        rest
    }

    /// Coefficients whose columns are most like a column, the likest first.
    fn like(&self, column: &[f64], problem: &Problem<'_>) -> Vec<String> {
        let cosine = |other: &[f64]| dot(column, other).abs() / (norm(column) * norm(other)).max(f64::MIN_POSITIVE);
        let mut others: Vec<(f64, usize)> =
            self.columns.iter().filter_map(|(place, other)| Some((cosine(other), (*place)?))).collect();
        others.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let alike = others.iter().filter(|(cosine, _)| *cosine >= ALIKE).count();
        let name = |place: usize| problem.coefficients.get(place).map(|one| one.name.clone());
        others.iter().take(alike.clamp(1, MOST_NAMED)).filter_map(|(_, place)| name(*place)).collect()
    }
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(a, b)| a * b).sum()
}

fn norm(column: &[f64]) -> f64 {
    dot(column, column).sqrt()
}
