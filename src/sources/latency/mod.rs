//! Readers of latency measurements: what load tools and monitoring print becomes [`Measurement`]s.
//!
//! One file per kind, in one shape: `recognise` looks at the content, `read` makes measurements of it.
//! The kind is taken from the content, never from the name. Streams of samples pass through line by
//! line: memory follows the histogram, not the file.

mod csv;
mod fortio;
mod hdr;
mod hey;
mod hgrm;
mod hlog;
mod jmeter;
mod k6;
mod k6_samples;
mod locust;
mod nighthawk;
mod nighthawk_text;
pub(super) mod notes;
mod oha;
mod open;
mod payload;
pub(super) mod prometheus;
pub(super) mod prometheus_api;
mod samples;
pub(super) mod series;
mod spectrum;
pub(super) mod text;
mod value;
mod vegeta;
mod wrk;

#[cfg(test)]
mod tests;

use serde_json::Value;

pub use notes::FINDINGS;

use super::{Input, InputError};
use crate::finding::Finding;
use crate::measurement::{Measurement, TimeUnit};
use text::Lines;

/// How to read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LatencyOptions {
    /// The kind of every input, one of [`kinds`]; `None` to recognise each by its content.
    pub kind: Option<String>,
    /// Unit of inputs that name none.
    pub unit: Option<TimeUnit>,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LatencyReading {
    /// The measurements, in the order of inputs and of their places in a file.
    pub measurements: Vec<Measurement>,
    /// What was noticed.
    pub findings: Vec<Finding>,
}

/// What a reader works with.
struct Context<'a> {
    /// The input's name in messages.
    name: &'a str,
    /// Kind of the reader at work.
    kind: &'static str,
    /// Unit of numbers without one, if the user gave it.
    unit: Option<TimeUnit>,
}

/// A reader of one kind.
struct Reader {
    /// Its name for `--as` and in the JSON.
    kind: &'static str,
    shape: Shape,
}

enum Shape {
    /// A JSON document, held as a whole; it is small or cut by a limit.
    Document {
        recognise: fn(&Value) -> bool,
        read: fn(&Context<'_>, &Value, &mut LatencyReading) -> Result<(), InputError>,
    },
    /// Text or bytes that pass through.
    Stream {
        recognise: fn(&Head<'_>) -> bool,
        read: fn(&Context<'_>, &mut Lines<'_>, &mut LatencyReading) -> Result<(), InputError>,
    },
}

/// The beginning of a stream.
struct Head<'a> {
    bytes: &'a [u8],
    /// The same as text; bytes that are none are replaced.
    text: &'a str,
}

impl Head<'_> {
    /// The first line that is neither empty nor a comment.
    fn first_line(&self) -> &str {
        self.text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or_default()
    }
}

/// All readers. The first that recognises a content reads it: the most particular come first.
const READERS: &[Reader] = &[
    fortio::READER,
    nighthawk::READER,
    oha::DOCUMENT,
    vegeta::DOCUMENT,
    k6::READER,
    prometheus_api::READER,
    hdr::READER,
    hlog::READER,
    wrk::WRK2,
    wrk::WRK,
    hgrm::READER,
    oha::TEXT,
    vegeta::TEXT,
    k6_samples::NDJSON,
    k6_samples::CSV,
    k6_samples::CONSOLE,
    nighthawk_text::READER,
    locust::READER,
    jmeter::XML,
    jmeter::CSV,
    hey::READER,
    prometheus::READER,
    csv::READER,
];

/// Names of the kinds that can be read, in alphabetical order.
#[must_use]
pub fn kinds() -> Vec<&'static str> {
    let mut kinds: Vec<&str> = READERS.iter().map(|reader| reader.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// Reads all inputs, each recognised by its content unless the options say what it is.
///
/// # Errors
/// [`InputError`] when an input is missing, broken, not recognised, or beyond the limits.
pub fn read_latency(inputs: &[Input], options: &LatencyOptions) -> Result<LatencyReading, InputError> {
    #[cfg(feature = "parallel")]
    let readings: Vec<_> = {
        use rayon::prelude::*;
        inputs.par_iter().map(|input| open::input(input, options)).collect()
    };
    #[cfg(not(feature = "parallel"))]
    let readings: Vec<_> = inputs.iter().map(|input| open::input(input, options)).collect();
    let mut whole = LatencyReading::default();
    for reading in readings {
        let reading = reading?;
        whole.measurements.extend(reading.measurements);
        whole.findings.extend(reading.findings);
    }
    Ok(whole)
}

/// Reads bytes as if they were a file of that name.
///
/// # Errors
/// As [`read_latency`].
pub fn read_latency_bytes(name: &str, bytes: &[u8], options: &LatencyOptions) -> Result<LatencyReading, InputError> {
    open::stream(name, bytes, options)
}
