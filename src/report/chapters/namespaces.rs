//! What the mesh costs, namespace by namespace.

use std::collections::BTreeMap;

use super::super::document::{Block, Cell, Chapter, Column};
use super::super::text::{self, Unit};
use super::{chapter, figures, some_of, table};
use crate::plan::Plan;

/// Most rows of the table.
const MOST_NAMESPACES: usize = 200;
/// Most rows on a screen.
const MOST_ON_SCREEN: usize = 3;
/// Most namespaces without a proxy named.
const MOST_NAMES: usize = 20;

/// The namespaces, costliest first.
pub fn namespaces(plan: &Plan) -> Option<Chapter> {
    let (sums, others): (Vec<_>, Vec<_>) = namespace_sums(plan).into_iter().partition(|sum| sum.proxies > 0);
    if sums.is_empty() {
        return None;
    }
    let mut blocks = vec![namespace_table(&sums, MOST_NAMESPACES)];
    if !others.is_empty() {
        let names: Vec<String> = others.iter().map(|sum| sum.name.to_owned()).collect();
        blocks.push(Block::Paragraph(format!("Without a proxy: {}.", some_of(&names, MOST_NAMES))));
    }
    if sums.len() > 1 {
        blocks.extend(figures::namespaces(&sums));
    }
    chapter("namespaces", "Namespaces", blocks)
}

/// The costliest namespaces, for a screen.
pub fn largest_namespaces(plan: &Plan) -> Option<Chapter> {
    let sums: Vec<_> = namespace_sums(plan).into_iter().filter(|sum| sum.proxies > 0).collect();
    // A single namespace is the whole mesh, whose sums stand above.
    if sums.len() < 2 {
        return None;
    }
    chapter("namespaces", "Namespaces", vec![namespace_table(&sums, MOST_ON_SCREEN)])
}

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
        Column::number("CPU used", cpu.heading(), 1),
        Column::number("CPU reserved", cpu.heading(), 2),
        Column::number("Memory used", memory.heading(), 0),
        Column::number("Likely range", memory.heading(), 4),
        Column::number("Memory reserved", memory.heading(), 3),
        Column::number("Share of app memory", "", 5),
    ];
    let rows = sums.iter().map(|sum| {
        let name = Cell::Name(sum.name.to_owned());
        let [lower, value, upper] = sum.memory;
        let share = value / sum.app_memory;
        vec![
            name,
            Cell::Number(text::count(sum.proxies)),
            Cell::Number(cpu.number(sum.cpu)),
            Cell::Number(cpu.number(sum.cpu_requested)),
            Cell::Number(memory.number(value)),
            Cell::Number(memory.range(lower, upper)),
            Cell::Number(memory.number(sum.memory_requested)),
            if share.is_finite() { Cell::Number(text::percent(share)) } else { Cell::Empty },
        ]
    });
    table("All proxies of a namespace together, by memory", columns, rows.collect(), limit)
}
