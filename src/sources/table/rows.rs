//! Rows to objects.

use std::sync::Arc;

use super::super::error::Trouble;
use super::super::notes::COLUMNS_NOT_READ;
use super::super::session::{Session, Tally};
use super::super::wire::{Decoded, Oddity};
use super::cells::{Row, thousandths};
use super::columns::{Column, TableKind, column, table_kind};
use super::frame::Frame;
use crate::finding::Finding;
use crate::inventory::Measured;
use crate::inventory::objects::{
    Container, Controller, ControllerKind, Labels, MeasuredWorkload, Node, NodeResources, Object, PodLife, PodObject,
    PodPhase, PodSpec, UpdateStrategy,
};
use crate::resources::Requirements;

/// The extended resource that GPU columns count.
const GPU: &str = "nvidia.com/gpu";

/// Reads all rows.
///
/// # Errors
/// [`Trouble::NoInventory`] when the columns make no table of an inventory.
pub(super) fn read(
    session: &mut Session<'_>,
    source: &Arc<str>,
    frame: &Frame,
    tally: &mut Tally,
) -> Result<(), Trouble> {
    let (columns, unknown) = known_columns(&frame.names());
    let known: Vec<Column> = columns.iter().map(|(column, _)| *column).collect();
    let Some(kind) = table_kind(&known) else {
        return Err(Trouble::NoInventory(format!(
            "a table with the columns {} (a table of workloads has `name` and at least one of its other columns)",
            frame.names().join(", ")
        )));
    };
    if !unknown.is_empty() {
        let message = format!("{}: not known, not read", unknown.join(", "));
        session.notes.push(Finding::new(&COLUMNS_NOT_READ, &**source, message).counted(unknown.len() as u64));
    }
    tally.recognised += 1;
    if kind == TableKind::Moments {
        return super::moments::read(session, source, frame, &columns);
    }
    for index in 0..frame.rows() {
        let mut row = Row { frame, columns: &columns, index, odd: Vec::new(), absent: None };
        if row.is_empty() {
            continue;
        }
        let objects = match kind {
            TableKind::Workloads => row.workload(),
            TableKind::Pods => row.pod().into_iter().collect(),
            TableKind::Nodes => row.node().into_iter().collect(),
            TableKind::Moments => Vec::new(),
        };
        // The header is row 1.
        let subject = format!("row {}", index + 2);
        for Oddity { kind, field, message } in std::mem::take(&mut row.odd) {
            session.notes.add(kind, source, subject.as_str(), format!("{source}: {field}: {message}"));
        }
        for mut object in objects {
            session.interner.share(&mut object);
            session.accept(Decoded { object, oddities: Vec::new() }, source, String::new)?;
        }
    }
    session.report();
    Ok(())
}

/// Columns with their places, and the names of the others. Of two with one meaning the first counts.
fn known_columns(names: &[String]) -> (Vec<(Column, usize)>, Vec<String>) {
    let mut known: Vec<(Column, usize)> = Vec::new();
    let mut unknown = Vec::new();
    for (place, name) in names.iter().enumerate() {
        let meaning = column(name);
        let again = |meaning: Column| {
            let same = |(known, _): &(Column, usize)| {
                std::mem::discriminant(known) == std::mem::discriminant(&meaning)
                    && thousandths(*known) == thousandths(meaning)
            };
            meaning != Column::Unused && known.iter().any(same)
        };
        match meaning {
            Some(meaning) if !again(meaning) => known.push((meaning, place)),
            _ => unknown.push(name.clone()),
        }
    }
    (known, unknown)
}

impl Row<'_> {
    /// A declared workload, a measured one, or both.
    fn workload(&mut self) -> Vec<Object> {
        let Some(name) = self.object_name() else { return Vec::new() };
        let kind_text = self.text(Column::Kind);
        let replicas = self.count(Column::Replicas);
        let resources = self.requirements();
        let measured = self.measured();
        let is_measured = measured != Measured::default();
        let is_declared = replicas.is_some() || resources != Requirements::default();
        if is_measured && !is_declared {
            return vec![Object::Measured(Box::new(MeasuredWorkload { name, kind: kind_text, measured }))];
        }
        let kind = kind_text.as_deref().map_or(ControllerKind::Deployment, |text| self.controller_kind(text));
        let is_daemon = kind == ControllerKind::DaemonSet;
        let controller = Controller {
            kind,
            name: name.clone(),
            labels: Labels::new(),
            owner: None,
            replicas: replicas.filter(|_| !is_daemon),
            status_replicas: replicas.filter(|_| is_daemon),
            suspended: false,
            live: false,
            update: UpdateStrategy::default(),
            selector: Vec::new(),
            template_labels: Arc::default(),
            template_annotations: Arc::default(),
            template: Arc::new(spec(resources)),
        };
        let mut objects = vec![Object::Controller(controller)];
        if is_measured {
            let kind = Some(kind.as_str().to_owned());
            objects.push(Object::Measured(Box::new(MeasuredWorkload { name, kind, measured })));
        }
        objects
    }

    fn pod(&mut self) -> Option<Object> {
        let name = self.object_name()?;
        let mut resources = self.requirements();
        if let Some(gpus) = self.count(Column::Gpu).filter(|&gpus| gpus > 0) {
            resources.requests.extended.insert(GPU.to_owned(), gpus);
        }
        let phase = match self.text(Column::Phase).as_deref() {
            None | Some("Pending") => PodPhase::Pending,
            Some("Running") => PodPhase::Running,
            Some("Succeeded") => PodPhase::Succeeded,
            Some("Failed") => PodPhase::Failed,
            Some(_) => PodPhase::Unknown,
        };
        Some(Object::Pod(PodObject {
            name,
            labels: Arc::default(),
            annotations: Arc::default(),
            owner: None,
            spec: Arc::new(spec(resources)),
            node: self.text(Column::Node).map(Into::into),
            phase,
            terminating: false,
            life: PodLife::default(),
        }))
    }

    fn node(&mut self) -> Option<Object> {
        let Some(name) = self.text(Column::NodeName) else {
            self.ignored("name", "the row has none; skipped");
            return None;
        };
        let mut resources = self.requirements().requests.to_resources();
        if let Some(gpus) = self.count(Column::Gpu).filter(|&gpus| gpus > 0) {
            resources.extended.insert(GPU.to_owned(), gpus);
        }
        let offered = NodeResources { resources, pods: self.count(Column::MaxPods) };
        let mut labels = Labels::from([("kubernetes.io/hostname".to_owned(), name.clone())]);
        for (column, key) in [(Column::Zone, "topology.kubernetes.io/zone"), (Column::Model, "nvidia.com/gpu.product")]
        {
            if let Some(value) = self.text(column) {
                labels.insert(key.to_owned(), value);
            }
        }
        Some(Object::Node(Node {
            name: name.into(),
            labels,
            capacity: Some(offered.clone()),
            allocatable: Some(offered),
            ..Node::default()
        }))
    }
}

fn spec(resources: Requirements) -> PodSpec {
    let container = Container { name: "app".to_owned(), resources, ..Container::default() };
    PodSpec { containers: vec![container], ..PodSpec::default() }
}
