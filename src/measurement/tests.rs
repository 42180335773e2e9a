//! What a distribution of response times must obey.

use proptest::prelude::*;

use super::*;
use crate::units::Share;

/// Relative error of a histogram of three significant digits.
const DIGITS: f64 = 1e-3;

fn seconds(millis: f64) -> Seconds {
    Seconds::from_millis(millis)
}

fn recorded(millis: &[f64]) -> Distribution {
    let mut recorder = Recorder::new().unwrap();
    for value in millis {
        assert!(recorder.record(seconds(*value)));
    }
    recorder.finish().unwrap()
}

/// The same samples as a tool with linear buckets would show them.
fn bucketed(millis: &[f64], width: f64) -> Distribution {
    let buckets = millis.iter().map(|value| {
        let lower = (value / width).floor() * width;
        Bucket { lower: seconds(lower), upper: seconds(lower + width), weight: 1.0 }
    });
    Distribution::from_buckets(buckets.collect(), Some(millis.len() as u64)).unwrap()
}

/// The sample a quantile stands for.
fn exact(millis: &[f64], quantile: f64) -> f64 {
    let mut sorted = millis.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (quantile * sorted.len() as f64 - 1e-9).ceil().max(1.0) as usize;
    sorted[rank - 1]
}

fn covers(estimate: QuantileEstimate, millis: f64) -> bool {
    let slack = millis * DIGITS + 1e-6;
    estimate.lower.as_seconds() * 1e3 <= millis + slack && estimate.upper.as_seconds() * 1e3 >= millis - slack
}

fn times() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(0.001..5000.0_f64, 1..200)
}

proptest! {
    #[test]
    fn bounds_hold_the_exact_quantile(millis in times(), quantile in 0.0..=1.0_f64, width in 0.5..500.0_f64) {
        let truth = exact(&millis, quantile);
        let asked = Quantile::new(quantile).unwrap();
        for distribution in [recorded(&millis), bucketed(&millis, width)] {
            let answer = distribution.quantile(asked);
            prop_assert!(answer.lower <= answer.value && answer.value <= answer.upper);
            prop_assert!(covers(answer, truth), "{truth} ms is not in {answer:?}");
            let interval = distribution.interval(asked, Share::literal(0.9));
            prop_assert!(interval.lower <= answer.lower && interval.upper >= answer.upper);
        }
    }

    #[test]
    fn quantiles_rise(millis in times(), width in 0.5..500.0_f64, low in 0.0..=1.0_f64, high in 0.0..=1.0_f64) {
        let (low, high) = (Quantile::new(low.min(high)).unwrap(), Quantile::new(low.max(high)).unwrap());
        for distribution in [recorded(&millis), bucketed(&millis, width)] {
            let (low, high) = (distribution.quantile(low), distribution.quantile(high));
            prop_assert!(low.lower <= high.lower && low.value <= high.value && low.upper <= high.upper);
        }
    }

    #[test]
    fn merging_is_measuring_together(a in times(), b in times(), quantile in 0.0..=1.0_f64) {
        let together: Vec<f64> = a.iter().chain(&b).copied().collect();
        let asked = Quantile::new(quantile).unwrap();
        let truth = exact(&together, quantile);
        let full = Distribution::merged([&recorded(&a), &recorded(&b)]).unwrap();
        prop_assert_eq!(full.quantile(asked), recorded(&together).quantile(asked));
        for (left, right) in [(bucketed(&a, 7.0), bucketed(&b, 11.0)), (recorded(&a), bucketed(&b, 11.0))] {
            let one = Distribution::merged([&left, &right]).unwrap();
            let other = Distribution::merged([&right, &left]).unwrap();
            prop_assert_eq!(one.samples(), Some(together.len() as u64));
            prop_assert_eq!(one.quantile(asked), other.quantile(asked));
            prop_assert!(covers(one.quantile(asked), truth), "{} ms is not in {:?}", truth, one.quantile(asked));
        }
    }

    #[test]
    fn scaling_scales_every_answer(millis in times(), factor in 0.1..10.0_f64, quantile in 0.0..=1.0_f64) {
        let asked = Quantile::new(quantile).unwrap();
        for distribution in [recorded(&millis), bucketed(&millis, 10.0)] {
            let (before, after) = (distribution.quantile(asked), distribution.scaled(factor).unwrap().quantile(asked));
            prop_assert!((after.value.as_seconds() - before.value.as_seconds() * factor).abs() <= 1e-9 * after.value.as_seconds().max(1e-6));
        }
    }

    #[test]
    fn moments_bound_every_quantile(millis in times(), quantile in 0.0..=1.0_f64) {
        let mean = millis.iter().sum::<f64>() / millis.len() as f64;
        let variance = millis.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / millis.len() as f64;
        let most = millis.iter().copied().fold(0.0, f64::max).max(mean);
        let known = Distribution::from_moments(seconds(mean), seconds(variance.sqrt()), seconds(most), Some(millis.len() as u64)).unwrap();
        let answer = known.quantile(Quantile::new(quantile).unwrap());
        prop_assert!(covers(answer, exact(&millis, quantile)), "{answer:?}");
    }

    #[test]
    fn no_buckets_panic(rows in prop::collection::vec((any::<f64>(), any::<f64>(), any::<f64>()), 0..20), samples in any::<Option<u64>>()) {
        let buckets = rows.iter().map(|(lower, upper, weight)| Bucket { lower: Seconds::new(*lower), upper: Seconds::new(*upper), weight: *weight });
        if let Ok(distribution) = Distribution::from_buckets(buckets.collect(), samples) {
            for (_, quantile) in QUANTILES {
                let answer = distribution.interval(quantile, Share::literal(0.9));
                prop_assert!(answer.lower <= answer.value && answer.value <= answer.upper, "{answer:?}");
            }
        }
    }

    #[test]
    fn no_percentiles_panic(rows in prop::collection::vec((0.0..=1.0_f64, any::<f64>(), any::<f64>()), 0..20), samples in any::<Option<u64>>()) {
        let stated: Vec<Stated> = rows.iter().map(|(quantile, value, resolution)| Stated {
            quantile: Quantile::new(*quantile).unwrap(), value: Seconds::new(*value), resolution: Seconds::new(*resolution),
        }).collect();
        if let Ok(distribution) = Distribution::from_percentiles(&stated, None, None, samples) {
            let answer = distribution.quantile(Quantile::literal(0.99));
            prop_assert!(answer.lower <= answer.value && answer.value <= answer.upper, "{answer:?}");
        }
    }
}

