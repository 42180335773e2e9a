//! Nighthawk's own JSON: durations and counts as strings, one result per worker and one `global`.
//!
//! A percentile row counts the samples up to its duration, which makes a full spectrum of the list.

use serde_json::Value;

use super::super::InputError;
use super::spectrum::{Row, Spectrum};
use super::text::duration;
use super::value::{count, field_error, keep, member, note_empty, required, shortened};
use super::{Context, LatencyReading, Reader, Shape};
use crate::measurement::{Distribution, Load, Pacing, Stated};
use crate::units::{Rate, Seconds};

pub(super) const READER: Reader =
    Reader { kind: "nighthawk", timed: false, shape: Shape::Document { recognise, read } };

/// The statistic that is the response time; others are connecting, queueing and sizes.
pub(super) const RESPONSE_TIME: &str = "benchmark_http_client.request_to_response";

fn recognise(value: &Value) -> bool {
    let results = value.get("results").and_then(Value::as_array).into_iter().flatten();
    results.into_iter().any(|result| result.get("statistics").is_some_and(Value::is_array))
}

fn read(context: &Context<'_>, value: &Value, reading: &mut LatencyReading) -> Result<(), InputError> {
    let results: Vec<(usize, &Value)> =
        value.get("results").and_then(Value::as_array).into_iter().flatten().enumerate().collect();
    let is_global = |result: &Value| result.get("name").and_then(Value::as_str) == Some("global");
    let one = results.iter().find(|(_, result)| is_global(result)).or(results.first());
    let Some((index, result)) = one else {
        return Err(field_error(context, "results", "no result", "the result named global"));
    };
    let statistics: Vec<(usize, &Value)> = result
        .get("statistics")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .enumerate()
        .filter(|(_, statistic)| statistic.get("mean").is_some_and(Value::is_string))
        .filter(|(_, statistic)| member(statistic, "count").is_some_and(|samples| samples > 0.0))
        .collect();
    let id = |statistic: &Value| statistic.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let has_response_time = statistics.iter().any(|(_, statistic)| id(statistic) == RESPONSE_TIME);
    for (number, statistic) in &statistics {
        let id = id(statistic);
        if has_response_time && id != RESPONSE_TIME {
            continue;
        }
        let path = format!("results[{index}].statistics[{number}]");
        let section = if has_response_time { "" } else { id.as_str() };
        let (distribution, stated) = distribution(context, &path, statistic)?;
        keep(context, reading, section, distribution, load(value, result), stated);
    }
    if statistics.is_empty() {
        note_empty(context, reading, "");
    }
    Ok(())
}

fn distribution(
    context: &Context<'_>,
    path: &str,
    statistic: &Value,
) -> Result<(Distribution, Vec<Stated>), InputError> {
    let time = |value: &Value, path: &str, key: &str| {
        let text = value.get(key).and_then(Value::as_str).unwrap_or_default();
        duration(text)
            .ok_or_else(|| field_error(context, &format!("{path}.{key}"), shortened(text), "a duration such as 0.001s"))
    };
    let samples = required(context, statistic, path, "count")?;
    let samples =
        count(samples).ok_or_else(|| field_error(context, path, samples.to_string(), "a count from 0 to 2⁵³"))?;
    let (least, most) = (time(statistic, path, "min")?, time(statistic, path, "max")?);
    let (mean, deviation) = (time(statistic, path, "mean")?, time(statistic, path, "pstdev")?);
    let seconds = |amount: super::text::Amount| Seconds::new(amount.seconds);
    let rows = statistic.get("percentiles").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let place = format!("{}, field {path}", context.name);
    let mut stated = Vec::new();
    let distribution = if rows.is_empty() {
        Distribution::from_moments(seconds(mean), seconds(deviation), seconds(most), Some(samples))
            .map_err(|error| super::value::invalid(place, &error))?
    } else {
        let mut spectrum = Spectrum::new(1.0);
        for (index, row) in rows.iter().enumerate() {
            let path = format!("{path}.percentiles[{index}]");
            let value = time(row, &path, "duration")?;
            let (percentile, total) =
                (required(context, row, &path, "percentile")?, required(context, row, &path, "count")?);
            let row = Row { value: value.seconds, resolution: value.resolution, percentile, total };
            spectrum.push(row).map_err(|found| field_error(context, &path, found, "rows that rise"))?;
        }
        stated = spectrum.stated();
        spectrum.finish().map_err(|error| super::value::invalid(place, &error))?
    };
    let (least, most, sum) = (seconds(least), seconds(most), seconds(mean) * samples as f64);
    Ok((distribution.with_extremes(Some(least), Some(most)).with_sum(sum), stated))
}

fn load(value: &Value, result: &Value) -> Load {
    let options = value.get("options").unwrap_or(&Value::Null);
    let time = |value: &Value, key| {
        value.get(key).and_then(Value::as_str).and_then(duration).map(|time| Seconds::new(time.seconds))
    };
    let open = options.get("open_loop").and_then(Value::as_bool);
    Load {
        rate: member(options, "requests_per_second").map(Rate::per_second),
        connections: member(options, "connections").and_then(count).filter(|connections| *connections > 0),
        duration: time(result, "execution_duration").or_else(|| time(options, "duration")),
        pacing: match open {
            Some(true) => Pacing::Open,
            Some(false) => Pacing::PacedClosed,
            None => Pacing::Unknown,
        },
        ..Load::default()
    }
}
