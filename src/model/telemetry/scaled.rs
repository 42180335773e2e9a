//! Figures multiplied by coefficients.

use super::super::sum::{Shown, Swings, total};
use super::super::{Coefficient, bounded};
use crate::estimate::{Basis, Estimate, Term};
use crate::units::Quantity;

/// One part of a product: so many of something, with their ends, at a coefficient each.
pub(super) struct Scaled<'a> {
    pub what: &'static str,
    /// Lower end, value and upper end.
    pub count: [f64; 3],
    pub coefficient: &'a Coefficient,
    /// How many are counted as one in the term: a million samples read better than bytes of one.
    pub per: f64,
}

impl<'a> Scaled<'a> {
    /// One of something.
    pub fn one(what: &'static str, coefficient: &'a Coefficient) -> Self {
        Self::counted(what, [1.0; 3], coefficient)
    }

    /// So many of something: lower end, value and upper end.
    pub fn counted(what: &'static str, count: [f64; 3], coefficient: &'a Coefficient) -> Self {
        Self { what, count, coefficient, per: 1.0 }
    }

    /// `factor` times a figure.
    pub fn of<Q: Quantity>(
        what: &'static str,
        figure: &Estimate<Q>,
        factor: f64,
        coefficient: &'a Coefficient,
    ) -> Self {
        let count = [figure.lower, figure.value, figure.upper].map(|end| bounded(end.base() * factor));
        Self::counted(what, count, coefficient)
    }

    /// The same, `per` of them shown as one.
    pub fn shown_per(self, per: f64) -> Self {
        Self { per, ..self }
    }
}

/// The sum of parts; counts that came from one figure move together, coefficients each on their own.
pub(super) fn sum_of<Q: Quantity>(
    law: &str,
    parts: &[Scaled<'_>],
    shown: Shown,
    assumptions: Vec<String>,
) -> Estimate<Q> {
    let mut swings = Swings::default();
    let mut terms = Vec::with_capacity(parts.len());
    let mut at_counts = [0.0; 3];
    for part in parts {
        let [_, count, _] = part.count;
        let Coefficient { lower, value, upper, .. } = *part.coefficient;
        swings.add(count * lower, count * value, count * upper);
        for (sum, count) in at_counts.iter_mut().zip(part.count) {
            *sum += count * value;
        }
        if count > 0.0 {
            terms.push(Term::new(part.what, count / part.per, value * part.per / shown.scale, shown.unit));
        }
    }
    let [low, middle, high] = at_counts;
    swings.add(low, middle, high);
    let value = total(&terms) * shown.scale;
    let (lower, upper) = swings.ends(value);
    let basis = Basis { law: law.to_owned(), terms, assumptions };
    Estimate::new(Q::from_base(lower), Q::from_base(value), Q::from_base(upper), basis)
}
