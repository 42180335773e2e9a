//! Where pods go, for machines: a promise, so it has types of its own.

use serde::Serialize;

use super::{Agreed, Packed, PlacementReport};
use crate::finding::Severity;
use crate::report::json;

/// Version of the format; a change that breaks a reader changes it.
const SCHEMA_VERSION: &str = "1";

/// Writes the report.
pub fn render(report: &PlacementReport) -> String {
    let finding = |finding| Finding::from(finding);
    json::write(&Report {
        schema_version: SCHEMA_VERSION,
        kubernetes: &report.version,
        seed: report.seed,
        nodes: report.nodes,
        placement: Placement::from(&report.chosen),
        other: Placement::from(&report.other),
        agreement: report.agreement.as_ref().map(Agreement::from),
        findings: report.findings.iter().map(finding).collect(),
    })
}

/// The JSON Schema of what [`render`] writes.
#[cfg(feature = "schema")]
pub fn schema() -> String {
    json::schema_of::<Report<'static>>()
}

/// Where pods go.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "PlacementReport"))]
struct Report<'a> {
    /// Version of this format.
    schema_version: &'static str,
    /// Version of Kubernetes whose rules hold.
    kubernetes: &'a str,
    /// Seed of ties.
    seed: u64,
    /// Nodes of the inventory.
    nodes: u64,
    /// The packing asked for.
    placement: Placement<'a>,
    /// The other way of packing, for comparison.
    other: Placement<'a>,
    /// How decisions compare with those of a trace; `null` where none was given.
    agreement: Option<Agreement<'a>>,
    /// What was noticed, gravest first.
    findings: Vec<Finding<'a>>,
}

/// One way of packing.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Placement<'a> {
    /// `scheduler` or `first-fit-decreasing`.
    pack: &'static str,
    /// Pods placed.
    placed: u64,
    /// Pods that were there and stayed.
    kept: u64,
    /// Pods that found no node.
    unplaced: Vec<Unplaced<'a>>,
    /// Pods that had to go, and for whom.
    preempted: Vec<Preempted<'a>>,
    /// Nodes with at least one pod.
    nodes_used: u64,
    /// No packing uses fewer nodes.
    lower_bound: u64,
    /// Nodes of the policy's node pool to add for those that found none.
    nodes_to_add: u64,
    /// Pods among them that would fit on no new node.
    impossible: u64,
    /// Decisions taken.
    decisions: u64,
    /// Decisions with more than one best node.
    ties: u64,
    /// Every pod placed, with its node.
    pods: Vec<Assignment<'a>>,
}

/// A pod that found no node.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Unplaced<'a> {
    /// Namespace and name.
    pod: &'a str,
    /// What kept it off, most nodes first.
    reasons: Vec<Reason<'a>>,
}

/// A reason.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Reason<'a> {
    /// In words.
    reason: &'a str,
    /// Nodes it holds for; 0 where it is about no node.
    nodes: u64,
}

/// A pod that had to go.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Preempted<'a> {
    /// Namespace and name.
    pod: &'a str,
    /// The pod it went for.
    by: &'a str,
}

/// A pod and its node.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Assignment<'a> {
    /// Namespace and name.
    pod: &'a str,
    /// Node.
    node: &'a str,
}

/// How decisions compare with those of a trace.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Agreement<'a> {
    /// Name of the trace.
    trace: &'a str,
    /// The same node, or none in both.
    same: u64,
    /// Another node that scores as well as the best.
    ties: u64,
    /// Other nodes.
    different: Vec<Difference<'a>>,
    /// Pods that only one of the two decided on.
    unmatched: u64,
    /// Scores that both have.
    scores: u64,
    /// Scores among them that differ.
    different_scores: u64,
}

/// A decision that differs.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Difference<'a> {
    /// Namespace and name.
    pod: &'a str,
    /// How it differs.
    why: &'a str,
}

/// Something noticed.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Finding<'a> {
    /// Kind.
    id: &'a str,
    /// How much it matters.
    severity: Severity,
    /// What it is about.
    subject: &'a str,
    /// The case at hand.
    message: &'a str,
    /// How many objects it stands for.
    count: u64,
}

impl<'a> From<&'a Packed> for Placement<'a> {
    fn from(packed: &'a Packed) -> Self {
        let reason = |(reason, nodes): &'a (String, u64)| Reason { reason, nodes: *nodes };
        let unplaced = packed.unplaced.iter();
        Self {
            pack: packed.pack,
            placed: packed.placed.len() as u64,
            kept: packed.kept,
            unplaced: unplaced
                .map(|(pod, reasons)| Unplaced { pod, reasons: reasons.iter().map(reason).collect() })
                .collect(),
            preempted: packed.preempted.iter().map(|(pod, by)| Preempted { pod, by }).collect(),
            nodes_used: packed.nodes_used,
            lower_bound: packed.lower_bound,
            nodes_to_add: packed.nodes_to_add,
            impossible: packed.impossible,
            decisions: packed.decisions,
            ties: packed.ties,
            pods: packed.placed.iter().map(|(pod, node)| Assignment { pod, node }).collect(),
        }
    }
}

impl<'a> From<&'a Agreed> for Agreement<'a> {
    fn from(agreed: &'a Agreed) -> Self {
        Self {
            trace: &agreed.trace,
            same: agreed.same,
            ties: agreed.ties,
            different: agreed.different.iter().map(|(pod, why)| Difference { pod, why }).collect(),
            unmatched: agreed.unmatched,
            scores: agreed.scores,
            different_scores: agreed.different_scores,
        }
    }
}

impl<'a> From<&'a crate::finding::Finding> for Finding<'a> {
    fn from(finding: &'a crate::finding::Finding) -> Self {
        Self {
            id: finding.kind.id,
            severity: finding.kind.severity,
            subject: &finding.subject,
            message: &finding.message,
            count: finding.count,
        }
    }
}
