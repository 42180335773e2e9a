//! Readers against small inputs, good and bad.

use std::fmt::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use hdrhistogram::serialization::{Serializer, V2DeflateSerializer, V2Serializer};
use proptest::prelude::*;

/// An own input by its name in `data/latency`.
macro_rules! own {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/latency/", $name)).as_slice()
    };
}

mod hostile;
mod native;
mod scrape;
mod window;

use super::*;
use crate::measurement::{Histogram, Measurement};
use crate::units::Quantile;

fn read(content: impl AsRef<[u8]>) -> Result<LatencyReading, InputError> {
    read_latency_bytes("input", content.as_ref(), &LatencyOptions::default())
}

/// Reads a content as a kind and says `samples p50 p99` of each measurement, times in ms.
fn check(content: impl AsRef<[u8]>, kind: &str, expected: &[(u64, f64, f64)]) {
    let reading = read(&content).unwrap_or_else(|error| panic!("{kind}: {error}"));
    let figures = |measurement: &Measurement| {
        let at = |quantile| measurement.distribution.quantile(Quantile::literal(quantile)).value.as_seconds() * 1e3;
        assert_eq!(measurement.format, kind);
        (measurement.distribution.samples().unwrap_or_default(), at(0.5), at(0.99))
    };
    let found: Vec<_> = reading.measurements.iter().map(figures).collect();
    assert_eq!(found.len(), expected.len(), "{kind}: {found:?}");
    for (found, expected) in found.iter().zip(expected) {
        let close = |a: f64, b: f64| (a - b).abs() <= b * 1e-3 + 1e-6;
        assert!(
            found.0 == expected.0 && close(found.1, expected.1) && close(found.2, expected.2),
            "{kind}: {found:?}, expected {expected:?}"
        );
    }
}

/// The error names the place and what was found.
fn refuse(content: impl AsRef<[u8]>, expected: &str) {
    match read(&content) {
        Ok(reading) => panic!("read {:?}, expected an error with {expected:?}", reading.measurements),
        Err(error) => assert!(error.to_string().contains(expected), "{error}, expected {expected:?}"),
    }
}

fn noticed(content: impl AsRef<[u8]>, kind: &str) -> String {
    let findings = read(content).unwrap().findings;
    let found = findings.iter().find(|finding| finding.kind.id == kind);
    found.unwrap_or_else(|| panic!("{findings:?}, expected {kind}")).message.clone()
}

const FORTIO: &str = r#"{"RunType":"HTTP","RequestedQPS":"max","ActualQPS":10,"ActualDuration":1000000000,"NumThreads":2,
"DurationHistogram":{"Count":100,"Min":0.001,"Max":0.003,"Sum":0.15,"Percentiles":null,
"Data":[{"Start":0.001,"End":0.002,"Percent":50,"Count":50},{"Start":0.002,"End":0.003,"Percent":100,"Count":50}]},"RetCodes":{"200":99,"503":1}}"#;

#[test]
fn results_of_load_tools() {
    check(FORTIO, "fortio", &[(100, 2.0, 2.98)]);
    check(format!("[{FORTIO},{FORTIO}]"), "fortio", &[(100, 2.0, 2.98), (100, 2.0, 2.98)]);
    check(
        r#"{"latencies":{"total":5000000,"mean":5000000,"50th":4000000,"90th":8000000,"95th":9000000,"99th":9500000,"max":10000000,"min":1000000},"requests":1000,"rate":100,"duration":10000000000,"success":1}"#,
        "vegeta",
        &[(1000, 4.0, 9.5)],
    );
    check(
        "Value(ms)  Percentile  TotalCount  1/(1-Percentile)\n1.0 0.0 1 1.0\n2.0 0.5 50 2.0\n4.0 0.99 99 100.0\n5.0 1.0 100 inf\n",
        "hgrm",
        &[(100, 2.0, 4.0)],
    );
    check(
        "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset\n0.0040,0,0,0,0,0,200,0.1\n0.0040,0,0,0,0,0,503,0.2\n",
        "hey",
        &[(2, 4.0, 4.0)],
    );
}

