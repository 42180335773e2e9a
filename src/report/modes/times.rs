//! What a call is held up by the mesh in each mode.

use super::super::chapters::{chapter, table};
use super::super::document::{Block, Cell, Chapter, Column, Tone};
use super::super::duration::{amount, interval};
use super::name;
use crate::estimate::Estimate;
use crate::latency::HopTime;
use crate::measurement::percent;
use crate::modes::{Comparison, ModePlan};
use crate::plan::WorkloadResponse;
use crate::units::Seconds;

/// Most rows; JSON has all.
const MOST_ROWS: usize = 120;
const READING: &str = "The time of one call between two workloads, each proxy on its way under the average load of its kind: work and mean \
    wait, without the network. Calls that come through a gateway meet that too.";

/// Per call, hop by hop, and for what was measured.
pub fn times(comparison: &Comparison) -> Option<Chapter> {
    let mut blocks = vec![per_call(comparison)];
    blocks.extend(per_hop(comparison));
    blocks.push(Block::Paragraph(READING.to_owned()));
    blocks.extend(measured(comparison));
    chapter("times", "Response times", blocks)
}

/// Per call, and for what was measured.
pub fn brief(comparison: &Comparison) -> Option<Chapter> {
    let blocks = std::iter::once(per_call(comparison)).chain(measured(comparison)).collect();
    chapter("times", "Response times", blocks)
}

fn per_call(comparison: &Comparison) -> Block {
    let columns =
        vec![Column::text("Mode", 0), Column::text("On the way", 1), Column::number("Added to a call", "", 0)];
    let rows = comparison.modes.iter().map(|mode| vec![name(mode), Cell::Text(on_the_way(mode)), added(mode)]);
    table("Time the mesh adds to a call", columns, rows.collect(), usize::MAX)
}

fn on_the_way(mode: &ModePlan) -> String {
    let hops: Vec<&str> = mode.mode.hops().iter().map(|hop| hop.name()).collect();
    if hops.is_empty() { "nothing".to_owned() } else { hops.join(", ") }
}

fn added(mode: &ModePlan) -> Cell {
    match &mode.added {
        Ok(added) if added.hops.is_empty() => Cell::Number("0 ms".to_owned()),
        Ok(added) => Cell::Number(figure(&added.total)),
        Err(_) => Cell::Mark(Tone::Bad, "proxies saturate".to_owned()),
    }
}

fn figure(time: &Estimate<Seconds>) -> String {
    interval(time.lower, time.value, time.upper)
}

fn per_hop(comparison: &Comparison) -> Option<Block> {
    let columns = vec![
        Column::text("Mode", 0),
        Column::text("Proxy", 0),
        Column::number("Work", "", 0),
        Column::number("Mean wait", "", 0),
    ];
    let hops = comparison.modes.iter().flat_map(|mode| {
        let hops: &[HopTime] = mode.added.as_ref().map_or(&[], |added| &added.hops);
        hops.iter().map(move |hop| (mode, hop))
    });
    let rows: Vec<Vec<Cell>> = hops
        .map(|(mode, hop)| {
            let (work, wait) = (figure(&hop.service), amount(hop.mean_wait));
            vec![name(mode), Cell::Text(hop.hop.name().to_owned()), Cell::Number(work), Cell::Number(wait)]
        })
        .collect();
    (!rows.is_empty()).then(|| table("Time by proxy", columns, rows, usize::MAX))
}

/// Measured response times with each mode on top.
fn measured(comparison: &Comparison) -> Option<Block> {
    let columns = vec![
        Column::text("Workload", 0),
        Column::text("At", 0),
        Column::text("Mode", 0),
        Column::number("Response time", "", 0),
        Column::text("What comes", 2),
    ];
    let first = comparison.modes.first()?;
    let mut rows = Vec::new();
    for (place, response) in first.responses.iter().enumerate() {
        for (at, (quantile, today)) in response.today.iter().enumerate() {
            let row = |mode: Cell, time: Cell, change: &str| {
                let at = Cell::Text(format!("p{}", percent(*quantile)));
                vec![Cell::Name(response.workload.clone()), at, mode, time, Cell::Text(change.to_owned())]
            };
            let as_measured = Cell::Number(interval(today.lower, today.value, today.upper));
            rows.push(row(Cell::Text("as measured".to_owned()), as_measured, &response.measurement));
            for mode in &comparison.modes {
                let Some(own) = mode.responses.get(place) else { continue };
                rows.push(row(name(mode), with_mesh(own, at), &own.change));
            }
        }
    }
    (!rows.is_empty()).then(|| table("Measured response times in each mode", columns, rows, MOST_ROWS))
}

fn with_mesh(response: &WorkloadResponse, at: usize) -> Cell {
    if response.saturated.is_some() {
        return Cell::Mark(Tone::Bad, "proxies saturate".to_owned());
    }
    let predicted = response.prediction.as_ref().and_then(|prediction| prediction.quantiles.get(at));
    predicted.map_or_else(
        || Cell::Text("not changed".to_owned()),
        |it| Cell::Number(interval(it.with_mesh.lower, it.with_mesh.value, it.with_mesh.upper)),
    )
}
