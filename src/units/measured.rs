//! What is measured: floating point.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Sub};

use serde::{Deserialize, Serialize};

use super::{MIB, Quantity};

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
