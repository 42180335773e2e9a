//! Input that lies: claims beyond the bytes at hand, cut and changed files, bombs.

use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn hostile_histograms_are_errors_or_answers(mut bytes in prop::collection::vec(any::<u8>(), 0..200), version in prop::sample::select(vec![0x03_u8, 0x04, 0x13, 0x14, 0x21, 0x22, 0x82, 0x88, 0x89])) {
        let mut hostile = vec![0x1c, 0x84, 0x93, version];
        hostile.append(&mut bytes);
        if let Ok(reading) = read(&hostile) {
            for measurement in reading.measurements {
                prop_assert!(measurement.distribution.samples() > Some(0));
            }
        }
    }

    #[test]
    fn changed_and_cut_files_never_panic(which in 0..GOOD.len(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let mut bytes = GOOD[which].as_bytes().to_vec();
        let position = at.index(bytes.len());
        bytes[position] = byte;
        let _ = read(&bytes);
        bytes.truncate(cut.index(bytes.len()));
        let _ = read(&bytes);
    }

    #[test]
    fn any_text_is_an_error_or_answer_under_every_kind(text in "[ -~\n\t]{0,300}", kind in prop::sample::select(kinds())) {
        let options = LatencyOptions { kind: Some(kind.to_owned()), ..LatencyOptions::default() };
        let _ = read_latency_bytes("input", text.as_bytes(), &options);
    }

    /// Our own files, with bytes changed, doubled and cut out, under their kind and any other.
    #[test]
    fn mutated_files_never_panic(
        which in 0..OWN.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..4), 1..8),
        kind in prop::option::of(prop::sample::select(kinds())),
        windowed in any::<bool>(),
    ) {
        let mut bytes = OWN[which].1.to_vec();
        for (place, byte, change) in changes {
            let at = place.index(bytes.len());
            match change {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => bytes.truncate(at + 1),
                _ => {
                    let again = bytes[at..(at + usize::from(byte)).min(bytes.len())].to_vec();
                    bytes.splice(at..at, again);
                }
            }
        }
        let window = windowed.then(|| Window::new(Some(moment("1s").unwrap()), None).unwrap());
        let options = LatencyOptions { kind: kind.map(str::to_owned), unit: Some(TimeUnit::Milliseconds), window };
        if let Ok(reading) = read_latency_bytes("input", &bytes, &options) {
            for measurement in reading.measurements {
                let most = measurement.distribution.quantile(Quantile::literal(1.0));
                prop_assert!(most.lower.as_seconds() >= 0.0 && most.lower <= most.upper);
            }
        }
    }
}

/// A V2 payload that claims four gigabytes, and a deflate bomb: refused before room is made for them.
#[test]
fn claims_are_checked_before_they_cost_memory() {
    let mut claims = vec![0x1c, 0x84, 0x93, 0x13, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 3];
    claims.extend([
        0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 2, 2, 2,
    ]);
    refuse(&claims, "a payload of 3 bytes that claims 4294967295");
    let mut bomb = flate2::write::ZlibEncoder::new(Vec::new(), Compression::best());
    std::io::Write::write_all(&mut bomb, &vec![0; 65 << 20]).unwrap();
    let bomb = bomb.finish().unwrap();
    let mut bytes = vec![0x1c, 0x84, 0x93, 0x14];
    bytes.extend((bomb.len() as u32).to_be_bytes());
    bytes.extend(bomb);
    refuse(&bytes, "a payload of more than 64 MiB");
}

/// A V2 histogram of one count, then its cookie exchanged for that of another version or word size.
#[test]
fn cookies_that_lie_about_what_follows() {
    let mut bytes = Vec::new();
    V2Serializer::new().serialize(&histogram(&[1, 2, 3_000_000], 3), &mut bytes).unwrap();
    for (version, expected) in [
        (0x14, "a payload of"),
        (0x22, "a payload of"),
        (0x21, "range"),
        (0x08, "significant digits"),
        (0x01, "words of 0 bytes"),
    ] {
        bytes[3] = version;
        match read(&bytes) {
            Ok(reading) => assert!(reading.measurements.iter().all(|one| one.distribution.samples() > Some(0))),
            Err(error) => assert!(error.to_string().contains("input: found"), "{expected}: {error}"),
        }
    }
}

/// Three digits over every power of two there is, once a second for a year of log time: memory stays that
/// of one histogram, and what it adds up to is kept.
#[test]
fn a_long_log_stays_small() {
    const INTERVALS: u64 = 3_000;
    let values: Vec<u64> = (0..50).map(|power| 1 << power).collect();
    let mut packed = Vec::new();
    V2DeflateSerializer::new().serialize(&histogram(&values, 3), &mut packed).unwrap();
    let payload = base64(&packed);
    let mut log = String::from("#[StartTime: 1768315695.000 (seconds since epoch)]\n");
    for interval in 0..INTERVALS {
        let _ = writeln!(log, "{}.000,1.000,0.5,{payload}", interval * 10_512);
    }
    let reading = read(log).unwrap();
    assert_eq!(reading.measurements[0].distribution.samples(), Some(INTERVALS * 50));
    assert_eq!(reading.measurements[0].load.duration.unwrap().as_seconds(), INTERVALS as f64);
}

