//! Rows to objects.

use std::sync::Arc;

use super::super::error::Trouble;
use super::super::notes::{CELL_IGNORED, COLUMNS_NOT_READ, QUANTITY_ABSURD};
use super::super::session::{Session, Tally};
use super::super::wire::{Decoded, Oddity, absurd_amount};
use super::columns::{Column, TableKind, Unit, column, table_kind};
use super::frame::Frame;
use crate::finding::Finding;
use crate::inventory::Measured;
use crate::inventory::objects::{
    Container, Controller, ControllerKind, Labels, MeasuredWorkload, Node, NodeResources, Object, ObjectName, PodLife,
    PodObject, PodPhase, PodSpec, UpdateStrategy,
};
use crate::quantity::{QuantityError, parse_bytes, parse_cpu, print_bytes, print_cpu};
use crate::resources::{Declared, Requirements};
use crate::units::{Bytes, Cores, Memory, Millicores, Rate};

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
    for index in 0..frame.rows() {
        let mut row = Row { frame, columns: &columns, index, odd: Vec::new() };
        if row.is_empty() {
            continue;
        }
        let objects = match kind {
            TableKind::Workloads => row.workload(),
            TableKind::Pods => row.pod().into_iter().collect(),
            TableKind::Nodes => row.node().into_iter().collect(),
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
            let same = |(known, _): &(Column, usize)| std::mem::discriminant(known) == std::mem::discriminant(&meaning);
            meaning != Column::Unused && known.iter().any(same)
        };
        match meaning {
            Some(meaning) if !again(meaning) => known.push((meaning, place)),
            _ => unknown.push(name.clone()),
        }
    }
    (known, unknown)
}

struct Row<'a> {
    frame: &'a Frame,
    columns: &'a [(Column, usize)],
    index: usize,
    odd: Vec<Oddity>,
}

