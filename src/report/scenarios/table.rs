//! The rows as a table and a chart, and what they miss.

use super::super::chapters::table;
use super::super::document::{Block, Cell, Chart, ChartData, Column, HeadroomBar, HeadroomPlot, Tone};
use super::super::text;
use super::words;
use crate::scenario::{CheckKind, Matrix, Row};

/// Most bars of the chart.
const MOST_BARS: usize = 24;

/// One row per scenario.
pub fn matrix(matrix: &Matrix) -> Block {
    let has_price = matrix.rows.iter().any(|row| row.nodes_to_add.price.amount() > 0.0);
    let mut columns = vec![
        Column::text("Scenario", 0),
        Column::number("No node", "", 0),
        Column::number("Move", "", 4),
        Column::number("CPU free", "", 1),
        Column::number("Memory free", "", 1),
        Column::number("Nodes", "", 3),
        Column::number("To add", "", 2),
    ];
    if has_price {
        columns.push(Column::number("Price", "per hour", 5));
    }
    columns.extend([Column::text("Worst", 4), Column::text("Policy", 0), Column::text("Runs out first", 3)]);
    let rows = matrix.rows.iter().map(|row| {
        let number = |number: u64| Cell::Number(text::count(number));
        let has_nodes = row.nodes > 0;
        let free = |share: f64| if has_nodes { Cell::Number(text::percent(share)) } else { Cell::Empty };
        let mut cells = vec![
            Cell::Name(row.name.clone()),
            number(row.unplaced.len() as u64),
            number(row.moved),
            free(row.fill.cpu_headroom()),
            free(row.fill.memory_headroom()),
            number(row.nodes),
            to_add(row),
        ];
        if has_price {
            cells.push(Cell::Number(text::money(row.nodes_to_add.price.amount())));
        }
        cells.extend([
            row.worst.as_ref().map_or(Cell::Empty, |worst| Cell::Name(worst.member.clone())),
            policy(row),
            if row.binding.is_empty() { Cell::Empty } else { Cell::Text(row.binding.clone()) },
        ]);
        cells
    });
    let caption = "Scenarios side by side: pods without a node, and what stays free where the others are";
    table(caption, columns, rows.collect(), usize::MAX)
}

fn to_add(row: &Row) -> Cell {
    match &row.nodes_to_add.infeasible {
        Some(_) => Cell::Mark(Tone::Bad, "none would do".to_owned()),
        None => Cell::Number(text::count(row.nodes_to_add.count)),
    }
}

fn policy(row: &Row) -> Cell {
    if row.is_met() {
        return Cell::Mark(Tone::Good, "met".to_owned());
    }
    let first = row.checks.iter().find(|check| !check.met).map_or("", |check| words::kind(check.kind));
    let tone = if row.unplaced.is_empty() { Tone::Caution } else { Tone::Bad };
    Cell::Mark(tone, format!("missed: {first}"))
}

/// Everything that is missed; where a row misses just what the first one does, the first one says it.
pub fn missed(matrix: &Matrix) -> Option<Block> {
    let columns = vec![Column::text("Scenario", 0), Column::text("What is missed", 0)];
    let first = matrix.rows.first()?;
    let says_more = |(number, row): &(usize, &Row)| *number == 0 || row.checks != first.checks;
    let rows: Vec<Vec<Cell>> = matrix
        .rows
        .iter()
        .enumerate()
        .filter(says_more)
        .flat_map(|(_, row)| row.checks.iter().filter(|check| !check.met).map(move |check| (row, check)))
        .map(|(row, check)| vec![Cell::Name(row.name.clone()), Cell::Text(words::missed(check))])
        .collect();
    (!rows.is_empty()).then(|| table("What the policy asks for and does not get", columns, rows, 60))
}

/// What stays free in each scenario.
pub fn headroom(matrix: &Matrix) -> Option<Block> {
    let shown: Vec<&Row> = matrix.rows.iter().filter(|row| row.nodes > 0).take(MOST_BARS).collect();
    let first = shown.first()?;
    let target = first.checks.iter().find(|check| check.kind == CheckKind::CpuHeadroom).map(|check| check.limit);
    let rows: Vec<HeadroomBar> = shown
        .iter()
        .map(|row| HeadroomBar {
            label: row.name.clone(),
            cpu: row.fill.cpu_headroom(),
            memory: row.fill.memory_headroom(),
            unplaced: row.unplaced.len() as u64,
        })
        .collect();
    let left_out = matrix.rows.iter().filter(|row| row.nodes > 0).count() - rows.len();
    let mut caption =
        "Bars: share of allocatable that no pod requests. Left of zero more is requested than there is; pods \
                       without a node request nothing here and are counted beside the bars."
            .to_owned();
    if left_out > 0 {
        caption.push_str(&format!(
            " Not drawn: {}.",
            text::counted(left_out as u64, "further scenario", "further scenarios")
        ));
    }
    let words: Vec<String> = rows
        .iter()
        .take(6)
        .map(|row| {
            format!("{} {} of CPU and {} of memory", row.label, text::percent(row.cpu), text::percent(row.memory))
        })
        .collect();
    let alt = format!("Headroom by scenario: {}.", words.join(", "));
    let data = ChartData::Headroom(HeadroomPlot { rows, target });
    Some(Block::Chart(Chart { title: "Headroom by scenario", caption, alt, data }))
}
