//! How every measurement differs from the base.

use super::amounts::{amount, signed, word};
use super::{LatencyReport, table};
use crate::measurement::{Measurement, Outcome, percent};
use crate::report::document::{Block, Cell, Chapter, Column, Tone};

/// Differences from the base, where there is one.
pub fn chapter(report: &LatencyReport) -> Option<Chapter> {
    let base = report.base.as_ref()?;
    Some(Chapter { id: "comparison", title: "Comparison", blocks: comparison(report, base) })
}

fn comparison(report: &LatencyReport, base: &Measurement) -> Vec<Block> {
    let columns = vec![
        Column::text("Measurement", 0),
        Column::text("At", 0),
        Column::number("Base", "", 2),
        Column::number("Here", "", 2),
        Column::number("Difference", "", 0),
        Column::text("Verdict", 0),
    ];
    let pairs = report.compared();
    let rows = pairs.flat_map(|(measurement, comparison)| {
        comparison.differences.iter().map(|difference| {
            let tone = match difference.outcome {
                Outcome::WithinNoise => Tone::Neutral,
                Outcome::Slower => Tone::Caution,
                Outcome::Faster => Tone::Good,
            };
            vec![
                Cell::Name(measurement.name.clone()),
                Cell::Text(format!("p{}", percent(difference.quantile))),
                Cell::Number(amount(difference.base)),
                Cell::Number(amount(difference.other)),
                Cell::Number(signed(difference)),
                Cell::Mark(tone, word(difference.outcome).to_owned()),
            ]
        })
    });
    let note = format!(
        "Differences from {}. All four intervals of a measurement hold together with 90 % confidence, for what samples \
         and buckets leave open; repeat both runs to see what changes from day to day.",
        base.name
    );
    vec![table("Differences from the base", columns, rows.collect()), Block::Paragraph(note)]
}
