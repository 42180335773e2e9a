//! What each mode does without.

use super::super::chapters::chapter;
use super::super::document::{Block, Chapter, Details, Tone};
use crate::modes::Comparison;

/// The figures say what a mode costs; this says what it is without.
pub fn what_goes(comparison: &Comparison) -> Option<Chapter> {
    let mut blocks = vec![Block::Paragraph(
        "A mode that costs less does less. These are the things to give up for it, whatever the figures say."
            .to_owned(),
    )];
    blocks.extend(comparison.modes.iter().map(|mode| {
        let points = mode.mode.gives_up().iter().map(|point| (*point).to_owned()).collect();
        let summary = format!("{} does without", mode.mode);
        Block::Details(Details { summary, tone: Tone::Neutral, blocks: vec![Block::List(points)] })
    }));
    chapter("without", "What each mode does without", blocks)
}
