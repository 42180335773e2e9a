//! A fork gives what scheduling the changed inventory from scratch gives, and leaves the cluster as it was.

use std::sync::Arc;

use proptest::prelude::*;

use super::super::{
    Absent, Fork, KubernetesVersion, Loss, Pack, Placement, Profile, Scheduling, Session, TieBreak, schedule, worst,
};
use super::cluster::{Cluster, is, spec};
use super::laws::{Drawn, cluster, drawn_pods, nodes_of, zones};
use crate::inventory::objects::{DisruptionBudget, NodeImage, Timestamp};
use crate::inventory::{ObjectName, Place, PodLife};
use crate::units::Bytes;

/// What is changed, by index.
#[derive(Debug, Clone, Default)]
struct Change {
    lost: Vec<usize>,
    joined: Vec<usize>,
    cordoned: Vec<usize>,
    removed: Vec<usize>,
    restarted: Vec<usize>,
    added: Vec<usize>,
}

/// A drawn cluster with images, budgets, ages, DaemonSets and bare pods.
fn rich(zones: &[usize], pods: &[Drawn]) -> Cluster {
    let mut cluster = cluster(zones, pods);
    for (index, node) in cluster.inventory.nodes.iter_mut().enumerate() {
        if index % 2 == 0 {
            node.images = vec![NodeImage { names: vec!["shop/big:1".into()], size: Bytes::from_mib(900) }];
        }
    }
    for (index, &(_, app, rule, ..)) in pods.iter().enumerate() {
        let pod = &mut cluster.inventory.pods[index];
        if rule == 0 {
            Arc::make_mut(&mut pod.spec).containers[0].image = "shop/big:1".to_owned();
        }
        pod.life.started = Some(Timestamp(100 - index as i64));
        pod.life.created = (index % 3 > 0).then_some(Timestamp(50 + index as i64 % 5));
        let (workload, bound) = (&mut cluster.inventory.workloads[index], matches!(pod.place, Place::On(_)));
        if app == 3 && index % 2 == 0 {
            workload.id.kind = "DaemonSet".into();
            pod.listed = !(bound && index % 4 == 0);
        } else if index % 11 == 10 {
            workload.id.kind = "Pod".into();
        }
    }
    cluster.inventory.disruption_budgets = vec![DisruptionBudget {
        name: ObjectName::new("shop", "app0"),
        selector: vec![is("app", "app0")],
        min_available: Some("60%".to_owned()),
        max_unavailable: None,
        ..DisruptionBudget::default()
    }];
    cluster
}

/// The inventory after a placement and a change, without what is not there.
fn changed(cluster: &Cluster, placement: &Placement, absent: Absent<'_>, change: &Change) -> Cluster {
    let on = nodes_of(cluster, placement);
    let node_is_gone =
        |node: usize| change.lost.contains(&node) || absent.nodes.contains(&node) && !change.joined.contains(&node);
    let mut after = Cluster::default();
    let mut index_of = vec![None; cluster.inventory.nodes.len()];
    for (index, node) in cluster.inventory.nodes.iter().enumerate().filter(|(index, _)| !node_is_gone(*index)) {
        index_of[index] = Some(after.inventory.nodes.len());
        let mut node = node.clone();
        node.unschedulable |= change.cordoned.contains(&index);
        after.inventory.nodes.push(node);
        after.offered.push(cluster.offered[index].clone());
    }
    let ended = |pod: usize| {
        let mut reasons = placement.unplaced.iter().filter(|one| one.pod == pod).flat_map(|one| &one.reasons);
        reasons.any(|(reason, _)| reason.starts_with("preempted by"))
    };
    for (index, pod) in cluster.inventory.pods.iter().enumerate() {
        let kind = &*cluster.inventory.workloads[pod.workload].id.kind;
        let was_there =
            !absent.pods.contains(&index) && !matches!(pod.place, Place::On(node) if absent.nodes.contains(&node));
        let comes_with_node = matches!(pod.place, Place::On(node) if !pod.listed && change.joined.contains(&node));
        let comes = change.added.contains(&index) || comes_with_node;
        let place = if was_there { on[index] } else { None };
        let goes_with_node = kind == "DaemonSet"
            && matches!((place, pod.place), (Some(node), _) | (None, Place::On(node)) if node_is_gone(node))
            && (place.is_some() || !pod.listed);
        let is_gone = !comes && (!was_there || ended(index)) || change.removed.contains(&index) || goes_with_node;
        if is_gone {
            continue;
        }
        let mut pod = pod.clone();
        let moves = place.is_some_and(node_is_gone) || place.is_some() && change.restarted.contains(&index);
        if moves || placement.preempted.iter().any(|(victim, _)| *victim == index) {
            (pod.life, pod.terminating) = (PodLife::default(), false);
        }
        match place.filter(|_| !moves) {
            Some(node) => {
                pod.place = Place::On(index_of[node].unwrap());
                pod.listed = true;
            }
            None if !pod.listed => {
                let Place::On(node) = pod.place else { unreachable!() };
                pod.place = Place::On(index_of[node].unwrap());
            }
            None => pod.place = Place::Pending,
        }
        after.inventory.pods.push(pod);
    }
    after.inventory.workloads = cluster.inventory.workloads.clone();
    after.inventory.disruption_budgets = cluster.inventory.disruption_budgets.clone();
    after
}

