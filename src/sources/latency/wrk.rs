//! Console output of wrk and wrk2, with or without percentiles, one or many runs in a file.
//!
//! Units change within a line (`567us`, `2.24ms`, `1.02k`), `-nan` stands where there is no data. The
//! spectrum of wrk2 is in milliseconds and leaves out the calibration period.

use super::super::InputError;
use super::lines::Lines;
use super::notes::MEAN_ONLY;
use super::spectrum::Spectrum;
use super::text::{Amount, duration};
use super::value::{count, invalid, keep, named, note_empty, stated};
use super::{Context, Head, LatencyReading, Reader, Shape, hgrm};
use crate::finding::Finding;
use crate::measurement::{Distribution, DistributionError, Load, Pacing, Stated};
use crate::units::{Rate, Seconds};

pub(super) const WRK: Reader =
    Reader { kind: "wrk", timed: false, shape: Shape::Report { recognise: recognise_wrk, read } };
pub(super) const WRK2: Reader =
    Reader { kind: "wrk2", timed: false, shape: Shape::Report { recognise: recognise_wrk2, read } };

fn recognise_wrk(head: &Head<'_>) -> bool {
    head.text.lines().any(is_start)
}

fn recognise_wrk2(head: &Head<'_>) -> bool {
    recognise_wrk(head) && ["Thread calibration:", "(HdrHistogram"].iter().any(|mark| head.text.contains(mark))
}

fn is_start(line: &str) -> bool {
    line.starts_with("Running ") && line.contains(" test @ ")
}

/// One run as far as it was read.
#[derive(Default)]
struct Run {
    section: String,
    line: u64,
    wrk2: bool,
    connections: Option<u64>,
    /// Mean, deviation and largest.
    moments: Option<[Amount; 3]>,
    percentiles: Vec<Stated>,
    spectrum: Spectrum,
    in_spectrum: bool,
    mean: Option<f64>,
    requests: Option<u64>,
    duration: Option<f64>,
    rate: Option<f64>,
    failures: u64,
}

fn read(context: &Context<'_>, lines: &mut Lines<'_>, reading: &mut LatencyReading) -> Result<(), InputError> {
    let mut heading = String::new();
    let mut paced = context.kind == "wrk2";
    let mut run: Option<Run> = None;
    while let Some(line) = lines.next_text()? {
        let text = line.trim();
        if let Some(title) = text.strip_prefix("## ") {
            heading = title.to_owned();
        }
        paced |= text.contains("wrk ") && text.contains(" -R");
        if is_start(&line) {
            if let Some(run) = run.take() {
                finish(context, reading, run)?;
            }
            let section = std::mem::take(&mut heading);
            run = Some(Run {
                section,
                line: lines.number(),
                wrk2: paced,
                spectrum: Spectrum::new(1e-3),
                ..Run::default()
            });
        } else if let Some(run) = &mut run {
            run.line(text).map_err(|found| lines.error(found, "output of wrk", "check whether the file was edited"))?;
        }
    }
    match run {
        Some(run) => finish(context, reading, run),
        None => Err(InputError::new(
            context.name,
            "no run",
            "a line beginning with Running",
            "give the console output of wrk",
        )),
    }
}

