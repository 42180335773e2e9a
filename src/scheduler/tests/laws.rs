//! Laws that every placement obeys, on clusters drawn at random.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::add::place_on_new;
use super::super::run::Run;
use super::super::{Decision, KubernetesVersion, Pack, Placement, Profile, Scheduling, TieBreak, schedule};
use super::cluster::{Cluster, labels, near, spec, spread, taint};
use crate::inventory::objects::{NodeResources, TaintEffect, WeightedPodAffinityTerm};
use crate::inventory::{Node, Place, PodSpec};
use crate::resources::Resources;
use crate::units::{Bytes, Millicores};

const HOST: &str = "kubernetes.io/hostname";
const ZONE: &str = "topology.kubernetes.io/zone";

/// A pod in numbers: size, kind, rule, priority, and the node it is on.
pub type Drawn = (u64, usize, usize, i32, Option<usize>);

pub fn cluster(zones: &[usize], pods: &[Drawn]) -> Cluster {
    let mut cluster = Cluster::default();
    for (index, zone) in zones.iter().enumerate() {
        let zone = format!("z{zone}");
        cluster = cluster.sized_node(
            &format!("n{index}"),
            &[(ZONE, &zone), ("pool", if index % 3 == 0 { "a" } else { "b" })],
            2000,
            4096,
        );
        if index % 4 == 3 {
            cluster = cluster.last_node(|node, _| node.taints = vec![taint("soft", TaintEffect::PreferNoSchedule)]);
        }
    }
    for (index, &(size, app, rule, priority, on)) in pods.iter().enumerate() {
        let app = format!("app{app}");
        let on = on.map(|on| format!("n{}", on % zones.len()));
        let pod = PodSpec { priority: Some(priority), ..ruled(rule, &app, spec(100 * size, 150 * size)) };
        cluster = cluster.pod(&format!("p{index:02}"), &app, on.as_deref(), pod);
        cluster = cluster.last_pod(|pod| pod.siblings = Some([super::cluster::is("app", &app)].into()));
    }
    cluster
}

fn ruled(rule: usize, app: &str, mut pod: PodSpec) -> PodSpec {
    match rule {
        1 => pod.pod_anti_affinity.required = vec![near(app, HOST)],
        2 => pod.topology_spread = vec![spread(app, ZONE, 1, true)],
        3 => pod.topology_spread = vec![spread(app, HOST, 2, false), spread(app, ZONE, 1, false)],
        4 => pod.pod_affinity.required = vec![near(app, ZONE)],
        5 => pod.node_selector = labels(&[("pool", "a")]),
        6 => {
            let weighted = |weight, key: &str| WeightedPodAffinityTerm { weight, term: near("app0", key) };
            pod.pod_affinity.preferred = vec![weighted(30, ZONE)];
            pod.pod_anti_affinity.preferred = vec![weighted(60, HOST)];
        }
        _ => {}
    }
    pod
}

pub fn drawn_pods(rules: usize, most: usize, places: bool) -> impl Strategy<Value = Vec<Drawn>> {
    let on = if places {
        prop_oneof![2 => Just(None), 1 => (0_usize..8).prop_map(Some)].boxed()
    } else {
        Just(None).boxed()
    };
    prop::collection::vec((1_u64..9, 0_usize..4, 0..rules, 0_i32..3, on), 1..most)
}

pub fn zones() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0_usize..3, 1..8)
}

/// The node of every pod at the end, by index.
pub fn nodes_of(cluster: &Cluster, placement: &Placement) -> Vec<Option<usize>> {
    let unplaced: Vec<usize> = placement.unplaced.iter().map(|one| one.pod).collect();
    let place = |(index, pod): (usize, &crate::inventory::Pod)| {
        let moved = placement.placed.iter().find(|(pod, _)| *pod == index).map(|(_, node)| *node);
        let stayed = if let Place::On(node) = pod.place { Some(node) } else { None };
        moved.or(stayed.filter(|_| !unplaced.contains(&index)))
    };
    cluster.inventory.pods.iter().enumerate().map(place).collect()
}

