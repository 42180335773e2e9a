//! HdrHistogram percentile files (`.hgrm`), also as CSV, and vegeta's `hdrplot`.
//!
//! Columns `Value Percentile TotalCount 1/(1-Percentile)`. No unit is given (vegeta writes `Value(ms)`);
//! milliseconds are the custom.

use super::super::InputError;
use super::lines::Lines;
use super::notes::UNIT_ASSUMED;
use super::spectrum::{Row, Spectrum};
use super::text::half_digit;
use super::value::{invalid, keep};
use super::{Context, Head, LatencyReading, Reader, Shape};
use crate::finding::Finding;
use crate::measurement::{Load, TimeUnit};
use crate::units::Seconds;

pub(super) const READER: Reader = Reader { kind: "hgrm", timed: false, shape: Shape::Report { recognise, read } };

fn recognise(head: &Head<'_>) -> bool {
    let header = head.first_line();
    header.trim_start_matches('"').starts_with("Value")
        && header.contains("Percentile")
        && header.contains("TotalCount")
}

fn read(context: &Context<'_>, lines: &mut Lines<'_>, reading: &mut LatencyReading) -> Result<(), InputError> {
    let mut header = String::new();
    while header.trim().is_empty() {
        match lines.next_text()? {
            Some(line) => header = line,
            None => break,
        }
    }
    let named =
        header.split_once('(').and_then(|(_, rest)| rest.split_once(')')).and_then(|(unit, _)| TimeUnit::named(unit));
    let unit = context.unit.or(named).unwrap_or(TimeUnit::Milliseconds);
    if context.unit.or(named).is_none() {
        let message = format!("no unit is given; values are taken as {}", unit.symbol());
        reading.findings.push(Finding::new(&UNIT_ASSUMED, context.name, message));
    }
    let mut spectrum = Spectrum::new(unit.seconds());
    let mut mean = None;
    while let Some(line) = lines.next_text()? {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        if line.starts_with('#') {
            mean = mean.or_else(|| summary(line, "Mean"));
            continue;
        }
        let row = row(line).ok_or_else(|| {
            lines.error(format!("{line:?}"), "value, percentile and count", "check whether the file was edited")
        })?;
        spectrum
            .push(row)
            .map_err(|found| lines.error(found, "rows that rise", "check whether the file was edited"))?;
    }
    if spectrum.reaches() < 1.0 {
        let found = format!("a spectrum that ends at percentile {}", spectrum.reaches());
        return Err(lines.error(found, "a last row at percentile 1", "the file is cut; fetch it again"));
    }
    let stated = spectrum.stated();
    let mut distribution = spectrum.finish().map_err(|error| invalid(context.name, &error))?;
    if let (Some(mean), Some(samples)) = (mean, distribution.samples()) {
        distribution = distribution.with_sum(Seconds::new(mean * unit.seconds() * samples as f64));
    }
    keep(context, reading, "", distribution, Load::default(), stated);
    Ok(())
}

/// One row of a spectrum, columns apart by blanks or commas.
pub(super) fn row(line: &str) -> Option<Row> {
    let mut columns = line.split([' ', '\t', ',']).filter(|column| !column.is_empty());
    let value = columns.next()?;
    let (percentile, total) = (columns.next()?.parse().ok()?, columns.next()?.parse().ok()?);
    Some(Row { value: value.parse().ok()?, resolution: half_digit(value), percentile, total })
}

/// A number of the trailer: `#[Mean    =       25.048, StdDeviation   =      120.097]`.
pub(super) fn summary(line: &str, what: &str) -> Option<f64> {
    let (_, rest) = line.split_once(what)?;
    let rest = rest.trim_start().strip_prefix('=')?;
    rest.split([',', ']']).next()?.trim().parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0)
}
