//! How fast queueing laws answer: one queue at a time, as a plan asks for each workload.

#![allow(missing_docs, reason = "criterion's macros")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use meshcap::model::queueing::{
    BusiestWorker, LoadPoint, MG1Ps, MMc, ResponseTail, Usl, WorkerImbalance, saturation_knee,
};
use meshcap::units::{Quantile, Rate, Seconds, Share};

criterion_group!(benches, answer);
criterion_main!(benches);

const P99: Quantile = Quantile::literal(0.99);
const SERVICE: Seconds = Seconds::new(0.000_2);

fn answer(criterion: &mut Criterion) {
    for servers in [10_u32, 1_000, 1_000_000] {
        let arrivals = Rate::per_second(0.9 * f64::from(servers) / SERVICE.as_seconds());
        criterion.bench_function(&format!("M/M/c/{servers} servers"), |bencher| {
            bencher.iter(|| MMc::new(black_box(arrivals), SERVICE, servers));
        });
    }
    for (connections, workers) in [(16, 2), (200, 16), (5_000, 16), (1_000_000, 64)] {
        let name = format!("worker imbalance/{connections} connections on {workers}");
        criterion.bench_function(&name, |bencher| {
            bencher.iter(|| WorkerImbalance::new(black_box(connections), workers));
        });
    }
    criterion.bench_function("M/G/1-PS/p99", |bencher| {
        let queue = MG1Ps::new(Rate::per_second(4_000.0), SERVICE);
        bencher.iter(|| black_box(&queue).map(|queue| queue.response_quantile(P99)));
    });
    criterion.bench_function("knee/busiest worker", |bencher| {
        let queue_at = |rate| BusiestWorker::new(rate, SERVICE, Share::literal(0.6));
        bencher.iter(|| saturation_knee(P99, black_box(Seconds::from_millis(5.0)), queue_at));
    });
    let points: Vec<LoadPoint> = (1..=32)
        .map(f64::from)
        .map(|n| LoadPoint { concurrency: n, throughput: Rate::per_second(1e3 * n / (1.0 + 0.03 * n + 7e-4 * n * n)) })
        .collect();
    criterion.bench_function("USL/fit of 32 points", |bencher| bencher.iter(|| Usl::fit(black_box(&points))));
}
