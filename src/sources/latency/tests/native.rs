//! Native histograms in every form: the same samples must give the same bounds.

use super::scrape::{Exposition, bytes, delimited, family, metric, number, varint};
use super::*;

fn forms(histogram: &Exposition) -> [(&'static str, Vec<u8>); 5] {
    let json = |key: &str, point: String| {
        format!(r#"{{"data":{{"result":[{{"metric":{{"__name__":"t_seconds"}},"{key}":{point}}}]}}}}"#).into_bytes()
    };
    let point = format!("[1,{}]", histogram.json());
    let nothing = r#"[0,{"count":"0","sum":"0"}]"#;
    [
        ("text", format!("# TYPE t_seconds histogram\nt_seconds {} 1 st@0\n# EOF\n", histogram.text()).into_bytes()),
        ("vector", json("histogram", point.clone())),
        ("matrix", json("histograms", format!("[{nothing},{point}]"))),
        ("whole counts", family("t_seconds", &[metric(&[("path", "/")], &histogram.message(false))])),
        ("float counts", family("t_seconds", &[metric(&[("path", "/")], &histogram.message(true))])),
    ]
}

/// What a reading knows: samples, and buckets in seconds with their counts.
fn buckets(content: &[u8]) -> (Option<u64>, Vec<(f64, f64, f64)>) {
    let reading = read(content).unwrap();
    let distribution = &reading.measurements[0].distribution;
    let mut found = Vec::new();
    distribution.for_each_bucket(|bucket| {
        found.push((bucket.lower.as_seconds(), bucket.upper.as_seconds(), bucket.weight));
    });
    (distribution.samples(), found)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Every sample lies in the bucket of its rank, whatever the schema and the form.
    #[test]
    fn every_form_says_the_same(mut samples in prop::collection::vec(1e-6_f64..1e3, 1..60), schema in -4_i32..=8, zero in prop::sample::select(vec![0.0, 1e-4, 0.5])) {
        let histogram = Exposition::of(&samples, schema, zero);
        samples.sort_by(f64::total_cmp);
        let forms = forms(&histogram);
        let (_, expected) = buckets(&forms[0].1);
        for (form, content) in &forms {
            let (count, found) = buckets(content);
            prop_assert_eq!(count, Some(samples.len() as u64), "{}", form);
            prop_assert_eq!(found.len(), expected.len(), "{}", form);
            for (one, other) in found.iter().zip(&expected) {
                let close = |a: f64, b: f64| (a - b).abs() <= 1e-12 * b.abs();
                prop_assert!(close(one.0, other.0) && close(one.1, other.1) && one.2 == other.2, "{}: {:?}, expected {:?}", form, one, other);
            }
            let reading = read(content).unwrap();
            for (rank, sample) in samples.iter().enumerate() {
                let bounds = reading.measurements[0].distribution.rank(rank as u64 + 1);
                let dust = sample * 1e-12;
                prop_assert!(bounds.lower.as_seconds() <= sample + dust && *sample <= bounds.upper.as_seconds() + dust, "{}: {} in {:?}", form, sample, bounds);
            }
        }
    }

    /// A range of growing histograms is what was added after its first point, resets included.
    #[test]
    fn ranges_are_differences(parts in prop::collection::vec(prop::collection::vec(1e-3_f64..10.0, 1..20), 2..6), reset in any::<prop::sample::Index>(), coarser in any::<bool>()) {
        let (mut points, mut whole, mut since) = (Vec::new(), Vec::new(), Vec::new());
        let reset = reset.index(parts.len());
        for (place, part) in parts.iter().enumerate() {
            if place == reset {
                since.clear();
            }
            since.extend_from_slice(part);
            if place > 0 {
                whole.extend_from_slice(part);
            }
            // Halving the resolution on the way is no reset.
            let schema = if coarser && place >= parts.len() / 2 { 2 } else { 3 };
            points.push(format!("[{place},{}]", Exposition::of(&since, schema, 0.0).json()));
        }
        let content = format!(r#"{{"data":{{"result":[{{"metric":{{"__name__":"t_seconds"}},"histograms":[{}]}}]}}}}"#, points.join(","));
        let (count, found) = buckets(content.as_bytes());
        // A process that restarts and at once has done more than before looks as if it had gone on.
        let seen: f64 = found.iter().map(|(.., weight)| weight).sum();
        prop_assert_eq!(count, Some(seen.round() as u64));
        if reset == 0 {
            prop_assert_eq!(count, Some(whole.len() as u64));
        } else {
            prop_assert!(count <= Some(whole.len() as u64));
        }
    }
}

#[test]
fn the_finer_buckets_of_a_message_are_taken_and_classic_ones_where_there_are_no_others() {
    let mut histogram = Exposition::of(&[0.3, 0.3, 3.0], 3, 0.0);
    histogram.classic = vec![(1.0, 2), (5.0, 3)];
    let both = family("t_seconds", &[metric(&[], &histogram.message(false))]);
    let (count, found) = buckets(&both);
    assert_eq!((count, found.len()), (Some(3), 2));
    assert!(found[0].1 - found[0].0 < 0.03, "{found:?}");
    let classic = Exposition { positive: Vec::new(), beside: 3, ..histogram.clone() };
    let (count, found) = buckets(&family("t_seconds", &[metric(&[], &classic.message(false))]));
    assert_eq!((count, found), (Some(3), vec![(0.0, 1.0, 2.0), (1.0, 5.0, 1.0)]));
    let custom = Exposition { schema: -53, ..histogram.clone() };
    let (count, found) = buckets(&family("t_seconds", &[metric(&[], &custom.message(false))]));
    assert_eq!((count, found.len()), (Some(3), 2));
    let alone = Exposition { classic: Vec::new(), ..custom };
    refuse(family("t_seconds", &[metric(&[], &alone.message(false))]), "t_seconds with schema -53 (custom bounds");
    let text = format!("# TYPE t_seconds histogram\nt_seconds {}\n", alone.text());
    refuse(text, "t_seconds with schema -53");
}

/// An answer gives custom bounds one by one, so that nothing is missing.
#[test]
fn custom_bounds_of_an_answer_are_read() {
    let answer = |buckets: &str| {
        format!(
            r#"{{"data":{{"result":[{{"metric":{{"__name__":"t_seconds"}},"histogram":[1,{{"count":"6","sum":"3","buckets":[{buckets}]}}]}}]}}}}"#
        )
    };
    let (count, found) = buckets(answer(r#"[0,"-Inf","0.5","2"],[0,"0.5","1","3"],[0,"1","+Inf","1"]"#).as_bytes());
    assert_eq!((count, found), (Some(6), vec![(0.0, 0.5, 2.0), (0.5, 1.0, 3.0), (1.0, f64::INFINITY, 1.0)]));
    refuse(answer(r#"[4,"0.5","1","6"]"#), "a boundary rule of 4");
    refuse(answer(r#"[0,"0.5","1"]"#), "as a bucket");
    refuse(answer(r#"[0,"2","1","6"]"#), "from 2 to 1 that counts 6");
    refuse(answer(r#"[0,"0.5","1","-6"]"#), "counts -6");
    refuse(answer(r#"[0,"0.5","1","7"]"#), "count 7 of 6 samples");
    let message = noticed(answer(r#"[0,"0.5","1","4"]"#), "latency-samples-left-out");
    assert!(message.contains("2 of t_seconds"), "{message}");
}

#[test]
fn durations_below_zero_are_left_out_with_a_word() {
    let bad = Exposition { negative: vec![(1, 2)], ..Exposition::of(&[0.3], 0, 0.0) };
    let good = Exposition::of(&[0.3, 0.4], 0, 0.0);
    for (form, content) in forms(&bad) {
        let reading = read(&content).unwrap();
        assert!(reading.measurements.is_empty(), "{form}");
        let message = noticed(&content, "latency-histograms-left-out");
        assert!(message.contains("durations below zero"), "{form}: {message}");
    }
    let both = family(
        "t_seconds",
        &[metric(&[("pod", "a")], &bad.message(false)), metric(&[("pod", "b")], &good.message(false))],
    );
    assert_eq!(buckets(&both).0, Some(2));
    let message = noticed(&both, "latency-histograms-left-out");
    assert!(message.contains("pod=\"a\""), "{message}");
}

/// Rates have no name, fall and rise, and are added up; counters that were added up only rise.
#[test]
fn what_functions_give_is_added_up_where_it_falls() {
    let answer = |values: &str, bound: &str| format!(r#"{{"metric":{{"le":"{bound}"}},"values":[{values}]}}"#);
    let read_as_seconds = |first: &str, second: &str| {
        let content = format!(r#"{{"data":{{"result":[{},{}]}}}}"#, answer(first, "1"), answer(second, "2"));
        let options = LatencyOptions { unit: Some(TimeUnit::Seconds), ..LatencyOptions::default() };
        let reading = read_latency_bytes("input", content.as_bytes(), &options).unwrap();
        let mut weights = Vec::new();
        reading.measurements[0].distribution.for_each_bucket(|bucket| weights.push(bucket.weight));
        (reading.measurements[0].distribution.samples(), weights)
    };
    let rates = read_as_seconds(r#"[0,"2"],[1,"4"],[2,"1"]"#, r#"[0,"3"],[1,"8"],[2,"2"]"#);
    assert_eq!(rates, (None, vec![7.0, 6.0]));
    let counters = read_as_seconds(r#"[0,"2"],[1,"4"],[2,"9"]"#, r#"[0,"3"],[1,"8"],[2,"14"]"#);
    assert_eq!(counters, (None, vec![7.0, 4.0]));
    refuse(format!(r#"{{"data":{{"result":[{}]}}}}"#, answer(r#"[0,"2"],[1,"4"]"#, "1")), "a metric without a name");
}

#[test]
fn whole_milliseconds_reach_to_the_next_one() {
    let histogram = Exposition::of(&[0.0, 0.0, 1.0, 4.0], 4, 0.5);
    let content = family("envoy_http_downstream_rq_time", &[metric(&[], &histogram.message(false))]);
    let (count, found) = buckets(&content);
    assert_eq!((count, found), (Some(4), vec![(0.0, 0.001, 2.0), (0.001, 0.002, 1.0), (0.004, 0.005, 1.0)]));
    let message = noticed(&content, "latency-whole-milliseconds");
    assert!(message.starts_with("2 of 4 requests took less than a millisecond"), "{message}");
    let mean = read(&content).unwrap().measurements[0].distribution.mean();
    assert!(mean.lower.as_seconds() <= 0.001_25 && mean.upper.as_seconds() >= 0.002_25, "{mean:?}");
}

#[test]
fn composite_values_of_openmetrics() {
    let classic = "# TYPE t_seconds histogram\nt_seconds{path=\"a b\"} {count:4,sum:3,bucket:[0.1:1,0.5:3,+Inf:4]} 1 st@0 # {trace=\"x\"} 0.1 1\n";
    assert_eq!(
        buckets(classic.as_bytes()),
        (Some(4), vec![(0.0, 0.1, 1.0), (0.1, 0.5, 2.0), (0.5, f64::INFINITY, 1.0)])
    );
    let gauge = classic.replace("count:4,sum:3", "gcount:4,gsum:3");
    assert_eq!(buckets(gauge.as_bytes()).0, Some(4));
    let named = "# TYPE \"http.server_seconds\" histogram\n{\"http.server_seconds\",path=\"/\"} {count:4,sum:3,schema:0,zero_threshold:0,zero_count:1,positive_spans:[0:1,2:1],positive_buckets:[1,2]}\n";
    assert_eq!(buckets(named.as_bytes()), (Some(4), vec![(0.0, 0.0, 1.0), (0.5, 1.0, 1.0), (4.0, 8.0, 2.0)]));
    let broken = |from: &str, to: &str, expected: &str| {
        assert!(named.contains(from));
        refuse(named.replace(from, to), expected);
    };
    broken("schema:0,", "", "without schema");
    broken("[1,2]", "[1]", "spans of 2 buckets with 1 counts");
    broken("[0:1,2:1]", "[0:1,2]", "\"2\" as a pair");
    broken("zero_count:1", "zero_count:one", "\"one\" as a number");
    broken("zero_count:1", "zero_count", "\"zero_count\" among the parts");
    broken("count:4", "count:3", "count 4 of 3 samples");
    let summary = "# TYPE t_seconds summary\nt_seconds {count:4,sum:3,quantile:[0.5:1]}\n";
    refuse(summary, "no histogram");
}

#[test]
fn broken_messages_name_their_place() {
    let histogram = Exposition::of(&[0.3], 0, 0.0).message(false);
    let good = family("t_seconds", &[metric(&[], &histogram)]);
    let after = |bad: &[u8]| [good.as_slice(), bad].concat();
    let place = format!("input, message at byte {}", good.len());
    refuse(after(&[0xff; 12]), &place);
    refuse(after(&[5, 0x0a]), "the end of the file 1 bytes into a message of 5");
    refuse(after(&varint(1 << 63)), "a message of 9223372036854775808 bytes");
    let nested = delimited(&[bytes(1, b"u_seconds"), number(3, 4), vec![0x22, 0xff, 0x7f]].concat());
    refuse(after(&nested), "a field of 16383 bytes where 0 are left");
    let long = Exposition { positive: vec![(0, 1)], ..Exposition::default() };
    let mut message = long.message(false);
    message.extend(bytes(12, &[number(1, 0), number(2, 1 << 62)].concat()));
    refuse(
        after(&family("u_seconds", &[metric(&[], &message)])),
        "spans of 4611686018427387905 buckets with 1 counts in u_seconds",
    );
    let text = delimited(&[bytes(1, b"u_seconds"), number(3, 4), number(4, 7)].concat());
    refuse(after(&text), "a varint where bytes with a length belongs in u_seconds");
}
