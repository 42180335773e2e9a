//! How the figures of proxies came about, written once for all workloads that share them.

use super::super::derivation;
use super::super::document::Block;
use super::super::text::{self, CORES, MIB};
use super::workloads::name;
use super::{details, some_of};
use crate::overhead::ProxyCost;
use crate::plan::WorkloadPlan;

/// Most distinct derivations of memory written out.
const MOST_DERIVATIONS: usize = 100;
/// Most derivations of CPU below one of memory.
const MOST_CPU_LINES: usize = 10;
/// Most workloads named below one derivation.
const MOST_NAMES: usize = 20;

/// Workloads whose memory has the same derivation.
struct Group {
    /// Memory, start-up peak and assumptions.
    memory: Vec<String>,
    /// Derivations of CPU and the workloads that have them.
    cpu: Vec<(String, Vec<String>)>,
    /// All workloads.
    names: Vec<String>,
}

/// The arithmetic of some workloads, in their order.
pub fn derivations(workloads: &[&WorkloadPlan]) -> Option<Block> {
    let groups = grouped(workloads);
    let distinct = groups.len();
    let mut blocks: Vec<Block> = groups.into_iter().take(MOST_DERIVATIONS).map(explained).collect();
    if blocks.is_empty() {
        return None;
    }
    if distinct > MOST_DERIVATIONS {
        blocks.push(Block::Paragraph(format!(
            "{} further derivations are not written out; the JSON output has every one.",
            text::count((distinct - MOST_DERIVATIONS) as u64)
        )));
    }
    let number = text::counted(distinct as u64, "derivation", "distinct derivations");
    Some(details(format!("The arithmetic: {number}"), blocks))
}

/// The arithmetic of one proxy.
pub fn lines(proxy: &ProxyCost) -> Vec<String> {
    let mut lines = memory_lines(proxy);
    lines.extend(derivation::line(&proxy.cpu, CORES).map(|line| format!("CPU: {line}")));
    lines
}

fn grouped(workloads: &[&WorkloadPlan]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for workload in workloads {
        let Some(proxy) = &workload.proxy else { continue };
        let (memory, cpu) = (memory_lines(proxy), derivation::line(&proxy.cpu, CORES));
        if memory.is_empty() && cpu.is_none() {
            continue;
        }
        let at = groups.iter().position(|group| group.memory == memory).unwrap_or(groups.len());
        if at == groups.len() {
            groups.push(Group { memory, cpu: Vec::new(), names: Vec::new() });
        }
        if let Some(group) = groups.get_mut(at) {
            group.add(name(workload), cpu);
        }
    }
    groups
}

impl Group {
    fn add(&mut self, name: String, cpu: Option<String>) {
        self.names.push(name.clone());
        let Some(cpu) = cpu else { return };
        match self.cpu.iter_mut().find(|(line, _)| *line == cpu) {
            Some((_, names)) => names.push(name),
            None => self.cpu.push((cpu, vec![name])),
        }
    }
}

fn memory_lines(proxy: &ProxyCost) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(derivation::line(&proxy.memory, MIB).map(|line| format!("Memory: {line}")));
    lines.extend(derivation::line(&proxy.startup_memory, MIB).map(|line| format!("Start-up peak: {line}")));
    lines.extend(proxy.measured.as_ref().map(|measured| format!("Memory {}", measured.in_words())));
    lines.extend(derivation::assumptions(&proxy.memory.basis));
    if proxy.cpu.basis.assumptions != proxy.memory.basis.assumptions {
        lines.extend(derivation::assumptions(&proxy.cpu.basis));
    }
    lines
}

fn explained(group: Group) -> Block {
    let figure = group.memory.first().and_then(|line| line.split(" = ").next()).unwrap_or("CPU");
    let summary = match &*group.names {
        [one] => format!("{figure} in {one}"),
        many => format!("{figure} in {}", text::counted(many.len() as u64, "workload", "workloads")),
    };
    let alone = group.names.len() == 1;
    let cpu = group.cpu.iter().take(MOST_CPU_LINES).map(|(line, names)| {
        if alone { format!("CPU: {line}") } else { format!("CPU in {}: {line}", some_of(names, MOST_NAMES)) }
    });
    let mut lines = group.memory;
    lines.extend(cpu);
    if group.cpu.len() > MOST_CPU_LINES {
        let number = text::count((group.cpu.len() - MOST_CPU_LINES) as u64);
        lines.push(format!("{number} further derivations of CPU are in the JSON output"));
    }
    let mut blocks = vec![Block::List(lines)];
    // The lines on CPU name every workload, unless they were cut or there are none.
    if !alone && (group.cpu.is_empty() || group.cpu.len() > MOST_CPU_LINES) {
        blocks.push(Block::Paragraph(format!("Workloads: {}.", some_of(&group.names, MOST_NAMES))));
    }
    details(summary, blocks)
}
