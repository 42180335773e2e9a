//! Courses over time on real inventories: every one ends or says why.

use std::path::Path;
use std::process::Output;
use std::time::Instant;

use assert_cmd::Command;
use meshcap::course::{Course, Drain, End, Restart, Rollout, Setting, drain, restart, rollout};
use meshcap::inventory::{Inventory, assemble};
use meshcap::placement::reservation::for_node;
use meshcap::policy::RolloutPolicy;
use meshcap::report;
use meshcap::scheduler::{KubernetesVersion, Profile, TieBreak};
use meshcap::sources::{self, Input, Limits};
use serde_json::Value;

use crate::{browser, shared};

const CLUSTER: [&str; 3] = ["data/clusters/webshop", "--policy", "data/clusters/webshop/policy.toml"];

fn whatif(file: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_meshcap"));
    command.env_remove("NO_COLOR").env_remove("COLUMNS");
    command.args(["whatif", file]).args(CLUSTER).args(arguments).output().unwrap()
}

fn told(arguments: &[&str]) -> String {
    let output = whatif("data/courses.toml", arguments);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_webshop_over_time() {
    insta::assert_snapshot!("courses-100", told(&[]));
    browser::shows(&told(&["--format", "html"]));
}

#[test]
fn threads_change_nothing_of_courses_and_json_keeps_its_schema() {
    let one = told(&["--json", "--threads", "1"]);
    assert_eq!(one, told(&["--json", "--threads", "4"]));
    let json: Value = serde_json::from_str(&one).unwrap();
    let validator = jsonschema::validator_for(&serde_json::from_str(&report::scenarios_schema()).unwrap()).unwrap();
    let errors: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
    let courses: Vec<&Value> = json["scenarios"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|row| row["answer"]["courses"].as_array())
        .flatten()
        .collect();
    let names: Vec<&str> = courses.iter().map(|course| course["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["drain", "drain", "rollout", "rollout", "restart", "upgrade", "way back"]);
    for course in courses {
        let moved: u64 = course["waves"].as_array().unwrap().iter().map(|wave| wave["moved"].as_u64().unwrap()).sum();
        assert_eq!(moved, course["replaced"].as_u64().unwrap());
        assert_eq!(course["finished"].as_bool().unwrap(), course["stuck"].is_null());
    }
}

#[test]
fn a_course_that_does_not_end_fails_the_check() {
    let file = tempfile::tempdir().unwrap();
    let path = file.path().join("s.toml").display().to_string();
    for (text, code, words) in [
        ("kind = \"drain\"\nnodes = [\"shop-b-1\", \"shop-b-2\"]", 1, "does not come to its end"),
        ("kind = \"drain\"\nnodes = [\"shop-b-9\"]", 2, "did you mean"),
        ("kind = \"drain\"\nfactor = 2", 2, "it takes `nodes`, `come_back`"),
        ("kind = \"rollout\"\nworkloads = [\"shop/serch\"]", 2, "did you mean \"shop/search\""),
        ("kind = \"restart-data-plane\"\nnamespaces = [\"shpo\"]", 2, "did you mean \"shop\""),
        ("kind = \"upgrade\"\nthen = [{ kind = \"drain\" }]", 2, "is a question and comes last"),
    ] {
        std::fs::write(&path, format!("[[scenario]]\n{text}")).unwrap();
        let output = whatif(&path, &["--check"]);
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(output.status.code(), Some(code), "{text}: {said}");
        assert!(said.contains(words), "{text}: {said}");
    }
}

fn read(folder: &Path) -> Inventory {
    let reading = sources::read(&[Input::Path(folder.to_owned())], &Limits::default(), &|_| ()).unwrap();
    assemble(reading.objects).inventory
}

fn outcome(course: &Course) -> String {
    let end = match &course.end {
        End::Finished { after } => format!("done after {} s", after.as_seconds()),
        End::Stuck { after, because, pod, node } => {
            let pod = pod.as_ref().map_or_else(String::new, ToString::to_string);
            format!("stuck after {} s at {pod} {}: {because}", after.as_seconds(), node.as_deref().unwrap_or_default())
        }
    };
    format!("{} replaced, {} lost, {} workloads wait, {end}", course.replaced, course.lost, course.waiting.len())
}

#[test]
fn real_clusters_are_drained_rolled_out_and_restarted() {
    let Some(data) = shared::data("real_clusters_are_drained_rolled_out_and_restarted") else { return };
    for name in ["kubectl-dump-4node-2021", "aks-cluster-info-2020", "open-simulator", "support-bundle-doks"] {
        let inventory = read(&data.join("inventories").join(name));
        let offered: Vec<_> = inventory.nodes.iter().map(|node| for_node(node).0).collect();
        let (profile, policy) = (Profile::new(KubernetesVersion::V1_34), RolloutPolicy::default());
        let setting = Setting {
            inventory: &inventory,
            offered: &offered,
            profile: &profile,
            ties: TieBreak::LowestIndex,
            policy: &policy,
        };
        println!("{name}: {} nodes, {} pods", inventory.nodes.len(), inventory.pods.len());
        let workloads: Vec<usize> = (0..inventory.workloads.len()).collect();
        let nodes = Drain { nodes: (0..inventory.nodes.len()).collect(), come_back: true };
        let asked: [(&str, &dyn Fn() -> Course); 3] = [
            ("upgrade of nodes", &|| drain(&setting, &nodes)),
            ("rollout of all", &|| rollout(&setting, &Rollout { workloads: workloads.clone(), at_once: None })),
            ("restart in waves", &|| restart(&setting, &Restart { workloads: workloads.clone() })),
        ];
        for (what, ask) in asked {
            let began = Instant::now();
            let course = ask();
            println!("  {what}: {} ({:.2?})", outcome(&course), began.elapsed());
            assert!(!course.waves.is_empty(), "{name}, {what}");
            if let End::Stuck { because, pod, .. } = &course.end {
                assert!(pod.is_some(), "{name}, {what}: {because}");
            }
            assert_eq!(course.waves.iter().map(|wave| wave.moved).sum::<u64>(), course.replaced, "{name}, {what}");
        }
    }
}
