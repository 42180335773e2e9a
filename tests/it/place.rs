//! `meshcap place` and `meshcap explain pod` as a user meets them, and the scheduler on real inventories.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use meshcap::inventory::{Inventory, Place, PodPhase, assemble};
use meshcap::placement::{new_node, reservation::for_node};
use meshcap::policy::Policy;
use meshcap::report;
use meshcap::scheduler::{KubernetesVersion, Pack, Placement, Profile, Scheduling, TieBreak, schedule};
use meshcap::sources::{self, Input, Limits};
use serde_json::Value;

use crate::{browser, shared};

fn meshcap(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_meshcap"));
    command.env_remove("NO_COLOR").env_remove("COLUMNS").args(arguments).output().unwrap()
}

fn cluster(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/clusters").join(name).display().to_string()
}

fn succeeds(arguments: &[&str]) -> String {
    let output = meshcap(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn refuses(arguments: &[&str], words: &[&str]) {
    let output = meshcap(arguments);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    for word in words {
        assert!(message.contains(word), "{arguments:?}: no {word:?} in {message}");
    }
}

fn placed(arguments: &[&str]) -> Value {
    serde_json::from_str(&succeeds(&[&["place", "--json"], arguments].concat())).unwrap()
}

#[test]
fn pods_that_wait_are_placed_and_json_keeps_its_schema() {
    let schema: Value = serde_json::from_str(&report::placement_schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (name, waiting, kept) in [("webshop", 32, 0), ("payments-live", 1, 23)] {
        let json = placed(&[&cluster(name)]);
        let errors: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new(), "{name}");
        for packing in ["placement", "other"] {
            let packing = &json[packing];
            let unplaced = packing["unplaced"].as_array().unwrap().len() as u64;
            let found = packing["placed"].as_u64().unwrap() + unplaced;
            assert_eq!((found, packing["kept"].as_u64().unwrap()), (waiting, kept), "{name}");
            assert_eq!(packing["pods"].as_array().unwrap().len() as u64, packing["placed"].as_u64().unwrap());
            assert!(packing["lower_bound"].as_u64() <= packing["nodes_used"].as_u64(), "{name}");
        }
    }
    assert!(!validator.is_valid(&serde_json::json!({"schema_version": "1"})), "the schema must refuse something");
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let run = |seed: &str| succeeds(&["place", &cluster("payments-live"), "--reschedule", "--json", "--seed", seed]);
    assert_eq!(run("1"), run("1"));
    let without_seed = |text: String| text.lines().filter(|line| !line.contains("\"seed\"")).collect::<String>();
    assert_ne!(without_seed(run("1")), without_seed(run("7")));
}

#[test]
fn a_trace_agrees_with_itself_and_not_with_another_seed() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("decisions.jsonl").display().to_string();
    let input = cluster("payments-live");
    succeeds(&["place", &input, "--reschedule", "--trace", &trace]);
    let lines = fs::read_to_string(&trace).unwrap();
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    for member in ["pod", "node", "plugin", "raw", "normalised", "weighted"] {
        assert!(!first[member].is_null(), "{member} in {first}");
    }
    let same = &placed(&[&input, "--reschedule", "--compare", &trace])["agreement"];
    assert_eq!((same["same"].as_u64(), same["unmatched"].as_u64()), (Some(20), Some(0)));
    assert!(same["scores"].as_u64() > Some(300) && same["different_scores"] == 0, "{same}");
    // Another seed picks other nodes among equals, follows the trace, and so never differs otherwise.
    let other = &placed(&[&input, "--reschedule", "--seed", "7", "--compare", &trace])["agreement"];
    assert!(other["ties"].as_u64() > Some(0) && other["different"] == serde_json::json!([]), "{other}");
    // Other rules score otherwise.
    let newer = &placed(&[&input, "--reschedule", "--k8s-version", "1.36", "--compare", &trace])["agreement"];
    assert!(newer["different_scores"].as_u64() > Some(0), "{newer}");
    refuses(&["place", &input, "--compare", &format!("{input}/pods.json")], &["pods.json:1", "--trace"]);
}

#[test]
fn a_page_shows_how_full_the_nodes_are() {
    for (input, arguments) in [("payments-live", vec![]), ("webshop", vec!["--pack", "first-fit-decreasing"])] {
        let page = succeeds(&[&["place", &cluster(input), "--format", "html"], arguments.as_slice()].concat());
        assert!(page.contains("How full the nodes are") && page.contains("Memory, share of allocatable"), "{input}");
        browser::shows(&page);
    }
}

#[test]
fn rules_come_from_version_and_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scheduler.yaml");
    let text =
        "kind: KubeSchedulerConfiguration\nprofiles:\n- plugins: {filter: {disabled: [{name: NodeResourcesFit}]}}\n";
    fs::write(&file, text).unwrap();
    let config = file.display().to_string();
    let json = placed(&[&cluster("payments-live"), "--reschedule", "--scheduler-config", &config]);
    assert_eq!(json["placement"]["unplaced"].as_array().unwrap().len(), 0);
    refuses(&["place", &cluster("webshop"), "--k8s-version", "1.20"], &["1.20", "1.36"]);
    refuses(&["place", &cluster("webshop"), "--scheduler-config", "none.yaml"], &["none.yaml"]);
}

