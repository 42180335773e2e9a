//! The command as a user meets it: arguments, streams, files, exit codes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;

fn cluster(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/clusters").join(name).display().to_string()
}

fn meshcap(arguments: &[&str]) -> Output {
    command().args(arguments).output().unwrap()
}

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_meshcap"));
    command.env_remove("NO_COLOR").env_remove("COLUMNS");
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Runs a command that must fail with exit code 2, nothing on standard output, and every word in its message.
fn refuses(arguments: &[&str], words: &[&str]) {
    let output = meshcap(arguments);
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    assert!(output.stdout.is_empty(), "{arguments:?}: {}", text(&output.stdout));
    for word in words {
        assert!(message.contains(word), "{arguments:?}: no {word:?} in {message}");
    }
}

fn json(arguments: &[&str]) -> Value {
    let output = meshcap(arguments);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn plans_a_folder() {
    let output = meshcap(&["plan", &cluster("webshop")]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let summary = text(&output.stdout);
    assert!(summary.contains("The mesh's"), "{summary}");
    assert!(!summary.contains('\u{1b}'), "colour without a terminal");
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
}

#[test]
fn plans_standard_input_like_a_file() {
    let nodes = Path::new(&cluster("payments-live")).join("pods.json");
    let piped = command().args(["plan", "-", "--json"]).write_stdin(fs::read(&nodes).unwrap()).output().unwrap();
    assert_eq!(piped.status.code(), Some(0), "{}", text(&piped.stderr));
    let piped: Value = serde_json::from_slice(&piped.stdout).unwrap();
    let read = json(&["plan", &nodes.display().to_string(), "--json"]);
    assert_eq!(piped["totals"], read["totals"]);
}

#[test]
fn writes_reports_by_their_ending() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let output = meshcap(&[
        "plan",
        &cluster("webshop"),
        "-o",
        &path("a.html"),
        "-o",
        &path("a.md"),
        "-o",
        &path("a.json"),
        "-o",
        &path("a.txt"),
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(read("a.html").starts_with("<!doctype html>"));
    assert!(read("a.md").starts_with("# "));
    assert!(serde_json::from_str::<Value>(&read("a.json")).unwrap()["schema_version"].is_string());
    assert!(text(&output.stdout).contains(read("a.txt").lines().next().unwrap()));
    let left: Vec<PathBuf> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left.len(), 4, "temporary files are left: {left:?}");
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for format in ["text", "markdown", "html", "json"] {
        let run = || meshcap(&["plan", &cluster("webshop"), "--format", format]).stdout;
        assert!(run() == run(), "{format}");
    }
}

#[test]
fn enrolling_adds_proxies() {
    let proxies = |arguments: &[&str]| json(arguments)["totals"]["proxies"].as_u64().unwrap();
    let before = proxies(&["plan", &cluster("webshop"), "--json"]);
    let with_batch = proxies(&["plan", &cluster("webshop"), "--enroll", "batch", "--json"]);
    let with_all = proxies(&["plan", &cluster("webshop"), "--enroll", "all", "--json"]);
    assert!(before < with_batch && with_batch <= with_all, "{before} {with_batch} {with_all}");
}

#[test]
fn the_json_has_the_promised_fields() {
    let plan = json(&["plan", &cluster("payments-live"), "--json"]);
    for pointer in [
        "/schema_version",
        "/tool",
        "/inputs/0",
        "/card",
        "/totals/nodes",
        "/totals/pods",
        "/totals/workloads",
        "/totals/proxies",
        "/totals/proxy_memory_bytes/lower",
        "/totals/proxy_cpu_cores/value",
        "/totals/app_cpu_cores",
        "/totals/memory_overhead_ratio",
        "/totals/cpu_overhead_ratio/upper",
        "/control_plane/replicas",
        "/control_plane/cpu_cores",
        "/control_plane/memory_bytes",
        "/control_plane/csr_per_second",
        "/workloads/0/namespace",
        "/workloads/0/name",
        "/workloads/0/kind",
        "/workloads/0/replicas",
        "/workloads/0/proxy/mode",
        "/workloads/0/proxy/visible/clusters",
        "/workloads/0/proxy/visible/routes",
        "/headroom/cluster/cpu",
        "/headroom/cluster/memory",
        "/headroom/cluster/pods",
        "/headroom/worst_node_loss/node",
        "/headroom/worst_node_loss/unplaced",
        "/headroom/nodes_to_add",
        "/findings/0/id",
        "/findings/0/severity",
        "/findings/0/subject",
        "/findings/0/message",
        "/not_modelled/0",
    ] {
        assert!(plan.pointer(pointer).is_some_and(|value| !value.is_null()), "{pointer} is missing");
    }
}

#[test]
fn a_plan_follows_the_schema() {
    let schema: Value = serde_json::from_slice(&meshcap(&["schema"]).stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for name in ["webshop", "payments-live", "ambient", "flat"] {
        let plan = json(&["plan", &cluster(name), "--json"]);
        let errors: Vec<String> = validator.iter_errors(&plan).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
    }
}

#[test]
fn check_fails_when_the_policy_is_not_met() {
    let folder = tempfile::tempdir().unwrap();
    let strict = folder.path().join("strict.toml");
    fs::write(&strict, "[headroom]\ntarget = 0.95\n").unwrap();
    let strict = strict.display().to_string();
    let checked = |arguments: &[&str]| meshcap(arguments).status.code();
    assert_eq!(checked(&["plan", &cluster("payments-live"), "--policy", &strict, "--check"]), Some(1));
    assert_eq!(checked(&["plan", &cluster("payments-live"), "--policy", &strict]), Some(0));
}

#[test]
fn bad_input_is_refused_with_a_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.display().to_string()
    };
    refuses(&["plan", "no-such-file.json"], &["no-such-file.json"]);
    refuses(&["plan", &file("cut.json", "{\"kind\":\"List\",\"items\":[{\"kind\":\"Pod\"")], &["cut.json"]);
    refuses(&["plan", &file("bad.yaml", "kind: Pod\nmetadata:\n\t- x")], &["bad.yaml"]);
    refuses(&["plan", &file("empty.json", "")], &["empty.json"]);
    refuses(&["plan", &file("poem.txt", "roses are red\n")], &["poem.txt"]);
    let good = cluster("webshop");
    refuses(&["plan", &good, "--policy", "none.toml"], &["none.toml"]);
    refuses(&["plan", &good, "--policy", &file("p.toml", "[headroom]\ntarget = 7\n")], &["p.toml", "7"]);
    refuses(&["plan", &good, "--card", "istio-0.1"], &["istio-0.1", "istio-1.24"]);
    refuses(&["plan", &good, "--card", &file("c.toml", "name = 1")], &["c.toml"]);
    refuses(&["plan", &good, "-o", "report.pdf"], &[".pdf", ".html"]);
    refuses(&["plan", &good, "-o", "no-such-folder/report.html"], &["no-such-folder"]);
    refuses(&["explain", "workload", "shop/none", &good], &["shop/none"]);
    refuses(&["explain", "finding", "none"], &["none"]);
    refuses(&["plan"], &["INPUT"]);
    refuses(&["plan", "-", "-"], &["standard input", "more than once"]);
    refuses(&["plan", &good, "--enroll", ""], &["--enroll"]);
    refuses(&["plan", &good, "--enrol", "all"], &["--enroll"]);
    refuses(&["plann"], &["plan"]);
    refuses(&["plan", "gone\u{1b}[31m\nred\u{202e}.json"], &["gone\\u{1b}[31m\\nred\\u{202e}.json"]);
    let folder_name = folder.path().join("d.html");
    fs::create_dir(&folder_name).unwrap();
    refuses(&["plan", "none", "-o", &folder_name.display().to_string()], &["d.html", "is a folder"]);
    refuses(&["plan", "none", "-o", "a.html", "-o", "a.html"], &["a.html", "twice"]);
}

#[test]
fn nothing_to_judge_is_not_called_fine() {
    let node =
        r#"{"kind":"Node","metadata":{"name":"n"},"status":{"allocatable":{"cpu":"4","memory":"8Gi","pods":"110"}}}"#;
    let pod = |name: &str, spec: &str| {
        format!(r#"{{"kind":"Pod","metadata":{{"name":"{name}","namespace":"s"}},"spec":{spec}}}"#)
    };
    let good = pod("a", r#"{"containers":[{"name":"c"}]}"#);
    for (objects, outcome, exit) in [
        (vec![node, &node.replace("\"n\"", "\"m\""), &good], "fits", 0),
        (vec![node, &good], "tight", 1),
        (vec![node], "unjudged", 2),
        (vec![node, &pod("a", r#"{"containers":[null]}"#)], "unjudged", 2),
        (vec![&good], "unjudged", 2),
    ] {
        let content = format!("[{}]", objects.join(","));
        let run = |flags: &[&str]| {
            command().args(["plan", "-", "--json"]).args(flags).write_stdin(content.clone()).output().unwrap()
        };
        let plan: Value = serde_json::from_slice(&run(&[]).stdout).unwrap();
        assert_eq!(plan["verdict"]["outcome"], outcome, "{content}");
        let checked = run(&["--check"]);
        assert_eq!(checked.status.code(), Some(exit), "{content}");
        assert_eq!(exit == 2, text(&checked.stderr).contains("failed to check the policy"), "{content}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_failure() {
    let good = cluster("webshop");
    for arguments in [
        &["plan", &good][..],
        &["plan", &good, "--json"],
        &["schema"],
        &["generate"],
        &["--help"],
        &["--version"],
        &["plan", "-h"],
    ] {
        let full = fs::File::create("/dev/full").unwrap();
        let output =
            std::process::Command::new(env!("CARGO_BIN_EXE_meshcap")).args(arguments).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains("failed to write to standard output"), "{arguments:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_report_is_written_through_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("target.html"), "old").unwrap();
    std::os::unix::fs::symlink("target.html", path("link.html")).unwrap();
    std::os::unix::fs::symlink("new.html", path("dangling.html")).unwrap();
    for (link, target) in [("link.html", "target.html"), ("dangling.html", "new.html")] {
        let output = meshcap(&["plan", &cluster("webshop"), "-o", &path(link).display().to_string()]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert!(fs::symlink_metadata(path(link)).unwrap().is_symlink(), "{link}");
        assert!(fs::read_to_string(path(target)).unwrap().starts_with("<!doctype html>"), "{target}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let script =
        format!("'{}' plan '{}' --format html | head -c 10", env!("CARGO_BIN_EXE_meshcap"), cluster("webshop"));
    let output = std::process::Command::new("bash").args(["-o", "pipefail", "-c", &script]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
}

#[test]
fn colour_is_only_used_when_asked() {
    let colored = meshcap(&["plan", &cluster("webshop"), "--color", "always"]);
    assert!(text(&colored.stdout).contains('\u{1b}'));
    let refused = command().env("NO_COLOR", "1").args(["plan", &cluster("webshop")]).output().unwrap();
    assert!(!text(&refused.stdout).contains('\u{1b}'));
}

#[test]
fn a_narrow_terminal_is_respected() {
    let output = command().env("COLUMNS", "60").args(["plan", &cluster("webshop")]).output().unwrap();
    for line in text(&output.stdout).lines() {
        assert!(line.chars().count() <= 60, "{line}");
    }
}

#[test]
fn workloads_and_findings_are_explained() {
    let output = meshcap(&["explain", "workload", "shop/cart", &cluster("webshop")]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let explained = text(&output.stdout);
    for word in ["base", "clusters", "endpoints", "requests"] {
        assert!(explained.contains(word), "{word}: {explained}");
    }
    let all = text(&meshcap(&["explain", "finding"]).stdout);
    for id in all.lines().filter_map(|line| line.split_whitespace().next()) {
        assert_eq!(meshcap(&["explain", "finding", id]).status.code(), Some(0), "{id}");
    }
}

#[test]
fn models_are_listed_shown_and_verified() {
    assert!(text(&meshcap(&["models", "list"]).stdout).contains("istio-1.24"));
    assert!(text(&meshcap(&["models", "show", "istio-1.24"]).stdout).contains("per_cluster"));
    let cards = json(&["models", "list", "--json"]);
    for card in cards["cards"].as_array().unwrap() {
        let name = card["name"].as_str().unwrap();
        let shown = json(&["models", "show", name, "--json"]);
        assert_eq!(shown["title"], card["title"]);
        assert!(shown["coefficients"].as_array().unwrap().len() > 40, "{name}");
    }
    let verification = json(&["models", "verify", "istio-1.24", "--of", "costs", "--json"]);
    let groups = verification["groups"].as_array().unwrap();
    assert!(groups.len() > 3);
    for field in ["quantity", "group", "n", "median_absolute_percentage_error", "bias", "worst_error", "coverage"] {
        assert!(!groups[0][field].is_null(), "{field}");
    }
}

const RUNS: &str = "istio_version,environment,workers,target_rps,client_proxy_cpu_milli,p99\n\
                    1.24,shop,2,1000,210,5\n1.24,shop,2,100,40,5\n1.24,shop,2,10,,5\n";

#[test]
fn a_card_is_verified_on_data_of_ones_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("runs.csv"), RUNS).unwrap();
    let judged = json(&["models", "verify", "istio-1.24", &path("runs.csv"), "--json"]);
    let [group] = &**judged["groups"].as_array().unwrap() else { panic!("{judged:#}") };
    assert_eq!((group["group"].as_str(), group["n"].as_u64()), (Some("Istio 1.24, shop"), Some(2)));
    assert_eq!((group["quantity"].as_str(), group["used_for"].as_str()), (Some("proxy CPU"), Some("nothing")));
    assert_eq!(judged["findings"][0]["kind"], "measurement-columns-not-used");
    let arguments = ["models", "verify", "istio-1.24", &path("runs.csv"), "-o", &path("v.html"), "-o", &path("v.md")];
    let output = meshcap(&arguments);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("Istio 1.24, shop"), "{}", text(&output.stdout));
    let page = fs::read_to_string(path("v.html")).unwrap();
    assert!(page.contains("<svg") && page.contains("measured, millicores") && !page.contains("<script"), "{page}");
    assert!(fs::read_to_string(path("v.md")).unwrap().contains("Istio 1.24, shop"));
    for (content, part) in [
        (RUNS.replace("210", "-210"), "row 2, column client_proxy_cpu_milli: found \"-210\""),
        (RUNS.replace("target_rps", "target_rp"), "a column achieved_rps or target_rps"),
        (RUNS.replace("210", "").replace(",40,", ",,"), "failed to find a measurement"),
        ("name,colour\na,b\n".to_owned(), "a table with the columns name, colour"),
    ] {
        fs::write(path("runs.csv"), content).unwrap();
        let output = meshcap(&["models", "verify", "istio-1.24", &path("runs.csv")]);
        assert_eq!(output.status.code(), Some(2), "{part}");
        assert!(text(&output.stderr).contains(part), "{part}: {}", text(&output.stderr));
    }
}

#[test]
fn two_cards_are_compared() {
    let difference = json(&["models", "diff", "istio-1.24", "generic", "--json"]);
    let changed = difference["changed"].as_array().unwrap();
    let base = changed.iter().find(|change| change["name"] == "proxy_memory.base").unwrap();
    assert_eq!((base["ratio"].as_f64(), base["overlap"].as_bool()), (Some(1.0), Some(true)));
    assert_eq!(difference["only_a"].as_array().map(Vec::len), Some(0));
    let told = text(&meshcap(&["models", "diff", "istio-1.24", "istio-ambient-1.24"]).stdout);
    assert!(told.contains("ztunnel_cpu.requests") && told.contains("2.33") && told.contains("overlap"), "{told}");
    let same = text(&meshcap(&["models", "diff", "generic", "generic"]).stdout);
    assert!(same.starts_with("0 of "), "{same}");
    assert_eq!(meshcap(&["models", "diff", "generic", "absent"]).status.code(), Some(2));
}

#[test]
fn the_shell_is_served() {
    for (arguments, word) in [
        (&["completions", "bash"][..], "complete"),
        (&["man"], ".TH"),
        (&["man", "plan"], "enroll"),
        (&["policy", "--example"], "[headroom]"),
        (&["--help"], "Exit codes"),
        (&["plan", "--help"], "Examples"),
    ] {
        let output = meshcap(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(text(&output.stdout).contains(word), "{arguments:?}");
    }
}

#[test]
fn generated_clusters_are_planned() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cluster.json").display().to_string();
    let output = meshcap(&["generate", "--nodes", "6", "--pods", "90", "--seed", "3", "-o", &path]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let plan = json(&["plan", &path, "--json"]);
    let totals = &plan["totals"];
    assert_eq!(totals["nodes"], 6);
    assert_eq!(totals["pods"].as_u64().unwrap() + totals["finished_pods"].as_u64().unwrap(), 90);
}

#[test]
fn explains_what_a_sidecar_of_its_own_would_leave() {
    let explain = |name: &str, calls: Option<&str>| {
        let scoped = cluster("scoped");
        let mut arguments = vec!["explain", "workload", name, &scoped];
        let file = calls.map(|file| Path::new(env!("CARGO_MANIFEST_DIR")).join("data/scoping").join(file));
        let file = file.map(|path| path.display().to_string());
        arguments.extend(file.iter().flat_map(|path| ["--calls", path.as_str()]));
        let output = meshcap(&arguments);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        // Lines are as long as the terminal is wide.
        text(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let check = |shown: &str, parts: &[&str]| {
        for part in parts {
            assert!(shown.contains(part), "no {part:?} in {shown}");
        }
    };
    check(
        &explain("web/frontend", None),
        &[
            "Sidecar web/default holds for its whole namespace",
            "each proxy is sent 21 clusters, 23 endpoints, 12 listeners, 17 virtual hosts with 18 routes",
            "it sees 3 namespaces: ",
            "the call graph is not known (--calls gives it)",
            "egress hosts: ./*, istio-system/*",
            "each proxy is sent 18 clusters, 15 endpoints",
        ],
    );
    check(
        &explain("orders/order-api", Some("travel-calls.csv")),
        &[
            "by the calls given: 2 hosts it calls",
            "egress hosts: */payments.example.com, istio-system/*, orders/ledger.orders.svc.cluster.local",
            "each proxy is sent 18 clusters",
        ],
    );
    let nothing = explain("ops/log-collector", Some("travel-calls.csv"));
    check(&nothing, &["by the calls given: 0 hosts it calls", "egress hosts: istio-system/*"]);
    // A gateway has no Sidecar to narrow it.
    let gateway = explain("istio-system/istio-ingressgateway", None);
    check(&gateway, &["a gateway is sent the clusters of everything shown to its namespace"]);
    assert!(!gateway.contains("With a Sidecar of its own"), "{gateway}");
    let scoped = cluster("scoped");
    refuses(&["explain", "workload", "web/frontend", &scoped, "--calls", &scoped], &["scoped"]);
    let policy = Path::new(&cluster("webshop")).join("policy.toml").display().to_string();
    refuses(&["explain", "workload", "web/frontend", &scoped, "--calls", &policy], &["from,to", "header"]);
}