impl Row<'_> {
    /// Whether no cell holds anything, as in the blank lines at the end of many a CSV file.
    fn is_empty(&self) -> bool {
        (0..self.frame.width()).all(|place| self.frame.cell(place, self.index).is_none())
    }

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
            return vec![Object::Measured(MeasuredWorkload { name, kind: kind_text, measured })];
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
            objects.push(Object::Measured(MeasuredWorkload { name, kind, measured }));
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

    fn object_name(&mut self) -> Option<ObjectName> {
        let Some(name) = self.text(Column::Name) else {
            self.ignored("name", "the row has none; skipped");
            return None;
        };
        let namespace = self.text(Column::Namespace);
        Some(ObjectName::new(namespace.as_deref().unwrap_or("default"), &name))
    }

    fn controller_kind(&mut self, text: &str) -> ControllerKind {
        let same = |(_, name): &&(ControllerKind, &str)| name.eq_ignore_ascii_case(text);
        let known = ControllerKind::ALL.iter().find(same).map(|(kind, _)| *kind);
        known.unwrap_or_else(|| {
            self.ignored("kind", &format!("{text:?} is no kind of controller; planned as a Deployment"));
            ControllerKind::Deployment
        })
    }

    fn requirements(&mut self) -> Requirements {
        let cpu_request = self.unit(|column| matches!(column, Column::CpuRequest(_)));
        let memory_request = self.unit(|column| matches!(column, Column::MemoryRequest(_)));
        let cpu_limit = self.unit(|column| matches!(column, Column::CpuLimit(_)));
        let memory_limit = self.unit(|column| matches!(column, Column::MemoryLimit(_)));
        Requirements {
            requests: Declared::new(self.cpu(cpu_request), self.memory(memory_request)),
            limits: Declared::new(self.cpu(cpu_limit), self.memory(memory_limit)),
        }
    }

    fn measured(&mut self) -> Measured {
        let app_cpu = self.unit(|column| matches!(column, Column::AppCpu(_)));
        let app_memory = self.unit(|column| matches!(column, Column::AppMemory(_)));
        Measured {
            inbound_rps: self.number(Column::InboundRps).map(Rate::per_second),
            outbound_rps: self.number(Column::OutboundRps).map(Rate::per_second),
            bytes_per_request: self.number(Column::BytesPerRequest).map(Memory::from_bytes),
            connections: self.number(Column::Connections),
            app_cpu: self.used(app_cpu, |text| parse_cpu(text).map(Millicores::to_cores), cores),
            app_memory: self.used(app_memory, |text| parse_bytes(text).map(Bytes::to_memory), memory),
        }
    }

    /// A declared amount of CPU.
    fn cpu(&mut self, column: Option<Column>) -> Option<Millicores> {
        let cpu = self.amount(column?, parse_cpu, |millis| Millicores::holding(Cores::from_millis(millis)))?;
        self.warn_if_absurd("cpu", &print_cpu(cpu));
        Some(cpu)
    }

    /// A declared amount of memory.
    fn memory(&mut self, column: Option<Column>) -> Option<Bytes> {
        let memory = self.amount(column?, parse_bytes, |mib| Bytes::holding(Memory::from_mib(mib)))?;
        self.warn_if_absurd("memory", &print_bytes(memory));
        Some(memory)
    }

    fn warn_if_absurd(&mut self, resource: &str, text: &str) {
        if let Some(message) = absurd_amount(resource, text) {
            self.odd.push(Oddity { kind: &QUANTITY_ABSURD, field: resource.to_owned(), message });
        }
    }

    /// A Kubernetes quantity, or a plain number in the unit its column stands for.
    fn amount<Q>(
        &mut self,
        column: Column,
        quantity: impl Fn(&str) -> Result<Q, QuantityError>,
        plain: impl Fn(f64) -> Q,
    ) -> Option<Q> {
        if unit_of(column) != Unit::Base {
            return self.number(column).map(plain);
        }
        let text = self.text(column)?;
        quantity(&text).map_err(|error| self.ignored(name_of(column), &error.to_string())).ok()
    }

    /// A measured amount: a plain number in the unit its column stands for, or a Kubernetes quantity.
    fn used<Q>(
        &mut self,
        column: Option<Column>,
        quantity: impl Fn(&str) -> Result<Q, QuantityError>,
        plain: impl Fn(f64, Unit) -> Q,
    ) -> Option<Q> {
        let column = column?;
        let text = self.text(column)?;
        let unit = unit_of(column);
        if unit != Unit::Base || text.parse::<f64>().is_ok() {
            return self.number(column).map(|number| plain(number, unit));
        }
        quantity(&text).map_err(|error| self.ignored(name_of(column), &error.to_string())).ok()
    }

    fn count(&mut self, column: Column) -> Option<u64> {
        let number = self.number(column)?;
        if number.fract() != 0.0 {
            self.ignored(name_of(column), &format!("{number} is no whole number"));
            return None;
        }
        Some(number as u64)
    }

    /// A number that can be: 0 or more, and below any machine's imagination.
    fn number(&mut self, column: Column) -> Option<f64> {
        const ABSURD: f64 = 1e15;
        let text = self.text(column)?;
        match text.parse::<f64>() {
            Ok(number) if (0.0..ABSURD).contains(&number) => Some(number),
            Ok(_) => {
                let message = format!("{text:?} is not possible: expected a number from 0 to {ABSURD:e}");
                self.ignored(name_of(column), &message);
                None
            }
            Err(_) => {
                self.ignored(name_of(column), &format!("{text:?} is no number"));
                None
            }
        }
    }

    fn unit(&self, wanted: impl Fn(Column) -> bool) -> Option<Column> {
        self.columns.iter().map(|(column, _)| *column).find(|&column| wanted(column))
    }

    fn text(&self, column: Column) -> Option<String> {
        let (_, place) = self.columns.iter().find(|(known, _)| *known == column)?;
        self.frame.cell(*place, self.index)
    }

    fn ignored(&mut self, field: &str, message: &str) {
        self.odd.push(Oddity { kind: &CELL_IGNORED, field: field.to_owned(), message: message.to_owned() });
    }
}

fn unit_of(column: Column) -> Unit {
    match column {
        Column::CpuRequest(unit)
        | Column::CpuLimit(unit)
        | Column::MemoryRequest(unit)
        | Column::MemoryLimit(unit)
        | Column::AppCpu(unit)
        | Column::AppMemory(unit) => unit,
        _ => Unit::Base,
    }
}

fn cores(number: f64, unit: Unit) -> Cores {
    if unit == Unit::Milli { Cores::from_millis(number) } else { Cores::new(number) }
}

fn memory(number: f64, unit: Unit) -> Memory {
    if unit == Unit::Mebi { Memory::from_mib(number) } else { Memory::from_bytes(number) }
}

/// The column's usual name, for messages.
fn name_of(column: Column) -> &'static str {
    match column {
        Column::CpuRequest(_) | Column::CpuLimit(_) => "cpu",
        Column::MemoryRequest(_) | Column::MemoryLimit(_) => "memory",
        Column::Replicas => "replicas",
        Column::InboundRps => "inbound_rps",
        Column::OutboundRps => "outbound_rps",
        Column::BytesPerRequest => "bytes_per_request",
        Column::Connections => "connections",
        Column::AppCpu(_) => "app_cpu_cores",
        Column::AppMemory(_) => "app_memory_bytes",
        Column::Gpu => "gpu",
        Column::MaxPods => "max_pods",
        _ => "value",
    }
}

fn spec(resources: Requirements) -> PodSpec {
    let container = Container { name: "app".to_owned(), resources, ..Container::default() };
    PodSpec { containers: vec![container], ..PodSpec::default() }
}
