//! Shares, checked to lie in [0, 1].

use serde::{Deserialize, Serialize};

/// A share that lies in [0, 1] and was checked to do so: a utilization, a quantile, a headroom target.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Share(f64);

/// Share of time busy, in [0, 1].
pub type Utilization = Share;
/// A quantile, in [0, 1]; percentiles appear only in print.
pub type Quantile = Share;

/// A number outside [0, 1] where a share was expected.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("{0} is not a share: expected a number from 0 to 1 (0.25 for 25 %)")]
pub struct NotAShare(pub f64);

impl Share {
    /// Nothing.
    pub const ZERO: Self = Self(0.0);
    /// All.
    pub const ONE: Self = Self(1.0);

    /// All where something is on, nothing where it is off.
    #[must_use]
    pub const fn all_if(on: bool) -> Self {
        if on { Self::ONE } else { Self::ZERO }
    }

    /// A share from a number in [0, 1].
    ///
    /// # Errors
    /// [`NotAShare`] when the number is outside [0, 1] or not a number.
    pub fn new(number: f64) -> Result<Self, NotAShare> {
        if (0.0..=1.0).contains(&number) { Ok(Self(number)) } else { Err(NotAShare(number)) }
    }

    /// A share known when the program is written.
    ///
    /// # Panics
    /// At compile time, when used in a constant outside [0, 1].
    #[must_use]
    pub const fn literal(number: f64) -> Self {
        assert!(number >= 0.0 && number <= 1.0, "a share lies in [0, 1]");
        Self(number)
    }

    /// The number, in [0, 1].
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Share {
    type Error = NotAShare;
    fn try_from(number: f64) -> Result<Self, NotAShare> {
        Self::new(number)
    }
}

impl From<Share> for f64 {
    fn from(share: Share) -> f64 {
        share.0
    }
}
