//! Locust's `_stats.csv` and `_stats_history.csv`, in milliseconds.
//!
//! Statistics hold one row per request and an `Aggregated` one, which is used where it stands alone.
//! Of a history the last row counts: its percentiles are of a short window, its median and ends of all.
//! Before the first request of a kind, numbers are 0 or `N/A`, and percentiles `N/A`. Real files at hand hold no
//! requests at all; the columns and their rounding are those of `locust/stats.py`.

use std::collections::BTreeMap;

use super::super::InputError;
use super::clock::Clock;
use super::lines::Lines;
use super::locust_history::Slice;
use super::text::fields;
use super::value::{count, invalid, keep, note_empty, shortened, stated};
use super::{Context, Head, LatencyReading, Reader, Shape};
use crate::measurement::{Distribution, Load, Stated};
use crate::units::{Rate, Seconds};

pub(super) const READER: Reader = Reader { kind: "locust", timed: true, shape: Shape::Stream { recognise, read } };

/// Most kinds of request; Locust's own web page ends far below.
const MOST_ROWS: usize = 10_000;

fn recognise(head: &Head<'_>) -> bool {
    let header = head.first_line();
    header.starts_with("Type,Name,Request Count") || header.starts_with("Timestamp,User Count,Type,Name")
}

/// A row that is kept.
pub(super) struct Row {
    name: String,
    line: u64,
    fields: Vec<String>,
}

impl Row {
    pub fn place(&self, context: &Context<'_>) -> String {
        format!("{}:{}", context.name, self.line)
    }
}

/// The header.
pub(super) struct Columns(Vec<String>);

impl Columns {
    fn position(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|title| title == name)
    }

    pub fn text<'a>(&self, row: &'a Row, name: &str) -> Option<&'a str> {
        self.position(name).and_then(|column| row.fields.get(column)).map(String::as_str)
    }

    fn amount(&self, context: &Context<'_>, row: &Row, name: &str) -> Result<Option<f64>, InputError> {
        match self.text(row, name) {
            None | Some("" | "N/A") => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|_| {
                let found = format!("{:?} in column {name:?}", shortened(text));
                InputError::new(row.place(context), found, "a number", "check whether the file is cut")
            }),
        }
    }

    /// A count; nothing is 0.
    pub fn count(&self, context: &Context<'_>, row: &Row, name: &str) -> Result<u64, InputError> {
        let number = self.amount(context, row, name)?.unwrap_or(0.0);
        count(number).ok_or_else(|| {
            let found = format!("{number} in column {name:?}");
            InputError::new(row.place(context), found, "a count", "check the file")
        })
    }
}

fn read(context: &Context<'_>, lines: &mut Lines<'_>, reading: &mut LatencyReading) -> Result<(), InputError> {
    let columns = Columns(fields(&lines.next_text()?.unwrap_or_default()));
    let history = columns.position("Timestamp").is_some();
    let name_column = columns
        .position("Name")
        .ok_or_else(|| lines.error("no column \"Name\"", "the CSV files of Locust", "check the header"))?;
    let mut clock = Clock::new(context);
    if clock.is_set() && !history {
        return Err(lines.error(
            "statistics of the whole test",
            "times, which the _stats_history.csv of Locust has",
            "leave out --from and --to, or give the history (locust --csv-full-history)",
        ));
    }
    // By place of the first row, as the file has them.
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let (mut rows, mut slices): (Vec<Row>, Vec<Slice>) = (Vec::new(), Vec::new());
    while let Some(record) = lines.next_record()? {
        let fields = fields(&String::from_utf8_lossy(record));
        let Some(name) = fields.get(name_column).cloned() else { continue };
        let kind = columns.position("Type").and_then(|column| fields.get(column)).map_or("", String::as_str);
        let name = if kind.is_empty() { name } else { format!("{kind} {name}") };
        let row = Row { name, line: lines.number(), fields };
        let known = places.get(&row.name).copied().filter(|_| history);
        if known.is_none() && rows.len() >= MOST_ROWS {
            let found = format!("more than {MOST_ROWS} rows");
            return Err(lines.error(found, "a row per request", "group requests by name in the test"));
        }
        let place = known.unwrap_or(rows.len());
        places.entry(row.name.clone()).or_insert(place);
        if known.is_none() {
            slices.push(Slice::new());
        }
        if clock.is_set()
            && let Some(slice) = slices.get_mut(place)
        {
            let copy = Row { name: row.name.clone(), line: row.line, fields: row.fields.clone() };
            slice.add(context, &columns, copy, &mut clock)?;
        }
        match rows.get_mut(place) {
            Some(known) => *known = row,
            None => rows.push(row),
        }
    }
    let several = rows.iter().any(|row| row.name != "Aggregated");
    for (row, slice) in rows.iter().zip(slices).filter(|(row, _)| !several || row.name != "Aggregated") {
        if clock.is_set() {
            slice.finish(context, reading, &columns, section(row))?;
        } else {
            read_row(context, reading, &columns, row, history)?;
        }
    }
    Ok(())
}

