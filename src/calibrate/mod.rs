//! Measuring a real Envoy on this machine: memory against its configuration, CPU and response times against a
//! paced rate, as tables that a model card can be fitted to.
//!
//! Load generator, a client's sidecar, a server's sidecar (mutual TLS or plain between them) and a backend all
//! run on loopback. The measuring is done here; [`sweep()`] decides what is measured, and any beginning of it is
//! useful. Envoys end with the value that stands for them, and by the kernel's hand when this process dies.
#![expect(clippy::disallowed_methods, reason = "files, processes and the clock are what this module measures with")]

mod admin;
mod backend;
mod bootstrap;
mod certificates;
mod error;
mod findings;
mod host;
mod http;
mod kernel;
mod load;
mod noise;
mod patience;
mod platform;
mod point;
mod process;
mod program;
mod rig;
mod rows;
mod sweep;
mod tables;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use certificates::Identity;
use findings::{POINT_FAILED, SWEEP_UNFINISHED};
use patience::Patience;
use rig::Rig;
use tables::Tables;

use crate::finding::{self, Finding};

pub use error::CalibrateError;
pub use findings::FINDINGS;
pub use host::Host;
pub use noise::Noise;
pub use point::{Arrivals, MemoryPoint, Pace, PacedPoint, Path, Point};
pub use program::{Launcher, Program, become_bound};
pub use sweep::{Wanted, sweep};
pub use tables::{LATENCY_TABLE, MEMORY_TABLE, PACED_TABLE};

/// What is measured, with what, and for how long.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The Envoy.
    pub program: Program,
    /// What of it.
    pub wanted: Wanted,
    /// How long all of it may take.
    pub budget: Duration,
    /// Folder of the tables; rows that are there already are not measured again.
    pub folder: PathBuf,
    /// What the rows are told apart by when cards are fitted; the machine's class if none is given.
    pub environment: Option<String>,
    /// Today, `2026-01-31`.
    pub date: String,
}

/// How far a calibration has come.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'a> {
    /// What is measured next.
    pub point: &'a Point,
    /// Time spent.
    pub spent: Duration,
    /// Time there is.
    pub budget: Duration,
}

/// What a calibration asks and tells while it runs.
#[derive(Clone, Copy)]
pub struct Hooks<'a> {
    /// Whether somebody wants it to end.
    pub interrupted: &'a dyn Fn() -> bool,
    /// Called before every point.
    pub progress: &'a dyn Fn(Progress<'_>),
}

/// What came of a calibration.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The machine.
    pub host: Host,
    /// Rows of this Envoy and machine: of memory, of paced runs.
    pub rows: [usize; 2],
    /// Points that were measured now.
    pub measured: usize,
    /// Points that were there already.
    pub known: usize,
    /// Points there was no time for.
    pub left: usize,
    /// What repeated runs say.
    pub noise: Option<Noise>,
    /// What was odd, gravest first.
    pub findings: Vec<Finding>,
}

/// Points without which a calibration says nothing: the host itself, the usual run, and two configurations.
const LEAST_POINTS: usize = 4;

/// Measures the points of a sweep until all are done or the budget ends.
///
/// Call it from a thread that lives as long as the process: the Envoys are bound to it.
///
/// # Errors
/// [`CalibrateError`] when nothing can be measured, or somebody interrupts; rows measured before are kept.
pub fn run(settings: &Settings, hooks: Hooks<'_>) -> Result<Summary, CalibrateError> {
    let begun = Instant::now();
    if !platform::supported() {
        return Err(CalibrateError::NotSupported(std::env::consts::OS));
    }
    platform::raise_open_files();
    let host = Host::read()?;
    let mut tables = Tables::open(&settings.folder)?;
    let pace = Pace::within(settings.budget);
    let (todo, known) = left_to_do(sweep(settings.wanted, pace), known(&tables, settings, &host));
    check_budget(settings.budget, &todo, pace)?;
    let scratch = tempfile::Builder::new().prefix("meshcap-").tempdir();
    let scratch = scratch.map_err(CalibrateError::system("make a temporary folder"))?;
    let rig = Rig {
        program: &settings.program,
        host: &host,
        environment: settings.environment.as_deref().unwrap_or(&host.machine),
        date: &settings.date,
        pace,
        scratch: scratch.path(),
        identity: Identity::make(scratch.path())?,
    };
    let patience = Patience { deadline: begun + settings.budget, interrupted: hooks.interrupted };
    let mut failed = Vec::new();
    let mut measured = 0;
    for point in &todo {
        let spent = begun.elapsed();
        if spent + point.cost(pace) > settings.budget {
            break;
        }
        (hooks.progress)(Progress { point, spent, budget: settings.budget });
        match measure(&rig, point, &mut tables, patience) {
            Ok(()) => measured += 1,
            Err(CalibrateError::OutOfTime) => break,
            Err(error) if error.spares_the_rest() && measured > 0 => {
                failed.push(Finding::new(&POINT_FAILED, point.to_string(), error.to_string()));
            }
            Err(error) => return Err(error),
        }
    }
    let left = todo.len() - measured - failed.len();
    Ok(summary(settings, host, &tables, Counts { measured, known, left }, failed))
}

