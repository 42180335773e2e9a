//! Call graphs of every kind: what is made of them, and what is refused.

use proptest::prelude::*;

use super::super::InputError;
use super::super::latency::{LatencyOptions, read_latency_bytes};
use super::{PathReading, read_path_bytes};
use crate::composition::{Call, Path};
use crate::measurement::Measurement;
use crate::units::{Quantile, Seconds, Share};

const WRITTEN: &str = r#"
[services.web]
constant = "1ms"
calls = [{ to = "cart", parallel = "a" }, { to = "ads", parallel = "a", probability = 0.5 }, { to = "cart", times = 2 }]
[services.cart]
constant = "2ms"
[services.ads]
p50 = "3ms"
p99 = "9ms"
shape = "log-normal"
"#;

const EDGES: &str = "from,to,calls_per_request,probability,parallel,includes_callees\nweb,cart,2,,page,false\nweb,ads,1,0.5,page,false\ncart,store,1.5,,,false\n";

const PAIRS: &str = "traceId,traceTime,startTime,endTime,parentId,childId,childOperation,parentOperation,childMS,childPod,parentMS,parentPod,parentDuration,childDuration
t1,0,1000,3000,r,a,get,page,cart,cart,web,web,10000,2000
t1,0,1500,1700,a,b,find,get,cart,cart,cart,cart,2000,200
t1,0,1800,2300,a,c,find,get,store,store,cart,cart,2000,500
t1,0,4000,7000,r,d,get,page,ads,ads,web,web,10000,3000
t1,0,5000,9000,r,e,get,page,stock,stock,web,web,10000,4000
";

const JAEGER: &str = r#"{"data":[{"traceID":"t","processes":{"p1":{"serviceName":"web"},"p2":{"serviceName":"cart"}},"spans":[
 {"spanID":"a","processID":"p1","references":[],"startTime":0,"duration":10000},
 {"spanID":"b","processID":"p1","references":[{"refType":"CHILD_OF","traceID":"t","spanID":"a"}],"startTime":1000,"duration":4000},
 {"spanID":"c","processID":"p2","references":[{"refType":"CHILD_OF","traceID":"t","spanID":"b"}],"startTime":2000,"duration":2000}]}]}"#;

const ZIPKIN: &str = r#"[[{"traceId":"t","id":"a","kind":"SERVER","timestamp":1,"duration":10000,"localEndpoint":{"serviceName":"web"}},
 {"traceId":"t","id":"b","parentId":"a","kind":"CLIENT","timestamp":1000,"duration":4000,"localEndpoint":{"serviceName":"web"}},
 {"traceId":"t","id":"b","parentId":"a","kind":"SERVER","timestamp":2000,"duration":2000,"localEndpoint":{"serviceName":"cart"},"shared":true}]]"#;

fn istio() -> String {
    let mut text = String::from("# TYPE istio_requests_total counter\n");
    let mut edge = |reporter: &str, from: &str, to: &str, count: u32| {
        let labels = format!(
            "reporter=\"{reporter}\",source_workload=\"{from}\",source_workload_namespace=\"shop\",destination_workload=\"{to}\",destination_workload_namespace=\"shop\""
        );
        text += &format!("istio_requests_total{{{labels}}} {count}\n");
        for (bound, share) in [("5", 2), ("10", 1), ("+Inf", 1)] {
            text +=
                &format!("istio_request_duration_milliseconds_bucket{{{labels},le=\"{bound}\"}} {}\n", count / share);
        }
    };
    for reporter in ["source", "destination"] {
        edge(reporter, "gateway", "web", 100);
        edge(reporter, "web", "cart", 200);
        edge(reporter, "web", "ads", 50);
    }
    text
}

fn named(names: &[&str]) -> Vec<Measurement> {
    let read = |name: &&str| {
        let file = format!("runs/{name}.csv");
        read_latency_bytes(&file, b"latency_ms\n2\n2\n2\n", &LatencyOptions::default()).unwrap().measurements.remove(0)
    };
    names.iter().map(read).collect()
}

fn read(text: &str, measured: &[Measurement]) -> Result<PathReading, InputError> {
    read_path_bytes("shop", text.as_bytes(), measured, &LatencyOptions::default())
}

fn refuse(text: &str, measured: &[Measurement], expected: &str) {
    let message = read(text, measured).unwrap_err().to_string();
    assert!(message.contains(expected), "{message}");
}

/// Calls of a service, step by step: `cart×2 | ads 50 %`.
fn calls(reading: &PathReading, service: &str) -> String {
    let call = |call: &Call| {
        let times = if call.times == 1.0 { String::new() } else { format!("×{}", call.times) };
        let fan_out = if call.fan_out == 1 { String::new() } else { format!("*{}", call.fan_out) };
        let chance = if call.chance.get() < 1.0 { format!(" {} %", call.chance.get() * 100.0) } else { String::new() };
        format!("{}{times}{fan_out}{chance}", call.to)
    };
    let steps = &reading.graph.service(service).unwrap().steps;
    steps.iter().map(|step| step.calls.iter().map(call).collect::<Vec<_>>().join(" + ")).collect::<Vec<_>>().join(" | ")
}

