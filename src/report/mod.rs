//! A finished plan as terminal text, Markdown, HTML and JSON. Computes nothing.
//!
//! A plan is first arranged into a [`Document`], which knows no syntax; each renderer then writes
//! that document in its own. Every string of the plan is hostile until a renderer has escaped it.

mod chapters;
mod derivation;
pub mod document;
mod duration;
#[cfg(feature = "charts")]
mod figures;
mod fit;
mod html;
mod json;
mod latency;
mod markdown;
mod markup;
mod modes;
mod node_strips;
mod placement;
mod scenarios;
mod terminal;
mod text;
mod tuning;
mod verification;

#[cfg(test)]
extern crate self as meshcap;
#[cfg(test)]
mod sample;

pub use document::Document;
pub use fit::CardName;
pub use latency::{ComposedPath, Extracted, LatencyReport, MeshAnswer};
pub use placement::{Agreed, NodeAnswers, NodeUse, Packed, PlacementReport, PodAnswers, Use};
pub use scenarios::ScenarioReport;
pub use terminal::TerminalOptions;
pub use verification::VerificationReport;

use crate::fit::Fit;
use crate::modes::Comparison;
use crate::plan::{Plan, Scoping, WorkloadPlan};
use crate::tuning::{Manifest, Recommendation, Tuning};

/// What a report of a plan is made of; a plan alone becomes one by `into()`.
#[derive(Debug, Clone, Copy)]
pub struct Reported<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// What to change, where that was worked out: a chapter of the report.
    pub tuning: Option<&'a Tuning>,
}

impl<'a> From<&'a Plan> for Reported<'a> {
    fn from(plan: &'a Plan) -> Self {
        Self { plan, tuning: None }
    }
}

/// The whole report as values, charts included.
#[must_use]
pub fn document<'a>(reported: impl Into<Reported<'a>>) -> Document {
    chapters::document(reported.into())
}

/// A summary that fits on a screen: the verdict first, then the figures behind it.
///
/// Lines are at most `options.width` characters wide (but never narrower than 40) and end without
/// spaces; columns that do not fit are left out, and the text says so.
#[must_use]
pub fn terminal<'a>(reported: impl Into<Reported<'a>>, options: TerminalOptions) -> String {
    terminal::render(&chapters::brief(reported.into()), options)
}

/// One workload in full: why it is in the mesh, what its proxy is sent and costs, the arithmetic behind it,
/// and what a Sidecar of its own would leave.
#[must_use]
pub fn explain(workload: &WorkloadPlan, scoping: Option<&Scoping>, options: TerminalOptions) -> String {
    terminal::render(&chapters::explanation(workload, scoping), options)
}

/// istiod in full: its sizes, what its CPU goes to, how long proxies wait for it, and the arithmetic of all that.
#[must_use]
pub fn explain_control_plane(plan: &Plan, options: TerminalOptions) -> String {
    terminal::render(&chapters::control_plane_explained(plan), options)
}

/// The whole report as GitHub-flavoured Markdown, below 60,000 characters: what fits in a pull
/// request comment. Long tables are cut, and each cut is counted.
#[must_use]
pub fn markdown<'a>(reported: impl Into<Reported<'a>>) -> String {
    markdown::render(&chapters::document(reported.into()))
}

/// The whole report as one HTML page that loads nothing and runs nothing; charts with feature `charts`.
#[must_use]
pub fn html<'a>(reported: impl Into<Reported<'a>>) -> String {
    html::render(&chapters::document(reported.into()))
}

/// The plan for machines: pretty JSON in a fixed order, in base units, with its `schema_version`.
#[must_use]
pub fn json<'a>(reported: impl Into<Reported<'a>>) -> String {
    json::render(reported.into())
}

/// Modes side by side for a terminal: which uses least, then costs, capacity, response times, differences.
#[must_use]
pub fn comparison_terminal(comparison: &Comparison, options: TerminalOptions) -> String {
    terminal::render(&modes::brief(comparison), options)
}

