//! Opens inputs, unpacks gzip, and finds the reader for a content.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use flate2::read::MultiGzDecoder;
use serde_json::Value;

use super::lines::Lines;
use super::{
    Context, Head, Input, InputError, LatencyOptions, LatencyReading, READERS, Reader, Shape, kinds, vegeta_results,
};

/// How much of a content is looked at to recognise it.
const HEAD: usize = 64 << 10;
/// Largest JSON document: results of load tools have kilobytes, and a document is held as a whole.
const LARGEST_DOCUMENT: usize = 16 << 20;
/// Largest console output, thousands of runs long: each becomes a measurement that is held.
const LARGEST_REPORT: u64 = 64 << 20;
/// Most bytes of one input, before and after unpacking.
const LARGEST_INPUT: u64 = 64 << 30;
/// Size of pieces in which files are read.
const PIECE: usize = 256 << 10;

/// An input larger than any measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {} GiB", LARGEST_INPUT >> 30)]
pub(super) struct Exhausted;

/// Reads one input.
///
/// # Errors
/// [`InputError`] when it cannot be opened, recognised or read.
#[expect(clippy::disallowed_methods, reason = "this is where files and standard input are opened")]
pub(super) fn input(input: &Input, options: &LatencyOptions) -> Result<LatencyReading, InputError> {
    match input {
        Input::Stdin => stream("-", io::stdin().lock(), options),
        Input::Path(path) => {
            let name = path.display().to_string();
            let file = std::fs::File::open(path).map_err(|error| InputError::unreadable(&name, &error))?;
            if file.metadata().is_ok_and(|known| known.is_dir()) {
                return Err(InputError::new(name, "a folder", "a file", "name the files in it, as in results/*.json"));
            }
            stream(&name, file, options)
        }
    }
}

/// Reads a content under a name.
///
/// # Errors
/// As [`input`].
pub(super) fn stream(name: &str, reader: impl Read, options: &LatencyOptions) -> Result<LatencyReading, InputError> {
    let mut reader = BufReader::with_capacity(PIECE, Limited { inner: reader, left: LARGEST_INPUT });
    let packed = reader.fill_buf().is_ok_and(|start| start.starts_with(&[0x1f, 0x8b]));
    if packed {
        let unpacked = Limited { inner: MultiGzDecoder::new(reader), left: LARGEST_INPUT };
        return content(name, BufReader::with_capacity(PIECE, unpacked), options);
    }
    content(name, reader, options)
}

fn content(name: &str, mut reader: impl BufRead, options: &LatencyOptions) -> Result<LatencyReading, InputError> {
    let mut head = Vec::new();
    reader.by_ref().take(HEAD as u64).read_to_end(&mut head).map_err(|error| {
        InputError::new(
            name,
            format!("a read error ({error})"),
            "a whole file",
            "check whether the file is cut, or fetch it again",
        )
    })?;
    // A message of Protocol Buffers may begin with any byte, be it a brace or the mark of UTF-8.
    let binary = is_binary(&head);
    if !binary && head.starts_with(&[0xef, 0xbb, 0xbf]) {
        head.drain(..3);
    }
    if head.iter().all(u8::is_ascii_whitespace) {
        return Err(InputError::new(
            name,
            "an empty file",
            expected(),
            "check whether the load test wrote its results",
        ));
    }
    let mut lines = Lines::new(name, Box::new(Cursor::new(head.as_slice()).chain(reader)));
    if !binary && is_document(&head) {
        let bytes = lines.rest(LARGEST_DOCUMENT, "a JSON result")?;
        return document(name, bytes, options);
    }
    let text = String::from_utf8_lossy(&head);
    let head = Head { bytes: &head, text: &text };
    let streams = || {
        READERS.iter().filter_map(|reader| match reader.shape {
            Shape::Bytes { recognise, read } => Some((reader, recognise, read)),
            Shape::Report { recognise, read } | Shape::Stream { recognise, read } if !binary => {
                Some((reader, recognise, read))
            }
            _ => None,
        })
    };
    let found = match wanted(options) {
        None => streams().find(|(_, recognise, _)| recognise(&head)),
        Some(kind) => {
            let of_kind = || streams().filter(|(reader, ..)| reader.kind == kind);
            of_kind().find(|(_, recognise, _)| recognise(&head)).or_else(|| of_kind().next())
        }
    };
    let Some((reader, _, read)) = found else {
        let what = if binary { "bytes" } else { "text" };
        return Err(not_recognised(name, &format!("{what} beginning {:?}", beginning(&text)), options));
    };
    if matches!(reader.shape, Shape::Report { .. }) {
        lines.stop_after(LARGEST_REPORT);
    }
    let mut reading = LatencyReading::default();
    read(&context(name, reader, options)?, &mut lines, &mut reading)?;
    Ok(reading)
}

