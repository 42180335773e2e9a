//! Whether istiod needs nodes of its own.

use std::fs;

use meshcap::card::ModelCard;
use meshcap::inventory::assemble;
use meshcap::plan::Inputs;
use meshcap::plan::Plan;
use meshcap::policy::Policy;
use meshcap::sources::{self, Input, Limits};
use meshcap::tuning::{Question, Recommendation, istiod_nodes};

use crate::tuning_cluster::{deployment, node};

const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n";

/// istiod on a node, with a request.
fn istiod(request: &str, limit: &str, nodes: &[&str]) -> String {
    let resources = format!("resources: {{requests: {{cpu: {request}, memory: 4Gi}}{limit}}}");
    deployment("istiod", request, nodes, "")
        .replace("namespace: shop", "namespace: istio-system")
        .replace("app: istiod", "app: istiod, sidecar.istio.io/inject: 'false'")
        .replace("name: app, image: app", "name: discovery, image: 'istio/pilot:1.28.2'")
        .replace(&format!("resources: {{requests: {{cpu: {request}, memory: 64Mi}}}}"), &resources)
}

/// What is recommended where 400 proxies of another cluster connect, and neighbours use so much CPU.
fn asked(cluster: &str, used: &str, policy: &str) -> Option<Recommendation> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("cluster.yaml"), format!("{NAMESPACE}{cluster}")).unwrap();
    if !used.is_empty() {
        let table = format!("namespace,name,kind,app_cpu_cores\nshop,batch,Deployment,{used}\n");
        fs::write(folder.path().join("demand.csv"), table).unwrap();
    }
    let input = [Input::Path(folder.path().to_owned())];
    let inventory = assemble(sources::read(&input, &Limits::default(), &|_| ()).unwrap().objects).inventory;
    let policy = Policy::from_toml(&format!(
        "[headroom]\ntarget = 0.0\n[control_plane]\nsurvive_replica_losses = 0\n{policy}\n[[control_plane.remote_clusters]]\nname = \"far\"\nkind = \"remote\"\nproxies = 400\nservices = 600\nendpoints = 1200\nvisible_services = 600\n"
    ))
    .unwrap();
    let inputs = Inputs::new(inventory, policy, ModelCard::named("istio-1.24").unwrap());
    let plan = Plan::new(inputs.clone());
    let mut found = istiod_nodes(&Question::new(&inputs, &plan));
    assert!(found.len() <= 1);
    found.pop()
}

fn said(it: &Recommendation) -> String {
    it.withheld.as_ref().map(ToString::to_string).unwrap_or_default()
}

#[test]
fn busy_neighbours_are_measured_against_nodes_of_its_own() {
    let two = node("a", "", "16") + &node("b", "", "16");
    let further = node("c", "", "16") + &node("d", "", "16");
    let batch = |nodes: &[&str]| deployment("batch", "14", nodes, "");
    let strict = "reconnect_within_seconds = 10";
    for (case, cluster, used, policy, expected) in [
        // 15 of 16 cores go to its neighbour.
        (
            "busy",
            two.clone() + &istiod("500m", "", &["a"]) + &batch(&["a", "b"]),
            "30",
            "",
            Some("say whether that is worth a node"),
        ),
        ("late", two.clone() + &istiod("500m", "", &["a"]) + &batch(&["a", "b"]), "30", strict, Some("")),
        ("alone", two.clone() + &istiod("500m", "", &["a"]) + &batch(&["b"]), "15", "", None),
        ("idle", two.clone() + &istiod("500m", "", &["a"]) + &batch(&["a", "b"]), "4", "", None),
        // Its limit is what it counts on.
        (
            "limited",
            two.clone() + &istiod("500m", ", limits: {cpu: 500m}", &["a"]) + &batch(&["a", "b"]),
            "30",
            "",
            None,
        ),
        ("nowhere", istiod("500m", "", &[""]), "", "", None),
        // The others request little: so could istiod.
        (
            "by request",
            two.clone() + &istiod("100m", "", &["a"]) + &deployment("batch", "4", &["a", "b"], ""),
            "31",
            "",
            Some("a CPU request of 12000m"),
        ),
        (
            "room elsewhere",
            two + &further + &istiod("500m", "", &["a"]) + &batch(&["a", "b"]),
            "30",
            "",
            Some("with no node to add"),
        ),
    ] {
        let found = asked(&cluster, used, policy);
        match (expected, &found) {
            (None, found) => assert_eq!(found, &None, "{case}"),
            (Some(why), Some(it)) => {
                assert!(it.changes.is_empty(), "{case}");
                assert!(said(it).contains(why), "{case}: {}", said(it));
                assert_eq!(it.withheld.is_none(), why.is_empty(), "{case}: {}", said(it));
                assert!(it.saves.config_change.as_seconds() > 0.0, "{case}");
                if why.is_empty() {
                    assert!(it.risk.removes.is_some() && it.is_by_hand(), "{case}");
                }
            }
            (Some(_), None) => panic!("{case}"),
        }
    }
}

#[test]
fn figures_are_those_of_the_law() {
    let cluster = node("a", "", "16")
        + &node("b", "", "16")
        + &istiod("500m", "", &["a"])
        + &deployment("batch", "14", &["a", "b"], "");
    let it = asked(&cluster, "30", "").unwrap();
    let setting = |name: &str| it.settings.iter().find(|it| it.name == name).unwrap();
    // The neighbour wants 15 cores and requests 14: of 16 it leaves one.
    assert_eq!(setting("CPU left to it").current.as_ref().unwrap().to_string(), "1");
    assert_eq!(setting("CPU left to it").target.to_string(), "16");
    assert_eq!(setting("nodes of its own").target.to_string(), "1");
    assert_eq!(setting("nodes to add").target.to_string(), "1");
    assert_eq!(it.saves.nodes, -1.0);
    assert!(
        it.basis[0].contains("leave it 1.0 in their busiest moments, and 0.6 if they take all they may"),
        "{}",
        it.basis[0]
    );
    assert!(it.basis.iter().any(|line| line.contains("pilot.nodeSelector") && line.contains("pilot.tolerations")));
}
