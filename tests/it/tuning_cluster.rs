//! Recommendations for the cluster: where replicas lie, how they are replaced, which nodes can go.

use std::fmt::Write;
use std::fs;

use meshcap::card::ModelCard;
use meshcap::inventory::assemble;
use meshcap::plan::Inputs;
use meshcap::policy::Policy;
use meshcap::sources::{self, Limits};
use meshcap::tuning::{Amount, Recommendation, Tuning};

use crate::tuning::keeps_its_promise;

/// A node with its zone, which may be left out.
fn node(name: &str, zone: &str, cpu: &str) -> String {
    let zone = if zone.is_empty() { String::new() } else { format!(", topology.kubernetes.io/zone: {zone}") };
    format!(
        "apiVersion: v1\nkind: Node\nmetadata: {{name: {name}, labels: {{kubernetes.io/hostname: {name}{zone}}}}}\n\
         status: {{allocatable: {{cpu: \"{cpu}\", memory: 16Gi, pods: \"110\"}}}}\n---\n"
    )
}

/// A Deployment of pods that request `cpu`, one on each node named.
fn deployment(name: &str, cpu: &str, nodes: &[&str], further: &str) -> String {
    let replicas = nodes.len();
    let container =
        format!("containers: [{{name: app, image: app, resources: {{requests: {{cpu: {cpu}, memory: 64Mi}}}}}}]");
    let mut text = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: shop}}\nspec:\n  replicas: {replicas}\n  \
         selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec: {{{container}{further}}}\n---\n\
         apiVersion: apps/v1\nkind: ReplicaSet\nmetadata:\n  name: {name}-1\n  namespace: shop\n  ownerReferences: [{{apiVersion: apps/v1, kind: Deployment, name: {name}, uid: a, controller: true}}]\nspec:\n  \
         replicas: {replicas}\n  selector: {{matchLabels: {{app: {name}}}}}\n  template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{{container}{further}}}}}\n---\n"
    );
    for (number, node) in nodes.iter().enumerate() {
        let place = if node.is_empty() { String::new() } else { format!("nodeName: {node}, ") };
        let phase = if node.is_empty() { "Pending" } else { "Running" };
        let _ = write!(
            text,
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}-1-{number}\n  namespace: shop\n  labels: {{app: {name}}}\n  \
             ownerReferences: [{{apiVersion: apps/v1, kind: ReplicaSet, name: {name}-1, uid: b, controller: true}}]\n\
             spec: {{{place}{container}{further}}}\nstatus: {{phase: {phase}}}\n---\n"
        );
    }
    text
}

const NAMESPACE: &str =
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {istio-injection: enabled}}\n---\n";

/// What is recommended, after everything that holds of any tuning was looked at.
fn tuned(cluster: &str, policy: &str) -> Tuning {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cluster.yaml");
    fs::write(&path, format!("{NAMESPACE}{cluster}")).unwrap();
    let reading = sources::read_bytes("cluster.yaml", &fs::read(&path).unwrap(), &Limits::default()).unwrap();
    let inventory = assemble(reading.objects).inventory;
    let policy = Policy::from_toml(policy).unwrap();
    keeps_its_promise(&[path], &Inputs::new(inventory, policy, ModelCard::named("istio-1.24").unwrap()))
}

fn found<'t>(tuning: &'t Tuning, id: &str) -> Option<&'t Recommendation> {
    tuning.recommendations.iter().find(|it| it.id == id)
}

fn setting(it: &Recommendation, name: &str) -> String {
    it.settings.iter().find(|it| it.name == name).map(|it| it.target.to_string()).unwrap_or_default()
}

/// Nodes of two zones.
fn nodes(zones: [&str; 3], cpu: &str) -> String {
    ["a", "b", "c"].iter().zip(zones).map(|(name, zone)| node(name, zone, cpu)).collect()
}

#[test]
fn replicas_in_one_place_are_spread() {
    let hard = "maxSkew 1, DoNotSchedule";
    let soft = "maxSkew 1, ScheduleAnyway";
    for (case, cluster, over_nodes, over_zones) in [
        ("one node", nodes(["x", "y", "x"], "8") + &deployment("cart", "100m", &["a", "a"], ""), hard, hard),
        ("one zone", nodes(["x", "y", "x"], "8") + &deployment("cart", "100m", &["a", "c"], ""), "", hard),
        ("no zones", nodes(["", "", ""], "8") + &deployment("cart", "100m", &["a", "a"], ""), hard, ""),
        // Three pods of 2 cores: only one fits on b and none on c, which is full.
        (
            "tight",
            nodes(["", "", ""], "8")
                + &deployment("cart", "3500m", &["a", "a"], "")
                + &deployment("rest", "3", &["b", "c", "c"], ""),
            soft,
            "",
        ),
    ] {
        let tuning = tuned(&cluster, "");
        let it = found(&tuning, "topology-spread/shop/cart").unwrap_or_else(|| panic!("{case}"));
        assert!(it.is_applied(), "{case}: {:?}", it.withheld);
        assert_eq!(setting(it, "spread over nodes"), over_nodes, "{case}");
        assert_eq!(setting(it, "spread over zones"), over_zones, "{case}");
        assert!(it.risk.removes.is_some(), "{case}");
    }
}

