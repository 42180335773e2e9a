//! Against enumeration: durations that take few values have sums that can be written down.

use proptest::prelude::*;

use super::*;
use crate::measurement::{Bucket, Distribution, Recorder};
use crate::units::Share;

/// Values in seconds with their probabilities; an infinite one never ends.
type Atoms = Vec<(f64, f64)>;

fn atoms() -> impl Strategy<Value = Atoms> {
    let value = prop_oneof![1 => Just(0.0), 8 => (-14.0..3.0_f64).prop_map(f64::exp2), 1 => Just(f64::INFINITY)];
    prop::collection::vec((value, 1_u32..100), 1..6).prop_map(|parts| {
        let whole: u32 = parts.iter().map(|(_, weight)| weight).sum();
        parts.into_iter().map(|(value, weight)| (value, f64::from(weight) / f64::from(whole))).collect()
    })
}

fn spread(atoms: &Atoms) -> Spread {
    let mut spread = Spread::never();
    let mut after = 0.0;
    for (value, mass) in atoms.iter().rev() {
        let part = if value.is_finite() { Spread::constant(Seconds::new(*value)).unwrap() } else { Spread::never() };
        after += mass;
        spread = part.or(Share::new(mass / after).unwrap(), &spread);
    }
    spread
}

fn combined(a: &Atoms, b: &Atoms, by: impl Fn(f64, f64) -> f64) -> Atoms {
    a.iter().flat_map(|(x, p)| b.iter().map(|(y, q)| (by(*x, *y), p * q)).collect::<Vec<_>>()).collect()
}

fn quantile(atoms: &Atoms, share: f64) -> f64 {
    let mut sorted = atoms.clone();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut below = 0.0;
    let reached = |(_, mass): &&(f64, f64)| {
        below += mass;
        below >= share - 1e-9
    };
    sorted.iter().find(reached).or(sorted.last()).unwrap().0
}

/// Shares away from the steps of a distribution, where rounding decides.
const SHARES: [f64; 7] = [0.0512, 0.2503, 0.4999, 0.7501, 0.9003, 0.9907, 0.9991];

