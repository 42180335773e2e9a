//! NodeResourcesFit: what a pod asks for must be free; how much of the node is left, or used, is scored.
//!
//! Filter: one more pod, and `asked ≤ allocatable − requested` of every resource; all that are short are told.
//! Score, over resources the node has, with what is not said counted as 100m and 200 MiB:
//! LeastAllocated `Σ w (allocatable − requested) 100 ÷ allocatable ÷ Σ w`, MostAllocated
//! `Σ w requested 100 ÷ allocatable ÷ Σ w`, RequestedToCapacityRatio a line through points. Two divisions,
//! both cut. Source: `plugins/noderesources`.

use super::super::class::Class;
use super::super::profile::StrategyKind;
use super::super::state::State;
use super::super::{Reason, Shortage};
use super::MOST;

/// Scores of points of RequestedToCapacityRatio reach from 0 to 10.
const POINTS_TO_SCORE: i64 = 10;

/// Refuses nodes without room.
pub(in super::super) fn filter(state: &State<'_>, class: &Class<'_>, node: usize) -> Option<Reason> {
    let nodes = &state.nodes;
    let columns = match short(state, class, node)? {
        Short::Pods => return Some(Reason::TooManyPods(nodes.slots[node])),
        Short::Columns(columns) => columns,
    };
    let shortage = |column: usize| {
        let (resource, allocatable) = (nodes.columns.name(column).to_owned(), nodes.allocatable[column][node]);
        let free = allocatable.saturating_sub(nodes.requested[column][node]);
        Shortage { resource, asked: class.asks(column), free, allocatable }
    };
    Some(Reason::Resources(columns.into_iter().map(shortage).collect()))
}

/// What is short on a node, without its numbers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum Short {
    /// One pod more is too many.
    Pods,
    /// Resources by column.
    Columns(Vec<usize>),
}

/// What is short on a node, if anything.
pub(in super::super) fn short(state: &State<'_>, class: &Class<'_>, node: usize) -> Option<Short> {
    if state.nodes.pods[node] >= state.nodes.slots[node] {
        return Some(Short::Pods);
    }
    if fits(state, class, node) {
        return None;
    }
    let is_short = |&&(column, asked): &&(usize, i64)| asked > free(state, column, node);
    Some(Short::Columns(class.asked.iter().filter(is_short).map(|(column, _)| *column).collect()))
}

fn free(state: &State<'_>, column: usize, node: usize) -> i64 {
    state.nodes.allocatable[column][node].saturating_sub(state.nodes.requested[column][node])
}

/// The same without words.
pub(in super::super) fn fits(state: &State<'_>, class: &Class<'_>, node: usize) -> bool {
    let nodes = &state.nodes;
    nodes.pods[node] < nodes.slots[node]
        && class.asked.iter().all(|&(column, asked)| asked <= free(state, column, node))
}

/// Score of a node by the strategy of the profile.
pub(in super::super) fn score(state: &State<'_>, class: &Class<'_>, node: usize) -> i64 {
    let (mut sum, mut weights) = (0_i64, 0_i64);
    let ratio = matches!(state.profile.strategy.kind, StrategyKind::RequestedToCapacityRatio(_));
    for &(column, weight) in &state.strategy {
        let allocatable = state.nodes.allocatable[column][node];
        let own = class.scores(column);
        if allocatable == 0 || (own == 0 && State::is_scalar(column)) {
            continue;
        }
        let requested = state.scored(column, node).saturating_add(own);
        let score = of_resource(&state.profile.strategy.kind, requested, allocatable);
        if !ratio || score > 0 {
            sum = sum.saturating_add(score.saturating_mul(weight));
            weights = weights.saturating_add(weight);
        }
    }
    match weights {
        0 => 0,
        _ if ratio => (sum as f64 / weights as f64).round() as i64,
        _ => sum.checked_div(weights).unwrap_or(0),
    }
}

fn of_resource(kind: &StrategyKind, requested: i64, allocatable: i64) -> i64 {
    match kind {
        StrategyKind::LeastAllocated if requested > allocatable => 0,
        StrategyKind::LeastAllocated => (allocatable - requested) * MOST / allocatable,
        StrategyKind::MostAllocated => requested.min(allocatable) * MOST / allocatable,
        StrategyKind::RequestedToCapacityRatio(points) => {
            let utilization = if requested > allocatable { MOST } else { requested * MOST / allocatable };
            on_line(points, utilization)
        }
    }
}

/// The score at a utilization on the line through the points; flat before the first and after the last.
fn on_line(points: &[(i64, i64)], utilization: i64) -> i64 {
    let scaled = |score: i64| score.saturating_mul(POINTS_TO_SCORE);
    let Some(after) = points.iter().position(|(x, _)| utilization <= *x) else {
        return points.last().map_or(0, |(_, score)| scaled(*score));
    };
    let (x, score) = points[after];
    match after.checked_sub(1).and_then(|before| points.get(before)) {
        Some(&(x0, score0)) if x > x0 => {
            scaled(score0).saturating_add((scaled(score) - scaled(score0)).saturating_mul(utilization - x0) / (x - x0))
        }
        _ => scaled(score),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strategies_score_a_resource() {
        let ratio = StrategyKind::RequestedToCapacityRatio(vec![(0, 0), (100, 10)]);
        let falling = StrategyKind::RequestedToCapacityRatio(vec![(20, 10), (80, 2)]);
        for (kind, requested, allocatable, expected) in [
            (&StrategyKind::LeastAllocated, 1500, 4000, 62),
            (&StrategyKind::LeastAllocated, 4001, 4000, 0),
            (&StrategyKind::MostAllocated, 1500, 4000, 37),
            (&StrategyKind::MostAllocated, 5000, 4000, 100),
            (&ratio, 1500, 4000, 37),
            (&ratio, 5000, 4000, 100),
            (&falling, 10, 100, 100),
            (&falling, 50, 100, 60),
            (&falling, 90, 100, 20),
        ] {
            assert_eq!(of_resource(kind, requested, allocatable), expected, "{kind:?} {requested}/{allocatable}");
        }
        assert_eq!(on_line(&[], 50), 0);
    }
}