fn composed(reading: &PathReading) -> Path {
    reading.graph.compose("test").unwrap()
}

/// The median of a service's own time in milliseconds.
fn own(reading: &PathReading, service: &str) -> f64 {
    let own = &reading.graph.service(service).unwrap().time;
    own.quantile(Quantile::literal(0.5)).value.as_seconds() * 1000.0
}

fn close(found: f64, expected: f64) {
    assert!((found / expected - 1.0).abs() < 0.005, "{found} for {expected}");
}

#[test]
fn graphs_written_by_hand() {
    let reading = read(WRITTEN, &[]).unwrap();
    assert_eq!(reading.graph.root(), "web");
    assert_eq!(calls(&reading, "web"), "cart + ads 50 % | cart×2");
    close(own(&reading, "ads"), 3.0);
    let slow = reading.graph.service("ads").unwrap().time.quantile(Quantile::literal(0.99)).value;
    close(slow.as_seconds(), 0.009);
    let path = composed(&reading);
    let least = path.response.quantile(Quantile::literal(0.01)).unwrap().independent.value;
    close(least.as_seconds(), 0.007);
    refuse(&WRITTEN.replace("\"1ms\"", "\"1\""), &[], "constant = \"1\", expected a duration with its unit");
    let misspelt = WRITTEN.replace("to = \"ads\"", "to = \"adds\"");
    refuse(&format!("root = \"web\"\n{misspelt}"), &[], "\"adds\", called by web");
    refuse(&WRITTEN.replace("probability = 0.5", "probability = 1.5"), &[], "1.5 is not a share");
    refuse(&WRITTEN.replace("times = 2", "tines = 2"), &[], "shop:4");
    refuse(&WRITTEN.replace("p99 = \"9ms\"", "p99 = \"2ms\""), &[], "percentiles that fit no log-normal");
    refuse(
        &WRITTEN.replace("constant = \"2ms\"", "constant = \"2ms\"\nfile = \"x.json\""),
        &[],
        "several kinds of time",
    );
    refuse(&WRITTEN.replace("constant = \"2ms\"", "file = \"no-such.json\""), &[], "no such file");
    refuse(&WRITTEN.replace("constant = \"2ms\"", ""), &[], "service cart: found no measurement");
    refuse(&WRITTEN.replace("constant = \"1ms\"", "p50 = \"1ms\""), &[], "expected includes_callees");
    refuse(&format!("{WRITTEN}[services.other]\nconstant = \"1ms\"\n"), &[], "2 services that none calls (other, web)");
    let with_file = WRITTEN.replace("constant = \"2ms\"", "");
    close(own(&read(&with_file, &named(&["cart"])).unwrap(), "cart"), 2.0);
}

#[test]
fn retries_and_timeouts_written_by_hand() {
    let call = "{ to = \"cart\", times = 2, timeout = \"80ms\", optional = true, retries = { count = 2, per_try = \"20ms\", backoff = \"5ms\", factor = 2, failing = 0.1 } }";
    let reading = read(&WRITTEN.replace("{ to = \"cart\", times = 2 }", call), &[]).unwrap();
    let call = &reading.graph.service("web").unwrap().steps[1].calls[0];
    let retry = call.retry.unwrap();
    assert_eq!((retry.attempts, retry.per_try), (3, Some(Seconds::from_millis(20.0))));
    assert_eq!(
        (retry.failing, call.timeout, call.optional),
        (Share::literal(0.1), Some(Seconds::from_millis(80.0)), true)
    );
    let cart = composed(&reading).parts.iter().find(|part| part.service == "cart").unwrap().calls.value;
    close(cart, 1.0 + 2.0 * 1.11);
}

#[test]
fn tables_of_edges() {
    let measured = named(&["web", "cart", "ads", "store"]);
    let reading = read(EDGES, &measured).unwrap();
    assert_eq!(calls(&reading, "web"), "cart×2 + ads 50 %");
    assert_eq!(calls(&reading, "cart"), "store×1.5");
    refuse(EDGES, &named(&["web", "cart", "ads"]), "service store: found no measurement");
    refuse(
        &EDGES.replace(",includes_callees", "").replace(",false", ""),
        &measured,
        "expected a column includes_callees",
    );
    refuse(
        &EDGES.replace("ads,1,0.5,page,false", "ads,1,0.5,page,true"),
        &measured,
        "shop:3: found includes_callees true for web",
    );
    refuse(&EDGES.replace("cart,2", "cart,two"), &measured, "shop:2: found calls_per_request \"two\"");
    refuse(&EDGES.replace("cart,store", "cart,web"), &measured, "0 services that none calls");
    let circle = format!("{EDGES}store,cart,1,,,false\n");
    refuse(&circle, &measured, "a circle of calls cart → store → cart");
}

