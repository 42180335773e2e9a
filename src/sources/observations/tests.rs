use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::card::Conditions;
use crate::units::Share;

/// Everything a reading says, line by line.
fn shown(bytes: &[u8]) -> String {
    let reading = match read_observations_bytes("data.csv", bytes) {
        Ok(reading) => reading,
        Err(error) => return error.to_string(),
    };
    let mut text = String::new();
    for row in &reading.measurements {
        let conditions = match row.conditions {
            Conditions::ProxyMemory(held) => format!(
                "{} clusters ({} plain) {} endpoints {} listeners {} routes {} workers {} connections",
                held.clusters,
                held.plain_clusters,
                held.endpoints,
                held.listeners,
                held.routes,
                held.workers,
                held.connections
            ),
            Conditions::ProxyCpu(traffic) => format!(
                "{} rps {} workers mtls {} metrics {} log {}",
                traffic.rate.as_per_second(),
                traffic.workers,
                traffic.features.mtls == Share::ONE,
                traffic.features.metrics == Share::ONE,
                traffic.features.access_log == Share::ONE
            ),
            other => format!("{other:?}"),
        };
        let _ = writeln!(text, "{}|{}|{}|{conditions}|{}", row.quantity, row.group, row.label, row.measured);
    }
    for finding in &reading.findings {
        let _ = writeln!(text, "{}|{}|{}", finding.kind.id, finding.count, finding.message);
    }
    text
}

fn check(text: &str, expected: &[&str]) {
    let shown = shown(text.as_bytes());
    for part in expected {
        assert!(shown.contains(part), "{part:?} in\n{shown}\nof\n{text}");
    }
}

const MEMORY: &str = "clusters,endpoints_per_cluster,listeners,routes,workers,working_set_bytes";
const CPU: &str = "path,workers,target_rps,achieved_rps,payload_bytes,client_proxy_cpu_milli,server_proxy_cpu_milli";

#[test]
fn proxy_memory_is_read_by_its_columns() {
    check(
        &format!(
            "# measured by hand\n\n{MEMORY},tls,open_connections,istio_version,environment,heap_bytes\n\
             100,3,20,110,2,90000000,1,64,1.24,gke,1\n200,3,20,210,2,95000000,0,64,1.24,gke,1\n"
        ),
        &[
            "proxy memory|Istio 1.24, gke|row 4|100 clusters (0 plain) 300 endpoints 20 listeners 110 routes 2 workers 64 connections|90000000",
            "proxy memory|Istio 1.24, gke|row 5|200 clusters (200 plain) 600 endpoints",
            "measurement-columns-not-used|1|not used: heap_bytes",
            "measurement-column-constant|4|endpoints_per_cluster, listeners, workers, open_connections: one value in all rows",
        ],
    );
    check(
        "{\"clusters\": 1, \"endpoints\": 5, \"listeners\": 2, \"routes\": 1, \"workers\": 4, \"rss_bytes\": 60000000}\n",
        &[
            "proxy memory|data.csv|row 1|1 clusters (0 plain) 5 endpoints 2 listeners 1 routes 4 workers 0 connections|60000000",
        ],
    );
}

#[test]
fn proxy_cpu_is_two_measurements_a_row() {
    check(
        &format!(
            "{CPU},envoy_version,machine,p50_us\n\
             no proxy,0,100,100,1024,0,0,1.40.0,quiet,5\n\
             client+server proxy,2,100,99.5,1024,45.3,37,1.40.0,quiet,5\n\
             client+server proxy,2,9000,5000,1024,900,800,1.40.0,quiet,5\n\
             server proxy,2,100,100,1024,,37,1.40.0,quiet,5\n\
             server proxy,2,100,100,102400,,37,1.40.0,quiet,5\n"
        ),
        &[
            "proxy CPU|Envoy 1.40.0, quiet|row 3, client|99.5 rps 2 workers mtls true metrics false log false|0.0453",
            "proxy CPU|Envoy 1.40.0, quiet|row 3, server|99.5 rps 2 workers mtls true metrics false log false|0.037",
            "row 5, server|",
            "measurements-left-out|1|1 of the runs: no proxy on the path (row 2)",
            "measurements-left-out|1|1 of the runs: the target rate was not reached (row 4)",
            "measurements-left-out|1|1 of the runs: payload far above the 1 KiB of the law (row 6)",
            "measurement-columns-not-used|1|not used: p50_us",
        ],
    );
}

