//! Percentiles of every measurement.

use super::amounts::figure;
use super::{CONFIDENCE, LatencyReport, percentiles, table};
use crate::measurement::{Measurement, QUANTILES};
use crate::report::document::{Block, Cell, Chapter, Column};
use crate::report::duration::amount;
use crate::report::text;

/// How the intervals are to be read.
const READING: &str = "Each figure stands with the interval that holds the true quantile with 90 % confidence: what the \
    buckets of the source leave open, and what so many independent samples can tell. Samples of one run are not \
    quite independent, and other runs differ by more.";

/// Percentiles with their intervals.
pub fn chapter(report: &LatencyReport) -> Option<Chapter> {
    let mut blocks = vec![times(report), Block::Paragraph(READING.to_owned())];
    blocks.extend(percentiles::chart(report).map(Block::Chart));
    Some(Chapter { id: "times", title: "Response times", blocks })
}

fn times(report: &LatencyReport) -> Block {
    let all: Vec<&Measurement> = report.all().collect();
    let mut columns = vec![Column::text("Measurement", 0), Column::text("Kind", 4), Column::number("Requests", "", 2)];
    columns
        .extend([("p50", 0), ("p90", 1), ("p99", 0), ("p99.9", 2)].map(|(name, rank)| Column::number(name, "", rank)));
    columns.push(Column::number("Mean", "", 3));
    let row = |measurement: &&Measurement| {
        let distribution = &measurement.distribution;
        let base = report.base.as_ref().is_some_and(|base| std::ptr::eq(base, *measurement));
        let name = if base { format!("base: {}", measurement.name) } else { measurement.name.clone() };
        let mut cells = vec![
            Cell::Name(name),
            Cell::Text(measurement.format.to_owned()),
            distribution
                .samples()
                .map_or(Cell::Text("not known".to_owned()), |samples| Cell::Number(text::count(samples))),
        ];
        cells.extend(QUANTILES.map(|(_, quantile)| Cell::Number(figure(&distribution.interval(quantile, CONFIDENCE)))));
        cells.push(Cell::Number(amount(distribution.mean().value)));
        cells
    };
    table("Percentiles with their 90 % intervals", columns, all.iter().map(row).collect())
}
