//! Measurement tables as they were published.

use std::path::Path;

use meshcap::card::{Conditions, Measurement, published};
use meshcap::finding::Finding;
use meshcap::sources::Input;
use meshcap::sources::observations::{ObservationReading, read_observations};

use crate::shared;

/// Tables with the measurements they give and the figures or rows that are left out.
const TABLES: &[(&str, usize, u64)] = &[
    ("envoy-rig/proxy_memory.csv", 35, 0),
    ("envoy-rig/paced_runs.csv", 140, 22),
    ("envoy-rig/saturated_runs.csv", 0, 18),
    ("istio-published/bench_runs.csv", 376, 760),
    ("istio-published/istiod_by_version.csv", 4, 9),
    ("istio-published/sidecar_resource_by_version.csv", 11, 19),
    ("istio-published/scale_and_field_measurements.csv", 4, 34),
    ("literature/proxy_memory_observed.csv", 16, 9),
    ("literature/envoy_memory_scaling.csv", 0, 29),
    ("literature/envoy_cpu_per_request.csv", 119, 75),
    ("literature/envoy_saturation_curve.csv", 0, 377),
    ("literature/istiod_scaling.csv", 31, 17),
    ("literature/ambient_resource_scaling.csv", 62, 25),
    ("literature/capacity_points.csv", 0, 4),
];

fn read(path: &Path) -> ObservationReading {
    read_observations(&[Input::Path(path.to_owned())]).unwrap()
}

/// Whether a published row says the same as one of a table: the figure, and what was stated beside it. Two tables print
/// MB of an issue under a column of MiB, which is 5 % apart.
fn is_same(table: &Measurement, published: &Measurement) -> bool {
    let close = |a: f64, b: f64, share: f64| (a - b).abs() <= share * a.abs().max(b.abs());
    let stated = |row: &Measurement| match row.conditions {
        Conditions::ProxyCpu(traffic) => traffic.rate.as_per_second(),
        Conditions::ZtunnelCpu(load) => load.rate.as_per_second(),
        Conditions::IstiodMemory(load) | Conditions::IstiodPeakMemory(load) | Conditions::IstiodCpu(load) => {
            load.proxies
        }
        _ => 0.0,
    };
    let is_issue = ["issue", "allegro"].iter().any(|word| table.source.contains(word));
    let share = if is_issue { 0.05 } else { 0.002 };
    close(table.measured, published.measured, share) && close(stated(table), stated(published), 0.02)
}

#[test]
fn every_usable_row_of_the_tables_is_published() {
    let Some(data) = shared::data("every_usable_row_of_the_tables_is_published") else { return };
    let published = published().unwrap();
    let mut missing = Vec::new();
    let mut rows = 0;
    for (table, ..) in TABLES {
        for row in read(&data.join(table)).measurements {
            rows += 1;
            let mut alike = published.iter().filter(|published| published.quantity == row.quantity);
            if !alike.any(|published| is_same(&row, published)) {
                missing.push(format!("{table}, {}, {}: {}", row.label, row.quantity, row.measured));
            }
        }
    }
    println!("{rows} usable rows, {} of them not among {} published", missing.len(), published.len());
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

fn left_out(findings: &[Finding]) -> u64 {
    findings.iter().filter(|finding| finding.kind.id == "measurements-left-out").map(|finding| finding.count).sum()
}

#[test]
fn published_tables_are_read_and_what_is_left_out_is_said() {
    let Some(data) = shared::data("published_tables_are_read_and_what_is_left_out_is_said") else { return };
    let mut found = Vec::new();
    for (table, ..) in TABLES {
        let reading = read(&data.join(table));
        println!("{table}: {} measurements", reading.measurements.len());
        for finding in &reading.findings {
            println!("  {}: {}", finding.kind.id, finding.message);
        }
        found.push((*table, reading.measurements.len(), left_out(&reading.findings)));
    }
    assert_eq!(found, TABLES);
}
