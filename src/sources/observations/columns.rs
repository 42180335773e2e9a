//! Columns of the tables that have documented names.

use super::super::InputError;
use super::notes::COLUMNS_UNUSED;
use super::sink::Sink;
use super::table::Table;
use crate::finding::Finding;

/// Columns any table may have beside those of its kind.
const COMMON: [&str; 9] =
    ["envoy_version", "istio_version", "version", "environment", "machine", "label", "source", "date", "run"];
/// Edits between two names that are still taken for a slip.
const SLIP: usize = 3;

/// Says which columns are not used, and which name was meant where one is close.
pub(super) fn note_unused(table: &Table, known: &[&str], sink: &mut Sink<'_>) {
    let unused: Vec<&String> = table
        .columns()
        .iter()
        .filter(|name| !known.contains(&name.as_str()) && !COMMON.contains(&name.as_str()))
        .collect();
    if unused.is_empty() {
        return;
    }
    let words: Vec<String> = unused
        .iter()
        .map(|name| match close(name, known.iter().chain(&COMMON).copied().filter(|known| !table.has(known))) {
            Some(meant) => format!("{name} (is {meant} meant?)"),
            None => (*name).clone(),
        })
        .collect();
    let finding = Finding::new(&COLUMNS_UNUSED, table.name(), format!("not used: {}", words.join(", ")));
    sink.note(finding.counted(unused.len() as u64));
}

/// The first of these columns a table has; one of them must be there.
///
/// # Errors
/// [`InputError`] that names a column with a close name.
pub(super) fn one_of<'a>(table: &Table, wanted: &[&'a str]) -> Result<&'a str, InputError> {
    if let Some(found) = wanted.iter().find(|name| table.has(name)) {
        return Ok(found);
    }
    let slip = wanted.iter().find_map(|wanted| close(wanted, table.columns().iter().map(String::as_str)));
    let found = match slip {
        Some(slip) => format!("no such column, but {slip}"),
        None => format!("the columns {}", table.columns().join(", ")),
    };
    let expected = format!("a column {}", wanted.join(" or "));
    Err(InputError::new(table.name(), found, expected, "name the column so, in the unit its name says"))
}

/// The name that differs least, if it is close; a name that differs in its unit only is no slip.
fn close<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |known: &&'a str| strsim::damerau_levenshtein(name, known);
    known.filter(|known| distance(known) <= SLIP.min(known.len() / 3)).min_by_key(distance)
}
