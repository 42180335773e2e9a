//! Tables with a time column, and what is odd in them.

use super::*;
use crate::inventory::objects::{MeasuredSeries, Quantity};
use crate::inventory::{Inventory, Measured, assemble};

fn series(content: &str) -> (Vec<MeasuredSeries>, Vec<String>) {
    let reading = read("x.csv", content).unwrap();
    let odd =
        findings(&reading).into_iter().flat_map(|(kind, all)| all.into_iter().map(move |it| format!("{kind} {it}")));
    let odd = odd.collect();
    let series = reading.objects.into_iter().filter_map(|it| match it.object {
        Object::Series(series) => Some(series),
        _ => None,
    });
    (series.collect(), odd)
}

/// A cluster of manifests and tables.
fn assembled(texts: &[(&str, &str)]) -> (Inventory, Vec<String>) {
    let mut objects = Vec::new();
    let mut odd = Vec::new();
    for (name, text) in texts {
        let reading = read(name, text).unwrap();
        odd.extend(reading.findings);
        objects.extend(reading.objects);
    }
    let assembled = assemble(objects);
    odd.extend(assembled.findings);
    (assembled.inventory, odd.into_iter().map(|it| format!("{} {}: {}", it.kind.id, it.subject, it.message)).collect())
}

const SHOP: &str = r#"[
{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"cart","namespace":"shop"},"spec":{"template":{"spec":{"containers":[{"name":"c"}]}}}},
{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"cart-db","namespace":"shop"},"spec":{"template":{"spec":{"containers":[{"name":"c"}]}}}},
{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"twin","namespace":"shop"},"spec":{"template":{"spec":{"containers":[{"name":"c"}]}}}},
{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"twin","namespace":"other"},"spec":{"template":{"spec":{"containers":[{"name":"c"}]}}}}
]"#;

fn of<'a>(inventory: &'a Inventory, name: &str) -> &'a Measured {
    &inventory.workloads.iter().find(|it| &*it.id.name == name).unwrap().measured
}

#[test]
fn columns_are_read_in_their_units() {
    let table = "time,namespace,workload,inbound_rps,app_cpu_milli,proxy_cpu_cores,proxy_memory_mib,throttled,response_p50_ms,response_p99_ms,response_mean_ms\n\
                 2026-01-13T14:48:15Z,shop,cart,12,250,0.125,64,0.12,10,90,15\n";
    let (series, odd) = series(table);
    assert_eq!(odd, Vec::<String>::new());
    let values: Vec<(Quantity, f64)> = series.iter().map(|it| (it.quantity, it.points[0].value)).collect();
    let mib = f64::from(1 << 20);
    assert_eq!(
        values,
        [
            (Quantity::InboundRps, 12.0),
            (Quantity::AppCpu, 0.25),
            (Quantity::ProxyCpu, 0.125),
            (Quantity::ProxyMemory, 64.0 * mib),
            (Quantity::Throttled, 0.12),
            (Quantity::ResponseMean, 0.015),
            (Quantity::ResponseQuantile(990), 0.09),
        ]
    );
    assert!((series[0].points[0].at.as_seconds() - 1_768_315_695.0).abs() < 1e-3);
}

#[test]
fn a_table_without_times_keeps_what_it_says() {
    let table = "namespace,name,inbound_rps,proxy_cpu,response_p95_ms,response_p99_9_ms\nshop,cart,5,200m,80,400\n";
    let (inventory, odd) = assembled(&[("a.json", SHOP), ("b.csv", table)]);
    assert_eq!(odd.iter().filter(|it| it.contains("b.csv")).count(), 0, "{odd:?}");
    let cart = of(&inventory, "cart");
    let tail = cart.response.tail.unwrap();
    assert!((tail.quantile.get() - 0.999).abs() < 1e-12 && tail.moments == 1);
    assert_eq!(tail.at_most, Seconds::new(0.4));
    assert!((cart.proxy_cpu.unwrap().as_millis() - 200.0).abs() < 1e-9);
    assert!(cart.busy.inbound_rps.is_none());
}