fn apply(fork: &mut Fork<'_>, change: &Change) {
    change.joined.iter().for_each(|&node| fork.add_node(node));
    change.lost.iter().for_each(|&node| fork.lose_node(node));
    change.cordoned.iter().for_each(|&node| fork.cordon(node));
    change.removed.iter().for_each(|&pod| fork.remove_pod(pod));
    change.restarted.iter().for_each(|&pod| fork.restart_pod(pod));
    change.added.iter().for_each(|&pod| fork.add_pod(pod));
}

/// A placement with names for indices.
fn told(cluster: &Cluster, placement: &Placement) -> Vec<String> {
    let pod = |pod: usize| &cluster.inventory.pods[pod].name;
    let mut lines: Vec<String> = Vec::new();
    lines.extend(
        placement.placed.iter().map(|&(one, on)| format!("{} on {}", pod(one), cluster.inventory.nodes[on].name)),
    );
    lines.extend(placement.unplaced.iter().map(|one| format!("{} nowhere: {:?}", pod(one.pod), one.reasons)));
    lines.extend(placement.preempted.iter().map(|&(one, by)| format!("{} for {}", pod(one), pod(by))));
    lines.push(format!("{} decisions, {} ties, {} kept", placement.decisions, placement.ties, placement.kept));
    lines.push(format!("{} nodes used, {} at least", placement.nodes_used, placement.lower_bound));
    lines.push(format!("to add: {:?}", placement.addition));
    lines
}

fn profile_of(version: usize) -> Profile {
    Profile::new([KubernetesVersion::V1_34, KubernetesVersion::V1_36][version % 2])
}

