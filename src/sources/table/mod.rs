//! Flat tables: one row per workload, pod or node, or per moment of one.

#[cfg(feature = "columnar")]
mod cells;
mod columns;
#[cfg(feature = "columnar")]
mod frame;
#[cfg(feature = "columnar")]
mod moments;
#[cfg(feature = "columnar")]
mod rows;
#[cfg(feature = "columnar")]
mod time;

use std::io::Read;
use std::sync::Arc;

use super::error::Trouble;
use super::session::{Session, Tally};

pub(super) use columns::{header, is_inventory};
#[cfg(feature = "columnar")]
pub(super) use frame::{Frame, csv, parquet};

/// Reads a CSV file, any separator.
///
/// # Errors
/// [`Trouble`] when it is no table of an inventory, or too large, or the feature `columnar` is off.
#[cfg(feature = "columnar")]
pub(super) fn read_csv(
    session: &mut Session<'_>,
    source: &Arc<str>,
    reader: impl Read,
    separator: u8,
    tally: &mut Tally,
) -> Result<(), Trouble> {
    let bytes = whole(session, source, reader)?;
    let frame = csv(source, bytes, separator)?;
    rows::read(session, source, &frame, tally)
}

/// Reads a Parquet file.
///
/// # Errors
/// [`Trouble`] when it is no table of an inventory, or too large, or the feature `columnar` is off.
#[cfg(feature = "columnar")]
pub(super) fn read_parquet(
    session: &mut Session<'_>,
    source: &Arc<str>,
    reader: impl Read,
    tally: &mut Tally,
) -> Result<(), Trouble> {
    let bytes = whole(session, source, reader)?;
    let frame = parquet(source, bytes)?;
    rows::read(session, source, &frame, tally)
}

/// All bytes of a reader, within the limit of a document.
///
/// # Errors
/// [`Trouble`] when it cannot be read, or is too large.
pub(super) fn whole(session: &Session<'_>, source: &Arc<str>, reader: impl Read) -> Result<Vec<u8>, Trouble> {
    let limit = session.limits.document_bytes;
    let mut bytes = Vec::new();
    reader.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| session.io_trouble(source, &error))?;
    if bytes.len() as u64 > limit {
        let found = format!("a table of more than {limit} bytes");
        let remedy = "split it, or raise the limit of a document";
        return Err(super::error::InputError::new(&**source, found, "a table of workloads", remedy).into());
    }
    Ok(bytes)
}

#[cfg(not(feature = "columnar"))]
pub(super) fn read_csv(
    _: &mut Session<'_>,
    source: &Arc<str>,
    _: impl Read,
    _: u8,
    _: &mut Tally,
) -> Result<(), Trouble> {
    Err(needs_feature(source, "a CSV table"))
}

#[cfg(not(feature = "columnar"))]
pub(super) fn read_parquet(_: &mut Session<'_>, source: &Arc<str>, _: impl Read, _: &mut Tally) -> Result<(), Trouble> {
    Err(needs_feature(source, "a Parquet table"))
}

#[cfg(not(feature = "columnar"))]
fn needs_feature(source: &str, found: &str) -> Trouble {
    let remedy = "build with the feature `columnar`, or give the objects as JSON or YAML";
    super::error::InputError::new(source, found, "JSON or YAML in this build", remedy).into()
}
