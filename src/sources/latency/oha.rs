//! oha's JSON and text: seconds throughout, percentiles beside a coarse linear histogram.
//!
//! The percentiles are the finer of the two; the histogram tells how many requests there were.

use serde_json::Value;

use super::super::InputError;
use super::lines::Lines;
use super::text::duration;
use super::value::{count, field_error, invalid, keep, member, note_empty, number, stated};
use super::{Context, Head, LatencyReading, Reader, Shape};
use crate::measurement::{Distribution, Load, Stated};
use crate::units::{Rate, Seconds};

pub(super) const DOCUMENT: Reader =
    Reader { kind: "oha", timed: false, shape: Shape::Document { recognise: recognise_document, read: read_document } };
pub(super) const TEXT: Reader = Reader { kind: "oha", timed: false, shape: Shape::Report { recognise, read } };

/// The result in a document: itself, or what a wrapper caught on standard output.
fn result(value: &Value) -> &Value {
    value.pointer("/stdout/value").unwrap_or(value)
}

fn recognise_document(value: &Value) -> bool {
    let result = result(value);
    result.get("latencyPercentiles").is_some() && result.get("summary").is_some()
}

/// A result as far as it was read.
#[derive(Default)]
struct Run {
    percentiles: Vec<Stated>,
    /// Of the histogram, which counts aborted requests too.
    requests: f64,
    least: Option<f64>,
    mean: Option<f64>,
    most: Option<f64>,
    rate: Option<f64>,
    duration: Option<f64>,
    failures: f64,
}

fn read_document(context: &Context<'_>, value: &Value, reading: &mut LatencyReading) -> Result<(), InputError> {
    let value = result(value);
    let none = Value::Null;
    let summary = value.get("summary").unwrap_or(&none);
    let mut run = Run {
        least: member(summary, "fastest"),
        mean: member(summary, "average"),
        most: member(summary, "slowest"),
        rate: member(summary, "requestsPerSec"),
        duration: member(summary, "total"),
        ..Run::default()
    };
    for (bound, times) in value.get("responseTimeHistogram").and_then(Value::as_object).into_iter().flatten() {
        let path = format!("responseTimeHistogram.{bound}");
        run.requests += number(times).ok_or_else(|| field_error(context, &path, "no number", "a count"))?;
    }
    for (name, time) in value.get("latencyPercentiles").and_then(Value::as_object).into_iter().flatten() {
        let percent = name.strip_prefix('p').and_then(|percent| percent.parse().ok());
        let path = format!("latencyPercentiles.{name}");
        // Without requests oha writes null.
        match (percent, number(time)) {
            (Some(percent), Some(seconds)) => run.percentiles.extend(stated(percent, seconds, 0.0)),
            (_, None) if time.is_null() => {}
            _ => return Err(field_error(context, &path, time.to_string(), "seconds")),
        }
    }
    let errors = value.get("errorDistribution").and_then(Value::as_object).into_iter().flatten();
    run.failures = errors.filter_map(|(_, times)| number(times)).sum();
    run.keep(context, reading, context.name)
}

fn recognise(head: &Head<'_>) -> bool {
    head.text.contains("Response time histogram:") && head.text.contains("Response time distribution:")
}

fn read(context: &Context<'_>, lines: &mut Lines<'_>, reading: &mut LatencyReading) -> Result<(), InputError> {
    let mut run = Run::default();
    let mut chapter = String::new();
    while let Some(line) = lines.next_text()? {
        let text = line.trim();
        if !line.starts_with(char::is_whitespace) && text.ends_with(':') {
            chapter = text.to_owned();
            continue;
        }
        let bad = || lines.error(format!("{text:?}"), "output of oha", "check whether the file was edited");
        let amount = |text: &str| duration(text).map(|time| time.seconds);
        if chapter.starts_with("Summary") {
            match text.split_once(':').map(|(what, amount)| (what, amount.trim())) {
                Some(("Total", time)) => run.duration = amount(time),
                Some(("Slowest", time)) => run.most = amount(time),
                Some(("Fastest", time)) => run.least = amount(time),
                Some(("Average", time)) => run.mean = amount(time),
                Some(("Requests/sec", rate)) => run.rate = rate.parse().ok(),
                _ => {}
            }
        } else if chapter.starts_with("Response time histogram") && !text.is_empty() {
            run.requests += bracketed(text).ok_or_else(bad)?;
        } else if chapter.starts_with("Response time distribution") && !text.is_empty() {
            let (percent, time) = text.split_once(" in ").ok_or_else(bad)?;
            let percent = percent.trim_end_matches('%').parse().map_err(|_| bad())?;
            // Without requests oha prints NaN.
            if !time.contains("NaN") {
                let time = duration(time).ok_or_else(bad)?;
                run.percentiles.extend(stated(percent, time.seconds, time.resolution));
            }
        } else if chapter.starts_with("Error distribution") {
            run.failures += bracketed(text).unwrap_or(0.0);
        }
    }
    run.keep(context, reading, context.name)
}

/// The number in `0.026 [175486] |■■■` and `[128] aborted due to deadline`.
fn bracketed(text: &str) -> Option<f64> {
    text.split_once('[')?.1.split_once(']')?.0.trim().parse().ok()
}

impl Run {
    fn keep(self, context: &Context<'_>, reading: &mut LatencyReading, place: &str) -> Result<(), InputError> {
        let requests = count(self.requests).ok_or_else(|| {
            InputError::new(
                place,
                format!("{} requests", self.requests),
                "a count from 0 to 2⁵³",
                "check the histogram",
            )
        })?;
        if requests == 0 || self.percentiles.is_empty() {
            note_empty(context, reading, "");
            return Ok(());
        }
        let (least, most) = (self.least.map(Seconds::new), self.most.map(Seconds::new));
        // Text is rounded to four decimals, so the ends may lie within the percentiles beside them.
        let rounding = self.percentiles.iter().map(|stated| stated.resolution.as_seconds()).fold(0.0, f64::max);
        let least = least.map(|least| Seconds::new((least.as_seconds() - rounding).max(0.0)));
        let most = most.map(|most| most + Seconds::new(rounding));
        let mut distribution = Distribution::from_percentiles(&self.percentiles, least, most, Some(requests))
            .map_err(|error| invalid(place, &error))?;
        if let Some(mean) = self.mean {
            distribution = distribution.with_sum(Seconds::new(mean * requests as f64));
        }
        let load = Load {
            rate: self.rate.map(Rate::per_second),
            duration: self.duration.map(Seconds::new),
            failures: count(self.failures),
            ..Load::default()
        };
        keep(context, reading, "", distribution, load, self.percentiles);
        Ok(())
    }
}
