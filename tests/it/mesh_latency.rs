//! Response times with the mesh on top, on the command line and in plans.

use std::collections::BTreeMap;

use assert_cmd::Command;
use meshcap::card::ModelCard;
use meshcap::latency::{Mode, Traffic, predict};
use meshcap::measurement::{Bucket, Distribution, Load, Measurement};
use meshcap::model::Features;
use meshcap::model::queueing::Arrivals;
use meshcap::units::{Bytes, Rate, Seconds, Share};
use serde_json::Value;

use crate::shared;

fn meshcap(arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("meshcap").unwrap();
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments);
    command
}

fn json(arguments: &[&str], code: i32) -> Value {
    let output = meshcap(arguments).assert().code(code).get_output().stdout.clone();
    serde_json::from_slice(&output).unwrap()
}

const BASE: &str = "data/latency/webshop-baseline.fortio.json";
const MESHED: &str = "data/latency/webshop-sidecar.fortio.json";

#[test]
fn a_base_is_predicted_in_every_mode_that_is_asked_for() {
    let found = json(&["latency", BASE, "--mesh", "sidecar", "--mesh", "ambient", "--json"], 0);
    let predictions = found["predictions"].as_array().unwrap();
    let modes: Vec<&str> = predictions.iter().map(|one| one["mode"].as_str().unwrap()).collect();
    assert_eq!(modes, ["sidecar", "ambient"]);
    for prediction in predictions {
        // The load is that of the file: 8 connections that fire together.
        assert_eq!(
            (prediction["connections"].as_u64(), prediction["hops"].as_array().map(Vec::len)),
            (Some(8), Some(2))
        );
        for quantile in ["p50", "p90", "p99"] {
            let one = &prediction["quantiles"][quantile];
            let number = |what: &str, end: &str| one[what][end].as_f64().unwrap();
            assert!(number("with_mesh", "lower") <= number("with_mesh", "value"), "{one}");
            assert!(number("base", "value") < number("with_mesh", "value"), "{one}");
        }
    }
    let p99 = |index: usize| predictions[index]["quantiles"]["p99"]["with_mesh"]["value"].as_f64().unwrap();
    assert!(p99(1) < p99(0), "ambient is less than two sidecars");
}

/// The measured sidecar run of the same shop lies inside what was predicted from the run without.
#[test]
fn the_measurement_with_sidecars_lies_inside_the_prediction() {
    let predicted = json(&["latency", BASE, "--mesh", "sidecar", "--json"], 0);
    let measured = json(&["latency", MESHED, "--json"], 0);
    for quantile in ["p50", "p90", "p99"] {
        let interval = &predicted["predictions"][0]["quantiles"][quantile]["with_mesh"];
        let value = measured["distributions"][0]["quantiles"][quantile]["value"].as_f64().unwrap();
        let ends = (interval["lower"].as_f64().unwrap(), interval["upper"].as_f64().unwrap());
        assert!(ends.0 <= value && value <= ends.1, "{quantile}: {value} in {ends:?}");
    }
}

#[test]
fn an_objective_that_only_the_mesh_misses_is_missed() {
    json(&["latency", BASE, "--slo", "p99<10ms", "--json"], 0);
    let found = json(&["latency", BASE, "--mesh", "sidecar", "--slo", "p99<10ms", "--json"], 1);
    let met: Vec<bool> = found["objectives"].as_array().unwrap().iter().map(|one| one["met"] == true).collect();
    assert_eq!(met, [true, false]);
}

#[test]
fn what_was_extracted_is_a_card_that_can_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let card = folder.path().join("own.toml");
    let card = card.to_str().unwrap();
    let extract = ["--mesh", "sidecar", "--extract", card, "--measured-on", "2026-08-01", "--json"];
    let found = json(&[&["latency", MESHED, "--compare", BASE][..], &extract[..]].concat(), 0);
    assert!(std::fs::read_to_string(card).unwrap().contains("date = \"2026-08-01\""));
    let factor = found["extraction"]["time_per_cpu"]["value"].as_f64().unwrap();
    assert!((0.5..2.0).contains(&factor), "{factor}");
    let shown = meshcap(&["models", "show", card]).assert().success().get_output().stdout.clone();
    let rounded = (factor * 1e4).round() / 1e4;
    assert!(String::from_utf8(shown).unwrap().contains(&format!("proxy_latency.time_per_cpu = {rounded} [")));
    // Predicted with it, the base meets what was measured at the median.
    let predicted = json(&["latency", BASE, "--mesh", "sidecar", "--card", card, "--json"], 0);
    let measured = json(&["latency", MESHED, "--json"], 0);
    let median = predicted["predictions"][0]["quantiles"]["p50"]["with_mesh"]["value"].as_f64().unwrap();
    let wanted = measured["distributions"][0]["quantiles"]["p50"]["value"].as_f64().unwrap();
    assert!((median / wanted - 1.0).abs() < 0.05, "{median} {wanted}");
}

