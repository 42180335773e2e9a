//! Rules between pods and preferences for nodes.

use serde::Deserialize;

use super::pod::{TermWire, term};
use super::selector::SelectorWire;
use super::text::{Int, Nullable, Seq, Text};
use crate::inventory::objects::{
    NodeSelectorTerm, PodAffinity, PodAffinityTerm, PreferredNodeTerm, TopologySpread, WeightedPodAffinityTerm,
};

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct AffinityWire<'a> {
    #[serde(borrow)]
    node_affinity: Nullable<NodeAffinityWire<'a>>,
    #[serde(borrow)]
    pod_affinity: Nullable<PodAffinityWire<'a>>,
    #[serde(borrow)]
    pod_anti_affinity: Nullable<PodAffinityWire<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct NodeAffinityWire<'a> {
    #[serde(borrow, rename = "requiredDuringSchedulingIgnoredDuringExecution")]
    required: Option<NodeSelectorWire<'a>>,
    #[serde(borrow, rename = "preferredDuringSchedulingIgnoredDuringExecution")]
    preferred: Seq<PreferredNodeWire<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct NodeSelectorWire<'a> {
    #[serde(borrow)]
    node_selector_terms: Seq<TermWire<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PreferredNodeWire<'a> {
    weight: Int,
    #[serde(borrow)]
    preference: Nullable<TermWire<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PodAffinityWire<'a> {
    #[serde(borrow, rename = "requiredDuringSchedulingIgnoredDuringExecution")]
    required: Seq<PodTermWire<'a>>,
    #[serde(borrow, rename = "preferredDuringSchedulingIgnoredDuringExecution")]
    preferred: Seq<WeightedWire<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct WeightedWire<'a> {
    weight: Int,
    #[serde(borrow)]
    pod_affinity_term: Nullable<PodTermWire<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct PodTermWire<'a> {
    #[serde(borrow)]
    label_selector: Option<SelectorWire<'a>>,
    #[serde(borrow)]
    namespaces: Seq<Text<'a>>,
    #[serde(borrow)]
    namespace_selector: Option<SelectorWire<'a>>,
    #[serde(borrow)]
    topology_key: Text<'a>,
    #[serde(borrow)]
    match_label_keys: Seq<Text<'a>>,
    #[serde(borrow)]
    mismatch_label_keys: Seq<Text<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct SpreadWire<'a> {
    max_skew: Int,
    #[serde(borrow)]
    topology_key: Text<'a>,
    #[serde(borrow)]
    when_unsatisfiable: Text<'a>,
    #[serde(borrow)]
    label_selector: Option<SelectorWire<'a>>,
    #[serde(borrow)]
    match_label_keys: Seq<Text<'a>>,
    min_domains: Int,
    #[serde(borrow)]
    node_affinity_policy: Text<'a>,
    #[serde(borrow)]
    node_taints_policy: Text<'a>,
}

impl AffinityWire<'_> {
    pub(super) fn required_nodes(&self) -> Option<Vec<NodeSelectorTerm>> {
        self.node_affinity.required.as_ref().map(NodeSelectorWire::terms)
    }

    pub(super) fn preferred_nodes(&self) -> Vec<PreferredNodeTerm> {
        let preferred = |wire: &PreferredNodeWire<'_>| PreferredNodeTerm {
            weight: whole(wire.weight, 0),
            term: term(&wire.preference),
        };
        self.node_affinity.preferred.0.iter().map(preferred).collect()
    }

    pub(super) fn near_pods(&self) -> PodAffinity {
        between_pods(&self.pod_affinity)
    }

    pub(super) fn away_from_pods(&self) -> PodAffinity {
        between_pods(&self.pod_anti_affinity)
    }
}

impl NodeSelectorWire<'_> {
    pub(super) fn terms(&self) -> Vec<NodeSelectorTerm> {
        self.node_selector_terms.0.iter().map(term).collect()
    }
}

fn between_pods(wire: &PodAffinityWire<'_>) -> PodAffinity {
    let weighted = |wire: &WeightedWire<'_>| WeightedPodAffinityTerm {
        weight: whole(wire.weight, 0),
        term: pod_term(&wire.pod_affinity_term),
    };
    PodAffinity {
        required: wire.required.0.iter().map(pod_term).collect(),
        preferred: wire.preferred.0.iter().map(weighted).collect(),
    }
}

fn pod_term(wire: &PodTermWire<'_>) -> PodAffinityTerm {
    PodAffinityTerm {
        selector: wire.label_selector.as_ref().map(SelectorWire::requirements),
        namespaces: texts(&wire.namespaces),
        namespace_selector: wire.namespace_selector.as_ref().map(SelectorWire::requirements),
        topology_key: (&wire.topology_key).into(),
        match_label_keys: texts(&wire.match_label_keys),
        mismatch_label_keys: texts(&wire.mismatch_label_keys),
    }
}

/// A topology spread constraint; a skew that is not said counts as 1.
pub(super) fn spread(wire: &SpreadWire<'_>) -> TopologySpread {
    TopologySpread {
        max_skew: whole(wire.max_skew, 1),
        topology_key: (&wire.topology_key).into(),
        hard: wire.when_unsatisfiable.as_str() != "ScheduleAnyway",
        selector: wire.label_selector.as_ref().map(SelectorWire::requirements),
        match_label_keys: texts(&wire.match_label_keys),
        min_domains: wire.min_domains.0.map(|_| whole(wire.min_domains, 1)),
        ignores_node_affinity: wire.node_affinity_policy.as_str() == "Ignore",
        honors_taints: wire.node_taints_policy.as_str() == "Honor",
    }
}

fn texts(list: &Seq<Text<'_>>) -> Vec<String> {
    list.0.iter().map(String::from).collect()
}

fn whole(number: Int, otherwise: i32) -> i32 {
    number.0.map_or(otherwise, |number| number.clamp(i32::MIN.into(), i32::MAX.into()) as i32)
}