fn section(row: &Row) -> &str {
    if row.name == "Aggregated" { "" } else { &row.name }
}

fn read_row(
    context: &Context<'_>,
    reading: &mut LatencyReading,
    columns: &Columns,
    row: &Row,
    history: bool,
) -> Result<(), InputError> {
    let amount = |name: &str| columns.amount(context, row, name);
    let prefix = if history { "Total " } else { "" };
    let of = |name: &str| amount(&format!("{prefix}{name}"));
    let samples = columns.count(context, row, &format!("{prefix}Request Count"))?;
    if samples == 0 {
        note_empty(context, reading, section(row));
        return Ok(());
    }
    let mut percentiles = if history { Vec::new() } else { percentiles(context, columns, row)? };
    if let Some(median) = of("Median Response Time")?.filter(|_| percentiles.is_empty()) {
        percentiles.extend(stated(50.0, median / 1e3, rounding(median) / 1e3));
    }
    let (least, most) = (of("Min Response Time")?, of("Max Response Time")?);
    // Rounded percentiles may lie beyond the exact largest time.
    let highest = percentiles.iter().map(|stated| stated.value - stated.resolution).fold(Seconds::ZERO, Seconds::max);
    let most = most.map(|most| Seconds::from_millis(most).max(highest));
    let mut distribution =
        Distribution::from_percentiles(&percentiles, least.map(Seconds::from_millis), most, Some(samples))
            .map_err(|error| invalid(row.place(context), &error))?;
    if let Some(mean) = of("Average Response Time")? {
        distribution = distribution.with_sum(Seconds::from_millis(mean) * samples as f64);
    }
    let load = Load {
        rate: amount("Requests/s")?.map(Rate::per_second),
        connections: amount("User Count")?.and_then(count).filter(|users| *users > 0),
        failures: of("Failure Count")?.and_then(count),
        ..Load::default()
    };
    keep(context, reading, section(row), distribution, load, percentiles);
    Ok(())
}

/// The percentiles of a row, with the rounding of Locust.
pub(super) fn percentiles(context: &Context<'_>, columns: &Columns, row: &Row) -> Result<Vec<Stated>, InputError> {
    let mut percentiles = Vec::new();
    for title in columns.0.iter().filter(|title| title.ends_with('%') && title.as_str() != "100%") {
        let percent: Option<f64> = title.trim_end_matches('%').parse().ok();
        if let (Some(percent), Some(time)) = (percent, columns.amount(context, row, title)?) {
            percentiles.extend(stated(percent, time / 1e3, rounding(time) / 1e3));
        }
    }
    Ok(percentiles)
}

/// Locust counts times rounded to two significant digits from 100 ms on.
fn rounding(milliseconds: f64) -> f64 {
    match milliseconds {
        time if time < 100.0 => 0.5,
        time if time < 1000.0 => 5.0,
        time if time < 10_000.0 => 50.0,
        _ => 500.0,
    }
}
