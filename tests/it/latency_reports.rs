//! Reports of response times in every format: snapshots, schema, files, and a real browser.

use std::path::Path;

use assert_cmd::Command;
use meshcap::measurement::{Bucket, Distribution, Histogram, Load, Measurement, Recorder, compare, examine};
use meshcap::report::{self, LatencyReport, TerminalOptions};
use meshcap::units::{Rate, Seconds};

use crate::browser;

fn measured(name: &str, distribution: Distribution) -> Measurement {
    let load = Load { rate: Some(Rate::per_second(250.0)), connections: Some(8), ..Load::default() };
    Measurement { name: name.to_owned(), format: "csv", distribution, load, stated: Vec::new(), reported: None }
}

/// `samples` response times, from `least` up with a long tail.
fn recorded(least: f64, samples: u32) -> Distribution {
    let mut recorder = Recorder::new().unwrap();
    for sample in 0..samples {
        let share = (f64::from(sample) + 0.5) / f64::from(samples);
        assert!(recorder.record(Seconds::from_millis(least - 2.0 * (1.0 - share).ln())));
    }
    recorder.finish().unwrap()
}

fn bucket(lower: f64, upper: f64, weight: f64) -> Bucket {
    Bucket { lower: Seconds::new(lower), upper: Seconds::new(upper), weight }
}

/// One request in a hundred is beyond the last bound.
fn open_bucket() -> Distribution {
    let buckets = vec![
        bucket(0.0, 0.005, 6_000.0),
        bucket(0.005, 0.025, 3_500.0),
        bucket(0.025, 0.1, 400.0),
        bucket(0.1, f64::INFINITY, 100.0),
    ];
    Distribution::from_buckets(buckets, Some(10_000)).unwrap()
}

/// A thousand million samples between 1 and 10 ms, and a few up to 1 s.
fn thousand_million() -> Distribution {
    let mut histogram = Histogram::new(3).unwrap();
    for (micros, count) in [(1_000, 500_000_000), (2_000, 400_000_000), (10_000, 99_999_000), (1_000_000, 1_000)] {
        histogram.record_n(micros, count).unwrap();
    }
    Distribution::from_histogram(histogram, Seconds::new(1e-6)).unwrap()
}

fn report(measurements: Vec<Measurement>, base: Option<Measurement>, slos: &[&str]) -> LatencyReport {
    let comparisons = base
        .iter()
        .flat_map(|base| measurements.iter().map(|one| compare(&base.distribution, &one.distribution)))
        .collect();
    let judge = |one: &Measurement| {
        let slos = slos.iter().map(|slo| slo.parse::<meshcap::measurement::Slo>().unwrap());
        slos.map(|slo| (slo, slo.check(&one.distribution))).collect()
    };
    let outcomes = measurements.iter().map(judge).collect();
    let findings = base.iter().chain(&measurements).flat_map(examine).collect();
    LatencyReport { measurements, base, comparisons, outcomes, findings, ..LatencyReport::default() }
}

fn against_baseline() -> LatencyReport {
    let mesh = measured("runs/mesh.csv", recorded(3.0, 5_000));
    let base = measured("runs/baseline.csv", recorded(1.0, 5_000));
    report(vec![mesh], Some(base), &["p99<20ms", "p50<=4ms", "max<1s"])
}

fn within_noise() -> LatencyReport {
    let run = |name: &str| measured(name, recorded(1.0, 800));
    report(vec![run("again.csv")], Some(run("first.csv")), &[])
}

fn forty_files() -> LatencyReport {
    let runs = (1..=40_u32).map(|run| measured(&format!("runs/run-{run:02}.csv"), recorded(f64::from(run), 400)));
    report(runs.collect(), Some(measured("runs/base.csv", recorded(5.0, 400))), &["p99<30ms"])
}

fn alone(name: &str, distribution: Distribution) -> LatencyReport {
    report(vec![measured(name, distribution)], None, &["p99.9<50ms"])
}

