//! A table of measurements, whatever it was written as: named columns, cells as text.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::InputError;
use super::EXPECTED;
use super::row::Row;

/// A table in memory. Names of columns are in lower case, with `_` between words.
pub(super) struct Table {
    name: String,
    columns: Vec<String>,
    rows: Vec<Vec<Option<String>>>,
    /// The number of the first row in the file: 2 after a header.
    first: usize,
}

impl Table {
    /// The file, for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Names of all columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Whether there is a column of that name.
    pub fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|name| name == column)
    }

    /// Whether there are columns of all these names.
    pub fn has_all(&self, columns: &[&str]) -> bool {
        columns.iter().all(|column| self.has(column))
    }

    /// The rows that hold anything.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let filled = |(_, cells): &(usize, &Vec<Option<String>>)| cells.iter().any(Option::is_some);
        self.rows.iter().enumerate().filter(filled).map(|(index, cells)| Row {
            table: self,
            number: self.first + index,
            cells,
        })
    }
}

/// Whether bytes are TOML with measurements in it.
pub(super) fn is_toml(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let first = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    let mut content = first.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let Some(line) = content.next() else { return false };
    line.starts_with("[[") || line.strip_prefix("measurement").is_some_and(|rest| rest.trim_start().starts_with('='))
}

/// Reads a table; the format is taken from the first bytes.
///
/// # Errors
/// [`InputError`] when it is no table.
pub(super) fn read(name: &str, bytes: Vec<u8>) -> Result<Table, InputError> {
    if bytes.starts_with(b"PAR1") {
        return parquet(name, bytes);
    }
    let start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes).trim_ascii_start();
    if start.is_empty() {
        return Err(InputError::new(name, "an empty file", EXPECTED, "check whether it was written"));
    }
    if start.starts_with(b"{") || start.starts_with(b"[") { json(name, &bytes) } else { csv(name, &bytes) }
}

fn normal(name: &str) -> String {
    name.trim().trim_start_matches('\u{feff}').to_ascii_lowercase().replace([' ', '-', '.'], "_")
}

/// CSV, with commas or semicolons or tabs; comments and blank lines may stand before the header.
#[cfg(feature = "columnar")]
fn csv(name: &str, bytes: &[u8]) -> Result<Table, InputError> {
    let is_comment = |line: &&[u8]| line.trim_ascii().is_empty() || line.trim_ascii_start().starts_with(b"#");
    let (mut lines, mut at) = (0, 0);
    for line in bytes.split_inclusive(|&byte| byte == b'\n').take_while(is_comment) {
        lines += 1;
        at += line.len();
    }
    let rest = bytes.get(at..).unwrap_or_default();
    let header = rest.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let header = String::from_utf8_lossy(header);
    let Some((separator, _)) = super::super::table::header(header.trim_end().trim_start_matches('\u{feff}')) else {
        let found = format!("{:?}", header.trim_end().chars().take(80).collect::<String>());
        return Err(InputError::new(
            name,
            found,
            EXPECTED,
            "give the table a first line with the names of its columns",
        ));
    };
    let frame = super::super::table::csv(name, rest.to_vec(), separator)?;
    Ok(framed(name, &frame, lines + 2))
}

#[cfg(feature = "columnar")]
fn parquet(name: &str, bytes: Vec<u8>) -> Result<Table, InputError> {
    Ok(framed(name, &super::super::table::parquet(name, bytes)?, 1))
}

#[cfg(feature = "columnar")]
fn framed(name: &str, frame: &super::super::table::Frame, first: usize) -> Table {
    let columns = frame.names().iter().map(|name| normal(name)).collect();
    let row = |row: usize| (0..frame.width()).map(|column| frame.cell(column, row)).collect();
    Table { name: name.to_owned(), columns, rows: (0..frame.rows()).map(row).collect(), first }
}

#[cfg(not(feature = "columnar"))]
fn csv(name: &str, _: &[u8]) -> Result<Table, InputError> {
    Err(needs_feature(name, "a CSV table"))
}

#[cfg(not(feature = "columnar"))]
fn parquet(name: &str, _: Vec<u8>) -> Result<Table, InputError> {
    Err(needs_feature(name, "a Parquet table"))
}

#[cfg(not(feature = "columnar"))]
fn needs_feature(name: &str, found: &str) -> InputError {
    let remedy = "build with the feature `columnar`, or give one JSON object a line";
    InputError::new(name, found, "newline-delimited JSON or TOML in this build", remedy)
}

/// One object a line, or a list of objects.
fn json(name: &str, bytes: &[u8]) -> Result<Table, InputError> {
    let mut objects: Vec<Value> = Vec::new();
    for value in serde_json::Deserializer::from_slice(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).into_iter()
    {
        let value = value.map_err(|error| {
            let place = format!("{name}:{}:{}", error.line(), error.column());
            InputError::new(place, error.to_string(), "one JSON object a line", "check whether the file is cut")
        })?;
        match value {
            Value::Array(list) => objects.extend(list),
            other => objects.push(other),
        }
    }
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut columns: Vec<String> = Vec::new();
    let mut rows = Vec::with_capacity(objects.len());
    for (index, object) in objects.into_iter().enumerate() {
        let Value::Object(object) = object else {
            let place = format!("{name}, row {}", index + 1);
            return Err(InputError::new(place, "no object", "one JSON object a row", "name the columns in every row"));
        };
        let mut cells: Vec<Option<String>> = vec![None; columns.len()];
        for (key, value) in object {
            let key = normal(&key);
            let column = *places.entry(key.clone()).or_insert_with(|| {
                columns.push(key);
                columns.len() - 1
            });
            cells.resize(columns.len(), None);
            if let Some(cell) = cells.get_mut(column) {
                *cell = text(value);
            }
        }
        rows.push(cells);
    }
    Ok(Table { name: name.to_owned(), columns, rows, first: 1 })
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        other => Some(other.to_string()),
    }
}
