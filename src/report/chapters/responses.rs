//! Response times of workloads, as measured and with the proxies that come.

use super::{chapter, table};
use crate::measurement::{QuantileEstimate, percent};
use crate::plan::{Plan, ResponseObjective, WorkloadResponse};
use crate::report::document::{Block, Cell, Chapter, Column, Tone};
use crate::report::duration::{amount, interval};

/// Most rows; JSON has all.
const MOST_ROWS: usize = 120;
const READING: &str = "Measured figures stand with the 90 % interval of their buckets and samples. Predicted ones take client \
    and server to have a sidecar each; their interval also holds what the model card leaves open. The application's own \
    time is taken to stay as it was measured.";

/// Response times, where any were measured.
pub fn responses(plan: &Plan) -> Option<Chapter> {
    if plan.responses.is_empty() {
        return None;
    }
    let mut blocks = vec![times(plan), Block::Paragraph(READING.to_owned())];
    if plan.responses.iter().any(|response| !response.objectives.is_empty()) {
        blocks.push(objectives(plan));
    }
    chapter("responses", "Response times", blocks)
}

/// Objectives alone, for a screen.
pub fn brief(plan: &Plan) -> Option<Chapter> {
    let any = plan.responses.iter().any(|response| !response.objectives.is_empty());
    if any { chapter("responses", "Response times", vec![objectives(plan)]) } else { None }
}

fn times(plan: &Plan) -> Block {
    let columns = vec![
        Column::text("Workload", 0),
        Column::text("At", 0),
        Column::number("Measured", "", 1),
        Column::number("With the mesh", "", 0),
        Column::text("What comes", 2),
    ];
    let rows = plan.responses.iter().flat_map(|response| {
        response.today.iter().enumerate().map(move |(index, (quantile, today))| {
            vec![
                Cell::Name(response.workload.clone()),
                Cell::Text(format!("p{}", percent(*quantile))),
                Cell::Number(figure(today)),
                planned(response, index),
                Cell::Text(response.change.clone()),
            ]
        })
    });
    table("Percentiles of workloads", columns, rows.collect(), MOST_ROWS)
}

fn planned(response: &WorkloadResponse, index: usize) -> Cell {
    if response.saturated.is_some() {
        return Cell::Mark(Tone::Bad, "proxies saturate".to_owned());
    }
    let predicted = response.prediction.as_ref().and_then(|prediction| prediction.quantiles.get(index));
    predicted.map_or_else(|| Cell::Text("the same".to_owned()), |predicted| Cell::Number(figure(&predicted.with_mesh)))
}

fn objectives(plan: &Plan) -> Block {
    let columns = vec![
        Column::text("Workload", 0),
        Column::text("Objective", 0),
        Column::number("Measured", "", 1),
        Column::number("With the mesh", "", 0),
        Column::text("Met", 0),
    ];
    let rows = plan.responses.iter().flat_map(|response| {
        response.objectives.iter().map(move |objective| {
            vec![
                Cell::Name(response.workload.clone()),
                Cell::Text(objective.slo.to_string()),
                Cell::Number(amount(objective.today.measured.value)),
                objective.planned.map_or_else(
                    || Cell::Text("proxies saturate".to_owned()),
                    |planned| Cell::Number(figure(&planned.measured)),
                ),
                met(objective),
            ]
        })
    });
    table("Objectives on response times", columns, rows.collect(), MOST_ROWS)
}

fn met(objective: &ResponseObjective) -> Cell {
    let certain = objective.planned.is_none_or(|planned| planned.certain);
    match (objective.will_be_met(), certain, objective.today.met) {
        (true, true, _) => Cell::Mark(Tone::Good, "yes".to_owned()),
        (true, false, _) => Cell::Mark(Tone::Caution, "yes, not certain".to_owned()),
        (false, _, false) => Cell::Mark(Tone::Bad, "no, nor today".to_owned()),
        (false, true, true) => Cell::Mark(Tone::Bad, "no".to_owned()),
        (false, false, true) => Cell::Mark(Tone::Bad, "no, not certain".to_owned()),
    }
}

fn figure(estimate: &QuantileEstimate) -> String {
    interval(estimate.lower, estimate.value, estimate.upper)
}