/// Columns as `locust/stats.py` writes them.
#[test]
fn statistics_of_locust() {
    let header = "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,Max Response Time,Average Content Size,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%\n";
    let rows = "GET,\"/items, all\",1000,3,20,25.5,8.1,412.7,5120.0,33.3,0.1,20,24,27,30,41,60,98,140,390,410,410\nPOST,/cart,0,0,0,0.0,0,0,0.0,0.0,0.0,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A\n";
    let aggregated = ",Aggregated,1000,3,20,25.5,8.1,412.7,5120.0,33.3,0.1,20,24,27,30,41,60,98,140,390,410,410\n";
    let statistics = format!("{header}{rows}{aggregated}");
    check(&statistics, "locust", &[(1000, 20.0, 140.0)]);
    assert!(noticed(&statistics, "latency-no-samples").contains("no samples"));
    let load = &read(&statistics).unwrap().measurements[0].load;
    assert_eq!((load.failures, load.rate.map(|rate| rate.as_per_second())), (Some(3), Some(33.3)));
    check(format!("{header}{aggregated}"), "locust", &[(1000, 20.0, 140.0)]);
    let history = read(own!("webshop-locust_stats_history.csv")).unwrap();
    let last = &history.measurements[0];
    assert_eq!((last.distribution.samples(), last.load.failures, last.load.connections), (Some(40), Some(2), Some(8)));
}

#[test]
fn streams_of_samples() {
    let k6 = "metric_name,timestamp,metric_value,check\nhttp_reqs,1,1.0,\nhttp_req_duration,1,20.000000,\nhttp_req_duration,2,30.000000,\nhttp_req_waiting,2,9.0,\n";
    check(k6, "k6", &[(2, 20.0, 30.0)]);
    let ndjson = "{\"metric\":\"http_req_duration\",\"type\":\"Metric\",\"data\":{\"name\":\"http_req_duration\"}}\n{\"metric\":\"http_req_duration\",\"type\":\"Point\",\"data\":{\"time\":\"t\",\"value\":20.0,\"tags\":{\"expected_response\":\"false\"}}}\n";
    check(ndjson, "k6", &[(1, 20.0, 20.0)]);
    let jtl = "timeStamp,elapsed,label,responseMessage,success\n1,20,a,\"two\nlines, \"\"quoted\"\"\",true\n2,30,a,OK,false\n";
    check(jtl, "jmeter", &[(2, 20.0, 30.0)]);
    let xml = "<?xml version=\"1.0\"?>\n<testResults version=\"1.2\">\n<httpSample t=\"20\" lt=\"3\" s=\"true\"/>\n<httpSample t=\"30\" s=\"false\">\n<httpSample t=\"29\" s=\"true\"/>\n</httpSample></testResults>\n";
    check(xml, "jmeter", &[(2, 20.0, 30.0)]);
    for plain in
        ["latency_ms\n20\n30\n", "20ms\n30ms\n", "id,duration (us)\na,20000\nb,30000\n", "latency\n20ms\n0.03s\n"]
    {
        check(plain, "csv", &[(2, 20.0, 30.0)]);
    }
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    std::io::Write::write_all(&mut packed, k6.as_bytes()).unwrap();
    check(packed.finish().unwrap(), "k6", &[(2, 20.0, 30.0)]);
}

