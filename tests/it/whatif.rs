//! Scenarios: the command as a user meets it, laws, bad input.

use std::fs;
use std::process::Output;
use std::sync::Arc;

use assert_cmd::Command;
use meshcap::card::ModelCard;
use meshcap::inventory::objects::NodeResources;
use meshcap::inventory::{
    Autoscaler, Container, Inventory, Labels, Measured, Metric, Node, ObjectName, Place, Pod, PodLife, PodPhase,
    PodSpec, ReplicasBasis, Workload, WorkloadId,
};
use meshcap::plan::{Inputs, Plan};
use meshcap::policy::{Policy, ScenarioFile};
use meshcap::report::{self, ScenarioReport};
use meshcap::resources::{Declared, Requirements, Resources};
use meshcap::scenario::{Answer, Matrix, Row, Situation, catalogue, matrix};
use meshcap::scheduler::{KubernetesVersion, Profile};
use meshcap::units::{Bytes, Millicores, Rate};
use proptest::prelude::*;
use serde_json::Value;

use crate::{browser, shared};

/// Tests run in the folder of the package; reports name paths as given.
fn root(path: &str) -> String {
    path.to_owned()
}

fn meshcap(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_meshcap"));
    command.env_remove("NO_COLOR").env_remove("COLUMNS").args(arguments).output().unwrap()
}

fn whatif(arguments: &[&str]) -> Output {
    let (file, cluster, policy) =
        (root("data/scenarios.toml"), root("data/clusters/webshop"), root("data/clusters/webshop/policy.toml"));
    meshcap(&[&["whatif", &file, &cluster, "--policy", &policy][..], arguments].concat())
}

fn text(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn the_webshop_what_if() {
    insta::assert_snapshot!("whatif-100", text(&whatif(&[])));
    insta::assert_snapshot!("whatif-markdown", text(&whatif(&["--format", "markdown"])));
}

#[test]
fn threads_change_nothing_and_json_keeps_its_schema() {
    let validator = jsonschema::validator_for(&serde_json::from_str(&report::scenarios_schema()).unwrap()).unwrap();
    for format in ["json", "html", "markdown", "text"] {
        let one = text(&whatif(&["--format", format, "--threads", "1"]));
        assert_eq!(one, text(&whatif(&["--format", format, "--threads", "4"])), "{format}");
        if format == "json" {
            let json: Value = serde_json::from_str(&one).unwrap();
            let errors: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
            assert_eq!(errors, Vec::<String>::new());
            assert_eq!(json["scenarios"][0]["name"], "as planned");
        }
    }
}

#[test]
fn a_missed_policy_fails_only_if_asked_to() {
    assert_eq!(whatif(&[]).status.code(), Some(0));
    assert_eq!(whatif(&["--check"]).status.code(), Some(1));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("s.toml");
    fs::write(&file, "[[scenario]]\nkind = \"add-nodes\"\ncount = 4\n").unwrap();
    let policy = folder.path().join("p.toml");
    fs::write(&policy, "[headroom]\ntarget = 0.0\nsurvive_node_losses = 0\n").unwrap();
    let [file, policy] = [file, policy].map(|path| path.display().to_string());
    let met = meshcap(&["whatif", &file, &root("data/clusters/webshop"), "--policy", &policy, "--check"]);
    assert_eq!(met.status.code(), Some(0), "{}", String::from_utf8_lossy(&met.stdout));
}

#[test]
fn a_page_of_scenarios_fits_a_desk_and_a_telephone() {
    let page = text(&whatif(&["--format", "html"]));
    assert!(page.contains("Headroom by scenario"));
    browser::shows(&page);
}

#[test]
fn what_cannot_be_answered_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("s.toml");
    let cluster = root("data/clusters/webshop");
    for (scenario, words) in [
        ("", &["no [[scenario]]"][..]),
        ("[[scenario]]\nkind = \"lose-zon\"", &["unknown kind `lose-zon`", "`lose-zone`", "line 1"]),
        ("[[scenario]]\nkind = \"lose-zone\"\nzone = \"e\"", &["no zone \"e\"", "europe-west1-b"]),
        ("[[scenario]]\nkind = \"lose-zone\"\nzone = \"europe-west1-bb\"", &["did you mean \"europe-west1-b\""]),
        ("[[scenario]]\nkind = \"lose-node\"\nnode = \"shop-b-3\"", &["no node \"shop-b-3\"", "did you mean"]),
        ("[[scenario]]\nkind = \"fit-more-pods\"\nworkload = \"shop/serach\"", &["did you mean \"shop/search\""]),
        ("[[scenario]]\nkind = \"fit-more-pods\"\nworkload = \"search\"", &["NAMESPACE/NAME"]),
        ("[[scenario]]\nkind = \"enrol\"\nnamespaces = [\"shopp\"]", &["did you mean \"shop\""]),
        (
            "[[scenario]]\nkind = \"add-nodes\"\ncount = 1\nshape = \"n2-standrad-4\"",
            &["did you mean \"n2-standard-4\""],
        ),
        ("[[scenario]]\nkind = \"add-pods\"\nworkload = \"shop/cart\"\ncount = -3", &["-3"]),
        ("[[scenario]]\nkind = \"traffic\"\nfactor = 0.0", &["factor"]),
    ] {
        fs::write(&file, scenario).unwrap();
        let output = meshcap(&["whatif", &file.display().to_string(), &cluster]);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{scenario}: {message}");
        assert!(output.stdout.is_empty(), "{scenario}");
        for word in words {
            assert!(message.contains(word), "{scenario}: no {word:?} in {message}");
        }
    }
}

