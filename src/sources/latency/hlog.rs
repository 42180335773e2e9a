//! HdrHistogram interval logs (`.hlog`) with payloads V0, V1 and V2, with or without tags.
//!
//! A line is `[Tag=A,]start,length,largest,base64`. The intervals of one tag are added up. Values have
//! no unit; nanoseconds are the custom of the writers.

use std::collections::BTreeMap;

use super::super::InputError;
use super::clock::{Clock, in_unit, no_time, no_window};
use super::lines::Lines;
use super::notes::UNIT_ASSUMED;
use super::payload;
use super::text::{field, half_digit};
use super::value::{invalid, keep, note_empty, shortened, stated};
use super::{Context, Head, LatencyReading, Reader, Shape, decimal};
use crate::finding::Finding;
use crate::measurement::{Distribution, Histogram, Load, TimeUnit};
use crate::units::Seconds;

pub(super) const READER: Reader = Reader { kind: "hlog", timed: true, shape: Shape::Stream { recognise, read } };

/// Most counters of all tags together, 8 bytes each: half a gibibyte.
const MOST_COUNTERS: usize = 64 << 20;
/// Writers print the largest value of an interval in millions of its unit: milliseconds of nanoseconds.
const LARGEST_UNIT: f64 = 1e6;
/// Most tags.
const MOST_TAGS: usize = 10_000;

fn recognise(head: &Head<'_>) -> bool {
    let is_row = |line: &str| line.rsplit_once(',').is_some_and(|(_, payload)| payload.starts_with("HIST"));
    head.text.contains("Histogram log format version")
        || head.first_line().starts_with("\"StartTimestamp\"")
        || is_row(head.first_line())
}

/// The intervals of one tag.
struct Tagged {
    histogram: Histogram<u64>,
    ratio: f64,
    duration: f64,
    /// The largest of the printed interval maxima, and half of its last digit.
    largest: (f64, f64),
}

fn read(context: &Context<'_>, lines: &mut Lines<'_>, reading: &mut LatencyReading) -> Result<(), InputError> {
    let mut tags: BTreeMap<String, Tagged> = BTreeMap::new();
    let mut counters = 0;
    let mut header = Header::default();
    let mut clock = Clock::new(context);
    loop {
        let number = lines.number() + 1;
        let Some(line) = lines.next()? else { break };
        if line.is_empty() || line.starts_with(b"#") || line.starts_with(b"\"") {
            header.take(&String::from_utf8_lossy(line));
            continue;
        }
        let Interval { tag, start, length, largest, payload: encoded } =
            interval(line).map_err(|found| broken(context, number, found))?;
        if clock.is_set() {
            let place = || format!("{}:{number}", context.name);
            let time = in_unit(header.base(start) + start, TimeUnit::Seconds)
                .ok_or_else(|| no_time(place(), &start.to_string()))?;
            if !clock.admits(time).map_err(|error| no_window(place(), error))? {
                continue;
            }
        }
        let bytes = payload::base64(encoded)
            .ok_or_else(|| broken(context, number, "a payload that is no base64".to_owned()))?;
        let decoded = payload::decode(&bytes).map_err(|found| broken(context, number, found))?;
        match tags.get_mut(&tag) {
            Some(known) => {
                if known.ratio != decoded.ratio {
                    let found = format!("a conversion ratio of {} after {}", decoded.ratio, known.ratio);
                    return Err(broken(context, number, found));
                }
                let before = known.histogram.distinct_values();
                Histogram::add(&mut known.histogram, &decoded.histogram)
                    .map_err(|error| broken(context, number, format!("an interval that cannot be added ({error})")))?;
                counters += known.histogram.distinct_values() - before;
                known.duration += length;
                known.largest = if largest.0 > known.largest.0 { largest } else { known.largest };
            }
            None => {
                counters += decoded.histogram.distinct_values();
                tags.insert(
                    tag,
                    Tagged { histogram: decoded.histogram, ratio: decoded.ratio, duration: length, largest },
                );
            }
        }
        if counters > MOST_COUNTERS || tags.len() > MOST_TAGS {
            let found = format!("histograms of {} tags with {counters} counters", tags.len());
            return Err(InputError::new(lines.place(), found, "at most 512 MiB of counters", "split the log by tag"));
        }
    }
    clock.note(context, reading, "intervals");
    if tags.is_empty() {
        note_empty(context, reading, "");
        return Ok(());
    }
    let tick = tick(context, reading);
    for (tag, tagged) in tags {
        let section = if tag.is_empty() { String::new() } else { format!("Tag={tag}") };
        if tagged.histogram.is_empty() {
            note_empty(context, reading, &section);
            continue;
        }
        let distribution = Distribution::from_histogram(tagged.histogram, tick * tagged.ratio)
            .map_err(|error| invalid(context.name, &error))?;
        let load = Load { duration: Some(Seconds::new(tagged.duration)), ..Load::default() };
        let unit = tick.as_seconds() * LARGEST_UNIT;
        let stated = stated(100.0, tagged.largest.0 * unit, tagged.largest.1 * unit);
        keep(context, reading, &section, distribution, load, stated.into_iter().collect());
    }
    Ok(())
}

