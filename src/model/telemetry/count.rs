//! Counts that are known, or lie between bounds.

use std::ops::Add;

use super::super::bounded;

/// A count of something, with the ends between which it lies.
///
/// Invariant: `0 ≤ lower ≤ value ≤ upper`, all finite.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Count {
    lower: f64,
    value: f64,
    upper: f64,
}

impl Count {
    /// None.
    pub const ZERO: Self = Self { lower: 0.0, value: 0.0, upper: 0.0 };

    /// A count that is known.
    #[must_use]
    pub fn exact(count: f64) -> Self {
        Self::between(count, count, count)
    }

    /// A count that lies between two ends; they are put in order around the value.
    #[must_use]
    pub fn between(lower: f64, value: f64, upper: f64) -> Self {
        let value = bounded(value);
        Self { lower: bounded(lower).min(value), value, upper: bounded(upper).max(value) }
    }

    /// Lower end, value and upper end.
    #[must_use]
    pub fn ends(self) -> [f64; 3] {
        [self.lower, self.value, self.upper]
    }

    /// The count taken as the best.
    #[must_use]
    pub fn value(self) -> f64 {
        self.value
    }

    /// So many times as much.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self::between(self.lower * factor, self.value * factor, self.upper * factor)
    }

    /// At most this many.
    #[must_use]
    pub fn at_most(self, most: f64) -> Self {
        Self::between(self.lower.min(most), self.value.min(most), self.upper.min(most))
    }
}

impl Add for Count {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::between(self.lower + other.lower, self.value + other.value, self.upper + other.upper)
    }
}
