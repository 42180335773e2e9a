//! Recommendations: arranged as a document, as JSON, and as the page that goes with their files.

mod chapters;
mod charts;
mod effect;
mod headline;
mod json;
mod readme;

#[cfg(feature = "schema")]
pub use json::schema;
pub use json::{Changes, render as json};
pub use readme::readme;

use super::document::{Block, Cell, Chapter, Document, Tone};
use super::text;
use crate::tuning::{Recommendation, Saves, Tuning};

/// The whole report.
pub fn document(tuning: &Tuning) -> Document {
    Document {
        title: "Tuning".to_owned(),
        headline: headline::headline(tuning),
        chapters: [
            chapters::ranked(tuning, usize::MAX),
            effect::effect(tuning),
            chapters::by_hand(tuning, usize::MAX),
            chapters::explained(tuning),
            chapters::withheld(tuning, usize::MAX),
            super::chapters::findings_of(&tuning.before.findings),
        ]
        .into_iter()
        .flatten()
        .collect(),
    }
}

/// What fits on a screen.
pub fn brief(tuning: &Tuning) -> Document {
    const LINES: usize = 10;
    Document {
        title: "Tuning".to_owned(),
        headline: headline::headline(tuning),
        chapters: [
            chapters::ranked(tuning, LINES),
            effect::effect(tuning),
            chapters::by_hand(tuning, LINES),
            chapters::withheld(tuning, LINES),
        ]
        .into_iter()
        .flatten()
        .collect(),
    }
}

/// The same as a chapter of a plan's report: what to apply, what it gives, what to do by hand, what is withheld.
pub fn chapter(tuning: &Tuning) -> Option<Chapter> {
    /// Rows of a table; `meshcap tune` has all.
    const ROWS: usize = 50;
    let parts = [
        chapters::ranked(tuning, ROWS),
        effect::effect(tuning),
        chapters::by_hand(tuning, ROWS),
        chapters::withheld(tuning, ROWS),
    ];
    in_one(parts, tuning)
}

/// The same for a plan's summary.
pub fn brief_chapter(tuning: &Tuning) -> Option<Chapter> {
    in_one([chapters::ranked(tuning, 5), None, chapters::by_hand(tuning, 5), None], tuning)
}

fn in_one(parts: [Option<Chapter>; 4], tuning: &Tuning) -> Option<Chapter> {
    let mut blocks = vec![Block::Paragraph(headline::headline(tuning).sentence)];
    blocks.extend(parts.into_iter().flatten().flat_map(|part| part.blocks));
    (!tuning.recommendations.is_empty()).then_some(Chapter { id: "tuning", title: "What to change", blocks })
}

/// One recommendation in full.
pub fn explanation(recommendation: &Recommendation) -> Document {
    Document {
        title: recommendation.id.clone(),
        headline: headline::of_one(recommendation),
        chapters: chapters::of_one(recommendation).into_iter().collect(),
    }
}

/// What is saved, in a word or two: the resource that matters most of what is requested and used.
fn saved(saves: &Saves) -> Vec<String> {
    let words = |amount: f64, least: f64, print: fn(f64) -> String, of: &str| {
        (amount.abs() >= least).then(|| {
            let sign = if amount < 0.0 { "takes " } else { "" };
            format!("{sign}{} of {of}", print(amount.abs()))
        })
    };
    const MIB: f64 = 1_048_576.0;
    [
        words(saves.memory.as_bytes(), MIB, text::memory, "memory requests"),
        words(saves.cpu.as_cores(), 0.001, text::cpu, "CPU requests"),
        words(saves.memory_used.as_bytes(), MIB, text::memory, "memory in use"),
        words(saves.cpu_used.as_cores(), 0.001, text::cpu, "CPU in use"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What changes, in a few signs: requests, else use.
fn effect(saves: &Saves) -> String {
    const MIB: f64 = 1_048_576.0;
    let change = |of: &str, saved: f64, least: f64, print: fn(f64) -> String| {
        let sign = if saved > 0.0 { '−' } else { '+' };
        (saved.abs() >= least).then(|| format!("{of} {sign}{}", print(saved.abs())))
    };
    let requests = [
        change("memory", saves.memory.as_bytes(), MIB, text::memory),
        change("CPU", saves.cpu.as_cores(), 0.001, text::cpu),
    ];
    let used = [
        change("memory in use", saves.memory_used.as_bytes(), MIB, text::memory),
        change("CPU in use", saves.cpu_used.as_cores(), 0.001, text::cpu),
    ];
    let words = |changes: [Option<String>; 2]| changes.into_iter().flatten().collect::<Vec<String>>().join(", ");
    let requested = words(requests);
    if requested.is_empty() { words(used) } else { requested }
}

/// A signed number of nodes.
fn nodes(saves: &Saves) -> Cell {
    if saves.nodes.abs() < 0.005 {
        Cell::Empty
    } else {
        Cell::Number(format!("{:.2}", saves.nodes).replace('-', "−"))
    }
}

/// A judgement of a recommendation.
fn mark(recommendation: &Recommendation) -> Cell {
    match (&recommendation.withheld, &recommendation.risk.removes) {
        (Some(_), _) => Cell::Mark(Tone::Neutral, "withheld".to_owned()),
        (None, Some(_)) => Cell::Mark(Tone::Bad, "danger".to_owned()),
        (None, None) => Cell::Mark(Tone::Good, "saves".to_owned()),
    }
}
