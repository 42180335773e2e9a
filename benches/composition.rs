//! How fast call paths are composed.

#![allow(missing_docs, reason = "criterion's macros")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use meshcap::composition::{Backoff, Dependence, Retry, Spread};
use meshcap::measurement::{Distribution, Recorder};
use meshcap::sources::Input;
use meshcap::sources::latency::LatencyOptions;
use meshcap::sources::paths::read_path;
use meshcap::units::{Seconds, Share};

criterion_group!(benches, convolve);
criterion_main!(benches);

/// An exponential tail over ten octaves: as wide as response times get.
fn exponential(mean: f64) -> Spread {
    Spread::from_tail(|time| (-time.as_seconds() / mean).exp())
}

/// Ten thousand response times around 3 ms with a tail to 60 ms, the same every time.
fn measured() -> Option<Distribution> {
    let mut recorder = Recorder::new()?;
    let mut state = 1_u64;
    for _ in 0..10_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let uniform = ((state >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
        black_box(recorder.record(Seconds::from_millis(3.0 * (1.0 - uniform).powf(-0.33))));
    }
    recorder.finish()
}

fn convolve(criterion: &mut Criterion) {
    let exponentials: Vec<Spread> = (1..=10).map(|hop| exponential(0.001 * f64::from(hop))).collect();
    let measured = measured();
    let hops: Vec<Spread> = measured.iter().map(Spread::of).flat_map(|one| vec![one; 10]).collect();
    let independent = Dependence::Independent;
    criterion.bench_function("10 hops/exponential", |bencher| {
        bencher.iter(|| Spread::sequence(black_box(&exponentials), independent));
    });
    criterion.bench_function("10 hops/measured", |bencher| {
        bencher.iter(|| Spread::sequence(black_box(&hops), independent));
    });
    criterion.bench_function("10 hops/comonotone", |bencher| {
        bencher.iter(|| Spread::sequence(black_box(&hops), Dependence::Comonotone));
    });
    criterion.bench_function("fan-out of 100", |bencher| {
        bencher.iter(|| hops.first().map(|hop| hop.fanned_out(black_box(100), independent)));
    });
    let retry = Retry {
        attempts: 4,
        per_try: Some(Seconds::from_millis(10.0)),
        backoff: Backoff::Jittered { base: Seconds::from_millis(25.0), most: Seconds::from_millis(250.0) },
        failing: Share::literal(0.01),
    };
    criterion.bench_function("retries/4 tries", |bencher| {
        bencher.iter(|| hops.first().map(|hop| hop.retried(black_box(&retry), independent)));
    });
    let graph = read_path(&Input::Path("data/latency/checkout.toml".into()), &[], &LatencyOptions::default());
    criterion.bench_function("checkout with contributions", |bencher| {
        bencher.iter(|| graph.as_ref().ok().map(|reading| reading.graph.compose("bench")));
    });
    criterion.bench_function("from a measurement", |bencher| {
        bencher.iter(|| measured.as_ref().map(|measured| Spread::of(black_box(measured))));
    });
    criterion.bench_function("from a law", |bencher| bencher.iter(|| exponential(black_box(0.001))));
}
