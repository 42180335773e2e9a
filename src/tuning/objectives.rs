//! Objectives on response times that a change misses, or misses by more.

use crate::plan::{Plan, ResponseObjective};

/// The first objective that is missed after a change and whose response time grows by it, in words.
///
/// An objective that is missed already counts as well: otherwise a stricter one, missed from the beginning, would let
/// pass what a looser one forbids.
pub(super) fn missed_by(before: &Plan, after: &Plan) -> Option<String> {
    let pairs = before.responses.iter().zip(&after.responses);
    let objectives = pairs.flat_map(|(was, is)| {
        was.objectives.iter().zip(&is.objectives).map(|(was, is_now)| (is.workload.as_str(), was, is_now))
    });
    let mut worse = objectives.filter_map(|(workload, was, is)| {
        let (before, after) = (seconds(was), seconds(is));
        let grows = after > before * (1.0 + 1e-9);
        (grows && !is.will_be_met()).then(|| {
            let millis = |seconds: f64| match seconds.is_finite() {
                true => format!("{:.1} ms", seconds * 1000.0),
                false => "no answer".to_owned(),
            };
            format!("{workload} would miss {} with {} instead of {}", is.slo, millis(after), millis(before))
        })
    });
    worse.next()
}

/// The planned response time that is judged; without end where the proxies cannot carry the load.
fn seconds(objective: &ResponseObjective) -> f64 {
    objective.planned.map_or(f64::INFINITY, |outcome| outcome.measured.value.as_seconds())
}
