//! The answer to a quantile.

use crate::units::Seconds;

/// A quantile of a distribution and what is left open about it.
///
/// Invariant: `lower ≤ value ≤ upper`; `upper` is infinite where the source has no upper bound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuantileEstimate {
    /// No less than this.
    pub lower: Seconds,
    /// The best single figure.
    pub value: Seconds,
    /// No more than this.
    pub upper: Seconds,
}

impl QuantileEstimate {
    /// Puts the ends in order around the value.
    pub(super) fn new(lower: f64, value: f64, upper: f64) -> Self {
        Self {
            lower: Seconds::new(lower.min(value)),
            value: Seconds::new(value),
            upper: Seconds::new(upper.max(value)),
        }
    }
}

/// A figure that is known exactly.
impl From<Seconds> for QuantileEstimate {
    fn from(value: Seconds) -> Self {
        Self { lower: value, value, upper: value }
    }
}
