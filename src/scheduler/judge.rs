//! Decisions of a run set against those of another: a trace of Kubernetes' own scheduler, or an earlier one.

use std::collections::BTreeMap;

use super::{Decision, Plugin, PluginScore};
use crate::inventory::ObjectName;

/// A decision as a trace tells it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TracedDecision {
    /// The pod.
    pub pod: ObjectName,
    /// Node chosen; `None` where none was.
    pub chosen: Option<String>,
    /// Weighted scores by node and plugin, as far as the trace has them.
    pub weighted: BTreeMap<(String, Plugin), i64>,
}

/// The decisions of a trace in their order, to be followed: pods are placed in that order, each where it went.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Follow {
    by_pod: BTreeMap<ObjectName, (usize, Option<String>)>,
}

impl Follow {
    /// Of several decisions on one pod the last counts.
    #[must_use]
    pub fn new(decisions: &[TracedDecision]) -> Self {
        let by_pod = decisions.iter().enumerate();
        Self { by_pod: by_pod.map(|(rank, one)| (one.pod.clone(), (rank, one.chosen.clone()))).collect() }
    }

    /// Rank of a pod's decision.
    pub(super) fn rank(&self, pod: &ObjectName) -> Option<usize> {
        self.by_pod.get(pod).map(|(rank, _)| *rank)
    }

    /// Node a pod went to.
    pub(super) fn node(&self, pod: &ObjectName) -> Option<&str> {
        self.by_pod.get(pod).and_then(|(_, node)| node.as_deref())
    }
}

/// How decisions compare.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Agreement {
    /// The same node, or none in both.
    pub same: u64,
    /// Another node that scored as well as the best.
    pub ties: u64,
    /// Another node for another reason, each with that reason.
    pub different: Vec<(ObjectName, String)>,
    /// Pods that only one of the two decided on.
    pub unmatched: u64,
    /// Scores that both have.
    pub scores: u64,
    /// Scores among them that differ.
    pub different_scores: u64,
}

/// Compares decisions as they are taken.
#[derive(Debug)]
pub struct Judge<'a> {
    traced: BTreeMap<&'a ObjectName, &'a TracedDecision>,
    met: u64,
    agreement: Agreement,
}

impl<'a> Judge<'a> {
    /// Against the decisions of a trace.
    #[must_use]
    pub fn new(decisions: &'a [TracedDecision]) -> Self {
        let traced = decisions.iter().map(|decision| (&decision.pod, decision)).collect();
        Self { traced, met: 0, agreement: Agreement::default() }
    }

    /// Compares a decision with that of the trace on the same pod.
    pub fn hear(&mut self, decision: &Decision<'_>) {
        let Some(theirs) = self.traced.get(decision.pod).copied() else {
            self.agreement.unmatched += 1;
            return;
        };
        self.met += 1;
        self.compare_scores(decision, theirs);
        let chosen = theirs.chosen.as_deref();
        if decision.chosen == chosen {
            self.agreement.same += 1;
            return;
        }
        let total = |node: &str| decision.nodes.iter().find(|one| one.node == node).map(super::ScoredNode::total);
        let (ours, same) = (decision.chosen.and_then(total), chosen.and_then(total));
        if ours.is_some() && ours == same {
            self.agreement.ties += 1;
            return;
        }
        let ours = match (decision.chosen, ours) {
            (Some(node), Some(total)) => format!("{node} with {total}"),
            (Some(node), None) => node.to_owned(),
            (None, _) => "no node".to_owned(),
        };
        let theirs = match (chosen, same) {
            (Some(node), Some(total)) => format!("{node}, which scores {total} here"),
            (Some(node), None) => format!("{node}, which does not fit here or was not looked at"),
            (None, _) => "no node".to_owned(),
        };
        self.agreement.different.push((decision.pod.clone(), format!("{ours} against {theirs}")));
    }

    /// How they compare, with the pods of the trace that were never decided on.
    #[must_use]
    pub fn verdict(mut self) -> Agreement {
        self.agreement.unmatched += (self.traced.len() as u64).saturating_sub(self.met);
        self.agreement
    }

    fn compare_scores(&mut self, decision: &Decision<'_>, theirs: &TracedDecision) {
        if theirs.weighted.is_empty() {
            return;
        }
        for node in &decision.nodes {
            for &PluginScore { plugin, weighted, .. } in &node.scores {
                if let Some(&other) = theirs.weighted.get(&(node.node.to_owned(), plugin)) {
                    self.agreement.scores += 1;
                    self.agreement.different_scores += u64::from(other != weighted);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ScoredNode;
    use super::*;

    fn traced(chosen: Option<&str>, scores: &[(&str, i64)]) -> TracedDecision {
        let weighted = |(node, score): &(&str, i64)| (((*node).to_owned(), Plugin::NodeResourcesFit), *score);
        TracedDecision {
            pod: ObjectName::new("shop", "p"),
            chosen: chosen.map(str::to_owned),
            weighted: scores.iter().map(weighted).collect(),
        }
    }

    #[test]
    fn decisions_agree_tie_or_differ() {
        let pod = ObjectName::new("shop", "p");
        let node = |node, weighted| ScoredNode {
            node,
            scores: vec![PluginScore {
                plugin: Plugin::NodeResourcesFit,
                raw: weighted,
                normalised: weighted,
                weighted,
            }],
        };
        let ours = Decision {
            pod: &pod,
            chosen: Some("a"),
            nodes: vec![node("a", 60), node("b", 60), node("c", 50)],
            victims: vec![],
        };
        for (theirs, same, ties, different) in [
            (traced(Some("a"), &[("a", 60), ("c", 51)]), 1, 0, None),
            (traced(Some("b"), &[]), 0, 1, None),
            (traced(Some("c"), &[]), 0, 0, Some("a with 60 against c, which scores 50 here")),
            (traced(Some("d"), &[]), 0, 0, Some("a with 60 against d, which does not fit here or was not looked at")),
            (traced(None, &[]), 0, 0, Some("a with 60 against no node")),
        ] {
            let all = [theirs];
            let mut judge = Judge::new(&all);
            judge.hear(&ours);
            let agreement = judge.verdict();
            assert_eq!((agreement.same, agreement.ties, agreement.unmatched), (same, ties, 0));
            assert_eq!(agreement.different.first().map(|(_, why)| why.as_str()), different);
            let differ = u64::from(!all[0].weighted.is_empty());
            assert_eq!((agreement.scores, agreement.different_scores), (2 * differ, differ));
        }
    }
}
