//! What was noticed about the measurements.

use super::{LatencyReport, table};
use crate::finding::{Finding, Severity};
use crate::report::document::{Block, Cell, Chapter, Column, Tone};

/// Findings, gravest first, where there are any.
pub fn chapter(report: &LatencyReport) -> Option<Chapter> {
    of(&report.findings)
}

/// The chapter of any findings, where there are any.
pub fn of(findings: &[Finding]) -> Option<Chapter> {
    if findings.is_empty() {
        return None;
    }
    Some(Chapter { id: "findings", title: "Findings", blocks: vec![self::findings(findings), remedies(findings)] })
}

fn findings(findings: &[Finding]) -> Block {
    let columns = vec![
        Column::text("Severity", 2),
        Column::text("Finding", 0),
        Column::text("Subject", 1),
        Column::text("Case", 0),
    ];
    let rows = findings.iter().map(|finding| {
        let (tone, severity) = match finding.kind.severity {
            Severity::Info => (Tone::Neutral, "info"),
            Severity::Warning => (Tone::Caution, "warning"),
            Severity::Error => (Tone::Bad, "error"),
        };
        vec![
            Cell::Mark(tone, severity.to_owned()),
            Cell::Name(finding.kind.id.to_owned()),
            Cell::Name(finding.subject.clone()),
            Cell::Text(finding.message.clone()),
        ]
    });
    table("Findings, gravest first", columns, rows.collect())
}

/// What to do about each kind, once.
fn remedies(findings: &[Finding]) -> Block {
    let mut points: Vec<String> = Vec::new();
    for finding in findings {
        let point = format!("{}: {}", finding.kind.id, finding.kind.remedy);
        if !points.contains(&point) {
            points.push(point);
        }
    }
    Block::List(points)
}
