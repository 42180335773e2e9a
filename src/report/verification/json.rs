//! A verification for machines, in base units: bytes, cores, seconds.

use serde_json::{Value, json};

use super::VerificationReport;
use crate::card::{Group, Row};

/// Pretty JSON in a fixed order.
pub fn render(report: &VerificationReport) -> String {
    let groups: Vec<Value> = report.verification.groups.iter().map(group).collect();
    let findings: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| {
            json!({
                "kind": finding.kind.id,
                "subject": finding.subject,
                "message": finding.message,
                "count": finding.count,
            })
        })
        .collect();
    let whole = json!({
        "card": report.card,
        "against": report.against,
        "groups": groups,
        "findings": findings,
    });
    format!("{whole:#}\n")
}

fn group(group: &Group) -> Value {
    json!({
        "quantity": group.quantity,
        "group": group.group,
        "used_for": group.used_for.as_str(),
        "n": group.n,
        "median_absolute_percentage_error": group.median_absolute_percentage_error,
        "bias": group.bias,
        "worst_error": group.worst_error,
        "coverage": group.coverage,
        "rows": group.rows.iter().map(row).collect::<Vec<_>>(),
    })
}

fn row(row: &Row) -> Value {
    json!({
        "label": row.label,
        "measured": row.measured,
        "predicted": {
            "lower": row.predicted.lower, "value": row.predicted.value, "upper": row.predicted.upper,
        },
        "signed_error": row.signed_error,
    })
}