/// Every kind of report, by name.
fn reports() -> Vec<(&'static str, LatencyReport)> {
    vec![
        ("baseline", against_baseline()),
        ("noise", within_noise()),
        ("open-bucket", alone("open.prom", open_bucket())),
        ("one-sample", alone("one.csv", recorded(5.0, 1))),
        ("thousand-million", alone("huge.hgrm", thousand_million())),
        ("forty", forty_files()),
    ]
}

fn terminal(report: &LatencyReport, width: usize) -> String {
    report::latency_terminal(report, TerminalOptions { width, color: false })
}

#[test]
fn text_and_markdown_say_what_they_said() {
    for (name, report) in reports() {
        insta::assert_snapshot!(format!("latency-{name}-80"), terminal(&report, 80));
        insta::assert_snapshot!(format!("latency-{name}-markdown"), report::latency_markdown(&report));
    }
    insta::assert_snapshot!("latency-baseline-40", terminal(&against_baseline(), 40));
    insta::assert_snapshot!("latency-baseline-120", terminal(&against_baseline(), 120));
}

#[test]
fn no_line_is_longer_than_the_terminal() {
    for (name, report) in reports() {
        for width in [40, 80, 120] {
            let text = terminal(&report, width);
            let longest = text.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(longest <= width, "{name} at {width}: {longest}\n{text}");
            assert!(!text.contains('\u{1b}'), "{name}: colour without being asked");
            assert!(text.contains("p99"), "{name} at {width} lost its p99:\n{text}");
        }
    }
}

#[test]
fn json_keeps_its_schema() {
    let schema = serde_json::from_str(&report::latency_schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (name, report) in reports() {
        let json = serde_json::from_str(&report::latency_json(&report)).unwrap();
        let errors: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new(), "{name}");
    }
    assert!(!validator.is_valid(&serde_json::json!({"schema_version": "1"})), "the schema must refuse something");
}

#[test]
fn json_keeps_the_names_of_its_fields() {
    let json: serde_json::Value = serde_json::from_str(&report::latency_json(&against_baseline())).unwrap();
    for path in [
        "/schema_version",
        "/distributions/0/name",
        "/distributions/0/format",
        "/distributions/0/count",
        "/distributions/0/mean/value",
        "/distributions/0/max/upper",
        "/distributions/0/quantiles/p999/lower",
        "/distributions/0/load/rate",
        "/base/quantiles/p50/value",
        "/comparisons/0/verdict",
        "/comparisons/0/differences/p99/verdict",
        "/objectives/0/objective",
        "/objectives/0/measured/value",
        "/objectives/0/certain",
    ] {
        assert!(json.pointer(path).is_some_and(|value| !value.is_null()), "{path} is missing from {json:#}");
    }
    let open: serde_json::Value = serde_json::from_str(&report::latency_json(&alone("open", open_bucket()))).unwrap();
    assert_eq!(open.pointer("/distributions/0/quantiles/p999/upper"), Some(&serde_json::Value::Null));
    assert_eq!(open.pointer("/findings/0/kind").and_then(|kind| kind.as_str()), Some("latency-beyond-last-bucket"));
}

