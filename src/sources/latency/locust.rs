//! Locust's `_stats.csv` and `_stats_history.csv`, in milliseconds.
//!
//! Statistics hold one row per request and an `Aggregated` one, which is used where it stands alone.
//! Of a history the last row counts: its percentiles are of a short window, its median and ends of all.

use super::super::InputError;
use super::lines::Lines;
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
struct Row {
    name: String,
    line: u64,
    fields: Vec<String>,
}

fn read(context: &Context<'_>, lines: &mut Lines<'_>, reading: &mut LatencyReading) -> Result<(), InputError> {
    let header = fields(&lines.next_text()?.unwrap_or_default());
    let column = |name: &str| header.iter().position(|title| title == name);
    let history = column("Timestamp").is_some();
    let missing =
        |name: &str| lines.error(format!("no column {name:?}"), "the CSV files of Locust", "check the header");
    let name_column = column("Name").ok_or_else(|| missing("Name"))?;
    let mut rows: Vec<Row> = Vec::new();
    while let Some(record) = lines.next_record()? {
        let fields = fields(&String::from_utf8_lossy(record));
        let Some(name) = fields.get(name_column).cloned() else { continue };
        let kind = column("Type").and_then(|column| fields.get(column)).map_or("", String::as_str);
        let name = if kind.is_empty() { name } else { format!("{kind} {name}") };
        let row = Row { name, line: lines.number(), fields };
        if let Some(known) = rows.iter_mut().find(|known| history && known.name == row.name) {
            *known = row;
        } else if rows.len() < MOST_ROWS {
            rows.push(row);
        } else {
            let found = format!("more than {MOST_ROWS} rows");
            return Err(lines.error(found, "a row per request", "group requests by name in the test"));
        }
    }
    let several = rows.iter().any(|row| row.name != "Aggregated");
    rows.retain(|row| !several || row.name != "Aggregated");
    for row in rows {
        read_row(context, reading, &header, &row, history)?;
    }
    Ok(())
}

fn read_row(
    context: &Context<'_>,
    reading: &mut LatencyReading,
    header: &[String],
    row: &Row,
    history: bool,
) -> Result<(), InputError> {
    let place = format!("{}:{}", context.name, row.line);
    let text = |name: &str| header.iter().position(|title| title == name).and_then(|column| row.fields.get(column));
    let amount = |name: &str| -> Result<Option<f64>, InputError> {
        match text(name).map(String::as_str) {
            None | Some("" | "N/A") => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|_| {
                let found = format!("{:?} in column {name:?}", shortened(text));
                InputError::new(&place, found, "a number", "check whether the file is cut")
            }),
        }
    };
    let prefix = if history { "Total " } else { "" };
    let of = |name: &str| amount(&format!("{prefix}{name}"));
    let samples = of("Request Count")?.unwrap_or(0.0);
    let samples = count(samples)
        .ok_or_else(|| InputError::new(&place, format!("{samples} requests"), "a count", "check the file"))?;
    let section = if row.name == "Aggregated" { "" } else { row.name.as_str() };
    if samples == 0 {
        note_empty(context, reading, section);
        return Ok(());
    }
    let mut percentiles: Vec<Stated> = Vec::new();
    for title in header.iter().filter(|title| !history && title.ends_with('%') && title.as_str() != "100%") {
        let percent: Option<f64> = title.trim_end_matches('%').parse().ok();
        if let (Some(percent), Some(time)) = (percent, amount(title)?) {
            percentiles.extend(stated(percent, time / 1e3, rounding(time) / 1e3));
        }
    }
    if let Some(median) = of("Median Response Time")?.filter(|_| percentiles.is_empty()) {
        percentiles.extend(stated(50.0, median / 1e3, rounding(median) / 1e3));
    }
    let (least, most) = (of("Min Response Time")?, of("Max Response Time")?);
    // Rounded percentiles may lie beyond the exact largest time.
    let highest = percentiles.iter().map(|stated| stated.value - stated.resolution).fold(Seconds::ZERO, Seconds::max);
    let most = most.map(|most| Seconds::from_millis(most).max(highest));
    let mut distribution =
        Distribution::from_percentiles(&percentiles, least.map(Seconds::from_millis), most, Some(samples))
            .map_err(|error| invalid(&place, &error))?;
    if let Some(mean) = of("Average Response Time")? {
        distribution = distribution.with_sum(Seconds::from_millis(mean) * samples as f64);
    }
    let load = Load {
        rate: amount("Requests/s")?.map(Rate::per_second),
        connections: amount("User Count")?.and_then(count).filter(|users| *users > 0),
        failures: of("Failure Count")?.and_then(count),
        ..Load::default()
    };
    keep(context, reading, section, distribution, load, percentiles);
    Ok(())
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
