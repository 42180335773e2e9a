//! Rules of thumb checked, and everything noticed on the way.

use super::super::document::{Block, Cell, Chapter, Column, Details, Tone};
use super::super::text;
use super::{chapter, figures, table};
use crate::finding::{Finding, FindingKind, Severity};
use crate::plan::{Band, Plan};

/// Most cases listed of one kind of finding.
const MOST_CASES: usize = 20;
/// Most kinds of findings on a screen.
const MOST_KINDS: usize = 3;

/// The rules of thumb the field quotes, against this plan.
pub fn bands(plan: &Plan) -> Option<Chapter> {
    if plan.bands.is_empty() {
        return None;
    }
    let columns = vec![
        Column::text("Rule of thumb", 0),
        Column::text("This plan", 0),
        Column::text("Inside", 0),
        Column::text("Why", 1),
    ];
    let rows = plan.bands.iter().map(|band| {
        vec![Cell::Text(band.rule.clone()), Cell::Text(band.found.clone()), inside(band), Cell::Text(band.why.clone())]
    });
    let mut blocks = vec![
        Block::Paragraph(
            "These are quoted often and bind nobody. Being outside is not a fault; the last column says what decides."
                .to_owned(),
        ),
        table("Rules of thumb against this plan", columns, rows.collect(), usize::MAX),
    ];
    blocks.extend(figures::bands(plan));
    chapter("rules", "Rules of thumb, checked", blocks)
}

fn inside(band: &Band) -> Cell {
    match band.inside {
        Some(true) => Cell::Mark(Tone::Good, "yes".to_owned()),
        Some(false) => Cell::Mark(Tone::Caution, "no".to_owned()),
        None => Cell::Mark(Tone::Neutral, text::UNKNOWN.to_owned()),
    }
}

/// Every kind of finding with its explanation and its cases.
pub fn findings(plan: &Plan) -> Option<Chapter> {
    of(&plan.findings)
}

/// The same of any findings, gravest first.
pub fn of(findings: &[Finding]) -> Option<Chapter> {
    let blocks = by_kind(findings).into_iter().map(|(kind, cases)| explained(kind, &cases)).collect();
    chapter("findings", "Findings", blocks)
}

/// The gravest kinds of findings in a table.
pub fn brief(plan: &Plan) -> Option<Chapter> {
    let kinds = by_kind(&plan.findings);
    if kinds.is_empty() {
        return None;
    }
    let columns = vec![
        Column::text("Severity", 0),
        Column::number("Cases", "", 0),
        Column::text("Finding", 0),
        Column::text("What it means", 1),
    ];
    let rows = kinds.into_iter().map(|(kind, cases)| {
        vec![
            Cell::Mark(tone(kind.severity), severity(kind.severity).to_owned()),
            Cell::Number(text::count(number(&cases))),
            Cell::Name(kind.id.to_owned()),
            Cell::Text(meaning(kind, &cases)),
        ]
    });
    chapter("findings", "Findings", vec![table("Findings, gravest first", columns, rows.collect(), MOST_KINDS)])
}

/// A lone case says more than its kind.
fn meaning(kind: &FindingKind, cases: &[&Finding]) -> String {
    match cases {
        [case] if case.count == 1 => format!("{}: {}", case.subject, case.message),
        _ => kind.meaning.trim_end_matches('.').to_owned(),
    }
}

/// Findings by kind, in the order of the plan.
fn by_kind(findings: &[Finding]) -> Vec<(&'static FindingKind, Vec<&Finding>)> {
    let mut kinds: Vec<(&'static FindingKind, Vec<&Finding>)> = Vec::new();
    for finding in findings {
        match kinds.iter_mut().find(|(kind, _)| kind.id == finding.kind.id) {
            Some((_, cases)) => cases.push(finding),
            None => kinds.push((finding.kind, vec![finding])),
        }
    }
    kinds
}

fn explained(kind: &'static FindingKind, cases: &[&Finding]) -> Block {
    let columns = vec![Column::text("Subject", 0), Column::text("Case", 0), Column::number("Stands for", "", 1)];
    let rows = cases.iter().map(|case| {
        vec![Cell::Name(case.subject.clone()), Cell::Text(case.message.clone()), Cell::Number(text::count(case.count))]
    });
    Block::Details(Details {
        summary: format!(
            "{}: {} ({}, {})",
            severity(kind.severity),
            meaning(kind, cases),
            kind.id,
            text::counted(number(cases), "case", "cases")
        ),
        tone: tone(kind.severity),
        blocks: vec![
            Block::List(vec![
                format!("What it means: {}", kind.meaning),
                format!("Why it matters: {}", kind.why),
                format!("What to do: {}", kind.remedy),
            ]),
            table("Cases", columns, rows.collect(), MOST_CASES),
        ],
    })
}

fn number(cases: &[&Finding]) -> u64 {
    cases.iter().fold(0, |sum, case| sum.saturating_add(case.count))
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::Info => Tone::Neutral,
        Severity::Warning => Tone::Caution,
        Severity::Error => Tone::Bad,
    }
}
