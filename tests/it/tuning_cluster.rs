//! Recommendations for the cluster: where replicas lie, how they are replaced, which nodes can go.

use std::fmt::Write;
use std::fs;

use meshcap::card::ModelCard;
use meshcap::course::{Drain, drain};
use meshcap::inventory::assemble;
use meshcap::plan::Inputs;
use meshcap::policy::Policy;
use meshcap::scenario::Standing;
use meshcap::sources::{self, Limits};
use meshcap::tuning::{Amount, Recommendation, Tuning};

use crate::tuning::keeps_its_promise;

/// A node with its zone, which may be left out.
pub fn node(name: &str, zone: &str, cpu: &str) -> String {
    let zone = if zone.is_empty() { String::new() } else { format!(", topology.kubernetes.io/zone: {zone}") };
    format!(
        "apiVersion: v1\nkind: Node\nmetadata: {{name: {name}, labels: {{kubernetes.io/hostname: {name}{zone}}}}}\n\
         status: {{allocatable: {{cpu: \"{cpu}\", memory: 16Gi, pods: \"110\"}}}}\n---\n"
    )
}

/// A Deployment of pods that request `cpu`, one on each node named.
pub fn deployment(name: &str, cpu: &str, nodes: &[&str], further: &str) -> String {
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

pub const NAMESPACE: &str =
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

/// The first sentence of why it is withheld.
fn why(it: &Recommendation) -> String {
    it.withheld.as_ref().map(ToString::to_string).unwrap_or_default()
}

#[test]
fn nodes_that_can_go_are_named_in_their_order() {
    let four = |zones: [&str; 3]| nodes(zones, "8") + &node("d", "", "8");
    let cluster = four(["", "", ""]) + &deployment("cart", "500m", &["a", "b", "c"], "");
    let tuning = tuned(&cluster, "[node_pool]\nprice_per_hour = 0.5");
    let it = found(&tuning, "spare-nodes/cluster").unwrap();
    assert!(it.is_by_hand() && it.changes.is_empty(), "{:?}", it.withheld);
    assert!(it.saves.nodes >= 1.0 && (it.saves.money.amount() - 0.5 * it.saves.nodes).abs() < 1e-9, "{:?}", it.saves);
    assert_eq!(it.basis[0].split(", ").count() as f64, it.saves.nodes, "{:?}", it.basis);

    // The emptiest is of the control plane, the next holds a pod that nobody makes anew.
    let alone = "apiVersion: v1\nkind: Pod\nmetadata: {name: alone, namespace: shop}\nspec: {nodeName: b, containers: [{name: app, image: app}]}\n\
                 status: {phase: Running}\n---\n";
    let cluster = nodes(["", "", ""], "8")
        + &node("d", "", "8").replace("labels: {", "labels: {node-role.kubernetes.io/control-plane: \"\", ")
        + &deployment("cart", "500m", &["a", "b", "c"], "")
        + alone;
    let tuning = tuned(&cluster, "");
    let order = &found(&tuning, "spare-nodes/cluster").unwrap().basis[0];
    assert!(!order.contains(" d") && !order.contains(" b"), "{order}");
}

#[test]
fn nodes_that_must_stay_say_why() {
    // Together they fit on two nodes, one by one they do not.
    let cluster = nodes(["", "", ""], "4") + &deployment("cart", "2100m", &["a", "b", "c"], "");
    let tuning = tuned(&cluster, "[headroom]\ntarget = 0.0\nsurvive_node_losses = 0");
    let it = found(&tuning, "spare-nodes/cluster").unwrap();
    assert!(why(it).contains("have no node"), "{}", why(it));

    let full = nodes(["", "", ""], "4") + &deployment("cart", "3000m", &["a", "b", "c"], "");
    assert_eq!(found(&tuned(&full, ""), "spare-nodes/cluster"), None);
    assert_eq!(found(&tuned(&node("a", "", "8"), ""), "spare-nodes/cluster"), None);

    // A budget of several workloads, which nobody but their owners can loosen.
    let budget = "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: all, namespace: shop}\nspec: {maxUnavailable: 0, selector: {}}\n---\n";
    let held = nodes(["", "", ""], "8")
        + &deployment("cart", "100m", &["a", "b"], "")
        + &deployment("pay", "100m", &["c", "c"], "")
        + budget;
    let tuning = tuned(&held, "[headroom]\nsurvive_node_losses = 0");
    let it = found(&tuning, "spare-nodes/cluster").unwrap();
    let words = format!("{:?} {}", it.basis, why(it));
    assert!(words.contains("stays: PodDisruptionBudget shop/all"), "{words}");
}

#[test]
fn another_shape_is_named_where_it_costs_less() {
    let large =
        |name: &str| node(name, "", "64").replace("labels: {", "labels: {node.kubernetes.io/instance-type: large, ");
    let cluster = large("a") + &large("b") + &large("c") + &deployment("cart", "500m", &["a", "b", "c"], "");
    let shape = |name: &str, cpu: u32, price: f64| {
        format!(
            "[[shape]]\nname = \"{name}\"\ncpu = \"{cpu}\"\nmemory = \"16Gi\"\npods = 110\nprice_per_hour = {price}\n"
        )
    };
    let policy = shape("large", 64, 4.0) + &shape("small", 4, 0.25);
    let tuning = tuned(&cluster, &policy);
    let it = found(&tuning, "node-shape/cluster").unwrap();
    assert!(it.is_by_hand(), "{:?}", it.withheld);
    assert!(setting(it, "node shape").ends_with("× small"), "{}", setting(it, "node shape"));
    assert!(it.saves.money.amount() > 8.0, "{:?}", it.saves);
    // Without prices nothing is cheaper.
    assert_eq!(found(&tuned(&cluster, ""), "node-shape/cluster"), None);
}

const ISTIOD: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: istiod, namespace: istio-system}\nspec:\n  replicas: 1\n  \
    selector: {matchLabels: {app: istiod}}\n  template:\n    metadata: {labels: {app: istiod}}\n    \
    spec: {containers: [{name: discovery, image: istio/pilot, resources: {requests: {cpu: 500m, memory: 2Gi}}}]}\n---\n";

