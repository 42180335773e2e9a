//! Each score on a few nodes: raw and normalised.

use super::super::{KubernetesVersion, Plugin, Profile, StrategyKind};
use super::cluster::{Cluster, is, near, spec, spread, taint};
use crate::inventory::ObjectName;
use crate::inventory::PodSpec;
use crate::inventory::objects::{NodeSelectorTerm, PreferredNodeTerm, Service, TaintEffect, WeightedPodAffinityTerm};

const ZONE: &str = "topology.kubernetes.io/zone";

fn check(cluster: &Cluster, plugin: &str, expected: &[&str]) {
    assert_eq!(cluster.answers(&Profile::new(KubernetesVersion::V1_34), &[plugin]), expected, "{plugin}");
}

/// Golden vectors: 4 cores and 16 GiB.
#[test]
fn room_and_balance() {
    let plugins = ["NodeResourcesFit", "NodeResourcesBalancedAllocation"];
    for (there, wanted, least, until_35, from_36) in
        [((1000, 4096), (500, 1024), 65, 96, 73), ((2000, 4096), (1000, 0), 50, 75, 69)]
    {
        let cluster = Cluster::default().node("a", &[]).pod("there", "a", Some("a"), spec(there.0, there.1)).pod(
            "p",
            "a",
            None,
            spec(wanted.0, wanted.1),
        );
        for (version, balance) in [(KubernetesVersion::V1_32, until_35), (KubernetesVersion::V1_36, from_36)] {
            let answers = cluster.answers(&Profile::new(version), &plugins);
            assert_eq!(answers, [format!("{least}/{least} {balance}/{balance}")], "{version}");
        }
    }
}

#[test]
fn other_strategies() {
    let cluster = Cluster::default().node("a", &[]).pod("there", "a", Some("a"), spec(1000, 4096)).pod(
        "p",
        "a",
        None,
        spec(500, 1024),
    );
    for (kind, expected) in [
        (StrategyKind::MostAllocated, "34/34"),
        (StrategyKind::RequestedToCapacityRatio(vec![(0, 0), (100, 10)]), "34/34"),
        (StrategyKind::RequestedToCapacityRatio(vec![(0, 10), (100, 0)]), "66/66"),
    ] {
        let mut profile = Profile::new(KubernetesVersion::V1_34);
        profile.strategy.kind = kind;
        assert_eq!(cluster.answers(&profile, &["NodeResourcesFit"]), [expected]);
    }
}

/// A pod that asks for nothing counts as 100m and 200 MiB for room, and is not balanced.
#[test]
fn pods_that_ask_for_nothing() {
    let mut nothing = spec(0, 0);
    nothing.containers[0].resources = Default::default();
    let cluster = Cluster::default().sized_node("a", &[], 1000, 2000).pod("p", "a", None, nothing);
    let profile = Profile::new(KubernetesVersion::V1_34);
    assert_eq!(cluster.answers(&profile, &["NodeResourcesFit"]), ["90/90"]);
    assert_eq!(cluster.answers(&profile, &["NodeResourcesBalancedAllocation"]), [""]);
}

#[test]
fn taints_and_preferred_nodes() {
    let soft =
        |count: usize| (0..count).map(|index| taint(&index.to_string(), TaintEffect::PreferNoSchedule)).collect();
    let mut pod = spec(1, 1);
    let preferred = |weight, value: &str| PreferredNodeTerm {
        weight,
        term: NodeSelectorTerm { expressions: vec![is("disk", value)], fields: Vec::new() },
    };
    pod.preferred_node_affinity = vec![preferred(2, "ssd"), preferred(7, "nvme")];
    let cluster = Cluster::default()
        .node("a", &[])
        .node("b", &[("disk", "ssd")])
        .last_node(|node, _| node.taints = soft(1))
        .node("c", &[("disk", "nvme")])
        .last_node(|node, _| node.taints = soft(3))
        .pod("p", "a", None, pod);
    check(&cluster, "TaintToleration", &["0/100", "1/67", "3/0"]);
    check(&cluster, "NodeAffinity", &["0/0", "2/28", "7/100"]);
    let plain = Cluster::default().node("a", &[]).pod("p", "a", None, spec(1, 1));
    check(&plain, "NodeAffinity", &[""]);
}

fn in_zones() -> Cluster {
    let cluster = Cluster::default().node("a", &[(ZONE, "z1")]).node("b", &[(ZONE, "z2")]).node("c", &[(ZONE, "z3")]);
    cluster.pod("one", "web", Some("a"), spec(1, 1)).pod("two", "web", Some("a"), spec(1, 1)).pod(
        "three",
        "web",
        Some("c"),
        spec(1, 1),
    )
}

