//! The control plane of inventories: how it behaves, what scoping saves.

use std::path::Path;

use meshcap::card::ModelCard;
use meshcap::inventory::assemble;
use meshcap::model::{Convergence, Fleet, Push, csr_rate};
use meshcap::overhead::{Event, Room};
use meshcap::plan::{Inputs, Plan, ScopedBy};
use meshcap::policy::Policy;
use meshcap::report::{self, TerminalOptions};
use meshcap::sources::{Input, Limits, read};
use meshcap::units::{Memory, Seconds, Share};

fn data(file: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(file)
}

fn inputs(file: &str, policy: &str) -> Inputs {
    let reading = read(&[Input::Path(data(file))], &Limits::default(), &|_| {}).unwrap();
    let card = ModelCard::named("istio-1.24").unwrap();
    Inputs::new(assemble(reading.objects).inventory, Policy::from_toml(policy).unwrap(), card)
}

fn findings(plan: &Plan) -> Vec<&str> {
    plan.findings
        .iter()
        .map(|finding| finding.kind.id)
        .filter(|id| id.starts_with("istiod-") || id.starts_with("xds"))
        .collect()
}

#[test]
fn figures_worked_out_by_hand_are_met() {
    // 5,000 proxies, one istiod of two cores: 25 connections a second.
    let card = ModelCard::named("istio-1.24").unwrap();
    let law = Convergence { work: &card.istiod_work, limits: &card.istiod_limits };
    let push = Push { services: 500, visible_services: 500.0, bytes: Memory::from_bytes(1e6) };
    let storm = law.reconnect(Fleet { proxies: 5000.0, replicas: 1, cores: 2, left: None }, &push);
    assert!((storm.time.value.as_seconds() - 200.0).abs() < 1.0, "{storm:?}");
    // 10,000 proxies, certificates of a day renewed at half of it.
    let signed = csr_rate(10_000, Seconds::from_hours(24.0), Share::new(0.5).unwrap());
    assert!((signed.as_per_second() - 0.2315).abs() < 1e-4, "{signed:?}");
}

#[test]
fn churn_of_the_policy_is_what_istiod_does() {
    let enroll = "[injection]\nenroll = [\"all\"]\n";
    let plan = |churn: &str| Plan::new(inputs("clusters/webshop", &format!("{enroll}{churn}")));
    let quiet = plan("[churn]\nrollouts_per_week = 0");
    let busy = plan("[churn]\npod_changes_per_hour = 36000\nconfig_changes_per_hour = 3600");
    let operation = |plan: &Plan| plan.control_plane.operation.clone().unwrap();
    let (quiet, busy) = (operation(&quiet), operation(&busy));
    assert_eq!(quiet.changes.pushed.merged.pushes.as_per_second(), 0.0);
    assert!(busy.cpu.value > quiet.cpu.value);
    // 11 changes a second in windows of 100 ms: three to a push.
    assert!((2.5..3.5).contains(&busy.changes.pushed.merged.changes_per_push), "{:?}", busy.changes);
    assert!(busy.times.iter().any(|time| time.event == Event::ConfigChangeInChurn));
    assert!(quiet.times.iter().all(|time| time.event != Event::ConfigChangeInChurn));
    assert!(busy.messages.iter().all(|message| message.room == Room::Ample));
}

