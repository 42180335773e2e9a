//! The report for machines.

use serde_json::{Map, Value, json};

use super::amounts::{by_how_much, word};
use super::{CONFIDENCE, LatencyReport};
use crate::measurement::{Comparison, Measurement, QUANTILES, QuantileEstimate};
use crate::units::Seconds;

/// Version of the JSON; a change that breaks a reader changes it.
const SCHEMA_VERSION: &str = "1";

/// The report for machines: seconds throughout, what has no bound is `null`.
pub fn render(report: &LatencyReport) -> String {
    let comparisons: Vec<Value> =
        report.compared().map(|(measurement, comparison)| compared(measurement, comparison)).collect();
    let objectives: Vec<Value> = report
        .judged()
        .map(|(measurement, slo, outcome)| {
            json!({
                "name": measurement.name,
                "objective": slo.to_string(),
                "limit": slo.limit,
                "measured": estimate(&outcome.measured),
                "met": outcome.met,
                "certain": outcome.certain,
            })
        })
        .collect();
    let findings: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| {
            json!({
                "kind": finding.kind.id,
                "severity": finding.kind.severity,
                "subject": finding.subject,
                "message": finding.message,
                "count": finding.count,
            })
        })
        .collect();
    let whole = json!({
        "schema_version": SCHEMA_VERSION,
        "distributions": report.measurements.iter().map(distribution).collect::<Vec<_>>(),
        "base": report.base.as_ref().map(distribution),
        "comparisons": comparisons,
        "objectives": objectives,
        "findings": findings,
    });
    format!("{whole:#}\n")
}

fn distribution(measurement: &Measurement) -> Value {
    let distribution = &measurement.distribution;
    let quantiles: Map<String, Value> = QUANTILES
        .iter()
        .map(|(name, quantile)| ((*name).to_owned(), estimate(&distribution.interval(*quantile, CONFIDENCE))))
        .collect();
    let load = &measurement.load;
    json!({
        "name": measurement.name,
        "format": measurement.format,
        "count": distribution.samples(),
        "mean": estimate(&distribution.mean()),
        "max": estimate(&distribution.most()),
        "quantiles": quantiles,
        "load": {
            "rate": load.rate,
            "connections": load.connections,
            "duration": load.duration,
            "failures": load.failures,
        },
    })
}

fn compared(measurement: &Measurement, comparison: &Comparison) -> Value {
    let differences: Map<String, Value> = QUANTILES
        .iter()
        .zip(&comparison.differences)
        .map(|((name, _), difference)| {
            let verdict = word(difference.outcome);
            let difference = json!({
                "lower": finite(difference.lower),
                "value": finite(difference.value),
                "upper": finite(difference.upper),
                "verdict": verdict,
            });
            ((*name).to_owned(), difference)
        })
        .collect();
    let verdict = comparison.deciding().map_or_else(|| "within noise".to_owned(), by_how_much);
    json!({ "name": measurement.name, "verdict": verdict, "differences": differences })
}

fn estimate(estimate: &QuantileEstimate) -> Value {
    json!({ "lower": finite(estimate.lower), "value": finite(estimate.value), "upper": finite(estimate.upper) })
}

fn finite(amount: Seconds) -> Option<f64> {
    Some(amount.as_seconds()).filter(|amount| amount.is_finite())
}
