//! Durations as people read them.

use super::text::{Unit, significant};
use crate::units::Seconds;

const SECONDS: Unit = Unit::plain("s", 1.0);
const MILLISECONDS: Unit = Unit::plain("ms", 1e-3);
const MICROSECONDS: Unit = Unit::plain("µs", 1e-6);
const NANOSECONDS: Unit = Unit::plain("ns", 1e-9);

/// The unit in which an amount is written with one to three digits before the point.
pub fn unit(amount: Seconds) -> Unit {
    // Three digits are shown: what rounds up to 1,000 of a unit is 1 of the next.
    const ROUNDED: f64 = 0.9995;
    match amount.as_seconds().abs() {
        seconds if seconds >= ROUNDED => SECONDS,
        seconds if seconds >= ROUNDED * 1e-3 || seconds == 0.0 => MILLISECONDS,
        seconds if seconds >= ROUNDED * 1e-6 => MICROSECONDS,
        _ => NANOSECONDS,
    }
}

/// The unit for an amount with its interval: that of the amount, or a larger one where an end that is less than
/// ten times as large would be written in thousands.
pub fn unit_of_interval(lower: Seconds, value: Seconds, upper: Seconds) -> Unit {
    const FAR: f64 = 10.0;
    let size = |amount: Seconds| amount.as_seconds().abs();
    let far = [lower, upper].map(size).into_iter().filter(|end| *end < FAR * size(value)).fold(size(value), f64::max);
    unit(Seconds::new(far))
}

/// An amount in a unit, without its symbol; `∞` where nothing bounds it.
pub fn number(amount: Seconds, unit: Unit) -> String {
    match amount.as_seconds() {
        f64::INFINITY => "∞".to_owned(),
        f64::NEG_INFINITY => "−∞".to_owned(),
        seconds => significant(seconds / unit.size),
    }
}

/// An amount with the unit that suits it: `12.4 ms`.
pub fn amount(amount: Seconds) -> String {
    let unit = unit(amount);
    let number = number(amount, unit);
    if amount.as_seconds().is_finite() { format!("{number} {}", unit.symbol) } else { number }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_choose_their_unit() {
        for (seconds, text) in [
            (0.0, "0 ms"),
            (1.5, "1.50 s"),
            (0.0124, "12.4 ms"),
            (0.9996, "1.00 s"),
            (0.000_52, "520 µs"),
            (-0.000_52, "−520 µs"),
            (4.2e-8, "42.0 ns"),
            (250.0, "250 s"),
            (f64::INFINITY, "∞"),
            (f64::NEG_INFINITY, "−∞"),
        ] {
            assert_eq!(amount(Seconds::new(seconds)), text, "{seconds}");
        }
    }

    #[test]
    fn intervals_are_not_written_in_thousands() {
        for (ends, symbol) in [
            ([0.4, 0.5, 0.6], "ms"),
            ([0.4, 0.5, 1.6], "s"),
            ([-1.6, 0.5, 0.9], "s"),
            ([0.01, 0.02, 1.6], "ms"),
            ([0.4, 0.5, f64::INFINITY], "ms"),
        ] {
            let [lower, value, upper] = ends.map(Seconds::new);
            assert_eq!(unit_of_interval(lower, value, upper).symbol, symbol, "{ends:?}");
        }
    }
}