#[test]
fn other_clusters_are_counted_in_istiod_alone() {
    let plan = |clusters: &str| {
        let enroll = "[injection]\nenroll = [\"all\"]\n";
        Plan::new(inputs("clusters/webshop", &format!("{enroll}{clusters}")))
    };
    let two = std::fs::read_to_string(data("clusters/multicluster.toml")).unwrap();
    let (alone, mesh) = (plan(""), plan(&two));
    let (one, all) = (&alone.control_plane, &mesh.control_plane);
    assert_eq!(one.clusters, None);
    let clusters = all.clusters.as_ref().unwrap();
    let counts: Vec<_> = clusters.served.iter().map(|it| (it.name.as_deref(), it.proxies)).collect();
    assert_eq!(counts, [(None, one.proxies), (Some("edge"), 300), (Some("us-east"), 0)]);
    assert_eq!(all.proxies, one.proxies + 300);
    let own = clusters.served[0].services;
    assert_eq!((clusters.least_services, clusters.services), ((own + 30).max(400), own + 30 + 400));
    assert_eq!(all.certificates.holders, one.certificates.holders + 300);
    assert!(all.memory.value > one.memory.value && all.cpu.value > one.cpu.value);
    assert!(all.csr_per_second > one.csr_per_second);
    let restart = |plan: &Plan| {
        let operation = plan.control_plane.operation.clone().unwrap();
        operation.times.into_iter().find(|time| time.event == Event::Restart).unwrap().time.value
    };
    assert!(restart(&mesh) > restart(&alone));
    assert_eq!(mesh.totals.proxies, alone.totals.proxies, "their proxies run elsewhere");
    assert_eq!(mesh.totals.proxy_memory, alone.totals.proxy_memory);
    assert!(mesh.not_modelled.iter().any(|it| it.contains("other clusters")), "{:?}", mesh.not_modelled);
}

#[test]
fn every_cluster_is_in_the_reports() {
    let policy = std::fs::read_to_string(data("clusters/multicluster.toml")).unwrap();
    let plan = Plan::new(inputs("clusters/webshop", &format!("[injection]\nenroll = [\"all\"]\n{policy}")));
    let explained = report::explain_control_plane(&plan, TerminalOptions { width: 100, color: false });
    for text in [report::markdown(&plan), explained] {
        let rows: Vec<Vec<&str>> =
            text.lines().map(|line| line.split([' ', '|', '`']).filter(|word| !word.is_empty()).collect()).collect();
        for row in [
            "this one own 26 12 29",
            "edge remote 300 40 10 500",
            "us-east primary 0 400 not known 3,000",
            "all 326 400 to 442 3,529",
        ] {
            assert!(rows.iter().any(|words| words.join(" ") == row), "{row}: {text}");
        }
    }
    let json: serde_json::Value = serde_json::from_str(&report::json(&plan)).unwrap();
    let schema = serde_json::from_str(&report::schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
    let clusters = &json["control_plane"]["clusters"];
    assert_eq!((&clusters["least_services"], &clusters["services"]), (&400.into(), &442.into()));
    assert_eq!(clusters["served"][2]["kind"], "primary");
    assert_eq!(clusters["served"][2]["shared_services"], serde_json::Value::Null);
}

#[test]
fn slow_reconnection_is_told() {
    let policy = "[injection]\nenroll = [\"all\"]\n[control_plane]\nreconnect_within_seconds = 0.001";
    let plan = Plan::new(inputs("clusters/webshop", policy));
    assert!(findings(&plan).contains(&"istiod-reconnect-slow"), "{:?}", findings(&plan));
}

#[test]
fn sidecars_save_in_proxies_and_in_istiod() {
    let plan = Plan::new(inputs("clusters/webshop", "[injection]\nenroll = [\"all\"]"));
    let [today, scoped] = &plan.savings[..] else { panic!("{:?}", plan.savings) };
    assert_eq!(today.by, ScopedBy::Today);
    assert!(matches!(scoped.by, ScopedBy::Sidecars { by_calls: false, workloads } if workloads > 5), "{:?}", scoped.by);
    assert!(scoped.clusters < today.clusters && scoped.sent < today.sent);
    assert!(scoped.proxy_memory.value < today.proxy_memory.value);
    assert!(scoped.istiod_memory.value < today.istiod_memory.value);
    assert!(scoped.istiod_cpu.value < today.istiod_cpu.value);
    assert!(scoped.config_change.value <= today.config_change.value);
    assert_eq!(today.proxy_memory.value, plan.totals.proxy_memory.value, "today is the plan itself");
}

#[test]
fn a_mesh_without_sidecars_has_nothing_to_scope() {
    let plan = Plan::new(inputs("clusters/ambient", ""));
    assert!(plan.savings.is_empty(), "{:?}", plan.savings);
}
