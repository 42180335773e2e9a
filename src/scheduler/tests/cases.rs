//! Where pods go, one after the other.

use super::super::{DefaultSpread, KubernetesVersion, Pack, Profile, Scheduling, TieBreak, schedule};
use super::cluster::{Cluster, labels, near, spec, spread};
use crate::inventory::objects::{NodeResources, Timestamp};
use crate::inventory::{Node, PodSpec};
use crate::resources::Resources;
use crate::units::{Bytes, Millicores};

const HOST: &str = "kubernetes.io/hostname";

fn check(cluster: &Cluster, expected: &str) {
    assert_eq!(cluster.outcome(&cluster.place()), expected);
}

fn two_nodes() -> Cluster {
    Cluster::default().sized_node("a", &[], 1000, 4096).sized_node("b", &[], 1000, 4096)
}

#[test]
fn the_emptier_node_is_taken() {
    check(&two_nodes().pod("there", "x", Some("a"), spec(500, 100)).pod("p", "x", None, spec(100, 100)), "p=b");
    check(&two_nodes().pod("p", "x", None, spec(100, 100)).pod("q", "x", None, spec(100, 100)), "p=a; q=b");
    check(&two_nodes().pod("p", "x", None, spec(2000, 100)), "p: 2 insufficient cpu");
    check(&Cluster::default().pod("p", "x", None, spec(1, 1)), "p: 0 there are no nodes");
}

#[test]
fn the_urgent_and_the_old_go_first() {
    let one_place = || Cluster::default().sized_node("a", &[], 1000, 4096);
    let urgent = PodSpec { priority: Some(10), ..spec(1000, 1) };
    check(&one_place().pod("p", "x", None, spec(1000, 1)).pod("q", "x", None, urgent), "q=a; p: 1 insufficient cpu");
    let aged = |cluster: Cluster, created| cluster.last_pod(|pod| pod.life.created = Some(Timestamp(created)));
    let cluster = aged(one_place().pod("p", "x", None, spec(1000, 1)), 20);
    check(&aged(cluster.pod("q", "x", None, spec(1000, 1)), 10), "q=a; p: 1 insufficient cpu");
}

#[test]
fn gated_pods_wait() {
    let gated = PodSpec { gated: true, ..spec(1, 1) };
    check(&two_nodes().pod("p", "x", None, gated), "p: 0 scheduling gates");
}

#[test]
fn pods_apart_need_nodes_apart() {
    let mut apart = spec(1, 1);
    apart.pod_anti_affinity.required = vec![near("x", HOST)];
    let three = (0..3).fold(two_nodes(), |cluster, index| cluster.pod(&index.to_string(), "x", None, apart.clone()));
    check(&three, "0=a; 1=b; 2: 2 pod anti-affinity over kubernetes.io/hostname");
    let placement = three.place();
    assert_eq!((placement.nodes_used, placement.lower_bound), (2, 2));
}

#[test]
fn ties_are_counted_and_drawn_from_the_seed() {
    let cluster = (0..6).fold(Cluster::default(), |cluster, index| cluster.node(&format!("n{index}"), &[]));
    let cluster = cluster.pod("p", "x", None, spec(100, 100));
    let profile = Profile::new(KubernetesVersion::V1_34);
    let with = |seed| {
        let scheduling = Scheduling { ties: TieBreak::Seeded(seed), ..cluster.scheduling(&profile) };
        let placement = schedule(&scheduling, None);
        assert_eq!((placement.decisions, placement.ties), (1, 1));
        placement.placed[0].1
    };
    assert_eq!(with(3), with(3));
    let drawn: std::collections::BTreeSet<usize> = (0..60).map(with).collect();
    assert_eq!(drawn.len(), 6);
}

#[test]
fn walks_go_on_where_they_ended() {
    // Of 200 equal nodes 96 are looked for; the second walk starts behind the first.
    let cluster = (0..250).fold(Cluster::default(), |cluster, index| cluster.node(&format!("n{index:03}"), &[]));
    let cluster = (0..3).fold(cluster, |cluster, index| cluster.pod(&index.to_string(), "x", None, spec(100, 100)));
    check(&cluster, "0=n000; 1=n120; 2=n240");
}

#[test]
fn plugins_can_be_switched_off_and_weighed() {
    let mut profile = Profile::new(KubernetesVersion::V1_34);
    profile.filters_off = vec![super::super::Plugin::NodeAffinity];
    let selected = PodSpec { node_selector: labels(&[("disk", "none")]), ..spec(1, 1) };
    let cluster = two_nodes().pod("p", "x", None, selected);
    assert_eq!(cluster.outcome(&schedule(&cluster.scheduling(&profile), None)), "p=a");
    let full = two_nodes().pod("there", "x", Some("a"), spec(500, 100)).pod("p", "x", None, spec(100, 100));
    for (plugin, weight) in &mut profile.weights {
        *weight = if *plugin == super::super::Plugin::NodeResourcesFit { -5 } else { 0 };
    }
    assert_eq!(full.outcome(&schedule(&full.scheduling(&profile), None)), "p=a");
}

