//! Readers of call graphs: a TOML file written by hand, a table of edges, traces, or Istio's metrics become a
//! [`CallGraph`] with the response times of its services.
//!
//! The kind is taken from the content. What is not known is asked for, not guessed: whether a measured time
//! includes the calls made meanwhile must be said, except for traces, which tell, and for Istio's request
//! durations, which always do.

mod content;
mod edges;
mod istio;
mod jaeger;
mod known;
mod notes;
mod span_pairs;
mod spans;
mod written;
mod zipkin;

#[cfg(test)]
mod tests;

use std::path::Path;

use serde_json::Value;

pub use notes::FINDINGS;

use super::latency::LatencyOptions;
use super::{Input, InputError};
use crate::composition::{CallGraph, GraphError};
use crate::finding::Finding;
use crate::measurement::{Distribution, Measurement};
use known::Known;

/// A call graph as read.
#[derive(Debug, Clone, PartialEq)]
pub struct PathReading {
    /// Where it comes from.
    pub name: String,
    /// Services and calls.
    pub graph: CallGraph,
    /// Response times of the root as the source measured them, calls included, where it did: what a
    /// composition can be checked against.
    pub measured: Option<Distribution>,
    /// What was noticed.
    pub findings: Vec<Finding>,
}

/// Reads a call graph. `measured` are measurements by which services may be known, each named after its file
/// (`cart.json` is the service `cart`) or, of Istio's metrics, its destination.
///
/// # Errors
/// [`InputError`] when the file is missing, broken or not recognised, a service has no response times, or the
/// calls make no graph.
pub fn read_path(input: &Input, measured: &[Measurement], options: &LatencyOptions) -> Result<PathReading, InputError> {
    let (name, folder) = match input {
        Input::Stdin => ("-".to_owned(), Path::new("")),
        Input::Path(path) => (path.display().to_string(), path.parent().unwrap_or(Path::new(""))),
    };
    let bytes = content::whole(input)?;
    let context = Context { name: &name, folder, options, known: Known::new(measured) };
    read(&context, &bytes)
}

/// Reads bytes as if they were a file of that name in the current folder.
///
/// # Errors
/// As [`read_path`].
pub fn read_path_bytes(
    name: &str,
    bytes: &[u8],
    measured: &[Measurement],
    options: &LatencyOptions,
) -> Result<PathReading, InputError> {
    read(&Context { name, folder: Path::new(""), options, known: Known::new(measured) }, bytes)
}

/// What a reader works with.
struct Context<'a> {
    name: &'a str,
    /// Where files named in it lie.
    folder: &'a Path,
    options: &'a LatencyOptions,
    known: Known<'a>,
}

const EXPECTED: &str = "services and calls as TOML, edges as CSV (from,to,calls_per_request), span pairs as CSV, traces of Jaeger \
     or Zipkin, or Istio's metrics";

fn read(context: &Context<'_>, bytes: &[u8]) -> Result<PathReading, InputError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let place = format!("{}, byte {}", context.name, error.valid_up_to());
        InputError::new(place, "bytes that are not UTF-8", EXPECTED, "check the path, or convert the file to UTF-8")
    })?;
    let text = text.trim_start_matches('\u{feff}');
    let start = text.trim_start();
    // A TOML file may start with a table, as a JSON one with a list.
    let is_json = start.starts_with('{') || (start.starts_with('[') && !edges::is_table_name(start));
    if is_json {
        return document(context, bytes, text);
    }
    let header = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let refuses_window = istio::recognise(text) || span_pairs::recognise(header);
    if refuses_window {
        whole_only(context)?;
    }
    match () {
        () if start.is_empty() => {
            Err(InputError::new(context.name, "an empty file", EXPECTED, "check whether it was written"))
        }
        () if span_pairs::recognise(header) => spans::derive(context, &span_pairs::read(context, text)?),
        () if edges::recognise(header) => edges::read(context, text),
        () if istio::recognise(text) => istio::from_text(context, text),
        () => written::read(context, text),
    }
}

fn document(context: &Context<'_>, bytes: &[u8], text: &str) -> Result<PathReading, InputError> {
    let value: Value = serde_json::from_str(text).map_err(|error| {
        let place = format!("{}:{}:{}", context.name, error.line(), error.column());
        let found = if error.is_eof() { "the end of the file".to_owned() } else { error.to_string() };
        InputError::new(place, found, "JSON", "check whether the file is cut, or fetch it again")
    })?;
    whole_only(context)?;
    match () {
        () if jaeger::recognise(&value) => spans::derive(context, &jaeger::read(context, &value)?),
        () if zipkin::recognise(&value) => spans::derive(context, &zipkin::read(context, &value)?),
        () if istio::recognise_answer(&value) => istio::from_answer(context, bytes, &value),
        () => Err(InputError::new(
            context.name,
            "JSON of another kind",
            EXPECTED,
            "give the answer of Jaeger's /api/traces, Zipkin's /api/v2/traces, or a query for istio_requests_total",
        )),
    }
}

/// Traces and metrics are taken whole.
fn whole_only(context: &Context<'_>) -> Result<(), InputError> {
    if context.options.window.is_none() {
        return Ok(());
    }
    let remedy = "fetch the traces or metrics of that time, or leave --from and --to out";
    Err(InputError::new(context.name, "a part of the time asked for", "a call graph taken whole", remedy))
}

/// An error of a graph, at its file.
fn no_graph(context: &Context<'_>, error: &GraphError) -> InputError {
    let text = error.to_string();
    let (found, expected) = text.split_once(", expected ").unwrap_or((&text, "calls that end"));
    InputError::new(context.name, found, expected, "correct the calls")
}
