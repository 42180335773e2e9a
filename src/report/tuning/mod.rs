//! Recommendations: arranged as a document, as JSON, and as the page that goes with their files.

mod chapters;
mod charts;
mod effect;
mod headline;
mod json;
mod readme;
mod words;

#[cfg(feature = "schema")]
pub use json::schema;
pub use json::{Changes, render as json};
pub use readme::readme;

use self::words::{effect, safer, saved};
use super::document::{Block, Cell, Chapter, Document, Tone};
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
            super::chapters::findings_brief(&tuning.before),
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
    match (is_danger, saved(saves).is_none()) {
        (true, _) => Cell::Mark(Tone::Bad, "danger".to_owned()),
        (false, _) if saves.guards > 0.0 => Cell::Mark(Tone::Good, "guards".to_owned()),
        (false, false) => Cell::Mark(Tone::Good, "saves".to_owned()),
        (false, true) => Cell::Mark(Tone::Neutral, "sets".to_owned()),
    }
}
