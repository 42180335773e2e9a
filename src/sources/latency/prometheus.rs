//! Prometheus and OpenMetrics text: classic histograms of durations, and the composite values of OpenMetrics 2.0.
//!
//! Labels are summed over, but for the two reporters of Istio, which describe the same requests twice.

use memchr::memmem;

use super::super::InputError;
use super::lines::Lines;
use super::metric_name::unit_of;
use super::series::{Labels, SeriesSet};
use super::value::shortened;
use super::{Context, Head, LatencyReading, Reader, Shape, composite};

pub(super) const READER: Reader = Reader { kind: "prometheus", timed: false, shape: Shape::Stream { recognise, read } };

fn recognise(head: &Head<'_>) -> bool {
    let is_sample =
        |line: &str| sample(line).is_some_and(|sample| sample.labels.is_some() || head.text.contains("# TYPE"));
    head.text.starts_with("# TYPE ")
        || head.text.starts_with("# HELP ")
        || head.text.contains("\n# TYPE ")
        || is_sample(head.first_line())
}

/// A line taken apart; the labels are still as written.
pub(in crate::sources) struct Sample<'a> {
    pub metric: &'a str,
    pub labels: Option<&'a str>,
    pub value: &'a str,
}

fn read(context: &Context<'_>, lines: &mut Lines<'_>, reading: &mut LatencyReading) -> Result<(), InputError> {
    let mut set = SeriesSet::default();
    loop {
        let number = lines.number() + 1;
        let Some(line) = lines.next()? else { break };
        // Most lines of a scrape are counters and gauges.
        let wanted =
            [&b"_bucket"[..], b"_sum", b"{count:", b"{gcount:"].iter().any(|mark| memmem::find(line, mark).is_some());
        if !wanted || line.starts_with(b"#") {
            continue;
        }
        let line = String::from_utf8_lossy(line);
        let broken = |found: String| {
            let place = format!("{}:{number}", context.name);
            InputError::new(place, found, "metric{labels} value", "check whether the scrape is cut, or fetch it again")
        };
        take(&mut set, &line).map_err(broken)?;
    }
    set.finish(context, reading, true)
}

fn take(set: &mut SeriesSet, line: &str) -> Result<(), String> {
    let sample = sample(line).ok_or_else(|| format!("{:?}", shortened(line)))?;
    if let Some(members) = sample.value.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
        return composite::take(set, sample.metric, &labels(sample.labels.unwrap_or_default())?, members);
    }
    let value: f64 = sample.value.parse().map_err(|_| format!("{:?} as a value", shortened(sample.value)))?;
    if let Some(metric) = sample.metric.strip_suffix("_bucket") {
        let labels = labels(sample.labels.unwrap_or_default())?;
        let bound = labels.iter().find(|(name, _)| name == "le");
        let (_, bound) = bound.ok_or_else(|| format!("a bucket of {metric} without le"))?;
        let bound = bound.parse().map_err(|_| format!("{:?} as a bucket bound", shortened(bound)))?;
        return set.bucket(metric, &labels, bound, value);
    }
    match sample.metric.strip_suffix("_sum").filter(|metric| unit_of(metric).is_some()) {
        Some(metric) => set.sum(metric, &labels(sample.labels.unwrap_or_default())?, value),
        None => Ok(()),
    }
}

/// `name{labels} value [timestamp] [# exemplar]`.
pub(in crate::sources) fn sample(line: &str) -> Option<Sample<'_>> {
    let line = line.trim();
    // A name that needs quotes stands among the labels.
    if let Some(rest) = line.strip_prefix("{\"") {
        let end = rest.find('"')?;
        let (labels, value) = rest.get(end + 1..)?.split_at_checked(closing(rest.get(end + 1..)?)?)?;
        let value = value.get(1..)?.split_whitespace().next()?;
        return Some(Sample { metric: rest.get(..end)?, labels: Some(labels), value });
    }
    let end = line.find(['{', ' ', '\t'])?;
    let metric = line.get(..end).filter(|metric| is_name(metric))?;
    let rest = line.get(end..)?;
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => {
            let close = closing(rest)?;
            (Some(rest.get(..close)?), rest.get(close + 1..)?)
        }
        None => (None, rest),
    };
    let value = rest.split_whitespace().next()?;
    if !value.starts_with('{') {
        value.parse::<f64>().ok()?;
    }
    Some(Sample { metric, labels, value })
}

fn is_name(metric: &str) -> bool {
    let first = metric.chars().next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_' || first == ':');
    first && metric.chars().all(|character| character.is_ascii_alphanumeric() || matches!(character, '_' | ':' | '.'))
}

/// Where the labels end: the first brace outside quotes.
fn closing(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (position, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'}' if !quoted => return Some(position),
            _ => {}
        }
    }
    None
}

pub(in crate::sources) fn labels(text: &str) -> Result<Labels, String> {
    let mut labels = Labels::new();
    let mut rest = text.trim_start_matches([' ', ',']);
    while !rest.is_empty() {
        let cut = || format!("{:?} among the labels", shortened(rest));
        let (name, value) = rest.split_once("=\"").ok_or_else(cut)?;
        let mut end = None;
        let mut escaped = false;
        for (position, byte) in value.bytes().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    end = Some(position);
                    break;
                }
                _ => {}
            }
        }
        let end = end.ok_or_else(cut)?;
        labels.push((name.trim().to_owned(), value.get(..end).unwrap_or_default().to_owned()));
        rest = value.get(end + 1..).unwrap_or_default().trim_start_matches([' ', ',']);
    }
    Ok(labels)
}
