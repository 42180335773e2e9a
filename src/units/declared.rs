//! What is declared: whole numbers.

use std::iter::Sum;
use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};

use super::measured::{Cores, Memory};

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
