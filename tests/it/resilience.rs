//! Canaries, ejection and zones of an inventory, from files to the report.

use std::path::Path;

use meshcap::card::ModelCard;
use meshcap::inventory::assemble;
use meshcap::plan::{Inputs, Plan};
use meshcap::policy::Policy;
use meshcap::report;
use meshcap::resilience::Carrying;
use meshcap::sources::{Input, Limits, read};
use meshcap::units::Quantity;

fn plan(policy: &str) -> Plan {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/clusters/canary");
    let reading = read(&[Input::Path(folder)], &Limits::default(), &|_| {}).unwrap();
    let inventory = assemble(reading.objects).inventory;
    Plan::new(Inputs::new(inventory, Policy::from_toml(policy).unwrap(), ModelCard::named("istio-1.24").unwrap()))
}

/// Every judgement as `what: replicas at lower to upper % of requested CPU: verdict`.
fn judged(plan: &Plan) -> Vec<String> {
    let line = |what: String, carrying: &Carrying| {
        let used = carrying.utilization.as_ref().map_or_else(String::new, |used| {
            format!(" at {:.0} to {:.0} %", used.lower.base() * 100.0, used.upper.base() * 100.0)
        });
        format!("{what}: {}{used}: {}", carrying.replicas, carrying.verdict.as_str())
    };
    let found = &plan.resilience;
    let splits = found.splits.iter().map(|it| line(it.subset.clone().unwrap_or_default(), &it.carrying));
    let ejections = found.ejections.iter().map(|it| line(format!("{} less {}", it.rule, it.gone), &it.carrying));
    let zones = found.zones.iter().map(|it| {
        let name = it.host.split('.').next().unwrap_or_default();
        line(format!("{name} without {}", it.lost.as_deref().unwrap_or("none")), &it.carrying)
    });
    splits.chain(ejections).chain(zones).collect()
}

#[test]
fn a_canary_hosts_and_zones_are_judged_from_files() {
    let plan = plan("");
    let expected = [
        // 600 rps measured and 25 assumed, 1.5 ms each of 250m; of those who are jason all, or none.
        "v1: 6 at 0 to 50 %: carries",
        "v2: 1 at 75 to 375 %: unknown",
        "v3: 0: cannot",
        "books/details less 1: 3 at 40 to 40 %: carries",
        "books/ratings less 2: 2 at 120 to 120 %: tight",
        // 70 % of 300 rps for one pod, 0.8 ms each of 200m; without eu-a all of it for the one in eu-b.
        "details without none: 1 at 84 to 84 %: tight",
        "details without eu-a: 1 at 120 to 120 %: tight",
        "ratings without eu-a: 1 at 120 to 133 %: tight",
        "reviews without eu-a: 2 at 94 to 94 %: tight",
    ];
    assert_eq!(judged(&plan), expected);
    let ids: Vec<_> = plan.findings.iter().map(|it| it.kind.id).filter(|id| id.contains("eject")).collect();
    assert_eq!(ids, ["never-ejects"]);
    assert!(plan.not_modelled.iter().any(|line| line.starts_with("Of shares and failures")));
}

#[test]
fn the_policy_says_what_is_tight() {
    let generous = plan("[resilience]\ntarget_utilization = 1.0");
    let lines = judged(&generous);
    assert!(lines.contains(&"reviews without eu-a: 2 at 94 to 94 %: carries".to_owned()), "{lines:?}");
}

#[test]
fn json_has_every_judgement_with_its_arithmetic() {
    let plan = plan("");
    let written: serde_json::Value = serde_json::from_str(&report::json(&plan)).unwrap();
    let found = &written["resilience"];
    let lengths = ["splits", "ejections", "zones"].map(|list| found[list].as_array().unwrap().len());
    assert_eq!(lengths, [3, 2, 4]);
    let carrying = &found["splits"][1]["carrying"];
    assert_eq!((carrying["verdict"].as_str(), carrying["needed_replicas"].as_u64()), (Some("unknown"), Some(5)));
    let place = carrying["requests_derivation"].as_u64().unwrap() as usize;
    let terms = written["derivations"][place]["terms"].as_array().unwrap();
    let total: f64 = terms.iter().map(|term| term["amount"].as_f64().unwrap()).sum();
    assert!((total - carrying["requests_per_second"]["value"].as_f64().unwrap()).abs() < 1e-9);
}
