//! What questions found, each with its table.

use super::super::chapters::table;
use super::super::document::{Block, Cell, Column, Tone};
use super::super::text;
use super::{course, words};
use crate::scenario::{Answer, EnrolStep, Loss, Row, ShapeAnswer};

/// Most rows of a table; JSON has all.
const MOST_ROWS: usize = 15;

/// A sentence and, where there is more to say, a table.
pub fn answer(row: &Row) -> Vec<Block> {
    let Some(sentence) = words::answer(row) else { return Vec::new() };
    let mut blocks = vec![Block::Paragraph(sentence)];
    match &row.answer {
        Some(Answer::Shapes { pods, shapes }) if *pods > 0 => blocks.push(of_shapes(&row.name, shapes)),
        Some(Answer::Losses(losses)) if losses.len() > 1 => blocks.push(of_losses(&row.name, losses)),
        Some(Answer::Courses(courses)) => {
            blocks.extend(courses.iter().skip(1).map(|it| Block::Paragraph(course::sentence(&row.name, it))));
            blocks.extend(courses.iter().flat_map(|it| course::blocks(&row.name, it)));
        }
        Some(Answer::Enrolment(steps)) if !steps.is_empty() => blocks.push(of_steps(&row.name, steps)),
        _ => {}
    }
    blocks
}

fn of_shapes(name: &str, shapes: &[ShapeAnswer]) -> Block {
    let columns = vec![
        Column::text("Shape", 0),
        Column::number("Nodes", "", 0),
        Column::number("At least", "", 2),
        Column::number("Price", "per hour", 0),
        Column::number("DaemonSets take", "", 2),
        Column::number("Fit on none", "pods", 1),
    ];
    let rows = shapes.iter().map(|shape| {
        vec![
            Cell::Name(shape.shape.clone()),
            Cell::Number(text::count(shape.nodes)),
            Cell::Number(text::count(shape.at_least)),
            Cell::Number(text::money(shape.price.amount())),
            Cell::Number(text::percent(shape.daemon_share.get())),
            Cell::Number(text::count(shape.impossible)),
        ]
    });
    table(&format!("{name}: shapes of nodes, cheapest first"), columns, rows.collect(), MOST_ROWS)
}

fn of_losses(name: &str, losses: &[Loss]) -> Block {
    let columns = vec![
        Column::text("Lost", 0),
        Column::number("Pods that move", "", 0),
        Column::number("No node", "", 0),
        Column::text("Why", 1),
    ];
    let rows = losses.iter().map(|loss| {
        vec![
            Cell::Name(loss.member.clone()),
            Cell::Number(text::count(loss.moved)),
            Cell::Number(text::count(loss.unplaced)),
            if loss.reason.is_empty() { Cell::Empty } else { Cell::Text(loss.reason.clone()) },
        ]
    });
    table(&format!("{name}: each loss, worst first"), columns, rows.collect(), MOST_ROWS)
}

fn of_steps(name: &str, steps: &[EnrolStep]) -> Block {
    let columns = vec![
        Column::text("Namespace joins", 0),
        Column::number("Pods", "", 2),
        Column::number("No node", "", 0),
        Column::number("CPU free", "", 1),
        Column::number("Memory free", "", 1),
        Column::text("Newly missed", 0),
    ];
    let rows = steps.iter().map(|step| {
        let kinds: Vec<&str> = step.missed.iter().map(|kind| words::kind(*kind)).collect();
        let missed = match kinds.is_empty() {
            true => Cell::Mark(Tone::Good, "nothing".to_owned()),
            false => Cell::Mark(Tone::Caution, kinds.join(", ")),
        };
        vec![
            Cell::Name(step.namespace.clone()),
            Cell::Number(text::count(step.pods)),
            Cell::Number(text::count(step.unplaced)),
            Cell::Number(text::percent(step.cpu_headroom)),
            Cell::Number(text::percent(step.memory_headroom)),
            missed,
        ]
    });
    table(&format!("{name}: one namespace after the other"), columns, rows.collect(), MOST_ROWS)
}
