//! YAML, one document after another. Each becomes JSON and goes the way of all JSON.

use std::io::{BufRead, Read};

use super::document;
use super::error::{InputError, Trouble};
use super::json::{self, Origin};
use super::notes::TEXT_PASSED_OVER;
use super::prune::Pruned;
use super::session::{Session, Tally};
use super::sniff::describe_keys;

/// Reads all documents of a stream.
///
/// # Errors
/// [`Trouble`] when a document is no YAML or too large.
pub(super) fn read(
    session: &mut Session<'_>,
    origin: &Origin,
    reader: impl Read,
    tally: &mut Tally,
) -> Result<(), Trouble> {
    let mut reader = std::io::BufReader::with_capacity(1 << 16, reader);
    let mut document = Document { text: Vec::new(), line: origin.line };
    let mut line = origin.line;
    let mut in_notes = false;
    loop {
        let start = document.text.len();
        let room = session.limits.yaml_bytes.saturating_sub(start as u64) + 1;
        let read = (&mut reader).take(room).read_until(b'\n', &mut document.text);
        let read = read.map_err(|error| session.io_trouble(&origin.source, &error))?;
        if document.text.len() as u64 > session.limits.yaml_bytes {
            return Err(too_large(session, origin, document.line).into());
        }
        let fresh = document.text.get(start..).unwrap_or_default();
        let marker = fresh.starts_with(b"---") || fresh.starts_with(b"...");
        let ends = read == 0 || (marker && fresh.get(3).is_none_or(u8::is_ascii_whitespace));
        if !ends {
            // `helm install --dry-run` ends its manifests with text for people.
            if !in_notes && fresh.trim_ascii_end() == b"NOTES:" {
                in_notes = true;
                let message = format!("{}:{line}: what follows NOTES: is text for people", origin.source);
                session.notes.add(&TEXT_PASSED_OVER, &origin.source, &*origin.source, message);
            }
            if in_notes {
                document.text.truncate(start);
            }
            line += 1;
            continue;
        }
        in_notes = false;
        let rest: Vec<u8> = if read == 0 || fresh.starts_with(b"...") {
            b"\n".to_vec()
        } else {
            [b"   ", fresh.get(3..).unwrap_or_default()].concat()
        };
        document.text.truncate(start);
        read_document(session, origin, &document, tally)?;
        session.report();
        if read == 0 {
            return Ok(());
        }
        document = Document { text: rest, line };
        line += 1;
    }
}

struct Document {
    text: Vec<u8>,
    /// Line of its first byte in the file.
    line: u64,
}

fn read_document(
    session: &mut Session<'_>,
    origin: &Origin,
    yaml: &Document,
    tally: &mut Tally,
) -> Result<(), Trouble> {
    let bytes = yaml.text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&yaml.text);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = yaml.line + memchr::memchr_iter(b'\n', before).count() as u64;
            let place = format!("{}:{line}", origin.source);
            return Err(
                InputError::new(place, "bytes that are no UTF-8", "YAML in UTF-8", "save the file as UTF-8").into()
            );
        }
    };
    if text.lines().all(|line| matches!(line.trim_start().bytes().next(), None | Some(b'#' | b'%'))) {
        return Ok(());
    }
    let Pruned(value) = document::parse(text).map_err(|error| not_yaml(origin, yaml, &error))?;
    let origin = Origin { line: yaml.line + leading_blank_lines(text), exact: false, ..origin.clone() };
    match &value {
        serde_json::Value::Null => return Ok(()),
        serde_json::Value::Object(members) if !members.contains_key("kind") && !members.contains_key("items") => {
            let keys: Vec<String> = members.keys().cloned().collect();
            let looks_like = describe_keys(&keys);
            tally.looks_like.get_or_insert(looks_like);
        }
        serde_json::Value::Object(_) | serde_json::Value::Array(_) => {}
        _ => {
            tally.unrecognised += 1;
            tally.looks_like.get_or_insert_with(|| "plain text".to_owned());
            tally.examples.push(format!("{}:{}", origin.source, origin.line));
            return Ok(());
        }
    }
    match serde_json::to_vec(&value) {
        Ok(json) => {
            drop(value);
            json::read(session, &origin, json.as_slice(), tally)
        }
        Err(error) => Err(InputError::new(&*origin.source, error.to_string(), "YAML", "repair the document").into()),
    }
}

fn leading_blank_lines(text: &str) -> u64 {
    let blank = |line: &&str| matches!(line.trim_start().bytes().next(), None | Some(b'#'));
    text.lines().take_while(blank).count() as u64
}

fn not_yaml(origin: &Origin, document: &Document, error: &serde_saphyr::Error) -> Trouble {
    let place = match error.location() {
        Some(location) => {
            format!("{}:{}:{}", origin.source, document.line + location.line().saturating_sub(1), location.column())
        }
        None => format!("{}:{}", origin.source, document.line),
    };
    let text = error.without_snippet().to_string();
    let first = text.lines().next().unwrap_or_default();
    let message = first.split_once(": ").filter(|(before, _)| before.starts_with("error")).map_or(first, |(_, m)| m);
    // Its line counts from the document, ours from the file.
    let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
    let message = if message.starts_with("budget breached") { "nested too deep, or too many aliases" } else { message };
    InputError::new(
        place,
        format!("broken YAML ({message})"),
        "YAML as kubectl prints it",
        "repair it there; templates must be rendered first (`helm template`)",
    )
    .into()
}

fn too_large(session: &Session<'_>, origin: &Origin, line: u64) -> InputError {
    InputError::new(
        format!("{}:{line}", origin.source),
        format!("a YAML document of more than {} bytes", session.limits.yaml_bytes),
        "smaller documents",
        "write large lists as JSON (`kubectl get -o json`), which is read piece by piece",
    )
}
