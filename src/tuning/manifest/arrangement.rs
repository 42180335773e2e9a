//! How pods lie to one another, as parts of a patch.

use serde_json::{Map, Value, json};

use super::object::selector;
use super::put;
use crate::inventory::objects::{PodAffinityTerm, TopologySpread, WeightedPodAffinityTerm, WorkloadPatch};

/// Adds rules of placement to a pod specification.
pub(super) fn add(pod: &mut Value, patch: &WorkloadPatch) {
    if !patch.spread.is_empty() {
        put(pod, "topologySpreadConstraints", patch.spread.iter().map(spread).collect());
    }
    let away = &patch.anti_affinity;
    let preferred = |it: &WeightedPodAffinityTerm| json!({ "weight": it.weight, "podAffinityTerm": term(&it.term) });
    let lists = [
        ("required", away.required.as_ref().map(|terms| terms.iter().map(term).collect::<Vec<Value>>())),
        ("preferred", away.preferred.as_ref().map(|terms| terms.iter().map(preferred).collect())),
    ];
    // An empty list is said as null, which takes the member away.
    let said = lists.into_iter().filter_map(|(list, terms)| {
        let terms = terms?;
        let value = if terms.is_empty() { Value::Null } else { Value::Array(terms) };
        Some((format!("{list}DuringSchedulingIgnoredDuringExecution"), value))
    });
    let said: Map<String, Value> = said.collect();
    if !said.is_empty() {
        put(pod, "affinity", json!({ "podAntiAffinity": said }));
    }
}

fn spread(rule: &TopologySpread) -> Value {
    let when = if rule.hard { "DoNotSchedule" } else { "ScheduleAnyway" };
    let mut object = json!({ "maxSkew": rule.max_skew, "topologyKey": rule.topology_key, "whenUnsatisfiable": when });
    if let Some(requirements) = &rule.selector {
        put(&mut object, "labelSelector", selector(requirements));
    }
    if !rule.match_label_keys.is_empty() {
        put(&mut object, "matchLabelKeys", json!(rule.match_label_keys));
    }
    if let Some(least) = rule.min_domains {
        put(&mut object, "minDomains", json!(least));
    }
    if rule.ignores_node_affinity {
        put(&mut object, "nodeAffinityPolicy", json!("Ignore"));
    }
    if rule.honors_taints {
        put(&mut object, "nodeTaintsPolicy", json!("Honor"));
    }
    object
}

fn term(term: &PodAffinityTerm) -> Value {
    let mut object = json!({ "topologyKey": term.topology_key });
    for (key, requirements) in [("labelSelector", &term.selector), ("namespaceSelector", &term.namespace_selector)] {
        if let Some(requirements) = requirements {
            put(&mut object, key, selector(requirements));
        }
    }
    let lists = [
        ("namespaces", &term.namespaces),
        ("matchLabelKeys", &term.match_label_keys),
        ("mismatchLabelKeys", &term.mismatch_label_keys),
    ];
    for (key, texts) in lists.into_iter().filter(|(_, texts)| !texts.is_empty()) {
        put(&mut object, key, json!(texts));
    }
    object
}
