//! Units of time as sources name them.

use crate::units::Seconds;

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimeUnit {
    /// 10⁻⁹ s.
    Nanoseconds,
    /// 10⁻⁶ s.
    Microseconds,
    /// 10⁻³ s.
    Milliseconds,
    /// 1 s.
    Seconds,
}

impl TimeUnit {
    /// All of them, smallest first.
    pub const ALL: [Self; 4] = [Self::Nanoseconds, Self::Microseconds, Self::Milliseconds, Self::Seconds];

    /// Its symbol: `ns`, `us`, `ms`, `s`.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Nanoseconds => "ns",
            Self::Microseconds => "us",
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
        }
    }

    /// The unit of a symbol or name; `None` for anything else.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "ns" | "nanos" | "nanoseconds" => Some(Self::Nanoseconds),
            "us" | "µs" | "μs" | "micros" | "microseconds" => Some(Self::Microseconds),
            "ms" | "millis" | "milliseconds" => Some(Self::Milliseconds),
            "s" | "sec" | "secs" | "second" | "seconds" => Some(Self::Seconds),
            _ => None,
        }
    }

    /// How many seconds it has.
    #[must_use]
    pub const fn seconds(self) -> f64 {
        match self {
            Self::Nanoseconds => 1e-9,
            Self::Microseconds => 1e-6,
            Self::Milliseconds => 1e-3,
            Self::Seconds => 1.0,
        }
    }

    /// So many of it as a duration; divides rather than multiplies so that 5 ms is exactly `0.005` s.
    #[must_use]
    pub fn amount(self, number: f64) -> Seconds {
        Seconds::new(match self {
            Self::Nanoseconds => number / 1e9,
            Self::Microseconds => number / 1e6,
            Self::Milliseconds => number / 1e3,
            Self::Seconds => number,
        })
    }
}
