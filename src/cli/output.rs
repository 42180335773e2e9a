//! Where results go: standard output, or files that appear whole or not at all.

use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::{Failure, complain};

/// Whether a path stands for standard output.
pub fn is_standard(path: &Path) -> bool {
    path == Path::new("-")
}

/// Files to write, each with the format its ending asks for; found wrong before anything is read for them.
///
/// Standard output is left out.
///
/// # Errors
/// [`Failure::Input`] for an ending that is no format, a file that cannot be written, or one named twice.
pub fn files<F: ValueEnum>(paths: &[PathBuf]) -> Result<Vec<(&Path, F)>, Failure> {
    let mut files: Vec<(&Path, F)> = Vec::new();
    for path in paths.iter().filter(|path| !is_standard(path)) {
        let format = format_of(path)?;
        check(path)?;
        if files.iter().any(|(earlier, _)| earlier == path) {
            return Err(Failure::Input(format!("{} is named twice as output: name it once", path.display())));
        }
        files.push((path, format));
    }
    Ok(files)
}

/// Writes a text to a file and says so, unless told to be quiet.
///
/// # Errors
/// As [`write_file`].
pub fn write_text(path: &Path, text: &str, quiet: bool) -> Result<(), Failure> {
    write_file(path, |out| out.write_all(text.as_bytes()))?;
    if !quiet {
        complain(&format!("wrote {}", path.display()));
    }
    Ok(())
}

/// Endings of files and the names of the formats they ask for.
const ENDINGS: [(&str, &str); 7] = [
    ("html", "html"),
    ("htm", "html"),
    ("md", "markdown"),
    ("markdown", "markdown"),
    ("json", "json"),
    ("txt", "text"),
    ("svg", "svg"),
];

/// The format a file name asks for, of those a command has.
fn format_of<F: ValueEnum>(path: &Path) -> Result<F, Failure> {
    let ending = path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
    let known = || ENDINGS.iter().filter_map(|(ending, name)| Some((*ending, F::from_str(name, false).ok()?)));
    let found = known().find(|(known, _)| ending.as_deref() == Some(known));
    found.map(|(_, format)| format).ok_or_else(|| {
        let endings: Vec<String> = known().map(|(ending, _)| format!(".{ending}")).collect();
        Failure::Input(format!(
            "failed to pick a format for {}: its ending is none of {}; rename it, or use --format and redirect",
            path.display(),
            endings.join(", ")
        ))
    })
}

/// Prints a result on standard output.
///
/// # Errors
/// [`Failure::Closed`] when nobody reads it any more.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let written =
        out.write_all(text.as_bytes()).and_then(|()| if text.ends_with('\n') { Ok(()) } else { out.write_all(b"\n") });
    written.and_then(|()| out.flush()).map_err(|error| stdout_failure(&error))
}

/// Finds out what would keep a file from being written, before anything is read for it.
///
/// # Errors
/// [`Failure::Input`] when the path is a folder or its folder is missing.
pub fn check(path: &Path) -> Result<(), Failure> {
    if path.is_dir() {
        return Err(failure(path, &io::Error::from(ErrorKind::IsADirectory)));
    }
    if !folder_of(&destination(path)).is_dir() {
        return Err(failure(path, &io::Error::from(ErrorKind::NotFound)));
    }
    Ok(())
}

/// Writes a file so that it is there whole or not at all. A link keeps pointing where it did.
///
/// # Errors
/// [`Failure::Input`] when the folder is missing or cannot be written.
pub fn write_file(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let named = path;
    let failure = |error: io::Error| failure(named, &error);
    let path = &destination(path);
    let folder = folder_of(path);
    // A pipe or a device cannot be replaced; it is written to as it is.
    if std::fs::metadata(path).is_ok_and(|target| !target.is_file() && !target.is_dir()) {
        let mut file = io::BufWriter::new(std::fs::File::create(path).map_err(failure)?);
        return fill(&mut file).and_then(|()| file.flush()).map_err(failure);
    }
    let temporary = tempfile::Builder::new().prefix(".meshcap-").tempfile_in(folder).map_err(failure)?;
    let mut buffered = io::BufWriter::with_capacity(1 << 20, temporary);
    fill(&mut buffered).and_then(|()| buffered.flush()).map_err(failure)?;
    let temporary = buffered.into_inner().map_err(|error| failure(error.into_error()))?;
    share(&temporary, path).map_err(failure)?;
    temporary.persist(path).map(|_| ()).map_err(|error| failure(error.error))
}

/// Why a file cannot be written, without the name of the temporary file.
fn failure(path: &Path, error: &io::Error) -> Failure {
    let reason = match error.kind() {
        ErrorKind::NotFound => "its folder does not exist; create the folder first".to_owned(),
        ErrorKind::PermissionDenied => "permission denied; choose a folder you may write to".to_owned(),
        ErrorKind::IsADirectory => "it is a folder; name a file in it".to_owned(),
        ErrorKind::StorageFull => "no space left; free some, or choose another folder".to_owned(),
        _ => error.to_string(),
    };
    Failure::Input(format!("failed to write {}: {reason}", path.display()))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Where a path leads once links are followed, even if there is nothing yet.
fn destination(path: &Path) -> PathBuf {
    const LONGEST_CHAIN: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..LONGEST_CHAIN {
        let Ok(target) = std::fs::read_link(&path) else { break };
        path = folder_of(&path).join(target);
    }
    path
}

/// Temporary files are private; a report has the permissions of the file it replaces, or the usual ones.
#[cfg(unix)]
fn share(temporary: &tempfile::NamedTempFile, path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).map_or(0o644, |known| known.permissions().mode());
    temporary.as_file().set_permissions(std::fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn share(_: &tempfile::NamedTempFile, _: &Path) -> io::Result<()> {
    Ok(())
}

/// What a failed write to standard output means.
pub fn stdout_failure(error: &io::Error) -> Failure {
    if error.kind() == ErrorKind::BrokenPipe {
        return Failure::Closed;
    }
    Failure::Input(format!("failed to write to standard output: {error}"))
}