impl Run {
    fn line(&mut self, text: &str) -> Result<(), String> {
        if self.in_spectrum && !text.is_empty() {
            if text.starts_with("---") {
                self.in_spectrum = false;
            } else if text.starts_with('#') {
                self.mean = self.mean.or_else(|| hgrm::summary(text, "Mean"));
            } else if !text.starts_with("Value") {
                let row = hgrm::row(text).ok_or_else(|| format!("{text:?} in the spectrum"))?;
                self.spectrum.push(row)?;
            }
            return Ok(());
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        match *words.as_slice() {
            [_, "threads", "and", connections, "connections"] => self.connections = connections.parse().ok(),
            ["Latency", "Distribution", ..] => self.wrk2 |= text.contains("HdrHistogram"),
            ["Latency", mean, deviation, most, ..] => {
                let moments = [mean, deviation, most].map(duration);
                self.moments = match moments {
                    [Some(mean), Some(deviation), Some(most)] => Some([mean, deviation, most]),
                    // Without requests wrk prints -nan.
                    _ if text.contains("nan") => None,
                    _ => return Err(format!("{text:?}")),
                };
            }
            ["Detailed", "Percentile", "spectrum:"] => self.in_spectrum = true,
            [percent, value] if percent.ends_with('%') => {
                let percent = percent.trim_end_matches('%').parse().map_err(|_| format!("{text:?}"))?;
                match duration(value) {
                    Some(value) => self.percentiles.extend(stated(percent, value.seconds, value.resolution)),
                    None if value.contains("nan") => {}
                    None => return Err(format!("{text:?}")),
                }
            }
            [requests, "requests", "in", time, ..] => {
                self.requests = requests.parse().ok();
                self.duration = duration(time.trim_end_matches(',')).map(|time| time.seconds);
            }
            ["Socket", "errors:", ref rest @ ..] => {
                let numbers = rest.iter().filter_map(|word| word.trim_end_matches(',').parse::<u64>().ok());
                self.failures = numbers.fold(self.failures, u64::saturating_add);
            }
            ["Non-2xx", .., number] => self.failures = self.failures.saturating_add(number.parse().unwrap_or(0)),
            ["Requests/sec:", rate] => self.rate = rate.parse().ok(),
            _ => {}
        }
        Ok(())
    }

    fn distribution(&self) -> Result<Distribution, DistributionError> {
        let most = self.moments.map(|[_, _, most]| Seconds::new(most.seconds + most.resolution));
        let mean = self.moments.map(|[mean, ..]| Seconds::new(mean.seconds));
        if !self.spectrum.is_empty() {
            let distribution = self.spectrum.clone().finish()?.with_stated(&self.percentiles);
            let samples = distribution.samples().unwrap_or_default() as f64;
            return Ok(match self.mean {
                Some(mean) => distribution.with_sum(Seconds::new(mean * 1e-3 * samples)),
                None => distribution,
            });
        }
        if !self.percentiles.is_empty() {
            let distribution = Distribution::from_percentiles(&self.percentiles, None, most, self.requests)?;
            return Ok(match mean.zip(self.requests) {
                Some((mean, requests)) => distribution.with_sum(mean * requests as f64),
                None => distribution,
            });
        }
        match self.moments {
            Some([mean, deviation, most]) => Distribution::from_moments(
                Seconds::new(mean.seconds),
                Seconds::new(deviation.seconds),
                Seconds::new(most.seconds),
                self.requests,
            ),
            None => Err(DistributionError::Empty),
        }
    }
}

fn finish(context: &Context<'_>, reading: &mut LatencyReading, run: Run) -> Result<(), InputError> {
    if run.in_spectrum || run.spectrum.reaches() > 0.0 && run.spectrum.reaches() < 1.0 {
        let place = format!("{}:{}", context.name, run.line);
        let found = format!("a run whose spectrum ends at percentile {}", run.spectrum.reaches());
        return Err(InputError::new(place, found, "a last row at percentile 1", "the file is cut; fetch it again"));
    }
    if run.requests == Some(0) || (run.moments.is_none() && run.percentiles.is_empty() && run.spectrum.is_empty()) {
        note_empty(context, reading, &run.section);
        return Ok(());
    }
    let distribution = run.distribution().map_err(|error| invalid(format!("{}:{}", context.name, run.line), &error))?;
    if run.percentiles.is_empty() {
        let message = "the run has no percentiles; bounds follow from mean and standard deviation";
        reading.findings.push(Finding::new(&MEAN_ONLY, named(context, &run.section), message));
    }
    let load = Load {
        rate: run.rate.map(Rate::per_second),
        connections: run.connections,
        duration: run.duration.map(Seconds::new),
        pacing: if run.wrk2 { Pacing::Open } else { Pacing::Closed },
        failures: count(run.failures as f64),
        ..Load::default()
    };
    keep(context, reading, &run.section, distribution, load, run.percentiles);
    Ok(())
}
