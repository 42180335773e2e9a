//! Scenarios side by side: arranged as a document, as a chapter of a plan, and as JSON.

mod answers;
mod course;
mod course_json;
mod json;
mod table;
mod words;

#[cfg(feature = "schema")]
pub use json::schema;
pub use json::{ScenarioRow, render as json};

use super::document::{Block, Chapter, Document, Headline, Tone};
use super::text;
use crate::finding::Finding;
use crate::scenario::Matrix;

/// Scenarios of one cluster.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ScenarioReport {
    /// Version of Kubernetes whose rules hold.
    pub version: String,
    /// The rows.
    pub matrix: Matrix,
    /// What was noticed.
    pub findings: Vec<Finding>,
}

/// The report as a document.
pub fn document(report: &ScenarioReport) -> Document {
    let chapters = [chapter(&report.matrix), super::chapters::findings_of(&report.findings)];
    Document {
        title: "What if".to_owned(),
        headline: headline(report),
        chapters: chapters.into_iter().flatten().collect(),
    }
}

/// The rows, what they miss, and what their questions found; nothing without scenarios.
pub fn chapter(matrix: &Matrix) -> Option<Chapter> {
    if matrix.rows.is_empty() {
        return None;
    }
    let mut blocks = vec![table::matrix(matrix)];
    blocks.extend(table::headroom(matrix));
    blocks.extend(table::missed(matrix));
    for row in &matrix.rows {
        blocks.extend(answers::answer(row));
    }
    blocks.push(Block::Paragraph(
        "Pods are placed by the rules of Kubernetes' scheduler, ties on the first node; the plan's own figures come from \
         first fit by size, so that a pod more or less may differ."
            .to_owned(),
    ));
    Some(Chapter { id: "scenarios", title: "What if", blocks })
}

fn headline(report: &ScenarioReport) -> Headline {
    let rows = &report.matrix.rows;
    let missed: Vec<&str> = rows.iter().filter(|row| !row.is_met()).map(|row| row.name.as_str()).collect();
    let homeless = rows.iter().filter(|row| !row.unplaced.is_empty()).count() as u64;
    let (badge, tone) = match (missed.len(), homeless) {
        (0, _) => ("holds", Tone::Good),
        (_, 0) => ("tight", Tone::Caution),
        _ => ("does not hold", Tone::Bad),
    };
    let all = text::counted(rows.len() as u64, "row", "rows");
    let sentence = match missed.len() as u64 {
        0 => format!("The policy holds in all of {all}, by the rules of Kubernetes {}.", report.version),
        number => {
            let homeless = match homeless {
                0 => String::new(),
                _ => format!("; pods have no node in {}", text::count(homeless)),
            };
            let number = text::count(number);
            format!(
                "The policy is missed in {number} of {all}, by the rules of Kubernetes {}{homeless}.",
                report.version
            )
        }
    };
    Headline { badge, tone, sentence, advice: in_short(&report.matrix) }
}

/// What a plan's summary says of its scenarios; nothing without any.
pub fn brief(matrix: &Matrix) -> Option<Chapter> {
    if matrix.rows.is_empty() {
        return None;
    }
    Some(Chapter { id: "scenarios", title: "What if", blocks: vec![Block::List(in_short(matrix))] })
}

/// The first few rows that have something to say.
fn in_short(matrix: &Matrix) -> Vec<String> {
    const SHOWN: usize = 7;
    let all: Vec<String> = matrix.rows.iter().filter_map(words::advice).collect();
    let more = all.len().saturating_sub(SHOWN);
    let mut shown: Vec<String> = all.into_iter().take(SHOWN).collect();
    if more > 0 {
        shown.push(format!("{} below.", text::counted(more as u64, "further scenario", "further scenarios")));
    }
    shown
}
