//! Measured durations and their differences in words.

use crate::measurement::{Difference, Outcome, QuantileEstimate, percent};
use crate::report::duration::{number, unit};
use crate::units::Seconds;

/// `12.4 ms [12.1–12.8]`.
pub fn figure(estimate: &QuantileEstimate) -> String {
    let unit = unit(estimate.value);
    let (lower, upper) = (number(estimate.lower, unit), number(estimate.upper, unit));
    let value = format!("{} {}", number(estimate.value, unit), unit.symbol);
    if lower == upper { value } else { format!("{value} [{lower}–{upper}]") }
}

/// `+0.52 ms [0.41 to 0.63]`.
pub fn signed(difference: &Difference) -> String {
    let unit = unit(difference.value);
    let sign = if difference.value > Seconds::ZERO { "+" } else { "" };
    let (lower, upper) = (number(difference.lower, unit), number(difference.upper, unit));
    format!("{sign}{} {} [{lower} to {upper}]", number(difference.value, unit), unit.symbol)
}

/// `slower by 0.4–0.6 ms at p99`, or `within noise`.
pub fn by_how_much(difference: &Difference) -> String {
    let at = percent(difference.quantile);
    let (near, far, word) = match difference.outcome {
        Outcome::WithinNoise => return "within noise".to_owned(),
        Outcome::Slower => (difference.lower, difference.upper, "slower"),
        Outcome::Faster => (Seconds::ZERO - difference.upper, Seconds::ZERO - difference.lower, "faster"),
    };
    let unit = unit(difference.value);
    let (near, far) = (number(near, unit), number(far, unit));
    let range = match () {
        () if far == "∞" => format!("at least {near}"),
        () if far == near => near,
        () => format!("{near}–{far}"),
    };
    format!("{word} by {range} {} at p{at}", unit.symbol)
}

/// An outcome as a word.
pub fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::WithinNoise => "within noise",
        Outcome::Slower => "slower",
        Outcome::Faster => "faster",
    }
}
