//! Measured response times: every real file, and the command line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use meshcap::measurement::{Measurement, disagreeing};
use meshcap::sources::Input;
use meshcap::sources::latency::{LatencyOptions, LatencyReading, read_latency};
use meshcap::units::Quantile;
use serde_json::Value;

use crate::shared;

fn own(name: &str) -> String {
    format!("{}/data/latency/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn meshcap() -> Command {
    Command::cargo_bin("meshcap").unwrap()
}

fn read(path: &Path) -> LatencyReading {
    read_latency(&[Input::Path(path.to_owned())], &LatencyOptions::default()).unwrap_or_else(|error| panic!("{error}"))
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
    found.sort();
}

/// What a kind of file prints about itself, against what was made of it.
#[derive(Default)]
struct Agreement {
    files: usize,
    measurements: usize,
    percentiles: usize,
    largest: f64,
}

#[test]
fn every_real_file_is_read_and_agrees_with_the_percentiles_it_prints() {
    let Some(data) = shared::data("every_real_file") else { return };
    let mut found = Vec::new();
    files(&data.join("histograms"), &mut found);
    let mut kinds: BTreeMap<&str, Agreement> = BTreeMap::new();
    let mut contradictions = Vec::new();
    for path in &found {
        let LatencyReading { measurements, findings } = read(path);
        // A test without requests is told, not read as zero.
        if measurements.is_empty() {
            assert!(findings.iter().any(|finding| finding.kind.id == "latency-no-samples"), "{}", path.display());
        }
        if let Some(first) = measurements.first() {
            kinds.entry(first.format).or_default().files += 1;
        }
        for measurement in &measurements {
            let agreement = kinds.entry(measurement.format).or_default();
            agreement.measurements += 1;
            agreement.percentiles += measurement.stated.len();
            agreement.largest = agreement.largest.max(disagreement(measurement));
            contradictions
                .extend(disagreeing(measurement).into_iter().map(|stated| format!("{}: {stated:?}", measurement.name)));
        }
    }
    println!(
        "{:<10} {:>5} {:>12} {:>11} {:>20}",
        "kind", "files", "measurements", "percentiles", "largest disagreement"
    );
    for (kind, agreement) in &kinds {
        println!(
            "{kind:<10} {:>5} {:>12} {:>11} {:>18.4} %",
            agreement.files,
            agreement.measurements,
            agreement.percentiles,
            agreement.largest * 100.0
        );
    }
    assert!(contradictions.is_empty(), "outside the file's own resolution: {contradictions:#?}");
    for kind in ["fortio", "hdr", "hgrm", "hlog", "jmeter", "k6", "nighthawk", "oha", "vegeta", "wrk", "wrk2"] {
        assert!(kinds.contains_key(kind), "no file of kind {kind}");
    }
}

/// Largest distance of a printed percentile from ours, as a share of it.
fn disagreement(measurement: &Measurement) -> f64 {
    let share = |stated: &meshcap::measurement::Stated| {
        let own = measurement.distribution.quantile(stated.quantile).value;
        let off = (own - stated.value).as_seconds().abs();
        if stated.value.as_seconds() > 0.0 { off / stated.value.as_seconds() } else { 0.0 }
    };
    measurement.stated.iter().map(share).fold(0.0, f64::max)
}

/// Totals, p99.9 and maxima that HdrHistogram's own tests hold for these logs, in nanoseconds. Those tests
/// count each bucket at its lower end, in finer buckets than the older logs have.
#[test]
fn interval_logs_of_every_version_have_their_known_totals() {
    let Some(data) = shared::data("interval_logs") else { return };
    for (file, samples, tail, most) in [
        ("jHiccup-2.0.1.logV0.hlog", 61_256, 1_509_949_440, 1_568_669_696),
        ("jHiccup-2.0.6.logV1.hlog", 65_964, 1_828_716_544, 1_887_436_800),
        ("jHiccup-2.0.7S.logV2.hlog", 48_761, 1_744_830_464, 1_795_162_112),
        ("ycsb.logV1.hlog", 300_056, 1_213_440, 1_545_216),
    ] {
        let reading = read(&data.join("histograms/hlog").join(file));
        let (histogram, _) = reading.measurements[0].distribution.histogram().unwrap();
        let lowest = |value| histogram.lowest_equivalent(value);
        let found = (histogram.len(), lowest(histogram.value_at_quantile(0.999)), lowest(histogram.max()));
        assert_eq!(found, (samples, tail, most), "{file}");
    }
}

/// Scrapes and answers of real servers: read, or refused for what they are.
#[test]
fn every_real_scrape_and_answer_is_read_or_says_why_not() {
    let Some(data) = shared::data("every_real_scrape") else { return };
    let mut found = Vec::new();
    for folder in ["prometheus-text", "prometheus-api", "prometheus-proto"] {
        files(&data.join("telemetry").join(folder), &mut found);
    }
    let mut read = 0;
    for path in &found {
        let name = path.file_name().unwrap().to_string_lossy();
        let outcome = read_latency(&[Input::Path(path.clone())], &LatencyOptions::default());
        match name.as_ref() {
            // Counters and gauges only.
            "counter-and-noncluster-metrics.in"
            | "gauge.in"
            | "expfmt-text.prom"
            | "istio_requests_total-query_range-2019.json" => {
                let error = outcome.unwrap_err().to_string();
                assert!(error.contains("found no histogram, expected"), "{error}");
            }
            // Its example observes numbers around zero.
            "alltypes.5mfs.om.txt" => {
                let findings = outcome.unwrap().findings;
                assert!(
                    findings.iter().any(|finding| finding.kind.id == "latency-histograms-left-out"),
                    "{findings:?}"
                );
            }
            _ => {
                let reading = outcome.unwrap_or_else(|error| panic!("{error}"));
                assert!(!reading.measurements.is_empty(), "{name}");
                read += reading.measurements.len();
            }
        }
    }
    println!("{read} histograms of durations in {} files", found.len());
    assert!(read >= 19, "{read}");
}

/// Envoy 1.40 under nine requests of less than a millisecond each, and connections of 1 and 2 ms.
#[test]
fn native_histograms_of_envoy_hold_what_was_cut_to_milliseconds() {
    let Some(data) = shared::data("native_histograms_of_envoy") else { return };
    let reading = read(&data.join("telemetry/prometheus-proto/envoy-1.40-native-histograms.pb"));
    let of = |metric: &str| {
        let one = reading.measurements.iter().find(|one| one.name.ends_with(metric)).unwrap();
        let mut found = Vec::new();
        one.distribution.for_each_bucket(|bucket| {
            found.push((bucket.lower.as_seconds(), bucket.upper.as_seconds(), bucket.weight));
        });
        found
    };
    assert_eq!(of("envoy_http_downstream_rq_time"), [(0.0, 0.001, 9.0)]);
    assert_eq!(of("envoy_http_downstream_cx_length_ms"), [(0.001, 0.002, 7.0), (0.002, 0.003, 2.0)]);
    assert_eq!(of("envoy_server_initialization_time_ms"), [(0.010, 0.011, 1.0)]);
    assert!(reading.findings.iter().any(|finding| finding.kind.id == "latency-whole-milliseconds"));
}

/// A part of a real log, between offsets and between the instants at those offsets.
#[test]
fn a_part_of_a_real_log_by_offsets_and_instants() {
    let Some(data) = shared::data("a_part_of_a_real_log") else { return };
    let log = data.join("histograms/hlog/jHiccup-2.0.7S.logV2.hlog").display().to_string();
    let count = |arguments: &[&str]| {
        let whole = json(&[&[log.as_str(), "--unit", "ns"], arguments].concat());
        whole["distributions"][0]["count"].as_u64().unwrap()
    };
    let whole = count(&[]);
    let (early, late) = (count(&["--to", "20s"]), count(&["--from", "20s"]));
    assert!(early > 0 && late > 0 && early + late == whole, "{early} + {late}, expected {whole}");
    // The log starts at 1441812279.474 s, its first interval 0.127 s later.
    assert_eq!(count(&["--to", "1441812299.601"]), early);
    assert_eq!(count(&["--from", "2015-09-09T15:24:59.601Z"]), late);
}

#[test]
fn a_window_is_cut_out_or_refused() {
    let count = |file: &str, arguments: &[&str]| {
        json(&[&[own(file).as_str()], arguments].concat())["distributions"][0]["count"].as_u64()
    };
    for file in
        ["webshop-timed.csv", "webshop-k6.ndjson", "webshop-jmeter.jtl", "webshop-vegeta.csv", "webshop-range.json"]
    {
        assert_eq!(count(file, &["--from", "5s", "--to", "15s"]), Some(20), "{file}");
    }
    for (arguments, expected) in [
        (["--from", "5s", "--to", "3s"], "ends before it starts"),
        (["--from", "soon", "--to", "3s"], "is no moment"),
        (["--from", "1h", "--to", "2h"], "40 of 40 samples lie outside the window"),
        (["--as", "fortio", "--to", "3s"], "expected a result of kind fortio"),
    ] {
        let output = meshcap().arg("latency").arg(own("webshop-timed.csv")).args(arguments).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(expected), "{error}");
    }
    let output = meshcap().args(["latency", &own("webshop-sidecar.fortio.json"), "--from", "5s"]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("which holds no times of its samples"));
}

