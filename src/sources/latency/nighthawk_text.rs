//! Nighthawk for people: its console text, and its CSV of the same layout.

use super::super::InputError;
use super::lines::Lines;
use super::nighthawk::RESPONSE_TIME;
use super::spectrum::{Row, Spectrum};
use super::text::duration;
use super::value::{invalid, keep, note_empty};
use super::{Context, Head, LatencyReading, Reader, Shape};
use crate::measurement::{Distribution, Load};
use crate::units::Seconds;

pub(super) const READER: Reader = Reader { kind: "nighthawk", timed: false, shape: Shape::Report { recognise, read } };

fn recognise(head: &Head<'_>) -> bool {
    head.first_line().starts_with("Nighthawk")
}

/// A statistic as far as it was read.
#[derive(Default)]
struct Statistic {
    id: String,
    samples: u64,
    line: u64,
    /// min, mean, max, deviation; `None` for sizes and counts.
    moments: Option<[f64; 4]>,
    spectrum: Option<Spectrum>,
}

fn read(context: &Context<'_>, lines: &mut Lines<'_>, reading: &mut LatencyReading) -> Result<(), InputError> {
    let mut statistics: Vec<Statistic> = Vec::new();
    while let Some(line) = lines.next_text()? {
        let line = line.trim();
        if let Some((id, samples)) = heading(line) {
            statistics.push(Statistic { id: id.to_owned(), samples, line: lines.number(), ..Statistic::default() });
        } else if line.starts_with("Counter") {
            break;
        } else if let Some(statistic) = statistics.last_mut() {
            if let Some(moments) = moments(line) {
                statistic.moments = Some(moments);
            } else if let (Some(row), Some(_)) = (row(line), statistic.moments) {
                let pushed = statistic.spectrum.get_or_insert_with(|| Spectrum::new(1.0)).push(row);
                pushed.map_err(|found| lines.error(found, "rows that rise", "check whether the file was edited"))?;
            }
        }
    }
    statistics.retain(|statistic| statistic.moments.is_some() && statistic.samples > 0);
    let has_response_time = statistics.iter().any(|statistic| statistic.id == RESPONSE_TIME);
    if has_response_time {
        statistics.retain(|statistic| statistic.id == RESPONSE_TIME);
    }
    if statistics.is_empty() {
        note_empty(context, reading, "");
    }
    for statistic in statistics {
        let section = if has_response_time { String::new() } else { statistic.id.clone() };
        let place = format!("{}:{}", context.name, statistic.line);
        let distribution = distribution(statistic).map_err(|error| invalid(place, &error))?;
        keep(context, reading, &section, distribution, Load::default(), Vec::new());
    }
    Ok(())
}

fn distribution(statistic: Statistic) -> Result<Distribution, crate::measurement::DistributionError> {
    let [least, mean, most, deviation] = statistic.moments.unwrap_or_default().map(Seconds::new);
    // A spectrum of the console skips most rows; its last one need not be the largest sample.
    let distribution = match statistic.spectrum {
        Some(spectrum) => spectrum.closed(statistic.samples, most.as_seconds()).finish()?,
        None => Distribution::from_moments(mean, deviation, most, Some(statistic.samples))?,
    };
    Ok(distribution.with_extremes(Some(least), Some(most)))
}

/// `foo_latency (4 samples)`.
fn heading(line: &str) -> Option<(&str, u64)> {
    let (id, samples) = line.strip_suffix(" samples)")?.rsplit_once(" (")?;
    Some((id, samples.parse().ok()?))
}

/// `min: 0s 000ms 180us | mean: … | max: … | pstdev: …`, or the same between commas.
fn moments(line: &str) -> Option<[f64; 4]> {
    let parts: Vec<f64> = line
        .split(['|', ','])
        .map(|part| part.split_once(": ").map_or(part, |(_, amount)| amount))
        .map(|part| duration(part).map(|amount| amount.seconds))
        .collect::<Option<_>>()?;
    parts.try_into().ok()
}

/// `0.5  2  0s 000ms 190us`, or `0.5,2,190,0s 000ms 190us`.
fn row(line: &str) -> Option<Row> {
    let separator = if line.contains(',') { ',' } else { ' ' };
    let mut parts = line.split(separator).filter(|part| !part.is_empty());
    let (percentile, total) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let rest: Vec<&str> = parts.collect();
    let value = duration(if separator == ',' { rest.last()? } else { "" }).or_else(|| duration(&rest.join(" ")))?;
    Some(Row { value: value.seconds, resolution: value.resolution, percentile, total })
}
