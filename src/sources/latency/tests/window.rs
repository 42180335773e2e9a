//! A part of a measurement by time.

use super::*;
use crate::measurement::{Distribution, Moment};

/// Samples of a part of a content, between moments as a user writes them; empty for an open end.
fn part(content: impl AsRef<[u8]>, from: &str, to: &str) -> Result<Vec<u64>, String> {
    let end = |text: &str| (!text.is_empty()).then(|| moment(text).unwrap());
    let window = Window::new(end(from), end(to)).unwrap();
    let options = LatencyOptions { window: Some(window), ..LatencyOptions::default() };
    let reading = read_latency_bytes("input", content.as_ref(), &options).map_err(|error| error.to_string())?;
    Ok(reading.measurements.iter().map(|one| one.distribution.samples().unwrap_or_default()).collect())
}

/// Forty requests, half a second apart, from 2026-01-13T14:48:15Z.
const TIMED: [(&str, &[u8]); 9] = [
    ("timed CSV", own!("webshop-timed.csv")),
    ("k6 CSV", own!("webshop-k6.csv")),
    ("k6 NDJSON", own!("webshop-k6.ndjson")),
    ("JMeter", own!("webshop-jmeter.jtl")),
    ("vegeta JSON", own!("webshop-vegeta.ndjson")),
    ("vegeta CSV", own!("webshop-vegeta.csv")),
    ("hlog", own!("webshop.hlog")),
    ("counters", own!("webshop-range.json")),
    ("native counters", own!("webshop-native-range.json")),
];

#[test]
fn every_kind_with_times_is_cut() {
    for (name, content) in TIMED {
        let check = |from: &str, to: &str, expected: u64| {
            assert_eq!(part(content, from, to), Ok(vec![expected]), "{name} from {from:?} to {to:?}");
        };
        check("0s", "", 40);
        check("5s", "15s", 20);
        check("", "5s", 10);
        check("15s", "", 10);
        check("2026-01-13T14:48:20Z", "2026-01-13T16:48:30+02:00", 20);
        check("1768315700", "10s", 10);
        assert_eq!(part(content, "1h", ""), Ok(Vec::new()), "{name}");
    }
}

/// What lies outside is counted, not dropped in silence.
#[test]
fn what_is_left_out_is_told() {
    for (name, content) in TIMED {
        let window = Window::new(Some(moment("5s").unwrap()), None).unwrap();
        let options = LatencyOptions { window: Some(window), ..LatencyOptions::default() };
        let findings = read_latency_bytes("input", content, &options).unwrap().findings;
        let told = findings.iter().find(|finding| finding.kind.id == "latency-outside-window");
        match name {
            "counters" | "native counters" => assert!(told.is_none()),
            "hlog" => assert_eq!(told.unwrap().message, "1 of 4 intervals lie outside the window"),
            _ => assert_eq!(told.unwrap().message, "10 of 40 samples lie outside the window"),
        }
    }
}

#[test]
fn halves_add_up_to_the_whole() {
    for (name, content) in TIMED {
        let whole = Distribution::merged(read(content).unwrap().measurements.iter().map(|one| &one.distribution));
        let half = |from, to| {
            let options = LatencyOptions { window: Some(Window::new(from, to).unwrap()), ..LatencyOptions::default() };
            read_latency_bytes("input", content, &options).unwrap().measurements.remove(0).distribution
        };
        let middle: Option<Moment> = Some(moment("10s").unwrap());
        let both = Distribution::merged(&[half(None, middle), half(middle, None)]);
        let figures = |distribution: &Distribution| {
            [0.0, 0.1, 0.5, 0.9, 1.0].map(|quantile| distribution.quantile(Quantile::literal(quantile)))
        };
        assert_eq!(figures(&whole.unwrap()), figures(&both.unwrap()), "{name}");
    }
}

#[test]
fn a_history_is_put_together_from_windows_of_ten_seconds() {
    let history = own!("webshop-locust_stats_history.csv");
    assert_eq!(part(history, "0s", "20s"), Ok(vec![40]));
    assert_eq!(part(history, "10s", ""), Ok(vec![20]));
    assert_eq!(part(history, "5s", "12s"), Ok(vec![14]));
    assert_eq!(part(history, "1h", ""), Ok(Vec::new()));
    let statistics = "Type,Name,Request Count,Failure Count,50%\nGET,/,100,0,20\n";
    assert!(part(statistics, "10s", "").unwrap_err().contains("--csv-full-history"));
}

