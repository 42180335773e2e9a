//! What a plan says to the one who has to decide: outcome, reasons, advice, and the arithmetic in JSON.

use std::collections::BTreeSet;
use std::path::Path;

use meshcap::card::ModelCard;
use meshcap::inventory;
use meshcap::plan::{CheckKind, Inputs, Outcome, Plan};
use meshcap::policy::Policy;
use meshcap::report::{self, TerminalOptions};
use meshcap::sources::{self, Input, Limits};

const CLUSTERS: [&str; 4] = ["webshop", "payments-live", "ambient", "flat"];

fn plan(path: &str, enroll: &[&str], change: impl FnOnce(&mut Policy)) -> Plan {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/clusters").join(path);
    let reading = sources::read(&[Input::Path(path)], &Limits::default(), &|_| ()).unwrap();
    let mut policy = Policy::default();
    policy.injection.enroll = enroll.iter().map(|name| (*name).to_owned()).collect();
    change(&mut policy);
    let inventory = inventory::assemble(reading.objects).inventory;
    Plan::new(Inputs::new(inventory, policy, ModelCard::named("istio-1.24").unwrap()))
}

/// Outcome, parts of the sentence, and parts of the advice.
fn check(path: &str, enroll: &[&str], outcome: Outcome, sentence: &[&str], advice: &[&str]) {
    let verdict = plan(path, enroll, |_| ()).verdict;
    assert_eq!(verdict.outcome, outcome, "{path}: {}", verdict.sentence);
    for part in sentence {
        assert!(verdict.sentence.contains(part), "{path}: {part:?} is not in {:?}", verdict.sentence);
    }
    let given = verdict.advice.join("\n");
    for part in advice {
        assert!(given.contains(part), "{path}: {part:?} is not in {given:?}");
    }
}

#[test]
fn a_verdict_names_every_reason() {
    check(
        "webshop",
        &[],
        Outcome::Tight,
        &["CPU headroom goes from 38 % to 16 %", "losing node shop-d-1 would leave 6 pods without a place", "all new"],
        &["Add 1 node", "Set proxy requests to what each needs", "Measure traffic", "Run istiod with 2 replicas"],
    );
    check("ambient", &[], Outcome::Fits, &["any one node may be lost", "3 ztunnels"], &["today it is 1 ×"]);
}

#[test]
fn what_was_so_before_the_mesh_is_not_blamed_on_it() {
    check(
        "payments-live",
        &[],
        Outcome::DoesNotFit,
        &["1 pod has no place", "with the mesh or without", "as it would today", "all running"],
        &["Adding nodes of 8 CPU / 32 GiB does not help", "frees 720m of CPU"],
    );
}

#[test]
fn what_cannot_be_judged_says_what_to_add() {
    check("flat", &[], Outcome::Unjudged, &["No workload is in the mesh", "no nodes"], &["--enroll", "Add the nodes"]);
    check("flat", &["all"], Outcome::Unjudged, &["would hold it"], &["Add the nodes"]);
    check("webshop/services.yaml", &[], Outcome::Unjudged, &["no pods"], &["Add pods"]);
    check("webshop/nodes.yaml", &[], Outcome::Unjudged, &["no pods"], &["Add pods"]);
}

#[test]
fn the_outcome_follows_from_the_checks() {
    for cluster in CLUSTERS {
        let plan = plan(cluster, &["all"], |_| ());
        let missed: Vec<CheckKind> =
            plan.verdict.checks.iter().filter(|check| !check.met).map(|check| check.kind).collect();
        let expected = match &*missed {
            _ if plan.verdict.checks.is_empty() => Outcome::Unjudged,
            [] => Outcome::Fits,
            missed if missed.contains(&CheckKind::UnplacedPods) => Outcome::DoesNotFit,
            _ => Outcome::Tight,
        };
        assert_eq!(plan.verdict.outcome, expected, "{cluster}: {missed:?}");
    }
}

#[test]
fn a_policy_that_may_lose_no_node_is_not_checked_for_it() {
    let strict = plan("webshop", &[], |_| ()).verdict.checks.len();
    let lenient = plan("webshop", &[], |policy| policy.headroom.survive_node_losses = 0).verdict.checks;
    assert_eq!(lenient.len(), strict - 1);
    assert!(lenient.iter().all(|check| check.kind != CheckKind::NodeLoss));
}

#[test]
fn a_summary_fits_on_a_screen() {
    for (cluster, enroll) in CLUSTERS.into_iter().flat_map(|cluster| [(cluster, &[][..]), (cluster, &["all"][..])]) {
        let summary = report::terminal(&plan(cluster, enroll, |_| ()), TerminalOptions { width: 100, color: false });
        assert!(summary.lines().count() <= 45, "{summary}");
    }
}

#[test]
fn derivations_in_json_add_up_and_are_all_used() {
    /// Bytes are written whole, and terms are in MiB.
    const TOLERANCE: f64 = 1e-6;
    let json: serde_json::Value = serde_json::from_str(&report::json(&plan("webshop", &[], |_| ()))).unwrap();
    let derivations = json["derivations"].as_array().unwrap();
    let mut used = BTreeSet::new();
    let mut check = |owner: &serde_json::Value, figure: &str, amount: &str, unit: f64| {
        let Some(place) = owner["derivations"][figure].as_u64() else { return };
        used.insert(place);
        let terms = derivations[place as usize]["terms"].as_array().unwrap();
        let sum: f64 = terms.iter().map(|term| term["amount"].as_f64().unwrap() * unit).sum();
        let value = owner[amount]["value"].as_f64().unwrap();
        assert!((sum - value).abs() <= TOLERANCE * value, "{figure}: {sum} is not {value}");
    };
    const MIB: f64 = 1024.0 * 1024.0;
    for workload in json["workloads"].as_array().unwrap() {
        let proxy = &workload["proxy"];
        check(proxy, "memory", "memory_bytes", MIB);
        check(proxy, "startup_memory", "startup_memory_bytes", MIB);
        check(proxy, "cpu", "cpu_cores", 1.0);
    }
    assert!(used.len() < 13, "{} derivations of proxies are not shared", used.len());
    used_in(&json, &mut used);
    assert_eq!(used.len(), derivations.len());
    assert!(derivations.len() < 40, "{} derivations are not shared", derivations.len());
}

/// Every place that a field named after derivations points to, anywhere in a document.
fn used_in(value: &serde_json::Value, used: &mut BTreeSet<u64>) {
    match value {
        serde_json::Value::Array(items) => items.iter().for_each(|item| used_in(item, used)),
        serde_json::Value::Object(fields) => {
            for (name, field) in fields {
                let places = field.as_object().map(|it| it.values().collect()).unwrap_or_else(|| vec![field]);
                if name.contains("derivation") {
                    used.extend(places.into_iter().filter_map(serde_json::Value::as_u64));
                }
                used_in(field, used);
            }
        }
        _ => {}
    }
}
