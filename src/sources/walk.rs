//! Which files there are to read: named ones, and those in folders, in a fixed order.
#![expect(clippy::disallowed_methods, reason = "this is where files are opened")]

use std::fs;
use std::path::{Path, PathBuf};

use super::error::InputError;
use super::{Input, Limits};

/// One input with the files it stands for.
pub(super) struct Job {
    /// As given; `-` for standard input.
    pub(super) name: String,
    pub(super) files: Files,
}

/// Files of an input.
pub(super) enum Files {
    /// Standard input.
    Stdin,
    /// One file.
    Single(PathBuf),
    /// A folder.
    Folder(Folder),
}

/// Files under a folder, by name.
#[derive(Default)]
pub(super) struct Folder {
    pub(super) files: Vec<PathBuf>,
    /// Bytes of all files.
    pub(super) bytes: u64,
    /// Entries not followed: links, devices, folders that cannot be opened, with the reason.
    pub(super) passed_over: Vec<(PathBuf, String)>,
}

impl Job {
    /// Bytes to read, if that is known.
    pub(super) fn bytes(&self) -> Option<u64> {
        match &self.files {
            Files::Stdin => None,
            Files::Single(path) => fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|metadata| metadata.len()),
            Files::Folder(folder) => Some(folder.bytes),
        }
    }
}

/// Looks up an input.
///
/// # Errors
/// [`InputError`] when it does not exist, or a folder holds more files than the limit.
pub(super) fn find(input: &Input, limits: &Limits) -> Result<Job, InputError> {
    let Input::Path(path) = input else { return Ok(Job { name: "-".to_owned(), files: Files::Stdin }) };
    let name = shown(path);
    let metadata = fs::metadata(path).map_err(|error| InputError::unreadable(&name, &error))?;
    if !metadata.is_dir() {
        return Ok(Job { name, files: Files::Single(path.clone()) });
    }
    let mut folder = Folder::default();
    list(path, limits, 0, &mut folder)?;
    Ok(Job { name, files: Files::Folder(folder) })
}

/// A path as messages name it.
pub(super) fn shown(path: &Path) -> String {
    printable(&path.display().to_string())
}

/// A name without characters that would move a cursor or begin a line of their own.
pub(super) fn printable(name: &str) -> String {
    let escape = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    if name.chars().any(char::is_control) { name.chars().map(escape).collect() } else { name.to_owned() }
}

/// Links are not followed: a link inside leads to a file that is found anyway, one outside is not part of
/// the folder, and a circle would never end.
fn list(path: &Path, limits: &Limits, depth: u32, folder: &mut Folder) -> Result<(), InputError> {
    let entries = match fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
        Ok(entries) => entries,
        Err(error) if depth == 0 => return Err(InputError::unreadable(&shown(path), &error)),
        Err(error) => {
            folder.passed_over.push((path.to_owned(), error.to_string()));
            return Ok(());
        }
    };
    let mut paths: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).collect();
    paths.sort();
    for path in paths {
        let metadata = match fs::symlink_metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) => {
                folder.passed_over.push((path, error.to_string()));
                continue;
            }
        };
        if metadata.is_dir() && depth >= limits.depth {
            folder.passed_over.push((path, format!("more than {} folders deep", limits.depth)));
        } else if metadata.is_dir() {
            list(&path, limits, depth + 1, folder)?;
        } else if metadata.is_file() {
            folder.bytes += metadata.len();
            folder.files.push(path);
        } else {
            let what = if metadata.is_symlink() { "a link" } else { "no regular file" };
            folder.passed_over.push((path, what.to_owned()));
        }
        if (folder.files.len() + folder.passed_over.len()) as u64 > limits.files {
            return Err(InputError::new(
                path_of(folder),
                format!("more than {} files", limits.files),
                "a folder with an inventory",
                "name the folder of the inventory itself, or raise the limit of files",
            ));
        }
    }
    Ok(())
}

fn path_of(folder: &Folder) -> String {
    folder.files.last().map(|path| shown(path)).unwrap_or_default()
}