#[test]
fn an_upgrade_goes_in_waves_that_fit() {
    let namespace = |name: &str| NAMESPACE.replace("name: shop", &format!("name: {name}"));
    let in_namespace = |name: &str, nodes: &[&str]| {
        deployment("cart", "500m", nodes, "").replace("namespace: shop", &format!("namespace: {name}"))
    };
    let mesh = ISTIOD.to_owned()
        + &namespace("a-prod")
        + &in_namespace("a-prod", &["a", "b"])
        + &namespace("z-staging")
        + &in_namespace("z-staging", &["a", "b", "c"]);
    let tuning = tuned(&(nodes(["", "", ""], "8") + &mesh), "");
    let it = found(&tuning, "upgrade-plan/mesh").unwrap();
    assert!(it.is_by_hand(), "{:?}", it.withheld);
    assert!(it.basis[0].starts_with("wave 1: z-staging") && it.basis[1].contains("a-prod"), "{:?}", it.basis);
    for name in ["further CPU requests at the peak", "takes", "way back takes"] {
        assert!(!setting(it, name).is_empty(), "{name}");
    }

    let tight = nodes(["", "", ""], "2").replace("memory: 16Gi", "memory: 2500Mi") + &mesh.replace("500m", "900m");
    let tuning = tuned(&tight, "");
    let it = found(&tuning, "upgrade-plan/mesh").unwrap();
    assert!(why(it).contains("fits on no node") && why(it).contains("would do"), "{}", why(it));
    assert_eq!(found(&tuned(&nodes(["", "", ""], "8"), ""), "upgrade-plan/mesh"), None);
}

