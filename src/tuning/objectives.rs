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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::ModelCard;
    use crate::inventory::Inventory;
    use crate::measurement::{QuantileEstimate, Slo, SloOutcome};
    use crate::plan::{Inputs, WorkloadResponse};
    use crate::policy::Policy;
    use crate::units::Seconds;

    /// A plan with one objective of 10 ms, and the response time it is judged by; `None` where nothing can be predicted.
    fn plan(millis: Option<f64>) -> Plan {
        let card = ModelCard::named("istio-1.24").unwrap();
        let mut plan = Plan::new(Inputs::new(Inventory::default(), Policy::default(), card));
        let slo: Slo = "p99<10ms".parse().unwrap();
        let outcome = |millis: f64| {
            let measured = QuantileEstimate::from(Seconds::from_millis(millis));
            SloOutcome { met: millis < 10.0, certain: true, measured }
        };
        let objective = ResponseObjective { slo, today: outcome(1.0), planned: millis.map(outcome) };
        plan.responses.push(WorkloadResponse {
            workload: "shop/cart".to_owned(),
            measurement: "cart.csv".to_owned(),
            change: String::new(),
            samples: None,
            mean: QuantileEstimate::from(Seconds::from_millis(1.0)),
            today: Vec::new(),
            prediction: None,
            saturated: None,
            objectives: vec![objective],
        });
        plan
    }

    #[test]
    fn what_is_missed_and_grows_is_harm_whether_it_was_met_or_not() {
        for (before, after, is_harm) in [
            (Some(8.0), Some(9.0), false),
            (Some(8.0), Some(12.0), true),
            (Some(12.0), Some(13.0), true),
            (Some(12.0), Some(12.0), false),
            (Some(13.0), Some(12.0), false),
            (Some(12.0), None, true),
            (None, None, false),
            (None, Some(12.0), false),
        ] {
            let found = missed_by(&plan(before), &plan(after));
            assert_eq!(found.is_some(), is_harm, "{before:?} to {after:?}: {found:?}");
        }
        let words = missed_by(&plan(Some(8.0)), &plan(Some(12.0))).unwrap();
        assert!(words.contains("shop/cart") && words.contains("12.0 ms instead of 8.0 ms"), "{words}");
    }
}
