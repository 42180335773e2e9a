//! How fast response times are recorded, merged and read.

#![allow(missing_docs, reason = "criterion's macros")]
#![expect(clippy::disallowed_methods, reason = "a bench writes the files that it reads")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::io::{self, Read};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use meshcap::measurement::{Distribution, Recorder};
use meshcap::sources::Input;
use meshcap::sources::latency::{LatencyOptions, read_latency, read_latency_bytes, read_latency_stream};

criterion_group!(benches, record, merge, read, stream, many_files);
criterion_main!(benches);

/// Knuth's MMIX generator: response times of 1 to 67 ms, in nanoseconds, the same every time.
fn nanoseconds(number: usize) -> Vec<u64> {
    let mut state = 1_u64;
    let step = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        1_000_000 + (state >> 38)
    };
    (0..number).map(step).collect()
}

fn recorded(samples: &[u64]) -> Option<Recorder> {
    let mut recorder = Recorder::new()?;
    for sample in samples {
        black_box(recorder.record_nanoseconds(*sample));
    }
    Some(recorder)
}

fn record(criterion: &mut Criterion) {
    let samples = nanoseconds(1_000_000);
    let mut group = criterion.benchmark_group("record");
    group.throughput(Throughput::Elements(samples.len() as u64));
    group.bench_function("a million samples", |bencher| bencher.iter(|| recorded(black_box(&samples))));
    group.finish();
}

fn merge(criterion: &mut Criterion) {
    const PARTS: usize = 10_000;
    let part = recorded(&nanoseconds(1_000)).and_then(Recorder::finish);
    let mut group = criterion.benchmark_group("merge");
    group.sample_size(10);
    group.throughput(Throughput::Elements(PARTS as u64));
    group.bench_function("10,000 histograms", |bencher| {
        bencher.iter(|| Distribution::merged(std::iter::repeat_n(&part, PARTS).flatten()));
    });
    group.finish();
}

fn read(criterion: &mut Criterion) {
    let samples = nanoseconds(200_000);
    let millis = |sample: &u64| *sample as f64 / 1e6;
    let (mut plain, mut k6, mut ndjson, mut jtl) = (
        String::from("latency_ms\n"),
        String::from("metric_name,timestamp,metric_value,check,error,expected_response,method,name,status,url\n"),
        String::new(),
        String::from("timeStamp,elapsed,label,responseCode,responseMessage,threadName,success,bytes,Latency,Connect\n"),
    );
    for sample in &samples {
        let time = millis(sample);
        let _ = writeln!(plain, "{time:.6}");
        for metric in ["http_reqs", "http_req_duration", "http_req_blocked", "http_req_waiting"] {
            let _ = writeln!(
                k6,
                "{metric},1700000000,{time:.6},,,true,GET,http://cart.shop/items,200,http://cart.shop/items"
            );
            let _ = writeln!(
                ndjson,
                r#"{{"metric":"{metric}","type":"Point","data":{{"time":"2026-01-13T14:48:16.529855Z","value":{time:.6},"tags":{{"expected_response":"true","method":"GET","name":"http://cart.shop/items","status":"200"}}}}}}"#
            );
        }
        let _ = writeln!(jtl, "1700000000000,{time:.0},cart,200,OK,Thread Group 1-1,true,5120,{time:.0},1");
    }
    let mut group = criterion.benchmark_group("read");
    group.sample_size(10);
    for (kind, content) in [("plain CSV", plain), ("k6 CSV", k6), ("k6 NDJSON", ndjson), ("JMeter CSV", jtl)] {
        group.throughput(Throughput::Bytes(content.len() as u64));
        let read = || read_latency_bytes("bench", black_box(content.as_bytes()), &LatencyOptions::default());
        group.bench_function(kind, |bencher| bencher.iter(read));
    }
    group.finish();
}

/// A gigabyte of samples that is never held: one block, given again and again.
struct Endless<'a> {
    block: &'a [u8],
    at: usize,
    left: usize,
}

impl Read for Endless<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = self.block.get(self.at..).unwrap_or_default();
        let length = rest.len().min(buffer.len()).min(self.left);
        if let (Some(to), Some(from)) = (buffer.get_mut(..length), rest.get(..length)) {
            to.copy_from_slice(from);
        }
        self.at = (self.at + length) % self.block.len().max(1);
        self.left -= length;
        Ok(length)
    }
}

fn stream(criterion: &mut Criterion) {
    const GIGABYTE: usize = 1_000_000_000;
    let mut block = String::new();
    for sample in nanoseconds(100_000) {
        let _ = writeln!(block, "{:.6}", sample as f64 / 1e6);
    }
    let options = LatencyOptions { kind: Some("csv".to_owned()), ..milliseconds() };
    let mut group = criterion.benchmark_group("stream");
    group.sample_size(10);
    group.throughput(Throughput::Bytes(GIGABYTE as u64));
    group.bench_function("a gigabyte of samples", |bencher| {
        bencher.iter(|| {
            let endless = Endless { block: block.as_bytes(), at: 0, left: GIGABYTE };
            read_latency_stream("bench", endless, &options)
        });
    });
    group.finish();
}

fn milliseconds() -> LatencyOptions {
    LatencyOptions { unit: Some(meshcap::measurement::TimeUnit::Milliseconds), ..LatencyOptions::default() }
}

/// Many files on all cores, with `parallel`.
fn many_files(criterion: &mut Criterion) {
    const FILES: usize = 64;
    let mut content = String::from("latency_ms\n");
    for sample in nanoseconds(100_000) {
        let _ = writeln!(content, "{:.6}", sample as f64 / 1e6);
    }
    let Ok(folder) = tempfile::tempdir() else { return };
    let mut inputs = Vec::new();
    for number in 0..FILES {
        let path = folder.path().join(format!("{number}.csv"));
        if std::fs::write(&path, &content).is_ok() {
            inputs.push(Input::Path(path));
        }
    }
    let mut group = criterion.benchmark_group("files");
    group.sample_size(10);
    group.throughput(Throughput::Bytes((content.len() * inputs.len()) as u64));
    group.bench_function("64 files of samples", |bencher| {
        bencher.iter(|| read_latency(black_box(&inputs), &LatencyOptions::default()));
    });
    group.finish();
}
