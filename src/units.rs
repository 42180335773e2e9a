//! Quantities as types: what is measured is floating point, what is declared is an integer.
//!
//! Units appear in constructors and accessors only. Arithmetic gives the right kind:
//! a [`Rate`] times [`Seconds`] is a number of busy servers, [`Cores`] over [`Cores`] is a ratio.

mod declared;
mod measured;
mod share;

pub use declared::{Bytes, Millicores};
pub use measured::{Cores, DataRate, Memory, MoneyPerHour, Rate, Ratio, Seconds, Series};
pub use share::{NotAShare, Quantile, Share, Utilization};

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
