//! k6 samples as NDJSON (`--out json`) and CSV (`--out csv`), and its console summary.

use memchr::memmem;
use serde::Deserialize;

use super::super::InputError;
use super::clock::Clock;
use super::k6::DURATIONS;
use super::lines::Lines;
use super::samples::Samples;
use super::text::{duration, field};
use super::value::{count, invalid, keep, note_empty, stated};
use super::{Context, Head, LatencyReading, Reader, Shape};
use crate::measurement::{Distribution, Load, TimeUnit};
use crate::units::{Rate, Seconds};

pub(super) const NDJSON: Reader =
    Reader { kind: "k6", timed: true, shape: Shape::Stream { recognise: recognise_ndjson, read: read_ndjson } };
pub(super) const CSV: Reader =
    Reader { kind: "k6", timed: true, shape: Shape::Stream { recognise: recognise_csv, read: read_csv } };
pub(super) const CONSOLE: Reader =
    Reader { kind: "k6", timed: false, shape: Shape::Report { recognise: recognise_console, read: read_console } };

fn recognise_ndjson(head: &Head<'_>) -> bool {
    let line = head.first_line();
    line.starts_with('{') && line.contains("\"metric\"") && line.contains("\"type\"")
}

/// One line; only what is needed is decoded.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    metric: std::borrow::Cow<'a, str>,
    #[serde(rename = "type", borrow)]
    kind: std::borrow::Cow<'a, str>,
    data: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    value: Option<f64>,
    #[serde(borrow)]
    time: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow)]
    tags: Option<Tags<'a>>,
}

#[derive(Deserialize)]
struct Tags<'a> {
    #[serde(borrow)]
    expected_response: Option<std::borrow::Cow<'a, str>>,
}

fn read_ndjson(context: &Context<'_>, lines: &mut Lines<'_>, reading: &mut LatencyReading) -> Result<(), InputError> {
    let mut found = by_metric(context)?;
    let mut clock = Clock::new(context);
    let wanted = memmem::Finder::new("req_duration\"");
    loop {
        let number = lines.number() + 1;
        let Some(line) = lines.next()? else { break };
        // Most lines are other metrics; looking is ten times faster than decoding.
        if wanted.find(line).is_none() {
            continue;
        }
        let decoded: Result<Line<'_>, _> = serde_json::from_slice(line);
        let line = match decoded {
            Ok(line) if line.kind == "Point" => {
                let index = DURATIONS.iter().position(|(name, _)| *name == line.metric);
                let failed =
                    line.data.tags.and_then(|tags| tags.expected_response).is_some_and(|expected| expected == "false");
                Ok(index.map(|index| (index, line.data.value, failed, line.data.time)))
            }
            Ok(_) => Ok(None),
            Err(error) => Err(error.to_string()),
        };
        let line = line.map_err(|error| {
            InputError::new(
                format!("{}:{number}", context.name),
                error,
                "a line of k6 JSON",
                "check whether the file is cut",
            )
        })?;
        if let Some((index, value, failed, time)) = line
            && let Some(samples) = found.get_mut(index)
            && clock.wants(context, number, time.as_ref().map(|time| time.as_bytes()))?
        {
            samples.number(value.unwrap_or(f64::NAN), number);
            samples.failures += u64::from(failed);
        }
    }
    clock.note(context, reading, "samples");
    keep_metrics(context, reading, found);
    Ok(())
}

fn recognise_csv(head: &Head<'_>) -> bool {
    head.first_line().starts_with("metric_name,timestamp,metric_value")
}

fn read_csv(context: &Context<'_>, lines: &mut Lines<'_>, reading: &mut LatencyReading) -> Result<(), InputError> {
    let mut found = by_metric(context)?;
    let header = lines.next_text()?.unwrap_or_default();
    let mut clock = Clock::new(context);
    let outcome = header.split(',').position(|name| name == "expected_response");
    loop {
        let number = lines.number() + 1;
        let Some(record) = lines.next_record()? else { break };
        let Some(index) = DURATIONS
            .iter()
            .position(|(name, _)| record.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.first() == Some(&b',')))
        else {
            continue;
        };
        let Some(samples) = found.get_mut(index) else { continue };
        if clock.is_set() && !clock.wants(context, number, field(record, 1))? {
            continue;
        }
        samples.text(field(record, 2).unwrap_or_default(), number);
        samples.failures += u64::from(outcome.and_then(|column| field(record, column)) == Some(b"false"));
    }
    clock.note(context, reading, "samples");
    keep_metrics(context, reading, found);
    Ok(())
}

