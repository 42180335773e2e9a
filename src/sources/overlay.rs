//! Folders that change other inputs, as kustomize has them.
//!
//! A `kustomization.yaml` names files with parts of objects (`patches`, `patchesStrategicMerge`): they change
//! objects of the other inputs instead of being objects, and so do files with JSON patches of virtual services and
//! HTTPRoutes, which are told apart by having a target. Files of Helm values that are to be installed over what
//! runs stand in its annotation [`VALUES`]. All other files of the folder are read as anywhere else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::document;
use super::error::{InputError, Trouble};
use super::notes::{KUSTOMIZATION_NOT_READ, PATCH_NOT_READ};
use super::prune::Pruned;
use super::session::Session;
use super::walk::shown;
use super::wire::{self, Decoded, Routing};
use super::{open, walk};
use crate::finding::Finding;
use crate::inventory::ObjectName;

/// Annotation of a kustomization: files of Helm values, separated by commas, to be installed with it.
const VALUES: &str = "meshcap/helm-values";
/// Names under which kustomize looks for its file.
const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Files of a folder that are no objects of their own.
#[derive(Default)]
pub(super) struct Overlay {
    kustomizations: BTreeSet<PathBuf>,
    patches: BTreeSet<PathBuf>,
    /// JSON patches, with what they are for.
    routes: BTreeMap<PathBuf, Routing>,
    values: BTreeSet<PathBuf>,
}

impl Overlay {
    /// Looks for kustomizations among the files of a folder; one that changes nothing is an object like others.
    pub(super) fn of(session: &mut Session<'_>, folder: &walk::Folder) -> Self {
        let mut overlay = Self::default();
        let is_kustomization =
            |path: &&PathBuf| path.file_name().and_then(|name| name.to_str()).is_some_and(|name| NAMES.contains(&name));
        for path in folder.files.iter().filter(is_kustomization) {
            let parsed = open::text(path).ok().and_then(|text| document::parse(&text).ok());
            let Some(Pruned(kustomization)) = parsed else { continue };
            overlay.take(session, path, &kustomization);
        }
        overlay
    }

    fn take(&mut self, session: &mut Session<'_>, path: &Path, kustomization: &Value) {
        let beside = |name: &str| path.parent().unwrap_or(Path::new("")).join(name);
        let list = |key: &str| kustomization.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        let mut not_read = Vec::new();
        let mut patches = BTreeSet::new();
        let mut routes = BTreeMap::new();
        for patch in list("patches") {
            match (patch.get("path").and_then(Value::as_str), patch.get("target")) {
                (Some(name), None) => {
                    patches.insert(beside(name));
                }
                (Some(name), Some(target)) => match routing(target) {
                    Some(routing) => {
                        routes.insert(beside(name), routing);
                    }
                    None => not_read.push(format!("patch {name} with a target")),
                },
                (None, _) => not_read.push("a patch written in place".to_owned()),
            }
        }
        for patch in list("patchesStrategicMerge") {
            match patch.as_str() {
                Some(name) if !name.contains('\n') => {
                    patches.insert(beside(name));
                }
                _ => not_read.push("a patch written in place".to_owned()),
            }
        }
        not_read.extend((!list("patchesJson6902").is_empty()).then(|| "patchesJson6902".to_owned()));
        let values = kustomization.pointer("/metadata/annotations").and_then(|all| all.get(VALUES));
        let values = values.and_then(Value::as_str).unwrap_or_default().split(',').map(str::trim);
        let values: BTreeSet<PathBuf> = values.filter(|name| !name.is_empty()).map(beside).collect();
        if !not_read.is_empty() {
            let message = format!("not read: {}", not_read.join(", "));
            let count = not_read.len() as u64;
            session.notes.push(Finding::new(&KUSTOMIZATION_NOT_READ, shown(path), message).counted(count));
        }
        if patches.is_empty() && routes.is_empty() && values.is_empty() {
            return;
        }
        self.kustomizations.insert(path.to_owned());
        self.patches.extend(patches);
        self.routes.extend(routes);
        self.values.extend(values);
    }

