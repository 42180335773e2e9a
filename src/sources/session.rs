//! What accumulates over a run: objects, counts, findings, and how much was read.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::rc::Rc;
use std::sync::Arc;

use super::error::{InputError, Trouble};
use super::intern::Interner;
use super::notes::{ITEM_UNRECOGNISED, KIND_NOT_READ, MESH_CONFIG_NOT_READ, Notes};
use super::wire::{Decoded, Oddity};
use super::{InputSummary, Limits, Progress, Reading};
use crate::finding::Finding;
use crate::inventory::objects::{Object, Sourced};

/// A run of [`super::read`].
pub(super) struct Session<'a> {
    pub(super) limits: &'a Limits,
    pub(super) notes: Notes,
    progress: &'a (dyn Fn(Progress) + Sync),
    total_bytes: Option<u64>,
    stored: Rc<Cell<u64>>,
    unpacked: Rc<Cell<u64>>,
    objects: Vec<Sourced>,
    pub(super) interner: Arc<Interner>,
    counts: BTreeMap<&'static str, u64>,
    unread: BTreeMap<(bool, String), u64>,
    inputs: Vec<InputSummary>,
    points: u64,
}

/// What one file gave.
#[derive(Default)]
pub(super) struct Tally {
    /// Objects read, objects of other kinds, and lists, even empty ones.
    pub(super) recognised: u64,
    /// Entries that could be anything.
    pub(super) unrecognised: u64,
    /// What the first of them looks like, and where the first few are.
    pub(super) looks_like: Option<String>,
    pub(super) examples: Vec<String>,
}

/// A state to go back to when a file turns out to be broken.
pub(super) struct Mark {
    objects: usize,
    points: u64,
    counts: BTreeMap<&'static str, u64>,
    unread: BTreeMap<(bool, String), u64>,
}

impl<'a> Session<'a> {
    pub(super) fn new(limits: &'a Limits, progress: &'a (dyn Fn(Progress) + Sync), total_bytes: Option<u64>) -> Self {
        Self {
            limits,
            progress,
            total_bytes,
            notes: Notes::default(),
            stored: Rc::default(),
            unpacked: Rc::default(),
            objects: Vec::new(),
            interner: Arc::default(),
            counts: BTreeMap::new(),
            unread: BTreeMap::new(),
            inputs: Vec::new(),
            points: 0,
        }
    }

    /// Takes in an object, whose values are shared already.
    ///
    /// # Errors
    /// [`Trouble::Exhausted`] when there are more objects than the limit.
    pub(super) fn accept(
        &mut self,
        decoded: Decoded,
        source: &Arc<str>,
        name: impl Fn() -> String,
    ) -> Result<(), Trouble> {
        for Oddity { kind, field, message } in decoded.oddities {
            self.notes.add(kind, source, name(), format!("{source}: {field}: {message}"));
        }
        if self.objects.len() as u64 >= self.limits.objects {
            let found = format!("more than {} objects", self.limits.objects);
            let remedy = "read the cluster in parts, or raise the limit of objects";
            return Err(Trouble::Exhausted(InputError::new(
                &**source,
                found,
                "no more objects than the limit",
                remedy,
            )));
        }
        *self.counts.entry(kind_name(&decoded.object)).or_default() += 1;
        self.objects.push(Sourced { object: decoded.object, source: Arc::clone(source), added: false });
        Ok(())
    }

    /// How many objects were accepted so far.
    pub(super) fn objects_read(&self) -> usize {
        self.objects.len()
    }

    /// Marks the objects accepted since there were `first` of them as added to the other inputs.
    pub(super) fn mark_added(&mut self, first: usize) {
        for it in self.objects.get_mut(first..).into_iter().flatten() {
            it.added = true;
        }
    }

    /// Counts measurements of a series that are to be kept.
    ///
    /// # Errors
    /// [`Trouble::Exhausted`] when there are more of them than the limit.
    pub(super) fn count_points(&mut self, source: &str, more: u64) -> Result<(), Trouble> {
        self.points = self.points.saturating_add(more);
        if self.points <= self.limits.points {
            return Ok(());
        }
        let found = format!("more than {} measurements", self.limits.points);
        let remedy = "measure in longer steps or over a shorter time, or raise the limit of measurements";
        Err(Trouble::Exhausted(InputError::new(source, found, "no more measurements than the limit", remedy)))
    }