fn measure(rig: &Rig<'_>, point: &Point, tables: &mut Tables, patience: Patience<'_>) -> Result<(), CalibrateError> {
    match point {
        Point::Memory(point) => tables.add_memory(rig.memory(point, patience)?),
        Point::Paced(point) => {
            let (row, latencies) = rig.paced(point, patience)?;
            tables.add_paced(row, &latencies)
        }
    }
}

/// How often each point was measured already, with this Envoy on this class of machine.
fn known(tables: &Tables, settings: &Settings, host: &Host) -> BTreeMap<Point, usize> {
    let is_ours = |version: &str, machine: &str| version == settings.program.version && machine == host.machine;
    let memory = tables.memory_rows.iter().filter(|row| is_ours(&row.envoy_version, &row.machine));
    let paced = tables.paced_rows.iter().filter(|row| is_ours(&row.envoy_version, &row.machine));
    let mut known = BTreeMap::new();
    for point in memory.map(rows::MemoryRow::point).chain(paced.filter_map(rows::PacedRow::point)) {
        *known.entry(point).or_insert(0) += 1;
    }
    known
}

/// The points that remain, and how many are known: a point that was measured twice is left out twice.
fn left_to_do(points: Vec<Point>, mut known: BTreeMap<Point, usize>) -> (Vec<Point>, usize) {
    let all = points.len();
    let is_left = |point: &Point| match known.get_mut(point) {
        Some(times) if *times > 0 => {
            *times -= 1;
            false
        }
        _ => true,
    };
    let left: Vec<Point> = points.into_iter().filter(is_left).collect();
    let known = all - left.len();
    (left, known)
}

fn check_budget(budget: Duration, todo: &[Point], pace: Pace) -> Result<(), CalibrateError> {
    let first = &todo[..todo.len().min(LEAST_POINTS)];
    let needed = first.iter().map(|point| point.cost(pace)).sum();
    if budget < needed { Err(CalibrateError::Budget { budget, needed, points: first.len() }) } else { Ok(()) }
}

#[derive(Clone, Copy)]
struct Counts {
    measured: usize,
    known: usize,
    left: usize,
}

fn summary(settings: &Settings, host: Host, tables: &Tables, counts: Counts, failed: Vec<Finding>) -> Summary {
    let is_ours = |version: &str, machine: &str| version == settings.program.version && machine == host.machine;
    let runs: Vec<_> = tables.paced_rows.iter().filter(|row| is_ours(&row.envoy_version, &row.machine)).collect();
    let memory = tables.memory_rows.iter().filter(|row| is_ours(&row.envoy_version, &row.machine)).count();
    let noise = noise::noise(&runs);
    let Counts { measured, known, left } = counts;
    let mut findings = tables.findings.clone();
    findings.extend(failed);
    findings.extend(findings::of_runs(&runs, host.cores));
    findings.extend(noise.as_ref().and_then(Noise::finding));
    if left > 0 {
        let message = format!("{left} of {} points are left", left + measured + known);
        findings.push(Finding::new(&SWEEP_UNFINISHED, "sweep", message).counted(left as u64));
    }
    finding::sort(&mut findings);
    Summary { rows: [memory, runs.len()], host, measured, known, left, noise, findings }
}
