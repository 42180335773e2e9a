//! Fortio results (HTTP, gRPC, TCP, UDP), alone or wrapped by Meshery, and Nighthawk's Fortio format.
//!
//! `DurationHistogram` is in seconds, cumulative `Percent` in per cent, `RequestedQPS` a string
//! (`"1000"`, `"max"`), `ActualDuration` in nanoseconds; empty buckets are left out. Nighthawk writes
//! counts as strings and `ActualDuration` in seconds.

use serde_json::Value;

use super::super::InputError;
use super::value::{count, field_error, invalid, keep, member, note_empty, number, required, stated};
use super::{Context, LatencyReading, Reader, Shape};
use crate::measurement::{Bucket, Distribution, Load, Pacing, Stated};
use crate::units::{Rate, Seconds, Share};

pub(super) const READER: Reader = Reader { kind: "fortio", timed: false, shape: Shape::Document { recognise, read } };

const HISTOGRAM: &str = "DurationHistogram";

fn recognise(value: &Value) -> bool {
    !runs(value).is_empty()
}

fn read(context: &Context<'_>, value: &Value, reading: &mut LatencyReading) -> Result<(), InputError> {
    let runs = runs(value);
    if runs.is_empty() {
        return Err(field_error(context, HISTOGRAM, "nothing", "the histogram of a Fortio result"));
    }
    for (path, section, run) in &runs {
        read_run(context, path, section, run, reading)?;
    }
    Ok(())
}

/// The Fortio results in a document: path, name if there are several, and the object.
fn runs(value: &Value) -> Vec<(String, String, &Value)> {
    let is_run = |value: &Value| value.get(HISTOGRAM).is_some_and(Value::is_object);
    if is_run(value) {
        return vec![(String::new(), String::new(), value)];
    }
    let mut found = Vec::new();
    for (outer, entry) in value.as_array().into_iter().flatten().chain(value.is_object().then_some(value)).enumerate() {
        if is_run(entry) {
            found.push((format!("[{outer}]"), format!("#{}", outer + 1), entry));
        }
        let wrapped = entry.get("runner_results").and_then(Value::as_array).into_iter().flatten();
        for (inner, run) in wrapped.enumerate().filter(|(_, run)| is_run(run)) {
            let name = entry.get("name").and_then(Value::as_str).unwrap_or_default();
            let section = if inner == 0 { name.to_owned() } else { format!("{name} #{}", inner + 1) };
            found.push((format!("[{outer}].runner_results[{inner}]"), section, run));
        }
    }
    found
}

fn read_run(
    context: &Context<'_>,
    path: &str,
    section: &str,
    run: &Value,
    reading: &mut LatencyReading,
) -> Result<(), InputError> {
    let histogram = run.get(HISTOGRAM).unwrap_or(&Value::Null);
    let path = format!("{path}.{HISTOGRAM}");
    let samples = required(context, histogram, &path, "Count")?;
    let samples = count(samples)
        .ok_or_else(|| field_error(context, &format!("{path}.Count"), samples.to_string(), "a count from 0 to 2⁵³"))?;
    if samples == 0 {
        note_empty(context, reading, section);
        return Ok(());
    }
    let buckets = buckets(
        context,
        &format!("{path}.Data"),
        histogram.get("Data").unwrap_or(&Value::Null),
        samples,
        is_nighthawk(run, histogram),
    )?;
    let end = |key| member(histogram, key).map(Seconds::new);
    let mut distribution = Distribution::from_buckets(buckets, Some(samples))
        .map_err(|error| invalid(format!("{}, field {path}", context.name), &error))?
        .with_extremes(end("Min"), end("Max"));
    if let Some(sum) = end("Sum") {
        distribution = distribution.with_sum(sum);
    }
    keep(context, reading, section, distribution, load(run, histogram), percentiles(histogram));
    Ok(())
}