    /// Counts an object of a kind that is not read.
    pub(super) fn count_unread(&mut self, kind: &str, mesh: bool) {
        const MOST_KINDS: usize = 500;
        const LONGEST: usize = 80;
        let kind = if self.unread.len() >= MOST_KINDS || kind.len() > LONGEST { "(other kinds)" } else { kind };
        if let Some(count) = self.unread.get_mut(&(mesh, kind.to_owned())) {
            *count += 1;
        } else {
            self.unread.insert((mesh, kind.to_owned()), 1);
        }
    }

    /// Ends a file: an error when it held nothing recognised, a finding when it held some strange entries.
    ///
    /// # Errors
    /// [`Trouble::NoInventory`] with what the file looks like.
    pub(super) fn settle(&mut self, source: &Arc<str>, tally: Tally) -> Result<(), Trouble> {
        if tally.recognised == 0 {
            return Err(Trouble::NoInventory(tally.looks_like.unwrap_or_else(|| "nothing in it".to_owned())));
        }
        if tally.unrecognised > 0 {
            let message = format!(
                "{} entries without a recognisable kind, the first at {}",
                tally.unrecognised,
                tally.examples.join(", ")
            );
            self.notes.push(Finding::new(&ITEM_UNRECOGNISED, &**source, message).counted(tally.unrecognised));
        }
        Ok(())
    }

    pub(super) fn mark(&self) -> Mark {
        Mark {
            objects: self.objects.len(),
            points: self.points,
            counts: self.counts.clone(),
            unread: self.unread.clone(),
        }
    }

    /// Forgets the objects read since a mark.
    pub(super) fn go_back(&mut self, mark: Mark) {
        self.objects.truncate(mark.objects);
        self.points = mark.points;
        self.counts = mark.counts;
        self.unread = mark.unread;
    }

    /// Ends one input of the run.
    pub(super) fn end_input(&mut self, name: &str) {
        let objects = std::mem::take(&mut self.counts).into_iter().map(|(kind, count)| (kind.to_owned(), count));
        self.inputs.push(InputSummary { name: name.to_owned(), objects: objects.collect() });
    }

    /// Tells how far reading has come.
    pub(super) fn report(&self) {
        (self.progress)(Progress {
            bytes: self.stored.get(),
            total_bytes: self.total_bytes,
            objects: self.objects.len() as u64,
        });
    }

    /// Counts bytes as they lie in files.
    pub(super) fn metered_file<R: Read>(&self, reader: R) -> Metered<R> {
        self.metered(reader, &self.stored)
    }

    /// Counts bytes that come out of a decompressor, and stops at the limit.
    pub(super) fn metered_unpacked<R: Read>(&self, reader: R) -> Metered<R> {
        self.metered(reader, &self.unpacked)
    }

    fn metered<R: Read>(&self, reader: R, counter: &Rc<Cell<u64>>) -> Metered<R> {
        Metered { reader, counter: Rc::clone(counter), limit: self.limits.total_bytes }
    }

    /// The error for bytes that cannot be read from a source.
    pub(super) fn io_trouble(&self, source: &str, error: &io::Error) -> Trouble {
        use io::ErrorKind;
        match error.kind() {
            ErrorKind::QuotaExceeded => Trouble::Exhausted(InputError::new(
                source,
                format!("more than {} bytes", self.limits.total_bytes),
                "no more bytes, after decompression, than the limit of a run",
                "check that the file is what you think it is, leave out what is no inventory, or raise the limit",
            )),
            ErrorKind::UnexpectedEof => Trouble::Broken(InputError::new(
                source,
                "the end of the file in the middle of compressed data",
                "a complete gzip or tar file",
                "fetch the file again",
            )),
            ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::Other => Trouble::Broken(InputError::new(
                source,
                format!("damaged data ({error})"),
                "an intact gzip or tar file",
                "fetch the file again",
            )),
            _ => Trouble::Broken(InputError::unreadable(source, error)),
        }
    }