#[test]
fn a_sweep_says_where_an_objective_is_left() {
    let found = json(
        &[
            "latency",
            BASE,
            "--mesh",
            "server-sidecar",
            "--arrivals",
            "independent",
            "--sweep",
            "--slo",
            "p99<12ms",
            "--json",
        ],
        0,
    );
    let sweep = &found["predictions"][0]["sweep"];
    let knee = &sweep["knees"][0];
    let rate = |what: &Value| what.as_f64().unwrap();
    assert!(rate(&knee["lower"]) <= rate(&knee["value"]) && rate(&knee["value"]) <= rate(&sweep["saturation"]) * 1.01);
    assert!(sweep["points"].as_array().unwrap().len() > 10);
}

#[test]
fn a_load_that_saturates_is_a_finding_and_other_trouble_an_error() {
    let found = json(&["latency", BASE, "--mesh", "sidecar", "--rate", "100000", "--json"], 0);
    assert!(found["predictions"].as_array().unwrap().is_empty());
    let kinds: Vec<&str> =
        found["findings"].as_array().unwrap().iter().filter_map(|one| one["kind"].as_str()).collect();
    assert!(kinds.contains(&"latency-beyond-saturation"), "{kinds:?}");
    for (arguments, expected) in [
        (&["latency", BASE, "--mesh", "istio"][..], "server-sidecar"),
        (&["latency", BASE, "--rate", "10"], "--mesh"),
        (&["latency", BASE, "--mesh", "sidecar", "--rate=-3"], "above 0"),
        (&["latency", BASE, "--mesh", "sidecar", "--cpu-limit", "0"], "more than 0"),
        (&["latency", BASE, "--mesh", "sidecar", "--card", "no-such-card"], "no model card"),
        (
            &["latency", BASE, "--compare", BASE, "--mesh", "sidecar", "--extract", "never-written.toml"],
            "nothing to extract",
        ),
    ] {
        let output = meshcap(arguments).assert().code(2).get_output().stderr.clone();
        let text = String::from_utf8(output).unwrap();
        assert!(text.contains(expected), "{arguments:?}: {text}");
    }
    assert!(!std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("never-written.toml").exists());
}

