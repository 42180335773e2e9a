//! Quantities as types: what is measured is floating point, what is declared is an integer.
//!
//! Units appear in constructors and accessors only. Arithmetic gives the right kind:
//! a [`Rate`] times [`Seconds`] is a number of busy servers, [`Cores`] over [`Cores`] is a ratio.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Sub};

use serde::{Deserialize, Serialize};

/// One kibibyte, in bytes.
pub const KIB: f64 = 1024.0;
/// One mebibyte, in bytes.
pub const MIB: f64 = 1024.0 * 1024.0;
/// One gibibyte, in bytes.
pub const GIB: f64 = 1024.0 * 1024.0 * 1024.0;

/// A measured quantity: a number with a unit, so that estimates can be generic over it.
pub trait Quantity: Copy + PartialOrd {
    /// The quantity from its number in the base unit (cores, bytes, seconds, 1/s, dimensionless).
    fn from_base(number: f64) -> Self;
    /// The number in the base unit.
    fn base(self) -> f64;
}

macro_rules! measured {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub struct $name(f64);

        impl $name {
            /// Nothing of it.
            pub const ZERO: Self = Self(0.0);

            /// The larger of the two.
            #[must_use]
            pub fn max(self, other: Self) -> Self {
                Self(self.0.max(other.0))
            }

            /// The smaller of the two.
            #[must_use]
            pub fn min(self, other: Self) -> Self {
                Self(self.0.min(other.0))
            }
        }

        impl Quantity for $name {
            fn from_base(number: f64) -> Self {
                Self(number)
            }
            fn base(self) -> f64 {
                self.0
            }
        }

        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }

        impl Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }

        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                self.0 += other.0;
            }
        }

        impl Mul<f64> for $name {
            type Output = Self;
            fn mul(self, factor: f64) -> Self {
                Self(self.0 * factor)
            }
        }

        impl Div<f64> for $name {
            type Output = Self;
            fn div(self, divisor: f64) -> Self {
                Self(self.0 / divisor)
            }
        }

        impl Div for $name {
            type Output = f64;
            fn div(self, other: Self) -> f64 {
                self.0 / other.0
            }
        }

        impl Sum for $name {
            fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
                amounts.fold(Self::ZERO, Add::add)
            }
        }
    };
}

measured!(
    /// CPU in use, in cores (1.0 is one core busy all the time).
    Cores
);
measured!(
    /// Memory in use, in bytes.
    Memory
);
measured!(
    /// Events per second: requests, pushes, certificate signing requests.
    Rate
);
measured!(
    /// A duration in seconds.
    Seconds
);
measured!(
    /// A plain ratio without unit: overhead over application, requested over allocatable.
    Ratio
);
measured!(
    /// Money per hour, in the currency of the policy's prices.
    MoneyPerHour
);
measured!(
    /// A number of time series that a monitoring server keeps.
    Series
);
measured!(
    /// Bytes per second: scrapes, spans and log lines on their way.
    DataRate
);

/// Seconds of a day.
const DAY: f64 = 86_400.0;

impl Cores {
    /// From cores.
    #[must_use]
    pub const fn new(cores: f64) -> Self {
        Self(cores)
    }

    /// From thousandths of a core.
    #[must_use]
    pub fn from_millis(millicores: f64) -> Self {
        Self(millicores / 1000.0)
    }

    /// In thousandths of a core.
    #[must_use]
    pub fn as_millis(self) -> f64 {
        self.0 * 1000.0
    }

    /// In cores.
    #[must_use]
    pub const fn as_cores(self) -> f64 {
        self.0
    }
}

impl Memory {
    /// From bytes.
    #[must_use]
    pub const fn from_bytes(bytes: f64) -> Self {
        Self(bytes)
    }

    /// From mebibytes (2²⁰ bytes).
    #[must_use]
    pub fn from_mib(mib: f64) -> Self {
        Self(mib * MIB)
    }

    /// From megabytes (10⁶ bytes), the unit of most published figures.
    #[must_use]
    pub fn from_megabytes(megabytes: f64) -> Self {
        Self(megabytes * 1e6)
    }

    /// In bytes.
    #[must_use]
    pub const fn as_bytes(self) -> f64 {
        self.0
    }

    /// In mebibytes (2²⁰ bytes).
    #[must_use]
    pub fn as_mib(self) -> f64 {
        self.0 / MIB
    }
}

impl Rate {
    /// From events per second.
    #[must_use]
    pub const fn per_second(events: f64) -> Self {
        Self(events)
    }

    /// In events per second.
    #[must_use]
    pub const fn as_per_second(self) -> f64 {
        self.0
    }
}

impl Seconds {
    /// From seconds.
    #[must_use]
    pub const fn new(seconds: f64) -> Self {
        Self(seconds)
    }

    /// From milliseconds.
    #[must_use]
    pub fn from_millis(millis: f64) -> Self {
        Self(millis / 1000.0)
    }

    /// From hours.
    #[must_use]
    pub fn from_hours(hours: f64) -> Self {
        Self(hours * 3600.0)
    }

    /// From days of 24 hours.
    #[must_use]
    pub fn from_days(days: f64) -> Self {
        Self(days * DAY)
    }

    /// In days of 24 hours.
    #[must_use]
    pub fn as_days(self) -> f64 {
        self.0 / DAY
    }