/// Modes side by side as GitHub-flavoured Markdown.
#[must_use]
pub fn comparison_markdown(comparison: &Comparison) -> String {
    markdown::render(&modes::document(comparison))
}

/// Modes side by side as one HTML page that loads nothing and runs nothing; charts with feature `charts`.
#[must_use]
pub fn comparison_html(comparison: &Comparison) -> String {
    html::render(&modes::document(comparison))
}

/// Modes side by side for machines: pretty JSON in base units, with its `schema_version`.
#[must_use]
pub fn comparison_json(comparison: &Comparison) -> String {
    modes::json(comparison)
}

/// Measured response times for a terminal: what was asked first, then percentiles and findings.
#[must_use]
pub fn latency_terminal(report: &LatencyReport, options: TerminalOptions) -> String {
    terminal::render(&latency::document(report), options)
}

/// Measured response times as GitHub-flavoured Markdown.
#[must_use]
pub fn latency_markdown(report: &LatencyReport) -> String {
    markdown::render(&latency::document(report))
}

/// Measured response times as one HTML page that loads nothing and runs nothing; charts with feature `charts`.
#[must_use]
pub fn latency_html(report: &LatencyReport) -> String {
    html::render(&latency::document(report))
}

/// Response time against percentile as an SVG file that follows the reader's light or dark scheme;
/// `None` without measurements.
#[cfg(feature = "charts")]
#[must_use]
pub fn latency_svg(report: &LatencyReport) -> Option<String> {
    figures::file(&latency::percentile_plot(report)?)
}

/// Measured response times for machines: `distributions[]{name, format, count, quantiles}` in seconds.
#[must_use]
pub fn latency_json(report: &LatencyReport) -> String {
    latency::json(report)
}

/// A model card with what was extracted from two measurements; `date` is theirs, as in `2026-08-01`.
#[must_use]
pub fn latency_card(extracted: &Extracted, date: &str) -> String {
    latency::card(extracted, date)
}

/// A model card against measurements, for a terminal.
#[must_use]
pub fn verification_terminal(report: &VerificationReport, options: TerminalOptions) -> String {
    terminal::render(&verification::document(report), options)
}

/// A model card against measurements as GitHub-flavoured Markdown.
#[must_use]
pub fn verification_markdown(report: &VerificationReport) -> String {
    markdown::render(&verification::document(report))
}

/// A model card against measurements as one HTML page that loads nothing and runs nothing; charts with feature
/// `charts`.
#[must_use]
pub fn verification_html(report: &VerificationReport) -> String {
    html::render(&verification::document(report))
}

/// A model card against measurements for machines: `groups[]{quantity, group, n, …, rows[]}` in base units.
#[must_use]
pub fn verification_json(report: &VerificationReport) -> String {
    verification::json(report)
}

/// Laws fitted to measurements for a terminal: coefficients before and after, how unseen rows are predicted, findings.
#[must_use]
pub fn fit_terminal(fit: &Fit, options: TerminalOptions) -> String {
    terminal::render(&fit::document(fit), options)
}

/// Laws fitted to measurements for machines: `laws[]{coefficients, validation}`.
#[must_use]
pub fn fit_json(fit: &Fit) -> String {
    fit::json(fit)
}

/// A model card with what was fitted, as TOML.
#[must_use]
pub fn fit_card(fit: &Fit, named: &CardName) -> String {
    fit::card(fit, named)
}

/// JSON Schema (draft 2020-12) of what [`fit_json`] writes.
#[cfg(feature = "schema")]
#[must_use]
pub fn fit_schema() -> String {
    fit::schema()
}

/// JSON Schema (draft 2020-12) of what [`json`] writes.
#[cfg(feature = "schema")]
#[must_use]
pub fn schema() -> String {
    json::schema()
}

/// JSON Schema (draft 2020-12) of what [`latency_json`] writes.
#[cfg(feature = "schema")]
#[must_use]
pub fn latency_schema() -> String {
    latency::schema()
}

/// Where pods go, for a terminal.
#[must_use]
pub fn placement_terminal(report: &PlacementReport, options: TerminalOptions) -> String {
    terminal::render(&placement::document(report), options)
}