/// Bounds hold the exact quantile, but where a step lies within dust of the share.
fn holds(spread: &Spread, exact: &Atoms, roundings: i32) -> Result<(), TestCaseError> {
    for share in SHARES {
        let (below, above) = (quantile(exact, share - 1e-8), quantile(exact, share + 1e-8));
        let (lower, value, upper) = at(spread, share);
        let far = (1.0 + STEP).powi(roundings) * (1.0 + 1e-9);
        prop_assert!(
            lower <= above * (1.0 + 1e-12) && below <= upper * (1.0 + 1e-12),
            "{share}: {lower} {below} {upper}"
        );
        prop_assert!(lower <= value && value <= upper, "{share}: {lower} {value} {upper}");
        // Below the scale of the grid steps are fixed: a tenth of what is positive may lie there.
        let scale =
            exact.iter().map(|atom| atom.0).filter(|value| *value > 0.0 && value.is_finite()).fold(0.0, f64::max);
        let slack = f64::from(roundings) * STEP * scale;
        prop_assert!(below.is_infinite() || below <= lower * far + slack, "{share}: {lower} for {below}");
        prop_assert!(above.is_infinite() || upper <= above * far + slack, "{share}: {upper} for {above}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn sums_hold_the_exact_quantile(a in atoms(), b in atoms()) {
        let sum = spread(&a).then(&spread(&b), Dependence::Independent);
        holds(&sum, &combined(&a, &b, |x, y| x + y), 2)?;
    }

    #[test]
    fn maxima_hold_the_exact_quantile(a in atoms(), b in atoms()) {
        let slower = spread(&a).and(&spread(&b), Dependence::Independent);
        holds(&slower, &combined(&a, &b, f64::max), 1)?;
    }

    #[test]
    fn order_changes_nothing_and_grouping_no_more_than_rounding(a in atoms(), b in atoms(), c in atoms()) {
        let (a, b, c) = (spread(&a), spread(&b), spread(&c));
        let add = |a: &Spread, b: &Spread| a.then(b, Dependence::Independent);
        for share in SHARES {
            prop_assert_eq!(at(&add(&a, &b), share).2, at(&add(&b, &a), share).2);
        }
        let (left, right) = (add(&add(&a, &b), &c), add(&a, &add(&b, &c)));
        for share in SHARES {
            let ((_, _, upper), (lower, _, _)) = (at(&left, share), at(&right, share));
            prop_assert!(lower <= upper * (1.0 + 1e-12), "{share}: {lower} {upper}");
            let ((_, _, upper), (lower, _, _)) = (at(&right, share), at(&left, share));
            prop_assert!(lower <= upper * (1.0 + 1e-12), "{share}: {lower} {upper}");
        }
    }

    #[test]
    fn means_add_under_any_dependence(a in atoms(), b in atoms()) {
        let finite = |atoms: Atoms| -> Atoms { atoms.into_iter().map(|(v, p)| (if v.is_finite() { v } else { 1.0 }, p)).collect() };
        let (a, b) = (finite(a), finite(b));
        let exact: f64 = a.iter().chain(&b).map(|(value, mass)| value * mass).sum();
        for dependence in [Dependence::Independent, Dependence::Comonotone] {
            let mean = seconds(spread(&a).then(&spread(&b), dependence).mean());
            prop_assert!((mean.1 - exact).abs() <= exact * 1e-9, "{mean:?} {exact}");
        }
    }

    /// What is a theorem: a sum is no faster than any part, at every quantile and under any dependence; no
    /// slower than the sum of quantiles that share the risk (`1 − (1 − q)/k`); and a slower part makes no
    /// faster sum. Independent and comonotone quantiles of a sum may lie either way round.
    #[test]
    fn sums_keep_within_what_any_dependence_allows(a in atoms(), b in atoms(), slower in 1.0..3.0_f64) {
        let (a, b) = (spread(&a), spread(&b));
        let later = a.scaled(slower).unwrap();
        for dependence in [Dependence::Independent, Dependence::Comonotone] {
            let (sum, more) = (a.then(&b, dependence), later.then(&b, dependence));
            for share in SHARES {
                let upper = at(&sum, share).2;
                prop_assert!(upper * (1.0 + 1e-12) >= at(&a, share).0.max(at(&b, share).0));
                let shared = 1.0 - (1.0 - share) / 2.0 + 1e-9;
                prop_assert!(at(&sum, share).0 <= (at(&a, shared).2 + at(&b, shared).2) * (1.0 + 1e-12));
                prop_assert!(at(&more, share).2 * (1.0 + 1e-12) >= at(&sum, share).0);
            }
        }
    }

    /// A maximum of independent branches is at least as slow as that of branches that are slow together.
    #[test]
    fn maxima_are_slowest_when_independent(a in atoms(), b in atoms()) {
        let (a, b) = (spread(&a), spread(&b));
        let (apart, together) = (a.and(&b, Dependence::Independent), a.and(&b, Dependence::Comonotone));
        for share in SHARES {
            prop_assert!(at(&apart, share + 1e-9).2 * (1.0 + 1e-12) >= at(&together, share).0);
        }
    }

    #[test]
    fn recorded_samples_keep_quantiles_and_mean(samples in prop::collection::vec(1_u64..5_000_000_000, 1..200)) {
        let mut recorder = Recorder::new().unwrap();
        samples.iter().for_each(|sample| assert!(recorder.record_nanoseconds(*sample)));
        let distribution = recorder.finish().unwrap();
        agrees(&distribution)?;
    }

    #[test]
    fn buckets_keep_quantiles_and_mean(ends in prop::collection::vec((0.0..2.0_f64, 0.0..1.0_f64, 1_u32..50), 1..12), open in any::<bool>()) {
        let mut buckets: Vec<Bucket> = ends
            .iter()
            .map(|(lower, width, weight)| Bucket { lower: Seconds::new(*lower), upper: Seconds::new(lower + width), weight: f64::from(*weight) })
            .collect();
        if open {
            buckets.push(Bucket { lower: Seconds::new(3.0), upper: Seconds::new(f64::INFINITY), weight: 2.0 });
        }
        agrees(&Distribution::from_buckets(buckets, None).unwrap())?;
    }
}

fn agrees(distribution: &Distribution) -> Result<(), TestCaseError> {
    let spread = Spread::of(distribution);
    for share in SHARES {
        let own = |share: f64| seconds(distribution.quantile(Quantile::new(share).unwrap()));
        let (found, low, high) = (at(&spread, share), own(share - 1e-9), own(share + 1e-9));
        prop_assert!(
            found.0 <= high.0 * (1.0 + 1e-12) && low.2 <= found.2 * (1.0 + 1e-12),
            "{share}: {found:?} {low:?}"
        );
    }
    let (found, own) = (seconds(spread.mean()), seconds(distribution.mean()));
    prop_assert!((found.1 / own.1 - 1.0).abs() < 1e-3, "{found:?} {own:?}");
    let back = spread.to_distribution(distribution.samples()).unwrap();
    for share in SHARES {
        let (found, again) = (at(&spread, share), seconds(back.quantile(Quantile::new(share).unwrap())));
        prop_assert!((found.0 - again.0).abs() <= found.0 * 1e-9, "{share}: {found:?} {again:?}");
        prop_assert!(found.2 == again.2 || (found.2 - again.2).abs() <= found.2 * 1e-9, "{share}: {found:?} {again:?}");
    }
    Ok(())
}

#[test]
fn zero_and_never_are_exact() {
    let cold = Spread::constant(millis(5.0)).unwrap();
    let zero = Spread::zero();
    assert_eq!(at(&cold.then(&zero, Dependence::Independent), 0.5), at(&cold, 0.5));
    assert_eq!(zero.then(&zero, Dependence::Independent), zero);
    let half = Spread::never().with_chance(Share::literal(0.5));
    let both = half.then(&half, Dependence::Independent).share_without_end();
    assert!((both.lower.get() - 0.75).abs() < 1e-12 && (both.upper.get() - 0.75).abs() < 1e-12, "{both:?}");
    let both = half.then(&half, Dependence::Comonotone).share_without_end();
    assert!((both.value.get() - 0.5).abs() < 1e-12, "{both:?}");
    assert!(at(&Spread::never(), 0.01).0.is_infinite());
    assert!(Spread::never().of_those_that_end().is_none());
    assert!(Spread::constant(Seconds::new(-1.0)).is_err() && Spread::constant(Seconds::new(f64::NAN)).is_err());
    assert!(cold.repeated(-1.0, Dependence::Independent).is_err() && cold.scaled(f64::INFINITY).is_err());
    assert_eq!(cold.repeated(0.0, Dependence::Independent).unwrap(), zero);
}

/// Durations at either end of what can be measured do not grow the grid without bound.
#[test]
fn extremes_stay_in_bounds() {
    let brief = Spread::constant(Seconds::new(1e-30)).unwrap();
    let long = Spread::constant(Seconds::new(1e30)).unwrap();
    let sum = brief.then(&long, Dependence::Independent);
    let (lower, _, upper) = at(&sum, 0.5);
    assert!(lower > 1e12 && upper.is_infinite(), "{lower} {upper}");
    assert!(sum.lower.at.len() < 100_000);
    let doubled = long.repeated(1e6, Dependence::Independent).unwrap();
    assert!(doubled.lower.at.len() < 100_000);
}

#[test]
fn factors_and_floors() {
    let times = exponential(0.01);
    check("scaled", &times.scaled(3.0).unwrap(), 2, |q| -0.03 * (1.0 - q).ln());
    let floored = times.at_least(millis(10.0)).unwrap();
    check("floored", &floored, 2, |q| (-0.01 * (1.0 - q).ln()).max(0.01));
    let part = times.repeated(2.5, Dependence::Comonotone).unwrap();
    // The third takes part half of the time: its share of 0.999 is the 0.998 of those.
    check("two and a half", &part, 4, |q| {
        let third = if q > 0.5 { -0.01 * (2.0 * (1.0 - q)).ln() } else { 0.0 };
        -0.02 * (1.0 - q).ln() + third
    });
}
