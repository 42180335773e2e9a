//! Plain CSV of samples: a column of durations, its unit in the column's name, in every value, or given.

use super::super::InputError;
use super::clock::{Clock, in_unit, no_time, no_window};
use super::lines::Lines;
use super::samples::Samples;
use super::text::{duration, field, fields};
use super::value::shortened;
use super::{Context, Head, LatencyReading, Reader, Shape, decimal};
use crate::measurement::{Load, TimeUnit};

pub(super) const READER: Reader = Reader { kind: "csv", timed: true, shape: Shape::Stream { recognise, read } };

/// Words that make a column a response time.
const NAMES: [&str; 7] = ["latency", "duration", "elapsed", "response_time", "response-time", "responsetime", "rtt"];
/// Words that make a column the time at which a sample was taken.
const TIMES: [&str; 7] = ["timestamp", "time", "ts", "epoch", "date", "start", "started"];

fn recognise(head: &Head<'_>) -> bool {
    let first = head.first_line();
    fields(first).iter().any(|name| is_time(name)) || is_value(first)
}

fn is_time(name: &str) -> bool {
    begins_with(name, &NAMES)
}

/// Whether a column's name is one of these words, or begins with one and goes on with its unit.
fn begins_with(name: &str, words: &[&str]) -> bool {
    let name = name.trim().to_ascii_lowercase();
    words.iter().any(|known| {
        name == *known || name.strip_prefix(known).is_some_and(|unit| unit.starts_with(['_', ' ', '(', '-']))
    })
}

fn is_value(text: &str) -> bool {
    text.parse::<f64>().is_ok() || duration(text).is_some()
}

fn read(context: &Context<'_>, lines: &mut Lines<'_>, reading: &mut LatencyReading) -> Result<(), InputError> {
    let mut first = String::new();
    while first.is_empty() || first.starts_with('#') {
        match lines.next_text()? {
            Some(line) => first = line.trim().to_owned(),
            None => break,
        }
    }
    let names = fields(&first);
    let column = names.iter().position(|name| is_time(name));
    if column.is_none() && !is_value(&first) {
        let found = format!("no column of durations in {:?}", shortened(&first));
        return Err(lines.error(
            found,
            "a column such as latency_ms, or one duration per line",
            "name the column after what it holds",
        ));
    }
    let named = column.and_then(|column| names.get(column)).and_then(|name| unit_of(name));
    let unit = context.unit.or(named);
    let mut samples = Samples::new(context, unit.unwrap_or(TimeUnit::Seconds))?;
    let mut taken = Taken::new(context, &names, lines)?;
    let index = column.unwrap_or(0);
    let is_list = unit.is_some() && names.len() == 1 && !taken.clock.is_set();
    let mut record = if column.is_none() { Some(first.into_bytes()) } else { None };
    loop {
        if let Some(record) = record.take()
            && taken.is_wanted(context, &record, lines.number())?
        {
            one(&mut samples, unit, field(&record, index).unwrap_or_default(), lines)?;
        }
        // Plain numbers, which most files hold, are taken without a copy, and at once where they stand alone.
        loop {
            while is_list && let Some(sample) = lines.next_plain() {
                samples.number(sample, lines.number());
            }
            let number = lines.number() + 1;
            let Some(line) = lines.next_record()? else {
                taken.clock.note(context, reading, "samples");
                samples.keep(context, reading, "", Load::default());
                return Ok(());
            };
            if line.is_empty() {
                continue;
            }
            let text = field(line, index).unwrap_or_default();
            if unit.is_some() && text.last().is_some_and(|byte| byte.is_ascii_digit() || *byte == b'.') {
                if taken.is_wanted(context, line, number)? {
                    samples.text(text, number);
                }
                continue;
            }
            record = Some(line.to_vec());
            break;
        }
    }
}

/// Takes a duration that may have a unit of its own.
fn one(samples: &mut Samples, unit: Option<TimeUnit>, text: &[u8], lines: &Lines<'_>) -> Result<(), InputError> {
    let with_unit = std::str::from_utf8(text).ok().and_then(duration);
    match (unit, with_unit) {
        (_, Some(amount)) => {
            samples.number(amount.seconds / unit.unwrap_or(TimeUnit::Seconds).seconds(), lines.number());
            Ok(())
        }
        (Some(_), None) => {
            samples.text(text, lines.number());
            Ok(())
        }
        (None, None) => {
            let found = format!("{:?} without a unit", shortened(&String::from_utf8_lossy(text)));
            let remedy = "name the column with its unit, as in latency_ms, or give --unit";
            Err(lines.error(found, "a duration with its unit", remedy))
        }
    }
}

/// When samples were taken, for a window.
struct Taken {
    clock: Clock,
    column: usize,
    unit: Option<TimeUnit>,
}

impl Taken {
    fn new(context: &Context<'_>, names: &[String], lines: &Lines<'_>) -> Result<Self, InputError> {
        let clock = Clock::new(context);
        let column = names.iter().position(|name| begins_with(name, &TIMES) && !is_time(name));
        if clock.is_set() && column.is_none() {
            return Err(lines.error(
                "no column of times",
                "a column such as timestamp, time, or start_ms",
                "leave out --from and --to, or name the column after what it holds",
            ));
        }
        let unit = column.and_then(|column| names.get(column)).and_then(|name| unit_of(name));
        Ok(Self { clock, column: column.unwrap_or(0), unit })
    }

    fn is_wanted(&mut self, context: &Context<'_>, record: &[u8], line: u64) -> Result<bool, InputError> {
        if !self.clock.is_set() {
            return Ok(true);
        }
        let text = field(record, self.column).unwrap_or_default();
        let Some((unit, number)) = self.unit.zip(decimal::number(text)) else {
            return self.clock.wants(context, line, Some(text));
        };
        let place = || format!("{}:{line}", context.name);
        let time = in_unit(number, unit).ok_or_else(|| no_time(place(), &String::from_utf8_lossy(text)))?;
        self.clock.admits(time).map_err(|error| no_window(place(), error))
    }
}

/// The unit at the end of `latency_ms`, `duration (us)`.
fn unit_of(name: &str) -> Option<TimeUnit> {
    let last = name.trim().trim_end_matches(')').rsplit(['_', ' ', '(', '-']).next()?;
    TimeUnit::named(&last.to_ascii_lowercase())
}
