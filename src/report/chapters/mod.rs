//! Arranges a plan for a tired engineer who must decide: the answer first, its reasons after.

mod arithmetic;
mod capacity;
mod control_plane;
mod explanation;
mod features;
mod figures;
mod findings;
mod guards;
mod namespaces;
mod observability;
mod provenance;
mod resilience;
mod responses;
mod savings;
mod sent;
mod sizing;
mod summary;
mod workloads;

pub use control_plane::control_plane_explained;
pub use explanation::explanation;
pub use findings::{brief as findings_brief, of as findings_of};
pub use provenance::{coefficients, inputs_of};

use super::Reported;
use super::document::{Block, Cell, Chapter, Column, Details, Document, Table, Tone};

/// The whole report.
pub fn document(reported: Reported<'_>) -> Document {
    let Reported { plan, tuning } = reported;
    Document {
        title: "Mesh capacity plan".to_owned(),
        headline: summary::headline(plan),
        chapters: [
            summary::decisive(plan),
            summary::key_figures(plan),
            workloads::workloads(plan),
            namespaces::namespaces(plan),
            features::features(plan),
            responses::responses(plan),
            capacity::capacity(plan),
            super::scenarios::chapter(&plan.scenarios),
            resilience::resilience(plan),
            tuning.and_then(super::tuning::chapter),
            control_plane::control_plane(plan),
            savings::savings(plan),
            observability::observability(plan),
            findings::bands(plan),
            findings::findings(plan),
            provenance::assumptions(plan),
            provenance::not_modelled(plan),
            provenance::reading(plan),
            provenance::inputs(plan),
        ]
        .into_iter()
        .flatten()
        .collect(),
    }
}

/// What fits on a screen.
pub fn brief(reported: Reported<'_>) -> Document {
    let Reported { plan, tuning } = reported;
    Document {
        title: "Mesh capacity plan".to_owned(),
        headline: summary::headline(plan),
        chapters: [
            summary::decisive(plan),
            summary::brief_figures(plan),
            namespaces::largest_namespaces(plan),
            responses::brief(plan),
            super::scenarios::brief(&plan.scenarios),
            guards::brief(plan),
            tuning.and_then(super::tuning::brief_chapter),
            findings::brief(plan),
            provenance::brief(plan),
        ]
        .into_iter()
        .flatten()
        .collect(),
    }
}

/// A chapter, unless there is nothing to say.
pub(super) fn chapter(id: &'static str, title: &'static str, blocks: Vec<Block>) -> Option<Chapter> {
    if blocks.is_empty() { None } else { Some(Chapter { id, title, blocks }) }
}

/// A table of the first `limit` rows; the others are counted.
pub(super) fn table(caption: &str, columns: Vec<Column>, mut rows: Vec<Vec<Cell>>, limit: usize) -> Block {
    let omitted = rows.len().saturating_sub(limit) as u64;
    rows.truncate(limit);
    Block::Table(Table { caption: caption.to_owned(), columns, rows, omitted })
}

fn details(summary: String, blocks: Vec<Block>) -> Block {
    Block::Details(Details { summary, tone: Tone::Neutral, blocks })
}

/// Text for a list of at most `limit` names: the others are counted.
fn some_of(names: &[String], limit: usize) -> String {
    let mut text = names.iter().take(limit).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > limit {
        text.push_str(&format!(" and {} more", super::text::count((names.len() - limit) as u64)));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::report::sample;

    fn check(blocks: &[Block]) {
        for block in blocks {
            match block {
                Block::Table(table) => {
                    assert!(!table.rows.is_empty(), "{} is empty", table.caption);
                    for row in &table.rows {
                        assert_eq!(row.len(), table.columns.len(), "{}: {row:?}", table.caption);
                    }
                }
                Block::Details(details) => check(&details.blocks),
                _ => {}
            }
        }
    }

    #[test]
    fn every_row_has_a_cell_per_column_and_every_chapter_its_anchor() {
        let plan = sample::plan();
        for document in [document((&plan).into()), brief((&plan).into())] {
            let anchors: BTreeSet<&str> = document.chapters.iter().map(|chapter| chapter.id).collect();
            assert_eq!(anchors.len(), document.chapters.len());
            document.chapters.iter().for_each(|chapter| check(&chapter.blocks));
        }
    }

    #[test]
    fn rows_beyond_the_limit_are_counted() {
        let rows = vec![vec![Cell::Empty]; 5];
        let Block::Table(table) = table("", vec![Column::text("", 0)], rows, 3) else { panic!("not a table") };
        assert_eq!((table.rows.len(), table.omitted), (3, 2));
    }
}
