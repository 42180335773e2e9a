//! A report in every format: snapshots, schema, and a real browser.

use meshcap::plan::{Plan, SizingVerdict};
use meshcap::report::{self, TerminalOptions};
use meshcap::units::Memory;
use proptest::prelude::*;

use crate::browser;

extern crate meshcap;

#[path = "../../src/report/sample.rs"]
mod sample;

fn check(name: &str, text: &str) {
    // The version would change every snapshot with each release.
    let text = text.replace(env!("CARGO_PKG_VERSION"), "[version]");
    insta::assert_snapshot!(name, text);
}

fn terminal(width: usize) -> String {
    report::terminal(&sample::plan(), TerminalOptions { width, color: false })
}

#[test]
fn terminal_summary() {
    check("terminal-100", &terminal(100));
    check("terminal-60", &terminal(60));
    assert!(terminal(100).lines().count() <= 45);
}

#[test]
fn markdown_report() {
    check("markdown", &report::markdown(&sample::plan()));
}

#[test]
fn json_report() {
    check("json", &report::json(&sample::plan()));
}

#[test]
fn json_keeps_its_schema() {
    let schema = serde_json::from_str(&report::schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for plan in [sample::plan(), without_nodes(), without_numbers()] {
        let json = serde_json::from_str(&report::json(&plan)).unwrap();
        let errors: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new());
    }
    assert!(!validator.is_valid(&serde_json::json!({"schema_version": "1"})), "the schema must refuse something");
}

#[test]
fn json_has_no_number_that_is_none() {
    let json: serde_json::Value = serde_json::from_str(&report::json(&without_numbers())).unwrap();
    assert_eq!(json.pointer("/totals/app_memory_bytes"), Some(&serde_json::Value::Null));
    assert_eq!(json.pointer("/workloads/1/proxy/requests_per_second"), Some(&serde_json::Value::Null));
}

#[test]
fn a_page_loads_nothing() {
    let html = report::html(&enlarged(30, 20));
    for reference in ["http:", "https:", "src=", "url(", "@import", "<link", "<script"] {
        assert!(!html.contains(reference), "{reference}");
    }
    assert!(html.contains("<svg viewBox"), "charts are drawn");
}

#[test]
fn a_plan_without_nodes_or_workloads_renders() {
    let mut plan = without_nodes();
    plan.workloads.clear();
    plan.findings.clear();
    assert!(report::html(&plan).contains("the input has no nodes"));
    assert!(report::markdown(&plan).contains("the input has no nodes"));
    assert!(report::terminal(&plan, TerminalOptions { width: 100, color: true }).contains("no nodes"));
}

