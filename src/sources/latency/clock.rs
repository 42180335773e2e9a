//! Times of samples, and the part of them that is wanted.

use jiff::Timestamp as Calendar;

use super::super::InputError;
use super::notes::OUTSIDE_WINDOW;
use super::text::duration;
use super::value::{named, shortened};
use super::{Context, LatencyReading, decimal};
use crate::finding::Finding;
use crate::measurement::{Moment, Period, TimeUnit, Timestamp, Window, WindowError};
use crate::units::Seconds;

/// Numbers from here on are seconds since 1970; smaller ones count from a start of their own.
const SINCE_1970: f64 = 1e8;

/// When a sample was taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::sources) struct Time {
    pub at: Timestamp,
    /// Whether it is a time since 1970 rather than since some start.
    pub instant: bool,
}

/// A time as files write it: RFC 3339, or a number in seconds, milliseconds, microseconds or nanoseconds,
/// told apart by its size (since 1970 they differ by factors of a thousand).
pub(in crate::sources) fn time(text: &[u8]) -> Option<Time> {
    if let Some(whole) = std::str::from_utf8(text).ok().and_then(|text| text.parse::<i64>().ok()) {
        let per_unit = match whole.unsigned_abs() {
            0..100_000_000_000 => 1_000_000_000,
            100_000_000_000..100_000_000_000_000 => 1_000_000,
            100_000_000_000_000..100_000_000_000_000_000 => 1_000,
            _ => 1,
        };
        let at = Timestamp::from_nanoseconds(whole.checked_mul(per_unit)?);
        return Some(Time { at, instant: whole as f64 >= SINCE_1970 });
    }
    if let Some(seconds) = decimal::number(text) {
        return in_unit(seconds, TimeUnit::Seconds);
    }
    calendar(std::str::from_utf8(text).ok()?).map(|at| Time { at, instant: true })
}

/// A number of units.
pub(super) fn in_unit(number: f64, unit: TimeUnit) -> Option<Time> {
    let seconds = unit.amount(number).as_seconds();
    Timestamp::from_seconds(seconds).map(|at| Time { at, instant: seconds >= SINCE_1970 })
}

/// A date and time with its zone, as in `2026-01-13T14:48:15.630158+05:30`.
fn calendar(text: &str) -> Option<Timestamp> {
    let time: Calendar = text.trim().parse().ok()?;
    i64::try_from(time.as_nanosecond()).ok().map(Timestamp::from_nanoseconds)
}

/// The text names no moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no moment; give an offset from the first sample (30s, 1m30s), or an instant (2026-01-13T14:48:15Z, or seconds since 1970)"
)]
pub struct NoMoment(String);

/// A moment as users write it: `30s` after the first sample, `2026-01-13T14:48:15Z`, `1768315695`.
///
/// # Errors
/// [`NoMoment`] for anything else.
pub fn moment(text: &str) -> Result<Moment, NoMoment> {
    let none = || NoMoment(shortened(text));
    if let Some(offset) = duration(text) {
        return Ok(Moment::Offset(Seconds::new(offset.seconds)));
    }
    let time = time(text.trim().as_bytes()).filter(|time| time.instant).ok_or_else(none)?;
    Ok(Moment::Instant(time.at))
}

/// Lets samples of the wanted window pass and counts the others.
pub(super) struct Clock {
    window: Option<Window>,
    period: Option<Period>,
    seen: u64,
    outside: u64,
}

impl Clock {
    pub fn new(context: &Context<'_>) -> Self {
        Self { window: context.window, period: None, seen: 0, outside: 0 }
    }

    /// Whether a window is asked for; times need not be looked at otherwise.
    pub fn is_set(&self) -> bool {
        self.window.is_some()
    }

    /// Whether a sample is wanted, by its time as text. The first sample starts the clock.
    ///
    /// # Errors
    /// [`InputError`] when there is no time, or the window cannot be had.
    pub fn wants(&mut self, context: &Context<'_>, line: u64, text: Option<&[u8]>) -> Result<bool, InputError> {
        if !self.is_set() {
            return Ok(true);
        }
        let text = text.unwrap_or_default();
        let place = || format!("{}:{line}", context.name);
        let Some(time) = time(text) else {
            return Err(no_time(place(), &String::from_utf8_lossy(text)));
        };
        self.admits(time).map_err(|error| no_window(place(), error))
    }