/// Many pods of one namespace on three nodes.
fn many(further: &str) -> String {
    let places: Vec<&str> = ["a", "b", "c"].into_iter().cycle().take(60).collect();
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: cart, namespace: shop}\nspec: {selector: {app: cart}, ports: [{port: 80, name: http}]}\n---\n";
    nodes(["", "", ""], "32") + &deployment("cart", "100m", &places, "") + service + further
}

const ROUTE: &str = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: cart, namespace: shop}\n\
    spec: {hosts: [cart], http: [{route: [{destination: {host: cart}}]}]}\n---\n";

#[test]
fn namespaces_move_to_ambient_mode_where_people_allow_it() {
    let allowed = "[tuning]\nambient = true";
    for (case, further, policy, way, applied) in [
        ("connections alone", "", allowed, "ztunnel", true),
        ("routes", ROUTE, allowed, "ztunnel and a waypoint", true),
        ("not allowed", "", "", "ztunnel", false),
    ] {
        let tuning = tuned(&many(further), policy);
        let it = found(&tuning, "ambient-mode/shop").unwrap_or_else(|| panic!("{case}"));
        assert_eq!(it.withheld, None, "{case}");
        assert_eq!(setting(it, "data plane"), way, "{case}");
        assert_eq!((it.is_applied(), it.is_by_hand()), (applied, !applied), "{case}");
        assert!(it.saves.nodes > 0.0, "{case}: {:?}", it.saves);
        // What goes is not sized as well.
        assert_eq!(found(&tuning, "proxy-resources/shop/cart").is_none(), applied, "{case}");
    }
}

#[test]
fn namespaces_that_must_keep_their_sidecars_say_why() {
    let filter = "apiVersion: networking.istio.io/v1alpha3\nkind: EnvoyFilter\nmetadata: {name: own, namespace: shop}\nspec: {configPatches: []}\n---\n";
    let small = nodes(["", "", ""], "32") + &deployment("cart", "100m", &["a", "b"], "");
    let asked = many("").replace("labels: {app: cart}", "labels: {app: cart, sidecar.istio.io/inject: \"true\"}");
    for (case, cluster, words) in [
        ("EnvoyFilter", many(filter), "nothing like"),
        ("too few pods", small, "does not pay"),
        ("asked for by pods", asked, "ask for sidecars themselves"),
    ] {
        let tuning = tuned(&cluster, "[tuning]\nambient = true");
        let it = found(&tuning, "ambient-mode/shop").unwrap_or_else(|| panic!("{case}"));
        assert!(why(it).contains(words), "{case}: {}", why(it));
    }
}

/// Budgets, constraints and limits of rollouts together let every node be drained.
#[test]
fn a_tuned_cluster_can_be_drained() {
    let budget = |name: &str| {
        format!(
            "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: {name}, namespace: shop}}\n\
             spec: {{minAvailable: 100%, selector: {{matchLabels: {{app: {name}}}}}}}\n---\n"
        )
    };
    let cluster = nodes(["x", "y", "x"], "8")
        + &ISTIOD.replace("replicas: 1", "replicas: 2")
        + &deployment("cart", "500m", &["a", "a"], "")
        + &deployment("pay", "1000m", &["b", "b", "b"], "")
        + &budget("cart")
        + &budget("pay");
    let tuning = tuned(&cluster, "");
    let policy = Policy::default();
    let drains = |inventory| {
        let standing = Standing::new(inventory, &policy, &ModelCard::named("istio-1.24").unwrap());
        let nodes = (0..standing.inventory().nodes.len()).collect();
        drain(&standing.setting(), &Drain { nodes, come_back: true }).succeeds()
    };
    let before = tuning.recommendations.iter().filter(|it| it.is_applied());
    let kinds: std::collections::BTreeSet<String> = before.map(|it| it.kind.to_string()).collect();
    for kind in ["disruption-budgets", "topology-spread"] {
        assert!(kinds.contains(kind), "{kinds:?}");
    }
    assert!(drains(&tuning.tuned));
}
