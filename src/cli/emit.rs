//! A folder of patches: written whole, and never over what somebody else wrote.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Failure, complain, output};
use crate::report;
use crate::tuning::{Tuning, manifests};

/// In the first line of every file, so that the next run knows its own.
const MARK: &str = "Written by meshcap tune";

/// Writes the files of recommendations, and takes away those of an earlier run that are no longer wanted.
///
/// # Errors
/// [`Failure::Input`] where a file stands in the way that another hand wrote and `force` is not given; then nothing is
/// written. Or where the folder cannot be written.
pub fn emit(tuning: &Tuning, folder: &Path, force: bool, quiet: bool) -> Result<(), Failure> {
    let files = files(tuning, folder)?;
    if !force && let Some(foreign) = files.keys().find(|path| path.exists() && !is_own(path)) {
        return Err(Failure::Input(format!(
            "failed to write {}: it is there already and not from meshcap tune; choose another folder, or replace it with --force",
            foreign.display()
        )));
    }
    let stale: Vec<PathBuf> =
        known(folder).into_iter().filter(|path| !files.contains_key(path) && is_own(path)).collect();
    for path in &stale {
        std::fs::remove_file(path).map_err(|error| failed(path, &error))?;
    }
    for (path, text) in &files {
        let beside = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(beside).map_err(|error| failed(beside, &error))?;
        output::write_file(path, |out| out.write_all(text.as_bytes()))?;
    }
    if !quiet {
        let taken =
            if stale.is_empty() { String::new() } else { format!(", {} of an earlier run removed", stale.len()) };
        complain(&format!("wrote {} files to {}{taken}", files.len(), folder.display()));
    }
    Ok(())
}

fn files(tuning: &Tuning, folder: &Path) -> Result<BTreeMap<PathBuf, String>, Failure> {
    let manifests = manifests(tuning.changes());
    let mut files = BTreeMap::new();
    for manifest in &manifests {
        let yaml = serde_saphyr::to_string(&manifest.object)
            .map_err(|error| Failure::Input(format!("failed to write {}: {error}", manifest.path)))?;
        let yaml = yaml.trim_end();
        files.insert(folder.join(&manifest.path), format!("# {MARK}; a later run replaces it.\n{yaml}\n"));
    }
    let readme = report::tuning_readme(tuning, &manifests);
    files.insert(folder.join("README.md"), format!("<!-- {MARK}; a later run replaces it. -->\n\n{readme}"));
    Ok(files)
}

/// Files that an earlier run may have written: those in the places this command writes to.
fn known(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for (place, depth) in [("", 0), ("patches", 1), ("resources", 1)] {
        list(&folder.join(place), depth, &mut found);
    }
    found.sort();
    found
}

fn list(folder: &Path, depth: u32, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        let is_folder = std::fs::symlink_metadata(&path).is_ok_and(|it| it.is_dir());
        if is_folder && depth > 0 {
            list(&path, depth - 1, found);
        } else if !is_folder {
            found.push(path);
        }
    }
}

/// Whether an earlier run wrote a file: only its first line is looked at.
fn is_own(path: &Path) -> bool {
    use std::io::Read;
    const FIRST: u64 = 200;
    let Ok(file) = std::fs::File::open(path) else { return false };
    let mut start = Vec::new();
    if file.take(FIRST).read_to_end(&mut start).is_err() {
        return false;
    }
    String::from_utf8_lossy(&start).lines().next().is_some_and(|line| line.contains(MARK))
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Input(format!("failed to write {}: {error}", path.display()))
}