#[test]
fn scrapes_and_answers() {
    let buckets = "# TYPE t_seconds histogram\nt_seconds_bucket{le=\"0.1\",path=\"a}\\\"b\"} 50\nt_seconds_bucket{le=\"0.2\",path=\"a}\\\"b\"} 100 # {trace=\"x\"} 0.1\nt_seconds_bucket{le=\"+Inf\",path=\"a}\\\"b\"} 100\n";
    check(buckets, "prometheus", &[(100, 100.0, 198.0)]);
    let vector = r#"{"status":"success","data":{"resultType":"vector","result":[
        {"metric":{"__name__":"t_seconds_bucket","le":"0.1"},"value":[1,"50"]},{"metric":{"__name__":"t_seconds_bucket","le":"+Inf"},"value":[1,"50"]}]}}"#;
    check(vector, "prometheus", &[(50, 50.0, 99.0)]);
    let matrix = r#"{"status":"success","data":{"resultType":"matrix","result":[
        {"metric":{"__name__":"t_ms_bucket","le":"10"},"values":[[1,"100"],[2,"150"],[3,"20"],[4,"50"]]}]}}"#;
    check(matrix, "prometheus", &[(100, 5.0, 9.9)]);
    assert!(noticed(matrix, "latency-counter-reset").contains("t_ms_bucket"));
    let native = r#"{"status":"success","data":{"resultType":"vector","result":[
        {"metric":{"__name__":"t_seconds"},"histogram":[1,{"count":"4","sum":"1","buckets":[[0,"0.1","0.2","2"],[0,"0.2","0.4","2"]]}]}]}}"#;
    check(native, "prometheus", &[(4, 200.0, 396.0)]);
    let fallen = "t_seconds_bucket{le=\"0.1\"} 50\nt_seconds_bucket{le=\"0.2\"} 40\n# TYPE u_seconds histogram\nu_seconds_bucket{le=\"1\"} 10\n";
    assert!(noticed(fallen, "latency-buckets-fall").contains("t_seconds"));
}

#[test]
fn reporters_are_kept_apart() {
    let mut scrape = String::from("# TYPE istio_request_duration_milliseconds histogram\n");
    for (reporter, code) in [("source", 200), ("source", 503), ("destination", 200)] {
        for (bound, count) in [("10", 5), ("+Inf", 10)] {
            let _ = writeln!(
                scrape,
                "istio_request_duration_milliseconds_bucket{{reporter=\"{reporter}\",response_code=\"{code}\",destination_workload=\"cart\",destination_workload_namespace=\"shop\",le=\"{bound}\"}} {count}"
            );
        }
    }
    let reading = read(&scrape).unwrap();
    let counts: Vec<_> =
        reading.measurements.iter().map(|one| (one.reported.clone().unwrap().1, one.distribution.samples())).collect();
    let about = "istio_request_duration_milliseconds shop/cart".to_owned();
    assert_eq!(counts, [(about.clone(), Some(20)), (about, Some(10))]);
}

fn histogram(values: &[u64], digits: u8) -> Histogram<u64> {
    let mut histogram = Histogram::new(digits).unwrap();
    values.iter().for_each(|value| histogram.record(*value).unwrap());
    histogram
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |bits: u32| char::from(DIGITS[(bits & 63) as usize]);
    let group = |group: &[u8]| {
        let bits = group.iter().chain([0, 0].iter()).take(3).fold(0, |bits, byte| bits << 8 | u32::from(*byte));
        let digits: String =
            [bits >> 18, bits >> 12, bits >> 6, bits].map(digit).iter().take(group.len() + 1).collect();
        format!("{digits:=<4}")
    };
    bytes.chunks(3).map(group).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn binary_histograms_come_back(values in prop::collection::vec(0_u64..1 << 40, 1..50), digits in 1_u8..=4) {
        let histogram = histogram(&values, digits);
        let (mut plain, mut packed) = (Vec::new(), Vec::new());
        V2Serializer::new().serialize(&histogram, &mut plain).unwrap();
        V2DeflateSerializer::new().serialize(&histogram, &mut packed).unwrap();
        let log = format!("\"StartTimestamp\",\"Interval_Length\"\n0.1,1.0,0.5,{}\nTag=A,1.1,1.0,0.5,{}\n", base64(&packed), base64(&packed));
        for bytes in [&plain, &packed, &base64(&packed).into_bytes(), &log.into_bytes()] {
            let reading = read(bytes).unwrap();
            for measurement in reading.measurements {
                prop_assert_eq!(measurement.distribution.histogram().unwrap().0, &histogram);
            }
        }
    }
}

