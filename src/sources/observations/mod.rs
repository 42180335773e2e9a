//! Readers of measured memory and CPU: tables and data files become [`Measurement`]s a card is judged by or
//! fitted to.
//!
//! One file per kind of table, in one shape: `recognise` looks at the columns, never at the name of the file;
//! `read` makes measurements of its rows. What a law cannot use (chart-read, closed loop, quoted, a condition
//! missing) is counted and named with its reason, so that rows kept and rows left out add up to the table.

mod columns;
mod cpu;
mod memory;
mod notes;
mod open;
mod paired;
mod published;
mod row;
mod sink;
mod table;

#[cfg(test)]
mod tests;

use std::path::Path;

pub use notes::FINDINGS;

use super::{Input, InputError};
use crate::card::Measurement;
use crate::finding::Finding;
use sink::Sink;
use table::Table;

/// What was read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ObservationReading {
    /// The measurements, in the order of inputs and rows. May be empty: the findings then say why.
    pub measurements: Vec<Measurement>,
    /// What was noticed, rows that were left out included.
    pub findings: Vec<Finding>,
}

/// Reads measurements from CSV, Parquet, newline-delimited JSON, or TOML as in `data/published`.
///
/// # Errors
/// [`InputError`] when an input is missing, broken or not recognised, or a cell does not hold what its column
/// promises: it names file, row and column, what was found and what was expected.
pub fn read_observations(inputs: &[Input]) -> Result<ObservationReading, InputError> {
    let mut whole = ObservationReading::default();
    for input in inputs {
        let (name, folder) = match input {
            Input::Stdin => ("-".to_owned(), Path::new("")),
            Input::Path(path) => (path.display().to_string(), path.parent().unwrap_or(Path::new(""))),
        };
        let reading = content(&name, folder, open::whole(input)?)?;
        whole.measurements.extend(reading.measurements);
        whole.findings.extend(reading.findings);
    }
    Ok(whole)
}

/// Reads bytes as if they were a file of that name in the current folder.
///
/// # Errors
/// As [`read_observations`].
pub fn read_observations_bytes(name: &str, bytes: &[u8]) -> Result<ObservationReading, InputError> {
    content(name, Path::new(""), open::unpacked(name, bytes.to_vec())?)
}

/// A reader of one kind of table.
struct Reader {
    /// What its rows are, for messages.
    rows: &'static str,
    recognise: fn(&Table) -> bool,
    read: fn(&Table, &Path, &mut Sink<'_>) -> Result<(), InputError>,
}

/// All readers. The first that recognises the columns reads: published tables name more of them, and come first.
const READERS: &[Reader] = &[
    paired::READER,
    published::BENCH_RUNS,
    published::SIDECARS,
    published::ISTIOD_VERSIONS,
    published::FIELD,
    published::OBSERVED,
    published::PER_REQUEST,
    published::ISTIOD_SCALING,
    published::AMBIENT,
    published::OBJECTS,
    published::LADDER,
    published::CAPACITY,
    published::SATURATED,
    cpu::READER,
    memory::READER,
];

const EXPECTED: &str = "measured memory or CPU as a table (CSV, Parquet, newline-delimited JSON) or as TOML";

fn content(name: &str, folder: &Path, bytes: Vec<u8>) -> Result<ObservationReading, InputError> {
    if table::is_toml(&bytes) {
        return toml(name, &bytes);
    }
    let table = table::read(name, bytes)?;
    let reader = READERS.iter().find(|reader| (reader.recognise)(&table)).ok_or_else(|| unknown(&table))?;
    let mut sink = Sink::new(&table, reader.rows);
    (reader.read)(&table, folder, &mut sink)?;
    Ok(sink.finish())
}

/// Measurements as `data/published` has them.
fn toml(name: &str, bytes: &[u8]) -> Result<ObservationReading, InputError> {
    const REMEDY: &str = "compare with the files in data/published";
    let text = std::str::from_utf8(bytes)
        .map_err(|_| InputError::new(name, "bytes that are not UTF-8", EXPECTED, "convert the file to UTF-8"))?;
    let measurements = Measurement::read_all(name, text)
        .map_err(|error| InputError::new(name, error.message, "measurements as in data/published", REMEDY))?;
    Ok(ObservationReading { measurements, findings: Vec::new() })
}

fn unknown(table: &Table) -> InputError {
    let found = format!("a table with the columns {}", table.columns().join(", "));
    let expected = format!("{}, or {}, or a table of published measurements", memory::COLUMNS, cpu::COLUMNS);
    InputError::new(table.name(), found, expected, "name the columns so, or convert the table")
}
