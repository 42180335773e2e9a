//! A running Envoy, which ends with the value that stands for it.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::patience::Patience;
use super::program::Program;
use super::{CalibrateError, admin, kernel, platform};

/// How long Envoy may take until it is ready.
const MOST_START: Duration = Duration::from_mins(2);
/// How long it may take without a word about it when the budget ends.
const SLOW_START: Duration = Duration::from_secs(10);
/// Between two looks at whether it is.
const LOOK: Duration = Duration::from_millis(20);

/// A proxy that is ready.
pub(super) struct Envoy {
    started: Started,
    admin: SocketAddr,
    /// From its start until it was ready.
    pub startup: Duration,
}

/// A process and its files; both go when it is dropped.
struct Started {
    child: Child,
    files: [PathBuf; 3],
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        for file in &self.files {
            let _ = fs::remove_file(file);
        }
    }
}

impl Envoy {
    /// Starts a proxy with a configuration and waits until it is ready. `name` tells its files apart.
    pub fn start(
        program: &Program,
        scratch: &Path,
        name: &str,
        bootstrap: &Value,
        workers: u32,
        patience: Patience<'_>,
    ) -> Result<Self, CalibrateError> {
        let files = ["json", "admin", "stderr"].map(|ending| scratch.join(format!("{name}.{ending}")));
        let [config, address, said] = &files;
        let write = || CalibrateError::system(format!("write in {}", scratch.display()));
        fs::write(config, bootstrap.to_string()).map_err(write())?;
        let stderr = File::create(said).map_err(write())?;
        let mut command = program.command();
        command.arg("-c").arg(config).args(["--concurrency", &workers.to_string(), "--disable-hot-restart"]);
        command.args(["--log-level", "warning", "--admin-address-path"]).arg(address);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr);
        platform::apart(&mut command);
        let begun = Instant::now();
        let child = command.spawn().map_err(CalibrateError::system(format!("start {}", program.path.display())))?;
        let mut started = Started { child, files: files.clone() };
        let admin = loop {
            if let Some(admin) = ready(address) {
                break admin;
            }
            if started.child.try_wait().map_err(CalibrateError::system("look after Envoy"))?.is_some() {
                return Err(CalibrateError::Ended { during: "it started", said: last_words(said) });
            }
            if begun.elapsed() > MOST_START {
                return Err(CalibrateError::NotReady { waited: MOST_START, said: last_words(said) });
            }
            match patience.during(LOOK) {
                Err(CalibrateError::OutOfTime) if begun.elapsed() > SLOW_START => {
                    return Err(CalibrateError::NotReady { waited: begun.elapsed(), said: last_words(said) });
                }
                waited => waited?,
            }
        };
        let envoy = Self { started, admin, startup: begun.elapsed() };
        let is_envoy_itself = kernel::threads(envoy.id()).iter().any(|thread| thread.starts_with("wrk:"));
        if is_envoy_itself { Ok(envoy) } else { Err(CalibrateError::Wrapper(program.path.clone())) }
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.started.child.id()
    }

    /// Where its admin interface listens.
    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// Whether it still runs.
    pub fn check(&mut self) -> Result<(), CalibrateError> {
        let ended = self.started.child.try_wait().map_err(CalibrateError::system("look after Envoy"))?;
        match ended {
            None => Ok(()),
            Some(_) => {
                let [_, _, said] = &self.started.files;
                Err(CalibrateError::Ended { during: "it was measured", said: last_words(said) })
            }
        }
    }
}

/// The admin address of a proxy that is ready.
fn ready(file: &Path) -> Option<SocketAddr> {
    let address = fs::read_to_string(file).ok()?.trim().parse().ok()?;
    admin::is_ready(address).then_some(address)
}

/// What Envoy said went wrong, else what it said last.
fn last_words(file: &Path) -> String {
    let text = fs::read(file).unwrap_or_default();
    blamed(&String::from_utf8_lossy(&text))
}

fn blamed(text: &str) -> String {
    const MOST_LINES: usize = 4;
    const MOST_CHARACTERS: usize = 1200;
    let grave = |line: &&str| line.contains("[critical]") || line.contains("[error]");
    let mut lines: Vec<&str> = text.lines().filter(grave).take(MOST_LINES).collect();
    if lines.is_empty() {
        let all: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        lines = all.into_iter().rev().take(MOST_LINES).rev().collect();
    }
    if lines.is_empty() {
        return "it said nothing".to_owned();
    }
    lines.join("\n").chars().take(MOST_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::blamed;

    #[test]
    fn blame_comes_before_chatter() {
        let text =
            "[x][1][warning][main] odd\n[x][1][critical][main] error initializing config\n[x][1][info] exiting\n";
        assert_eq!(blamed(text), "[x][1][critical][main] error initializing config");
        assert_eq!(blamed("a\n\nb\n"), "a\nb");
        assert_eq!(blamed(""), "it said nothing");
    }
}
