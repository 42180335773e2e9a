//! From an exact need to an amount that people write: up to the next step, never down.
//!
//! | amount | step of memory | step of CPU |
//! |---|---|---|
//! | up to 128 MiB, 100m | 8 MiB | 5m |
//! | up to 512 MiB, 500m | 16 MiB | 10m |
//! | up to 2 GiB, 2 cores | 64 MiB | 50m |
//! | above | 256 MiB | 250m |
//!
//! So a step is at most an eighth of what it rounds, but for the smallest amounts.

use crate::units::{Bytes, Millicores};

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