/// What the lines before the intervals say of their times.
#[derive(Default)]
struct Header {
    /// Seconds since 1970 at which the log starts, and from which intervals count.
    start: Option<f64>,
    base: Option<f64>,
}

impl Header {
    fn take(&mut self, line: &str) {
        let seconds = |key: &str| line.split_once(key)?.1.split_whitespace().next()?.parse::<f64>().ok();
        self.start = seconds("[StartTime:").or(self.start);
        self.base = seconds("[BaseTime:").or(self.base);
    }

    /// What is added to the times of intervals. Without a base, times more than a year before the start are
    /// relative to it, as HdrHistogram's own reader decides.
    fn base(&self, interval: f64) -> f64 {
        const YEAR: f64 = 365.0 * 86_400.0;
        self.base.or(self.start.filter(|start| interval < start - YEAR)).unwrap_or(0.0)
    }
}

/// A line taken apart.
struct Interval<'a> {
    tag: String,
    /// In seconds, as written.
    start: f64,
    /// In seconds.
    length: f64,
    /// The largest value as printed, and half of its last digit.
    largest: (f64, f64),
    payload: &'a [u8],
}

fn interval(line: &[u8]) -> Result<Interval<'_>, String> {
    let cut = || format!("{:?}", shortened(&String::from_utf8_lossy(line)));
    let first = field(line, 0).unwrap_or_default();
    let (tag, shift) = match first.strip_prefix(b"Tag=") {
        Some(tag) => (String::from_utf8_lossy(tag).into_owned(), 1),
        None => (String::new(), 0),
    };
    let number = |column: usize| field(line, column + shift).and_then(decimal::number);
    let start = number(0).filter(|start| start.is_finite()).ok_or_else(cut)?;
    // jHiccup 2.0.1 calls this column EndTimestamp and writes lengths into it.
    let length = number(1).filter(|length| *length >= 0.0 && length.is_finite()).ok_or_else(cut)?;
    let largest = field(line, 2 + shift).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default();
    let largest = (largest.parse().map_err(|_| cut())?, half_digit(largest));
    let payload = field(line, 3 + shift).filter(|payload| !payload.is_empty()).ok_or_else(cut)?;
    Ok(Interval { tag, start, length, largest, payload })
}

fn broken(context: &Context<'_>, line: u64, found: String) -> InputError {
    let place = format!("{}:{line}", context.name);
    InputError::new(
        place,
        found,
        "an interval: start, length, largest, payload",
        "check whether the file is cut, or fetch it again",
    )
}

/// Seconds of one unit of the values, with a note where nobody named it.
pub(super) fn tick(context: &Context<'_>, reading: &mut LatencyReading) -> Seconds {
    let unit = context.unit.unwrap_or(TimeUnit::Nanoseconds);
    if context.unit.is_none() {
        let message = format!("no unit is given; values are taken as {}", unit.symbol());
        reading.findings.push(Finding::new(&UNIT_ASSUMED, context.name, message));
    }
    unit.amount(1.0)
}
