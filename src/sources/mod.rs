//! The only module that reads: files, folders, archives and standard input become objects.
//!
//! What is read is recognised by its content, never by its name: Kubernetes objects as JSON or YAML
//! in every shape that tools print (`kubectl get`, `kubectl cluster-info dump`, support bundles),
//! tables of workloads, pods or nodes as CSV or Parquet, and gzip or tar files of all that. Large
//! lists pass through in pieces: memory follows the objects kept, not the size of the file.

mod calls;
mod document;
mod error;
mod field;
mod head;
mod intern;
mod items;
mod json;
pub mod latency;
mod notes;
pub mod observations;
mod open;
mod overlay;
pub mod paths;
mod prometheus;
mod prune;
mod scheduler_config;
mod scheduler_trace;
mod session;
mod sniff;
mod table;
mod top;
mod walk;
mod wire;
mod yaml;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub use calls::read_calls;
pub use error::InputError;
pub use notes::FINDINGS;
pub use scheduler_config::{ConfiguredProfile, read_scheduler_config};
pub use scheduler_trace::read_scheduler_trace;

use crate::finding::Finding;
use crate::inventory::objects::Sourced;
use error::Trouble;
use session::Session;
use walk::Files;

/// Something to read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Input {
    /// A file, an archive or a folder.
    Path(PathBuf),
    /// Standard input.
    Stdin,
}

/// How much is read before an input is refused. The defaults are far above any cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest object in bytes of JSON; Kubernetes stores none above 1.5 MiB. Default 16 MiB.
    pub object_bytes: u64,
    /// Largest piece that must be held as a whole, in bytes: a table, the items of
    /// a list that names no kind. Default 256 MiB.
    pub document_bytes: u64,
    /// Largest YAML document in bytes; reading one takes about ten times its size in memory. Default
    /// 96 MiB: larger dumps are better taken as JSON, which is read in pieces.
    pub yaml_bytes: u64,
    /// Most bytes read in a run, before and after decompression. Default 16 GiB.
    pub total_bytes: u64,
    /// Most objects kept in a run. Default 5 million.
    pub objects: u64,
    /// Most measurements of series kept in a run. Default 20 million, which take 320 MB.
    pub points: u64,
    /// Most files in a folder. Default 200,000.
    pub files: u64,
    /// Most folders within folders. Default 32.
    pub depth: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            object_bytes: 16 << 20,
            document_bytes: 256 << 20,
            yaml_bytes: 96 << 20,
            total_bytes: 16 << 30,
            objects: 5_000_000,
            points: 20_000_000,
            files: 200_000,
            depth: 32,
        }
    }
}

/// How far reading has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Bytes read, as they lie in the files.
    pub bytes: u64,
    /// Bytes to read; `None` where an input does not tell, such as standard input.
    pub total_bytes: Option<u64>,
    /// Objects kept.
    pub objects: u64,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    /// Objects in the order of inputs, files by name, and lines. Never empty.
    pub objects: Vec<Sourced>,
    /// What each input gave.
    pub inputs: Vec<InputSummary>,
    /// What was noticed.
    pub findings: Vec<Finding>,
}

/// What one input gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputSummary {
    /// Path, or `-` for standard input.
    pub name: String,
    /// Objects by kind, in order of their names.
    pub objects: Vec<(String, u64)>,
}

/// What messages call standard input.
const STDIN: &str = "standard input";

/// Reads all inputs.
///
/// A named file that cannot be used is an error; one that lies in a folder or archive is a finding,
/// and the others are read.
///
/// # Errors
/// [`InputError`] when an input is missing, broken, no inventory or beyond the limits, or when
/// there is not one object in all of them.
pub fn read(inputs: &[Input], limits: &Limits, progress: &(dyn Fn(Progress) + Sync)) -> Result<Reading, InputError> {
    if inputs.iter().filter(|input| **input == Input::Stdin).count() > 1 {
        let remedy = "name - once";
        return Err(InputError::new(STDIN, "- more than once", "one reading of standard input", remedy));
    }
    let jobs = inputs.iter().map(|input| walk::find(input, limits)).collect::<Result<Vec<_>, _>>()?;
    let total_bytes = jobs.iter().map(walk::Job::bytes).sum();
    let mut session = Session::new(limits, progress, total_bytes);
    for job in &jobs {
        let outcome = match &job.files {
            Files::Stdin => open::stdin(&mut session),
            Files::Single(path) => open::file(&mut session, path),
            Files::Folder(folder) => open::folder(&mut session, &job.name, folder),
        };
        let place = if matches!(job.files, Files::Stdin) { STDIN } else { &job.name };
        outcome.map_err(|trouble| fatal(place, trouble))?;
        session.end_input(&job.name);
    }
    session.finish()
}

/// Reads a text file whole, such as a policy or a model card; at most 16 MiB.
///
/// # Errors
/// [`InputError`] when the file is missing, unreadable, too large, or not UTF-8.
pub fn read_text(path: &Path) -> Result<String, InputError> {
    open::text(path)
}

/// Reads bytes as if they were a file of that name.
///
/// # Errors
/// As [`read`].
pub fn read_bytes(name: &str, bytes: &[u8], limits: &Limits) -> Result<Reading, InputError> {
    let mut session = Session::new(limits, &|_| (), Some(bytes.len() as u64));
    let reader = session.metered_file(bytes);
    open::stream(&mut session, name, reader).map_err(|trouble| fatal(name, trouble))?;
    session.end_input(name);
    session.finish()
}

fn fatal(name: &str, trouble: Trouble) -> InputError {
    match trouble {
        Trouble::Broken(error) | Trouble::Exhausted(error) => error,
        Trouble::NoInventory(looks_like) => InputError::no_inventory(name, &looks_like),
    }
}
