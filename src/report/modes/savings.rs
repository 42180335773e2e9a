//! Which mode uses less than which, and how sure that is.

use super::super::chapters::{chapter, table};
use super::super::document::{Block, Cell, Chapter, Column, Tone};
use super::super::text::{self, Unit};
use crate::modes::{Comparison, Saving, Sureness};
use crate::units::Quantity;

const READING: &str = "A difference is taken part by part: what is alike in both modes errs alike, and cancels. Its range is therefore \
    narrower than those of the totals; an order is sure from 95 %, likely from 80 %.";

/// Every mesh against the one that uses least.
pub fn savings(comparison: &Comparison) -> Option<Chapter> {
    let columns = vec![
        Column::text("Of", 0),
        Column::text("Less", 0),
        Column::text("than", 0),
        Column::number("Difference", "", 0),
        Column::number("likely", "", 1),
        Column::text("Sure", 0),
    ];
    let memory = Unit::for_memory(comparison.memory_savings.iter().map(|saving| saving.value.base()));
    let cpu = Unit::for_cpu(comparison.cpu_savings.iter().map(|saving| saving.value.base()));
    let rows: Vec<Vec<Cell>> = comparison
        .memory_savings
        .iter()
        .map(|saving| row("memory", saving, memory))
        .chain(comparison.cpu_savings.iter().map(|saving| row("CPU", saving, cpu)))
        .collect();
    if rows.is_empty() {
        return None;
    }
    let blocks = vec![
        table("Differences, and how sure they are", columns, rows, usize::MAX),
        Block::Paragraph(READING.to_owned()),
    ];
    chapter("savings", "Which uses less", blocks)
}

fn row<Q: Quantity>(of: &str, saving: &Saving<Q>, unit: Unit) -> Vec<Cell> {
    let likely = format!("{} to {}", unit.number(saving.lower.base()), unit.amount(saving.upper.base()));
    vec![
        Cell::Text(of.to_owned()),
        Cell::Name(saving.less.name().to_owned()),
        Cell::Name(saving.more.name().to_owned()),
        Cell::Number(unit.amount(saving.value.base())),
        Cell::Number(likely),
        sure(saving),
    ]
}

fn sure<Q>(saving: &Saving<Q>) -> Cell {
    let share = match saving.probability.get() {
        0.995.. => "over 99 %".to_owned(),
        probability => text::percent(probability),
    };
    match saving.sureness() {
        Sureness::Sure => Cell::Mark(Tone::Good, format!("sure, {share}")),
        Sureness::Likely => Cell::Mark(Tone::Caution, format!("likely, {share}")),
        Sureness::Open => Cell::Mark(Tone::Neutral, format!("open, {share}")),
    }
}
