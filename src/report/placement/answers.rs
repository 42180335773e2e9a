//! How the nodes answer one pod, as a document.

use super::{NodeAnswers, PodAnswers};
use crate::report::document::{Block, Cell, Chapter, Column, Document, Headline, Tone};
use crate::report::text;

/// The answers as a document: nodes that fit with their scores, best first, then those that refuse.
pub fn document(answers: &PodAnswers) -> Document {
    let mut fit: Vec<&NodeAnswers> = answers.nodes.iter().filter(|node| node.refusal.is_none()).collect();
    fit.sort_by(|a, b| b.total.cmp(&a.total).then_with(|| a.node.cmp(&b.node)));
    let refusals: Vec<Vec<Cell>> = answers
        .nodes
        .iter()
        .filter_map(|node| node.refusal.as_ref().map(|(plugin, reason)| (node, plugin, reason)))
        .map(|(node, plugin, reason)| {
            vec![Cell::Name(node.node.clone()), Cell::Text((*plugin).to_owned()), Cell::Text(reason.clone())]
        })
        .collect();
    let columns = vec![Column::text("Node", 0), Column::text("Filter", 0), Column::text("Why", 0)];
    let refused = super::chapters::table("Nodes that refuse, each with the first filter", columns, refusals);
    let chapters = [
        scores(&fit).map(|table| Chapter { id: "scores", title: "Nodes that fit", blocks: vec![table] }),
        refused.map(|table| Chapter { id: "refusals", title: "Nodes that refuse", blocks: vec![table] }),
    ];
    Document {
        title: answers.pod.clone(),
        headline: headline(answers, &fit),
        chapters: chapters.into_iter().flatten().collect(),
    }
}

fn headline(answers: &PodAnswers, fit: &[&NodeAnswers]) -> Headline {
    let place = answers.on.as_ref().map_or_else(|| "waits".to_owned(), |node| format!("is on {node}"));
    let best = fit.first().map_or_else(String::new, |first| {
        let equal = fit.iter().filter(|node| node.total == first.total).count() as u64;
        let score = text::count(first.total.unsigned_abs());
        match equal {
            1 => format!(", and {} scores best with {score}", first.node),
            many => format!(", and {} share the best score {score}", text::counted(many, "node", "nodes")),
        }
    });
    let sentence = format!(
        "Pod {} {place}; by the rules of Kubernetes {} {} of {} would take it{best}.",
        answers.pod,
        answers.version,
        text::count(fit.len() as u64),
        text::counted(answers.nodes.len() as u64, "node", "nodes")
    );
    let tone = if fit.is_empty() { Tone::Bad } else { Tone::Good };
    Headline { badge: if fit.is_empty() { "no node" } else { "fits" }, tone, sentence, advice: Vec::new() }
}

/// A column per plugin: raw, normalised and weighted.
fn scores(fit: &[&NodeAnswers]) -> Option<Block> {
    let first = fit.first()?;
    let mut columns = vec![Column::text("Node", 0), Column::number("Total", "", 0)];
    columns.extend(first.scores.iter().map(|(plugin, ..)| Column::number(plugin, "", 1)));
    let row = |node: &&NodeAnswers| {
        let score = |(_, raw, normalised, weighted): &(&str, i64, i64, i64)| {
            Cell::Number(format!("{raw} → {normalised} → {weighted}"))
        };
        let mut row = vec![Cell::Name(node.node.clone()), Cell::Number(node.total.to_string())];
        row.extend(node.scores.iter().map(score));
        row
    };
    super::chapters::table("Scores: raw → normalised → weighted", columns, fit.iter().map(row).collect())
}
