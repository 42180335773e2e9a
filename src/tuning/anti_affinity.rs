//! Anti-affinity that keeps pods off every node.
//!
//! **Question.** Are pods without a node because their own kind must not be near?
//! **Law.** A required term of anti-affinity takes one domain for each pod; a preferred one only weighs.
//! **Decision.** Terms that must hold become terms that weigh most (100), where that gives a node to pods that have
//! none. Pods stay apart as far as there is room.
//! **Patch.** `podAntiAffinity` of the template: the list that must hold goes, the other one takes its terms in.
//!
//! **Source.** Kubernetes documentation, "Assigning Pods to Nodes".

use std::collections::BTreeMap;

use super::{Amount, Kind, Member, Question, Recommendation, Setting};
use crate::inventory::Change;
use crate::inventory::objects::{AntiAffinityPatch, Patch, WeightedPodAffinityTerm, WorkloadPatch};

/// Weight of a term that weighs as much as any may.
const MOST: i32 = 100;

/// Softens anti-affinity that leaves pods without a node.
#[must_use]
pub fn anti_affinity(question: &Question<'_>) -> Vec<Recommendation> {
    let Some(standing) = question.standing() else { return Vec::new() };
    let inventory = standing.inventory();
    let of_workload = |pods: &mut dyn Iterator<Item = usize>| {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for workload in pods.filter_map(|pod| inventory.workloads.get(inventory.pods.get(pod)?.workload)) {
            *counts.entry(workload.id.to_string()).or_default() += 1;
        }
        counts
    };
    let without = of_workload(&mut standing.unplaced().iter().map(|(pod, _)| *pod));
    let is_kept_off = |it: &Member<'_>| {
        without.contains_key(&it.workload.id.to_string()) && !it.workload.spec.pod_anti_affinity.required.is_empty()
    };
    let candidates: Vec<Member<'_>> = question.members().filter(is_kept_off).collect();
    if candidates.is_empty() {
        return Vec::new();
    }
    let changes: Vec<Change> = candidates.iter().map(|it| Change::Patch(softened(it))).collect();
    let patched = inventory.clone().changed(&changes);
    let session = standing.session_of(&patched);
    let after = of_workload(&mut session.placement().unplaced.iter().map(|one| one.pod));
    let counts = |it: &Member<'_>| {
        let name = it.workload.id.to_string();
        let count = |of: &BTreeMap<String, u64>| of.get(&name).copied().unwrap_or(0);
        (count(&without), count(&after))
    };
    let helped = candidates.iter().filter(|it| counts(it).1 < counts(it).0);
    helped.map(|it| recommendation(it, counts(it))).collect()
}

fn softened(it: &Member<'_>) -> Patch {
    let rules = &it.workload.spec.pod_anti_affinity;
    let required = rules.required.iter().map(|term| WeightedPodAffinityTerm { weight: MOST, term: term.clone() });
    let preferred = rules.preferred.iter().cloned().chain(required).collect();
    let anti_affinity = AntiAffinityPatch { required: Some(Vec::new()), preferred: Some(preferred) };
    Patch::Workload(WorkloadPatch { anti_affinity, ..it.patch() })
}

fn recommendation(it: &Member<'_>, (now, then): (u64, u64)) -> Recommendation {
    let name = it.name();
    let terms = it.workload.spec.pod_anti_affinity.required.iter().map(|term| term.topology_key.as_str());
    let keys: Vec<&str> = terms.collect();
    let settings = vec![
        Setting::exact(
            "anti-affinity",
            Some(Amount::Text("required".to_owned())),
            Amount::Text(format!("preferred, weight {MOST}")),
        ),
        Setting::exact("pods without a node", Some(Amount::Count(now)), Amount::Count(then)),
    ];
    let subject = it.workload.id.to_string();
    let mut found = Recommendation::new(Kind::AntiAffinity, &name, subject, settings).of_workload(&name);
    found.basis = vec![format!("its pods must not share {}, and there are too few of them", keys.join(" or "))];
    found.risk.removes = Some(format!("{now} of its pods have no node"));
    found.risk.brings = vec!["pods of it may share a node: its loss takes more than one".to_owned()];
    found.doing(it.changes(vec![softened(it)]))
}
