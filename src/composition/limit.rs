//! Timeouts: what takes too long fails, or is answered without.

use super::combine::mapped;
use super::from::checked;
use super::grid;
use super::masses::{Masses, Rounding};
use super::spread::{Spread, SpreadError};
use crate::units::Seconds;

impl Spread {
    /// What takes longer than a limit fails: it has no end. [`Self::share_without_end`] is the share cut off,
    /// together with what had no end before.
    ///
    /// # Errors
    /// [`SpreadError::Duration`] for a limit that is negative or not a finite number.
    pub fn cut_off(&self, limit: Seconds) -> Result<Self, SpreadError> {
        let limit = checked(limit)?;
        Ok(self.each(|masses| up_to(masses, limit)))
    }

    /// What takes longer than a limit, or has no end, is given up there: the caller goes on without it.
    ///
    /// # Errors
    /// [`SpreadError::Duration`] for a limit that is negative or not a finite number.
    pub fn at_most(&self, limit: Seconds) -> Result<Self, SpreadError> {
        let limit = checked(limit)?;
        Ok(self.each(|masses| {
            let cut = mapped(masses, |seconds| seconds.min(limit));
            let unit = cut.unit.min(grid::unit_for(limit));
            let mut cut = cut.on_unit(unit);
            cut.put(limit, masses.open + masses.never);
            (cut.open, cut.never) = (0.0, 0.0);
            cut
        }))
    }
}

/// The part that ends within a limit; the rest does not end. What may be longer, is.
pub(super) fn up_to(masses: &Masses, limit: f64) -> Masses {
    let mut within = Masses { at: Vec::new(), open: 0.0, ..*masses };
    for (index, mass) in masses.at.iter().enumerate() {
        if grid::value(masses.unit, index) <= limit {
            within.add(index, *mass);
        } else {
            within.never += mass;
        }
    }
    match masses.rounding {
        Rounding::Up => within.never += masses.open,
        Rounding::Down | Rounding::Split => within.open = masses.open,
    }
    within
}
