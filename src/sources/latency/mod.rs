//! Readers of latency measurements: what load tools and monitoring print becomes [`Measurement`]s.
//!
//! One file per kind, in one shape: `recognise` looks at the content, `read` makes measurements of it.
//! The kind is taken from the content, never from the name. Streams of samples pass through line by
//! line: memory follows the histogram, not the file.

mod clock;
mod composite;
mod csv;
mod decimal;
mod fortio;
mod hdr;
mod hey;
mod hgrm;
mod hlog;
mod jmeter;
mod k6;
mod k6_samples;
mod layout;
mod lines;
mod metric_name;
mod native;
mod locust;
mod locust_history;
mod nighthawk;
mod nighthawk_text;
pub(super) mod notes;
mod oha;
mod open;
mod payload;
pub(super) mod prometheus;
pub(super) mod prometheus_api;
mod prometheus_matrix;
mod prometheus_proto;
mod samples;
pub(super) mod series;
mod spectrum;
pub(super) mod text;
mod value;
mod vegeta;
mod vegeta_results;
mod wire;
mod wrk;

#[cfg(test)]
mod tests;

use serde_json::Value;

#[cfg(feature = "columnar")]
pub(super) use clock::time;
pub use clock::{NoMoment, moment};
pub use notes::FINDINGS;

use super::{Input, InputError};
use crate::finding::Finding;
use crate::measurement::{Measurement, TimeUnit, Window};
use lines::Lines;

/// How to read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LatencyOptions {
    /// The kind of every input, one of [`kinds`]; `None` to recognise each by its content.
    pub kind: Option<String>,
    /// Unit of inputs that name none.
    pub unit: Option<TimeUnit>,
    /// The part of every input that is wanted; `None` for all of it.
    pub window: Option<Window>,
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
    /// The part that is wanted.
    window: Option<Window>,
}

/// A reader of one kind.
struct Reader {
    /// Its name for `--as` and in the JSON.
    kind: &'static str,
    /// Whether its samples or intervals have times, so that a part of them can be cut out.
    timed: bool,
    shape: Shape,
}

enum Shape {
    /// A JSON document, held as a whole; it is small or cut by a limit.
    Document {
        recognise: fn(&Value) -> bool,
        read: fn(&Context<'_>, &Value, &mut LatencyReading) -> Result<(), InputError>,
    },
    /// Console output and other text that is small as a whole.
    Report { recognise: Recognise, read: Read },
    /// Text that passes through, however long.
    Stream { recognise: Recognise, read: Read },
    /// Bytes that pass through, whether or not they are text.
    Bytes { recognise: Recognise, read: Read },
}

type Recognise = fn(&Head<'_>) -> bool;
type Read = fn(&Context<'_>, &mut Lines<'_>, &mut LatencyReading) -> Result<(), InputError>;

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
    vegeta_results::JSON,
    vegeta_results::CSV,
    vegeta_results::GOB,
    k6_samples::NDJSON,
    k6_samples::CSV,
    k6_samples::CONSOLE,
    nighthawk_text::READER,
    locust::READER,
    jmeter::XML,
    jmeter::CSV,
    hey::READER,
    prometheus::READER,
    prometheus_proto::READER,
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

/// Reads a stream under a name, in memory that follows its histograms and not its length.
///
/// # Errors
/// As [`read_latency`].
pub fn read_latency_stream(
    name: &str,
    stream: impl std::io::Read,
    options: &LatencyOptions,
) -> Result<LatencyReading, InputError> {
    open::stream(name, stream, options)
}

/// Reads bytes as if they were a file of that name.
///
/// # Errors
/// As [`read_latency`].
pub fn read_latency_bytes(name: &str, bytes: &[u8], options: &LatencyOptions) -> Result<LatencyReading, InputError> {
    open::stream(name, bytes, options)
}