/// What a reader works with; an error where it cannot do what is asked.
fn context<'a>(name: &'a str, reader: &Reader, options: &LatencyOptions) -> Result<Context<'a>, InputError> {
    if options.window.is_some() && !reader.timed {
        let mut timed: Vec<&str> = READERS.iter().filter(|reader| reader.timed).map(|reader| reader.kind).collect();
        timed.dedup();
        return Err(InputError::new(
            name,
            format!("a result of kind {}, which holds no times of its samples", reader.kind),
            format!("samples or intervals with times ({})", timed.join(", ")),
            "leave out --from and --to, or give the samples instead of the summary",
        ));
    }
    Ok(Context { name, kind: reader.kind, unit: options.unit, window: options.window })
}

fn document(name: &str, bytes: &[u8], options: &LatencyOptions) -> Result<LatencyReading, InputError> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| {
        let place = format!("{name}:{}:{}", error.line(), error.column());
        let found = if error.is_eof() { "the end of the file".to_owned() } else { error.to_string() };
        InputError::new(place, found, "JSON", "check whether the file is cut, or fetch it again")
    })?;
    let recognises = |reader: &&Reader| matches!(reader.shape, Shape::Document { recognise, .. } if recognise(&value));
    let reader = match wanted(options) {
        None => READERS.iter().find(recognises),
        Some(kind) => {
            READERS.iter().find(|reader| reader.kind == kind && matches!(reader.shape, Shape::Document { .. }))
        }
    };
    let Some(reader @ Reader { shape: Shape::Document { read, .. }, .. }) = reader else {
        let members: Vec<&str> = value.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).take(6).collect();
        return Err(not_recognised(
            name,
            &format!("JSON with the members {}", beginning(&members.join(", "))),
            options,
        ));
    };
    let mut reading = LatencyReading::default();
    read(&context(name, reader, options)?, &value, &mut reading)?;
    Ok(reading)
}

fn wanted(options: &LatencyOptions) -> Option<&str> {
    options.kind.as_deref()
}

fn not_recognised(name: &str, found: &str, options: &LatencyOptions) -> InputError {
    match wanted(options) {
        Some(kind) => {
            InputError::new(name, found, format!("a result of kind {kind}"), "leave out --as to recognise it")
        }
        None => InputError::new(name, found, expected(), "name its kind with --as if it is one of these"),
    }
}

fn expected() -> String {
    format!("a measurement of one of these kinds: {}", kinds().join(", "))
}

fn beginning(text: &str) -> String {
    const SHOWN: usize = 60;
    text.trim_start().lines().next().unwrap_or_default().chars().take(SHOWN).collect()
}

/// Whether there are control characters that no text has.
fn is_binary(head: &[u8]) -> bool {
    const LOOKED_AT: usize = 1024;
    head.iter().take(LOOKED_AT).any(|byte| matches!(byte, 0..=8 | 14..=26 | 28..=31))
}

/// Whether this is one JSON value; a line of JSON followed by another one is a stream.
fn is_document(head: &[u8]) -> bool {
    let start = head.trim_ascii_start();
    if !matches!(start.first(), Some(b'{' | b'[')) {
        return false;
    }
    let mut lines = start.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let first = lines.next().unwrap_or_default();
    if vegeta_results::is_result(&String::from_utf8_lossy(first)) {
        return false;
    }
    let another = lines.next().is_some_and(|line| line.trim_ascii_start().starts_with(b"{"));
    !(another && first.starts_with(b"{") && serde_json::from_slice::<serde::de::IgnoredAny>(first).is_ok())
}

/// A reader that refuses to go on for ever.
struct Limited<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| io::Error::other(Exhausted))?;
        Ok(read)
    }
}
