//! A table in memory, whatever it came from: named columns, cells as text. polars stays in here.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use polars::prelude::{
    AnyValue, Column, CsvParseOptions, CsvReadOptions, DataFrame, ParquetReader, PolarsResult, SerReader,
};

use super::super::error::InputError;

/// A table.
pub(in crate::sources) struct Frame {
    columns: Vec<Column>,
    rows: usize,
}

impl Frame {
    /// Names of the columns.
    pub(in crate::sources) fn names(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.name().to_string()).collect()
    }

    /// Number of rows, without the header.
    pub(in crate::sources) fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub(in crate::sources) fn width(&self) -> usize {
        self.columns.len()
    }

    /// A cell without blanks around it; nothing where it is empty.
    pub(in crate::sources) fn cell(&self, column: usize, row: usize) -> Option<String> {
        let text = match self.columns.get(column)?.get(row).ok()? {
            AnyValue::Null => return None,
            // polars rounds floating point numbers for display.
            AnyValue::Float64(number) => number.to_string(),
            AnyValue::Float32(number) => number.to_string(),
            other => other.str_value().into_owned(),
        };
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }
}

/// Reads CSV; every cell stays text.
pub(in crate::sources) fn csv(source: &str, bytes: Vec<u8>, separator: u8) -> Result<Frame, InputError> {
    let parse = CsvParseOptions::default().with_separator(separator).with_missing_is_null(true);
    let options =
        CsvReadOptions::default().with_has_header(true).with_infer_schema_length(Some(0)).with_parse_options(parse);
    guarded(source, "CSV", || options.into_reader_with_file_handle(Cursor::new(bytes)).finish())
}

/// Reads Parquet.
pub(in crate::sources) fn parquet(source: &str, bytes: Vec<u8>) -> Result<Frame, InputError> {
    guarded(source, "Parquet", || ParquetReader::new(Cursor::new(bytes)).finish())
}

/// Damaged files make polars panic in places; for the caller that is an error like any other.
fn guarded(source: &str, format: &str, read: impl FnOnce() -> PolarsResult<DataFrame>) -> Result<Frame, InputError> {
    let broken = |reason: String| {
        let reason: String = reason.lines().next().unwrap_or_default().chars().take(200).collect();
        let found = format!("broken {format} ({reason})");
        InputError::new(
            source,
            found,
            format!("a {format} table"),
            "write the table again; all rows need the same columns",
        )
    };
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(frame)) => Ok(Frame { rows: frame.height(), columns: frame.columns().to_vec() }),
        Ok(Err(error)) => Err(broken(error.to_string())),
        Err(_) => Err(broken("its parts contradict each other".to_owned())),
    }
}
