//! A part of a measurement: from when to when.

use crate::units::Seconds;

/// A point in time to the nanosecond: since 1970 (UTC), or since a start that only the source knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// So many nanoseconds after the start; three centuries either way.
    #[must_use]
    pub const fn from_nanoseconds(nanoseconds: i64) -> Self {
        Self(nanoseconds)
    }

    /// So many seconds after the start, to the microsecond, which is what floating point keeps of seconds
    /// since 1970. `None` for what is no number or beyond three centuries.
    #[must_use]
    pub fn from_seconds(seconds: f64) -> Option<Self> {
        const FARTHEST: f64 = 9.2e9;
        (seconds.abs() <= FARTHEST).then(|| Self((seconds * 1e6).round() as i64 * 1000))
    }

    /// Seconds after the start, to the microsecond or so.
    #[must_use]
    pub fn as_seconds(self) -> Seconds {
        Seconds::new(self.0 as f64 / 1e9)
    }

    /// The time that much later.
    #[must_use]
    pub fn after(self, offset: Seconds) -> Self {
        Self(self.0.saturating_add((offset.as_seconds() * 1e9).round() as i64))
    }
}

/// A point in time as a user names it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Moment {
    /// So long after the first sample of a source.
    Offset(Seconds),
    /// An instant since 1970 (UTC).
    Instant(Timestamp),
}

/// The part of a measurement that is wanted: from its start up to its end.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Window {
    from: Option<Moment>,
    to: Option<Moment>,
}

/// Why a window cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// It ends before it starts.
    #[error("a window that ends before it starts")]
    Empty,
    /// It names instants, but the source counts from a start it does not tell.
    #[error("times since an unknown start")]
    NoInstants,
}

/// A window on the clock of one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    from: Timestamp,
    to: Timestamp,
}

impl Window {
    /// A window; an end that is `None` is open.
    ///
    /// # Errors
    /// [`WindowError::Empty`] when it ends where it starts or before.
    pub fn new(from: Option<Moment>, to: Option<Moment>) -> Result<Self, WindowError> {
        let forward = match (from, to) {
            (Some(Moment::Offset(from)), Some(Moment::Offset(to))) => from < to,
            (Some(Moment::Instant(from)), Some(Moment::Instant(to))) => from < to,
            (_, Some(Moment::Offset(to))) => to > Seconds::ZERO,
            _ => true,
        };
        if forward { Ok(Self { from, to }) } else { Err(WindowError::Empty) }
    }

    /// The window on the clock of a source, by its first sample and by whether its times are instants.
    ///
    /// # Errors
    /// [`WindowError::NoInstants`] for instants where there are none; [`WindowError::Empty`] when an instant
    /// and an offset turn out the wrong way round.
    pub fn period(&self, first: Timestamp, instants: bool) -> Result<Period, WindowError> {
        let on_clock = |moment: Option<Moment>, open: i64| match moment {
            None => Ok(Timestamp(open)),
            Some(Moment::Offset(offset)) => Ok(first.after(offset)),
            Some(Moment::Instant(instant)) if instants => Ok(instant),
            Some(Moment::Instant(_)) => Err(WindowError::NoInstants),
        };
        let (from, to) = (on_clock(self.from, i64::MIN)?, on_clock(self.to, i64::MAX)?);
        if from < to { Ok(Period { from, to }) } else { Err(WindowError::Empty) }
    }
}

impl Period {
    /// Whether a sample of that time belongs to it: from its start up to but without its end, so that
    /// windows side by side share no sample.
    #[must_use]
    pub fn contains(&self, time: Timestamp) -> bool {
        time >= self.from && time < self.to
    }

    /// Whether a reading of a counter at that time belongs to it. Both ends do: the increase between
    /// them is what the period saw.
    #[must_use]
    pub fn spans(&self, time: Timestamp) -> bool {
        time >= self.from && time <= self.to
    }
}

#[cfg(test)]
mod unit_tests {
    use super::*;

    fn at(seconds: f64) -> Timestamp {
        Timestamp::from_seconds(seconds).unwrap()
    }

    #[test]
    fn offsets_count_from_the_first_sample_and_share_no_sample() {
        let offset = |seconds| Some(Moment::Offset(Seconds::new(seconds)));
        let first = at(1_703_888_759.111);
        let early = Window::new(None, offset(30.0)).unwrap().period(first, true).unwrap();
        let late = Window::new(offset(30.0), None).unwrap().period(first, true).unwrap();
        for (time, is_early) in [(1_703_888_759.111, true), (1_703_888_789.110, true), (1_703_888_789.111, false)] {
            assert_eq!((early.contains(at(time)), late.contains(at(time))), (is_early, !is_early), "{time}");
        }
        assert!(early.spans(at(1_703_888_789.111)) && late.spans(at(1_703_888_789.111)));
    }

    #[test]
    fn windows_that_cannot_be_had() {
        let offset = |seconds| Some(Moment::Offset(Seconds::new(seconds)));
        let instant = |seconds| Some(Moment::Instant(at(seconds)));
        assert_eq!(Window::new(offset(3.0), offset(3.0)), Err(WindowError::Empty));
        assert_eq!(Window::new(None, offset(0.0)), Err(WindowError::Empty));
        assert_eq!(Window::new(instant(5.0), instant(4.0)), Err(WindowError::Empty));
        let mixed = Window::new(instant(100.0), offset(10.0)).unwrap();
        assert_eq!(mixed.period(at(50.0), true), Err(WindowError::Empty));
        assert!(mixed.period(at(95.0), true).unwrap().contains(at(100.0)));
        assert_eq!(mixed.period(at(95.0), false), Err(WindowError::NoInstants));
        assert_eq!(Timestamp::from_seconds(f64::NAN), None);
        assert_eq!(Timestamp::from_seconds(1e300), None);
    }
}