#[test]
fn what_is_wrong_is_named_with_row_and_column() {
    let memory = |cells: &str| format!("{MEMORY}\n100,1,1,1,2,90000000\n{cells}\n");
    for (cells, expected) in [
        ("NaN,1,1,1,2,90000000", "data.csv, row 3, column clusters: found \"NaN\", expected a number of 0 or more"),
        ("-5,1,1,1,2,90000000", "column clusters: found \"-5\""),
        ("1.5,1,1,1,2,90000000", "column clusters: found 1.5, expected a whole number"),
        ("1,1,1,1,2,90", "column working_set_bytes: found 90, expected bytes; a proxy holds more than 1 MiB"),
        ("1,1,1,1,2,90 MB", "column working_set_bytes: found \"90 MB\""),
        ("1,1,1,,2,90000000", "column routes: found nothing"),
        ("1,1,1,1,99999999999,90000000", "column workers"),
        ("1,1,1,1,2,inf", "column working_set_bytes"),
    ] {
        check(&memory(cells), &[expected]);
    }
    check(
        &format!("{CPU}\nboth,2,100,100,1024,45300,37\n"),
        &["row 2, column client_proxy_cpu_milli: found 45300, expected thousandths of a core"],
    );
    check(
        &format!("{MEMORY},tls\n1,1,1,1,2,90000000,maybe\n"),
        &["column tls: found \"maybe\", expected 1 or 0, true or false, yes or no"],
    );
}

#[test]
fn names_that_are_close_are_suggested() {
    check(
        &format!("{MEMORY},opn_connections\n1,1,1,1,2,90000000,5\n"),
        &["not used: opn_connections (is open_connections meant?)"],
    );
    check(
        "clusters,endpoints,listeners,routes,workers,working_set_byte\n1,1,1,1,2,90000000\n",
        &["found no such column, but working_set_byte, expected a column working_set_bytes or rss_bytes"],
    );
    check(
        "clusters,endpoints,listeners,routs,workers,rss_bytes\n1,1,1,1,2,90000000\n",
        &["found no such column, but routs, expected a column routes"],
    );
    check("name,colour\na,b\n", &["found a table with the columns name, colour, expected clusters, endpoints"]);
}

#[test]
fn toml_is_read_as_published() {
    let row = "label = \"a\"\nquantity = \"proxy CPU\"\ngroup = \"g\"\nconditions = { rps = 100.0, workers = 2 }\n\
               measured = 5\nunit = \"millicores\"\nsource = \"s\"\ndate = \"2020\"\n";
    check(&format!("# ours\n[[measurement]]\n{row}"), &["proxy CPU|g|a|100 rps 2 workers"]);
    check(&format!("[[measurement]]\n{row}").replace("rps = 100.0, ", ""), &["data.csv", "rps", "data/published"]);
}

#[test]
fn nothing_is_no_table() {
    for (bytes, expected) in [
        (&b""[..], "an empty file"),
        (b"\n\n", "an empty file"),
        (b"clusters\n", "expected"),
        (b"{\"clusters\": 1", "expected one JSON object a line"),
        (b"[1, 2]", "found no object"),
        (b"PAR1PAR1", "Parquet"),
        (b"\x1f\x8b\x08broken", "unexpected end of file"),
    ] {
        let shown = shown(bytes);
        assert!(shown.contains(expected), "{expected:?} in {shown:?} of {bytes:?}");
    }
}