/// Golden vector: three zones with 2, 0 and 1 pods.
#[test]
fn spread_as_a_preference() {
    let pod = |constraint| PodSpec { topology_spread: vec![constraint], ..spec(1, 1) };
    let cluster = in_zones().pod("p", "web", None, pod(spread("web", ZONE, 1, false)));
    check(&cluster, "PodTopologySpread", &["3/0", "0/100", "2/33"]);
    // A node without the label is ignored.
    let cluster = in_zones().node("d", &[]).pod("p", "web", None, pod(spread("web", ZONE, 1, false)));
    check(&cluster, "PodTopologySpread", &["3/0", "0/100", "2/33", "0/0"]);
}

/// The system's defaults hold for pods of a service or a controller: hosts with skew 3, zones with skew 5.
#[test]
fn spread_by_default() {
    let mut cluster = in_zones().node("d", &[]).pod("p", "web", None, spec(1, 1));
    check(&cluster, "PodTopologySpread", &["", "", "", ""]);
    let service = Service {
        name: ObjectName::new("shop", "web"),
        selector: super::cluster::labels(&[("app", "web")]),
        ..Service::default()
    };
    cluster.inventory.services = vec![service];
    // Four hosts and, with that of nodes without a label, four zones: ln 6 a pod; 2 + 4 for the skews.
    check(&cluster, "PodTopologySpread", &["13/15", "6/69", "10/38", "2/100"]);
    cluster.inventory.services.clear();
    let of_controller = cluster.last_pod(|pod| pod.siblings = Some([is("app", "web")].into()));
    check(&of_controller, "PodTopologySpread", &["13/15", "6/69", "10/38", "2/100"]);
    let has_its_own = of_controller.last_pod(|pod| {
        let own = PodSpec { topology_spread: vec![spread("web", ZONE, 5, true)], ..spec(1, 1) };
        pod.spec = std::sync::Arc::new(own);
    });
    assert!(has_its_own.answers(&Profile::new(KubernetesVersion::V1_34), &["PodTopologySpread"])[0].is_empty());
}

/// Golden vector: −10, 5 and 40.
#[test]
fn preferred_affinity_between_pods() {
    let weighted = |weight, app: &str| WeightedPodAffinityTerm { weight, term: near(app, ZONE) };
    let mut pod = spec(1, 1);
    pod.pod_affinity.preferred = vec![weighted(5, "db"), weighted(40, "cache")];
    pod.pod_anti_affinity.preferred = vec![weighted(10, "noisy")];
    let cluster = Cluster::default().node("a", &[(ZONE, "z1")]).node("b", &[(ZONE, "z2")]).node("c", &[(ZONE, "z3")]);
    let cluster = cluster
        .pod("noisy", "noisy", Some("a"), spec(1, 1))
        .pod("db", "db", Some("b"), spec(1, 1))
        .pod("cache", "cache", Some("c"), spec(1, 1))
        .pod("p", "web", None, pod);
    check(&cluster, "InterPodAffinity", &["-10/0", "5/30", "40/100"]);
}

#[test]
fn what_other_pods_prefer_counts_too() {
    let nodes = || Cluster::default().node("a", &[(ZONE, "z1")]).node("b", &[(ZONE, "z2")]).node("c", &[(ZONE, "z3")]);
    let mut wants = spec(1, 1);
    wants.pod_affinity.preferred = vec![WeightedPodAffinityTerm { weight: 30, term: near("web", ZONE) }];
    let mut needs = spec(1, 1);
    needs.pod_affinity.required = vec![near("web", ZONE)];
    let mut avoids = spec(1, 1);
    avoids.pod_anti_affinity.preferred = vec![WeightedPodAffinityTerm { weight: 20, term: near("web", ZONE) }];
    let cluster = nodes()
        .pod("wants", "x", Some("a"), wants)
        .pod("needs", "x", Some("b"), needs)
        .pod("avoids", "x", Some("c"), avoids)
        .pod("p", "web", None, spec(1, 1));
    check(&cluster, "InterPodAffinity", &["30/100", "1/42", "-20/0"]);
    let mut profile = Profile::new(KubernetesVersion::V1_34);
    profile.ignores_preferred_terms_of_others = true;
    profile.hard_pod_affinity_weight = 50;
    assert_eq!(cluster.answers(&profile, &["InterPodAffinity"]), ["0/0", "50/100", "0/0"]);
}

#[test]
fn plugins_are_known_by_name() {
    for plugin in Plugin::FILTERING.into_iter().chain(Plugin::SCORING) {
        assert_eq!(Plugin::from_name(plugin.name()), Some(plugin));
    }
    assert_eq!(Plugin::from_name("DefaultBinder"), None);
}
