//! What was noticed in some modes alone.

use super::super::chapters::{chapter, table};
use super::super::document::{Cell, Chapter, Column};
use super::super::text;
use super::name;
use crate::modes::Comparison;

/// Most rows; JSON has all.
const MOST_ROWS: usize = 100;

/// Findings that not every mode has.
pub fn of_modes(comparison: &Comparison) -> Option<Chapter> {
    let columns = vec![
        Column::text("Mode", 0),
        Column::text("Finding", 0),
        Column::text("Subject", 1),
        Column::text("Case", 0),
        Column::number("Stands for", "", 2),
    ];
    let findings = comparison.modes.iter().flat_map(|mode| mode.findings.iter().map(move |finding| (mode, finding)));
    let rows: Vec<Vec<Cell>> = findings
        .map(|(mode, finding)| {
            vec![
                name(mode),
                Cell::Name(finding.kind.id.to_owned()),
                Cell::Name(finding.subject.clone()),
                Cell::Text(finding.message.clone()),
                Cell::Number(text::count(finding.count)),
            ]
        })
        .collect();
    if rows.is_empty() {
        return None;
    }
    chapter("mode-findings", "Findings of some modes", vec![table("Findings of some modes", columns, rows, MOST_ROWS)])
}
