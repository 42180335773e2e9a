//! vegeta's results, one per request: `vegeta encode --to json` and `--to csv`, in nanoseconds.
//!
//! Its own encoding (gob) describes itself by types and is not read.

use serde::Deserialize;

use super::super::InputError;
use super::clock::Clock;
use super::lines::Lines;
use super::samples::Samples;
use super::text::field;
use super::{Context, Head, LatencyReading, Reader, Shape};
use crate::measurement::{Load, Pacing, TimeUnit};

pub(super) const JSON: Reader =
    Reader { kind: "vegeta", timed: true, shape: Shape::Stream { recognise: recognise_json, read: read_json } };
pub(super) const CSV: Reader =
    Reader { kind: "vegeta", timed: true, shape: Shape::Stream { recognise: recognise_csv, read: read_csv } };
pub(super) const GOB: Reader =
    Reader { kind: "vegeta", timed: true, shape: Shape::Bytes { recognise: recognise_gob, read: refuse_gob } };

/// Whether a line of JSON is a result, which is a stream even where it stands alone.
pub(super) fn is_result(line: &str) -> bool {
    line.starts_with('{') && ["\"latency\":", "\"timestamp\":", "\"code\":"].iter().all(|key| line.contains(key))
}

fn recognise_json(head: &Head<'_>) -> bool {
    is_result(head.first_line())
}

/// What is needed of a result; the rest may be large.
#[derive(Deserialize)]
struct Line<'a> {
    latency: f64,
    code: Option<u64>,
    #[serde(borrow)]
    error: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow)]
    timestamp: Option<std::borrow::Cow<'a, str>>,
}

fn read_json(context: &Context<'_>, lines: &mut Lines<'_>, reading: &mut LatencyReading) -> Result<(), InputError> {
    let mut samples = Samples::new(context, TimeUnit::Nanoseconds)?;
    let mut clock = Clock::new(context);
    loop {
        let number = lines.number() + 1;
        let Some(line) = lines.next()? else { break };
        if line.trim_ascii().is_empty() {
            continue;
        }
        let line: Line<'_> =
            serde_json::from_slice(line).map_err(|error| broken(context, number, error.to_string()))?;
        if !clock.wants(context, number, line.timestamp.as_ref().map(|time| time.as_bytes()))? {
            continue;
        }
        samples.number(line.latency, number);
        let failed =
            line.error.is_some_and(|error| !error.is_empty()) || line.code.is_some_and(|code| !succeeded(code));
        samples.failures += u64::from(failed);
    }
    finish(context, reading, samples, &clock);
    Ok(())
}

/// Columns: time, status, latency, bytes out, bytes in, error, body, attack, number, method, URL, headers; no header.
fn recognise_csv(head: &Head<'_>) -> bool {
    let line = head.first_line().as_bytes();
    let whole = |column, digits: std::ops::RangeInclusive<usize>| {
        let digit = |text: &&[u8]| digits.contains(&text.len()) && text.iter().all(u8::is_ascii_digit);
        field(line, column).is_some_and(|text| digit(&text))
    };
    // The time is in nanoseconds since 1970; older versions have fewer columns after the sixth.
    whole(0, 19..=19)
        && whole(1, 1..=3)
        && whole(2, 1..=19)
        && whole(3, 1..=19)
        && whole(4, 1..=19)
        && field(line, 5).is_some()
}

fn read_csv(context: &Context<'_>, lines: &mut Lines<'_>, reading: &mut LatencyReading) -> Result<(), InputError> {
    let mut samples = Samples::new(context, TimeUnit::Nanoseconds)?;
    let mut clock = Clock::new(context);
    loop {
        let number = lines.number() + 1;
        let Some(record) = lines.next_record()? else { break };
        if record.is_empty() {
            continue;
        }
        let Some(latency) = field(record, 2) else {
            let found = format!("{:?}", super::value::shortened(&String::from_utf8_lossy(record)));
            return Err(broken(context, number, found));
        };
        if !clock.wants(context, number, field(record, 0))? {
            continue;
        }
        samples.text(latency, number);
        let code = field(record, 1).and_then(|code| std::str::from_utf8(code).ok()?.parse().ok());
        samples.failures += u64::from(!code.is_some_and(succeeded));
    }
    finish(context, reading, samples, &clock);
    Ok(())
}

/// What vegeta counts as success.
fn succeeded(code: u64) -> bool {
    (200..400).contains(&code)
}

fn finish(context: &Context<'_>, reading: &mut LatencyReading, samples: Samples, clock: &Clock) {
    clock.note(context, reading, "samples");
    let load = Load { failures: Some(samples.failures), pacing: Pacing::Open, ..Load::default() };
    samples.keep(context, reading, "", load);
}

fn broken(context: &Context<'_>, line: u64, found: String) -> InputError {
    let place = format!("{}:{line}", context.name);
    InputError::new(
        place,
        found,
        "a result of vegeta with its latency",
        "check whether the file is cut, or encode it again",
    )
}

/// A gob stream begins with the description of its type.
fn recognise_gob(head: &Head<'_>) -> bool {
    let has = |mark: &[u8]| memchr::memmem::find(head.bytes, mark).is_some();
    has(b"Result") && has(b"Latency") && has(b"Timestamp")
}

fn refuse_gob(context: &Context<'_>, _: &mut Lines<'_>, _: &mut LatencyReading) -> Result<(), InputError> {
    Err(InputError::new(
        context.name,
        "results of vegeta in its own encoding (gob)",
        "results as text",
        "turn them into text with `vegeta encode --to csv`, or give the output of `vegeta report --type json`",
    ))
}