/// Knuth's MMIX generator: the same samples every time.
fn exponential(seed: u64, number: usize, mean: f64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(3_037_000_493);
    (0..number)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let uniform = ((state >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
            -mean * uniform.ln()
        })
        .collect()
}

#[test]
fn ninety_per_cent_intervals_hold_the_truth_in_ninety_per_cent_of_runs() {
    const RUNS: u64 = 400;
    for (quantile, name) in [(0.5_f64, "p50"), (0.9, "p90"), (0.99, "p99")] {
        let truth = -10.0 * (1.0 - quantile).ln();
        let asked = Quantile::new(quantile).unwrap();
        let held = (0..RUNS)
            .filter(|seed| {
                covers(recorded(&exponential(*seed, 1000, 10.0)).interval(asked, Share::literal(0.9)), truth)
            })
            .count();
        let share = held as f64 / RUNS as f64;
        assert!((0.87..=0.99).contains(&share), "{name}: {share}");
    }
}

#[test]
fn two_runs_alike_are_within_noise_and_a_shift_is_not() {
    let (one, other) = (exponential(1, 20_000, 10.0), exponential(2, 20_000, 10.0));
    let shifted: Vec<f64> = other.iter().map(|time| time + 2.0).collect();
    assert!(compare(&recorded(&one), &recorded(&other)).deciding().is_none());
    let comparison = compare(&recorded(&one), &recorded(&shifted));
    let median = &comparison.differences[0];
    assert_eq!(median.outcome, Outcome::Slower);
    assert!(median.lower < seconds(2.0) && seconds(2.0) < median.upper, "{median:?}");
    let back = compare(&recorded(&shifted), &recorded(&one));
    assert_eq!(back.differences[0].outcome, Outcome::Faster);
}