#[test]
fn nothing_hostile_reaches_the_page() {
    let plan = renamed("</td><script>alert(1)</script>\" onload='x' & \u{202e}\u{0}ü");
    let html = report::html(&plan);
    assert!(!html.contains("<script") && !html.contains('\u{202e}') && !html.contains('\u{0}'));
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=&#39;x&#39; &amp; "));
    assert!(!report::markdown(&plan).contains("<script"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_tag_of_a_page_is_our_own(text in any::<String>(), tag in "<[a-z/!?]{1,8}[^>]{0,20}>?") {
        const OURS: &str = "!doctype html head body meta title style header p div span h1 h2 h3 ol ul li nav a main \
            section dl dt dd table caption thead tbody tr th td br small code aside strong details summary figure \
            figcaption svg rect text polyline line circle path g";
        for text in [text, tag] {
            let page = report::html(&renamed(&text));
            for tag in page.split('<').skip(1) {
                let name = tag.split(['>', ' ', '\n', '/']).find(|part| !part.is_empty()).unwrap_or_default();
                prop_assert!(OURS.split_whitespace().any(|ours| ours == name), "<{} from {:?}", name, text);
            }
        }
    }

    #[test]
    fn no_text_breaks_the_other_formats(text in any::<String>()) {
        let plan = renamed(&text);
        prop_assert!(serde_json::from_str::<serde_json::Value>(&report::json(&plan)).is_ok());
        prop_assert!(report::markdown(&plan).chars().count() <= 60_000);
        let options = TerminalOptions { width: 80, color: false };
        let printable = report::terminal(&plan, options).lines().all(|line| !line.contains(char::is_control));
        prop_assert!(printable);
    }
}

#[test]
fn a_large_plan_stays_readable_in_size() {
    let plan = enlarged(20_000, 5_000);
    assert!(report::html(&plan).len() < 5_000_000, "{} bytes", report::html(&plan).len());
    assert!(report::markdown(&plan).chars().count() < 60_000);
    let summary = report::terminal(&plan, TerminalOptions { width: 100, color: false });
    assert!(summary.lines().count() <= 45, "{summary}");
}

#[test]
fn a_browser_shows_the_page_without_complaint() {
    browser::shows(&report::html(&enlarged(300, 200)));
}

/// The sample with one text wherever an input could have put it.
fn renamed(name: &str) -> Plan {
    let mut plan = sample::plan();
    let text = || name.to_owned();
    plan.inputs[0].name = text();
    plan.inputs[0].objects[0].0 = text();
    plan.card.title = text();
    plan.policy.node_pool.name = text();
    plan.policy.injection.enroll.insert(text());
    plan.verdict.sentence = text();
    plan.verdict.advice[0] = text();
    for workload in &mut plan.workloads {
        workload.name = text();
        workload.namespace = text();
        workload.kind = text();
        workload.reason = text();
        if let Some(proxy) = &mut workload.proxy {
            proxy.memory.basis.terms[0].what = text();
            proxy.memory.basis.terms[1].unit = text();
            proxy.cpu.basis.assumptions = vec![text()];
        }
    }
    plan.headroom.nodes[0].name = text();
    plan.headroom.nodes[1].zone = text();
    plan.headroom.zones[0].0 = text();
    plan.headroom.unplaced[0].reason = text();
    plan.headroom.unplaced[0].pod.name = name.into();
    plan.headroom.nodes_to_add.pool = text();
    plan.headroom.nodes_to_add.infeasible = Some(text());
    plan.headroom.binding = text();
    plan.headroom.worst_node_loss.as_mut().unwrap().node = text();
    plan.bands[0].rule = text();
    plan.bands[0].found = text();
    plan.bands[0].why = text();
    plan.findings[0].subject = text();
    plan.findings[0].message = text();
    plan.not_modelled[0] = text();
    plan
}

fn without_nodes() -> Plan {
    let mut plan = sample::plan();
    plan.totals.nodes = 0;
    plan.headroom = meshcap::placement::Headroom::default();
    plan.headroom_today = meshcap::placement::Headroom::default();
    plan.control_plane.deployed = None;
    plan.totals.memory_overhead = None;
    plan.totals.cpu_overhead = None;
    plan
}

fn without_numbers() -> Plan {
    let mut plan = sample::plan();
    plan.totals.app_memory = Memory::from_bytes(f64::NAN);
    for workload in &mut plan.workloads {
        workload.rps_per_proxy = f64::INFINITY;
        workload.app_memory = Memory::from_bytes(f64::NEG_INFINITY);
    }
    plan
}

/// The sample with many workloads, namespaces, nodes and distinct derivations.
fn enlarged(workloads: usize, nodes: usize) -> Plan {
    let mut plan = sample::plan();
    let pattern = plan.workloads.clone();
    plan.workloads = (0..workloads)
        .map(|index| {
            let mut workload = pattern[index % pattern.len()].clone();
            workload.namespace = format!("team-{:03}-with-a-rather-long-name-for-a-namespace", index % 400);
            workload.name = format!("service-{index:05}-of-the-platform-with-a-long-name");
            if let Some(proxy) = &mut workload.proxy {
                proxy.memory = proxy.memory.scaled(1.0 + (index % 997) as f64 / 400.0);
                proxy.cpu = proxy.cpu.scaled(1.0 + (index % 89) as f64 / 40.0);
                workload.visible.clusters += index as u64;
                workload.sizing = match index % 7 {
                    0 => vec![SizingVerdict::MemoryRequestTooSmall, SizingVerdict::CpuRequestTooLarge],
                    1 => vec![SizingVerdict::MemoryRequestTooLarge],
                    _ => workload.sizing,
                };
            }
            workload
        })
        .collect();
    let pattern = plan.headroom.nodes[0].clone();
    plan.headroom.nodes = (0..nodes)
        .map(|index| {
            let mut node = pattern.clone();
            node.name = format!("ip-10-{}-{}-17.eu-central-1.compute.internal", index / 250, index % 250);
            let cpu = 2_000 + (index * 7_919 % 5_700) as u64;
            let memory = 4_096 + (index * 104_729 % 23_000) as u64;
            node.fill.requested = meshcap::resources::Resources::new(
                meshcap::units::Millicores::new(cpu),
                meshcap::units::Bytes::from_mib(memory),
            );
            node
        })
        .collect();
    plan
}
