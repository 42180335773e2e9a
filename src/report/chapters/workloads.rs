//! What the mesh costs, namespace by namespace and workload by workload.

use std::collections::BTreeMap;

use super::super::document::{Block, Cell, Chapter, Column, Tone};
use super::super::text::{self, Unit};
use super::{arithmetic, chapter, figures, table};
use crate::overhead::ProxyCost;
use crate::plan::{Plan, SizingVerdict, WorkloadPlan};

/// Most rows of the workload table.
const MOST_WORKLOADS: usize = 200;
/// Most rows of the namespace table.
const MOST_NAMESPACES: usize = 200;

/// Sums of one namespace.
#[derive(Debug, Clone, Copy, Default)]
pub struct NamespaceSum<'a> {
    /// Name.
    pub name: &'a str,
    /// Replicas with a proxy.
    pub proxies: u64,
    /// Proxy memory in bytes: lower end, figure, upper end.
    pub memory: [f64; 3],
    /// Proxy CPU in cores.
    cpu: f64,
    /// Memory that proxy requests reserve, in bytes.
    memory_requested: f64,
    /// CPU that proxy requests reserve, in cores.
    cpu_requested: f64,
    /// Memory of the applications, in bytes.
    app_memory: f64,
}

/// The namespaces, costliest first.
pub fn namespaces(plan: &Plan) -> Option<Chapter> {
    let sums = namespace_sums(plan);
    if sums.is_empty() {
        return None;
    }
    let mut blocks: Vec<Block> = figures::namespaces(&sums).into_iter().collect();
    blocks.push(namespace_table(&sums, MOST_NAMESPACES));
    chapter("namespaces", "Namespaces", blocks)
}

/// The costliest namespaces, for a screen.
pub fn largest_namespaces(plan: &Plan) -> Option<Chapter> {
    let sums: Vec<_> = namespace_sums(plan).into_iter().filter(|sum| sum.proxies > 0).collect();
    if sums.is_empty() {
        return None;
    }
    chapter("namespaces", "Namespaces", vec![namespace_table(&sums, 5)])
}

/// The workloads, costliest first.
pub fn workloads(plan: &Plan) -> Option<Chapter> {
    let ordered = by_proxy_memory(plan);
    if ordered.is_empty() {
        return None;
    }
    let mut blocks = vec![workload_table(&ordered)];
    blocks.extend(figures::requests(&ordered));
    let shown = ordered.get(..ordered.len().min(MOST_WORKLOADS)).unwrap_or_default();
    blocks.extend(arithmetic::derivations(shown));
    chapter("workloads", "Workloads", blocks)
}

fn namespace_sums(plan: &Plan) -> Vec<NamespaceSum<'_>> {
    let mut sums: BTreeMap<&str, NamespaceSum<'_>> = BTreeMap::new();
    for workload in &plan.workloads {
        let sum = sums
            .entry(&workload.namespace)
            .or_insert_with(|| NamespaceSum { name: &workload.namespace, ..NamespaceSum::default() });
        sum.app_memory += workload.app_memory.as_bytes();
        let Some(proxy) = &workload.proxy else { continue };
        let replicas = workload.replicas as f64;
        sum.proxies = sum.proxies.saturating_add(workload.replicas);
        let ends = [&proxy.memory.lower, &proxy.memory.value, &proxy.memory.upper];
        for (total, end) in sum.memory.iter_mut().zip(ends) {
            *total += end.as_bytes() * replicas;
        }
        sum.cpu += proxy.cpu.value.as_cores() * replicas;
        sum.memory_requested += proxy.requests.memory.unwrap_or_default().to_memory().as_bytes() * replicas;
        sum.cpu_requested += proxy.requests.cpu.unwrap_or_default().to_cores().as_cores() * replicas;
    }
    let mut sums: Vec<_> = sums.into_values().collect();
    sums.sort_by(|a, b| b.memory_value().total_cmp(&a.memory_value()).then_with(|| a.name.cmp(b.name)));
    sums
}

impl NamespaceSum<'_> {
    fn memory_value(&self) -> f64 {
        let [_, value, _] = self.memory;
        value
    }
}