fn run(cluster: &Cluster, pack: Pack, seed: u64) -> Placement {
    let profile = Profile::new(KubernetesVersion::V1_34);
    schedule(&Scheduling { pack, ties: TieBreak::Seeded(seed), ..cluster.scheduling(&profile) }, None)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn every_pod_is_placed_once_or_explained_once(zones in zones(), pods in drawn_pods(7, 40, true), seed in 0_u64..9) {
        let cluster = cluster(&zones, &pods);
        for pack in [Pack::Scheduler, Pack::FirstFitDecreasing] {
            let placement = run(&cluster, pack, seed);
            let accounted = placement.placed.len() + placement.unplaced.len() + placement.kept as usize;
            prop_assert_eq!(accounted, pods.len());
            prop_assert!(placement.unplaced.iter().all(|one| !one.reasons.is_empty()));
        }
    }

    #[test]
    fn nothing_is_filled_beyond_what_it_offers(zones in zones(), pods in drawn_pods(7, 40, false), seed in 0_u64..9) {
        let cluster = cluster(&zones, &pods);
        for pack in [Pack::Scheduler, Pack::FirstFitDecreasing] {
            let placement = run(&cluster, pack, seed);
            let mut cpu: BTreeMap<usize, u64> = BTreeMap::new();
            for (pod, node) in &placement.placed {
                *cpu.entry(*node).or_default() += pods[*pod].0 * 100;
            }
            prop_assert!(cpu.values().all(|sum| *sum <= 2000), "{:?}", cpu);
            prop_assert!(placement.lower_bound <= placement.nodes_used);
        }
    }

    /// Rules between pods, checked on the outcome alone.
    #[test]
    fn rules_hold_in_the_end(zones in zones(), pods in drawn_pods(6, 40, false), seed in 0_u64..9) {
        let cluster = cluster(&zones, &pods);
        for pack in [Pack::Scheduler, Pack::FirstFitDecreasing] {
            let nodes = nodes_of(&cluster, &run(&cluster, pack, seed));
            let on = |pod: usize| nodes[pod];
            for (index, &(_, app, rule, ..)) in pods.iter().enumerate() {
                let Some(node) = on(index) else { continue };
                let kind = |other: &usize| pods[*other].1 == app && *other != index;
                let beside = (0..pods.len()).filter(kind).filter(|other| on(*other) == Some(node)).count();
                prop_assert!(rule != 1 || beside == 0, "p{} has {} of its kind beside it", index, beside);
                prop_assert!(rule != 5 || node % 3 == 0);
            }
        }
    }

    /// New nodes are tried in small numbers first: all at once give the same.
    #[test]
    fn more_new_nodes_than_needed_change_nothing(zones in zones(), pods in drawn_pods(7, 120, true)) {
        // No two of them share a new node, though much of it stays free: the first number is too small.
        let pods: Vec<Drawn> = pods.into_iter().map(|(size, app, rule, rank, on)| (size.max(6), app, rule, rank, on)).collect();
        let cluster = cluster(&zones, &pods);
        let profile = Profile::new(KubernetesVersion::V1_34);
        let node = Node { name: "new".into(), labels: labels(&[(ZONE, "z9"), ("pool", "a")]), ..Node::default() };
        let resources = Resources::new(Millicores::new(1_150), Bytes::from_gib(64));
        let offered = NodeResources { resources, pods: None };
        let scheduling = Scheduling { new_node: Some((&node, &offered)), ..cluster.scheduling(&profile) };
        let mut run = Run::new(&scheduling);
        run.settle(false);
        run.go(None);
        let placement = run.placement(&scheduling);
        let addition = placement.addition.unwrap_or_default();
        let waiting: Vec<usize> = placement.unplaced.iter().map(|one| one.pod).collect();
        let (used, refused) = place_on_new(&scheduling, &run.state, &waiting, (&node, &offered), waiting.len());
        prop_assert_eq!((addition.nodes, addition.impossible), (used as u64, refused as u64));
    }

    /// The kept sums and counts give the choice that looking at everything anew gives.
    #[test]
    fn the_best_node_is_chosen(zones in zones(), pods in drawn_pods(7, 40, true), seed in 0_u64..9) {
        let cluster = cluster(&zones, &pods);
        for version in [KubernetesVersion::V1_34, KubernetesVersion::V1_36] {
            let profile = Profile::new(version);
            let scheduling = Scheduling { ties: TieBreak::Seeded(seed), ..cluster.scheduling(&profile) };
            let mut wrong = Vec::new();
            let mut look = |decision: Decision<'_>| {
                let best = decision.nodes.iter().map(super::super::ScoredNode::total).max();
                let chosen = decision.nodes.iter().find(|node| Some(node.node) == decision.chosen);
                if chosen.map(super::super::ScoredNode::total) != best {
                    wrong.push(format!("{decision:?}"));
                }
            };
            let _ = schedule(&scheduling, Some(&mut look));
            prop_assert!(wrong.is_empty(), "{:?}", wrong);
        }
    }

    /// Counters kept while pods come and go agree with those of a cluster that starts from the outcome.
    #[test]
    fn what_is_kept_agrees_with_what_is_counted_anew(zones in zones(), pods in drawn_pods(7, 30, true), seed in 0_u64..9) {
        let cluster = cluster(&zones, &pods);
        let profile = Profile::new(KubernetesVersion::V1_34);
        let scheduling = Scheduling { ties: TieBreak::Seeded(seed), ..cluster.scheduling(&profile) };
        let mut decisions = Vec::new();
        let mut look = |decision: Decision<'_>| {
            let nodes: Vec<(String, Vec<i64>)> = decision
                .nodes
                .iter()
                .map(|node| (node.node.to_owned(), node.scores.iter().map(|score| score.weighted).collect()))
                .collect();
            decisions.push((decision.pod.clone(), decision.chosen.map(str::to_owned), nodes));
        };
        let placement = schedule(&scheduling, Some(&mut look));
        prop_assume!(placement.preempted.is_empty());
        let mut grown = cluster.clone();
        for (pod, chosen, nodes) in decisions {
            let index = grown.inventory.pods.iter().position(|one| one.name == pod).unwrap();
            let explained = super::super::explain(&grown.inventory, &grown.offered, &profile, index).unwrap();
            let mut anew: Vec<(String, Vec<i64>)> = explained
                .nodes
                .iter()
                .filter(|node| node.refusal.is_none())
                .map(|node| (node.node.to_owned(), node.scores.iter().map(|score| score.weighted).collect()))
                .collect();
            let mut kept = nodes;
            kept.sort();
            anew.sort();
            if kept.len() == 1 {
                kept[0].1.clear();
                anew.iter_mut().for_each(|one| one.1.clear());
            }
            prop_assert_eq!(kept, anew, "{}", pod);
            if let Some(chosen) = chosen {
                let node = grown.inventory.nodes.iter().position(|node| *node.name == *chosen).unwrap();
                grown.inventory.pods[index].place = Place::On(node);
            }
        }
    }

    /// Pods of one priority and age: with one kind of pod, which name stands first changes no number.
    #[test]
    fn the_order_of_equal_pods_changes_names_only(zones in zones(), count in 1_usize..30, rule in 0_usize..4) {
        let pods: Vec<Drawn> = (0..count).map(|_| (5, 0, rule, 0, None)).collect();
        let forward = cluster(&zones, &pods);
        let mut backward = forward.clone();
        backward.inventory.pods.reverse();
        for (index, pod) in backward.inventory.pods.iter_mut().enumerate() {
            pod.workload = index;
        }
        let per_node = |cluster: &Cluster| {
            let mut counts = vec![0; zones.len()];
            run(cluster, Pack::Scheduler, 1).placed.iter().for_each(|(_, node)| counts[*node] += 1);
            counts
        };
        prop_assert_eq!(per_node(&forward), per_node(&backward));
    }

    /// With pods of one size and no rules, a node less never places more.
    #[test]
    fn a_node_less_places_no_more(zones in zones(), count in 1_usize..60) {
        let pods: Vec<Drawn> = (0..count).map(|_| (5, 0, 0, 0, None)).collect();
        let fewer = zones.get(1..).unwrap();
        prop_assume!(!fewer.is_empty());
        let placed = |zones: &[usize]| run(&cluster(zones, &pods), Pack::Scheduler, 1).placed.len();
        prop_assert!(placed(fewer) <= placed(&zones));
    }
}