/// web waits 2 ms for cart, then 5 ms for ads and stock, which overlap: 3 of 10 ms are its own. Of cart's 2 ms
/// a half is the store's.
#[test]
fn pairs_of_spans() {
    let reading = read(PAIRS, &[]).unwrap();
    assert_eq!(calls(&reading, "web"), "cart | ads + stock");
    assert_eq!(calls(&reading, "cart"), "store");
    for (service, millis) in [("web", 3.0), ("cart", 1.5), ("store", 0.5), ("ads", 3.0), ("stock", 4.0)] {
        close(own(&reading, service), millis);
    }
    let measured = reading.measured.as_ref().unwrap();
    close(measured.quantile(Quantile::literal(0.5)).value.as_seconds(), 0.01);
    assert!(reading.findings.iter().any(|finding| finding.kind.id == "path-few-traces"));
    refuse(
        &PAIRS.replace("r,d,get", "d,d,get").replace("10000,4000", "10000,x"),
        &[],
        "shop:6: found childDuration \"x\"",
    );
}

#[test]
fn traces_of_jaeger_and_zipkin() {
    for traces in [JAEGER, ZIPKIN] {
        let reading = read(traces, &[]).unwrap();
        assert_eq!((reading.graph.root(), calls(&reading, "web").as_str()), ("web", "cart"));
        close(own(&reading, "web"), 8.0);
        close(own(&reading, "cart"), 2.0);
    }
    refuse("{\"data\":[{\"spans\":[]}]}", &[], "traces without spans");
    refuse("{\"data\":[{\"spans\":[", &[], "the end of the file");
    refuse("{\"other\":1}", &[], "JSON of another kind");
}

/// A call that ends after its caller is not waited for; one that is made twice at once is a fan-out.
#[test]
fn late_calls_and_fan_outs() {
    let span = |id: &str, parent: &str, service: &str, start: u32, duration: u32| {
        let parent = if parent.is_empty() { String::new() } else { format!("\"parentId\":\"{parent}\",") };
        format!(
            "{{\"traceId\":\"t\",\"id\":\"{id}\",{parent}\"timestamp\":{start},\"duration\":{duration},\"localEndpoint\":{{\"serviceName\":\"{service}\"}}}}"
        )
    };
    let spans = [
        span("a", "", "web", 1000, 1000),
        span("b", "a", "shard", 1100, 300),
        span("c", "a", "shard", 1200, 300),
        span("d", "a", "mail", 1900, 5000),
    ];
    let reading = read(&format!("[{}]", spans.join(",")), &[]).unwrap();
    assert_eq!(calls(&reading, "web"), "shard*2");
    close(own(&reading, "web"), 0.5);
    let late = reading.findings.iter().find(|finding| finding.kind.id == "path-calls-not-waited-for").unwrap();
    assert!(late.message.contains("web → mail"), "{late:?}");
}

#[test]
fn metrics_of_istio() {
    let reading = read(&istio(), &[]).unwrap();
    assert_eq!(reading.graph.root(), "shop/gateway");
    assert_eq!(calls(&reading, "shop/gateway"), "shop/web");
    assert_eq!(calls(&reading, "shop/web"), "shop/ads×0.5 | shop/cart×2");
    let ids: Vec<&str> = reading.findings.iter().map(|finding| finding.kind.id).collect();
    assert!(ids.contains(&"path-own-time-unknown") && ids.contains(&"path-calls-assumed"), "{ids:?}");
    let path = composed(&reading);
    let counts: Vec<f64> = ["shop/web", "shop/cart", "shop/ads"]
        .map(|name| path.parts.iter().find(|part| part.service == name).unwrap().calls.value)
        .into();
    assert_eq!(counts, [1.0, 2.0, 0.5]);
    let median = path.response.quantile(Quantile::literal(0.5)).unwrap().interval;
    assert!(median.upper <= Seconds::from_millis(5.02), "web's own measurement, its calls within: {median:?}");
    let answer = r#"{"data":{"result":[{"metric":{"__name__":"istio_requests_total","reporter":"source","source_workload":"a","destination_workload":"b"},"value":[1,"50"]}]}}"#;
    let reading = read(answer, &named(&["b"])).unwrap();
    assert_eq!(calls(&reading, "a"), "b");
    refuse(&answer.replace("source_workload", "from"), &[], "no requests between two workloads");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn changed_and_cut_files_never_panic(which in 0..6_usize, at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let istio = istio();
        let text = [WRITTEN, EDGES, PAIRS, JAEGER, ZIPKIN, istio.as_str()][which];
        let measured = named(&["web", "cart", "ads", "store"]);
        let mut bytes = text.as_bytes().to_vec();
        let position = at.index(bytes.len());
        bytes[position] = byte;
        let options = LatencyOptions::default();
        for bytes in [&bytes[..], &bytes[..cut.index(bytes.len())]] {
            if let Ok(reading) = read_path_bytes("shop", bytes, &measured, &options) {
                prop_assert!(reading.graph.service(reading.graph.root()).is_some());
            }
        }
    }
}