#[test]
fn plans_show_response_times_of_their_workloads() {
    let measured = format!("shop/cart={BASE}");
    let plan = ["plan", "data/clusters/webshop", "--latency", &measured, "--slo", "p99<10ms", "--json"];
    let found = json(&plan, 0);
    let [cart] = &found["response_times"].as_array().unwrap()[..] else { panic!("{}", found["response_times"]) };
    assert_eq!((&cart["workload"], &cart["change"]), (&"shop/cart".into(), &"client and server sidecar come".into()));
    let p99 = &cart["quantiles"][2];
    assert!(p99["today"]["value"].as_f64().unwrap() < p99["with_mesh"]["value"].as_f64().unwrap());
    let objective = &cart["objectives"][0];
    assert_eq!((&objective["met_today"], &objective["met"]), (&true.into(), &false.into()));
    let checks = found["verdict"]["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["check"] == "response-times").unwrap();
    assert_eq!((&check["met"], check["planned"].as_f64()), (&false.into(), Some(1.0)));
    assert!(found["verdict"]["sentence"].as_str().unwrap().contains("p99<10ms of shop/cart would be missed"));
}

/// Istio's labels name the namespace: a workload of the same name elsewhere has other response times.
#[test]
fn a_report_of_a_proxy_belongs_to_one_namespace() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = folder.path().join("cluster.csv");
    let row = |namespace: &str| format!("{namespace},cart,Deployment,2,100m,64Mi\n");
    let rows = format!("namespace,name,kind,replicas,cpu_request,memory_request\n{}{}", row("shop"), row("stage"));
    std::fs::write(&cluster, rows).unwrap();
    let cluster = cluster.to_str().unwrap();
    let workloads = |measured: &str| {
        let found = json(&["plan", cluster, "--latency", measured, "--json"], 0);
        let all = found["response_times"].as_array().unwrap().clone();
        all.iter().map(|one| one["workload"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(workloads("data/latency/webshop-istio.prom"), ["shop/cart"]);
    // A file named after both belongs to neither until it is said whose it is.
    let named = folder.path().join("cart.json");
    std::fs::copy(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(BASE), &named).unwrap();
    let named = named.to_str().unwrap();
    assert!(workloads(named).is_empty());
    assert_eq!(workloads(&format!("stage/cart={named}")), ["stage/cart"]);
}

#[test]
fn response_times_of_nobody_are_told() {
    let found = json(&["plan", "data/clusters/webshop", "--latency", BASE, "--json"], 0);
    assert!(found["response_times"].as_array().unwrap().is_empty());
    let kinds: Vec<&str> = found["findings"].as_array().unwrap().iter().filter_map(|one| one["id"].as_str()).collect();
    assert!(kinds.contains(&"response-times-of-no-workload"), "{kinds:?}");
}

/// Full histograms of Istio 1.2.0 as a base, by load: the same runs as in the published rows, but with every bucket
/// in the place of three percentiles.
#[test]
fn full_histograms_with_proxies_lie_inside_what_is_predicted_from_those_without() {
    let Some(data) = shared::data("full_histograms") else { return };
    let text = std::fs::read_to_string(data.join("istio-published/fortio_latency_histograms_1.2.0.csv")).unwrap();
    let mut runs: BTreeMap<(String, u64), Vec<Bucket>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let number = |index: usize| fields[index].parse::<f64>().unwrap();
        if fields[1] == "mixer" {
            continue;
        }
        let (lower, upper) = (Seconds::from_millis(number(11)), Seconds::from_millis(number(12)));
        let run = runs.entry((fields[2].to_owned(), number(4) as u64)).or_default();
        run.push(Bucket { lower, upper, weight: number(14) });
    }
    let card = ModelCard::named("istio-1.24").unwrap();
    let features = Features { mtls: Share::ZERO, metrics: Share::ZERO, ..Features::default() };
    let (mut inside, mut all, mut errors) = (0, 0, Vec::new());
    println!("{:<16} {:>11} {:>5} {:>24} {:>9}", "proxies", "connections", "", "predicted, ms", "measured");
    for ((placement, connections), buckets) in &runs {
        let Some(mode) = [("serveronly", Mode::ServerSidecar), ("both", Mode::Sidecar)]
            .into_iter()
            .find_map(|(name, mode)| (name == placement).then_some(mode))
        else {
            continue;
        };
        let distribution = |buckets: &[Bucket]| Distribution::from_buckets(buckets.to_vec(), Some(240_000)).unwrap();
        let base = Measurement {
            name: "baseline".to_owned(),
            format: "csv",
            distribution: distribution(&runs[&("baseline".to_owned(), *connections)]),
            load: Load::default(),
            stated: Vec::new(),
            reported: None,
        };
        let traffic = Traffic {
            rate: Rate::per_second(1000.0),
            connections: *connections,
            arrivals: Arrivals::Rounds(Share::ZERO),
            payload: Bytes::new(1024),
            features,
            workers: 2,
            cpu_limit: None,
        };
        let prediction = predict(&base, mode, &traffic, &[], &card).unwrap();
        let measured = distribution(buckets);
        for predicted in prediction.quantiles.iter().take(3) {
            let (found, with) = (measured.quantile(predicted.quantile).value, predicted.with_mesh);
            all += 1;
            inside += u32::from(with.lower <= found && found <= with.upper);
            errors.push((with.value / found - 1.0).abs());
            let millis = |time: Seconds| time.as_seconds() * 1e3;
            println!(
                "{placement:<16} {connections:>11} {:>5} {:>8.3} [{:>5.2} – {:>5.2}] {:>9.3}",
                predicted.quantile.get(),
                millis(with.value),
                millis(with.lower),
                millis(with.upper),
                millis(found)
            );
        }
    }
    errors.sort_by(f64::total_cmp);
    println!("{inside} of {all} inside, median error {:.0} %", errors[errors.len() / 2] * 100.0);
    assert!(all >= 30 && inside * 10 >= all * 9, "{inside} of {all}");
    assert!(errors[errors.len() / 2] < 0.3, "{errors:?}");
}