#[test]
fn a_million_labels_are_read_in_time() {
    let labels: Vec<String> = (0..1_000_000).map(|number| format!("l{number}=\"\"")).collect();
    let scrape = format!("# TYPE t_seconds histogram\nt_seconds_bucket{{{},le=\"+Inf\"}} 5\n", labels.join(","));
    assert_eq!(read(scrape).unwrap().measurements[0].distribution.samples(), Some(5));
}

#[test]
fn nesting_has_a_floor() {
    for open in ["[", "{\"data\":"] {
        refuse(open.repeat(100_000), "recursion limit");
    }
    let deep =
        format!("{{\"metric\":\"http_req_duration\",\"type\":\"Point\",\"data\":{}\n{{}}\n", "[".repeat(100_000));
    assert!(read(deep).is_err());
}

/// Gzip within the limits of what it unpacks to, cut, and not gzip at all.
#[test]
fn packed_input_that_is_cut_or_broken() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    std::io::Write::write_all(&mut packed, &own!("webshop-k6.csv").repeat(20)).unwrap();
    let packed = packed.finish().unwrap();
    refuse(&packed[..packed.len() / 2], "a read error");
    let mut broken = packed;
    let middle = broken.len() / 2;
    broken[middle] ^= 0xff;
    assert!(read(&broken).is_err());
    refuse([0x1f, 0x8b, 0, 0], "a read error");
}

#[test]
fn numbers_that_are_none_are_named_with_their_field() {
    refuse(FORTIO.replace("\"Count\":100", "\"Count\":\"NaN\""), "DurationHistogram.Count");
    refuse(FORTIO.replace("\"End\":0.002", "\"End\":1e400"), "number out of range");
    refuse(GOOD[10].replace("0.1", "ten"), "input:2: found \"ten\" as a bucket bound");
    refuse(GOOD[10].replace("} 50", "} -nan"), "counts NaN");
    assert!(noticed(GOOD[10].replace("50", "99"), "latency-buckets-fall").contains("t_seconds"));
    refuse(GOOD[11].replace("\"50\"", "\"fifty\""), "data.result[0]");
    refuse(GOOD[7].replace("/,100,0,20", "/,-100,0,20"), "input:2: found -100 in column \"Request Count\"");
    refuse(GOOD[7].replace("20,80,90", "80,20,90"), "expected values that rise");
    refuse(GOOD[2].replace("\"p(90)\":5", "\"p(90)\":\"5 ms\""), "metrics.http_req_duration.p(90)");
    refuse(GOOD[3].replace("\"duration\":\"0.001s\"", "\"duration\":\"0.001 parsecs\""), "found");
    refuse(GOOD[4].replace("32.50ms", "32.50pc"), "input:6: found \"99%   32.50pc\"");
    // Units may change within a file and a line; a unit that is none is no sample.
    check("latency\n20ms\n0.03s\n25000us\n", "csv", &[(3, 25.0, 30.0)]);
    refuse("latency\n20ms\n30 parsecs\n", "input:3: found \"30 parsecs\" without a unit");
    let jtl = "timeStamp,elapsed,success\n1,-20,true\n2,30,true\n3,-nan,true\n";
    assert!(noticed(jtl, "latency-samples-left-out").contains("\"-20\" on line 2"));
}

/// A stream that never ends is stopped by the limits of a line or a record.
#[test]
fn lines_and_records_have_a_limit() {
    refuse(format!("latency_ms\n{}", "1".repeat(17 << 20)), "a line of more than 16 MiB");
    refuse("timeStamp,elapsed\n1,\"20\n", "a quote that is never closed");
    let runs = GOOD[4].repeat(70 << 20 >> 8);
    refuse(runs, "more than 64 MiB");
}

/// Every point of a range with buckets of its own.
#[test]
fn ranges_of_ever_new_buckets_are_refused_in_time() {
    let point = |number: u32| {
        let buckets: Vec<String> = (0..40)
            .map(|place| {
                let lower = f64::from(number * 40 + place);
                format!(r#"[0,"{lower}","{}","{number}"]"#, lower + 0.5)
            })
            .collect();
        format!(r#"[{number},{{"count":"{}","sum":"1","buckets":[{}]}}]"#, number * 40, buckets.join(","))
    };
    let points: Vec<String> = (1..4_000).map(point).collect();
    let answer = format!(
        r#"{{"data":{{"result":[{{"metric":{{"__name__":"t_seconds"}},"histograms":[{}]}}]}}}}"#,
        points.join(",")
    );
    refuse(answer, "more than 4096 buckets over the range");
}
