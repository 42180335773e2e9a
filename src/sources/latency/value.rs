//! Numbers in JSON results, and errors that name the field.

use serde_json::Value;

use super::super::InputError;
use super::{Context, LatencyReading};
use crate::finding::Finding;
use crate::measurement::{Distribution, DistributionError, Load, Measurement, Stated};
use crate::units::{Quantile, Seconds};

/// A number, whether written as one or as a string of one.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        _ => None,
    }
}

/// A member that is a number.
pub(super) fn member(value: &Value, key: &str) -> Option<f64> {
    value.get(key).and_then(number)
}

/// A member that must be a number.
///
/// # Errors
/// [`InputError`] naming the field.
pub(super) fn required(context: &Context<'_>, value: &Value, path: &str, key: &str) -> Result<f64, InputError> {
    member(value, key).ok_or_else(|| {
        let found = value.get(key).map_or_else(|| "nothing".to_owned(), |other| shortened(&other.to_string()));
        field_error(context, &format!("{path}.{key}"), found, "a number")
    })
}

/// An error at a field.
pub(super) fn field_error(
    context: &Context<'_>,
    path: &str,
    found: impl Into<String>,
    expected: impl Into<String>,
) -> InputError {
    let place = format!("{}, field {}", context.name, path.trim_start_matches('.'));
    InputError::new(place, found, expected, "check whether the file was edited or cut")
}

/// An error of a distribution at a place.
pub(super) fn invalid(place: impl Into<String>, error: &DistributionError) -> InputError {
    let text = error.to_string();
    let (found, expected) = text.split_once(", expected ").unwrap_or((&text, "a distribution"));
    InputError::new(place, found, expected, "check whether the file was edited or cut")
}

/// A whole count from a number; `None` for anything negative or beyond exact counting.
pub(super) fn count(number: f64) -> Option<u64> {
    (0.0..=9_007_199_254_740_992.0).contains(&number).then_some(number.round() as u64)
}

/// A percentile in per cent as a stated quantile.
pub(super) fn stated(percent: f64, seconds: f64, resolution: f64) -> Option<Stated> {
    let quantile = Quantile::new(percent / 100.0).ok()?;
    Some(Stated { quantile, value: Seconds::new(seconds), resolution: Seconds::new(resolution) })
}

/// Text that fits in a message.
pub(super) fn shortened(text: &str) -> String {
    const SHOWN: usize = 40;
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// Adds a measurement named after the file and, if it is one of several, its place in there.
pub(super) fn keep(
    context: &Context<'_>,
    reading: &mut LatencyReading,
    section: &str,
    distribution: Distribution,
    load: Load,
    stated: Vec<Stated>,
) {
    let name = named(context, section);
    reading.measurements.push(Measurement { name, format: context.kind, distribution, load, stated, reported: None });
}

/// File and place in it.
pub(super) fn named(context: &Context<'_>, section: &str) -> String {
    let section = section.trim();
    if section.is_empty() { context.name.to_owned() } else { format!("{} {}", context.name, section) }
}

/// Notes that a part of a file holds no samples.
pub(super) fn note_empty(context: &Context<'_>, reading: &mut LatencyReading, section: &str) {
    let subject = named(context, section);
    reading.findings.push(Finding::new(&super::notes::NO_SAMPLES, subject, "no samples were recorded"));
}
