//! Who goes for whom.

use super::super::{Decision, KubernetesVersion, Profile, schedule};
use super::cluster::{Cluster, is, spec};
use crate::inventory::objects::{DisruptionBudget, Timestamp};
use crate::inventory::{ObjectName, PodSpec};

fn of(priority: i32, cpu: u64) -> PodSpec {
    PodSpec { priority: Some(priority), ..spec(cpu, 1) }
}

/// Three nodes of one core.
fn nodes() -> Cluster {
    ["a", "b", "c"].iter().fold(Cluster::default(), |cluster, name| cluster.sized_node(name, &[], 1000, 4096))
}

fn check(cluster: &Cluster, victims: &str, outcome: &str) {
    let placement = cluster.place();
    let names: Vec<&str> =
        placement.preempted.iter().map(|(pod, _)| &*cluster.inventory.pods[*pod].name.name).collect();
    assert_eq!(names.join(" "), victims);
    assert_eq!(cluster.outcome(&placement), outcome);
}

#[test]
fn the_least_important_go() {
    let cluster = nodes().pod("low", "x", Some("a"), of(1, 1000)).pod("lower", "x", Some("b"), of(0, 1000)).pod(
        "high",
        "x",
        Some("c"),
        of(9, 1000),
    );
    check(&cluster.clone().pod("p", "x", None, of(5, 800)), "lower", "p=b; lower: 3 insufficient cpu");
    check(&cluster.clone().pod("p", "x", None, of(0, 800)), "", "p: 3 insufficient cpu");
    let polite = PodSpec { never_preempts: true, ..of(5, 800) };
    check(&cluster.clone().pod("p", "x", None, polite), "", "p: 3 insufficient cpu");
    check(&cluster.pod("p", "x", None, of(5, 2000)), "", "p: 3 insufficient cpu");
}

#[test]
fn as_few_as_will_do_go() {
    let cluster = nodes()
        .pod("big", "x", Some("a"), of(1, 700))
        .pod("small", "x", Some("a"), of(1, 300))
        .pod("b", "x", Some("b"), of(9, 1000))
        .pod("c", "x", Some("c"), of(9, 1000));
    check(&cluster.clone().pod("p", "x", None, of(5, 300)), "small", "p=a; small: 3 insufficient cpu");
    check(&cluster.pod("p", "x", None, of(5, 700)), "big", "p=a; big: 3 insufficient cpu");
}

#[test]
fn budgets_are_broken_last_and_the_youngest_go_first() {
    let started = |cluster: Cluster, at| cluster.last_pod(|pod| pod.life.started = Some(Timestamp(at)));
    let cluster = started(nodes().pod("old", "web", Some("a"), of(1, 1000)), 10);
    let cluster = started(cluster.pod("young", "db", Some("b"), of(1, 1000)), 20);
    let mut cluster = started(cluster.pod("older", "web", Some("c"), of(1, 1000)), 5).pod("p", "x", None, of(5, 800));
    check(&cluster, "young", "p=b; young: 3 insufficient cpu");
    cluster.inventory.disruption_budgets = vec![DisruptionBudget {
        name: ObjectName::new("shop", "db"),
        selector: vec![is("app", "db")],
        min_available: Some("100%".to_owned()),
        max_unavailable: None,
        ..DisruptionBudget::default()
    }];
    check(&cluster, "old", "p=a; old: 3 insufficient cpu");
}

#[test]
fn successors_find_another_place_and_bare_pods_none() {
    let cluster = nodes()
        .pod("victim", "x", Some("a"), of(1, 500))
        .pod("b", "x", Some("b"), of(9, 500))
        .pod("c", "x", Some("c"), of(9, 1000))
        .pod("p", "x", None, of(5, 900));
    check(&cluster, "victim", "victim=b; p=a");
    let mut bare = cluster;
    bare.inventory.workloads[0].id.kind = "Pod".into();
    check(&bare, "victim", "p=a; victim: 0 preempted by shop/p, nothing makes it anew");
}

#[test]
fn taints_and_selectors_are_not_lifted() {
    let mut chosen = of(5, 800);
    chosen.node_selector = super::cluster::labels(&[("pool", "none")]);
    let cluster = nodes().pod("low", "x", Some("a"), of(1, 1000)).pod("p", "x", None, chosen);
    check(&cluster, "", "p: 3 node selector pool=none");
}

#[test]
fn a_nominated_node_is_tried_first() {
    let cluster = nodes()
        .pod("there", "x", Some("c"), of(0, 500))
        .pod("p", "x", None, of(0, 300))
        .last_pod(|pod| pod.life.nominated_node = Some("c".into()));
    check(&cluster, "", "p=c");
    // Its room is kept from its equals, though they are older, and not from the more important.
    let cluster = Cluster::default()
        .sized_node("a", &[], 1000, 4096)
        .pod("nominated", "x", None, of(1, 800))
        .last_pod(|pod| (pod.life.created, pod.life.nominated_node) = (Some(Timestamp(9)), Some("a".into())));
    let older = |priority| {
        let cluster = cluster.clone().pod("older", "x", None, of(priority, 800));
        cluster.last_pod(|pod| pod.life.created = Some(Timestamp(1)))
    };
    check(&older(1), "", "nominated=a; older: 1 insufficient cpu");
    check(&older(2), "", "older=a; nominated: 1 insufficient cpu");
}

#[test]
fn pods_of_other_schedulers_are_left_to_them() {
    let other = || PodSpec { scheduler: Some("batch".into()), ..of(0, 100) };
    let cluster = nodes().pod("ours", "x", None, of(0, 100)).pod("theirs", "x", None, other());
    check(&cluster, "", "ours=a; theirs: 0 left to the scheduler batch");
    let profile = Profile { scheduler: Some("batch".to_owned()), ..Profile::new(KubernetesVersion::V1_34) };
    let placement = schedule(&cluster.scheduling(&profile), None);
    assert_eq!(cluster.outcome(&placement), "ours=a; theirs=b");
}

#[test]
fn a_trace_tells_who_had_to_go() {
    let cluster = nodes().pod("low", "x", Some("a"), of(1, 1000)).pod("p", "x", None, of(5, 1000));
    let cluster = cluster.pod("b", "x", Some("b"), of(9, 1000)).pod("c", "x", Some("c"), of(9, 1000));
    let profile = Profile::new(KubernetesVersion::V1_34);
    let mut told = Vec::new();
    let mut hear = |decision: Decision<'_>| {
        let victims: Vec<String> = decision.victims.iter().map(ToString::to_string).collect();
        told.push(format!("{} on {:?} for {victims:?}", decision.pod, decision.chosen));
    };
    let _ = schedule(&cluster.scheduling(&profile), Some(&mut hear));
    assert_eq!(told, [r#"shop/p on Some("a") for ["shop/low"]"#, "shop/low on None for []"]);
}