/// A counter that starts anew within the window is counted from nothing.
#[test]
fn counters_that_restart_within_a_window() {
    let series = r#"{"data":{"result":[{"metric":{"__name__":"t_seconds_bucket","le":"1"},"values":[[0,"100"],[10,"150"],[20,"30"],[30,"70"]]}]}}"#;
    assert_eq!(part(series, "10s", "30s"), Ok(vec![70]));
    assert_eq!(part(series, "0s", "10s"), Ok(vec![50]));
    assert_eq!(part(series, "12s", "18s"), Ok(Vec::new()));
}

#[test]
fn logs_without_a_start_are_cut_by_offsets_alone() {
    let log = std::str::from_utf8(own!("webshop.hlog")).unwrap();
    let without: String =
        log.lines().filter(|line| !line.contains("StartTime:")).map(|line| format!("{line}\n")).collect();
    assert_eq!(part(&without, "5s", "15s"), Ok(vec![20]));
    assert!(part(&without, "2026-01-13T14:48:20Z", "").unwrap_err().contains("give --from and --to as offsets"));
    let based = without.replace("#[Histogram", "#[BaseTime: 1768315695.000 (seconds since epoch)]\n#[Histogram");
    assert_eq!(part(based, "2026-01-13T14:48:20Z", ""), Ok(vec![30]));
}

#[test]
fn what_has_no_times_says_so() {
    for content in [FORTIO.as_bytes(), own!("webshop-istio.prom"), own!("webshop.hdr"), own!("webshop-native.pb")] {
        let error = part(content, "5s", "").unwrap_err();
        assert!(error.contains("leave out --from and --to"), "{error}");
    }
    assert!(part("latency_ms\n20\n", "5s", "").unwrap_err().contains("no column of times"));
    assert!(part("20ms\n30ms\n", "5s", "").unwrap_err().contains("no column of times"));
    assert!(part("time,latency_ms\nnoon,20\n", "5s", "").unwrap_err().contains("input:2: found \"noon\""));
    let vector = r#"{"data":{"result":[{"metric":{"__name__":"t_seconds_bucket","le":"1"},"value":[0,"100"]}]}}"#;
    assert!(part(vector, "5s", "").unwrap_err().contains("a matrix"));
    let jtl = "timeStamp,elapsed,success\n1768315695000,20,true\n";
    assert!(part(jtl, "2026-01-13T14:48:20Z", "3s").unwrap_err().contains("ends before it starts"));
}

#[test]
fn attributes_and_offsets_are_times_too() {
    let xml = "<testResults>\n<httpSample t=\"20\" ts=\"1768315695000\" s=\"true\"/>\n<httpSample t=\"30\" ts=\"1768315697000\" s=\"true\">\n<httpSample t=\"29\" ts=\"1768315697000\" s=\"true\"/>\n</httpSample></testResults>\n";
    assert_eq!(part(xml, "1s", ""), Ok(vec![1]));
    assert_eq!(part(xml, "", "2026-01-13T14:48:16Z"), Ok(vec![1]));
    let hey = "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset\n0.0040,0,0,0,0,0,200,0.1\n0.0040,0,0,0,0,0,200,0.9\n";
    assert_eq!(part(hey, "0.5s", ""), Ok(vec![1]));
}

#[test]
fn columns_of_times_in_any_unit() {
    for csv in [
        "start_ms,latency_ms\n1000,20\n2500,30\n",
        "ts,latency_ms\n1.0,20\n2.5,30\n",
        "Time (us),latency_ms\n1000000,20\n2500000,30\n",
        "timestamp,latency\n2026-01-13T14:48:15Z,20ms\n2026-01-13T14:48:16.5Z,30ms\n",
    ] {
        assert_eq!(part(csv, "1s", "2s"), Ok(vec![1]), "{csv}");
        assert_eq!(part(csv, "", "1s"), Ok(vec![1]), "{csv}");
    }
}
