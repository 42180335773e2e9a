//! Cells of a row: texts, numbers and amounts in the unit of their column.

use super::super::notes::{CELL_IGNORED, QUANTITY_ABSURD};
use super::super::wire::{Oddity, absurd_amount};
use super::columns::{Column, Unit};
use super::frame::Frame;
use crate::inventory::objects::{ControllerKind, ObjectName};
use crate::inventory::{Busy, Measured, PodMemories, ResponseTimes, Tail};
use crate::quantity::{QuantityError, parse_bytes, parse_cpu, print_bytes, print_cpu};
use crate::resources::{Declared, Requirements};
use crate::units::{Bytes, Cores, Memory, Millicores, Rate, Seconds, Share};

/// A row of a table.
pub(super) struct Row<'a> {
    pub frame: &'a Frame,
    /// Columns with their places.
    pub columns: &'a [(Column, usize)],
    pub index: usize,
    /// What was odd about its cells.
    pub odd: Vec<Oddity>,
    /// Cells that hold NaN, where that is how a tool writes that nothing was measured; elsewhere it is odd.
    pub absent: Option<u64>,
}

impl Row<'_> {
    /// Whether no cell holds anything, as in the blank lines at the end of many a CSV file.
    pub(super) fn is_empty(&self) -> bool {
        (0..self.frame.width()).all(|place| self.frame.cell(place, self.index).is_none())
    }

    pub(super) fn object_name(&mut self) -> Option<ObjectName> {
        let Some(name) = self.text(Column::Name) else {
            self.ignored("name", "the row has none; skipped");
            return None;
        };
        let namespace = self.text(Column::Namespace);
        Some(ObjectName::new(namespace.as_deref().unwrap_or("default"), &name))
    }

    pub(super) fn controller_kind(&mut self, text: &str) -> ControllerKind {
        let same = |(_, name): &&(ControllerKind, &str)| name.eq_ignore_ascii_case(text);
        let known = ControllerKind::ALL.iter().find(same).map(|(kind, _)| *kind);
        known.unwrap_or_else(|| {
            self.ignored("kind", &format!("{text:?} is no kind of controller; planned as a Deployment"));
            ControllerKind::Deployment
        })
    }

    pub(super) fn requirements(&mut self) -> Requirements {
        let cpu_request = self.unit(|column| matches!(column, Column::CpuRequest(_)));
        let memory_request = self.unit(|column| matches!(column, Column::MemoryRequest(_)));
        let cpu_limit = self.unit(|column| matches!(column, Column::CpuLimit(_)));
        let memory_limit = self.unit(|column| matches!(column, Column::MemoryLimit(_)));
        Requirements {
            requests: Declared::new(self.cpu(cpu_request), self.memory(memory_request)),
            limits: Declared::new(self.cpu(cpu_limit), self.memory(memory_limit)),
        }
    }

    pub(super) fn measured(&mut self) -> Measured {
        let app_cpu = self.unit(|column| matches!(column, Column::AppCpu(_)));
        let app_memory = self.unit(|column| matches!(column, Column::AppMemory(_)));
        let proxy_cpu = self.unit(|column| matches!(column, Column::ProxyCpu(_)));
        let proxy_memory = self.unit(|column| matches!(column, Column::ProxyMemory(_)));
        Measured {
            inbound_rps: self.number(Column::InboundRps).map(Rate::per_second),
            outbound_rps: self.number(Column::OutboundRps).map(Rate::per_second),
            bytes_per_request: self.number(Column::BytesPerRequest).map(Memory::from_bytes),
            connections: self.number(Column::Connections),
            app_cpu: self.used(app_cpu, |text| parse_cpu(text).map(Millicores::to_cores), cores),
            app_memory: self.used(app_memory, |text| parse_bytes(text).map(Bytes::to_memory), memory),
            proxy_cpu: self.used(proxy_cpu, |text| parse_cpu(text).map(Millicores::to_cores), cores),
            proxy_memory: self.used(proxy_memory, |text| parse_bytes(text).map(Bytes::to_memory), memory),
            throttled: self.share(Column::Throttled),
            response: self.response(),
            busy: Busy::default(),
            pods: PodMemories::default(),
        }
    }

    pub(super) fn response(&mut self) -> ResponseTimes {
        let mean = self.unit(|column| matches!(column, Column::ResponseMean(_)));
        let mean = mean.and_then(|column| self.number(column).map(|number| seconds(number, unit_of(column))));
        let mut stated: Vec<Column> = self.columns.iter().map(|(column, _)| *column).collect();
        stated.retain(|column| matches!(column, Column::Response(..)));
        stated.sort_by_key(|column| std::cmp::Reverse(thousandths(*column)));
        let tail = stated.into_iter().find_map(|column| {
            let at_most = seconds(self.number(column)?, unit_of(column));
            let quantile = Share::new(f64::from(thousandths(column)) / 1000.0).ok()?;
            Some(Tail { quantile, at_most, moments: 1 })
        });
        ResponseTimes { mean, tail }
    }

    pub(super) fn share(&mut self, column: Column) -> Option<Share> {
        let number = self.number(column)?;
        Share::new(number).map_err(|error| self.ignored(name_of(column), &error.to_string())).ok()
    }

    /// A declared amount of CPU.
    pub(super) fn cpu(&mut self, column: Option<Column>) -> Option<Millicores> {
        let cpu = self.amount(column?, parse_cpu, |millis| Millicores::holding(Cores::from_millis(millis)))?;
        self.warn_if_absurd("cpu", &print_cpu(cpu));
        Some(cpu)
    }

    /// A declared amount of memory.
    pub(super) fn memory(&mut self, column: Option<Column>) -> Option<Bytes> {
        let memory = self.amount(column?, parse_bytes, |mib| Bytes::holding(Memory::from_mib(mib)))?;
        self.warn_if_absurd("memory", &print_bytes(memory));
        Some(memory)
    }

    pub(super) fn warn_if_absurd(&mut self, resource: &str, text: &str) {
        if let Some(message) = absurd_amount(resource, text) {
            self.odd.push(Oddity { kind: &QUANTITY_ABSURD, field: resource.to_owned(), message });
        }
    }

    /// A Kubernetes quantity, or a plain number in the unit its column stands for.
    pub(super) fn amount<Q>(
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
    pub(super) fn used<Q>(
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

    pub(super) fn count(&mut self, column: Column) -> Option<u64> {
        let number = self.number(column)?;
        if number.fract() != 0.0 {
            self.ignored(name_of(column), &format!("{number} is no whole number"));
            return None;
        }
        Some(number as u64)
    }

    /// A number that can be: 0 or more, and below any machine's imagination.
    pub(super) fn number(&mut self, column: Column) -> Option<f64> {
        const ABSURD: f64 = 1e15;
        let text = self.text(column)?;
        if let Some(absent) = self.absent.as_mut().filter(|_| text.eq_ignore_ascii_case("nan")) {
            *absent += 1;
            return None;
        }
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

    pub(super) fn unit(&self, wanted: impl Fn(Column) -> bool) -> Option<Column> {
        self.columns.iter().map(|(column, _)| *column).find(|&column| wanted(column))
    }

    pub(super) fn text(&self, column: Column) -> Option<String> {
        let (_, place) = self.columns.iter().find(|(known, _)| *known == column)?;
        self.frame.cell(*place, self.index)
    }

    pub(super) fn ignored(&mut self, field: &str, message: &str) {
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
        | Column::AppMemory(unit)
        | Column::ProxyCpu(unit)
        | Column::ProxyMemory(unit)
        | Column::ResponseMean(unit)
        | Column::Response(_, unit) => unit,
        _ => Unit::Base,
    }
}

fn cores(number: f64, unit: Unit) -> Cores {
    if unit == Unit::Milli { Cores::from_millis(number) } else { Cores::new(number) }
}

fn memory(number: f64, unit: Unit) -> Memory {
    if unit == Unit::Mebi { Memory::from_mib(number) } else { Memory::from_bytes(number) }
}

fn seconds(number: f64, unit: Unit) -> Seconds {
    if unit == Unit::Milli { Seconds::from_millis(number) } else { Seconds::new(number) }
}

pub(super) fn thousandths(column: Column) -> u16 {
    if let Column::Response(thousandths, _) = column { thousandths } else { 0 }
}

/// The column's usual name, for messages.
pub(super) fn name_of(column: Column) -> &'static str {
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
        Column::ProxyCpu(_) => "proxy_cpu_cores",
        Column::ProxyMemory(_) => "proxy_memory_bytes",
        Column::Throttled => "throttled",
        Column::ResponseMean(_) => "response_mean",
        Column::Response(..) => "response",
        Column::Time => "time",
        Column::PodName => "pod",
        Column::Gpu => "gpu",
        Column::MaxPods => "max_pods",
        _ => "value",
    }
}
