//! Sums of parts, and the interval of a figure from the intervals of what made it.

use crate::estimate::{Basis, Estimate, Term};
use crate::units::{MIB, Memory, Quantity};

use super::Coefficient;

/// One part of a sum: so many of something at a coefficient each.
pub(super) struct Part<'a> {
    pub what: &'static str,
    pub count: f64,
    pub coefficient: &'a Coefficient,
}

/// Unit in which terms are shown: its name and its size in the base unit.
#[derive(Clone, Copy)]
pub(super) struct Shown {
    pub unit: &'static str,
    pub scale: f64,
}

pub(super) const IN_MIB: Shown = Shown { unit: "MiB", scale: MIB };
pub(super) const IN_CORES: Shown = Shown { unit: "cores", scale: 1.0 };
pub(super) const IN_SECONDS: Shown = Shown { unit: "s", scale: 1.0 };
pub(super) const IN_SERIES: Shown = Shown { unit: "series", scale: 1.0 };
pub(super) const IN_BYTES_PER_SECOND: Shown = Shown { unit: "B/s", scale: 1.0 };
pub(super) const PER_SECOND: Shown = Shown { unit: "per second", scale: 1.0 };
pub(super) const IN_MILLIS: Shown = Shown { unit: "ms", scale: 1e-3 };

/// Differences from a value, combined in quadrature downwards and upwards apart.
#[derive(Default)]
pub(super) struct Swings {
    down: f64,
    up: f64,
}

impl Swings {
    /// One independent source of error that moves the value to `low` or `high`.
    pub fn add(&mut self, low: f64, value: f64, high: f64) {
        self.down += (value - low).max(0.0).powi(2);
        self.up += (high - value).max(0.0).powi(2);
    }

    /// Ends of the interval around `value`, never below zero.
    pub fn ends(&self, value: f64) -> (f64, f64) {
        ((value - self.down.sqrt()).max(0.0), value + self.up.sqrt())
    }
}

/// The sum of parts with its interval; parts with nothing to count are left out of the terms.
pub(super) fn sum<Q: Quantity>(law: &str, parts: &[Part<'_>], spread: &Coefficient, shown: Shown) -> Estimate<Q> {
    let mut swings = Swings::default();
    let mut terms = Vec::with_capacity(parts.len());
    for part in parts.iter().filter(|part| part.count > 0.0) {
        let Coefficient { lower, value, upper, .. } = *part.coefficient;
        swings.add(part.count * lower, part.count * value, part.count * upper);
        terms.push(Term::new(part.what, part.count, value / shown.scale, shown.unit));
    }
    let value = total(&terms) * shown.scale;
    swings.add(value * (1.0 - spread.value), value, value * (1.0 + spread.value));
    let (lower, upper) = swings.ends(value);
    let basis = Basis { law: law.to_owned(), terms, assumptions: vec![spread_in_words(spread)] };
    Estimate::new(Q::from_base(lower), Q::from_base(value), Q::from_base(upper), basis)
}

/// A figure together with what comes on top of it for a while: `figure × factor`, `factor ≥ 1`.
pub(super) fn surge(figure: Estimate<Memory>, law: &str, what: &str, factor: &Coefficient) -> Estimate<Memory> {
    let steady = figure.value.base();
    let mut basis = figure.basis;
    basis.law = law.to_owned();
    basis.terms.push(Term::new(what, factor.value - 1.0, figure.value.as_mib(), "MiB"));
    let value = Memory::from_mib(total(&basis.terms));
    let mut swings = Swings::default();
    swings.add(figure.lower.base() * factor.value, steady * factor.value, figure.upper.base() * factor.value);
    swings.add(steady * factor.lower, steady * factor.value, steady * factor.upper);
    let (lower, upper) = swings.ends(value.base());
    Estimate::new(Memory::from_base(lower), value, Memory::from_base(upper), basis)
}

/// A figure with one more part, whose error is independent of its own; a part of nothing changes nothing.
pub(super) fn with<Q: Quantity>(figure: Estimate<Q>, part: &Part<'_>, shown: Shown) -> Estimate<Q> {
    if part.count <= 0.0 {
        return figure;
    }
    let Coefficient { lower, value, upper, .. } = *part.coefficient;
    let mut swings = Swings::default();
    swings.add(figure.lower.base(), figure.value.base(), figure.upper.base());
    swings.add(part.count * lower, part.count * value, part.count * upper);
    let mut basis = figure.basis;
    basis.terms.push(Term::new(part.what, part.count, value / shown.scale, shown.unit));
    let value = total(&basis.terms) * shown.scale;
    let (lower, upper) = swings.ends(value);
    Estimate::new(Q::from_base(lower), Q::from_base(value), Q::from_base(upper), basis)
}

/// Sum of the amounts of terms, in their unit.
pub(super) fn total(terms: &[Term]) -> f64 {
    terms.iter().map(|term| term.amount).sum()
}

pub(super) fn spread_in_words(spread: &Coefficient) -> String {
    format!(
        "coefficients' intervals combined in quadrature with a residual spread of ±{:.0} % ({})",
        spread.value * 100.0,
        spread.name
    )
}
