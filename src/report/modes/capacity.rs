//! What each mode reserves, whether it fits, and what that costs.

use super::super::chapters::{chapter, table};
use super::super::document::{Block, Cell, Chapter, Column, Tone};
use super::super::text::{self, Unit};
use super::name;
use crate::modes::{Comparison, HOURS_PER_MONTH, ModePlan};
use crate::placement::Fill;
use crate::plan::Outcome;

/// Requests, headroom, nodes.
pub fn capacity(comparison: &Comparison) -> Option<Chapter> {
    let columns = vec![
        Column::text("Mode", 0),
        Column::number("CPU requested", "", 1),
        Column::number("Memory requested", "", 1),
        Column::number("CPU free", "", 2),
        Column::number("Memory free", "", 2),
        Column::number("Nodes to add", "", 0),
        Column::text("Fits", 0),
    ];
    let cpu = Unit::for_cpu(comparison.modes.iter().map(|mode| mode.cpu_requested.to_cores().as_cores()));
    let memory = Unit::for_memory(comparison.modes.iter().map(|mode| mode.memory_requested.to_memory().as_bytes()));
    let rows = comparison.modes.iter().map(|mode| {
        vec![
            name(mode),
            Cell::Number(cpu.amount(mode.cpu_requested.to_cores().as_cores())),
            Cell::Number(memory.amount(mode.memory_requested.to_memory().as_bytes())),
            free(mode, Fill::cpu_headroom),
            free(mode, Fill::memory_headroom),
            to_add(mode),
            fits(mode),
        ]
    });
    let mut blocks = vec![table("What the mesh requests, and what is left", columns, rows.collect(), usize::MAX)];
    blocks.extend(today(comparison));
    chapter("capacity", "Capacity", blocks)
}

fn free(mode: &ModePlan, share: fn(&Fill) -> f64) -> Cell {
    mode.cluster.as_ref().map_or(Cell::Empty, |fill| Cell::Number(text::percent(share(fill))))
}

fn to_add(mode: &ModePlan) -> Cell {
    match &mode.nodes_to_add.infeasible {
        Some(_) => Cell::Mark(Tone::Bad, "none would do".to_owned()),
        None => Cell::Number(text::count(mode.nodes_to_add.count)),
    }
}

fn fits(mode: &ModePlan) -> Cell {
    match mode.outcome {
        Outcome::Fits => Cell::Mark(Tone::Good, "yes".to_owned()),
        Outcome::Tight => Cell::Mark(Tone::Caution, "policy not met".to_owned()),
        Outcome::DoesNotFit => Cell::Mark(Tone::Bad, format!("not {}", text::counted(mode.unplaced, "pod", "pods"))),
        Outcome::Unjudged => Cell::Empty,
    }
}

fn today(comparison: &Comparison) -> Option<Block> {
    let fill = comparison.today.as_ref()?;
    Some(Block::Paragraph(format!(
        "Today {} of CPU and {} of memory are free on {}. Pods keep their node where they still fit; nodes that a mode \
         would make superfluous are not counted.",
        text::percent(fill.cpu_headroom()),
        text::percent(fill.memory_headroom()),
        text::counted(comparison.nodes, "node", "nodes"),
    )))
}

/// Money for a month, where the policy has a price.
pub fn money(comparison: &Comparison) -> Option<Chapter> {
    let price = comparison.policy.node_pool.price_per_hour;
    if price.amount() <= 0.0 {
        return None;
    }
    let columns = vec![
        Column::text("Mode", 0),
        Column::number("Nodes to add", "per month", 0),
        Column::number("Requests, in nodes", "", 1),
        Column::number("Requests", "per month", 0),
    ];
    let rows = comparison.modes.iter().map(|mode| {
        vec![
            name(mode),
            Cell::Number(text::money(mode.price_of_nodes())),
            Cell::Number(text::significant(mode.worth_in_nodes)),
            Cell::Number(text::money(mode.price_of_requests(price))),
        ]
    });
    let note = format!(
        "{} for a node ({}), {HOURS_PER_MONTH:.0} hours a month. Nodes to add are what has to be bought now; requests are what \
         the mesh takes of nodes, bought or not, by the scarcer of CPU and memory.",
        text::money(price.amount()),
        comparison.policy.node_pool.name,
    );
    let blocks = vec![table("Money", columns, rows.collect(), usize::MAX), Block::Paragraph(note)];
    chapter("money", "Money", blocks)
}