fn by_metric(context: &Context<'_>) -> Result<Vec<Samples>, InputError> {
    DURATIONS.iter().map(|_| Samples::new(context, TimeUnit::Milliseconds)).collect()
}

fn keep_metrics(context: &Context<'_>, reading: &mut LatencyReading, found: Vec<Samples>) {
    let before = reading.measurements.len();
    let mut empty = LatencyReading::default();
    for ((name, _), samples) in DURATIONS.iter().zip(found) {
        let load = Load { failures: Some(samples.failures), ..Load::default() };
        let mut one = LatencyReading::default();
        samples.keep(context, &mut one, name, load);
        if one.measurements.is_empty() {
            empty.findings.extend(one.findings);
        } else {
            reading.measurements.extend(one.measurements);
            reading.findings.extend(one.findings);
        }
    }
    if reading.measurements.len() == before {
        reading.findings.extend(empty.findings.into_iter().take(1));
    }
}

fn recognise_console(head: &Head<'_>) -> bool {
    let has = |mark: &str| head.text.contains(mark);
    has("_req_duration..") || has("iteration_duration..") || (has("k6") && has("execution:"))
}

/// `http_req_duration..............: avg=497.3µs  min=34.08µs med=387.59µs max=100.07ms p(90)=880.81µs p(95)=1.15ms`.
fn read_console(context: &Context<'_>, lines: &mut Lines<'_>, reading: &mut LatencyReading) -> Result<(), InputError> {
    let mut trends: Vec<(usize, String, u64)> = Vec::new();
    let mut counted = [None; DURATIONS.len()];
    while let Some(line) = lines.next_text()? {
        let Some((name, rest)) = line.trim().split_once(':') else { continue };
        let name = name.trim_end_matches('.');
        for ((index, (trend, counter)), counted) in DURATIONS.iter().enumerate().zip(&mut counted) {
            if name == *trend && rest.contains("avg=") {
                trends.push((index, rest.to_owned(), lines.number()));
            } else if name == *counter {
                let mut words = rest.split_whitespace();
                let requests = words.next().and_then(|word| word.parse::<f64>().ok()).and_then(count);
                let rate = words.next().and_then(|word| word.trim_end_matches("/s").parse::<f64>().ok());
                *counted = Some((requests, rate));
            }
        }
    }
    if trends.is_empty() {
        note_empty(context, reading, "");
    }
    for (index, text, line) in trends {
        let place = format!("{}:{line}", context.name);
        let (samples, rate) = counted.get(index).copied().flatten().unwrap_or((None, None));
        let (mut percentiles, mut ends) = (Vec::new(), [None; 3]);
        for word in text.split_whitespace() {
            let Some((what, amount)) = word.split_once('=') else { continue };
            let time = duration(amount).ok_or_else(|| {
                InputError::new(&place, format!("{word:?}"), "a duration such as 1.15ms", "check the file")
            })?;
            let slot = match what {
                "avg" => 0,
                "min" => 1,
                "max" => 2,
                "med" => {
                    percentiles.extend(stated(50.0, time.seconds, time.resolution * 2.0));
                    continue;
                }
                _ => {
                    let percent = what
                        .strip_prefix("p(")
                        .and_then(|what| what.strip_suffix(')'))
                        .and_then(|what| what.parse().ok());
                    // k6 cuts rather than rounds: a whole last digit may be missing.
                    percentiles
                        .extend(percent.and_then(|percent| stated(percent, time.seconds, time.resolution * 2.0)));
                    continue;
                }
            };
            if let Some(end) = ends.get_mut(slot) {
                *end = Some(time.seconds);
            }
        }
        let [mean, least, most] = ends.map(|end| end.map(Seconds::new));
        let mut distribution = Distribution::from_percentiles(&percentiles, least, most, samples)
            .map_err(|error| invalid(&place, &error))?;
        if let (Some(mean), Some(samples)) = (mean, samples) {
            distribution = distribution.with_sum(mean * samples as f64);
        }
        let load = Load { rate: rate.map(Rate::per_second), ..Load::default() };
        keep(context, reading, "", distribution, load, percentiles);
    }
    Ok(())
}
