//! Waiting that ends early: when the budget is used up, or somebody interrupts.

use std::time::{Duration, Instant};

use super::CalibrateError;

/// Longest time between two looks at whether to go on.
const LOOK: Duration = Duration::from_millis(20);

/// Until when to wait, and whether somebody wants it to end.
#[derive(Clone, Copy)]
pub(super) struct Patience<'a> {
    pub deadline: Instant,
    pub interrupted: &'a dyn Fn() -> bool,
}

impl Patience<'_> {
    /// Whether to go on.
    pub fn check(&self) -> Result<(), CalibrateError> {
        if (self.interrupted)() {
            return Err(CalibrateError::Interrupted);
        }
        if Instant::now() > self.deadline { Err(CalibrateError::OutOfTime) } else { Ok(()) }
    }

    /// Waits for a moment.
    pub fn until(&self, moment: Instant) -> Result<(), CalibrateError> {
        loop {
            self.check()?;
            let left = moment.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(LOOK));
        }
    }

    /// Waits for some time.
    pub fn during(&self, time: Duration) -> Result<(), CalibrateError> {
        self.until(Instant::now() + time)
    }
}