    /// Everything read.
    ///
    /// # Errors
    /// [`InputError`] when there is not one object.
    pub(super) fn finish(mut self) -> Result<Reading, InputError> {
        if self.objects.is_empty() {
            return Err(self.nothing_read());
        }
        for ((mesh, kind), count) in &self.unread {
            let (finding, what) = if *mesh {
                (&MESH_CONFIG_NOT_READ, "of this kind; not modelled yet")
            } else {
                (&KIND_NOT_READ, "of this kind; not used in planning")
            };
            let objects = if *count == 1 { "object" } else { "objects" };
            self.notes.push(Finding::new(finding, kind.as_str(), format!("{count} {objects} {what}")).counted(*count));
        }
        Ok(Reading { objects: self.objects, inputs: self.inputs, findings: self.notes.finish() })
    }

    fn nothing_read(self) -> InputError {
        let shown = |name| if name == "-" { super::STDIN } else { name };
        let names: Vec<&str> = self.inputs.iter().map(|input| shown(input.name.as_str())).collect();
        let kinds: Vec<&str> = self.unread.keys().map(|(_, kind)| kind.as_str()).collect();
        let found = match (kinds.is_empty(), self.notes.finish().into_iter().next()) {
            (false, _) => format!("only objects that are not used in planning: {}", kinds.join(", ")),
            (true, Some(finding)) => format!("no usable object ({}: {})", finding.subject, finding.message),
            (true, None) => "not one object: its lists are empty".to_owned(),
        };
        InputError::new(names.join(", "), found, super::error::INVENTORY, super::error::GIVE_INVENTORY)
    }
}

/// A reader that counts, and stops at the limit of the run.
pub(super) struct Metered<R> {
    reader: R,
    counter: Rc<Cell<u64>>,
    limit: u64,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.counter.set(self.counter.get().saturating_add(read as u64));
        if self.counter.get() > self.limit {
            return Err(io::Error::from(io::ErrorKind::QuotaExceeded));
        }
        Ok(read)
    }
}

fn kind_name(object: &Object) -> &'static str {
    match object {
        Object::Node(_) => "Node",
        Object::Namespace(_) => "Namespace",
        Object::Pod(_) => "Pod",
        Object::Controller(controller) => controller.kind.as_str(),
        Object::Service(_) => "Service",
        Object::Endpoints(endpoints) if endpoints.slice => "EndpointSlice",
        Object::Endpoints(_) => "Endpoints",
        Object::Autoscaler(_) => "HorizontalPodAutoscaler",
        Object::DisruptionBudget(_) => "PodDisruptionBudget",
        Object::LimitRange(_) => "LimitRange",
        Object::ResourceQuota(_) => "ResourceQuota",
        Object::PriorityClass(_) => "PriorityClass",
        Object::RuntimeClass(_) => "RuntimeClass",
        Object::PersistentVolume(_) => "PersistentVolume",
        Object::PersistentVolumeClaim(_) => "PersistentVolumeClaim",
        Object::StorageClass(_) => "StorageClass",
        Object::CsiNode(_) => "CSINode",
        Object::Gateway(_) => "Gateway",
        Object::IstioGateway(_) => "Gateway (Istio)",
        Object::GatewayRoute(route) => route.kind,
        Object::Sidecar(_) => "Sidecar",
        Object::VirtualService(_) => "VirtualService",
        Object::DestinationRule(_) => "DestinationRule",
        Object::ServiceEntry(_) => "ServiceEntry",
        Object::WorkloadEntry(_) => "WorkloadEntry",
        Object::WorkloadGroup(_) => "WorkloadGroup",
        Object::ProxySettings(_) => "ProxyConfig",
        Object::EnvoyFilter(_) => "EnvoyFilter",
        Object::WasmPlugin(_) => "WasmPlugin",
        Object::PeerAuthentication(_) => "PeerAuthentication",
        Object::AuthorizationPolicy(_) => "AuthorizationPolicy",
        Object::RequestAuthentication(_) => "RequestAuthentication",
        Object::Telemetry(_) => "Telemetry",
        Object::GatewayParameters(_) => "ConfigMap",
        Object::MeshConfig(_) => "mesh settings",
        Object::Patch(_) => "patch",
        Object::Measured(_) => "measured workload",
        Object::Series(_) => "measured series",
    }
}