/// A cluster by hand.
#[derive(Clone, Debug, Default)]
struct Cluster {
    /// CPU in millicores and zone of each node.
    nodes: Vec<(u64, &'static str)>,
    /// CPU in millicores per pod, replicas, most replicas of an autoscaler.
    workloads: Vec<(u64, u64, Option<u64>)>,
}

impl Cluster {
    fn inventory(&self) -> Inventory {
        let mut inventory = Inventory::default();
        for (number, (cpu, zone)) in self.nodes.iter().enumerate() {
            let name = format!("node-{number:03}");
            let labels = [("topology.kubernetes.io/zone", *zone), ("kubernetes.io/hostname", &name)];
            let resources = Resources::new(Millicores::new(*cpu), Bytes::from_gib(64));
            inventory.nodes.push(Node {
                labels: labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
                name: name.into(),
                allocatable: Some(NodeResources { resources, pods: Some(110) }),
                ..Node::default()
            });
        }
        for (number, (cpu, replicas, most)) in self.workloads.iter().enumerate() {
            let (namespace, name) = (format!("team-{}", number % 3), format!("app-{number:03}"));
            let requests = Declared::new(Some(Millicores::new(*cpu)), Some(Bytes::from_mib(64)));
            let resources = Requirements { requests, ..Requirements::default() };
            let container = Container { name: "app".to_owned(), resources, ..Container::default() };
            let spec = Arc::new(PodSpec { containers: vec![container], ..PodSpec::default() });
            let labels = Arc::new(Labels::from([("app".to_owned(), name.clone())]));
            let autoscaler = most.map(|max_replicas| Autoscaler {
                name: ObjectName::new(&namespace, &name),
                target_kind: "Deployment".to_owned(),
                target_name: name.as_str().into(),
                min_replicas: 1,
                max_replicas,
                ..Autoscaler::default()
            });
            let pods = inventory.pods.len()..inventory.pods.len() + *replicas as usize;
            inventory.pods.extend((0..*replicas).map(|pod| Pod {
                name: ObjectName::new(&namespace, &format!("{name}-{pod}")),
                workload: number,
                labels: labels.clone(),
                annotations: Arc::default(),
                spec: spec.clone(),
                place: Place::Pending,
                phase: PodPhase::Pending,
                listed: false,
                terminating: false,
                life: PodLife::default(),
                siblings: None,
            }));
            inventory.workloads.push(Workload {
                id: WorkloadId::new(&namespace, "Deployment", &name),
                replicas: *replicas,
                replicas_basis: ReplicasBasis::Declared,
                autoscaler,
                labels,
                annotations: Arc::default(),
                spec,
                measured: Measured::default(),
                pods,
            });
        }
        // Workloads are in order of namespace, kind and name.
        inventory.with_sorted_workloads()
    }
}

trait Sorted {
    fn with_sorted_workloads(self) -> Self;
}

impl Sorted for Inventory {
    fn with_sorted_workloads(mut self) -> Self {
        let mut order: Vec<usize> = (0..self.workloads.len()).collect();
        order.sort_by(|&a, &b| self.workloads[a].id.cmp(&self.workloads[b].id));
        let (old, pods) = (std::mem::take(&mut self.workloads), std::mem::take(&mut self.pods));
        for (now, &before) in order.iter().enumerate() {
            let mut workload = old[before].clone();
            let start = self.pods.len();
            self.pods.extend(pods[workload.pods.clone()].iter().map(|pod| Pod { workload: now, ..pod.clone() }));
            workload.pods = start..self.pods.len();
            self.workloads.push(workload);
        }
        self
    }
}

fn policy() -> Policy {
    let mut policy = Policy::default();
    policy.headroom.target = meshcap::units::Share::ZERO;
    policy.headroom.survive_node_losses = 0;
    policy.control_plane.dedicated_nodes = true;
    policy
}

fn asked(inventory: &Inventory, policy: &Policy, scenarios: &str) -> Matrix {
    let file = ScenarioFile::from_toml(scenarios).unwrap();
    let (card, rules) = (ModelCard::named("istio-1.24").unwrap(), Profile::new(KubernetesVersion::V1_34));
    let shapes = if file.shapes.is_empty() { catalogue() } else { file.shapes.clone() };
    let situation = Situation { inventory, policy, card: &card, rules: &rules, shapes: &shapes };
    let matrix = matrix(&situation, &file.scenarios, &|| ());
    assert!(matrix.unknown.is_empty(), "{:?}", matrix.unknown);
    matrix
}

/// The row without its name.
fn unnamed(row: &Row) -> Row {
    Row { name: String::new(), steps: Vec::new(), ..row.clone() }
}

#[test]
fn what_questions_find_can_be_counted_by_hand() {
    // Two nodes of 1,000m in each of two zones; one pod of 900m and five of 300m.
    let cluster = Cluster {
        nodes: vec![(1000, "a"), (1000, "a"), (1000, "b"), (1000, "b")],
        workloads: vec![(900, 1, None), (300, 5, Some(8))],
    };
    let matrix = asked(
        &cluster.inventory(),
        &policy(),
        "[[scenario]]\nkind = \"fit-more-pods\"\nworkload = \"team-1/app-001\"
         [[scenario]]\nkind = \"autoscalers-at-maximum\"
         [[scenario]]\nkind = \"lose-every-zone\"
         [[scenario]]\nkind = \"consolidate\"
         [[scenario]]\nkind = \"cheapest-nodes\"\nreplace = true
         [[scenario]]\nkind = \"add-pods\"\nworkload = \"team-1/app-001\"\ncount = 5
         then = [{ kind = \"cheapest-nodes\" }]
         [[shape]]\nname = \"large\"\ncpu = 4\nmemory = \"64Gi\"\nprovider = \"none\"\nprice_per_hour = 4.5
         [[shape]]\nname = \"small\"\ncpu = 1\nmemory = \"16Gi\"\nprovider = \"none\"\nprice_per_hour = 1.0",
    );
    let answer = |row: usize| matrix.rows[row].answer.clone().unwrap();
    // 9 fit on three nodes beside the large one, 5 are there.
    assert_eq!(
        answer(1),
        Answer::FitMore { workload: "team-1/app-001".to_owned(), pods: 4, binding: "insufficient cpu".to_owned() }
    );
    assert_eq!((matrix.rows[2].placed, matrix.rows[2].unplaced.len()), (9, 0));
    let Answer::Losses(zones) = answer(3) else { panic!("no losses") };
    assert_eq!(zones.len(), 2);
    // Without zone b one of its three pods finds 300m beside those in zone a.
    assert_eq!(zones[0].unplaced, 2);
    // Five pods of 300m need two nodes, the large one a third.
    let Answer::Removable(nodes) = answer(4) else { panic!("no nodes") };
    assert_eq!(nodes.len(), 1);
    let Answer::Shapes { pods, shapes } = answer(5) else { panic!("no shapes") };
    assert_eq!(pods, 6);
    let found: Vec<(&str, u64, u64)> =
        shapes.iter().map(|shape| (shape.shape.as_str(), shape.nodes, shape.at_least)).collect();
    assert_eq!(found, [("small", 3, 3), ("large", 1, 1)]);
    let Answer::Shapes { pods, shapes } = answer(6) else { panic!("no shapes") };
    assert_eq!((pods, shapes[0].shape.as_str(), shapes[0].nodes), (1, "small", 1));
    assert_eq!(matrix.rows[6].unplaced.len(), 1);
}

#[test]
fn traffic_grows_until_an_autoscaler_is_at_its_end() {
    let cluster = Cluster { nodes: vec![(64_000, "a")], workloads: vec![(300, 5, Some(8)), (900, 1, None)] };
    let inventory = cluster.inventory();
    let matrix = asked(&inventory, &policy(), "[[scenario]]\nkind = \"traffic-until-break\"");
    let Some(Answer::Growth { factor: Some(factor), breaks }) = &matrix.rows[1].answer else { panic!("no growth") };
    // Five replicas become eight at 1.6 times the traffic.
    assert!((factor - 1.6).abs() < 1e-9, "{factor}");
    assert_eq!(breaks[0].subject, "Deployment team-0/app-000");
    assert_eq!((breaks[0].found, breaks[0].limit), (9.0, 8.0));
}

#[test]
fn usage_that_is_measured_decides_how_far_autoscalers_go() {
    let cluster = Cluster { nodes: vec![(64_000, "a")], workloads: vec![(1000, 2, Some(10))] };
    let mut inventory = cluster.inventory();
    inventory.workloads[0].measured.app_cpu = Some(meshcap::units::Cores::new(1.0));
    inventory.workloads[0].measured.inbound_rps = Some(Rate::per_second(100.0));
    inventory.workloads[0].autoscaler.as_mut().unwrap().metrics = vec![Metric::of_pod_cpu(50)];
    for (factor, replicas) in [(1.0, 2), (1.5, 3), (4.0, 8), (20.0, 10)] {
        let scenario = format!("[[scenario]]\nkind = \"traffic\"\nfactor = {factor:?}");
        assert_eq!(asked(&inventory, &policy(), &scenario).rows[1].placed, replicas, "{factor}");
    }
}

#[test]
fn nodes_are_not_needed_to_ask() {
    let cluster = Cluster { nodes: Vec::new(), workloads: vec![(300, 5, None)] };
    let matrix = asked(
        &cluster.inventory(),
        &policy(),
        "[[scenario]]\nkind = \"fit-more-pods\"\nworkload = \"team-0/app-000\"
         [[scenario]]\nkind = \"traffic-until-break\"
         [[scenario]]\nkind = \"consolidate\"
         [[scenario]]\nkind = \"add-nodes\"\ncount = 2",
    );
    assert_eq!(matrix.rows[0].unplaced.len(), 5);
    assert!(matches!(matrix.rows[1].answer, Some(Answer::FitMore { pods: 0, .. })));
    assert!(matches!(&matrix.rows[3].answer, Some(Answer::Removable(nodes)) if nodes.is_empty()));
    assert_eq!((matrix.rows[4].nodes, matrix.rows[4].placed), (2, 5));
    let report = ScenarioReport { matrix, ..ScenarioReport::default() };
    assert!(report::scenarios_html(&report).contains("as planned"));
}

#[test]
fn a_policy_asks_as_a_file_does() {
    let inventory = Cluster { nodes: vec![(4000, "a"), (4000, "b")], workloads: vec![(300, 5, None)] }.inventory();
    let scenarios = "[[scenario]]\nkind = \"lose-every-node\"\n[[scenario]]\nkind = \"lose-zone\"\nzone = \"b\"
                     [[scenario]]\nname = \"nowhere\"\nkind = \"lose-zone\"\nzone = \"x\"";
    let policy = Policy::from_toml(scenarios).unwrap();
    let plan = Plan::new(Inputs::new(inventory.clone(), policy.clone(), ModelCard::named("istio-1.24").unwrap()));
    let known: String = scenarios.split("[[scenario]]\nname").next().unwrap().to_owned();
    let direct = asked(&inventory, &policy, &known);
    assert_eq!(plan.scenarios.rows, direct.rows);
    let unanswered: Vec<&str> = plan
        .findings
        .iter()
        .filter(|finding| finding.kind.id == "scenario-unanswered")
        .map(|finding| finding.subject.as_str())
        .collect();
    assert_eq!(unanswered, ["scenario nowhere"]);
    assert!(plan.not_modelled.iter().any(|line| line == "Autoscalers at their maximum and rollouts with surge."));
    assert!(report::markdown(&plan).contains("## What if"));
}

#[test]
fn a_namespace_leaves_its_sidecars_for_ambient_mode() {
    let mut policy = policy();
    policy.injection.enroll.insert("team-0".to_owned());
    policy.injection.enroll.insert("team-1".to_owned());
    let inventory =
        Cluster { nodes: vec![(8000, "a"), (8000, "b")], workloads: vec![(300, 4, None), (300, 4, None)] }.inventory();
    let matrix = asked(&inventory, &policy, "[[scenario]]\nkind = \"ambient\"\nnamespaces = [\"team-0\"]");
    let [before, after] = [&matrix.rows[0], &matrix.rows[1]].map(|row| row.fill.requested.cpu.get());
    // Four sidecars of 100m go; a ztunnel of 200m and an agent of 100m come on each of two nodes.
    assert_eq!(before - 400 + 600, after);
}

fn clusters() -> impl Strategy<Value = Cluster> {
    let node = (500_u64..4000, prop_oneof![Just("a"), Just("b"), Just("c")]);
    let workload = (50_u64..1500, 0_u64..6, proptest::option::of(1_u64..9));
    let (nodes, workloads) = (proptest::collection::vec(node, 1..6), proptest::collection::vec(workload, 1..6));
    (nodes, workloads).prop_map(|(nodes, workloads)| Cluster { nodes, workloads })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn losing_nodes_never_places_more(cluster in clusters(), lost in 0_usize..6) {
        let inventory = cluster.inventory();
        let node = lost % cluster.nodes.len();
        let matrix = asked(&inventory, &policy(), &format!(
            "[[scenario]]\nkind = \"lose-node\"\nnode = \"node-{node:03}\"\n[[scenario]]\nkind = \"lose-every-node\""
        ));
        let [planned, one, worst] = &matrix.rows[..] else { panic!("three rows") };
        prop_assert!(one.placed <= planned.placed);
        prop_assert!(worst.unplaced.len() >= one.unplaced.len());
        // A loss on its own and the same loss among all agree.
        let Some(Answer::Losses(losses)) = &worst.answer else { panic!("no losses") };
        let same = losses.iter().find(|loss| loss.member == format!("node-{node:03}")).unwrap();
        prop_assert_eq!(same.unplaced, one.unplaced.len() as u64 - planned.unplaced.len() as u64);
        prop_assert_eq!(worst.placed + worst.unplaced.len() as u64, planned.placed + planned.unplaced.len() as u64);
    }

    #[test]
    fn a_scenario_that_changes_nothing_is_the_plan(cluster in clusters()) {
        let mut policy = policy();
        policy.injection.enroll.insert("team-0".to_owned());
        let matrix = asked(&cluster.inventory(), &policy, "[[scenario]]\nkind = \"enrol\"\nnamespaces = [\"team-0\"]");
        prop_assert_eq!(unnamed(&matrix.rows[0]), unnamed(&matrix.rows[1]));
    }

    #[test]
    fn larger_nodes_never_break_earlier(cluster in clusters()) {
        let factor = |cluster: &Cluster| {
            let matrix = asked(&cluster.inventory(), &policy(), "[[scenario]]\nkind = \"traffic-until-break\"");
            match matrix.rows[1].answer { Some(Answer::Growth { factor, .. }) => factor, _ => None }
        };
        // Pods of one size alone: with several, a scheduler may do worse on more.
        let one = Cluster { workloads: cluster.workloads[..1].to_vec(), ..cluster.clone() };
        let larger = Cluster { nodes: one.nodes.iter().map(|(cpu, zone)| (cpu * 2, *zone)).collect(), ..one.clone() };
        let inventory = one.inventory();
        let placed = asked(&inventory, &policy(), "[[scenario]]\nkind = \"lose-every-zone\"").rows[0].unplaced.is_empty();
        prop_assume!(placed);
        prop_assert!(factor(&larger) >= factor(&one), "{:?} {:?}", factor(&larger), factor(&one));
    }

    #[test]
    fn as_many_fit_as_were_said_and_no_more(cluster in clusters()) {
        let inventory = cluster.inventory();
        let workload = &inventory.workloads[0].id;
        let name = format!("{}/{}", workload.namespace, workload.name);
        let matrix = asked(&inventory, &policy(), &format!("[[scenario]]\nkind = \"fit-more-pods\"\nworkload = \"{name}\""));
        let Some(Answer::FitMore { pods, .. }) = matrix.rows[1].answer else { panic!("no answer") };
        prop_assume!(matrix.rows[0].unplaced.is_empty());
        let with = |count: u64| {
            let add = format!("[[scenario]]\nkind = \"add-pods\"\nworkload = \"{name}\"\ncount = {count}");
            asked(&inventory, &policy(), &add).rows[1].unplaced.len()
        };
        // Pods that run stay: what is added after them fits as counted.
        let settled = Cluster { workloads: cluster.workloads[..1].to_vec(), ..cluster.clone() };
        if cluster.workloads.len() == 1 && pods > 0 {
            prop_assert_eq!(with(pods), 0, "{:?}", settled);
            prop_assert_eq!(with(pods + 1), 1);
        }
    }
}

#[test]
fn real_clusters_can_be_asked() {
    let Some(folder) = shared::data("real_clusters_can_be_asked") else { return };
    for cluster in ["support-bundle-doks", "istio-injected", "online-boutique"] {
        let path = folder.join("inventories").join(cluster);
        if !path.exists() {
            eprintln!("real_clusters_can_be_asked: skipped {cluster}, which is not there");
            continue;
        }
        let general = "[[scenario]]\nkind = \"traffic-until-break\"\n[[scenario]]\nkind = \"enrol-in-turn\"
                       [[scenario]]\nkind = \"consolidate\"\n[[scenario]]\nkind = \"autoscalers-at-maximum\"
                       [[scenario]]\nkind = \"cheapest-nodes\"\nreplace = true";
        let inventory = meshcap::inventory::assemble(
            meshcap::sources::read(
                &[meshcap::sources::Input::Path(path)],
                &meshcap::sources::Limits::default(),
                &|_| (),
            )
            .unwrap()
            .objects,
        )
        .inventory;
        let matrix = asked(&inventory, &Policy::default(), general);
        assert_eq!(matrix.rows.len(), 6, "{cluster}");
        for row in &matrix.rows {
            let pods = row.placed + row.unplaced.len() as u64;
            assert!(pods > 0, "{cluster} {}", row.name);
        }
    }
}
