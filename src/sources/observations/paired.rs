//! Fortio results beside the CPU of the proxies while they ran: one row a run.
//!
//! `fortio` names the JSON file, relative to the table; rate and connections are taken from it. CPU stands in
//! `client_proxy_cpu_milli` and `server_proxy_cpu_milli`, or in a series of samples that `client_cpu_series` and
//! `server_cpu_series` name: a table with `cpu_milli` or `cpu_cores`, and `timestamp` (RFC 3339) or `seconds`
//! since the start of the run. The mean over the run counts. Other columns are those of a table of runs.

use std::path::Path;

use serde_json::Value;

use super::super::latency::{LatencyOptions, read_latency_bytes};
use super::super::{Input, InputError};
use super::columns::{note_unused, one_of};
use super::row::Row;
use super::sink::Sink;
use super::table::{self, Table};
use super::{Reader, cpu, open};
use crate::measurement::{Load, Pacing};
use crate::units::Seconds;

pub(super) const READER: Reader = Reader { rows: "the runs", recognise, read };

/// Columns of a side that name a series, beside those that hold the mean.
const SERIES: [&str; 2] = ["client_cpu_series", "server_cpu_series"];
const CONDITIONS: [&str; 6] = ["fortio", "workers", "tls", "metrics", "access_log", "payload_bytes"];

/// A finished run of Fortio.
struct Run {
    load: Load,
    /// When it began, where the file says.
    start: Option<jiff::Timestamp>,
}

fn recognise(table: &Table) -> bool {
    table.has("fortio")
}

fn read(table: &Table, folder: &Path, sink: &mut Sink<'_>) -> Result<(), InputError> {
    let sides = cpu::SIDES.map(|(column, _)| column);
    one_of(table, &[sides.as_slice(), &SERIES].concat())?;
    one_of(table, &["workers"])?;
    note_unused(table, &[CONDITIONS.as_slice(), &sides, &SERIES].concat(), sink);
    for row in table.rows() {
        let Some(file) = row.text("fortio") else {
            return Err(row.error("fortio", "nothing", "the name of a Fortio result"));
        };
        let run = run(&row, &folder.join(file))?;
        if run.load.pacing == Pacing::Closed {
            sink.leave_out(&row, "closed loop: how much was possible, not what a rate costs");
            continue;
        }
        let Some(rate) = run.load.rate.map(|rate| rate.as_per_second()).filter(|rate| *rate > 0.0) else {
            sink.leave_out(&row, "no rate");
            continue;
        };
        let traffic = cpu::traffic(&row, rate)?;
        for ((column, side), series) in cpu::SIDES.into_iter().zip(SERIES) {
            let milli = match row.text(series) {
                Some(file) => mean(&row, series, &folder.join(file), &run)?,
                None => row.number(column)?,
            };
            if let Some(milli) = milli {
                cpu::keep_side(&row, side, column, milli, traffic, sink)?;
            }
        }
    }
    Ok(())
}

fn run(row: &Row<'_>, path: &Path) -> Result<Run, InputError> {
    let name = path.display().to_string();
    let bytes = open::whole(&Input::Path(path.to_owned()))?;
    let options = LatencyOptions { kind: Some("fortio".to_owned()), ..LatencyOptions::default() };
    let reading = read_latency_bytes(&name, &bytes, &options)?;
    let [measurement] = &*reading.measurements else {
        let found = format!("{} runs in {name}", reading.measurements.len());
        return Err(row.error("fortio", found, "a file with one run"));
    };
    let value: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let start = value.get("StartTime").and_then(Value::as_str).and_then(|text| text.parse().ok());
    Ok(Run { load: measurement.load.clone(), start })
}

/// Mean of the samples within a run, in thousandths of a core.
fn mean(row: &Row<'_>, column: &str, path: &Path, run: &Run) -> Result<Option<f64>, InputError> {
    let name = path.display().to_string();
    let series = table::read(&name, open::whole(&Input::Path(path.to_owned()))?)?;
    let amount = one_of(&series, &["cpu_milli", "cpu_cores"])?;
    let time = one_of(&series, &["timestamp", "seconds"])?;
    let scale = if amount == "cpu_cores" { 1000.0 } else { 1.0 };
    let length = run.load.duration.map_or(f64::INFINITY, Seconds::as_seconds);
    let (mut sum, mut count) = (0.0, 0_u32);
    for sample in series.rows() {
        let since = if time == "seconds" { sample.needed(time)? } else { since_start(&sample, time, run)? };
        if (0.0..=length).contains(&since) {
            sum += sample.needed(amount)? * scale;
            count += 1;
        }
    }
    if count == 0 {
        let found = format!("no sample of {name} within the run");
        return Err(row.error(column, found, "samples taken while Fortio ran"));
    }
    Ok(Some(sum / f64::from(count)))
}

fn since_start(sample: &Row<'_>, column: &str, run: &Run) -> Result<f64, InputError> {
    let Some(start) = run.start else {
        return Err(sample.error(
            column,
            "a time of day",
            "seconds since the start: the Fortio result has no StartTime",
        ));
    };
    let text = sample.word(column);
    let moment: jiff::Timestamp =
        text.parse().map_err(|_| sample.error(column, format!("{text:?}"), "a time such as 2026-01-13T14:48:15Z"))?;
    Ok(moment.duration_since(start).as_secs_f64())
}
