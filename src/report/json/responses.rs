//! Response times of workloads as they are written.

use serde::Serialize;

use super::wire::Number;
use crate::measurement::{QUANTILES, QuantileEstimate, SloOutcome};
use crate::plan;
use crate::units::Seconds;

/// Response times of one workload, in seconds.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ResponseTimes<'a> {
    /// The workload as `namespace/name`.
    workload: &'a str,
    /// What was measured.
    measurement: &'a str,
    /// What the plan does to it, in words.
    change: &'a str,
    /// Why the proxies cannot carry the load; `null` where they can.
    saturated: Option<&'a str>,
    /// Quantiles, the lowest first.
    quantiles: Vec<ResponseQuantile>,
    /// Objectives.
    objectives: Vec<ResponseObjective>,
}

/// One quantile.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ResponseQuantile {
    /// `p50`, `p90`, `p99` or `p999`.
    quantile: &'static str,
    /// As measured.
    today: ResponseTime,
    /// With the proxies that come; `null` where none do.
    with_mesh: Option<ResponseTime>,
}

/// A duration in seconds with its 90 % interval.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ResponseTime {
    /// Lower end.
    lower: Number,
    /// The figure.
    value: Number,
    /// Upper end; `null` without a bound.
    upper: Number,
}

/// An objective of a workload.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ResponseObjective {
    /// The objective, e.g. `p99<250ms`.
    objective: String,
    /// Its limit, in seconds.
    limit: Number,
    /// Whether it is met as measured.
    met_today: bool,
    /// Whether it will be met.
    met: bool,
    /// Whether all of the interval is on that side of the limit.
    certain: bool,
    /// The figure it is judged by, in seconds; `null` where proxies cannot carry the load.
    planned: Option<ResponseTime>,
}

impl<'a> From<&'a plan::WorkloadResponse> for ResponseTimes<'a> {
    fn from(response: &'a plan::WorkloadResponse) -> Self {
        let with_mesh = |index: usize| {
            let prediction = response.prediction.as_ref()?;
            prediction.quantiles.get(index).map(|predicted| predicted.with_mesh.into())
        };
        let quantiles = QUANTILES.iter().zip(&response.today).enumerate();
        Self {
            workload: &response.workload,
            measurement: &response.measurement,
            change: &response.change,
            saturated: response.saturated.as_deref(),
            quantiles: quantiles
                .map(|(index, ((quantile, _), (_, today)))| ResponseQuantile {
                    quantile,
                    today: (*today).into(),
                    with_mesh: with_mesh(index),
                })
                .collect(),
            objectives: response.objectives.iter().map(ResponseObjective::from).collect(),
        }
    }
}

impl From<&plan::ResponseObjective> for ResponseObjective {
    fn from(objective: &plan::ResponseObjective) -> Self {
        let certain = |outcome: SloOutcome| outcome.certain;
        Self {
            objective: objective.slo.to_string(),
            limit: seconds(objective.slo.limit),
            met_today: objective.today.met,
            met: objective.will_be_met(),
            certain: objective.planned.is_none_or(certain),
            planned: objective.planned.map(|outcome| outcome.measured.into()),
        }
    }
}

impl From<QuantileEstimate> for ResponseTime {
    fn from(estimate: QuantileEstimate) -> Self {
        Self { lower: seconds(estimate.lower), value: seconds(estimate.value), upper: seconds(estimate.upper) }
    }
}

fn seconds(amount: Seconds) -> Number {
    Number::new(amount.as_seconds())
}
