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

/// A matrix with readings a minute apart.
fn matrix(series: &[(&str, &[f64])]) -> String {
    let one = |(labels, values): &(&str, &[f64])| {
        let points: Vec<String> =
            values.iter().enumerate().map(|(at, value)| format!("[{},\"{value}\"]", 1_700_000_000 + 60 * at)).collect();
        format!("{{\"metric\":{{{labels}}},\"values\":[{}]}}", points.join(","))
    };
    let all: Vec<String> = series.iter().map(one).collect();
    format!("{{\"status\":\"success\",\"data\":{{\"resultType\":\"matrix\",\"result\":[{}]}}}}", all.join(","))
}

fn requests(reporter: &str, from: &str, to: &str, code: &str) -> String {
    format!(
        "\"__name__\":\"istio_requests_total\",\"reporter\":\"{reporter}\",\"response_code\":\"{code}\",\
         \"source_workload\":\"{from}\",\"source_workload_namespace\":\"shop\",\
         \"destination_workload\":\"{to}\",\"destination_workload_namespace\":\"shop\""
    )
}

#[test]
fn counters_of_requests_become_rates_once() {
    let (server, failed) =
        (requests("destination", "twin", "cart", "200"), requests("destination", "twin", "cart", "503"));
    let (client, outside) = (requests("source", "twin", "cart", "200"), requests("source", "cart", "cart-db", "200"));
    let unknown = requests("destination", "unknown", "unknown", "200");
    let answer = matrix(&[
        // Both proxies report; the server's was restarted after the third reading.
        (&server, &[600.0, 1200.0, 1800.0, 60.0]),
        (&failed, &[0.0, 60.0, 120.0, 180.0]),
        (&client, &[700.0, 1330.0, 1960.0, 2590.0]),
        (&outside, &[0.0, 120.0, 240.0, 360.0]),
        (&unknown, &[0.0, 6.0, 12.0, 18.0]),
        ("\"__name__\":\"up\"", &[1.0, 1.0, 1.0, 1.0]),
    ]);
    let (inventory, odd) = assembled(&[("a.json", SHOP), ("b.json", &answer)]);
    // (10 + 1, 10 + 1, 1 + 1) a second.
    assert!((of(&inventory, "cart").inbound_rps.unwrap().as_per_second() - 8.0).abs() < 1e-9);
    assert!((of(&inventory, "cart").outbound_rps.unwrap().as_per_second() - 2.0).abs() < 1e-9);
    // Only the client's proxy saw these.
    assert!((of(&inventory, "cart-db").inbound_rps.unwrap().as_per_second() - 2.0).abs() < 1e-9);
    let twin = inventory.workloads.iter().find(|it| &*it.id.namespace == "shop" && &*it.id.name == "twin").unwrap();
    assert!((twin.measured.outbound_rps.unwrap().as_per_second() - 10.5).abs() < 1e-9, "{:?}", twin.measured);
    assert!(odd.iter().any(|it| it.contains("series-not-read") && it.contains("1 of up")), "{odd:?}");
}

#[test]
fn containers_tell_proxies_from_applications() {
    let labels = |metric: &str, container: &str| {
        format!(
            "\"__name__\":\"{metric}\",\"namespace\":\"shop\",\"pod\":\"cart-5f6585d649-fnmft\",\"container\":\"{container}\""
        )
    };
    let (app, proxy) =
        (labels("container_cpu_usage_seconds_total", "c"), labels("container_cpu_usage_seconds_total", "istio-proxy"));
    let whole = labels("container_cpu_usage_seconds_total", "");
    let memory = labels("container_memory_working_set_bytes", "istio-proxy");
    let (throttled, periods) = (
        labels("container_cpu_cfs_throttled_periods_total", "istio-proxy"),
        labels("container_cpu_cfs_periods_total", "istio-proxy"),
    );
    let answer = matrix(&[
        (&app, &[0.0, 30.0, 60.0]),
        (&proxy, &[0.0, 6.0, 12.0]),
        (&whole, &[0.0, 36.0, 72.0]),
        (&memory, &[50e6, 60e6, 70e6]),
        (&throttled, &[0.0, 60.0, 132.0]),
        (&periods, &[0.0, 600.0, 1200.0]),
    ]);
    let (inventory, _) = assembled(&[("a.json", SHOP), ("b.json", &answer)]);
    let cart = of(&inventory, "cart");
    assert!((cart.app_cpu.unwrap().as_cores() - 0.5).abs() < 1e-9);
    assert!((cart.proxy_cpu.unwrap().as_cores() - 0.1).abs() < 1e-9);
    assert!((cart.proxy_memory.unwrap().as_bytes() - 60e6).abs() < 1.0);
    assert!((cart.throttled.unwrap().get() - 0.11).abs() < 1e-9);
}

/// `rate` takes the name away: what falls are rates.
#[test]
fn rates_of_requests_are_taken_as_they_are() {
    let labels = "\"destination_workload\":\"cart\",\"destination_workload_namespace\":\"shop\"";
    let (inventory, _) = assembled(&[("a.json", SHOP), ("b.json", &matrix(&[(labels, &[5.0, 7.0, 3.0])]))]);
    assert!((of(&inventory, "cart").inbound_rps.unwrap().as_per_second() - 5.0).abs() < 1e-9);
    let (inventory, _) = assembled(&[("a.json", SHOP), ("b.json", &matrix(&[(labels, &[0.0, 60.0, 180.0])]))]);
    assert!((of(&inventory, "cart").inbound_rps.unwrap().as_per_second() - 1.5).abs() < 1e-9);
}

#[test]
fn answers_that_measure_nothing_are_refused() {
    check_error("x", matrix(&[("\"__name__\":\"up\"", &[1.0])]), &["an answer of the Prometheus API without"]);
    check_error("x", matrix(&[]), &["an answer of the Prometheus API without"]);
    let cut = matrix(&[(&requests("source", "a", "b", "200"), &[1.0, 2.0])]);
    check_error("x", &cut[..cut.len() - 9], &["broken JSON"]);
    let odd = requests("source", "twin", "cart", "200");
    check_error("x", matrix(&[(&odd, &[f64::NAN, -1.0, f64::INFINITY])]), &["an answer of the Prometheus API without"]);
}

#[test]
fn reads_what_kubectl_top_prints() {
    let top = "NAMESPACE   POD                     NAME          CPU(cores)   MEMORY(bytes)\n\
               shop        cart-5f6585d649-fnmft   c             250m         100Mi\n\
               shop        cart-5f6585d649-fnmft   istio-proxy   30m          60Mi\n\
               shop        cart-5f6585d649-abcde   c             150m         90Mi\n\
               shop        cart-5f6585d649-abcde   helper        lots\n";
    let (inventory, odd) = assembled(&[("a.json", SHOP), ("top.txt", top)]);
    let cart = of(&inventory, "cart");
    assert!((cart.app_cpu.unwrap().as_millis() - 400.0).abs() < 1e-9);
    assert!((cart.proxy_cpu.unwrap().as_millis() - 30.0).abs() < 1e-9);
    assert!((cart.app_memory.unwrap().as_mib() - 190.0).abs() < 1e-9);
    assert!(odd.iter().any(|it| it.contains("is no use of a container")), "{odd:?}");
    check_error("x", "NAME    CPU(cores)   MEMORY(bytes)\ncart-1   5m   6Mi\n", &["without --containers"]);
}
