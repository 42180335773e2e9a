//! Namespaces in the order in which they move, and the waves that makes.
//!
//! What does least harm goes first: namespaces that are not for production by their name or labels, then those that
//! fewest others call or are called by, then those with fewest pods; namespaces with gateways last, for all traffic
//! passes there. The first wave is one namespace; each further one has at most twice the pods of the one before, or is
//! one namespace.

use std::collections::{BTreeMap, BTreeSet};

use crate::groundwork::proxy_of;
use crate::inventory::{Inventory, WorkloadId};
use crate::mesh::ProxyMode;
use crate::scenario::Standing;
use crate::tuning::Question;

/// Words by which people mark what is not for production.
const TRIAL: [&str; 11] =
    ["dev", "develop", "development", "test", "testing", "qa", "stage", "staging", "sandbox", "preview", "uat"];
/// Labels of namespaces that say what they are for.
const STAGE_LABELS: [&str; 5] = ["env", "environment", "stage", "tier", "app.kubernetes.io/environment"];

/// Namespaces that move together.
#[derive(Debug)]
pub(super) struct Wave {
    pub(super) namespaces: Vec<String>,
    pub(super) workloads: Vec<WorkloadId>,
    pub(super) pods: u64,
}

impl Wave {
    /// In words.
    pub(super) fn words(&self) -> String {
        let counted = |count: u64, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let (workloads, pods) = (counted(self.workloads.len() as u64, "workload"), counted(self.pods, "pod"));
        format!("{} ({workloads}, {pods})", self.namespaces.join(", "))
    }
}

/// How the order was found.
pub(super) fn basis(question: &Question<'_>) -> &'static str {
    match question.inputs.calls {
        Some(_) => {
            "namespaces that are not for production first, then by the calls between them and others, then by pods"
        }
        None => {
            "namespaces that are not for production first, then by pods; nobody said who calls whom (--calls), which \
             would order them by calls"
        }
    }
}

/// Waves of the namespaces whose pods have proxies. Workloads with a pod that has no node are left out: a restart of
/// theirs never ends, with an upgrade or without.
pub(super) fn waves(question: &Question<'_>, standing: &Standing) -> Vec<Wave> {
    let inventory = standing.inventory();
    let pods = standing.unplaced().iter().filter_map(|(pod, _)| inventory.pods.get(*pod));
    let without: BTreeSet<usize> = pods.map(|pod| pod.workload).collect();
    let mut namespaces: BTreeMap<&str, (Vec<WorkloadId>, u64)> = BTreeMap::new();
    let complete = inventory.workloads.iter().enumerate().filter(|(index, _)| !without.contains(index));
    for workload in complete.map(|(_, workload)| workload).filter(|workload| !workload.is_istiod()) {
        let pods = inventory.pods_of(workload);
        if pods.iter().any(|pod| proxy_of(&pod.spec).is_some()) {
            let known = namespaces.entry(&workload.id.namespace).or_default();
            known.0.push(workload.id.clone());
            known.1 += pods.len() as u64;
        }
    }
    let gateways: BTreeSet<&str> = question
        .members()
        .filter(|it| it.member.mode == ProxyMode::Gateway)
        .map(|it| &*it.workload.id.namespace)
        .collect();
    let mut order: Vec<(&str, (Vec<WorkloadId>, u64))> = namespaces.into_iter().collect();
    let neighbours = neighbours(question);
    order.sort_by_key(|(name, (_, pods))| {
        let calls = neighbours.get(name).map_or(0, BTreeSet::len);
        (gateways.contains(name), !is_trial(inventory, name), calls, *pods, *name)
    });
    let mut waves: Vec<Wave> = Vec::new();
    for (name, (workloads, pods)) in order {
        let before = waves.len().checked_sub(2).and_then(|before| waves.get(before)).map(|wave| wave.pods);
        let joins = waves
            .last()
            .zip(before)
            .is_some_and(|(last, before)| last.pods + pods <= 2 * before && !gateways.contains(name));
        match waves.last_mut().filter(|_| joins) {
            Some(wave) => {
                wave.namespaces.push(name.to_owned());
                wave.workloads.extend(workloads);
                wave.pods += pods;
            }
            None => waves.push(Wave { namespaces: vec![name.to_owned()], workloads, pods }),
        }
    }
    waves
}

/// For each namespace, the others that it calls or is called by.
fn neighbours<'q>(question: &Question<'q>) -> BTreeMap<&'q str, BTreeSet<&'q str>> {
    let mut neighbours: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for call in question.inputs.calls.as_deref().unwrap_or_default() {
        let (from, to) = (&*call.from.namespace, &*call.to.namespace);
        if from != to {
            neighbours.entry(from).or_default().insert(to);
            neighbours.entry(to).or_default().insert(from);
        }
    }
    neighbours
}

/// Whether its name or its labels say that it is not for production.
fn is_trial(inventory: &Inventory, namespace: &str) -> bool {
    let says = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| TRIAL.contains(&word))
    };
    let labels = inventory.namespace_labels(namespace);
    says(namespace) || STAGE_LABELS.iter().filter_map(|key| labels.get(*key)).any(|value| says(value))
}
