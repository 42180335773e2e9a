//! Measured durations and their differences in words.

use crate::measurement::{Difference, Outcome, QuantileEstimate, percent};
use crate::report::duration::{amount, number, unit_of_interval};
use crate::units::Seconds;

/// `12.4 ms [12.1–12.8]`; `≥ 100 ms` where only a lower bound is known.
pub fn figure(estimate: &QuantileEstimate) -> String {
    if estimate.lower == estimate.value && estimate.upper.as_seconds().is_infinite() {
        return at_least(estimate.lower);
    }
    let unit = unit_of_interval(estimate.lower, estimate.value, estimate.upper);
    let (lower, upper) = (number(estimate.lower, unit), number(estimate.upper, unit));
    let value = format!("{} {}", number(estimate.value, unit), unit.symbol);
    if lower == upper { value } else { format!("{value} [{lower}–{upper}]") }
}

/// `6.54 ms`, the figure alone; `≥ 4.20 ms` where nothing bounds it from above.
pub fn alone(estimate: &QuantileEstimate) -> String {
    if estimate.upper.as_seconds().is_infinite() { at_least(estimate.lower) } else { amount(estimate.value) }
}

fn at_least(bound: Seconds) -> String {
    format!("≥ {}", amount(bound))
}

/// `+0.52 ms [0.41 to 0.63]`.
pub fn signed(difference: &Difference) -> String {
    let unit = unit_of_interval(difference.lower, difference.value, difference.upper);
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
    let unit = unit_of_interval(difference.lower, difference.value, difference.upper);
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
