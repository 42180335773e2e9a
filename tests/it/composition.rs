//! Call paths from the command line, and compositions against chains that were measured.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use assert_cmd::Command;
use meshcap::composition::{Dependence, Spread};
use meshcap::measurement::{Distribution, Measurement, Stated, merge};
use meshcap::sources::Input;
use meshcap::sources::latency::{LatencyOptions, read_latency};
use meshcap::sources::paths::read_path;
use meshcap::units::{Quantile, Seconds};
use serde_json::Value;
use statrs::distribution::{ContinuousCDF, LogNormal};

use crate::shared;

fn meshcap(arguments: &[&str]) -> std::process::Output {
    let root = env!("CARGO_MANIFEST_DIR");
    Command::cargo_bin("meshcap").unwrap().current_dir(root).arg("latency").args(arguments).output().unwrap()
}

fn json(arguments: &[&str]) -> Value {
    let output = meshcap(&[arguments, &["--json"]].concat());
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

const CHECKOUT: [&str; 2] = ["--path", "data/latency/checkout.toml"];

#[test]
fn a_path_has_both_cases_and_an_interval_that_spans_them() {
    let json = json(&CHECKOUT);
    let path = &json["paths"][0];
    assert_eq!((path["root"].as_str(), json["distributions"].as_array().unwrap().len()), (Some("web"), 0));
    let mut last = 0.0;
    for quantile in ["p50", "p90", "p99", "p999"] {
        let of = |case: &str, end: &str| path["quantiles"][quantile][case][end].as_f64().unwrap();
        for case in ["independent", "comonotone", "interval"] {
            assert!(of(case, "lower") <= of(case, "value") && of(case, "value") <= of(case, "upper"), "{path:#}");
        }
        assert_eq!(of("interval", "value"), of("independent", "value"));
        assert_eq!(of("interval", "lower"), of("independent", "lower").min(of("comonotone", "lower")));
        assert_eq!(of("interval", "upper"), of("independent", "upper").max(of("comonotone", "upper")));
        assert!(of("interval", "value") > last);
        last = of("interval", "value");
    }
    let services: BTreeMap<&str, f64> = path["services"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["name"].as_str().unwrap(), one["calls"]["value"].as_f64().unwrap()))
        .collect();
    assert_eq!((services["web"], services["ads"], services["stock"], services["payment"]), (1.0, 0.5, 2.0, 1.0));
    assert!(services["cart"] >= 1.0 && services["store"] >= 3.0, "{services:?}");
}

#[test]
fn objectives_are_those_of_the_path() {
    for (slo, code) in [("p99<100ms", 0), ("p99<5ms", 1), ("p50<=20ms", 0)] {
        let arguments = [&CHECKOUT[..], &["--slo", slo]].concat();
        let output = meshcap(&arguments);
        assert_eq!(output.status.code(), Some(code), "{slo}: {}", String::from_utf8_lossy(&output.stderr));
        let objectives = json(&arguments)["objectives"].as_array().unwrap().len();
        assert_eq!(objectives, 1, "{slo}");
    }
    // With FILEs too: they are parts, and the objective of the path is not theirs.
    let edges = "from,to,calls_per_request,includes_callees\nweb,webshop-baseline,2,false\n";
    let folder = tempfile::tempdir().unwrap();
    let (table, web) = (folder.path().join("edges.csv"), folder.path().join("web.csv"));
    fs::write(&table, edges).unwrap();
    fs::write(&web, "latency_ms\n1\n1\n1\n").unwrap();
    let arguments = [
        "--path",
        table.to_str().unwrap(),
        web.to_str().unwrap(),
        "data/latency/webshop-baseline.fortio.json",
        "--slo",
        "p50<6ms",
    ];
    assert_eq!(meshcap(&arguments).status.code(), Some(1), "two calls and a millisecond");
    let json = json(&arguments);
    assert_eq!((json["objectives"].as_array().unwrap().len(), json["distributions"].as_array().unwrap().len()), (1, 2));
}

