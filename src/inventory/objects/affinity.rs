//! Rules between pods and preferences for nodes.

use super::{Labels, NodeSelectorTerm, Requirement};

/// A preferred node affinity: a weight for nodes that match.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct PreferredNodeTerm {
    /// Weight, 1 … 100 in Kubernetes; what was written is kept.
    pub weight: i32,
    /// What the node must match.
    pub term: NodeSelectorTerm,
}

/// Affinity or anti-affinity to other pods.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct PodAffinity {
    /// Terms that must hold, all of them.
    pub required: Vec<PodAffinityTerm>,
    /// Terms that add to a node's score.
    pub preferred: Vec<WeightedPodAffinityTerm>,
}

/// A term that adds its weight per pod it matches.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct WeightedPodAffinityTerm {
    /// Weight, 1 … 100 in Kubernetes; what was written is kept.
    pub weight: i32,
    /// Which pods are meant, and where.
    pub term: PodAffinityTerm,
}

/// Pods meant by an affinity, and the domain in which they count as near.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct PodAffinityTerm {
    /// Which pods; `None` matches no pod, an empty list every pod.
    pub selector: Option<Vec<Requirement>>,
    /// Namespaces by name.
    pub namespaces: Vec<String>,
    /// Namespaces by their labels; an empty list means all of them. Without names and selector, the pod's own.
    pub namespace_selector: Option<Vec<Requirement>>,
    /// Label of nodes whose value makes a domain.
    pub topology_key: String,
    /// Labels of the pod itself that must be equal.
    pub match_label_keys: Vec<String>,
    /// Labels of the pod itself that must differ.
    pub mismatch_label_keys: Vec<String>,
}

impl PodAffinityTerm {
    /// The selector with the label keys of the pod merged in, as the API server does it.
    #[must_use]
    pub fn selector_of(&self, pod: &Labels) -> Option<Vec<Requirement>> {
        let mut selector = self.selector.clone()?;
        selector.extend(Requirement::equal_to(pod, &self.match_label_keys));
        let differ = Requirement::equal_to(pod, &self.mismatch_label_keys);
        selector.extend(differ.map(|same| Requirement { operator: super::Operator::NotIn, ..same }));
        Some(selector)
    }
}

/// How evenly pods must lie over domains of nodes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct TopologySpread {
    /// Largest difference to the emptiest domain, 1 or more in Kubernetes; what was written is kept.
    pub max_skew: i32,
    /// Label of nodes whose value makes a domain.
    pub topology_key: String,
    /// Whether a node that breaks it is out (`DoNotSchedule`) or only scores less (`ScheduleAnyway`).
    pub hard: bool,
    /// Which pods of the same namespace count; `None` matches no pod, an empty list every pod.
    pub selector: Option<Vec<Requirement>>,
    /// Labels of the pod itself that must be equal.
    pub match_label_keys: Vec<String>,
    /// With fewer domains than this the emptiest counts as empty; at least 1.
    pub min_domains: Option<i32>,
    /// Whether nodes outside the pod's node selector and affinity are left out of the count; by default they are.
    pub ignores_node_affinity: bool,
    /// Whether nodes with taints the pod does not tolerate are left out of the count; by default they are not.
    pub honors_taints: bool,
}

impl TopologySpread {
    /// The selector with the label keys of the pod merged in.
    #[must_use]
    pub fn selector_of(&self, pod: &Labels) -> Option<Vec<Requirement>> {
        let mut selector = self.selector.clone()?;
        selector.extend(Requirement::equal_to(pod, &self.match_label_keys));
        Some(selector)
    }
}
