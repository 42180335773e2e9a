//! A part of Locust's `_stats_history.csv`.
//!
//! Every row has the counts since the start and percentiles of the last ten seconds. A window is put together
//! from rows ten seconds apart: each stands, with its percentiles, for the requests counted since the one before.

use super::super::InputError;
use super::clock::{Clock, Time, no_time, no_window};
use super::locust::{Columns, Row, percentiles};
use super::value::{keep, note_empty};
use super::{Context, LatencyReading};
use crate::measurement::{Distribution, Load, Period};
use crate::units::Seconds;

/// Over how long Locust computes current percentiles (`CURRENT_RESPONSE_TIME_PERCENTILE_WINDOW`).
const PERCENTILES_OVER: Seconds = Seconds::new(10.0);

/// What is known of one kind of request so far.
pub(super) struct Slice {
    /// The row up to which requests are taken in: its time, requests and failures.
    base: Option<(Time, u64, u64)>,
    /// The last row in the window, where it is too close to the base to stand for itself.
    last: Option<Row>,
    parts: Vec<Distribution>,
    requests: u64,
    failures: u64,
    /// Requests counted between rows whose percentiles are not given.
    unknown: u64,
}

impl Slice {
    pub fn new() -> Self {
        Self { base: None, last: None, parts: Vec::new(), requests: 0, failures: 0, unknown: 0 }
    }

    /// Takes in the next row.
    ///
    /// # Errors
    /// [`InputError`] for a row without a time or with numbers that are none.
    pub fn add(
        &mut self,
        context: &Context<'_>,
        columns: &Columns,
        row: Row,
        clock: &mut Clock,
    ) -> Result<(), InputError> {
        let text = columns.text(&row, "Timestamp").unwrap_or_default();
        let time = super::clock::time(text.as_bytes()).ok_or_else(|| no_time(row.place(context), text))?;
        let period: Option<Period> = clock.period(time).map_err(|error| no_window(row.place(context), error))?;
        if !period.is_some_and(|period| period.spans(time.at)) {
            return Ok(());
        }
        let Some((base, ..)) = self.base else {
            let (requests, failures) = counts(context, columns, &row)?;
            self.base = Some((time, requests, failures));
            return Ok(());
        };
        if time.at < base.at.after(PERCENTILES_OVER) {
            self.last = Some(row);
            return Ok(());
        }
        self.last = None;
        self.take(context, columns, &row, time)
    }

    fn take(&mut self, context: &Context<'_>, columns: &Columns, row: &Row, time: Time) -> Result<(), InputError> {
        let (requests, failures) = counts(context, columns, row)?;
        let (_, before, failed) = self.base.unwrap_or((time, requests, failures));
        self.base = Some((time, requests, failures));
        // Counts start anew when statistics are reset after users have spawned.
        let grown = requests.checked_sub(before).unwrap_or(requests);
        self.failures += failures.checked_sub(failed).unwrap_or(failures);
        if grown == 0 {
            return Ok(());
        }
        let stated = percentiles(context, columns, row)?;
        if stated.is_empty() {
            self.unknown += grown;
            return Ok(());
        }
        let part = Distribution::from_percentiles(&stated, None, None, Some(grown))
            .map_err(|error| super::value::invalid(row.place(context), &error))?;
        self.parts.push(part);
        self.requests += grown;
        // Parts are merged as they come, so that a long test stays small.
        if self.parts.len() >= MERGED_AT {
            self.merge();
        }
        Ok(())
    }

    fn merge(&mut self) {
        if let Ok(whole) = Distribution::merged(&self.parts) {
            self.parts = vec![whole];
        }
    }

    /// Adds the measurement of the window, or notes that there is none.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub fn finish(
        mut self,
        context: &Context<'_>,
        reading: &mut LatencyReading,
        columns: &Columns,
        section: &str,
    ) -> Result<(), InputError> {
        if let (Some(row), Some((time, ..))) = (self.last.take(), self.base) {
            self.take(context, columns, &row, time)?;
        }
        self.merge();
        let Some(distribution) = self.parts.pop() else {
            note_empty(context, reading, section);
            return Ok(());
        };
        let load = Load { failures: Some(self.failures), ..Load::default() };
        if self.unknown > 0 {
            let message = format!("{} requests were counted without percentiles", self.unknown);
            let subject = super::value::named(context, section);
            reading.findings.push(crate::finding::Finding::new(&super::notes::SAMPLES_LEFT_OUT, subject, message));
        }
        keep(context, reading, section, distribution, load, Vec::new());
        Ok(())
    }
}

/// So many parts are merged into one.
const MERGED_AT: usize = 256;

/// Requests and failures since the start.
fn counts(context: &Context<'_>, columns: &Columns, row: &Row) -> Result<(u64, u64), InputError> {
    let of = |name: &str| columns.count(context, row, name);
    Ok((of("Total Request Count")?, of("Total Failure Count")?))
}