    /// Whether a file stands in the folder of a kustomization that changes other inputs.
    pub(super) fn holds(&self, path: &Path) -> bool {
        self.kustomizations.iter().filter_map(|it| it.parent()).any(|folder| path.starts_with(folder))
    }

    /// Reads a file in its part of the overlay; `None` for one that has none.
    pub(super) fn read(&self, session: &mut Session<'_>, path: &Path) -> Option<Result<(), Trouble>> {
        if self.kustomizations.contains(path) {
            return Some(Ok(()));
        }
        if self.patches.contains(path) {
            return Some(read(session, path, &wire::patch));
        }
        if let Some(routing) = self.routes.get(path) {
            return Some(read(session, path, &|value| wire::json_patch(value, routing).map(Some)));
        }
        self.values.contains(path).then(|| read(session, path, &values))
    }
}

type Part = (Decoded, String);

fn read(
    session: &mut Session<'_>,
    path: &Path,
    decode: &dyn Fn(&Value) -> Result<Option<Part>, String>,
) -> Result<(), Trouble> {
    let place = shown(path);
    let text = open::text(path)?;
    let source: Arc<str> = Arc::from(place.as_str());
    let (mut line, mut read) = (1, 0);
    for part in documents(&text) {
        let at = format!("{place}:{line}");
        line += part.lines().count() as u64 + 1;
        if part.lines().all(|line| matches!(line.trim_start().bytes().next(), None | Some(b'#'))) {
            continue;
        }
        let broken = |found: String| {
            InputError::new(at.clone(), found, "part of a Kubernetes object in YAML", "write the file again")
        };
        let Pruned(value) =
            document::parse(part).map_err(|error| broken(format!("broken YAML ({})", error.without_snippet())))?;
        match decode(&value).map_err(broken)? {
            Some((decoded, name)) => session.accept(decoded, &source, || name.clone())?,
            None => {
                let kind = value.get("kind").and_then(Value::as_str).unwrap_or("no kind").to_owned();
                session.notes.add(&PATCH_NOT_READ, &source, kind, format!("{at}: a patch of this kind is not read"));
            }
        }
        read += 1;
    }
    if read == 0 { Err(Trouble::NoInventory("nothing in it".to_owned())) } else { Ok(()) }
}

/// YAML documents of a text: what stands between lines of three dashes.
fn documents(text: &str) -> Vec<&str> {
    let mut documents = Vec::new();
    let (mut start, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        if line.trim_end() == "---" {
            documents.push(text.get(start..at).unwrap_or_default());
            start = at + line.len();
        }
        at += line.len();
    }
    documents.push(text.get(start..).unwrap_or_default());
    documents
}

/// The one virtual service or HTTPRoute that a target names; its names are regular expressions.
fn routing(target: &Value) -> Option<Routing> {
    let member = |key: &str| target.get(key).and_then(Value::as_str);
    let exact = |pattern: &str| {
        let plain = pattern.replace("\\.", ".");
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        (!plain.is_empty() && plain.chars().all(is_plain)).then_some(plain)
    };
    let is_one = target.get("labelSelector").is_none() && target.get("annotationSelector").is_none();
    let name = exact(member("name").filter(|_| is_one)?)?;
    let name = ObjectName::new(&exact(member("namespace").unwrap_or("default"))?, &name);
    match member("kind")? {
        "VirtualService" => Some(Routing::VirtualService(name)),
        "HTTPRoute" => Some(Routing::HttpRoute(name)),
        _ => None,
    }
}

fn values(value: &Value) -> Result<Option<Part>, String> {
    let json = serde_json::to_vec(value).map_err(|error| error.to_string())?;
    wire::overlay_values(&json).map(|decoded| Some((decoded, "Helm values".to_owned()))).map_err(|it| it.to_string())
}