#[test]
fn what_cannot_or_need_not_be_spread_is_left() {
    for (case, cluster) in [
        ("one node", node("a", "x", "8") + &deployment("cart", "100m", &["a", "a"], "")),
        ("no nodes", deployment("cart", "100m", &["", ""], "")),
        ("one replica", nodes(["x", "y", "x"], "8") + &deployment("cart", "100m", &["a"], "")),
        ("spread", nodes(["x", "y", "x"], "8") + &deployment("cart", "100m", &["a", "b"], "")),
    ] {
        assert_eq!(found(&tuned(&cluster, ""), "topology-spread/shop/cart"), None, "{case}");
    }
    let full = nodes(["", "", ""], "4")
        + &deployment("cart", "100m", &["a", "a"], "")
        + &deployment("rest", "3900m", &["b", "c"], "");
    let tuning = tuned(&full, "");
    let it = found(&tuning, "topology-spread/shop/cart").unwrap();
    assert!(it.withheld.as_ref().is_some_and(|why| why.to_string().contains("no other place has room")));
}

const APART: &str = ", affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: \
    [{labelSelector: {matchLabels: {app: cart}}, topologyKey: kubernetes.io/hostname}]}}";

#[test]
fn anti_affinity_that_keeps_pods_off_is_softened() {
    let cluster = nodes(["", "", ""], "8") + &deployment("cart", "100m", &["a", "b", "c", ""], APART);
    let tuning = tuned(&cluster, "");
    let it = found(&tuning, "anti-affinity/shop/cart").unwrap();
    assert!(it.is_applied(), "{:?}", it.withheld);
    let pods = it.settings.iter().find(|it| it.name == "pods without a node").unwrap();
    assert_eq!((pods.current.clone(), pods.target.clone()), (Some(Amount::Count(1)), Amount::Count(0)));

    let enough = nodes(["", "", ""], "8") + &deployment("cart", "100m", &["a", "b", "c"], APART);
    assert_eq!(found(&tuned(&enough, ""), "anti-affinity/shop/cart"), None);
}

#[test]
fn rollouts_without_room_get_on_with_one_pod_less() {
    // istiod has its place as well.
    let one = node("a", "", "3");
    let full = |replicas: usize| one.clone() + &deployment("cart", "900m", &vec!["a"; replicas], "");
    let tuning = tuned(&full(2), "");
    let it = found(&tuning, "rollout-surge/shop/cart").unwrap();
    assert!(it.is_applied(), "{:?}", it.withheld);
    assert_eq!(setting(it, "maxUnavailable"), "1");

    let alone = one.clone() + &deployment("cart", "1500m", &["a"], "");
    let tuning = tuned(&alone, "");
    let it = found(&tuning, "rollout-surge/shop/cart").unwrap();
    assert!(it.withheld.as_ref().is_some_and(|why| why.to_string().contains("single replica")));

    let roomy = node("a", "", "8") + &deployment("cart", "900m", &["a", "a"], "");
    assert_eq!(found(&tuned(&roomy, ""), "rollout-surge/shop/cart"), None);
}

#[test]
fn a_surge_that_takes_the_headroom_is_cut() {
    let surging = |surge: &str| {
        let text = nodes(["", "", ""], "4") + &deployment("cart", "700m", &["a", "a", "b", "b"], "");
        text.replacen(
            "spec:\n  replicas",
            &format!("spec:\n  strategy: {{rollingUpdate: {{maxSurge: {surge}}}}}\n  replicas"),
            1,
        )
    };
    let tuning = tuned(&surging("100%"), "[headroom]\ntarget = 0.4");
    let it = found(&tuning, "rollout-surge/shop/cart").unwrap();
    assert!(it.is_applied(), "{:?}", it.withheld);
    assert_eq!(setting(it, "maxSurge"), "25%");
    assert_eq!(found(&tuned(&surging("25%"), "[headroom]\ntarget = 0.4"), "rollout-surge/shop/cart"), None);
}