    /// In seconds.
    #[must_use]
    pub const fn as_seconds(self) -> f64 {
        self.0
    }
}

impl Mul<Seconds> for Rate {
    /// The offered load in Erlangs: how many servers are busy on average.
    type Output = f64;
    fn mul(self, service: Seconds) -> f64 {
        self.0 * service.0
    }
}

impl Ratio {
    /// From a plain number; 0.25 is a quarter.
    #[must_use]
    pub const fn new(ratio: f64) -> Self {
        Self(ratio)
    }

    /// As a plain number.
    #[must_use]
    pub const fn as_number(self) -> f64 {
        self.0
    }
}

impl Series {
    /// From a count.
    #[must_use]
    pub const fn new(count: f64) -> Self {
        Self(count)
    }

    /// As a count.
    #[must_use]
    pub const fn count(self) -> f64 {
        self.0
    }
}

impl DataRate {
    /// From bytes per second.
    #[must_use]
    pub const fn from_bytes_per_second(bytes: f64) -> Self {
        Self(bytes)
    }

    /// In bytes per second.
    #[must_use]
    pub const fn as_bytes_per_second(self) -> f64 {
        self.0
    }

    /// What it comes to in a day.
    #[must_use]
    pub fn per_day(self) -> Memory {
        Memory(self.0 * DAY)
    }
}

impl MoneyPerHour {
    /// From an amount per hour.
    #[must_use]
    pub const fn new(amount: f64) -> Self {
        Self(amount)
    }

    /// The amount per hour.
    #[must_use]
    pub const fn amount(self) -> f64 {
        self.0
    }
}

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

macro_rules! declared {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub struct $name(u64);

        impl $name {
            /// Nothing of it.
            pub const ZERO: Self = Self(0);

            /// From the number in its unit.
            #[must_use]
            pub const fn new(number: u64) -> Self {
                Self(number)
            }

            /// The number in its unit.
            #[must_use]
            pub const fn get(self) -> u64 {
                self.0
            }

            /// Whether there is nothing of it.
            #[must_use]
            pub const fn is_zero(self) -> bool {
                self.0 == 0
            }

            /// What is left after taking `other`, never below zero.
            #[must_use]
            pub const fn saturating_sub(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }

            /// `count` times as much, capped at the largest number.
            #[must_use]
            pub const fn times(self, count: u64) -> Self {
                Self(self.0.saturating_mul(count))
            }
        }

        /// Sums are capped at the largest number: absurd inputs stay absurd, they do not wrap.
        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0.saturating_add(other.0))
            }
        }

        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                *self = *self + other;
            }
        }

        impl Sum for $name {
            fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
                amounts.fold(Self::ZERO, Add::add)
            }
        }
    };
}

declared!(
    /// CPU as declared in requests, limits and allocatable, in thousandths of a core.
    Millicores
);
declared!(
    /// Memory or storage as declared, in bytes.
    Bytes
);

impl Millicores {
    /// As measured CPU.
    #[must_use]
    pub fn to_cores(self) -> Cores {
        Cores::from_millis(self.0 as f64)
    }

    /// The smallest declaration that holds a measured amount; the one place where CPU is rounded up.
    #[must_use]
    pub fn holding(amount: Cores) -> Self {
        Self(round_up(amount.as_millis()))
    }
}

impl Bytes {
    /// From mebibytes (2²⁰ bytes).
    #[must_use]
    pub const fn from_mib(mib: u64) -> Self {
        Self(mib.saturating_mul(1 << 20))
    }

    /// From gibibytes (2³⁰ bytes).
    #[must_use]
    pub const fn from_gib(gib: u64) -> Self {
        Self(gib.saturating_mul(1 << 30))
    }

    /// As measured memory.
    #[must_use]
    pub fn to_memory(self) -> Memory {
        Memory::from_bytes(self.0 as f64)
    }

    /// The smallest declaration that holds a measured amount; the one place where memory is rounded up.
    #[must_use]
    pub fn holding(amount: Memory) -> Self {
        Self(round_up(amount.as_bytes()))
    }
}

/// Rounds up, but not over floating-point dust: 0.1 + 0.2 cores is 300m, not 301m.
fn round_up(number: f64) -> u64 {
    const DUST: f64 = 1e-9;
    (number * (1.0 - DUST)).ceil().max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_up_forgives_floating_point_dust() {
        assert_eq!(Millicores::holding(Cores::new(0.1 + 0.2)), Millicores::new(300));
        assert_eq!(Millicores::holding(Cores::new(0.3001)), Millicores::new(301));
        assert_eq!(Bytes::holding(Memory::from_mib(1.5)), Bytes::new(1_572_864));
        assert_eq!(Millicores::holding(Cores::new(-1.0)), Millicores::ZERO);
    }

    #[test]
    fn declared_sums_saturate() {
        assert_eq!(Bytes::new(u64::MAX) + Bytes::new(1), Bytes::new(u64::MAX));
        assert_eq!(Bytes::new(1).saturating_sub(Bytes::new(2)), Bytes::ZERO);
    }

    #[test]
    fn a_share_lies_between_zero_and_one() {
        assert!(Share::new(0.25).is_ok());
        for wrong in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert!(Share::new(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn offered_load_is_rate_times_service_time() {
        let offered = Rate::per_second(200.0) * Seconds::from_millis(5.0);
        assert!((offered - 1.0).abs() < 1e-12);
    }
}
