//! Odd and hostile input ends, and loses no pod.

use std::sync::Arc;

use super::super::{KubernetesVersion, Pack, Profile, Scheduling, StrategyKind, schedule};
use super::cluster::{Cluster, is, labels, near, spec, spread, taint};
use crate::inventory::PodSpec;
use crate::inventory::objects::{
    NodeSelectorTerm, Operator, PodAffinityTerm, PreferredNodeTerm, Requirement, TaintEffect, WeightedPodAffinityTerm,
};

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

/// A cluster of small nodes by number.
fn nodes(count: usize) -> Cluster {
    (0..count).fold(Cluster::default(), |cluster, index| cluster.node(&index.to_string(), &[]))
}

/// Two pods a kind, every kind away from itself, and a label that all kinds share: as selectors of charts have it.
#[test]
fn a_hundred_thousand_pods_apart_end() {
    const PODS: usize = 100_000;
    let profile = Profile::new(KubernetesVersion::V1_34);
    let mut cluster = nodes(20);
    for index in 0..PODS {
        let app = format!("app-{}", index % (PODS / 2));
        let mut pod = spec(1, 1);
        let mut term = near(&app, "kubernetes.io/hostname");
        term.selector.get_or_insert_default().insert(0, is("tier", "backend"));
        pod.pod_anti_affinity.required = vec![term];
        cluster = cluster.pod(&index.to_string(), &app, None, pod);
        cluster = cluster.last_pod(|pod| {
            Arc::make_mut(&mut pod.labels).insert("tier".to_owned(), "backend".to_owned());
        });
    }
    assert_eq!(complete(&cluster, &profile), 20 * 110);
}

/// Of pods that are all alike, those that fail after the first cost nothing. Nodes to add cost each spread pod a
/// walk over them, so of these there are fewer.
#[test]
fn very_many_identical_pods_end() {
    let profile = Profile::new(KubernetesVersion::V1_34);
    let hard = PodSpec { topology_spread: vec![spread("x", "kubernetes.io/hostname", 1, true)], ..spec(1, 1) };
    let intolerant = PodSpec { node_selector: labels(&[("pool", "none")]), ..spec(1, 1) };
    for (pod, pods, expected) in [(spec(1, 1), 100_000, 20 * 110), (hard, 4_000, 20 * 110), (intolerant, 100_000, 0)] {
        let mut cluster = nodes(20).pod("first", "x", None, pod);
        let first = cluster.inventory.pods[0].clone();
        cluster.inventory.pods = vec![first; pods];
        let scheduling = cluster.scheduling(&profile);
        let new = (&cluster.inventory.nodes[0].clone(), &cluster.offered[0].clone());
        for pack in [Pack::Scheduler, Pack::FirstFitDecreasing] {
            let placement = schedule(&Scheduling { pack, new_node: Some(new), ..scheduling }, None);
            assert_eq!((placement.placed.len(), placement.unplaced.len()), (expected, pods - expected));
            assert!(placement.unplaced.iter().all(|one| !one.reasons.is_empty()));
        }
    }
}

#[test]
fn rules_nobody_can_meet_are_explained() {
    let no_key = |operator| NodeSelectorTerm {
        expressions: vec![Requirement { key: String::new(), operator, values: vec![] }],
        ..NodeSelectorTerm::default()
    };
    let required = |term| PodSpec { required_node_affinity: Some(vec![term]), ..spec(1, 1) };
    let unknown =
        Requirement { key: "pool".to_owned(), operator: Operator::Unknown("Near".to_owned()), values: vec![] };
    let mut far = spec(1, 1);
    far.pod_affinity.required = vec![PodAffinityTerm { topology_key: "zone".to_owned(), ..PodAffinityTerm::default() }];
    for (pod, expected) in [
        (required(no_key(Operator::Exists)), "2 node affinity"),
        (required(no_key(Operator::In)), "2 node affinity"),
        (required(NodeSelectorTerm { expressions: vec![unknown], ..NodeSelectorTerm::default() }), "2 node affinity"),
        (required(NodeSelectorTerm::default()), "2 node affinity"),
        (PodSpec { required_node_affinity: Some(vec![]), ..spec(1, 1) }, "2 node affinity"),
        (PodSpec { node_selector: labels(&[("", "")]), ..spec(1, 1) }, "2 node selector ="),
        (far, "2 pod affinity over zone"),
        (spec(4_001, 1), "2 insufficient cpu"),
        (spec(4_001, 1 << 20), "2 insufficient cpu and memory"),
    ] {
        let mut cluster = nodes(2).pod("p", "x", None, pod);
        assert_eq!(cluster.outcome(&cluster.place()), format!("p: {expected}"));
        cluster.inventory.nodes.iter_mut().for_each(|node| node.taints = vec![taint("no", TaintEffect::NoExecute)]);
        assert_eq!(cluster.outcome(&cluster.place()), "p: 2 taint no:NoExecute");
    }
}