#[test]
fn a_pod_is_explained_node_by_node() {
    let input = cluster("payments-live");
    let json = placed(&[&input, "--reschedule"]);
    let waits = json["placement"]["unplaced"][0]["pod"].as_str().unwrap();
    let text = succeeds(&["explain", "pod", waits, &input]);
    for words in ["Nodes that refuse", "NodeAffinity", "node selector topology.kubernetes.io/zone=", "NodeResourcesFit"]
    {
        assert!(text.contains(words), "{words} in {text}");
    }
    refuses(&["explain", "pod", "payments/none", &input], &["payments/none", "pods of that namespace include"]);
}

fn read(paths: &[&Path]) -> Inventory {
    let inputs: Vec<Input> = paths.iter().map(|path| Input::Path(path.to_path_buf())).collect();
    assemble(sources::read(&inputs, &Limits::default(), &|_| ()).unwrap().objects).inventory
}

fn place(inventory: &Inventory, pack: Pack) -> Placement {
    let offered: Vec<_> = inventory.nodes.iter().map(|node| for_node(node).0).collect();
    let profile = Profile::new(KubernetesVersion::V1_34);
    let (node, new) = new_node(&inventory.nodes, &Policy::default());
    let scheduling = Scheduling {
        inventory,
        offered: &offered,
        profile: &profile,
        pack,
        ties: TieBreak::Seeded(1),
        reschedule: false,
        new_node: Some((&node, &new)),
        follow: None,
    };
    let placement = schedule(&scheduling, None);
    let accounted = placement.placed.len() + placement.unplaced.len() + placement.kept as usize;
    let elsewhere = inventory.pods.iter().filter(|pod| pod.place == Place::Elsewhere).count();
    assert_eq!(accounted + elsewhere, inventory.pods.len());
    assert!(placement.lower_bound <= placement.nodes_used);
    for (index, offered) in offered.iter().enumerate() {
        let on_it = placement.placed.iter().filter(|(_, node)| *node == index);
        let asked: u64 =
            on_it.map(|(pod, _)| meshcap::inventory::request::pod_request(&inventory.pods[*pod].spec).cpu.get()).sum();
        assert!(asked <= offered.resources.cpu.get(), "{}", inventory.nodes[index].name);
    }
    placement
}

/// A line of the table of real inputs: how both packers do, and how long the scheduler takes.
fn row(name: &str, inventory: &Inventory) -> (String, [Placement; 2]) {
    let start = std::time::Instant::now();
    let scheduled = place(inventory, Pack::Scheduler);
    let seconds = start.elapsed().as_secs_f64();
    let packed = place(inventory, Pack::FirstFitDecreasing);
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for reason in scheduled.unplaced.iter().filter_map(|one| one.reasons.first()) {
        *reasons.entry(&reason.0).or_default() += 1;
    }
    let reasons: Vec<String> = reasons.iter().map(|(reason, pods)| format!("{pods} {reason}")).collect();
    let added = scheduled.addition.unwrap_or_default();
    let line = format!(
        "| {name} | {} | {} | {} | {} | {} | {} | {} of {} | {} | {} | {seconds:.2} |",
        inventory.nodes.len(),
        scheduled.kept,
        scheduled.placed.len(),
        scheduled.unplaced.len(),
        reasons.join(", "),
        added.nodes,
        scheduled.unplaced.len() as u64 - added.impossible,
        scheduled.unplaced.len(),
        scheduled.nodes_used,
        format_args!("{} / {}", packed.nodes_used, packed.lower_bound),
    );
    (line, [scheduled, packed])
}

/// Real and published inputs end to end: a production trace of 1,523 nodes whose 6,090 pods that have not ended
/// are wanted at once, open-simulator's cluster with its applications, and dumps.
#[test]
fn real_inputs_are_placed_end_to_end() {
    let Some(data) = shared::data("real_inputs_are_placed_end_to_end") else { return };
    let (openb, simulator) = (data.join("inventories/alibaba-openb-2023"), data.join("inventories/open-simulator"));
    let (demo, complicate) = (simulator.join("cluster/demo_1"), simulator.join("application/complicate"));
    println!(
        "| input | nodes | kept | placed | unplaced | why, first reasons | to add | these take | nodes used | first fit decreasing / at least | s |\n\
         |---|---:|---:|---:|---:|---|---:|---:|---:|---:|---:|"
    );
    let trace = read(&[&openb.join("openb_node_list_all_node.csv"), &openb.join("openb_pod_list_default.csv")]);
    assert_eq!((trace.nodes.len(), trace.pods.len()), (1523, 6090));
    assert!(trace.pods.iter().all(|pod| pod.phase != PodPhase::Succeeded));
    let (line, placements) = row("openb", &trace);
    println!("{line}");
    for placement in &placements {
        assert!(placement.unplaced.len() <= 10);
    }
    for (name, inventory) in [
        ("open-simulator: cluster demo_1", read(&[&demo])),
        ("open-simulator: demo_1 and its new nodes", read(&[&demo, &simulator.join("newnode/demo_1")])),
        ("open-simulator: demo_1 with complicate", read(&[&demo, &complicate])),
        ("open-simulator: all", read(&[&simulator])),
        ("minikube 1.35", read(&[&data.join("inventories/minikube-k8s-1.35")])),
    ] {
        assert!(!inventory.nodes.is_empty() && !inventory.pods.is_empty(), "{name}");
        let (line, placements) = row(name, &inventory);
        println!("{line}");
        for unplaced in placements.iter().flat_map(|placement| &placement.unplaced) {
            let nodes: u64 = unplaced.reasons.iter().map(|(_, nodes)| nodes).sum();
            assert!(nodes == inventory.nodes.len() as u64 || nodes <= 1, "{name}: {:?}", unplaced.reasons);
        }
    }
}
