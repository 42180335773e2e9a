//! The figure between the bounds alone.

use super::convolve::Convolver;
use super::masses::Masses;
use super::spread::Spread;
use crate::units::{Quantile, Seconds};

/// The distribution between the bounds of a [`Spread`], for questions that are asked often and
/// whose bounds are known from one full answer: a third of the work.
#[derive(Debug, Clone, PartialEq)]
pub struct Middle(pub(super) Masses);

impl Spread {
    /// The middle distribution alone.
    #[must_use]
    pub fn middle(&self) -> Middle {
        Middle(self.value.clone())
    }
}

impl Middle {
    /// One after the other, each for itself.
    #[must_use]
    pub fn then(&self, other: &Self) -> Self {
        Self(Convolver::new().sum(&self.0, &other.0).settled())
    }

    /// Several in a row, each for itself; `None` for none.
    #[must_use]
    pub fn sequence(parts: &[Self]) -> Option<Self> {
        let (first, rest) = parts.split_first()?;
        let mut convolver = Convolver::new();
        Some(rest.iter().fold(first.clone(), |whole, part| Self(convolver.sum(&whole.0, &part.0).settled())))
    }

    /// A quantile; infinite where so many have no end.
    #[must_use]
    pub fn quantile(&self, quantile: Quantile) -> Seconds {
        Seconds::new(self.0.quantile(quantile.get()))
    }

    /// The mean; infinite where some have no end.
    #[must_use]
    pub fn mean(&self) -> Seconds {
        Seconds::new(self.0.mean())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Dependence;
    use super::*;

    #[test]
    fn the_middle_is_that_of_the_whole() {
        let parts = [1.0, 3.0].map(|mean| Spread::from_tail(move |time| (-time.as_seconds() / mean).exp()));
        let whole = Spread::sequence(&parts, Dependence::Independent);
        let [first, second] = parts.map(|part| part.middle());
        let middle = first.then(&second);
        assert_eq!(Middle::sequence(&[first, second]), Some(middle.clone()));
        for quantile in [0.1, 0.5, 0.99].map(Quantile::literal) {
            assert_eq!(middle.quantile(quantile), whole.quantile(quantile).value);
        }
        assert!((middle.mean().as_seconds() - 4.0).abs() < 1e-2);
        assert_eq!(Middle::sequence(&[]), None);
    }
}