/// Own inputs of every kind that has a file.
const OWN: [(&str, &[u8]); 17] = [
    ("csv", own!("webshop-baseline.csv")),
    ("csv", own!("webshop-timed.csv")),
    ("fortio", own!("webshop-baseline.fortio.json")),
    ("hdr", own!("webshop.hdr")),
    ("hlog", own!("webshop.hlog")),
    ("jmeter", own!("webshop-jmeter.jtl")),
    ("k6", own!("webshop-k6.csv")),
    ("k6", own!("webshop-k6.ndjson")),
    ("locust", own!("webshop-locust_stats_history.csv")),
    ("prometheus", own!("webshop-istio.prom")),
    ("prometheus", own!("webshop-native.pb")),
    ("prometheus", own!("webshop-openmetrics.txt")),
    ("prometheus", own!("webshop-range.json")),
    ("prometheus", own!("webshop-native-range.json")),
    ("vegeta", own!("webshop-vegeta.ndjson")),
    ("vegeta", own!("webshop-vegeta.csv")),
    ("wrk", own!("webshop-baseline.wrk.txt")),
];

/// One small input of each kind.
const GOOD: [&str; 12] = [
    FORTIO,
    r#"{"summary":{"fastest":0.001,"slowest":0.01,"average":0.003},"responseTimeHistogram":{"0.001":1,"0.01":9},"latencyPercentiles":{"p50":0.003,"p99":0.009},"errorDistribution":{}}"#,
    r#"{"root_group":{},"metrics":{"http_reqs":{"count":100,"rate":10},"http_req_duration":{"avg":2,"min":1,"med":2,"max":9,"p(90)":5,"p(95)":6}}}"#,
    r#"{"results":[{"name":"global","statistics":[{"count":"2","id":"x","percentiles":[{"percentile":0.5,"count":"1","duration":"0.001s"},{"percentile":1,"count":"2","duration":"0.002s"}],"mean":"0.0015s","pstdev":"0.0005s","min":"0.001s","max":"0.002s"}]}]}"#,
    "Running 30s test @ http://x\n  2 threads and 10 connections\n    Latency     5.90ms    5.95ms  93.07ms   91.58%\n  Latency Distribution\n     50%    4.35ms\n     99%   32.50ms\n  60729 requests in 30.02s, 21.66MB read\nRequests/sec:   2023.13\n",
    "Requests      [total, rate, throughput]         300, 100.00, 100.00\nLatencies     [min, mean, 50, 99, max]  567.173µs, 992.204µs, 973.523µs, 1.727ms, 17.94ms\nSuccess       [ratio]                           100.00%\n",
    "Summary:\n  Slowest:\t0.2524 secs\n  Fastest:\t0.0013 secs\n\nResponse time histogram:\n  0.001 [1] |\n  0.252 [99] |\n\nResponse time distribution:\n  50.00% in 0.0017 secs\n  99.00% in 0.0665 secs\n",
    "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,Max Response Time,Requests/s,50%,99%,100%\nGET,/,100,0,20,21,3,90,5.0,20,80,90\n,Aggregated,100,0,20,21,3,90,5.0,20,80,90\n",
    "Value Percentile TotalCount 1/(1-Percentile)\n1.0 0.0 1 1.0\n2.0 0.5 50 2.0\n5.0 1.0 100 inf\n#[Mean = 2.0, StdDeviation = 1.0]\n",
    "timeStamp,elapsed,label,success\n1,20,a,true\n2,30,b,false\n",
    "# TYPE t_seconds histogram\nt_seconds_bucket{le=\"0.1\"} 50\nt_seconds_bucket{le=\"+Inf\"} 60\nt_seconds_sum 9\n",
    r#"{"data":{"result":[{"metric":{"__name__":"t_seconds_bucket","le":"0.1"},"values":[[1,"50"],[2,"70"]]}]}}"#,
];