    /// Whether a sample of that time is wanted.
    ///
    /// # Errors
    /// [`WindowError`] when the window cannot be had on this clock.
    pub fn admits(&mut self, time: Time) -> Result<bool, WindowError> {
        let Some(period) = self.period(time)? else { return Ok(true) };
        let wanted = period.contains(time.at);
        self.seen += 1;
        self.outside += u64::from(!wanted);
        Ok(wanted)
    }

    /// The window on this clock, which the first time given starts; `None` where all is wanted.
    ///
    /// # Errors
    /// As [`Self::admits`].
    pub fn period(&mut self, first: Time) -> Result<Option<Period>, WindowError> {
        let Some(window) = self.window else { return Ok(None) };
        let period = match self.period {
            Some(period) => period,
            None => window.period(first.at, first.instant)?,
        };
        self.period = Some(period);
        Ok(Some(period))
    }

    /// Says how many samples lie outside.
    pub fn note(&self, context: &Context<'_>, reading: &mut LatencyReading, what: &str) {
        if self.outside > 0 {
            let message = format!("{} of {} {what} lie outside the window", self.outside, self.seen);
            reading.findings.push(Finding::new(&OUTSIDE_WINDOW, named(context, ""), message).counted(self.outside));
        }
    }
}

/// A sample without a time that can be read.
pub(super) fn no_time(place: impl Into<String>, found: &str) -> InputError {
    InputError::new(
        place,
        format!("{:?} as the time of a sample", shortened(found)),
        "a time: seconds or milliseconds since 1970, or a date such as 2026-01-13T14:48:15Z",
        "leave out --from and --to, or mend the times",
    )
}

/// A window that cannot be had on the clock of a source.
pub(super) fn no_window(place: impl Into<String>, error: WindowError) -> InputError {
    let (expected, remedy) = match error {
        WindowError::Empty => ("one that ends after it starts", "exchange --from and --to"),
        WindowError::NoInstants => {
            ("times since 1970 for a window between instants", "give --from and --to as offsets, as in 30s")
        }
    };
    InputError::new(place, error.to_string(), expected, remedy)
}

#[cfg(test)]
mod unit_tests {
    use super::*;

    #[test]
    fn times_as_files_write_them() {
        let at = |nanoseconds, instant| Some(Time { at: Timestamp::from_nanoseconds(nanoseconds), instant });
        for text in [
            "1768315695630",
            "1768315695630000",
            "1768315695630000000",
            "1768315695.63",
            "2026-01-13T14:48:15.63Z",
            "2026-01-13T20:18:15.630+05:30",
        ] {
            assert_eq!(time(text.as_bytes()), at(1_768_315_695_630_000_000, true), "{text}");
        }
        assert_eq!(time(b"0.127"), at(127_000_000, false));
        assert_eq!(time(b"30"), at(30_000_000_000, false));
        assert_eq!(time(b"-3"), at(-3_000_000_000, false));
        for wrong in ["", "noon", "NaN", "1e300", "2026-01-13", "9e99999", "99-99-99T99:99:99Z"] {
            assert_eq!(time(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn moments_as_users_write_them() {
        let offset = |seconds| Ok(Moment::Offset(Seconds::new(seconds)));
        assert_eq!(moment("30s"), offset(30.0));
        assert_eq!(moment("1m30s"), offset(90.0));
        assert_eq!(moment("250ms"), offset(0.25));
        let instant = Ok(Moment::Instant(Timestamp::from_nanoseconds(1_768_315_695_000_000_000)));
        assert_eq!(moment("2026-01-13T14:48:15Z"), instant);
        assert_eq!(moment("1768315695"), instant);
        assert_eq!(moment("1768315695000"), instant);
        for wrong in ["", "30", "soon", "-5s"] {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
    }
}
