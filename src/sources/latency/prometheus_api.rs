//! Answers of the Prometheus HTTP API: `vector` and `matrix`, classic and native histograms.
//!
//! A matrix of counters is taken as its increase over the range, restarts included. Where a function or
//! rule was applied, series that fall are rates and added up, and counts are no numbers of requests any more.

use serde_json::Value;

use super::super::InputError;
use super::clock::{Clock, no_window};
use super::metric_name::is_of_a_rule;
use super::notes::COUNTER_RESET;
use super::prometheus_matrix::{Points, histogram, histograms, time_of, total, value, within};
use super::series::{Labels, SeriesSet};
use super::value::{field_error, note_empty, shortened};
use super::{Context, LatencyReading, Reader, Shape};
use crate::finding::Tally;
use crate::measurement::Period;

pub(super) const READER: Reader =
    Reader { kind: "prometheus", timed: true, shape: Shape::Document { recognise, read } };

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

/// One series of an answer.
struct Entry<'a> {
    value: &'a Value,
    labels: Labels,
    /// Whether a function or a rule made it.
    derived: bool,
}

impl<'a> Entry<'a> {
    fn new(value: &'a Value) -> Self {
        let members = value.get("metric").and_then(Value::as_object).into_iter().flatten();
        let labels: Labels =
            members.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect();
        let mut entry = Self { value, labels, derived: false };
        entry.derived = entry.label("__name__").is_none_or(is_of_a_rule);
        entry
    }

    fn label(&self, wanted: &str) -> Option<&str> {
        self.labels.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    }

    fn name(&self) -> &str {
        self.label("__name__").unwrap_or_default()
    }

    fn points(&self, key: &str) -> &'a [Value] {
        self.value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }
}

fn read(context: &Context<'_>, value: &Value, reading: &mut LatencyReading) -> Result<(), InputError> {
    let list = result(value).ok_or_else(|| field_error(context, "data.result", "nothing", "a list of series"))?;
    let entries: Vec<Entry<'_>> = list.iter().map(Entry::new).collect();
    let period = period(context, &entries)?;
    let derived = if entries.iter().any(falls) { Points::Rates } else { Points::Counters };
    let mut set = SeriesSet::default();
    let (mut resets, mut exact, mut thin) = (Tally::default(), true, 0_usize);
    for (index, entry) in entries.iter().enumerate() {
        let path = format!("data.result[{index}]");
        exact &= entry.label("__name__").is_some() && !(entry.derived && derived == Points::Rates);
        let kind = if entry.derived { derived } else { Points::Counters };
        let taken = take(&mut set, entry, kind, period, &mut resets);
        let taken = taken.map_err(|found| field_error(context, &path, found, "a series of a histogram"))?;
        thin += usize::from(taken == Taken::TooThin);
    }
    reading
        .findings
        .extend(resets.finding(&COUNTER_RESET, context.name, |names| format!("counters that went down: {names}")));
    if thin == entries.len() && thin > 0 {
        note_empty(context, reading, "");
        return Ok(());
    }
    set.finish(context, reading, exact)
}

/// The window on the clock of the answer, which its earliest point starts.
fn period(context: &Context<'_>, entries: &[Entry<'_>]) -> Result<Option<Period>, InputError> {
    let mut clock = Clock::new(context);
    if !clock.is_set() {
        return Ok(None);
    }
    let points = entries.iter().flat_map(|entry| entry.points("values").iter().chain(entry.points("histograms")));
    let Some(first) = points.filter_map(time_of).min_by_key(|time| time.at) else {
        return Err(field_error(
            context,
            "data.result",
            "one moment, which holds no range of time",
            "a matrix, as query_range answers, for --from and --to",
        ));
    };
    clock.period(first).map_err(|error| no_window(context.name, error))
}

/// Whether a derived series goes down, as rates do and counters do not.
fn falls(entry: &Entry<'_>) -> bool {
    let numbers = entry.points("values").iter().map(value);
    let counts = entry.points("histograms").iter().map(|point| histogram(point).map(|answer| answer.count));
    let falls = |points: &mut dyn Iterator<Item = Result<f64, String>>| {
        total(points, Points::Counters).is_ok_and(|total| total.reset)
    };
    entry.derived && (falls(&mut { numbers }) || falls(&mut { counts }))
}

/// What became of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    Whole,
    /// There are too few points in the window for a difference.
    TooThin,
    /// It is no part of a histogram.
    Other,
}

fn take(
    set: &mut SeriesSet,
    entry: &Entry<'_>,
    kind: Points,
    period: Option<Period>,
    resets: &mut Tally,
) -> Result<Taken, String> {
    let metric = entry.name();
    if let Some(point) = entry.value.get("histogram") {
        let answer = histogram(point)?;
        set.native(metric, &entry.labels, &answer.spans, answer.sum, Some(answer.count))?;
        return Ok(Taken::Whole);
    }
    let points = entry.points("histograms");
    if !points.is_empty() {
        let whole = match points {
            [only] if period.is_none() => Some(histogram(only)?),
            _ => {
                let (whole, reset) = histograms(within(points, period).map(histogram), kind)?;
                if reset {
                    resets.add(metric);
                }
                whole
            }
        };
        let Some(answer) = whole else { return Ok(Taken::TooThin) };
        set.native(metric, &entry.labels, &answer.spans, answer.sum, Some(answer.count))?;
        return Ok(Taken::Whole);
    }
    let (base, is_sum) = match (metric.strip_suffix("_bucket"), metric.strip_suffix("_sum")) {
        (Some(base), _) => (base, false),
        (None, Some(base)) => (base, true),
        (None, None) if entry.label("le").is_some() => (metric, false),
        (None, None) => return Ok(Taken::Other),
    };
    let Some(total) = number_of(entry, kind, period, resets)? else { return Ok(Taken::TooThin) };
    match (is_sum, entry.label("le")) {
        (true, _) => set.sum(base, &entry.labels, total)?,
        (false, Some(bound)) => match bound.parse() {
            Ok(bound) => set.bucket(base, &entry.labels, bound, total)?,
            Err(_) => return Err(format!("{:?} as a bucket bound", shortened(bound))),
        },
        (false, None) => return Err("a bucket without le".to_owned()),
    }
    Ok(Taken::Whole)
}

/// The value of a vector, or what the points of a matrix add up to.
fn number_of(
    entry: &Entry<'_>,
    kind: Points,
    period: Option<Period>,
    resets: &mut Tally,
) -> Result<Option<f64>, String> {
    if let Some(point) = entry.value.get("value") {
        return value(point).map(Some);
    }
    let points = entry.points("values");
    if let ([only], None) = (points, period) {
        return value(only).map(Some);
    }
    let total = total(within(points, period).map(value), kind)?;
    if total.reset && kind == Points::Counters {
        resets.add(entry.name());
    }
    let enough = total.points > usize::from(kind == Points::Counters);
    Ok(enough.then_some(total.sum))
}