fn namespace_table(sums: &[NamespaceSum<'_>], limit: usize) -> Block {
    let memory = Unit::for_memory(sums.iter().map(NamespaceSum::memory_value));
    let cpu = Unit::for_cpu(sums.iter().map(|sum| sum.cpu));
    let columns = vec![
        Column::text("Namespace", 0),
        Column::number("Proxies", "", 0),
        Column::number("Proxy memory", memory.heading(), 0),
        Column::number("90 % interval", memory.heading(), 4),
        Column::number("Reserved memory", memory.heading(), 2),
        Column::number("Proxy CPU", cpu.heading(), 1),
        Column::number("Reserved CPU", cpu.heading(), 3),
        Column::number("Proxy to app memory", "", 5),
    ];
    let rows = sums.iter().map(|sum| {
        let name = Cell::Name(sum.name.to_owned());
        if sum.proxies == 0 {
            return [vec![name, Cell::Number("0".to_owned())], vec![Cell::Empty; 6]].concat();
        }
        let [lower, value, upper] = sum.memory;
        let share = value / sum.app_memory;
        vec![
            name,
            Cell::Number(text::count(sum.proxies)),
            Cell::Number(memory.number(value)),
            Cell::Number(memory.range(lower, upper)),
            Cell::Number(memory.number(sum.memory_requested)),
            Cell::Number(cpu.number(sum.cpu)),
            Cell::Number(cpu.number(sum.cpu_requested)),
            if share.is_finite() { Cell::Number(text::percent(share)) } else { Cell::Empty },
        ]
    });
    table("Proxies by namespace, by memory", columns, rows.collect(), limit)
}

/// Workloads by the memory of all their proxies; those without one last, by name.
fn by_proxy_memory(plan: &Plan) -> Vec<&WorkloadPlan> {
    let memory = |workload: &WorkloadPlan| {
        workload.proxy.as_ref().map_or(-1.0, |proxy| proxy.memory.value.as_bytes() * workload.replicas as f64)
    };
    let mut ordered: Vec<&WorkloadPlan> = plan.workloads.iter().collect();
    ordered.sort_by(|a, b| memory(b).total_cmp(&memory(a)).then_with(|| key(a).cmp(&key(b))));
    ordered
}

fn key(workload: &WorkloadPlan) -> [&str; 3] {
    [&workload.namespace, &workload.kind, &workload.name]
}

fn workload_table(ordered: &[&WorkloadPlan]) -> Block {
    let proxies = || ordered.iter().filter_map(|workload| workload.proxy.as_ref());
    let memory = Unit::for_memory(proxies().map(|proxy| proxy.memory.value.as_bytes()));
    let cpu = Unit::for_cpu(proxies().map(|proxy| proxy.cpu.value.as_cores()));
    let columns = vec![
        Column::text("Workload", 0),
        Column::text("Mode", 5),
        Column::number("Replicas", "", 2),
        Column::text("Verdict", 1),
        Column::number("Proxy memory", memory.heading(), 0),
        Column::number("90 % interval", memory.heading(), 4),
        Column::number("Start-up peak", memory.heading(), 4),
        Column::number("Proxy CPU", cpu.heading(), 3),
        Column::text("Request", 3),
        Column::text("Limit", 4),
        Column::number("Requests/s", "", 7),
        Column::number("Clusters", "", 8),
        Column::number("Endpoints", "", 9),
        Column::text("Kind", 6),
    ];
    let rows = ordered.iter().map(|workload| workload_row(workload, memory, cpu)).collect();
    table("Workloads by the memory of all their proxies; figures are per proxy", columns, rows, MOST_WORKLOADS)
}

fn workload_row(workload: &WorkloadPlan, memory: Unit, cpu: Unit) -> Vec<Cell> {
    let mut cells = vec![
        Cell::Name(name(workload)),
        Cell::Text(workload.mode.as_str().to_owned()),
        Cell::Number(text::count(workload.replicas)),
    ];
    let kind = Cell::Text(workload.kind.clone());
    let Some(proxy) = &workload.proxy else {
        cells.push(Cell::Text(workload.reason.clone()));
        cells.extend(vec![Cell::Empty; 9]);
        cells.push(kind);
        return cells;
    };
    let assumed = if workload.rps_measured { "" } else { "*" };
    cells.extend([
        verdict(&workload.sizing, proxy),
        Cell::Number(memory.number(proxy.memory.value.as_bytes())),
        Cell::Number(memory.range(proxy.memory.lower.as_bytes(), proxy.memory.upper.as_bytes())),
        Cell::Number(memory.number(proxy.startup_memory.value.as_bytes())),
        Cell::Number(cpu.number(proxy.cpu.value.as_cores())),
        Cell::Text(text::declared(&proxy.requests)),
        Cell::Text(text::declared(&proxy.limits)),
        Cell::Number(format!("{}{assumed}", text::significant(workload.rps_per_proxy))),
        Cell::Number(text::count(workload.visible.clusters)),
        Cell::Number(text::count(workload.visible.endpoints)),
        kind,
    ]);
    cells
}

/// Namespace and name.
pub fn name(workload: &WorkloadPlan) -> String {
    format!("{}/{}", workload.namespace, workload.name)
}

fn verdict(sizing: &[SizingVerdict], proxy: &ProxyCost) -> Cell {
    let Some(gravest) = sizing.iter().map(judged).max_by_key(|(tone, _)| *tone) else {
        return if proxy.requests.is_empty() {
            Cell::Mark(Tone::Caution, "nothing requested".to_owned())
        } else {
            Cell::Mark(Tone::Good, "sized well".to_owned())
        };
    };
    let words: Vec<&str> = sizing.iter().map(|verdict| judged(verdict).1).collect();
    Cell::Mark(gravest.0, words.join("; "))
}

/// How grave a verdict is, and its words.
pub fn judged(verdict: &SizingVerdict) -> (Tone, &'static str) {
    match verdict {
        SizingVerdict::MemoryLimitBelowPeak => (Tone::Bad, "memory limit below start-up peak"),
        SizingVerdict::MemoryRequestTooSmall => (Tone::Caution, "memory request too small"),
        SizingVerdict::MemoryRequestTooLarge => (Tone::Neutral, "memory request over twice the need"),
        SizingVerdict::CpuRequestTooSmall => (Tone::Caution, "CPU request too small"),
        SizingVerdict::CpuRequestTooLarge => (Tone::Neutral, "CPU request over twice the need"),
        SizingVerdict::CpuLimitTooSmall => (Tone::Bad, "CPU limit throttles"),
    }
}
