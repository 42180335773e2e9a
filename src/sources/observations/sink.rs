//! Where rows go: kept as measurements, or left out with a reason.

use std::collections::BTreeMap;

use super::ObservationReading;
use super::notes::{ROWS_LEFT_OUT, VALUE_CONSTANT};
use super::row::Row;
use super::table::Table;
use crate::card::{Conditions, Measurement};
use crate::finding::{Finding, Tally};

/// What one table gives.
pub(super) struct Sink<'a> {
    table: &'a Table,
    rows: &'static str,
    measurements: Vec<Measurement>,
    left_out: BTreeMap<&'static str, Tally>,
    findings: Vec<Finding>,
}

/// A measured figure and where it belongs.
pub(super) struct Observed {
    /// What of the row it is; the row's own name where this is empty.
    pub what: String,
    /// Source and version.
    pub group: String,
    pub conditions: Conditions,
    /// In bytes or cores.
    pub measured: f64,
}

impl<'a> Sink<'a> {
    pub fn new(table: &'a Table, rows: &'static str) -> Self {
        Self { table, rows, measurements: Vec::new(), left_out: BTreeMap::new(), findings: Vec::new() }
    }

    /// Keeps a figure; one of zero is none.
    pub fn keep(&mut self, row: &Row<'_>, observed: Observed) {
        let Observed { what, group, conditions, measured } = observed;
        if measured <= 0.0 {
            return self.leave_out(row, "nothing was measured");
        }
        let label = if what.is_empty() { row.label() } else { format!("{}, {what}", row.label()) };
        let source = row.text("source").unwrap_or(self.table.name()).to_owned();
        let date = row.first_of(&["date", "year", "start_time_utc"]).unwrap_or_default();
        let date = date.split('T').next().unwrap_or_default().to_owned();
        let quantity = conditions.quantity().to_owned();
        self.measurements.push(Measurement { label, quantity, group, conditions, measured, source, date });
    }

    /// Leaves a row, or one figure of it, out.
    pub fn leave_out(&mut self, row: &Row<'_>, reason: &'static str) {
        self.left_out.entry(reason).or_default().add(row.label());
    }

    /// Notes something about the table.
    pub fn note(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Says of which columns every row has the same: what they cost cannot be told from this table.
    pub fn note_constant(&mut self, columns: &[&str]) {
        let is_constant = |column: &&&str| {
            let mut values = self.table.rows().map(|row| row.text(column));
            let first = values.next().flatten();
            first.is_some() && self.table.rows().nth(1).is_some() && values.all(|value| value == first)
        };
        let constant: Vec<&str> = columns.iter().filter(is_constant).copied().collect();
        if !constant.is_empty() {
            let message = format!("{}: one value in all rows", constant.join(", "));
            let finding = Finding::new(&VALUE_CONSTANT, self.table.name(), message);
            self.findings.push(finding.counted(constant.len() as u64));
        }
    }

    pub fn finish(self) -> ObservationReading {
        let mut findings = self.findings;
        for (reason, tally) in self.left_out {
            let message = |names: &str| format!("{} of {}: {reason} ({names})", tally.count(), self.rows);
            findings.extend(tally.finding(&ROWS_LEFT_OUT, self.table.name(), message));
        }
        ObservationReading { measurements: self.measurements, findings }
    }
}