#[test]
fn pods_find_their_workloads() {
    let table = "time,pod,app_cpu_milli\n0,cart-5f6585d649-fnmft,100\n0,cart-5f6585d649-abcde,50\n0,cart-db-0,30\n\
                 0,twin-5f6585d649-fnmft,1\n0,unknown-5f6585d649-fnmft,1\n0,cart-x,1\n";
    let (inventory, odd) = assembled(&[("a.json", SHOP), ("b.csv", table)]);
    assert!((of(&inventory, "cart").app_cpu.unwrap().as_millis() - 150.0).abs() < 1e-9);
    assert!((of(&inventory, "cart-db").app_cpu.unwrap().as_millis() - 30.0).abs() < 1e-9);
    assert_eq!(of(&inventory, "twin").app_cpu, None);
    let lost: Vec<&String> = odd.iter().filter(|it| it.contains("measurement-without-workload")).collect();
    assert_eq!(lost.len(), 3, "{odd:?}");
    assert!(lost.iter().any(|it| it.contains("twin") && it.contains("namespace")), "{lost:?}");
    // With the namespace said there is no doubt.
    let said = "time,namespace,pod,app_cpu_milli\n0,other,twin-5f6585d649-fnmft,1\n";
    let (inventory, _) = assembled(&[("a.json", SHOP), ("b.csv", said)]);
    let twin = inventory.workloads.iter().find(|it| &*it.id.namespace == "other").unwrap();
    assert!(twin.measured.app_cpu.is_some());
}

/// A table of Nezha, cut to two rows; the second time stamp is damaged as in the published ones.
#[test]
fn published_tables_are_read_as_they_are() {
    let table = "Time,TimeStamp,PodName,CpuUsage(m),MemoryUsage(Mi),PodServerLatencyP90(s),PodServerLatencyP99(s),PodWorkload(Ops),PodSuccessRate(%)\n\
                 2022-08-22 03:51:19.607158889 +0000 UTC m=+0.113112869,1661140279,cart-5f6585d649-fnmft,1.5,201,0.0123,NaN,5.5,0\n\
                 2022-08-22 03:52:19.589328775 +0000 UTC m=+60.095282755,1861140339,cart-5f6585d649-fnmft,2.5,201,0.0123,0.02,4.5,0\n";
    let (inventory, odd) = assembled(&[("a.json", SHOP), ("b.csv", table)]);
    let cart = of(&inventory, "cart");
    assert!((cart.app_cpu.unwrap().as_millis() - 2.0).abs() < 1e-9);
    assert!((cart.inbound_rps.unwrap().as_per_second() - 5.0).abs() < 1e-9);
    assert_eq!(cart.response.tail.unwrap().at_most, Seconds::new(0.02));
    assert!(odd.iter().any(|it| it.contains("1 cells hold NaN")), "{odd:?}");
    assert!(odd.iter().any(|it| it.contains("TimeStamp") && it.contains("PodSuccessRate")), "{odd:?}");
    assert!(odd.iter().any(|it| it.contains("series-thin")), "{odd:?}");
}

#[test]
fn odd_cells_cost_themselves_and_are_said() {
    for (row, words) in [
        ("noon,cart,5", "\"noon\" is no moment"),
        (",cart,5", "\"\" is no moment"),
        ("0,,5", "the row has none"),
        ("0,cart,-5", "is not possible"),
        ("0,cart,1e300", "is not possible"),
        ("0,cart,inf", "is not possible"),
        ("0,cart,many", "is no number"),
        ("0,cart,NaN", "cells hold NaN"),
        ("1e300,cart,5", "is no moment"),
    ] {
        let (series, odd) = series(&format!("time,name,inbound_rps\n{row}\n60,cart,7\n"));
        assert_eq!(series.len(), 1, "{row}");
        assert_eq!(series[0].points.len(), 1, "{row}");
        assert!(odd.iter().any(|it| it.contains(words)), "{row}: {odd:?}");
    }
    let (_, odd) = series("time,name,inbound_rps,cpu_request\n0,cart,5,100m\n");
    assert!(odd.iter().any(|it| it.contains("cpu_request: not read")), "{odd:?}");
}

#[test]
fn a_run_keeps_no_more_measurements_than_its_limit() {
    let limits = Limits { points: 3, ..Limits::default() };
    let table = "time,name,inbound_rps,outbound_rps\n0,cart,1,1\n1,cart,1,1\n";
    let error = read_bytes("x.csv", table.as_bytes(), &limits).unwrap_err().to_string();
    assert!(error.contains("more than 3 measurements"), "{error}");
}
