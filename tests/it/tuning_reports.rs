//! What to change, as a chapter of the plan's report.

use std::path::Path;

use serde_json::Value;

fn printed(arguments: &[&str]) -> String {
    let cluster = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/clusters/webshop");
    let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_meshcap"));
    let output = command.arg(arguments[0]).arg(cluster).args(&arguments[1..]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

const DAY: [&str; 4] = ["--enroll", "all", "--today", "2027-01-15"];

#[test]
fn a_plan_says_what_tune_says() {
    let plan = printed(&[&["plan", "--tune", "--json"], &DAY[..]].concat());
    let plan: Value = serde_json::from_str(&plan).unwrap();
    let tune: Value = serde_json::from_str(&printed(&[&["tune", "--json"], &DAY[..]].concat())).unwrap();
    for member in ["before", "after", "saves", "recommendations"] {
        assert_eq!(plan["tuning"][member], tune[member], "{member}");
    }
    let alone: Value = serde_json::from_str(&printed(&["plan", "--json", "--enroll", "all"])).unwrap();
    assert!(alone["tuning"].is_null());
    for (member, value) in alone.as_object().unwrap().iter().filter(|(member, _)| *member != "tuning") {
        assert_eq!(plan[member], *value, "{member}");
    }
}

#[test]
fn its_page_draws_before_and_after() {
    let html = printed(&[&["plan", "--tune", "--format", "html"], &DAY[..]].concat());
    for words in ["What to change", "Memory before and after", "CPU before and after", "Headroom before and after"] {
        assert!(html.contains(words), "{words}");
    }
    let brief = printed(&[&["plan", "--tune"], &DAY[..]].concat());
    assert!(brief.contains("What to change"));
    assert!(!printed(&["plan", "--enroll", "all"]).contains("What to change"));
}

/// A row that is skipped is told on the screen, not only in files.
#[test]
fn what_was_not_read_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("demand.csv");
    std::fs::write(&table, "time,pod,app_cpu_milli\nsoon,cart-1,5\n").unwrap();
    let screen = printed(&["tune", table.to_str().unwrap(), "--enroll", "all", "--today", "2027-01-15"]);
    assert!(screen.contains("cell-ignored"), "{screen}");
}