/// Writes a run with its CPU series, and reads it back.
#[expect(clippy::disallowed_methods, reason = "what is read must be written first")]
#[test]
fn fortio_results_are_paired_with_cpu() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let run = |qps: &str, start: &str| {
        format!(
            "{{\"RunType\":\"HTTP\",{start}\"RequestedQPS\":\"{qps}\",\"ActualQPS\":99.9,\"ActualDuration\":20000000000,\
             \"NumThreads\":8,\"DurationHistogram\":{{\"Count\":10,\"Min\":0.001,\"Max\":0.002,\"Sum\":0.015,\"Avg\":0.0015,\
             \"Data\":[{{\"Start\":0.001,\"End\":0.002,\"Percent\":100,\"Count\":10}}]}}}}"
        )
    };
    write("run.json", &run("100", "\"StartTime\":\"2026-01-13T14:48:00Z\","));
    write("bare.json", &run("100", ""));
    write("max.json", &run("max", ""));
    write(
        "cpu.csv",
        "timestamp,cpu_cores\n2026-01-13T14:47:59Z,9\n2026-01-13T14:48:05Z,0.04\n2026-01-13T14:48:15Z,0.06\n2026-01-13T14:48:21Z,9\n",
    );
    write("seconds.csv", "seconds,cpu_milli\n0,40\n20,50\n21,9000\n");
    let table = |rows: &str| {
        let path = write("runs.csv", rows);
        read_observations(&[Input::Path(path)])
    };
    let reading = table(
        "fortio,workers,client_cpu_series,server_proxy_cpu_milli,istio_version\n\
         run.json,2,cpu.csv,30,1.24\nbare.json,2,seconds.csv,30,1.24\nmax.json,2,seconds.csv,30,1.24\n",
    )
    .unwrap();
    let read: Vec<_> = reading.measurements.iter().map(|row| (&*row.label, (row.measured * 1e6).round())).collect();
    let expected = [
        ("row 2, client", 50_000.0),
        ("row 2, server", 30_000.0),
        ("row 3, client", 45_000.0),
        ("row 3, server", 30_000.0),
    ];
    assert_eq!(read, expected);
    assert!(reading.findings.iter().any(|finding| finding.message.contains("closed loop")), "{:?}", reading.findings);
    for (rows, expected) in [
        ("fortio,workers,client_cpu_series\nbare.json,2,cpu.csv\n", "has no StartTime"),
        ("fortio,workers,client_cpu_series\nabsent.json,2,cpu.csv\n", "no such file"),
        ("fortio,workers\nrun.json,2\n", "expected a column client_proxy_cpu_milli"),
    ] {
        let error = table(rows).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected:?} in {error}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _answered = read_observations_bytes("any", &bytes);
    }

    #[test]
    fn any_cells_are_answered(kind in 0usize..4, cells in prop::collection::vec("[-0-9a-zA-Z.e\", ]{0,12}", 0..40)) {
        let headers = [
            MEMORY,
            CPU,
            "dataset,telemetry_mode,sidecar_placement,target_qps,actual_qps,server_proxy_cpu_avg_milli",
            "row_id,sidecars_per_istiod,services,istiod_cpu_cores_each,istiod_mem_gb_each,push_or_convergence",
        ];
        let header = headers[kind];
        let width = header.split(',').count();
        let rows: Vec<String> = cells.chunks(width).map(|row| row.join(",")).collect();
        let _answered = read_observations_bytes("any", format!("{header}\n{}\n", rows.join("\n")).as_bytes());
    }

    #[test]
    fn rows_kept_and_left_out_add_up(rates in prop::collection::vec((0u32..2000, 0u32..2000, 0u32..3), 1..30)) {
        let mut text = format!("{CPU}\n");
        for (target, achieved, path) in &rates {
            let path = if *path == 0 { "no proxy" } else { "both" };
            let _ = writeln!(text, "{path},2,{target},{achieved},1024,5,6");
        }
        let reading = read_observations_bytes("any", text.as_bytes()).unwrap();
        let is_left_out = |finding: &&Finding| finding.kind.id == "measurements-left-out";
        let left_out: u64 = reading.findings.iter().filter(is_left_out).map(|finding| finding.count).sum();
        prop_assert_eq!(reading.measurements.len() as u64 + 2 * left_out, 2 * rates.len() as u64);
    }
}
