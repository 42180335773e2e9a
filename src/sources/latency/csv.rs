//! Plain CSV of samples: a column of durations, its unit in the column's name, in every value, or given.

use super::super::InputError;
use super::samples::Samples;
use super::text::{Lines, duration, field, fields};
use super::value::shortened;
use super::{Context, Head, LatencyReading, Reader, Shape};
use crate::measurement::{Load, TimeUnit};

pub(super) const READER: Reader = Reader { kind: "csv", shape: Shape::Stream { recognise, read } };

/// Words that make a column a response time.
const NAMES: [&str; 7] = ["latency", "duration", "elapsed", "response_time", "response-time", "responsetime", "rtt"];

fn recognise(head: &Head<'_>) -> bool {
    let first = head.first_line();
    fields(first).iter().any(|name| is_time(name)) || is_value(first)
}

fn is_time(name: &str) -> bool {
    let name = name.trim().to_ascii_lowercase();
    NAMES.iter().any(|known| {
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
    let with_unit = |text: &[u8]| std::str::from_utf8(text).ok().and_then(duration);
    let index = column.unwrap_or(0);
    let mut record = if column.is_none() { Some(first.into_bytes()) } else { None };
    loop {
        if let Some(record) = record.take() {
            let number = lines.number();
            let text = field(&record, index).unwrap_or_default();
            match (unit, with_unit(text)) {
                (_, Some(amount)) => {
                    samples.number(amount.seconds / unit.unwrap_or(TimeUnit::Seconds).seconds(), number);
                }
                (Some(_), None) => samples.text(text, number),
                (None, None) => {
                    let found = format!("{:?} without a unit", shortened(&String::from_utf8_lossy(text)));
                    let remedy = "name the column with its unit, as in latency_ms, or give --unit";
                    return Err(lines.error(found, "a duration with its unit", remedy));
                }
            }
        }
        // Plain numbers, which most files hold, are taken without a copy.
        loop {
            let number = lines.number() + 1;
            let Some(line) = lines.next_record()? else {
                samples.keep(context, reading, "", Load::default());
                return Ok(());
            };
            if line.is_empty() {
                continue;
            }
            let text = field(line, index).unwrap_or_default();
            if unit.is_some() && text.last().is_some_and(|byte| byte.is_ascii_digit() || *byte == b'.') {
                samples.text(text, number);
                continue;
            }
            record = Some(line.to_vec());
            break;
        }
    }
}

/// The unit at the end of `latency_ms`, `duration (us)`.
fn unit_of(name: &str) -> Option<TimeUnit> {
    let last = name.trim().trim_end_matches(')').rsplit(['_', ' ', '(', '-']).next()?;
    TimeUnit::named(&last.to_ascii_lowercase())
}
