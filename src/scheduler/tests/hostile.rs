//! Odd and hostile input ends, and loses no pod.

use super::super::{KubernetesVersion, Profile, StrategyKind, schedule};
use super::cluster::{Cluster, near, spec, spread};
use crate::inventory::PodSpec;
use crate::inventory::objects::{PreferredNodeTerm, WeightedPodAffinityTerm};

fn complete(cluster: &Cluster, profile: &Profile) -> usize {
    let placement = schedule(&cluster.scheduling(profile), None);
    assert_eq!(placement.placed.len() + placement.unplaced.len(), cluster.inventory.pods.len());
    placement.placed.len()
}

#[test]
fn nodes_that_offer_nothing_or_everything() {
    let profile = Profile::new(KubernetesVersion::V1_36);
    let mut cluster = Cluster::default()
        .sized_node("zero", &[], 0, 0)
        .sized_node("all", &[], u64::MAX, u64::MAX >> 20)
        .node("unsaid", &[])
        .pod("p", "x", None, spec(1, 1))
        .pod("q", "x", None, spec(u64::MAX, u64::MAX >> 20));
    cluster.offered.pop();
    assert_eq!(complete(&cluster, &profile), 1);
    cluster.inventory.nodes.clear();
    assert_eq!(complete(&cluster, &profile), 0);
}

#[test]
fn rules_that_contradict_themselves() {
    let profile = Profile::new(KubernetesVersion::V1_34);
    let contradictory = |app: &str| {
        let mut pod = spec(1, 1);
        pod.pod_affinity.required = vec![near(app, "kubernetes.io/hostname")];
        pod.pod_anti_affinity.required = vec![near(app, "kubernetes.io/hostname")];
        pod
    };
    let keyless = |hard| PodSpec { topology_spread: vec![spread("x", "", -7, hard)], ..spec(1, 1) };
    let mut weights = spec(1, 1);
    weights.preferred_node_affinity = vec![PreferredNodeTerm { weight: i32::MIN, term: Default::default() }];
    weights.pod_affinity.preferred = vec![WeightedPodAffinityTerm { weight: i32::MIN, term: near("x", "") }];
    weights.pod_anti_affinity.preferred =
        vec![WeightedPodAffinityTerm { weight: i32::MAX, term: near("x", "kubernetes.io/hostname") }];
    let cluster = Cluster::default()
        .node("a", &[])
        .node("b", &[])
        .pod("self", "self", None, contradictory("self"))
        .pod("hard", "x", None, keyless(true))
        .pod("soft", "x", None, keyless(false))
        .pod("weights", "x", None, weights.clone())
        .pod("again", "x", None, weights);
    // The first that contradicts itself goes anywhere: there is none of its kind yet.
    assert_eq!(complete(&cluster, &profile), 4);
}

#[test]
fn profiles_nobody_would_write() {
    let cluster = (0..150).fold(Cluster::default(), |cluster, index| cluster.node(&index.to_string(), &[]));
    let cluster = cluster.pod("p", "x", None, spec(1, 1));
    let mut profile = Profile::new(KubernetesVersion::V1_34);
    profile.weights = profile.weights.iter().map(|(plugin, _)| (*plugin, i64::MIN)).collect();
    profile.strategy.kind = StrategyKind::RequestedToCapacityRatio(vec![(50, i64::MAX), (50, 0), (0, -1)]);
    profile.strategy.resources = vec![("cpu".to_owned(), i64::MAX), ("none".to_owned(), -1), ("cpu".to_owned(), 1)];
    profile.balanced = vec![String::new(), "cpu".to_owned()];
    profile.percentage_of_nodes = Some(u32::MAX);
    profile.hard_pod_affinity_weight = i64::MAX;
    assert_eq!(complete(&cluster, &profile), 1);
}

/// Every pod its own kind, every kind away from itself.
#[test]
fn many_pods_apart_end() {
    let profile = Profile::new(KubernetesVersion::V1_34);
    let mut cluster = (0..20).fold(Cluster::default(), |cluster, index| cluster.node(&index.to_string(), &[]));
    for index in 0..3_000 {
        let app = format!("app-{}", index % 1500);
        let mut pod = spec(1, 1);
        pod.pod_anti_affinity.required = vec![near(&app, "kubernetes.io/hostname")];
        cluster = cluster.pod(&index.to_string(), &app, None, pod);
    }
    assert_eq!(complete(&cluster, &profile), 20 * 110);
}