#[test]
fn drawings_have_finite_numbers_and_a_bounded_size() {
    for (name, report) in reports() {
        let svg = report::latency_svg(&report).unwrap();
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{name}: {svg}");
        let points: Vec<usize> = svg
            .split("points=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap_or_default().matches(',').count())
            .collect();
        // A band has an upper and a lower edge.
        assert!(points.iter().all(|points| *points <= 400), "{name}: {points:?}");
        assert!(svg.len() < 60_000, "{name}: {} bytes", svg.len());
    }
    assert!(report::latency_svg(&LatencyReport::default()).is_none());
}

#[test]
fn a_hostile_name_stays_a_name() {
    let name = "</title></svg><script>alert(1)</script>\" onload='x' & \u{202e}\u{0}ü";
    let base = Some(measured(&format!("{name} base"), recorded(1.0, 100)));
    let report = report(vec![measured(name, recorded(2.0, 100))], base, &["p99<1s"]);
    for page in
        [report::latency_html(&report), report::latency_svg(&report).unwrap(), report::latency_markdown(&report)]
    {
        assert!(!page.contains("<script") && !page.contains('\u{202e}') && !page.contains('\u{0}'), "{page}");
    }
    assert!(!report::latency_json(&report).contains('\u{202e}'));
}

#[test]
fn a_page_loads_nothing_and_says_what_is_folded() {
    let page = report::latency_html(&forty_files());
    for reference in ["http:", "https:", "src=", "url(", "@import", "<link", "<script"] {
        assert!(!page.contains(reference), "{reference}");
    }
    assert!(page.contains("Of 40 measurements the 5 slowest at p99 are drawn"), "the rest is folded in words");
    assert_eq!(page.matches("<figure>").count(), 2, "percentiles and differences are drawn");
}

#[test]
fn a_browser_shows_the_page_without_complaint() {
    for report in [against_baseline(), forty_files(), alone("open.prom", open_bucket())] {
        browser::shows(&report::latency_html(&report));
    }
}

fn own(name: &str) -> String {
    format!("{}/data/latency/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn meshcap(arguments: &[&str]) -> std::process::Output {
    Command::cargo_bin("meshcap")
        .unwrap()
        .arg("latency")
        .arg(own("webshop-sidecar.fortio.json"))
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn files_take_their_format_from_their_ending() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let names = ["r.html", "r.md", "r.json", "r.txt", "r.svg"].map(path);
    let mut arguments = vec!["-o", "-"];
    arguments.extend(names.iter().flat_map(|name| ["-o", name]));
    let output = meshcap(&arguments);
    assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).starts_with("MEASURED"));
    let starts = ["<!doctype html>", "# Response times", "{\n  \"schema_version\"", "MEASURED", "<svg xmlns="];
    for (name, start) in names.iter().zip(starts) {
        let text = std::fs::read_to_string(name).unwrap();
        assert!(text.starts_with(start), "{name}: {text:.80}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(&format!("wrote {name}")));
    }
}

#[test]
fn a_wrong_file_is_found_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let good = path("r.html");
    for (wrong, words) in [
        (path("r.pdf"), "its ending is none of"),
        (path("missing/r.md"), "its folder does not exist"),
        (good.clone(), "is named twice"),
    ] {
        let output = meshcap(&["-o", &good, "-o", &wrong]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && said.contains(words), "{wrong}: {said}");
        assert!(!Path::new(&good).exists());
    }
    // Input that cannot be read leaves no file behind either.
    let output = meshcap(&["--compare", "nowhere.json", "-o", &good]);
    assert!(output.status.code() == Some(2) && !Path::new(&good).exists());
}

#[test]
fn standard_output_takes_every_format() {
    for (format, start) in
        [("html", "<!doctype"), ("svg", "<svg"), ("json", "{"), ("markdown", "# "), ("text", "MEASURED")]
    {
        let output = meshcap(&["--format", format]);
        assert!(String::from_utf8_lossy(&output.stdout).starts_with(start), "{format}");
    }
}

#[test]
fn colour_comes_only_where_it_is_wanted() {
    let run = |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = Command::cargo_bin("meshcap").unwrap();
        command.arg("latency").arg(own("webshop-sidecar.fortio.json")).args(arguments).env_remove("NO_COLOR");
        String::from_utf8(command.envs(variables.iter().copied()).output().unwrap().stdout).unwrap()
    };
    assert!(!run(&[], &[]).contains('\u{1b}'), "no terminal, no colour");
    assert!(!run(&[("NO_COLOR", "1")], &[]).contains('\u{1b}'));
    assert!(run(&[], &["--color", "always"]).contains('\u{1b}'));
}

#[test]
fn each_schema_describes_its_own_command() {
    let run = |arguments: &[&str]| {
        let output = Command::cargo_bin("meshcap").unwrap().arg("schema").args(arguments).output().unwrap();
        let schema: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        schema["required"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    assert!(run(&[]).contains(&"control_plane".to_owned()));
    assert_eq!(run(&[]), run(&["--of", "plan"]));
    assert!(run(&["--of", "latency"]).contains(&"distributions".to_owned()));
}
