//! Measured response times: arranged as a document, and as JSON.
//!
//! A chapter is a file with one function, `chapter`, which says nothing where nothing was asked;
//! [`document`] puts them in reading order.

mod amounts;
mod comparison;
mod extraction;
pub(super) mod findings;
mod headline;
mod json;
mod mesh;
mod mesh_json;
mod names;
mod objectives;
mod path_json;
mod paths;
mod percentiles;
mod saturation;
mod times;

pub use extraction::card;
pub use json::render as json;
#[cfg(feature = "schema")]
pub use json::schema;

#[cfg(feature = "charts")]
use super::document::Chart;
use super::document::{Block, Cell, Column, Document, Table};
use crate::composition::Path;
use crate::finding::Finding;
use crate::latency::{Extraction, Prediction, Sweep};
use crate::measurement::{Comparison, Distribution, Measurement, Slo, SloOutcome};
use crate::units::Share;

/// Measurements with everything that was asked about them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LatencyReport {
    /// The measurements.
    pub measurements: Vec<Measurement>,
    /// What they are compared with.
    pub base: Option<Measurement>,
    /// One comparison per measurement, or none.
    pub comparisons: Vec<Comparison>,
    /// Objectives and how they stand, per measurement.
    pub outcomes: Vec<Vec<(Slo, SloOutcome)>>,
    /// The base, or each measurement without one, with the mesh on top.
    pub predictions: Vec<MeshAnswer>,
    /// What one traversal takes.
    pub extraction: Option<Extracted>,
    /// Call paths.
    pub paths: Vec<ComposedPath>,
    /// What was noticed.
    pub findings: Vec<Finding>,
}

/// What is predicted of one baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct MeshAnswer {
    /// The baseline and how the mesh carries it, in words.
    pub name: String,
    /// The response times with the mesh on top.
    pub prediction: Prediction,
    /// The same at rising rates, where that was asked for.
    pub sweep: Option<Sweep>,
}

/// What was extracted from two measurements.
#[derive(Debug, Clone, PartialEq)]
pub struct Extracted {
    /// Name of the measurement without proxies.
    pub base: String,
    /// Name of the measurement with proxies.
    pub meshed: String,
    /// Name of the card it was set against.
    pub card: String,
    /// Proxies and load in words.
    pub conditions: String,
    /// The figures.
    pub extraction: Extraction,
}

/// A call path with what was asked about it.
#[derive(Debug, Clone, PartialEq)]
pub struct ComposedPath {
    /// The path.
    pub path: Path,
    /// Its response times as they were measured beside its parts.
    pub measured: Option<Distribution>,
    /// Objectives and how it stands to them.
    pub outcomes: Vec<(Slo, SloOutcome)>,
}

/// Confidence of every interval shown.
const CONFIDENCE: Share = Share::literal(0.9);
/// Most rows of a table; JSON has all.
const MOST_ROWS: usize = 200;

/// The report as a document.
pub fn document(report: &LatencyReport) -> Document {
    let (report, common) = &names::shortened(report.clone());
    let chapters = [
        paths::chapter(report),
        times::chapter(report, common),
        comparison::chapter(report),
        mesh::chapter(report),
        saturation::chapter(report),
        extraction::chapter(report),
        objectives::chapter(report),
        findings::chapter(report),
    ];
    Document {
        title: "Response times".to_owned(),
        headline: headline::headline(report),
        chapters: chapters.into_iter().flatten().collect(),
    }
}

/// Response time against percentile alone.
#[cfg(feature = "charts")]
pub fn percentile_plot(report: &LatencyReport) -> Option<Chart> {
    percentiles::chart(&names::shortened(report.clone()).0)
}

impl MeshAnswer {
    /// An answer under the name of its baseline.
    #[must_use]
    pub fn new(baseline: &str, prediction: Prediction, sweep: Option<Sweep>) -> Self {
        let name = format!("{baseline} with {}", mesh::in_words(prediction.mode));
        Self { name, prediction, sweep }
    }
}

impl LatencyReport {
    /// Base and measurements, in the order in which they are shown.
    fn all(&self) -> impl Iterator<Item = &Measurement> {
        self.base.iter().chain(&self.measurements)
    }

    /// Each measurement with its comparison, where it was compared.
    fn compared(&self) -> impl Iterator<Item = (&Measurement, &Comparison)> {
        self.measurements.iter().zip(&self.comparisons)
    }

    /// Every objective of every measurement, path and prediction, by name.
    fn judged(&self) -> impl Iterator<Item = (&str, &Slo, &SloOutcome)> {
        let measured = self.measurements.iter().map(|one| one.name.as_str()).zip(&self.outcomes);
        let composed = self.paths.iter().map(|one| (one.path.name.as_str(), &one.outcomes));
        let predicted = self.predictions.iter().map(|one| (one.name.as_str(), &one.prediction.outcomes));
        measured
            .chain(composed)
            .chain(predicted)
            .flat_map(|(name, outcomes)| outcomes.iter().map(move |(slo, outcome)| (name, slo, outcome)))
    }
}

/// A table cut to what a page holds.
fn table(caption: &str, columns: Vec<Column>, mut rows: Vec<Vec<Cell>>) -> Block {
    let omitted = rows.len().saturating_sub(MOST_ROWS) as u64;
    rows.truncate(MOST_ROWS);
    Block::Table(Table { caption: caption.to_owned(), columns, rows, omitted })
}
