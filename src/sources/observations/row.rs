//! One row of a table: cells by the name of their column, checked as they are taken.

use super::super::InputError;
use super::table::Table;

/// A row.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub table: &'a Table,
    /// Its number in the file.
    pub number: usize,
    pub cells: &'a [Option<String>],
}

impl<'a> Row<'a> {
    /// A cell as text; nothing where it is empty or there is no such column.
    pub fn text(&self, column: &str) -> Option<&'a str> {
        let place = self.table.columns().iter().position(|name| name == column)?;
        self.cells.get(place)?.as_deref()
    }

    /// A cell as text, empty where there is none.
    pub fn word(&self, column: &str) -> &'a str {
        self.text(column).unwrap_or_default()
    }

    /// The first of these columns that says anything.
    pub fn first_of(&self, columns: &[&str]) -> Option<&'a str> {
        columns.iter().find_map(|column| self.text(column))
    }

    /// A number that is finite and not negative; nothing where the cell is empty.
    ///
    /// # Errors
    /// [`InputError`] for anything else.
    pub fn number(&self, column: &str) -> Result<Option<f64>, InputError> {
        let Some(text) = self.text(column) else { return Ok(None) };
        match plain(text) {
            Some(number) => Ok(Some(number)),
            None => Err(self.error(column, format!("{text:?}"), "a number of 0 or more")),
        }
    }

    /// A number that must be there.
    ///
    /// # Errors
    /// [`InputError`] for anything else.
    pub fn needed(&self, column: &str) -> Result<f64, InputError> {
        self.number(column)?.ok_or_else(|| self.error(column, "nothing", "a number of 0 or more"))
    }

    /// A whole number that must be there.
    ///
    /// # Errors
    /// [`InputError`] for anything else.
    pub fn count(&self, column: &str) -> Result<u64, InputError> {
        const MOST: f64 = 1e12;
        let number = self.needed(column)?;
        if number.fract() != 0.0 || number > MOST {
            return Err(self.error(column, number.to_string(), "a whole number up to 10¹²"));
        }
        Ok(number as u64)
    }

    /// Yes or no, as 1 and 0 or in words; nothing where the cell is empty.
    ///
    /// # Errors
    /// [`InputError`] for anything else.
    pub fn flag(&self, column: &str) -> Result<Option<bool>, InputError> {
        let Some(text) = self.text(column) else { return Ok(None) };
        match text.to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Ok(Some(true)),
            "0" | "false" | "no" | "off" => Ok(Some(false)),
            _ => Err(self.error(column, format!("{text:?}"), "1 or 0, true or false, yes or no")),
        }
    }

    /// A number where the cell is one and nothing else: what a table for readers writes as `50-70` is none.
    pub fn figure(&self, column: &str) -> Option<f64> {
        plain(self.text(column)?)
    }

    /// What messages call the row: its own name where it has one.
    pub fn label(&self) -> String {
        match self.first_of(&["row_id", "label"]) {
            Some(name) => name.to_owned(),
            None => format!("row {}", self.number),
        }
    }

    /// An error in one cell.
    pub fn error(&self, column: &str, found: impl Into<String>, expected: &str) -> InputError {
        let place = format!("{}, row {}, column {column}", self.table.name(), self.number);
        InputError::new(place, found, expected, "correct the cell, or leave the row out")
    }
}

fn plain(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0)
}
