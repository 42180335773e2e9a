//! Canaries, ejection and zones of an inventory, from files to the report.

use std::path::{Path, PathBuf};

use meshcap::card::ModelCard;
use meshcap::inventory::assemble;
use meshcap::measurement::{Distribution, Load, Measurement};
use meshcap::plan::{Inputs, Plan};
use meshcap::policy::Policy;
use meshcap::report;
use meshcap::resilience::Carrying;
use meshcap::sources::{Input, Limits, read};
use meshcap::tuning::{Kind, Tuning};
use meshcap::units::{Quantity, Seconds};

use crate::tuning::keeps_its_promise;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/clusters/canary")
}

fn inputs(policy: &str) -> Inputs {
    let reading = read(&[Input::Path(folder())], &Limits::default(), &|_| {}).unwrap();
    let inventory = assemble(reading.objects).inventory;
    Inputs::new(inventory, Policy::from_toml(policy).unwrap(), ModelCard::named("istio-1.24").unwrap())
}

fn plan(policy: &str) -> Plan {
    Plan::new(inputs(policy))
}

/// Response times of a workload, 20 ms on average.
fn response_times(workload: &str) -> Measurement {
    let (mean, deviation) = (Seconds::from_millis(20.0), Seconds::from_millis(5.0));
    Measurement {
        name: workload.to_owned(),
        format: "made for a test",
        distribution: Distribution::from_moments(mean, deviation, Seconds::new(1.0), Some(10_000)).unwrap(),
        load: Load::default(),
        stated: Vec::new(),
        reported: None,
    }
}

/// Recommendations of a kind as `id: settings, withheld`.
fn recommended(tuning: &Tuning, kind: Kind) -> Vec<String> {
    let of_kind = tuning.recommendations.iter().filter(|it| it.kind == kind);
    let mut lines: Vec<String> = of_kind
        .map(|it| {
            let settings = it.settings.iter().map(|setting| format!("{} {}", setting.name, setting.target));
            let withheld = it.withheld.as_ref().map(|why| format!(", {why}")).unwrap_or_default();
            format!("{}: {}{withheld}", it.id, settings.collect::<Vec<_>>().join(", "))
        })
        .collect();
    lines.sort();
    lines
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

#[test]
fn limits_of_clients_are_tuned_and_keep_their_promise() {
    let response_times = vec![response_times("details-v1"), response_times("ratings-v1")];
    // Without a floor, so that a new limit is the quantile itself.
    let inputs = Inputs { response_times, ..inputs("[resilience]\nleast_limit = 1") };
    let tuning = keeps_its_promise(&[folder()], &inputs);
    let outliers = recommended(&tuning, Kind::OutlierDetection);
    assert_eq!(outliers.len(), 3, "{outliers:#?}");
    // Two of four carry the load of details: one may be ejected and one lost. Of ratings three are needed.
    assert_eq!(outliers[0], "outlier-detection/books/details: maxEjectionPercent 25 %");
    assert!(
        outliers[1].starts_with("outlier-detection/books/ratings: maxEjectionPercent 0 %, infeasible"),
        "{outliers:?}"
    );
    // Reviews have none: of their pods, one may be ejected and one lost.
    assert!(outliers[2].starts_with("outlier-detection/books/reviews: maxEjectionPercent 15 %, consecutive5xx"));
    let (unknown, pools): (Vec<String>, Vec<String>) = recommended(&tuning, Kind::ConnectionPools)
        .into_iter()
        .partition(|line| line.starts_with("connection-pools/mesh"));
    assert_eq!(pools.len(), 2, "{pools:#?}");
    assert!(unknown.len() == 1 && unknown[0].contains("books/reviews"), "{unknown:?}");
    let rule = tuning.tuned.istio.destination_rules.iter().find(|rule| &*rule.name.name == "details").unwrap();
    let pool = rule.policy.settings.pool.as_ref().unwrap();
    // 300 rps of 20 ms or a little more, twice as many in busy seconds: 12 under way, and the 99.99 % quantile of that.
    assert!((26..=30).contains(&pool.max_requests.unwrap()), "{pool:?}");
    assert_eq!((pool.max_retries, rule.policy.settings.outliers.as_ref().unwrap().most_percent()), (Some(6), 25));
    assert!(rule.policy.settings.locality.is_some(), "what was not tuned stays");
    let after = &tuning.after.resilience.ejections;
    assert!(after.iter().filter(|case| case.host.starts_with("details")).all(|case| case.at_once == 1), "{after:?}");
}
