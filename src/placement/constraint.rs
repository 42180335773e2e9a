//! Whether a node admits a pod, apart from its size: the filters NodeUnschedulable, TaintToleration
//! and NodeAffinity of Kubernetes' scheduler.

use std::fmt;

use super::site::Site;
use crate::inventory::objects::{NodeSelectorTerm, Operator, Requirement, Taint, TaintEffect};
use crate::inventory::{Labels, Node, PodSpec};

/// Why a node does not admit a pod.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Barrier<'a> {
    NoAllocatable,
    NotReady,
    Cordoned,
    Taint(&'a Taint),
    Selector(&'a str, &'a str),
    Affinity,
    Overcommitted,
}

impl fmt::Display for Barrier<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAllocatable => f.write_str("nothing allocatable"),
            Self::NotReady => f.write_str("not ready"),
            Self::Cordoned => f.write_str("cordoned"),
            Self::Taint(taint) if taint.value.is_empty() => write!(f, "taint {}:{}", taint.key, effect(taint)),
            Self::Taint(taint) => write!(f, "taint {}={}:{}", taint.key, taint.value, effect(taint)),
            Self::Selector(key, value) => write!(f, "node selector {key}={value}"),
            Self::Affinity => f.write_str("node affinity"),
            Self::Overcommitted => f.write_str("overcommitted already"),
        }
    }
}

fn effect(taint: &Taint) -> &'static str {
    match taint.effect {
        TaintEffect::NoSchedule => "NoSchedule",
        TaintEffect::PreferNoSchedule => "PreferNoSchedule",
        TaintEffect::NoExecute => "NoExecute",
    }
}

/// The first thing that keeps a new pod off a node, in the order of the scheduler's filters.
pub(super) fn barrier<'a>(site: &Site<'a>, spec: &'a PodSpec) -> Option<Barrier<'a>> {
    let node = site.node;
    if !site.has_capacity() {
        return Some(Barrier::NoAllocatable);
    }
    if node.ready == Some(false) {
        return Some(Barrier::NotReady);
    }
    if node.unschedulable && !tolerates_cordon(spec) {
        return Some(Barrier::Cordoned);
    }
    if let Some(taint) = untolerated_taint(node, spec) {
        return Some(Barrier::Taint(taint));
    }
    if let Some((key, value)) = spec.node_selector.iter().find(|(key, value)| node.labels.get(*key) != Some(value)) {
        return Some(Barrier::Selector(key, value));
    }
    let terms = spec.required_node_affinity.as_deref();
    if terms.is_some_and(|terms| !terms.iter().any(|term| term_matches(term, node))) {
        return Some(Barrier::Affinity);
    }
    site.overcommitted.then_some(Barrier::Overcommitted)
}

/// Whether the DaemonSet that made a pod would put one on this node: taints, selector and affinity,
/// without the name of the pod's own node that the controller writes into its affinity.
pub(super) fn daemon_runs_on(node: &Node, spec: &PodSpec) -> bool {
    let expressions_match = |term: &NodeSelectorTerm| {
        let bound_by_controller = !term.fields.is_empty();
        (bound_by_controller || !term.expressions.is_empty()) && all_match(&term.expressions, &node.labels)
    };
    untolerated_taint(node, spec).is_none()
        && spec.node_selector.iter().all(|(key, value)| node.labels.get(key) == Some(value))
        && spec.required_node_affinity.as_ref().is_none_or(|terms| terms.iter().any(expressions_match))
}

fn untolerated_taint<'a>(node: &'a Node, spec: &PodSpec) -> Option<&'a Taint> {
    node.taints.iter().find(|taint| {
        taint.effect != TaintEffect::PreferNoSchedule
            && !spec.tolerations.iter().any(|toleration| toleration.tolerates(taint))
    })
}

/// A cordoned node is one with this taint, whether or not the dump shows it.
fn tolerates_cordon(spec: &PodSpec) -> bool {
    if spec.tolerations.is_empty() {
        return false;
    }
    let cordon = Taint {
        key: "node.kubernetes.io/unschedulable".to_owned(),
        value: String::new(),
        effect: TaintEffect::NoSchedule,
    };
    spec.tolerations.iter().any(|toleration| toleration.tolerates(&cordon))
}

/// An empty term matches nothing.
fn term_matches(term: &NodeSelectorTerm, node: &Node) -> bool {
    let empty = term.expressions.is_empty() && term.fields.is_empty();
    !empty && term.fields.iter().all(|field| field_matches(field, node)) && all_match(&term.expressions, &node.labels)
}

fn all_match(requirements: &[Requirement], labels: &Labels) -> bool {
    requirements.iter().all(|requirement| requirement.matches(labels))
}

/// Kubernetes knows one field, the node's name, and two operators on it.
fn field_matches(field: &Requirement, node: &Node) -> bool {
    let listed = field.values.iter().any(|value| **value == *node.name);
    match field.operator {
        Operator::In => field.key == "metadata.name" && listed,
        Operator::NotIn => field.key == "metadata.name" && !listed,
        _ => false,
    }
}