#[test]
fn every_kind_is_recognised_without_its_name() {
    for (content, kind) in GOOD.iter().zip([
        "fortio",
        "oha",
        "k6",
        "nighthawk",
        "wrk",
        "vegeta",
        "oha",
        "locust",
        "hgrm",
        "jmeter",
        "prometheus",
        "prometheus",
    ]) {
        let reading = read(content).unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert_eq!(reading.measurements.first().map(|one| one.format), Some(kind));
    }
}

#[test]
fn every_own_file_is_recognised() {
    for (kind, content) in OWN {
        let reading = read(content).unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert_eq!(reading.measurements.first().map(|one| one.format), Some(kind));
    }
}

/// Contents that mention another tool are still what they are.
#[test]
fn the_shape_decides_and_not_a_word() {
    let scrape =
        "# TYPE t_seconds histogram\nt_seconds_bucket{pod=\"cart-7d9k6x\",tool=\"wrk Running\",le=\"+Inf\"} 60\n";
    assert_eq!(read(scrape).unwrap().measurements[0].format, "prometheus");
    let one = br#"{"attack":"","seq":0,"code":200,"timestamp":"2026-01-13T14:48:15Z","latency":3776000}"#;
    assert_eq!(read(one).unwrap().measurements[0].format, "vegeta");
    let gob = b"\x7f\x7f\x03\x01\x01\x06Result\x01\xff\x80\x00\x01\x0b\x01\x06Attack\x01\x0c\x00\x01\x09Timestamp\x01\xff\x82\x00\x01\x07Latency\x01\x04\x00";
    refuse(gob, "`vegeta encode --to csv`");
    refuse(b"\x00\x01\x02 latency\n3\n", "bytes beginning");
}

#[test]
fn bad_input_is_named_with_its_place() {
    refuse("", "an empty file");
    refuse("once upon a time\n", "text beginning \"once upon a time\"");
    refuse(FORTIO.split_at(200).0, "the end of the file");
    refuse(FORTIO.replace("\"Start\":0.002", "\"Start\":0.0005"), "DurationHistogram.Data[1]");
    refuse(FORTIO.replace("\"Count\":50},{", "\"Count\":60},{"), "buckets that count 110");
    refuse(FORTIO.replace("\"Count\":100", "\"Count\":-100"), "a count from 0");
    refuse(FORTIO.replace("\"Start\":0.001", "\"Start\":-0.001"), "expected bounds of at least 0");
    refuse(GOOD[4].replace("32.50ms", "2.50ms"), "expected values that rise");
    refuse(GOOD[5].replace("1.727ms", "-nan"), "\"-nan\" as 99 latency");
    refuse(GOOD[8].replace("5.0 1.0 100 inf", ""), "a spectrum that ends at percentile 0.5");
    refuse(GOOD[8].replace("2.0 0.5 50", "2.0 0.5 0"), "input:3");
    refuse(GOOD[10].replace("50", "-50"), "counts -50");
    refuse("# TYPE t_bytes histogram\nt_bytes_bucket{le=\"1\"} 5\n", "histograms of other things: t_bytes");
    refuse("latency\n20\n", "input:2: found \"20\" without a unit");
    refuse("<testResults>\n<httpSample t=\"20\" s=\"true\"/>\n", "expected </testResults>");
    refuse("0.1,1.0,0.5,HIST!!\n", "no base64");
}

#[test]
fn odd_samples_are_counted_not_dropped_in_silence() {
    let message = noticed("latency_ms\n20\n-5\nNaN\n1e300\n30\n", "latency-samples-left-out");
    assert!(message.contains("\"-5\" on line 3"), "{message}");
    assert_eq!(read("latency_ms\n20\n-5\n").unwrap().measurements[0].distribution.samples(), Some(1));
    noticed(GOOD[0].replace("\"Count\":100", "\"Count\":0"), "latency-no-samples");
    noticed(GOOD[8], "latency-unit-assumed");
    noticed(
        "Running 10s test @ http://x\n  4 threads and 32 connections\n    Latency     2.24ms    6.59ms  87.04ms   97.26%\n  194675 requests in 10.00s, 13.92MB read\n",
        "latency-mean-only",
    );
}
