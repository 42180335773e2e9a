//! From an exact need to an amount that people write: up to the next step, never down.
//!
//! | amount | step of memory | step of CPU |
//! |---|---|---|
//! | up to 128 MiB, 100m | 8 MiB | 5m |
//! | up to 512 MiB, 500m | 16 MiB | 10m |
//! | up to 2 GiB, 2 cores | 64 MiB | 50m |
//! | above | 256 MiB | 250m |
//!
//! So a step is at most an eighth of what it rounds, but for the smallest amounts. Counts and times have two digits.

use crate::units::{Bytes, Millicores, Seconds};

const MIB: u64 = 1 << 20;

/// Memory rounded up to a step.
#[must_use]
pub fn memory(amount: Bytes) -> Bytes {
    let mib = amount.get().div_ceil(MIB);
    let step = match mib {
        0..=128 => 8,
        129..=512 => 16,
        513..=2048 => 64,
        _ => 256,
    };
    Bytes::from_mib(mib.div_ceil(step).saturating_mul(step))
}

/// CPU rounded up to a step.
#[must_use]
pub fn cpu(amount: Millicores) -> Millicores {
    let step = match amount.get() {
        0..=100 => 5,
        101..=500 => 10,
        501..=2000 => 50,
        _ => 250,
    };
    Millicores::new(amount.get().div_ceil(step).saturating_mul(step))
}

/// A count rounded up to two digits.
#[must_use]
pub fn count(count: u64) -> u64 {
    let mut step = 1_u64;
    while count / step >= 100 {
        step = step.saturating_mul(10);
    }
    count.div_ceil(step).saturating_mul(step)
}

/// A time rounded up to two digits, in whole milliseconds: the API takes no less than one.
#[must_use]
pub fn time(time: Seconds) -> Seconds {
    /// A day: what is longer is no timeout.
    const LONGEST: f64 = 86_400_000.0;
    // What was rounded already is a whole number but for the last digit of its floating point.
    let millis = (time.as_seconds() * 1000.0 - 1e-6).ceil().clamp(1.0, LONGEST);
    // What is no number becomes the least.
    Seconds::new(count((millis as u64).max(1)) as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_go_up_to_the_next_step() {
        for (mib, stepped) in [(0, 0), (1, 8), (128, 128), (129, 144), (513, 576), (2049, 2304)] {
            assert_eq!(memory(Bytes::from_mib(mib)), Bytes::from_mib(stepped), "{mib} MiB");
        }
        for (millis, stepped) in [(0, 0), (1, 5), (101, 110), (501, 550), (2001, 2250)] {
            assert_eq!(cpu(Millicores::new(millis)), Millicores::new(stepped), "{millis}m");
        }
    }

    #[test]
    fn counts_and_times_have_two_digits_and_stay_when_rounded_again() {
        for (amount, expected) in [(0, 0), (7, 7), (99, 99), (100, 100), (101, 110), (1234, 1300), (9999, 10_000)] {
            assert_eq!(count(amount), expected);
            assert_eq!(count(expected), expected);
        }
        assert_eq!(count(u64::MAX), u64::MAX);
        for (seconds, expected) in
            [(0.0, 0.001), (0.0123, 0.013), (0.1011, 0.11), (1.0, 1.0), (2.345, 2.4), (1e9, 87_000.0)]
        {
            assert_eq!(time(Seconds::new(seconds)), Seconds::new(expected));
            assert_eq!(time(Seconds::new(expected)), Seconds::new(expected));
        }
        assert_eq!(time(Seconds::new(f64::NAN)), Seconds::new(0.001));
    }

    #[test]
    fn a_step_is_a_fixed_point() {
        for mib in 0..5000 {
            let once = memory(Bytes::from_mib(mib));
            assert_eq!(memory(once), once);
            assert!(once >= Bytes::from_mib(mib));
        }
        for millis in 0..9000 {
            let once = cpu(Millicores::new(millis));
            assert_eq!(cpu(once), once);
            assert!(once >= Millicores::new(millis));
        }
    }
}