/// Where pods go as GitHub-flavoured Markdown.
#[must_use]
pub fn placement_markdown(report: &PlacementReport) -> String {
    markdown::render(&placement::document(report))
}

/// Where pods go as one HTML page that loads nothing and runs nothing.
#[must_use]
pub fn placement_html(report: &PlacementReport) -> String {
    html::render(&placement::document(report))
}

/// Where pods go, for machines: `placement{placed, unplaced[]{pod, reasons}, nodes_used, nodes_to_add, ties}`.
#[must_use]
pub fn placement_json(report: &PlacementReport) -> String {
    placement::json(report)
}

/// JSON Schema (draft 2020-12) of what [`placement_json`] writes.
#[cfg(feature = "schema")]
#[must_use]
pub fn placement_schema() -> String {
    placement::schema()
}

/// How every node answers a pod, for a terminal.
#[must_use]
pub fn pod_answers(answers: &PodAnswers, options: TerminalOptions) -> String {
    terminal::render(&placement::answers(answers), options)
}

/// JSON Schema (draft 2020-12) of what [`comparison_json`] writes.
#[cfg(feature = "schema")]
#[must_use]
pub fn comparison_schema() -> String {
    modes::schema()
}

/// Scenarios side by side, for a terminal: what holds, then the rows and what questions found.
#[must_use]
pub fn scenarios_terminal(report: &ScenarioReport, options: TerminalOptions) -> String {
    terminal::render(&scenarios::document(report), options)
}

/// Scenarios side by side as GitHub-flavoured Markdown.
#[must_use]
pub fn scenarios_markdown(report: &ScenarioReport) -> String {
    markdown::render(&scenarios::document(report))
}

/// Scenarios side by side as one HTML page that loads nothing and runs nothing; charts with feature `charts`.
#[must_use]
pub fn scenarios_html(report: &ScenarioReport) -> String {
    html::render(&scenarios::document(report))
}

/// Scenarios side by side for machines: `scenarios[]{name, steps, unplaced, checks, answer, …}`.
#[must_use]
pub fn scenarios_json(report: &ScenarioReport) -> String {
    scenarios::json(report)
}

/// JSON Schema (draft 2020-12) of what [`scenarios_json`] writes.
#[cfg(feature = "schema")]
#[must_use]
pub fn scenarios_schema() -> String {
    scenarios::schema()
}

/// Recommendations for a terminal: what all together give, the first of them ranked, what is withheld.
#[must_use]
pub fn tuning_terminal(tuning: &Tuning, options: TerminalOptions) -> String {
    terminal::render(&tuning::brief(tuning), options)
}

/// One recommendation in full, for a terminal.
#[must_use]
pub fn recommendation(recommendation: &Recommendation, options: TerminalOptions) -> String {
    terminal::render(&tuning::explanation(recommendation), options)
}

/// Recommendations as GitHub-flavoured Markdown.
#[must_use]
pub fn tuning_markdown(tuning: &Tuning) -> String {
    markdown::render(&tuning::document(tuning))
}

/// Recommendations as one HTML page that loads nothing and runs nothing; charts with feature `charts`.
#[must_use]
pub fn tuning_html(tuning: &Tuning) -> String {
    html::render(&tuning::document(tuning))
}

/// Recommendations for machines:
/// `recommendations[]{id, subject, kind, current, lower, target, upper, saves, risk, patch, withheld}`.
#[must_use]
pub fn tuning_json(tuning: &Tuning) -> String {
    tuning::json(tuning)
}

/// The page that goes with a folder of patches: what they do, how to apply them, how to go back.
#[must_use]
pub fn tuning_readme(tuning: &Tuning, files: &[Manifest]) -> String {
    tuning::readme(tuning, files)
}

/// JSON Schema (draft 2020-12) of what [`tuning_json`] writes.
#[cfg(feature = "schema")]
#[must_use]
pub fn tuning_schema() -> String {
    tuning::schema()
}
