//! The answer: which mode uses least.

use super::super::document::{Headline, Tone};
use super::super::text;
use crate::modes::{Comparison, MeshMode, ModePlan, Saving, Sureness};
use crate::plan::Outcome;
use crate::units::Quantity;

/// Which mesh uses least memory and which least CPU, and what does not fit.
pub fn headline(comparison: &Comparison) -> Headline {
    let meshes: Vec<&ModePlan> = comparison.modes.iter().filter(|mode| mode.mode != MeshMode::None).collect();
    let least =
        |amount: fn(&ModePlan) -> f64| meshes.iter().copied().reduce(|a, b| if amount(b) < amount(a) { b } else { a });
    let (Some(memory), Some(cpu)) = (least(|mode| mode.memory.value.base()), least(|mode| mode.cpu.value.base()))
    else {
        let sentence = "Without a mesh nothing is used: there is nothing to compare.".to_owned();
        return Headline { badge: "no mesh", tone: Tone::Neutral, sentence, advice: Vec::new() };
    };
    let (of_memory, of_cpu) = (text::memory(memory.memory.value.as_bytes()), text::cpu(cpu.cpu.value.as_cores()));
    let sentence = if memory.mode == cpu.mode {
        format!("{} uses least: {of_memory} of memory and {of_cpu} of CPU.", memory.mode)
    } else {
        format!("{} uses least memory, {of_memory}; {} least CPU, {of_cpu}.", memory.mode, cpu.mode)
    };
    let mut advice = Vec::new();
    advice.extend(open("memory", &comparison.memory_savings));
    advice.extend(open("CPU", &comparison.cpu_savings));
    let misfits: Vec<&str> =
        meshes.iter().filter(|mode| mode.outcome == Outcome::DoesNotFit).map(|mode| mode.mode.name()).collect();
    if !misfits.is_empty() {
        advice.push(format!("Not all pods have a place with {}: add nodes first.", misfits.join(", ")));
    }
    let nodes: Vec<String> = meshes
        .iter()
        .filter(|mode| mode.nodes_to_add.count > 0)
        .map(|mode| format!("{} with {}", text::count(mode.nodes_to_add.count), mode.mode))
        .collect();
    if !nodes.is_empty() {
        advice.push(format!("Nodes to add: {}.", nodes.join(", ")));
    }
    Headline { badge: memory.mode.name(), tone: Tone::Neutral, sentence, advice }
}

/// Modes that cannot be told apart from the one with the lowest figure.
fn open<Q>(of: &str, savings: &[Saving<Q>]) -> Option<String> {
    let open: Vec<&str> =
        savings.iter().filter(|saving| saving.sureness() == Sureness::Open).map(|saving| saving.more.name()).collect();
    let less = savings.first()?.less;
    (!open.is_empty()).then(|| format!("Whether {less} uses less {of} than {} is open.", open.join(" or ")))
}
