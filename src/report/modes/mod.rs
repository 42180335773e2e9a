//! A comparison of modes: arranged as a document, and as JSON.

mod capacity;
mod costs;
mod findings;
mod headline;
mod json;
mod provenance;
mod savings;
mod times;
mod what_goes;

pub use json::render as json;
#[cfg(feature = "schema")]
pub use json::schema;

use super::document::{Cell, Document};
use crate::modes::{Comparison, ModePlan};

/// The whole report.
pub fn document(comparison: &Comparison) -> Document {
    Document {
        title: "Modes of the mesh, side by side".to_owned(),
        headline: headline::headline(comparison),
        chapters: [
            costs::costs(comparison),
            costs::what_runs(comparison),
            capacity::capacity(comparison),
            capacity::money(comparison),
            times::times(comparison),
            savings::savings(comparison),
            what_goes::what_goes(comparison),
            findings::of_modes(comparison),
            super::chapters::findings_of(&comparison.findings),
            provenance::assumptions(comparison),
            provenance::inputs(comparison),
        ]
        .into_iter()
        .flatten()
        .collect(),
    }
}

/// What fits on a screen.
pub fn brief(comparison: &Comparison) -> Document {
    Document {
        title: "Modes of the mesh, side by side".to_owned(),
        headline: headline::headline(comparison),
        chapters: [
            costs::brief(comparison),
            costs::what_runs(comparison),
            capacity::capacity(comparison),
            capacity::money(comparison),
            times::brief(comparison),
            savings::savings(comparison),
            provenance::brief(comparison),
        ]
        .into_iter()
        .flatten()
        .collect(),
    }
}

/// The first cell of a row.
fn name(mode: &ModePlan) -> Cell {
    Cell::Name(mode.mode.name().to_owned())
}
