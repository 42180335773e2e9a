//! Answers of the Prometheus HTTP API: `vector` and `matrix`, classic and native histograms.
//!
//! A matrix of counters is taken as its increase over the range, restarts included. Where a function
//! such as `rate` was applied the name is gone and counts are no numbers of requests any more.

use serde_json::Value;

use super::super::InputError;
use super::notes::COUNTER_RESET;
use super::series::{Labels, SeriesSet};
use super::value::{field_error, number, shortened};
use super::{Context, LatencyReading, Reader, Shape};
use crate::finding::Tally;

pub(super) const READER: Reader = Reader { kind: "prometheus", shape: Shape::Document { recognise, read } };

fn recognise(value: &Value) -> bool {
    result(value).is_some()
}

/// The list of series in an envelope, or alone.
pub(in crate::sources) fn result(value: &Value) -> Option<&[Value]> {
    let list = match value.pointer("/data/result") {
        Some(list) => list.as_array()?,
        None => value
            .as_array()
            .filter(|list| list.iter().any(|entry| entry.get("metric").is_some_and(Value::is_object)))?,
    };
    Some(list)
}

fn read(context: &Context<'_>, value: &Value, reading: &mut LatencyReading) -> Result<(), InputError> {
    let list = result(value).ok_or_else(|| field_error(context, "data.result", "nothing", "a list of series"))?;
    let mut set = SeriesSet::default();
    let mut resets = Tally::default();
    let mut exact = true;
    for (index, entry) in list.iter().enumerate() {
        let path = format!("data.result[{index}]");
        let labels: Labels = entry
            .get("metric")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
            .collect();
        let label = |wanted: &str| labels.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        let full = label("__name__");
        exact &= full.is_some();
        let broken = |found: String| field_error(context, &path, found, "a series of a histogram");
        if entry.get("histogram").is_some() || entry.get("histograms").is_some() {
            native(&mut set, entry, full.unwrap_or_default(), &labels).map_err(broken)?;
            continue;
        }
        let metric = full.unwrap_or_default();
        let (base, is_sum) = match (metric.strip_suffix("_bucket"), metric.strip_suffix("_sum")) {
            (Some(base), _) => (base, false),
            (None, Some(base)) => (base, true),
            (None, None) if label("le").is_some() => (metric, false),
            (None, None) => continue,
        };
        let total = total(entry, &mut resets, metric).map_err(broken)?;
        let Some(total) = total else { continue };
        let added = match (is_sum, label("le")) {
            (true, _) => set.sum(base, &labels, total),
            (false, Some(bound)) => match bound.parse() {
                Ok(bound) if total >= 0.0 => set.bucket(base, &labels, bound, total),
                Ok(_) => Err(format!("a bucket that counts {total}")),
                Err(_) => Err(format!("{:?} as a bucket bound", shortened(bound))),
            },
            (false, None) => Err("a bucket without le".to_owned()),
        };
        added.map_err(broken)?;
    }
    reading
        .findings
        .extend(resets.finding(&COUNTER_RESET, context.name, |names| format!("counters that went down: {names}")));
    set.finish(context, reading, exact)
}

/// The value of a vector, or the increase of a matrix.
pub(in crate::sources) fn total(entry: &Value, resets: &mut Tally, metric: &str) -> Result<Option<f64>, String> {
    let value = |point: &Value| {
        point.get(1).and_then(number).ok_or_else(|| format!("{:?} as a sample", shortened(&point.to_string())))
    };
    if let Some(point) = entry.get("value") {
        return value(point).map(Some);
    }
    let points = entry.get("values").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut points = points.iter().map(value);
    let Some(first) = points.next().transpose()? else { return Ok(None) };
    let (mut last, mut increase, mut only) = (first, 0.0, true);
    for point in points {
        let point = point?;
        only = false;
        if point < last {
            resets.add(metric);
            increase += point;
        } else {
            increase += point - last;
        }
        last = point;
    }
    Ok(Some(if only { first } else { increase }))
}

/// Native histograms: `[time, {"count", "sum", "buckets": [[rule, lower, upper, count], …]}]`; of a
/// matrix the last one.
fn native(set: &mut SeriesSet, entry: &Value, metric: &str, labels: &Labels) -> Result<(), String> {
    let last = entry.get("histograms").and_then(Value::as_array).and_then(|list| list.last());
    let histogram = entry.get("histogram").or(last).and_then(|point| point.get(1)).unwrap_or(&Value::Null);
    for bucket in histogram.get("buckets").and_then(Value::as_array).into_iter().flatten() {
        let part = |index: usize| {
            bucket
                .get(index)
                .and_then(number)
                .ok_or_else(|| format!("{:?} as a bucket", shortened(&bucket.to_string())))
        };
        set.native(metric, labels, (part(1)?, part(2)?), part(3)?)?;
    }
    match histogram.get("sum").and_then(number) {
        Some(sum) => set.sum(metric, labels, sum),
        None => Ok(()),
    }
}
