//! Durations as people read them, each with the unit that suits it.

use crate::measurement::{Difference, Outcome, QuantileEstimate, percent};
use crate::report::text;
use crate::units::Seconds;

/// A unit of time for one figure.
#[derive(Clone, Copy)]
pub struct Unit {
    /// Its symbol.
    pub symbol: &'static str,
    /// How many seconds it has.
    pub size: f64,
}

impl Unit {
    /// The unit in which an amount reads as a number from 1 to 999.
    pub fn of(seconds: f64) -> Self {
        match seconds.abs() {
            amount if amount >= 1.0 => Self { symbol: "s", size: 1.0 },
            amount if amount >= 1e-3 || amount == 0.0 => Self { symbol: "ms", size: 1e-3 },
            amount if amount >= 1e-6 => Self { symbol: "µs", size: 1e-6 },
            _ => Self { symbol: "ns", size: 1e-9 },
        }
    }

    /// An amount without the symbol.
    pub fn number(self, amount: Seconds) -> String {
        if amount.as_seconds() == f64::INFINITY {
            return "∞".to_owned();
        }
        text::significant(amount.as_seconds() / self.size)
    }
}

/// `12.4 ms`.
pub fn amount(amount: Seconds) -> String {
    let unit = Unit::of(amount.as_seconds());
    format!("{} {}", unit.number(amount), unit.symbol)
}

/// `12.4 ms [12.1–12.8]`.
pub fn figure(estimate: &QuantileEstimate) -> String {
    let unit = Unit::of(estimate.value.as_seconds());
    let (lower, upper) = (unit.number(estimate.lower), unit.number(estimate.upper));
    let value = format!("{} {}", unit.number(estimate.value), unit.symbol);
    if lower == upper { value } else { format!("{value} [{lower}–{upper}]") }
}

/// `+0.52 ms [0.41–0.63]`.
pub fn signed(difference: &Difference) -> String {
    let unit = Unit::of(difference.value.as_seconds());
    let sign = if difference.value > Seconds::ZERO { "+" } else { "" };
    let end = |amount: Seconds| if amount.as_seconds().is_infinite() { "∞".to_owned() } else { unit.number(amount) };
    let (lower, upper) = (end(difference.lower), end(difference.upper));
    format!("{sign}{} {} [{lower} to {upper}]", unit.number(difference.value), unit.symbol)
}

/// `slower by 0.4–0.6 ms at p99`, or `within noise`.
pub fn by_how_much(difference: &Difference) -> String {
    let at = percent(difference.quantile);
    let (near, far, word) = match difference.outcome {
        Outcome::WithinNoise => return "within noise".to_owned(),
        Outcome::Slower => (difference.lower, difference.upper, "slower"),
        Outcome::Faster => (Seconds::ZERO - difference.upper, Seconds::ZERO - difference.lower, "faster"),
    };
    let unit = Unit::of(difference.value.as_seconds());
    if far.as_seconds().is_infinite() {
        return format!("{word} by at least {} {} at p{at}", unit.number(near), unit.symbol);
    }
    format!("{word} by {}–{} {} at p{at}", unit.number(near), unit.number(far), unit.symbol)
}

/// An outcome as a word.
pub fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::WithinNoise => "within noise",
        Outcome::Slower => "slower",
        Outcome::Faster => "faster",
    }
}
