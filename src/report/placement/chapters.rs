//! Where pods go, as a document.

use super::{Agreed, Packed, PlacementReport};
use crate::finding::Finding;
use crate::report::document::{Block, Cell, Chapter, Column, Document, Headline, Table, Tone};
use crate::report::{node_strips, text};

/// Most rows of a table; JSON has all.
const MOST_ROWS: usize = 40;

/// The report as a document.
pub fn document(report: &PlacementReport) -> Document {
    let chapters = [
        Some(packings(report)),
        unplaced(&report.chosen),
        preempted(&report.chosen),
        report.agreement.as_ref().map(agreement),
        findings(&report.findings),
    ];
    Document {
        title: "Placement".to_owned(),
        headline: headline(report),
        chapters: chapters.into_iter().flatten().collect(),
    }
}

fn headline(report: &PlacementReport) -> Headline {
    let chosen = &report.chosen;
    let (waiting, placed) = (chosen.placed.len() + chosen.unplaced.len(), chosen.placed.len());
    let (badge, tone) = match (waiting, chosen.unplaced.len()) {
        (0, _) => ("nothing waits", Tone::Neutral),
        (_, 0) => ("fits", Tone::Good),
        _ => ("does not fit", Tone::Bad),
    };
    let sentence = format!(
        "{} of {} that wait find a node on {}; {} stay where they are.",
        text::count(placed as u64),
        text::counted(waiting as u64, "pod", "pods"),
        text::counted(report.nodes, "node", "nodes"),
        text::count(chosen.kept)
    );
    let mut advice = Vec::new();
    if chosen.nodes_to_add > 0 {
        advice.push(format!(
            "{} of the policy's node pool would take {} of the others.",
            text::counted(chosen.nodes_to_add, "node", "nodes"),
            text::count(chosen.unplaced.len() as u64 - chosen.impossible)
        ));
    }
    if chosen.impossible > 0 {
        let pods = text::counted(chosen.impossible, "pod", "pods");
        advice.push(match chosen.cut_short {
            true => format!("{pods} would find these full; no more nodes than that are tried."),
            false => format!("{pods} would fit on no new node of the policy's node pool."),
        });
    }
    Headline { badge, tone, sentence, advice }
}

fn packings(report: &PlacementReport) -> Chapter {
    let columns = vec![
        Column::text("Packing", 0),
        Column::number("Placed", "", 0),
        Column::number("Unplaced", "", 0),
        Column::number("Preempted", "", 3),
        Column::number("Nodes used", "", 0),
        Column::number("At least", "", 1),
        Column::number("To add", "", 1),
        Column::number("Ties", "", 2),
    ];
    let row = |packed: &Packed| {
        let number = |number: u64| Cell::Number(text::count(number));
        vec![
            Cell::Name(packed.pack.to_owned()),
            number(packed.placed.len() as u64),
            number(packed.unplaced.len() as u64),
            number(packed.preempted.len() as u64),
            number(packed.nodes_used),
            number(packed.lower_bound),
            number(packed.nodes_to_add),
            number(packed.ties),
        ]
    };
    let rows = vec![row(&report.chosen), row(&report.other)];
    let ties = format!(
        "Kubernetes {}; {} of {} decisions were ties, drawn from seed {}.",
        report.version,
        text::count(report.chosen.ties),
        text::count(report.chosen.decisions),
        report.seed
    );
    let caption = "Pods placed by each way of packing; no packing uses fewer nodes than at least".to_owned();
    let mut blocks = vec![Block::Table(Table { caption, columns, rows, omitted: 0 }), Block::Paragraph(ties)];
    blocks.extend(node_strips::figure(&report.fills, report.ceiling));
    Chapter { id: "packings", title: "Packing", blocks }
}

fn unplaced(packed: &Packed) -> Option<Chapter> {
    let columns = vec![Column::text("Pod", 0), Column::text("What keeps it off", 0)];
    let rows = packed.unplaced.iter().map(|(pod, reasons)| {
        let words: Vec<String> = reasons.iter().map(reason).collect();
        vec![Cell::Name(pod.clone()), Cell::Text(words.join(", "))]
    });
    chapter("unplaced", "Pods without a node", columns, rows.collect())
}

fn reason((reason, nodes): &(String, u64)) -> String {
    match nodes {
        0 => reason.clone(),
        nodes => format!("{reason} on {}", text::counted(*nodes, "node", "nodes")),
    }
}

fn preempted(packed: &Packed) -> Option<Chapter> {
    let columns = vec![Column::text("Pod", 0), Column::text("Goes for", 0)];
    let rows = packed.preempted.iter().map(|(pod, by)| vec![Cell::Name(pod.clone()), Cell::Name(by.clone())]);
    chapter("preempted", "Pods that had to go", columns, rows.collect())
}

fn agreement(agreed: &Agreed) -> Chapter {
    let decisions = agreed.same + agreed.ties + agreed.different.len() as u64;
    let mut sentence = format!(
        "Of {} that {} tells too, {} are the same, {} are ties and {} differ; {} have no counterpart.",
        text::counted(decisions, "decision", "decisions"),
        agreed.trace,
        text::count(agreed.same),
        text::count(agreed.ties),
        text::count(agreed.different.len() as u64),
        text::count(agreed.unmatched)
    );
    if agreed.scores > 0 {
        let (differ, all) = (text::count(agreed.different_scores), text::count(agreed.scores));
        sentence.push_str(&format!(" {differ} of {all} scores differ."));
    }
    let columns = vec![Column::text("Pod", 0), Column::text("Difference", 0)];
    let rows: Vec<Vec<Cell>> =
        agreed.different.iter().map(|(pod, why)| vec![Cell::Name(pod.clone()), Cell::Text(why.clone())]).collect();
    let mut blocks = vec![Block::Paragraph(sentence)];
    blocks.extend(table("Decisions that differ", columns, rows));
    Chapter { id: "agreement", title: "Against the trace", blocks }
}

fn findings(findings: &[Finding]) -> Option<Chapter> {
    let columns = vec![Column::text("Finding", 0), Column::text("Subject", 1), Column::text("Case", 0)];
    let row = |finding: &Finding| {
        vec![
            Cell::Name(finding.kind.id.to_owned()),
            Cell::Name(finding.subject.clone()),
            Cell::Text(finding.message.clone()),
        ]
    };
    chapter("findings", "Findings", columns, findings.iter().map(row).collect())
}

fn chapter(id: &'static str, title: &'static str, columns: Vec<Column>, rows: Vec<Vec<Cell>>) -> Option<Chapter> {
    table(title, columns, rows).map(|table| Chapter { id, title, blocks: vec![table] })
}

/// A table cut to what a page holds; nothing without rows.
pub(super) fn table(caption: &str, columns: Vec<Column>, mut rows: Vec<Vec<Cell>>) -> Option<Block> {
    let omitted = rows.len().saturating_sub(MOST_ROWS) as u64;
    rows.truncate(MOST_ROWS);
    let table = Table { caption: caption.to_owned(), columns, omitted, rows };
    (!table.rows.is_empty()).then_some(Block::Table(table))
}
