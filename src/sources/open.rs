//! Opens files, unpacks archives, and hands every content to its reader.

use std::io::{self, Cursor, Read};
use std::path::Path;
use std::sync::Arc;

use flate2::read::MultiGzDecoder;

use super::error::{InputError, Trouble};
use super::json::{self, Origin};
use super::notes::{FILE_BROKEN, FILES_SKIPPED, TEXT_PASSED_OVER};
use super::overlay::Overlay;
use super::session::{Session, Tally};
use super::sniff::{Content, PREFIX, sniff_past_messages, without_mark};
use super::walk::{Folder, printable, shown};
use super::{STDIN, prometheus, table, top, yaml};
use crate::finding::Finding;

/// Archives in archives that are opened.
const DEEPEST_ARCHIVE: u32 = 3;
/// Characters shown of a line that is passed over.
const LONGEST_MESSAGE: usize = 160;

/// Reads one file.
///
/// # Errors
/// [`Trouble`] when it cannot be opened or used.
#[expect(clippy::disallowed_methods, reason = "this is where files are opened")]
pub(super) fn file(session: &mut Session<'_>, path: &Path) -> Result<(), Trouble> {
    let source = shown(path);
    let file = std::fs::File::open(path).map_err(|error| InputError::unreadable(&source, &error))?;
    let reader = session.metered_file(file);
    stream(session, &source, reader)
}

/// Reads standard input.
///
/// # Errors
/// [`Trouble`] when it cannot be used.
#[expect(clippy::disallowed_methods, reason = "this is where standard input is read")]
pub(super) fn stdin(session: &mut Session<'_>) -> Result<(), Trouble> {
    let reader = session.metered_file(io::stdin());
    stream(session, STDIN, reader)
}

/// Reads a stream of unknown content.
///
/// # Errors
/// [`Trouble`] when it cannot be used.
pub(super) fn stream(session: &mut Session<'_>, source: &str, mut reader: impl Read) -> Result<(), Trouble> {
    content(session, &Arc::from(source), &mut reader, 0)
}

/// Reads the files of a folder; a broken one costs a finding, not the run.
///
/// # Errors
/// [`Trouble`] when none of them is an inventory, or a limit of the run is reached.
pub(super) fn folder(session: &mut Session<'_>, name: &str, folder: &Folder) -> Result<(), Trouble> {
    let mut group = Group::default();
    for (path, reason) in &folder.passed_over {
        group.skip(format!("{} ({reason})", shown(path)));
    }
    let overlay = Overlay::of(session, folder);
    for path in &folder.files {
        group.member(session, &shown(path), |session| {
            let first = session.objects_read();
            let outcome = overlay.read(session, path).unwrap_or_else(|| file(session, path));
            if overlay.holds(path) {
                session.mark_added(first);
            }
            outcome
        })?;
    }
    group.end(session, name)
}

fn content(session: &mut Session<'_>, source: &Arc<str>, reader: &mut dyn Read, depth: u32) -> Result<(), Trouble> {
    let mut prefix = Vec::with_capacity(PREFIX);
    reader.take(PREFIX as u64).read_to_end(&mut prefix).map_err(|error| session.io_trouble(source, &error))?;
    let (messages, found) = sniff_past_messages(&prefix);
    let is_text = matches!(found, Content::Json | Content::Yaml | Content::Csv(_) | Content::Prometheus | Content::Top);
    let rest = prefix.get(messages.len()..).unwrap_or_default();
    let start = if is_text { without_mark(rest) } else { rest };
    let whole = Cursor::new(start).chain(reader);
    let lines = memchr::memchr_iter(b'\n', messages).count() as u64;
    if lines > 0 {
        let first = String::from_utf8_lossy(messages).lines().next().unwrap_or_default().to_owned();
        let first: String = first.chars().take(LONGEST_MESSAGE).collect();
        let message = format!("{source}: {lines} lines before the objects, the first: {first}");
        session.notes.push(Finding::new(&TEXT_PASSED_OVER, &**source, message).counted(lines));
    }
    let origin = Origin { source: Arc::clone(source), line: 1 + lines, exact: true };
    let mut tally = Tally::default();
    match found {
        Content::Gzip | Content::Tar if depth >= DEEPEST_ARCHIVE => {
            return Err(Trouble::NoInventory(format!("an archive more than {DEEPEST_ARCHIVE} archives deep")));
        }
        Content::Gzip => {
            let mut unpacked = session.metered_unpacked(MultiGzDecoder::new(whole));
            return content(session, source, &mut unpacked, depth + 1);
        }
        Content::Tar => return tar(session, source, whole, depth),
        Content::Json => json::read(session, &origin, whole, &mut tally)?,
        Content::Yaml => yaml::read(session, &origin, whole, &mut tally)?,
        Content::Csv(separator) => table::read_csv(session, source, whole, separator, &mut tally)?,
        Content::Prometheus => prometheus::read(session, source, whole, &mut tally)?,
        Content::Top => top::read(session, source, whole, &mut tally)?,
        Content::Parquet => table::read_parquet(session, source, whole, &mut tally)?,
        Content::Other(looks_like) => return Err(Trouble::NoInventory(looks_like)),
    }
    session.settle(source, tally)
}

