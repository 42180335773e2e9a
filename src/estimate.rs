//! A figure that says how sure it is and how it came about.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

use crate::units::{Quantile, Quantity};

/// A figure with its 90 % interval and the arithmetic behind it.
///
/// Invariant: `lower ≤ value ≤ upper`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate<Q> {
    /// Lower end of the 90 % interval.
    pub lower: Q,
    /// The figure.
    pub value: Q,
    /// Upper end of the 90 % interval.
    pub upper: Q,
    /// The law, its terms and the assumptions that made the figure.
    pub basis: Basis,
}

/// How a figure came about: enough to recompute it by hand.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Basis {
    /// Name of the law, e.g. `proxy memory`.
    pub law: String,
    /// Terms whose contributions add up to the value, in reading order.
    pub terms: Vec<Term>,
    /// What was assumed because the input did not say.
    pub assumptions: Vec<String>,
}

/// One summand of a figure: `count × coefficient = amount`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Term {
    /// What is counted, e.g. `clusters` or `base`.
    pub what: String,
    /// How many of it.
    pub count: f64,
    /// What one of it costs, in `unit`.
    pub coefficient: f64,
    /// The product, in `unit`.
    pub amount: f64,
    /// Unit of coefficient and amount, e.g. `MiB`, `cores`.
    pub unit: String,
}

impl Term {
    /// A term of `count` things at `coefficient` each.
    #[must_use]
    pub fn new(what: impl Into<String>, count: f64, coefficient: f64, unit: &str) -> Self {
        Self { what: what.into(), count, coefficient, amount: count * coefficient, unit: unit.to_owned() }
    }
}

impl<Q: Quantity> Estimate<Q> {
    /// A figure known exactly, such as one read from a declaration.
    #[must_use]
    pub fn exact(value: Q) -> Self {
        Self { lower: value, value, upper: value, basis: Basis::default() }
    }

    /// A figure with its interval; the ends are put in order around the value.
    #[must_use]
    pub fn new(lower: Q, value: Q, upper: Q, basis: Basis) -> Self {
        let lower = if lower > value { value } else { lower };
        let upper = if upper < value { value } else { upper };
        Self { lower, value, upper, basis }
    }

    /// The same figure multiplied by a factor known exactly, the basis kept.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        let scale = |amount: Q| Q::from_base(amount.base() * factor);
        Self::new(scale(self.lower), scale(self.value), scale(self.upper), self.basis.clone())
    }

    /// The sum of figures whose errors go together: they share coefficients, so the ends add up
    /// (comonotone). This is the wide, safe interval; independent errors would partly cancel.
    #[must_use]
    pub fn sum<'a>(figures: impl IntoIterator<Item = &'a Self>) -> Self
    where
        Q: 'a,
    {
        let (mut lower, mut value, mut upper) = (0.0, 0.0, 0.0);
        for figure in figures {
            lower += figure.lower.base();
            value += figure.value.base();
            upper += figure.upper.base();
        }
        Self::new(Q::from_base(lower), Q::from_base(value), Q::from_base(upper), Basis::default())
    }

    /// The amount that is enough with probability `quantile`: 0.5 gives the value, 0.95 the upper end.
    ///
    /// Between and beyond the ends the error is taken as normal on each side of the value, so that
    /// its 5 % and 95 % quantiles are the ends of the 90 % interval. Never negative.
    #[must_use]
    pub fn at(&self, quantile: Quantile) -> Q {
        /// Quantile of the standard normal distribution at the end of a 90 % interval.
        const END: f64 = 1.644_853_626_951_472_2;
        /// Beyond this the normal tail says nothing useful and would reach infinity.
        const FURTHEST: f64 = 0.999_9;
        let quantile = quantile.get().clamp(1.0 - FURTHEST, FURTHEST);
        let deviations = Normal::standard().inverse_cdf(quantile) / END;
        let value = self.value.base();
        let width = if deviations < 0.0 { value - self.lower.base() } else { self.upper.base() - value };
        Q::from_base((value + deviations * width).max(0.0))
    }

    /// Whether the 90 % interval contains an amount.
    #[must_use]
    pub fn contains(&self, amount: Q) -> bool {
        self.lower <= amount && amount <= self.upper
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Memory, Share};

    fn figure() -> Estimate<Memory> {
        Estimate::new(Memory::from_mib(50.0), Memory::from_mib(60.0), Memory::from_mib(90.0), Basis::default())
    }

    #[test]
    fn quantiles_meet_the_value_and_the_ends() {
        for (quantile, mib) in [(0.05, 50.0), (0.5, 60.0), (0.95, 90.0)] {
            let amount = figure().at(Share::new(quantile).unwrap()).as_mib();
            assert!((amount - mib).abs() < 1e-6, "{quantile}: {amount}");
        }
        assert!(figure().at(Share::new(1.0).unwrap()).as_mib().is_finite());
    }

    #[test]
    fn ends_are_kept_in_order() {
        let odd =
            Estimate::new(Memory::from_mib(70.0), Memory::from_mib(60.0), Memory::from_mib(10.0), Basis::default());
        assert!(odd.lower <= odd.value && odd.value <= odd.upper);
    }

    #[test]
    fn sums_add_the_ends() {
        let sum = Estimate::sum([&figure(), &figure()]);
        assert_eq!((sum.lower.as_mib(), sum.value.as_mib(), sum.upper.as_mib()), (100.0, 120.0, 180.0));
    }
}
