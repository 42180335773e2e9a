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
    const BY_HAND: usize = 5;
    const WITHHELD: usize = 5;
    Document {
        title: "Tuning".to_owned(),
        headline: headline::headline(tuning),
        chapters: [
            chapters::ranked(tuning, 0),
            effect::effect(tuning),
            chapters::by_hand(tuning, BY_HAND),
            chapters::withheld_in_short(tuning, WITHHELD),
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
    in_one([chapters::ranked(tuning, 0), None, chapters::by_hand(tuning, 5), None], tuning)
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
    let counted = |amount: f64, least: f64, what: &str| {
        let sign = if amount < 0.0 { "takes " } else { "" };
        (amount.abs() >= least).then(|| format!("{sign}{} {what}", text::significant(amount.abs())))
    };
    const MIB: f64 = 1_048_576.0;
    [
        words(saves.memory.as_bytes(), MIB, text::memory, "memory requests"),
        words(saves.cpu.as_cores(), 0.001, text::cpu, "CPU requests"),
        words(saves.memory_used.as_bytes(), MIB, text::memory, "memory in use"),
        words(saves.cpu_used.as_cores(), 0.001, text::cpu, "CPU in use"),
        words(saves.log.per_day().as_bytes(), MIB, text::memory, "access log a day"),
        counted(saves.config_change.as_seconds(), 0.01, "s until proxies have a change"),
        counted(saves.reconnect.as_seconds(), 0.1, "s until all are connected again"),
        counted(saves.series.count(), 1.0, "time series"),
        counted(saves.spans.as_per_second(), 0.01, "spans per second"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Dangers that go and guards that come, in words.
fn safer(saves: &Saves) -> Vec<String> {
    let words = |count: f64, one: &str, many: &str, more: &str, less: &str| {
        let whole = count.abs().round() as u64;
        let verb = if count > 0.0 { more } else { less };
        (whole > 0).then(|| format!("{} {verb}", text::counted(whole, one, many)))
    };
    [
        words(saves.dangers, "danger", "dangers", "less", "more"),
        words(saves.guards, "missing guard", "missing guards", "less", "more"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What changes, in a few signs: requests, else use and what the mesh tells of itself; then dangers and guards.
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
    let told = [
        change("change s", saves.config_change.as_seconds(), 0.01, text::significant),
        change("reconnect s", saves.reconnect.as_seconds(), 0.1, text::significant),
        change("log a day", saves.log.per_day().as_bytes(), MIB, text::memory),
        change("series", saves.series.count(), 1.0, text::significant),
        change("spans/s", saves.spans.as_per_second(), 0.01, text::significant),
    ];
    let words =
        |changes: &mut dyn Iterator<Item = Option<String>>| changes.flatten().collect::<Vec<String>>().join(", ");
    let requested = words(&mut requests.into_iter());
    let amounts = if requested.is_empty() { words(&mut used.into_iter().chain(told)) } else { requested };
    let all = [vec![amounts], safer(saves)].concat();
    all.into_iter().filter(|it| !it.is_empty()).collect::<Vec<String>>().join(", ")
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
    if recommendation.withheld.is_some() {
        return Cell::Mark(Tone::Neutral, "withheld".to_owned());
    }
    mark_of(recommendation.risk.removes.is_some(), &recommendation.saves)
}

/// A judgement of what is to be applied.
fn mark_of(is_danger: bool, saves: &Saves) -> Cell {
    match (is_danger, saved(saves).is_empty()) {
        (true, _) => Cell::Mark(Tone::Bad, "danger".to_owned()),
        (false, _) if saves.guards > 0.0 => Cell::Mark(Tone::Good, "guards".to_owned()),
        (false, false) => Cell::Mark(Tone::Good, "saves".to_owned()),
        (false, true) => Cell::Mark(Tone::Neutral, "sets".to_owned()),
    }
}
