//! What of a node's fitness never changes: cordons, taints, selectors, affinity to nodes. Worked out once
//! for all pods that ask for the same.

use std::sync::LazyLock;

use super::nodes::Nodes;
use crate::inventory::objects::{NodeSelectorTerm, Operator, PreferredNodeTerm, Taint, TaintEffect, Toleration};
use crate::inventory::{Labels, Node, PodSpec};

/// What a pod asks of nodes as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Demand<'a> {
    pub(super) selector: &'a Labels,
    pub(super) required: &'a Option<Vec<NodeSelectorTerm>>,
    pub(super) preferred: &'a [PreferredNodeTerm],
    pub(super) tolerations: &'a [Toleration],
    /// Whether the DaemonSet controller adds its tolerations.
    pub(super) daemon: bool,
}

/// How a node answers a demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Answer {
    pub(super) open: bool,
    pub(super) tolerated: bool,
    pub(super) selected: bool,
}

/// How all nodes answer a demand.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) answers: Vec<Answer>,
    /// Untolerated `PreferNoSchedule` taints by node; `None` where no node has any.
    pub(super) disliked: Option<Vec<i64>>,
    /// Weights of preferred terms that hold, by node; `None` without such terms.
    pub(super) liked: Option<Vec<i64>>,
}

impl Ground {
    pub(super) fn new(demand: Demand<'_>, nodes: &Nodes<'_>) -> Self {
        let each = || 0..nodes.len();
        let disliked: Vec<i64> = each().map(|node| demand.disliked_taints(&nodes.taints[node])).collect();
        let liked = || each().map(|node| demand.liking(nodes.all[node])).collect();
        Self {
            answers: each().map(|node| demand.answer(nodes, node)).collect(),
            disliked: disliked.iter().any(|count| *count > 0).then_some(disliked),
            liked: (!demand.preferred.is_empty()).then(liked),
        }
    }
}

impl<'a> Demand<'a> {
    pub(super) fn new(spec: &'a PodSpec, daemon: bool) -> Self {
        Self {
            selector: &spec.node_selector,
            required: &spec.required_node_affinity,
            preferred: &spec.preferred_node_affinity,
            tolerations: &spec.tolerations,
            daemon,
        }
    }

    pub(super) fn answer(&self, nodes: &Nodes<'_>, node: usize) -> Answer {
        Answer {
            open: !nodes.all[node].unschedulable || self.tolerates_cordons(),
            tolerated: self.untolerated(&nodes.taints[node]).is_none(),
            selected: self.unmet_selector(nodes.all[node]).is_none() && self.required_holds(nodes.all[node]),
        }
    }

    /// The first taint that keeps the pod away.
    pub(super) fn untolerated<'t>(&self, taints: &'t [Taint]) -> Option<&'t Taint> {
        taints.iter().find(|taint| taint.effect != TaintEffect::PreferNoSchedule && !self.tolerates(taint))
    }

    /// Taints that speak against the node: those with `PreferNoSchedule` that are not tolerated.
    pub(super) fn disliked_taints(&self, taints: &[Taint]) -> i64 {
        taints.iter().filter(|taint| taint.effect == TaintEffect::PreferNoSchedule && !self.tolerates(taint)).count()
            as i64
    }

    /// Sum of the weights of preferred terms that hold.
    pub(super) fn liking(&self, node: &Node) -> i64 {
        self.preferred
            .iter()
            .filter(|preferred| preferred.weight != 0 && preferred.term.matches(node))
            .map(|preferred| i64::from(preferred.weight))
            .sum()
    }

    /// The first node selector that does not hold.
    pub(super) fn unmet_selector(&self, node: &Node) -> Option<(&'a String, &'a String)> {
        self.selector.iter().find(|(key, value)| node.labels.get(*key) != Some(value))
    }

    /// Whether the required affinity holds; terms are alternatives, and none of none holds.
    pub(super) fn required_holds(&self, node: &Node) -> bool {
        self.required.as_ref().is_none_or(|terms| terms.iter().any(|term| term.matches(node)))
    }

    /// Names of the only nodes the pod can run on, where every alternative names nodes.
    pub(super) fn named_nodes(&self) -> Option<Vec<&'a str>> {
        let terms = self.required.as_ref().filter(|terms| !terms.is_empty())?;
        let mut all: Vec<&str> = Vec::new();
        for term in terms {
            let mut fields = term.fields.iter().filter(|it| it.key == "metadata.name" && it.operator == Operator::In);
            all.extend(fields.next()?.values.iter().map(String::as_str));
        }
        Some(all)
    }

    /// Whether the pod runs on cordoned nodes.
    pub(super) fn tolerates_cordons(&self) -> bool {
        self.tolerates(&CORDON)
    }

    fn tolerates(&self, taint: &Taint) -> bool {
        let by_controller = self.daemon && DAEMON_TAINTS.contains(&taint.key.as_str());
        by_controller || self.tolerations.iter().any(|toleration| toleration.tolerates(taint))
    }
}

/// Taints the DaemonSet controller lets its pods tolerate.
const DAEMON_TAINTS: [&str; 7] = [
    "node.kubernetes.io/not-ready",
    "node.kubernetes.io/unreachable",
    "node.kubernetes.io/disk-pressure",
    "node.kubernetes.io/memory-pressure",
    "node.kubernetes.io/pid-pressure",
    "node.kubernetes.io/unschedulable",
    "node.kubernetes.io/network-unavailable",
];

/// A cordoned node is one with this taint, whether or not the dump shows it.
static CORDON: LazyLock<Taint> = LazyLock::new(|| Taint {
    key: "node.kubernetes.io/unschedulable".to_owned(),
    value: String::new(),
    effect: TaintEffect::NoSchedule,
});
