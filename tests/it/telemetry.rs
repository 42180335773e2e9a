//! Telemetry against what was counted: published scrapes, a real excerpt, and a mesh with its calls.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use meshcap::card::ModelCard;
use meshcap::model::telemetry::{Count, Family, Reported, SeriesLoad};
use serde::Deserialize;
use serde_json::Value;

use crate::shared;

#[derive(Deserialize)]
struct Published {
    row: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    what: String,
    source: String,
    #[serde(default)]
    standard_only: bool,
    workers: u32,
    listeners: u64,
    client_peers: [f64; 2],
    server_peers: [f64; 2],
    series: f64,
}

impl Row {
    fn predicted(&self, card: &ModelCard) -> [f64; 3] {
        let side = |[least, most]: [f64; 2]| Reported {
            http: Count::between(least, (least + most) / 2.0, most),
            ..Reported::default()
        };
        let load = SeriesLoad {
            workers: self.workers,
            listeners: self.listeners,
            client: side(self.client_peers),
            server: side(self.server_peers),
            label_sets: None,
        };
        card.telemetry.series.ends_of(&load, |family| !self.standard_only || family.is_standard())
    }
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name)
}

#[test]
fn published_counts_lie_in_the_predicted_intervals() {
    let card = ModelCard::named("istio-1.24").unwrap();
    let text = fs::read_to_string(data("published/telemetry.toml")).unwrap();
    let published: Published = toml::from_str(&text).unwrap();
    println!("{:>9} {:>9} {:>9} {:>9}  what (source)", "measured", "lower", "predicted", "upper");
    for row in &published.row {
        let [lower, value, upper] = row.predicted(&card);
        println!("{:>9} {lower:>9.0} {value:>9.0} {upper:>9.0}  {} ({})", row.series, row.what, row.source);
        assert!(lower <= row.series && row.series <= upper, "{}: {lower} to {upper}", row.what);
    }
    assert!(published.row.len() >= 4);
}

/// Series of a scrape by metric name, suffixes of histograms left out, and the bytes of their lines.
fn counted(text: &str) -> BTreeMap<String, (usize, usize)> {
    let mut counted: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let name = line.split(['{', ' ']).next().unwrap();
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name);
        let (series, bytes) = counted.entry(base.to_owned()).or_default();
        *series += 1;
        *bytes += line.len() + 1;
    }
    counted
}

#[test]
fn a_real_scrape_is_met_family_by_family() {
    let Some(folder) = shared::data("a_real_scrape_is_met_family_by_family") else { return };
    let text = fs::read_to_string(folder.join("telemetry/prometheus-text/istio-proxy-1.14.3-excerpt.prom")).unwrap();
    let counted = counted(&text);
    let card = ModelCard::named("istio-1.24").unwrap();
    let peer = Reported { http: Count::exact(1.0), ..Reported::default() };
    let load = SeriesLoad { workers: 2, server: peer, label_sets: Some(1.0), ..SeriesLoad::default() };
    println!("{:<40} {:>9} {:>9}", "family", "predicted", "measured");
    // The excerpt holds two of the four HTTP metrics.
    for family in [Family::Requests, Family::Duration] {
        let [_, predicted, _] = card.telemetry.series.ends_of(&load, |it| it == family);
        let (measured, _) = counted[family.as_str()];
        println!("{:<40} {predicted:>9} {measured:>9}", family.as_str());
        assert_eq!(predicted, measured as f64, "{}", family.as_str());
    }
    let standard: Vec<&(usize, usize)> =
        counted.iter().filter(|(name, _)| name.starts_with("istio_request")).map(|(_, it)| it).collect();
    let (series, bytes) = standard.iter().fold((0, 0), |(a, b), (series, bytes)| (a + series, b + bytes));
    let [line, ..] = card.telemetry.scrape.coefficients();
    let [lower, value, upper] = line.as_written();
    let measured = bytes as f64 / series as f64;
    println!("{:<40} {value:>9} {measured:>9.0}", "bytes of a line of standard metrics");
    assert!((measured / value - 1.0).abs() < 0.01 && lower <= measured && measured <= upper);
    let envoy: usize = counted.iter().filter(|(name, _)| name.starts_with("envoy_")).map(|(_, (count, _))| count).sum();
    let [_, whole, _] = card.telemetry.series.ends_of(&load, |it| it == Family::Envoy);
    println!("{:<40} {whole:>9} {envoy:>9} (excerpt)", Family::Envoy.as_str());
    assert!((envoy as f64) < whole, "an excerpt holds fewer than all");
}

fn planned(arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_meshcap"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["plan", "-q", "--json", "data/clusters/scoped"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn calls_narrow_the_series_of_a_plan() {
    let without = planned(&[]);
    let with = planned(&["--calls", "data/scoping/travel-calls.csv"]);
    let assumed = |plan: &Value| plan["telemetry"]["peers_assumed"].as_u64().unwrap();
    assert!(assumed(&with) < assumed(&without));
    let frontend = |plan: &Value| -> Value {
        let workloads = plan["workloads"].as_array().unwrap();
        workloads.iter().find(|workload| workload["name"] == "frontend").unwrap()["telemetry"].clone()
    };
    assert_eq!(frontend(&without)["peers"]["basis"], "bounds");
    let known = frontend(&with);
    assert_eq!(known["peers"]["basis"], "calls");
    // search, and two workloads behind order-api, one of them the canary.
    assert_eq!(known["peers"]["client"], serde_json::json!({ "lower": 3.0, "value": 3.0, "upper": 3.0 }));
    let width = |telemetry: &Value| {
        let end = |end: &str| telemetry["series"][end].as_f64().unwrap();
        end("upper") - end("lower")
    };
    assert!(width(&known) < width(&frontend(&without)));
}
