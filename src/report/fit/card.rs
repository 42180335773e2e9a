//! A fitted card as TOML: what was measured, and the name of the card that has the rest.

use std::fmt::Write as _;

use super::{CardName, unseen};
use crate::card::UsedFor;
use crate::fit::{Fit, LawFit, Origin, Outcome};
use crate::model::Coefficient;
use crate::report::text;

/// Digits of a figure that are written; intervals are never finer than a hundredth of that.
const DIGITS: i32 = 5;

/// Writes the card. It reads back as `fit.card`, to the digits written.
pub fn render(fit: &Fit, named: &CardName) -> String {
    let mut card = String::from(
        "# Figures fitted to measurements; everything else as in the card it extends.\n\
         # A coefficient has a value, the ends of its 90 % interval, a unit, and where it comes from; `range` says\n\
         # between which counts it was observed.\n\n",
    );
    for (key, value) in
        [("extends", &named.extends), ("name", &named.name), ("title", &named.title), ("date", &fit.date)]
    {
        let _ = writeln!(card, "{key} = {}", quoted(value));
    }
    list(&mut card, "notes", &notes(fit));
    card.push_str("\n# Which rows decided what; of the extended card what it still decides.\n[evidence]\n");
    let (values, intervals) = evidence(fit);
    list(&mut card, "values", &values);
    list(&mut card, "intervals", &intervals);
    for law in fit.laws.iter().filter(|law| matches!(law.outcome, Outcome::Fitted(_))) {
        let _ = writeln!(card, "\n[{}]", law.law.section());
        for one in law.coefficients.iter().filter(|one| one.origin == Origin::Fitted) {
            let key = one.after.name.rsplit('.').next().unwrap_or_default();
            let _ = writeln!(card, "{key} = {}", entry(&one.after));
        }
    }
    card
}

fn entry(coefficient: &Coefficient) -> String {
    let [lower, value, upper] = coefficient.as_written().map(number);
    let range = coefficient
        .range
        .map_or_else(String::new, |(from, to)| format!(", range = [{}, {}]", number(from), number(to)));
    format!(
        "{{ value = {value}, lower = {lower}, upper = {upper}, unit = {}, source = {}, date = {}, conditions = {}{range} }}",
        quoted(&coefficient.unit),
        quoted(&coefficient.source),
        quoted(&coefficient.date),
        quoted(&coefficient.conditions)
    )
}

fn notes(fit: &Fit) -> Vec<String> {
    let mut notes = Vec::new();
    for law in &fit.laws {
        let groups = law.groups.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
        let more = if law.groups.len() > 3 { " and others" } else { "" };
        match &law.outcome {
            Outcome::Withheld(withheld) => notes.push(format!("{}: {withheld}.", law.law)),
            Outcome::Fitted(fitting) => {
                let within = fitting.holdout.as_ref().and_then(|holdout| holdout.within);
                let unseen = within.map_or_else(String::new, |score| format!("; {}", unseen(score)));
                let points = fitting.points;
                notes
                    .push(format!("{}: {} rows at {points} load points of {groups}{more}{unseen}.", law.law, law.rows));
                let kept: Vec<&str> = law
                    .coefficients
                    .iter()
                    .filter(|one| one.origin != Origin::Fitted)
                    .filter_map(|one| one.after.name.rsplit('.').next())
                    .collect();
                if !kept.is_empty() {
                    notes.push(format!("{}, from {}: {}.", law.law, fit.extended.name(), kept.join(", ")));
                }
            }
        }
    }
    notes
}

/// Groups that decided values and groups that decided intervals: those of the fit, and those of the extended card
/// for laws that still have a coefficient of it.
fn evidence(fit: &Fit) -> (Vec<String>, Vec<String>) {
    let fitted = |law: &&LawFit| matches!(law.outcome, Outcome::Fitted(_));
    let mut values: Vec<String> = fit.laws.iter().filter(fitted).flat_map(|law| law.evidence.iter().cloned()).collect();
    let replaced: Vec<&str> = fit
        .laws
        .iter()
        .filter(fitted)
        .filter(|law| law.coefficients.iter().all(|one| one.origin == Origin::Fitted))
        .map(|law| law.law.name())
        .collect();
    let mut intervals = Vec::new();
    for group in fit.extended.evidence() {
        let (quantity, rows) = group.split_once(": ").unwrap_or((group, ""));
        if replaced.contains(&quantity) || values.iter().any(|own| own == group) {
            continue;
        }
        match fit.extended.used_for(quantity, rows) {
            UsedFor::Values => values.push(group.to_owned()),
            UsedFor::Intervals => intervals.push(group.to_owned()),
            UsedFor::Nothing => {}
        }
    }
    values.sort();
    intervals.sort();
    (values, intervals)
}

fn list(card: &mut String, key: &str, entries: &[String]) {
    let lines: String = entries.iter().map(|entry| format!("  {},\n", quoted(entry))).collect();
    let _ = if lines.is_empty() { writeln!(card, "{key} = []") } else { writeln!(card, "{key} = [\n{lines}]") };
}

fn quoted(words: &str) -> String {
    toml::Value::String(text::clean(words)).to_string()
}

/// A number to [`DIGITS`] digits; rounding keeps the order of numbers, so intervals stay intervals.
fn number(number: f64) -> String {
    if number == 0.0 || !number.is_finite() {
        return number.to_string();
    }
    let places = DIGITS - 1 - number.abs().log10().floor() as i32;
    let step = 10_f64.powi(places.abs());
    let rounded = if places >= 0 { (number * step).round() / step } else { (number / step).round() * step };
    rounded.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_five_digits() {
        for (given, written) in [
            (0.0, "0"),
            (67.432_713, "67.433"),
            (0.001_234_567_8, "0.0012346"),
            (123_456_789.0, "123460000"),
            (1.0, "1"),
            (0.999_999_9, "1"),
        ] {
            assert_eq!(number(given), written);
        }
    }
}
