//! One law, the card it starts from, and the measurements that are to decide it.

use std::collections::BTreeMap;

use super::law::Law;
use crate::card::{Measurement, ModelCard, figure};
use crate::model::{Coefficient, Measure};

/// Step in which the effect of a factor or an exponent is felt, against its size ...
const SMALL: f64 = 1e-5;
/// ... which is at least this.
const LEAST_SIZE: f64 = 0.01;

/// What is to be fitted.
#[derive(Clone)]
pub(super) struct Problem<'a> {
    pub law: Law,
    pub card: &'a ModelCard,
    /// Coefficients of the law in the card, the spread left out.
    pub coefficients: Vec<Coefficient>,
    pub rows: Vec<&'a Measurement>,
    /// Group of every row, as its place in `groups`.
    pub group: Vec<usize>,
    pub groups: Vec<&'a str>,
}

impl<'a> Problem<'a> {
    /// The measurements of one law.
    pub fn new(law: Law, card: &'a ModelCard, rows: Vec<&'a Measurement>) -> Self {
        let mut places: BTreeMap<&str, usize> = rows.iter().map(|row| (row.group.as_str(), 0)).collect();
        for (place, (_, number)) in places.iter_mut().enumerate() {
            *number = place;
        }
        let group = rows.iter().map(|row| places.get(row.group.as_str()).copied().unwrap_or(0)).collect();
        let groups = places.into_keys().collect();
        Self { law, card, coefficients: law.coefficients(card), rows, group, groups }
    }

    /// The same with some of its rows.
    pub fn with(&self, wanted: impl Fn(usize) -> bool) -> Self {
        let rows = self.rows.iter().enumerate().filter(|(place, _)| wanted(*place)).map(|(_, row)| *row).collect();
        Self::new(self.law, self.card, rows)
    }

    /// How many groups have a speed of their own: cores differ from environment to environment, bytes do not.
    pub fn speeds(&self) -> usize {
        if self.law.is_cpu() && self.groups.len() > 1 { self.groups.len() } else { 0 }
    }

    /// The measured figures.
    pub fn measured(&self) -> Vec<f64> {
        self.rows.iter().map(|row| row.measured).collect()
    }

    /// The figures of the card.
    pub fn start(&self) -> Vec<f64> {
        self.coefficients.iter().map(|one| one.value).collect()
    }

    /// Figures to start from: those of the card, and the same with every rate at either end of its interval.
    pub fn starts(&self) -> [Vec<f64>; 3] {
        let with_rates = |rate: fn(&Coefficient) -> f64| {
            let figure = |one: &Coefficient| if one.measure == Measure::Rate { rate(one) } else { one.value };
            self.coefficients.iter().map(figure).collect()
        };
        [self.start(), with_rates(|one| one.lower), with_rates(|one| one.upper)]
    }

    /// The card with these figures for the law, each known exactly.
    fn card_with(&self, values: &[f64]) -> ModelCard {
        let exact = |(coefficient, value): (&Coefficient, &f64)| {
            let value = value.clamp(coefficient.domain.0, coefficient.domain.1);
            Coefficient { lower: value, value, upper: value, ..coefficient.clone() }
        };
        let replaced: Vec<Coefficient> = self.coefficients.iter().zip(values).map(exact).collect();
        // Values within their domains make a card.
        self.card.with_coefficients(&replaced).unwrap_or_else(|_| self.card.clone())
    }

    /// What the law predicts for every row at some values of its coefficients.
    pub fn predicted(&self, values: &[f64]) -> Vec<f64> {
        let card = self.card_with(values);
        self.rows.iter().map(|row| figure(&card, &row.conditions)).collect()
    }

    /// By how much the prediction of every row grows with one coefficient.
    pub fn derivative(&self, place: usize, values: &[f64], predicted: &[f64]) -> Vec<f64> {
        let (Some(coefficient), Some(value)) = (self.coefficients.get(place), values.get(place)) else {
            return vec![0.0; predicted.len()];
        };
        let at = |value: f64| {
            let mut moved = values.to_vec();
            if let Some(cell) = moved.get_mut(place) {
                *cell = value;
            }
            self.predicted(&moved)
        };
        let slope = |below: &[f64], above: &[f64], step: f64| -> Vec<f64> {
            below.iter().zip(above).map(|(below, above)| (above - below) / step).collect()
        };
        if is_amount(coefficient) {
            // Predictions are straight lines in what things cost: a long step loses no digits.
            let step = value.max(coefficient.scale);
            return slope(predicted, &at(value + step), step);
        }
        let step = SMALL * value.max(LEAST_SIZE);
        let (least, most) = coefficient.domain;
        let (below, above) = ((value - step).max(least), (value + step).min(most));
        slope(&at(below), &at(above), above - below)
    }
}

/// Whether a coefficient is bytes or cores rather than a factor, an exponent or a rate.
pub(super) fn is_amount(coefficient: &Coefficient) -> bool {
    matches!(coefficient.measure, Measure::Cpu | Measure::Memory)
}

/// The free coefficients with values and ends.
pub(super) fn with_ends(
    problem: &Problem<'_>,
    free: &[usize],
    values: &[f64],
    ends: &[(f64, f64)],
) -> Vec<Coefficient> {
    let of = |(place, (lower, upper)): (&usize, &(f64, f64))| {
        let (coefficient, value) = (problem.coefficients.get(*place)?, *values.get(*place)?);
        Some(Coefficient { lower: lower.min(value), value, upper: upper.max(value), ..coefficient.clone() })
    };
    free.iter().zip(ends).filter_map(of).collect()
}
