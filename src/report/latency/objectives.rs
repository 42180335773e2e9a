//! How every measurement stands to every objective.

use super::amounts::figure;
use super::{LatencyReport, table};
use crate::report::document::{Block, Cell, Chapter, Column, Tone};

/// What a lack of certainty means.
const DOUBT: &str = "Not certain: the figure is on that side of the limit, but its 90 % interval reaches across; measure \
    longer, or with finer buckets.";

/// Objectives and outcomes, where there are any.
pub fn chapter(report: &LatencyReport) -> Option<Chapter> {
    report.judged().next()?;
    let mut blocks = vec![objectives(report)];
    if report.judged().any(|(_, _, outcome)| !outcome.certain) {
        blocks.push(Block::Paragraph(DOUBT.to_owned()));
    }
    Some(Chapter { id: "objectives", title: "Objectives", blocks })
}

fn objectives(report: &LatencyReport) -> Block {
    let columns = vec![
        Column::text("Measurement", 0),
        Column::text("Objective", 0),
        Column::number(if report.predictions.is_empty() { "Measured" } else { "Measured or predicted" }, "", 1),
        Column::text("Outcome", 0),
    ];
    let rows = report.judged().map(|(name, slo, outcome)| {
        let (tone, word) = match (outcome.met, outcome.certain) {
            (true, true) => (Tone::Good, "met"),
            (true, false) => (Tone::Caution, "met, not certain"),
            (false, false) => (Tone::Bad, "missed, not certain"),
            (false, true) => (Tone::Bad, "missed"),
        };
        vec![
            Cell::Name(name.to_owned()),
            Cell::Text(slo.to_string()),
            Cell::Number(figure(&outcome.measured)),
            Cell::Mark(tone, word.to_owned()),
        ]
    });
    table("Objectives", columns, rows.collect())
}
