//! How every measurement stands to every objective.

use super::amounts::figure;
use super::{LatencyReport, table};
use crate::report::document::{Block, Cell, Chapter, Column, Tone};

/// Objectives and outcomes, where there are any.
pub fn chapter(report: &LatencyReport) -> Option<Chapter> {
    report.judged().next()?;
    Some(Chapter { id: "objectives", title: "Objectives", blocks: vec![objectives(report)] })
}

fn objectives(report: &LatencyReport) -> Block {
    let columns = vec![
        Column::text("Measurement", 0),
        Column::text("Objective", 0),
        Column::number("Measured", "", 0),
        Column::text("Outcome", 0),
    ];
    let rows = report.judged().map(|(measurement, slo, outcome)| {
        let (tone, word) = match (outcome.met, outcome.certain) {
            (true, true) => (Tone::Good, "met"),
            (true, false) => (Tone::Caution, "met, but the interval reaches beyond the limit"),
            (false, false) => (Tone::Bad, "missed, but the interval reaches below the limit"),
            (false, true) => (Tone::Bad, "missed"),
        };
        vec![
            Cell::Name(measurement.name.clone()),
            Cell::Text(slo.to_string()),
            Cell::Number(figure(&outcome.measured)),
            Cell::Mark(tone, word.to_owned()),
        ]
    });
    table("Objectives", columns, rows.collect())
}