/// Both proxies of a mesh report the same requests; merging must not count them twice.
#[test]
fn a_scrape_of_istio_is_merged_once() {
    let json = json(&["--merge", &own("webshop-istio.prom")]);
    assert_eq!(json["distributions"][0]["count"], 2500);
    let findings = json["findings"].as_array().unwrap();
    assert!(findings.iter().any(|finding| finding["kind"] == "latency-reported-twice"), "{findings:?}");
}

fn json(arguments: &[&str]) -> Value {
    let output = meshcap().arg("latency").arg("--json").args(arguments).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn json_names_format_count_and_quantiles_in_seconds() {
    for (file, format, count) in [
        ("webshop-baseline.fortio.json", "fortio", 2000),
        ("webshop-baseline.wrk.txt", "wrk", 2000),
        ("webshop-baseline.csv", "csv", 400),
    ] {
        let json = json(&[&own(file)]);
        let one = &json["distributions"][0];
        assert_eq!((one["format"].as_str(), one["count"].as_u64()), (Some(format), Some(count)));
        assert!(one["name"].as_str().unwrap().ends_with(file));
        let mut last = 0.0;
        for quantile in ["p50", "p90", "p99", "p999"] {
            let end = |end: &str| one["quantiles"][quantile][end].as_f64().unwrap();
            let (lower, value, upper) = (end("lower"), end("value"), end("upper"));
            assert!(lower <= value && value <= upper, "{file} {quantile}: {lower} {value} {upper}");
            assert!(value >= last && value < 0.02, "{file} {quantile}: {value} s after {last} s");
            last = value;
        }
    }
}

#[test]
fn tools_agree_about_the_same_run() {
    let median = |file: &str| json(&[&own(file)])["distributions"][0]["quantiles"]["p50"]["value"].as_f64().unwrap();
    let (fortio, wrk) = (median("webshop-baseline.fortio.json"), median("webshop-baseline.wrk.txt"));
    // A Fortio bucket is a millisecond wide here; wrk prints hundredths of it.
    assert!((fortio - wrk).abs() < 0.0005, "{fortio} s and {wrk} s");
}

#[test]
fn a_missed_objective_ends_with_one() {
    for (slo, code) in [("p99<14ms", 0), ("p99<8ms", 1), ("p50<=20ms", 0), ("mean<1ms", 1), ("max<1s", 0), ("p99<", 2)]
    {
        let output = meshcap().args(["latency", &own("webshop-sidecar.fortio.json"), "--slo", slo]).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{slo}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_mesh_is_slower_than_its_base_and_not_than_itself() {
    let (base, mesh) = (own("webshop-baseline.fortio.json"), own("webshop-sidecar.fortio.json"));
    let verdict =
        |file: &str| json(&[file, "--compare", &base])["comparisons"][0]["verdict"].as_str().unwrap().to_owned();
    assert!(verdict(&mesh).starts_with("slower by "), "{}", verdict(&mesh));
    assert_eq!(verdict(&base), "within noise");
}

#[test]
fn merging_adds_requests_and_same_input_gives_same_bytes() {
    let arguments =
        ["latency", "--merge", "--json", &own("webshop-baseline.fortio.json"), &own("webshop-sidecar.fortio.json")];
    let run = || meshcap().args(arguments).output().unwrap().stdout;
    let first = run();
    assert_eq!(first, run());
    let json: Value = serde_json::from_slice(&first).unwrap();
    assert_eq!(json["distributions"][0]["count"], 4000);
}

#[test]
fn standard_input_kind_and_unit_can_be_given() {
    let run = |arguments: &[&str], content: &str| {
        let output = meshcap()
            .args(["latency", "-", "--json"])
            .args(arguments)
            .write_stdin(content.to_owned())
            .output()
            .unwrap();
        let json: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (output.status.code(), json["distributions"][0]["quantiles"]["p50"]["value"].as_f64())
    };
    assert_eq!(run(&["--as", "csv", "--unit", "ms"], "20\n20\n"), (Some(0), Some(0.02)));
    assert_eq!(run(&["--as", "csv"], "20\n20\n"), (Some(2), None));
    assert_eq!(run(&["--as", "fortio"], "20\n20\n"), (Some(2), None));
    assert_eq!(run(&[], "nothing known\n"), (Some(2), None));
}

#[test]
fn tables_stay_within_the_terminal() {
    for width in ["40", "80", "140"] {
        let arguments =
            ["latency", &own("webshop-sidecar.fortio.json"), "--compare", &own("webshop-baseline.fortio.json")];
        let output = meshcap().args(arguments).env("COLUMNS", width).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let longest = text.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(longest <= width.parse().unwrap(), "{longest} columns of {width}:\n{text}");
        assert!(text.contains("SLOWER"), "{text}");
    }
}

/// A bucket's ends are what is known; nothing finer may be claimed.
#[test]
fn a_bucket_answers_with_its_bounds() {
    let reading = read(Path::new(&own("webshop-istio.prom")));
    let cart = reading.measurements.iter().find(|one| one.name.ends_with("shop/cart (reporter source)")).unwrap();
    let median = cart.distribution.quantile(Quantile::literal(0.5));
    assert_eq!((median.lower.as_seconds(), median.upper.as_seconds()), (0.005, 0.01));
}
