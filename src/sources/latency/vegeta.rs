//! vegeta reports as text (one or many in a file) and as JSON, in nanoseconds.
//!
//! `hdrplot` reports are percentile files and read as such.

use serde_json::Value;

use super::super::InputError;
use super::lines::Lines;
use super::text::duration;
use super::value::{count, field_error, invalid, keep, member, note_empty, required, stated};
use super::{Context, Head, LatencyReading, Reader, Shape};
use crate::measurement::{Distribution, Load, Pacing, Stated};
use crate::units::{Rate, Seconds};

pub(super) const DOCUMENT: Reader = Reader {
    kind: "vegeta",
    timed: false,
    shape: Shape::Document { recognise: recognise_document, read: read_document },
};
pub(super) const TEXT: Reader = Reader { kind: "vegeta", timed: false, shape: Shape::Report { recognise, read } };

fn recognise_document(value: &Value) -> bool {
    value.get("latencies").is_some_and(Value::is_object) && value.get("requests").is_some()
}

fn read_document(context: &Context<'_>, value: &Value, reading: &mut LatencyReading) -> Result<(), InputError> {
    let requests = required(context, value, "", "requests")?;
    let requests = count(requests).ok_or_else(|| field_error(context, "requests", requests.to_string(), "a count"))?;
    if requests == 0 {
        note_empty(context, reading, "");
        return Ok(());
    }
    let latencies = value.get("latencies").unwrap_or(&Value::Null);
    let mut report = Report { requests, ..Report::default() };
    for (key, time) in latencies.as_object().into_iter().flatten() {
        let path = format!("latencies.{key}");
        let time =
            super::value::number(time).ok_or_else(|| field_error(context, &path, "no number", "nanoseconds"))? / 1e9;
        report.latency(key.trim_end_matches("th").trim_end_matches("rd"), time, 5e-10);
    }
    report.rate = member(value, "rate");
    report.duration = member(value, "duration").map(|time| time / 1e9);
    report.success = member(value, "success");
    report.keep(context, reading, &format!("{}, field latencies", context.name))
}

fn recognise(head: &Head<'_>) -> bool {
    head.text.lines().any(is_start)
}

fn is_start(line: &str) -> bool {
    line.starts_with("Requests") && line.contains("[total, rate")
}

/// One report as far as it was read.
#[derive(Default)]
struct Report {
    section: String,
    requests: u64,
    rate: Option<f64>,
    duration: Option<f64>,
    percentiles: Vec<Stated>,
    least: Option<f64>,
    mean: Option<f64>,
    most: Option<f64>,
    success: Option<f64>,
}

fn read(context: &Context<'_>, lines: &mut Lines<'_>, reading: &mut LatencyReading) -> Result<(), InputError> {
    let mut heading = String::new();
    let mut report: Option<Report> = None;
    while let Some(line) = lines.next_text()? {
        if let Some(title) = line.strip_prefix("## ") {
            heading = title.to_owned();
        }
        if is_start(&line) {
            if let Some(report) = report.take() {
                report.keep(context, reading, &lines.place())?;
            }
            let bad =
                || lines.error(format!("{line:?}"), "total, rate and throughput", "check whether the file was edited");
            let numbers = columns(&line).ok_or_else(bad)?;
            let requests = numbers.first().and_then(|(_, total)| total.parse().ok()).ok_or_else(bad)?;
            let rate = numbers.get(1).and_then(|(_, rate)| rate.parse().ok());
            report = Some(Report { section: std::mem::take(&mut heading), requests, rate, ..Report::default() });
        } else if let (Some(report), Some((what, _))) = (&mut report, line.split_once('[')) {
            let Some(columns) = columns(&line) else { continue };
            match what.trim() {
                "Duration" => {
                    report.duration = columns.first().and_then(|(_, time)| duration(time)).map(|time| time.seconds);
                }
                "Latencies" => {
                    for (name, text) in columns {
                        let time = duration(text).ok_or_else(|| {
                            lines.error(
                                format!("{text:?} as {name} latency"),
                                "a duration such as 1.15ms",
                                "check whether the file was edited",
                            )
                        })?;
                        report.latency(name, time.seconds, time.resolution);
                    }
                }
                "Success" => {
                    let percent = columns.first().and_then(|(_, text)| text.trim_end_matches('%').parse::<f64>().ok());
                    report.success = percent.map(|percent| percent / 100.0);
                }
                _ => {}
            }
        }
    }
    match report {
        Some(report) => report.keep(context, reading, &lines.place()),
        None => Err(InputError::new(
            context.name,
            "no report",
            "a line beginning with Requests",
            "give the output of vegeta report",
        )),
    }
}

/// Names and values of `Latencies     [min, mean, 50]  551µs, 800µs, 767µs`.
fn columns(line: &str) -> Option<Vec<(&str, &str)>> {
    let (names, values) = line.split_once('[')?.1.split_once(']')?;
    let (names, values) = (names.split(','), values.split(','));
    Some(names.map(str::trim).zip(values.map(str::trim)).collect())
}

impl Report {
    fn latency(&mut self, name: &str, seconds: f64, resolution: f64) {
        match name {
            "min" => self.least = Some(seconds),
            "max" => self.most = Some(seconds),
            "mean" => self.mean = Some(seconds),
            // The sum of all times is in the mean already.
            _ => self.percentiles.extend(name.parse().ok().and_then(|percent| stated(percent, seconds, resolution))),
        }
    }

    fn keep(self, context: &Context<'_>, reading: &mut LatencyReading, place: &str) -> Result<(), InputError> {
        if self.requests == 0 {
            note_empty(context, reading, &self.section);
            return Ok(());
        }
        let (least, most) = (self.least.map(Seconds::new), self.most.map(Seconds::new));
        let mut distribution = Distribution::from_percentiles(&self.percentiles, least, most, Some(self.requests))
            .map_err(|error| invalid(place, &error))?;
        if let Some(mean) = self.mean {
            distribution = distribution.with_sum(Seconds::new(mean * self.requests as f64));
        }
        let load = Load {
            rate: self.rate.map(Rate::per_second),
            connections: None,
            duration: self.duration.map(Seconds::new),
            pacing: Pacing::Open,
            round_spread: None,
            failures: self.success.and_then(|share| count(((1.0 - share) * self.requests as f64).round())),
        };
        keep(context, reading, &self.section, distribution, load, self.percentiles);
        Ok(())
    }
}