#[test]
fn a_cluster_can_have_default_constraints_of_its_own() {
    let mut profile = Profile::new(KubernetesVersion::V1_34);
    let mut hard = spread("x", HOST, 1, true);
    hard.selector = None;
    profile.default_spread = DefaultSpread::List(vec![hard]);
    let pods = |count: usize| {
        (0..count).fold(two_nodes(), |cluster, index| {
            let siblings = Some([super::cluster::is("app", "x")].into());
            cluster.pod(&index.to_string(), "x", None, spec(400, 1)).last_pod(|pod| pod.siblings = siblings)
        })
    };
    let cluster = pods(3);
    assert_eq!(cluster.outcome(&schedule(&cluster.scheduling(&profile), None)), "0=a; 1=b; 2=a");
}

#[test]
fn first_fit_fills_nodes_in_turn_with_the_largest_first() {
    let cluster = two_nodes().pod("small", "x", None, spec(300, 1)).pod("large", "x", None, spec(700, 1)).pod(
        "middle",
        "x",
        None,
        spec(500, 1),
    );
    let profile = Profile::new(KubernetesVersion::V1_34);
    let scheduling = Scheduling { pack: Pack::FirstFitDecreasing, ..cluster.scheduling(&profile) };
    let placement = schedule(&scheduling, None);
    assert_eq!(cluster.outcome(&placement), "small=a; large=a; middle=b");
    assert_eq!((placement.nodes_used, placement.lower_bound), (2, 2));
}

#[test]
fn pods_can_be_placed_anew_but_for_those_of_daemon_sets() {
    let mut cluster = two_nodes().pod("p", "x", Some("a"), spec(300, 1)).pod("q", "x", Some("a"), spec(300, 1)).pod(
        "agent",
        "x",
        Some("a"),
        spec(300, 1),
    );
    let id = &mut cluster.inventory.workloads.last_mut().unwrap().id;
    id.kind = "DaemonSet".into();
    let profile = Profile::new(KubernetesVersion::V1_34);
    let scheduling = Scheduling { reschedule: true, ..cluster.scheduling(&profile) };
    let placement = schedule(&scheduling, None);
    assert_eq!(cluster.outcome(&placement), "p=b; q=a");
    assert_eq!(placement.kept, 1);
}

#[test]
fn nodes_to_add_are_counted() {
    let node = Node { name: "new".into(), ..Node::default() };
    let resources = Resources::new(Millicores::new(1000), Bytes::from_gib(4));
    let offered = NodeResources { resources, pods: Some(10) };
    let profile = Profile::new(KubernetesVersion::V1_34);
    let cluster = (0..8).fold(two_nodes(), |cluster, index| cluster.pod(&index.to_string(), "x", None, spec(400, 1)));
    let cluster = cluster.pod("huge", "x", None, spec(9000, 1));
    let scheduling = Scheduling { new_node: Some((&node, &offered)), ..cluster.scheduling(&profile) };
    let addition = schedule(&scheduling, None).addition.unwrap();
    assert_eq!((addition.nodes, addition.impossible), (2, 1));
    assert!(!addition.is_cut_short(), "no further node takes what is larger than a node");
    let many = (0..5_003).fold(two_nodes(), |cluster, index| cluster.pod(&index.to_string(), "x", None, spec(900, 1)));
    let scheduling = Scheduling { new_node: Some((&node, &offered)), ..many.scheduling(&profile) };
    let addition = schedule(&scheduling, None).addition.unwrap();
    assert_eq!((addition.nodes, addition.impossible, addition.is_cut_short()), (5_000, 1, true));
}

#[test]
fn a_claim_that_waits_binds_pods_to_where_it_was_made() {
    use crate::inventory::ObjectName;
    use crate::inventory::objects::{PersistentVolumeClaim, StorageClass, Volume};
    let mut shares = spec(600, 1);
    shares.volumes = vec![Volume::Claim("data".to_owned())];
    let mut cluster = two_nodes().pod("p", "x", None, shares.clone()).pod("q", "x", None, shares);
    cluster.inventory.storage.classes = vec![StorageClass {
        name: "waits".into(),
        provisioner: "csi".to_owned(),
        waits_for_pod: true,
        ..Default::default()
    }];
    cluster.inventory.storage.claims = vec![PersistentVolumeClaim {
        name: ObjectName::new("shop", "data"),
        storage_class: "waits".to_owned(),
        ..Default::default()
    }];
    check(&cluster, "p=a; q: 1 insufficient cpu, 1 the volume of claim data is elsewhere");
}