/// Some of the numbers below `below`, none twice.
fn some(below: usize) -> impl Strategy<Value = Vec<usize>> {
    prop::collection::btree_set(0..below, 0..4).prop_map(|set| set.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    #[test]
    fn a_fork_equals_scheduling_from_scratch(
        zones in zones(), pods in drawn_pods(7, 40, true), version in 0_usize..2, first_fit in any::<bool>(),
        nodes in (some(8), some(8), some(8)), moved in (some(40), some(40), some(40)), adds in any::<bool>(),
    ) {
        let cluster = rich(&zones, &pods);
        let profile = profile_of(version);
        let new = (cluster.inventory.nodes[0].clone(), cluster.offered[0].clone());
        let pack = if first_fit { Pack::FirstFitDecreasing } else { Pack::Scheduler };
        let scheduling = Scheduling { pack, new_node: adds.then_some((&new.0, &new.1)), ..cluster.scheduling(&profile) };
        let below = |list: Vec<usize>, count: usize| list.into_iter().filter(|index| *index < count).collect::<Vec<_>>();
        let (node_count, pod_count) = (zones.len(), pods.len());
        let joined = below(nodes.1, node_count);
        let lost: Vec<usize> = below(nodes.0, node_count).into_iter().filter(|node| !joined.contains(node)).collect();
        let added: Vec<usize> = below(moved.2, pod_count)
            .into_iter()
            .filter(|&pod| matches!(cluster.inventory.pods[pod].place, Place::Pending))
            .collect();
        let apart = |list: Vec<usize>| below(list, pod_count).into_iter().filter(|pod| !added.contains(pod)).collect();
        let change = Change {
            cordoned: below(nodes.2, node_count).into_iter().filter(|node| !joined.contains(node)).collect(),
            removed: apart(moved.0), restarted: apart(moved.1), lost, joined, added,
        };
        let absent = Absent { nodes: &change.joined, pods: &change.added };
        let session = Session::without(&scheduling, absent);
        let mut fork = session.fork();
        apply(&mut fork, &change);
        let forked = fork.place();
        // On its node an expanded pod is as one listed there, which once off it has no node of its own.
        prop_assume!(forked.preempted.iter().all(|(victim, _)| cluster.inventory.pods[*victim].listed));
        let after = changed(&cluster, session.placement(), absent, &change);
        let scheduling = Scheduling { inventory: &after.inventory, offered: &after.offered, ..scheduling };
        let scratch = schedule(&scheduling, None);
        prop_assert_eq!(told(&cluster, &forked), told(&after, &scratch));
    }

    #[test]
    fn forks_leave_the_cluster_as_it_was(
        zones in zones(), pods in drawn_pods(7, 40, true), seed in 0_u64..5, restarted in some(40),
    ) {
        let cluster = rich(&zones, &pods);
        let profile = profile_of(seed as usize);
        let scheduling = Scheduling { ties: TieBreak::Seeded(seed), ..cluster.scheduling(&profile) };
        let session = Session::new(&scheduling);
        prop_assert_eq!(session.placement(), &schedule(&scheduling, None));
        let alone = |node: usize| {
            let mut fork = session.fork();
            restarted.iter().for_each(|&pod| fork.restart_pod(pod));
            fork.lose_node(node);
            fork.place()
        };
        let one_by_one: Vec<Placement> = (0..zones.len()).map(alone).collect();
        let in_turn = session.forks(zones.len(), |fork, node| {
            restarted.iter().for_each(|&pod| fork.restart_pod(pod));
            fork.lose_node(node);
            fork.place()
        });
        prop_assert_eq!(one_by_one, in_turn);
    }

    #[test]
    fn losses_are_what_forks_say(zones in zones(), pods in drawn_pods(7, 40, true), seed in 0_u64..5) {
        let cluster = rich(&zones, &pods);
        let profile = profile_of(seed as usize);
        let scheduling = Scheduling { ties: TieBreak::Seeded(seed), ..cluster.scheduling(&profile) };
        let session = Session::new(&scheduling);
        let losses = session.losses();
        prop_assert_eq!(losses.len(), zones.len());
        for loss in &losses {
            let mut fork = session.fork();
            let had_none: Vec<usize> = fork.waiting().collect();
            fork.lose_node(loss.node);
            let displaced = fork.waiting().filter(|pod| !had_none.contains(pod)).count() as u64;
            let placement = fork.place();
            let unplaced = placement.unplaced.into_iter().filter(|one| !had_none.contains(&one.pod)).collect();
            let expected = Loss { node: loss.node, displaced, unplaced, preempted: placement.preempted.len() as u64 };
            prop_assert_eq!(loss, &expected);
        }
        let most = losses.iter().map(|loss| loss.unplaced.len()).max();
        prop_assert_eq!(worst(&losses).map(|loss| loss.unplaced.len()), most);
    }
}

#[test]
fn the_worst_loss_is_named() {
    let cluster = Cluster::default()
        .node("a", &[])
        .node("b", &[])
        .node("c", &[])
        .pod("light", "x", Some("a"), spec(100, 1))
        .pod("heavy", "x", Some("b"), spec(3950, 1))
        .pod("other", "x", Some("c"), spec(3000, 1))
        .pod("agent", "x", Some("b"), spec(10, 1));
    let mut cluster = cluster;
    cluster.inventory.workloads[3].id.kind = "DaemonSet".into();
    let profile = Profile::new(KubernetesVersion::V1_34);
    let session = Session::new(&cluster.scheduling(&profile));
    let losses = session.losses();
    let found: Vec<(u64, usize)> = losses.iter().map(|loss| (loss.displaced, loss.unplaced.len())).collect();
    assert_eq!(found, [(1, 0), (1, 1), (1, 0)]);
    let worst = worst(&losses).unwrap();
    assert_eq!((worst.node, worst.unplaced[0].pod), (1, 1));
    assert_eq!(worst.unplaced[0].reasons, [("insufficient cpu".to_owned(), 2)]);
}

#[test]
fn a_fork_goes_on_step_by_step() {
    let cluster = Cluster::default()
        .sized_node("a", &[], 1000, 4096)
        .sized_node("b", &[], 1000, 4096)
        .sized_node("spare", &[], 1000, 4096)
        .pod("p", "x", Some("a"), spec(800, 1))
        .pod("q", "x", Some("b"), spec(800, 1))
        .pod("surge", "x", None, spec(800, 1));
    let profile = Profile::new(KubernetesVersion::V1_34);
    let scheduling = cluster.scheduling(&profile);
    let session = Session::without(&scheduling, Absent { nodes: &[2, 99], pods: &[2, 99] });
    assert_eq!((session.placement().placed.len(), session.placement().kept), (0, 2));
    let mut fork = session.fork();
    fork.add_pod(2);
    fork.add_pod(2);
    assert_eq!(cluster.outcome(&fork.place()), "surge: 2 insufficient cpu");
    assert_eq!(fork.waiting().collect::<Vec<_>>(), [2]);
    fork.add_node(2);
    assert_eq!(cluster.outcome(&fork.place()), "surge=spare");
    fork.cordon(0);
    fork.remove_pod(0);
    fork.restart_pod(1);
    assert_eq!(cluster.outcome(&fork.place()), "q=b");
    assert_eq!((fork.node_of(0), fork.node_of(1), fork.node_of(2)), (None, Some(1), Some(2)));
    assert_eq!(fork.pods_on(2).collect::<Vec<_>>(), [2]);
    assert_eq!(fork.requested(2).cpu.get(), 800);
    fork.lose_node(99);
    fork.remove_pod(99);
    fork.restart_pod(0);
    assert_eq!(fork.place().placed, []);
}