/// The example of HdrHistogram's documentation: 100 s of quick answers, then one that takes 100 s.
#[test]
fn omitted_requests_are_filled_in_when_asked() {
    let mut millis = vec![1.0; 10_000];
    millis.push(100_000.0);
    let raw = recorded(&millis);
    let corrected = raw.corrected(seconds(10.0)).unwrap();
    assert_eq!(corrected.samples(), Some(20_000));
    for (quantile, before, after) in
        [(0.5, 1.0, 1.0), (0.75, 1.0, 50_000.0), (0.9, 1.0, 80_000.0), (0.99, 1.0, 98_000.0)]
    {
        let asked = Quantile::new(quantile).unwrap();
        assert!(covers(raw.quantile(asked), before), "{quantile}: {:?}", raw.quantile(asked));
        assert!(covers(corrected.quantile(asked), after), "{quantile}: {:?}", corrected.quantile(asked));
    }
    assert!(matches!(raw.corrected(Seconds::ZERO), Err(CorrectionError::Interval(_))));
    assert!(matches!(raw.corrected(Seconds::new(1e-9)), Err(CorrectionError::TooLong { .. })));
}

fn measured(distribution: Distribution, load: Load) -> Measurement {
    Measurement { name: "run".to_owned(), format: "test", distribution, load, stated: Vec::new(), reported: None }
}

fn found(measurement: &Measurement, kind: &FindingKind) -> bool {
    examine(measurement).iter().any(|finding| finding.kind.id == kind.id)
}

#[test]
fn a_busy_paced_loop_is_noticed_and_an_idle_or_open_one_is_not() {
    let load = |rate: f64, pacing| Load {
        rate: Some(Rate::per_second(rate)),
        connections: Some(8),
        pacing,
        ..Load::default()
    };
    let run = |rate, pacing| measured(recorded(&[10.0; 500]), load(rate, pacing));
    assert!(found(&run(790.0, Pacing::PacedClosed), &COORDINATED_OMISSION));
    assert!(!found(&run(100.0, Pacing::PacedClosed), &COORDINATED_OMISSION));
    assert!(!found(&run(790.0, Pacing::Open), &COORDINATED_OMISSION));
    assert!(!found(&run(790.0, Pacing::Closed), &COORDINATED_OMISSION));
}

#[test]
fn thin_open_and_contradictory_data_are_noticed() {
    assert!(found(&measured(recorded(&[1.0; 100]), Load::default()), &TOO_FEW_SAMPLES));
    assert!(!found(&measured(recorded(&[1.0; 3000]), Load::default()), &TOO_FEW_SAMPLES));
    let last = Bucket { lower: Seconds::new(10.0), upper: Seconds::new(f64::INFINITY), weight: 5000.0 };
    let open = Distribution::from_buckets(vec![last], Some(5000)).unwrap();
    assert_eq!(open.quantile(Quantile::literal(0.5)).value, Seconds::new(10.0));
    assert!(found(&measured(open, Load::default()), &BEYOND_LAST_BUCKET));
    let mut odd = measured(recorded(&[1.0; 3000]), Load::default());
    odd.stated.push(Stated { quantile: Quantile::literal(0.99), value: Seconds::new(5.0), resolution: Seconds::ZERO });
    assert!(found(&odd, &PERCENTILES_DISAGREE));
}

#[test]
fn requests_reported_by_both_proxies_are_merged_once() {
    let part = |who, about: &str| Measurement {
        reported: Some((who, about.to_owned())),
        ..measured(recorded(&[1.0, 2.0]), Load::default())
    };
    let parts =
        [part(Reporter::Source, "cart"), part(Reporter::Destination, "cart"), part(Reporter::Destination, "catalog")];
    let (whole, findings) = merge("all", &parts).unwrap();
    assert_eq!(whole.distribution.samples(), Some(4));
    assert_eq!(findings.len(), 1);
}

#[test]
fn shares_without_a_count_cannot_be_merged() {
    let stated = [Stated { quantile: Quantile::literal(0.5), value: Seconds::new(1.0), resolution: Seconds::ZERO }];
    let shares = Distribution::from_percentiles(&stated, None, None, None).unwrap();
    assert!(matches!(Distribution::merged([&shares, &shares]), Err(MergeError::UnknownCount(_))));
    assert_eq!(Distribution::merged([]), Err(MergeError::Nothing));
}