/// Members of a tar archive are read as they come. Long names are read here and not by the tar
/// crate, which would hold a name of any length.
fn tar(session: &mut Session<'_>, source: &Arc<str>, reader: impl Read, depth: u32) -> Result<(), Trouble> {
    let mut archive = tar::Archive::new(reader);
    let entries = archive.entries().map_err(|error| session.io_trouble(source, &error))?;
    let mut group = Group::default();
    let mut long_name: Option<String> = None;
    for entry in entries.raw(true) {
        let mut entry = entry.map_err(|error| session.io_trouble(source, &error))?;
        let kind = entry.header().entry_type();
        if kind.is_gnu_longname() || kind.is_pax_local_extensions() {
            let text = header_text(&mut entry).map_err(|error| session.io_trouble(source, &error))?;
            let name =
                if kind.is_gnu_longname() { Some(text.trim_end_matches('\0').to_owned()) } else { pax_path(&text) };
            long_name = name.or(long_name);
            continue;
        }
        let own_name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let name = printable(&long_name.take().unwrap_or(own_name));
        let member: Arc<str> = format!("{source}!{name}").into();
        if kind.is_file() {
            group.member(session, &member, |session| content(session, &member, &mut entry, depth + 1))?;
        } else if !kind.is_dir() && !kind.is_pax_global_extensions() {
            group.skip(format!("{member} (no regular file)"));
        }
    }
    group.end(session, source)
}

fn header_text(entry: &mut impl Read) -> io::Result<String> {
    const LONGEST: u64 = 64 * 1024;
    let mut bytes = Vec::new();
    entry.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The `path` record of a pax header: `<length> path=<name>` on a line.
fn pax_path(records: &str) -> Option<String> {
    records.lines().find_map(|record| record.split_once(" path=")).map(|(_, path)| path.to_owned())
}

/// Files of a folder or archive: which were read, which were not.
#[derive(Default)]
struct Group {
    read: u64,
    broken: u64,
    skipped: u64,
    examples: Vec<String>,
}

impl Group {
    fn member<'a>(
        &mut self,
        session: &mut Session<'a>,
        name: &str,
        read: impl FnOnce(&mut Session<'a>) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let mark = session.mark();
        match read(session) {
            Ok(()) => self.read += 1,
            Err(Trouble::NoInventory(looks_like)) => {
                session.go_back(mark);
                self.skip(format!("{name} ({looks_like})"));
            }
            Err(Trouble::Broken(error)) => {
                session.go_back(mark);
                self.broken += 1;
                let message = format!("{error}; none of its objects is used");
                session.notes.add(&FILE_BROKEN, &Arc::from(""), name, message);
            }
            Err(exhausted @ Trouble::Exhausted(_)) => return Err(exhausted),
        }
        session.report();
        Ok(())
    }

    fn skip(&mut self, what: String) {
        const EXAMPLES: usize = 3;
        self.skipped += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(what);
        }
    }

    fn end(self, session: &mut Session<'_>, name: &str) -> Result<(), Trouble> {
        if self.read == 0 && self.broken == 0 {
            let examples =
                if self.examples.is_empty() { String::new() } else { format!(": {}", self.examples.join(", ")) };
            return Err(Trouble::NoInventory(match self.skipped {
                0 => "no files".to_owned(),
                skipped => format!("{skipped} files, none of them an inventory{examples}"),
            }));
        }
        if self.skipped > 0 {
            let (files, are) = if self.skipped == 1 { ("file", "is") } else { ("files", "are") };
            let message = format!("{} {files} {are} no inventory: {}", self.skipped, self.examples.join(", "));
            session.notes.push(Finding::new(&FILES_SKIPPED, name, message).counted(self.skipped));
        }
        Ok(())
    }
}

/// A small text file as a whole.
#[expect(clippy::disallowed_methods, reason = "this is where files are opened")]
pub(super) fn text(path: &Path) -> Result<String, InputError> {
    const MOST_BYTES: u64 = 16 << 20;
    let place = shown(path);
    let file = std::fs::File::open(path).map_err(|error| InputError::unreadable(&place, &error))?;
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|error| InputError::unreadable(&place, &error))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(InputError::new(place, "more than 16 MiB", "a text file written by hand", "check the path"));
    }
    String::from_utf8(bytes).map_err(|_| {
        InputError::new(
            place,
            "bytes that are not UTF-8",
            "a text file",
            "check the path, or convert the file to UTF-8",
        )
    })
}