fn buckets(
    context: &Context<'_>,
    path: &str,
    data: &Value,
    samples: u64,
    is_nighthawk: bool,
) -> Result<Vec<Bucket>, InputError> {
    let rows = data.as_array().ok_or_else(|| field_error(context, path, "no list", "a list of buckets"))?;
    let mut buckets = Vec::with_capacity(rows.len());
    let mut last = f64::NEG_INFINITY;
    for (index, row) in rows.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let (lower, upper) = (required(context, row, &path, "Start")?, required(context, row, &path, "End")?);
        let weight = required(context, row, &path, "Count")?;
        if lower < last - last.abs() * 1e-9 || upper < lower {
            let found = format!("a bucket from {lower} to {upper} after one up to {last}");
            return Err(field_error(context, &path, found, "buckets in rising order"));
        }
        last = upper;
        buckets.push(Bucket { lower: Seconds::new(lower), upper: Seconds::new(upper), weight });
    }
    let sum: f64 = buckets.iter().map(|bucket| bucket.weight).sum();
    let missing = samples as f64 - sum;
    // Nighthawk leaves out its first row, which holds the least samples.
    if let Some(first) = buckets.first().copied().filter(|_| is_nighthawk && missing > 0.0) {
        buckets.insert(0, Bucket { upper: first.lower, weight: missing, ..first });
        return Ok(buckets);
    }
    if (sum - samples as f64).abs() > 0.5 {
        return Err(field_error(
            context,
            path,
            format!("buckets that count {sum}"),
            format!("{samples}, as Count says"),
        ));
    }
    Ok(buckets)
}

fn percentiles(histogram: &Value) -> Vec<Stated> {
    let rows = histogram.get("Percentiles").and_then(Value::as_array).into_iter().flatten();
    rows.filter_map(|row| stated(member(row, "Percentile")?, member(row, "Value")?, 0.0)).collect()
}

fn load(run: &Value, histogram: &Value) -> Load {
    // Fortio writes nanoseconds as a large integer, Nighthawk seconds.
    let duration = member(run, "ActualDuration").map(|amount| if amount > 1e6 { amount / 1e9 } else { amount });
    let requested = run.get("RequestedQPS");
    let unlimited = requested.and_then(Value::as_str) == Some("max");
    let pacing = match (unlimited, requested.and_then(number)) {
        _ if is_nighthawk(run, histogram) => Pacing::Unknown,
        (true, _) => Pacing::Closed,
        (false, Some(rate)) if rate > 0.0 => Pacing::PacedClosed,
        _ => Pacing::Unknown,
    };
    let flag = |key| run.get(key).and_then(Value::as_bool).unwrap_or(false);
    let round_spread = (pacing == Pacing::PacedClosed).then(|| match (flag("Uniform"), flag("Jitter")) {
        (true, _) => Share::literal(1.0),
        // A tenth of the round either way.
        (false, true) => Share::literal(0.2),
        (false, false) => Share::ZERO,
    });
    let failures = member(run.get("ErrorsDurationHistogram").unwrap_or(&Value::Null), "Count").and_then(count);
    let codes = run.get("RetCodes").and_then(Value::as_object).into_iter().flatten();
    let failed_codes: f64 = codes
        .filter(|(code, _)| !matches!(code.as_str(), "OK" | "SERVING") && !code.starts_with('2'))
        .filter_map(|(_, times)| number(times))
        .sum();
    Load {
        rate: member(run, "ActualQPS").map(Rate::per_second),
        connections: member(run, "NumThreads").and_then(count).filter(|threads| *threads > 0),
        duration: duration.map(Seconds::new),
        pacing,
        round_spread,
        failures: failures.or_else(|| count(failed_codes)),
    }
}

/// Nighthawk writes counts as strings, and the rate as a number.
fn is_nighthawk(run: &Value, histogram: &Value) -> bool {
    run.get("RequestedQPS").is_some_and(Value::is_number) || histogram.get("Count").is_some_and(Value::is_string)
}
