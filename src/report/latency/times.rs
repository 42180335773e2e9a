//! Percentiles of every measurement.

use super::amounts::{alone, figure};
use super::{CONFIDENCE, LatencyReport, percentiles, table};
use crate::measurement::{Measurement, QUANTILES};
use crate::report::document::{Block, Cell, Chapter, Column};
use crate::report::text;

/// How the intervals are to be read.
const READING: &str = "Each figure stands with the interval that holds the true quantile with 90 % confidence: what the \
    buckets of the source leave open, and what so many independent samples can tell. Samples of one run are not \
    quite independent, and other runs differ by more.";

/// Percentiles with their intervals, where something was measured; `common` are words all names share and none shows.
pub fn chapter(report: &LatencyReport, common: &str) -> Option<Chapter> {
    report.all().next()?;
    let mut blocks = vec![times(report, common), Block::Paragraph(READING.to_owned())];
    blocks.extend(percentiles::chart(report).map(Block::Chart));
    Some(Chapter { id: "times", title: "Response times", blocks })
}

fn times(report: &LatencyReport, common: &str) -> Block {
    let all: Vec<&Measurement> = report.all().collect();
    let quantiles = [("p50", 1), ("p90", 2), ("p99", 0), ("p99.9", 3)];
    let mut columns = vec![Column::text("Measurement", 0)];
    columns.extend(quantiles.map(|(name, rank)| Column::number(name, "", rank)));
    columns.extend([Column::number("Mean", "", 5), Column::number("Requests", "", 4), Column::text("Kind", 6)]);
    let row = |measurement: &&Measurement| {
        let distribution = &measurement.distribution;
        let base = report.base.as_ref().is_some_and(|base| std::ptr::eq(base, *measurement));
        let name = if base { format!("base: {}", measurement.name) } else { measurement.name.clone() };
        let mut cells = vec![Cell::Name(name)];
        cells.extend(QUANTILES.map(|(_, quantile)| Cell::Number(figure(&distribution.interval(quantile, CONFIDENCE)))));
        let samples = distribution.samples();
        cells.extend([
            Cell::Number(alone(&distribution.mean())),
            samples.map_or_else(|| Cell::Text(text::UNKNOWN.to_owned()), |samples| Cell::Number(text::count(samples))),
            Cell::Text(measurement.format.to_owned()),
        ]);
        cells
    };
    let of = if common.is_empty() { String::new() } else { format!(", all of {common}") };
    table(&format!("Percentiles with their 90 % intervals{of}"), columns, all.iter().map(row).collect())
}
