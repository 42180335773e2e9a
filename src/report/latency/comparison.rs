//! How every measurement differs from the base.

use super::amounts::{signed, word};
use super::{LatencyReport, table};
use crate::measurement::{Difference, Measurement, Outcome, percent};
use crate::report::document::{
    Block, Cell, Chapter, Chart, ChartData, Column, DifferenceGroup, DifferenceRow, Span, Tone,
};
use crate::report::duration::amount;

/// Most measurements whose differences are drawn.
const MOST_GROUPS: usize = 6;

/// Differences from the base, where there is one.
pub fn chapter(report: &LatencyReport) -> Option<Chapter> {
    let base = report.base.as_ref()?;
    Some(Chapter { id: "comparison", title: "Comparison", blocks: comparison(report, base) })
}

fn comparison(report: &LatencyReport, base: &Measurement) -> Vec<Block> {
    let columns = vec![
        Column::text("Measurement", 0),
        Column::text("At", 0),
        Column::number("Base", "", 3),
        Column::number("Here", "", 2),
        Column::number("Difference", "", 1),
        Column::text("Verdict", 0),
    ];
    let pairs = report.compared();
    let rows = pairs.flat_map(|(measurement, comparison)| {
        comparison.differences.iter().map(|difference| {
            vec![
                Cell::Name(measurement.name.clone()),
                Cell::Text(format!("p{}", percent(difference.quantile))),
                Cell::Number(amount(difference.base)),
                Cell::Number(amount(difference.other)),
                Cell::Number(signed(difference)),
                Cell::Mark(tone(difference.outcome), word(difference.outcome).to_owned()),
            ]
        })
    });
    let note = format!(
        "Differences from {}. All four intervals of a measurement hold together with 90 % confidence, for what samples \
         and buckets leave open; repeat both runs to see what changes from day to day.",
        base.name
    );
    let mut blocks = vec![table("Differences from the base", columns, rows.collect()), Block::Paragraph(note)];
    blocks.extend(chart(report).map(Block::Chart));
    blocks
}

/// The differences of the first measurements as intervals around zero.
fn chart(report: &LatencyReport) -> Option<Chart> {
    let groups: Vec<DifferenceGroup> = report
        .compared()
        .take(MOST_GROUPS)
        .map(|(measurement, comparison)| DifferenceGroup {
            label: measurement.name.clone(),
            rows: comparison.differences.iter().map(row).collect(),
        })
        .collect();
    let words = groups.iter().map(|group| {
        let rows = group.rows.iter().map(|row| format!("p{} {}", percent(row.quantile), row.words));
        format!("{}: {}", group.label, rows.collect::<Vec<_>>().join(", "))
    });
    let alt = format!("Added response time. {}.", words.collect::<Vec<_>>().join("; "));
    let mut caption =
        "Right of zero is slower than the base, left of it faster; an interval across zero may be nothing. \
                       Lines that run out of the plot have no mark at their end."
            .to_owned();
    if report.comparisons.len() > groups.len() {
        caption.push_str(&format!(" The first {} are drawn; the table has the others.", groups.len()));
    }
    let data = ChartData::Differences(groups);
    (!data.is_empty()).then_some(Chart { title: "Added response time", caption, alt, data })
}

fn row(difference: &Difference) -> DifferenceRow {
    DifferenceRow {
        quantile: difference.quantile,
        added: Span { lower: difference.lower, value: difference.value, upper: difference.upper },
        tone: tone(difference.outcome),
        words: signed(difference),
    }
}

fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::WithinNoise => Tone::Neutral,
        Outcome::Slower => Tone::Caution,
        Outcome::Faster => Tone::Good,
    }
}