#[test]
fn what_cannot_be_composed_ends_with_two_and_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.toml");
    for (content, expected) in [
        ("[services.a]\nconstant = \"1ms\"\ncalls = [{ to = \"a\" }]\n", "no service that none calls"),
        ("root = \"a\"\n[services.a]\nconstant = \"1ms\"\ncalls = [{ to = \"a\" }]\n", "a circle of calls a → a"),
        ("root = \"b\"\n[services.a]\nconstant = \"1ms\"\n", "\"b\", called by the request"),
        ("[services.a]\nfile = \"missing.json\"\n", "missing.json: found no such file"),
        ("[services.a]\nconstant = 1\n", "shop.toml:2"),
        ("once upon a time", "shop.toml:1"),
        ("", "an empty file"),
    ] {
        fs::write(&file, content).unwrap();
        let output = meshcap(&["--path", file.to_str().unwrap()]);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{content}");
        assert!(message.contains(expected), "{content}: {message}");
    }
    for arguments in [vec![], vec!["--merge", CHECKOUT[0], CHECKOUT[1]], vec!["--path", "no-such.toml"]] {
        assert_eq!(meshcap(&arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_path_is_the_same_every_time_and_fits_the_terminal() {
    for width in ["40", "80", "120"] {
        let run = || {
            let mut command = Command::cargo_bin("meshcap").unwrap();
            command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("latency").args(CHECKOUT).env("COLUMNS", width);
            command.output().unwrap().stdout
        };
        let text = run();
        assert_eq!(text, run());
        let text = String::from_utf8(text).unwrap();
        let longest = text.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(longest <= width.parse().unwrap(), "{longest} of {width}:\n{text}");
        assert!(text.contains("web answers 99 % of requests within") || width == "40", "{text}");
    }
}

/// A figure of a prediction beside the one measured.
fn row(what: &str, quantile: &str, independent: f64, comonotone: f64, measured: f64) -> f64 {
    let error = independent / measured - 1.0;
    let between = measured >= independent.min(comonotone) && measured <= independent.max(comonotone);
    println!(
        "{what:<34} {quantile:>4} {independent:>8.3} {comonotone:>11.3} {measured:>9.3} {:>+7.1} % {}",
        error * 100.0,
        if between { "between" } else { "outside" }
    );
    error
}

const HEADER: &str = "chain                                at    indep.  comonotone  measured     error  (ms)";

fn at(spread: &Spread, quantile: f64) -> f64 {
    spread.quantile(Quantile::new(quantile).unwrap()).value.as_seconds() * 1000.0
}

/// The response times of twelve services, each from its own part in twenty traces, against those of the whole
/// request in the same traces. The traces are those of one run, so shared causes of slowness are in both.
#[test]
fn traces_composed_of_their_parts_are_as_slow_as_the_whole() {
    let Some(data) = shared::data("traces") else { return };
    let file = data.join("telemetry/deathstarbench-trace/trace.csv");
    let reading = read_path(&Input::Path(file), &[], &LatencyOptions::default()).unwrap();
    let response = reading.graph.compose("traces").unwrap().response;
    let measured = reading.measured.unwrap();
    println!("{HEADER}");
    for (name, quantile, tolerance) in [("p50", 0.5, 0.15), ("p75", 0.75, 0.15), ("p90", 0.9, 0.25)] {
        let whole = measured.quantile(Quantile::new(quantile).unwrap()).value.as_seconds() * 1000.0;
        let (apart, together) = (at(&response.independent, quantile), at(&response.comonotone, quantile));
        let error = row("DeathStarBench, 12 services", name, apart, together, whole);
        assert!(error.abs() < tolerance, "{name}: {error}");
    }
    let means = [&response.independent, &response.comonotone].map(|one| one.mean().value.as_seconds() * 1000.0);
    let error =
        row("DeathStarBench, 12 services", "mean", means[0], means[1], measured.mean().value.as_seconds() * 1000.0);
    assert!(error.abs() < 0.03, "means add, whatever the dependence: {error}");
}

struct Published(BTreeMap<String, String>);

impl Published {
    fn millis(&self, column: &str) -> f64 {
        self.0[column].parse().unwrap()
    }

    fn is(&self, column: &str, value: &str) -> bool {
        self.0[column] == value
    }
}

/// Rows of the table of published overheads, quotes respected.
fn published(file: &Path) -> Vec<Published> {
    let text = fs::read_to_string(file).unwrap();
    let fields = |line: &str| -> Vec<String> {
        let mut quoted = false;
        line.split(|c: char| {
            quoted ^= c == '"';
            c == ',' && !quoted
        })
        .map(|field| field.trim_matches('"').to_owned())
        .collect()
    };
    let mut lines = text.lines();
    let names = fields(lines.next().unwrap());
    lines.map(|line| Published(names.iter().cloned().zip(fields(line)).collect())).collect()
}

/// Baseline plus four hops against three tiers with a mesh. There is no single hop of these services: the mean
/// of a hop is a quarter of what the mesh adds to the mean, its shape that of another single hop. So means agree
/// by construction, and the test is how quantiles compose.
#[test]
fn three_tiers_with_a_mesh_lie_between_independent_and_slow_together() {
    const HOPS: f64 = 4.0;
    let Some(data) = shared::data("three tiers") else { return };
    let rows = published(&data.join("literature/mesh_latency_overhead.csv"));
    let solo = |mode: &str, version: &str| -> Vec<&Published> {
        let mesh = |row: &&Published| row.is("source_id", "solo-2024") && row.is("mode", mode);
        rows.iter().filter(mesh).filter(|row| row.is("version", version)).collect()
    };
    let mean_of =
        |rows: &[&Published], column: &str| rows.iter().map(|row| row.millis(column)).sum::<f64>() / rows.len() as f64;
    let plain = solo("baseline", "");
    assert_eq!(plain.len(), 4);
    let stated: Vec<Stated> = [("p50_ms", 0.5), ("p90_ms", 0.9), ("p95_ms", 0.95), ("p99_ms", 0.99)]
        .map(|(column, quantile)| Stated {
            quantile: Quantile::new(quantile).unwrap(),
            value: Seconds::from_millis(mean_of(&plain, column)),
            resolution: Seconds::ZERO,
        })
        .to_vec();
    // The fastest and slowest of the baseline are not published; they are assumed this near.
    let least = Seconds::from_millis(mean_of(&plain, "p50_ms") * 0.85);
    let most = Seconds::from_millis(mean_of(&plain, "p99_ms") * 1.5);
    let baseline = Distribution::from_percentiles(&stated, Some(least), Some(most), None).unwrap();
    let baseline = Spread::of(&baseline);
    let single = |id: &str| rows.iter().find(|row| row.is("row_id", id)).unwrap();
    let (with, without) = (single("it20-none_mtls-both-q1000-c16-r1"), single("it20-none_mtls-baseline-q1000-c16-r1"));
    let added = |column: &str| with.millis(column) - without.millis(column);
    let shape = (added("p99_ms") / added("p50_ms")).ln() / 2.326_348;
    println!("{HEADER}");
    let mut between = 0;
    for (mode, version) in [
        ("sidecar", "1.22"),
        ("ambient L4", "1.22.0"),
        ("ambient L4", "1.21.0"),
        ("ambient + waypoint L7 authz", "1.22"),
        ("sidecar", "2.14.10"),
    ] {
        let measured = solo(mode, version);
        let mean = (mean_of(&measured, "mean_ms") - mean_of(&plain, "mean_ms")) / HOPS / 1000.0;
        let law = LogNormal::new(mean.ln() - shape * shape / 2.0, shape).unwrap();
        let hop = Spread::from_tail(|time| law.sf(time.as_seconds()));
        let compose = |dependence| {
            let hops = hop.repeated(HOPS, dependence).unwrap();
            baseline.then(&hops, dependence)
        };
        let (apart, together) = (compose(Dependence::Independent), compose(Dependence::Comonotone));
        for (name, quantile) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99)] {
            let whole = mean_of(&measured, &format!("{name}_ms"));
            let (apart, together) = (at(&apart, quantile), at(&together, quantile));
            let error = row(&format!("Solo, {mode} {version}"), name, apart, together, whole);
            assert!(error.abs() < 0.3, "{mode} {name}: {error}");
            between += u32::from(quantile > 0.9 && whole >= apart.min(together) * 0.9 && whole <= together);
        }
    }
    assert!(between >= 4, "{between} of 5 measured p99 between nine tenths of independent and slow together");
}

/// Three services in a row, with and without sidecars: what the mesh adds with bodies of 1 kB, on top of the
/// baseline with 10 kB, against the mesh with 10 kB. The mesh adds less than runs differ, so this shows only
/// that nothing is invented.
#[test]
fn a_chain_whose_mesh_adds_nothing_stays_as_it_is() {
    let Some(data) = shared::data("chain") else { return };
    let folder = data.join("histograms/fortio/istio-chain/local-testing");
    let chain = |mode: &str, size: &str| -> Measurement {
        let runs =
            ["run1", "run2"].map(|run| Input::Path(folder.join(format!("{mode}/01_standard/{size}/{run}.json"))));
        let reading = read_latency(&runs, &LatencyOptions::default()).unwrap();
        merge(mode, &reading.measurements).unwrap().0
    };
    let base = ["1kb", "10kb"].map(|size| chain("baseline", size));
    println!("{HEADER}");
    for mode in ["ambient", "sidecar-disable", "sidecar-strict"] {
        let [small, large] = ["1kb", "10kb"].map(|size| chain(mode, size).distribution);
        let added = small.mean().value - base[0].distribution.mean().value;
        let runs_differ = 0.03 * base[0].distribution.mean().value.as_seconds();
        assert!(added.as_seconds().abs() < runs_differ, "{mode} adds {added:?}");
        let shift = Spread::constant(added.max(Seconds::ZERO)).unwrap();
        let predicted = Spread::of(&base[1].distribution).then(&shift, Dependence::Independent);
        for (name, quantile) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99)] {
            let whole = large.quantile(Quantile::new(quantile).unwrap()).value.as_seconds() * 1000.0;
            let found = at(&predicted, quantile);
            let what = format!("Node.js chain, {mode} ({:+.2} ms)", added.as_seconds() * 1000.0);
            let error = row(&what, name, found, found, whole);
            // The baseline's own p99 is a quarter above that of every mesh.
            assert!(error.abs() < 0.08 || quantile > 0.9, "{mode} {name}: {error}");
        }
    }
}
