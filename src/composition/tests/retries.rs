//! Retries and timeouts, against arithmetic and a simulation.

use super::*;
use crate::composition::{Backoff, Retry, SpreadError};
use crate::units::Share;

fn retry(attempts: u32, per_try: Option<f64>, failing: f64) -> Retry {
    Retry {
        attempts,
        per_try: per_try.map(Seconds::from_millis),
        backoff: Backoff::None,
        failing: Share::new(failing).unwrap(),
    }
}

#[test]
fn a_timeout_cuts_a_share_off() {
    let times = exponential(0.01);
    let cut = times.cut_off(millis(20.0)).unwrap();
    let failed = cut.share_without_end();
    let truth = (-2.0_f64).exp();
    assert!(failed.lower.get() <= truth && truth <= failed.upper.get(), "{failed:?}");
    assert!((failed.value.get() / truth - 1.0).abs() < 0.01, "{failed:?}");
    let answered = cut.of_those_that_end().unwrap();
    check("answered", &answered, 4, |q| -0.01 * (1.0 - q * (1.0 - truth)).ln());
    let given_up = times.at_most(millis(20.0)).unwrap();
    assert_eq!(given_up.share_without_end().upper, Share::ZERO);
    check("given up", &given_up, 2, |q| (-0.01 * (1.0 - q).ln()).min(0.02));
    let nothing = Spread::never().at_most(millis(3.0)).unwrap();
    check("never", &nothing, 2, |_| 0.003);
    assert!(times.cut_off(Seconds::new(f64::NAN)).is_err());
}

/// Three tries of exactly 2 ms, each failing half of the time, 3 ms between: 2, 7 or 12 ms, 1/8 without answer.
#[test]
fn constant_tries_take_what_arithmetic_says() {
    let call = Spread::constant(millis(2.0)).unwrap();
    for dependence in [Dependence::Independent, Dependence::Comonotone] {
        let with = Retry { backoff: Backoff::Fixed(millis(3.0)), ..retry(3, None, 0.5) };
        let retried = call.retried(&with, dependence).unwrap();
        assert!((retried.answered.share_without_end().value.get() - 0.125).abs() < 1e-12);
        assert!((retried.attempts.value - 1.75).abs() < 1e-12, "{:?}", retried.attempts);
        for (share, expected) in [(0.4, 0.002), (0.6, 0.007), (0.8, 0.012)] {
            let (lower, _, upper) = at(&retried.answered, share);
            assert!(lower <= expected && expected <= upper && upper < lower * 1.03, "{share}: {lower} {upper}");
        }
        let (lower, _, upper) = at(&retried.ended, 0.99);
        assert!(lower <= 0.012 && 0.012 <= upper, "{lower} {upper}");
        assert_eq!(retried.ended.share_without_end().upper, Share::ZERO);
        let doubled = Retry {
            backoff: Backoff::Exponential { first: millis(3.0), factor: 2.0, most: millis(5.0) },
            ..retry(3, None, 0.5)
        };
        let (lower, _, upper) = at(&call.retried(&doubled, dependence).unwrap().answered, 0.8);
        assert!(lower <= 0.014 && 0.014 <= upper, "6 ms of work, pauses of 3 and 5: {lower} {upper}");
    }
}

/// A slow callee that is slow for every try makes each retry in vain.
#[test]
fn retries_after_a_timeout_help_only_where_tries_differ() {
    let call = exponential(0.01);
    let slow = (-3.0_f64).exp();
    let with = retry(2, Some(30.0), 0.0);
    let apart = call.retried(&with, Dependence::Independent).unwrap();
    let together = call.retried(&with, Dependence::Comonotone).unwrap();
    let failed = |spread: &Spread| spread.share_without_end().value.get();
    assert!((failed(&apart.answered) / (slow * slow) - 1.0).abs() < 0.02, "{}", failed(&apart.answered));
    assert!((failed(&together.answered) / slow - 1.0).abs() < 0.02, "{}", failed(&together.answered));
    for retried in [&apart, &together] {
        assert!(retried.attempts.lower <= 1.0 + slow && 1.0 + slow <= retried.attempts.upper);
        assert!((retried.attempts.value - 1.0 - slow).abs() < 0.002, "{:?}", retried.attempts);
    }
}

/// Four tries of exponential 10 ms, cut at 25 ms, failing one in five, with Envoy's pauses.
#[test]
fn retries_agree_with_a_simulation() {
    const CALLS: usize = 400_000;
    let mut state = 3_u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    };
    let (mut answered, mut tries) = (Vec::new(), 0_u32);
    for _ in 0..CALLS {
        let mut total = 0.0;
        for number in 1..=4 {
            tries += 1;
            let took = -0.01 * uniform().ln();
            total += took.min(0.025);
            if took <= 0.025 && uniform() >= 0.2 {
                answered.push(total);
                break;
            }
            total += uniform() * (0.005 * (f64::from(1 << number) - 1.0)).min(0.02);
        }
    }
    answered.sort_by(f64::total_cmp);
    let with =
        Retry { backoff: Backoff::Jittered { base: millis(5.0), most: millis(20.0) }, ..retry(4, Some(25.0), 0.2) };
    let found = exponential(0.01).retried(&with, Dependence::Independent).unwrap();
    let failed = found.answered.share_without_end().value.get();
    let expected = 1.0 - answered.len() as f64 / CALLS as f64;
    assert!((failed - expected).abs() < 0.001, "{failed} {expected}");
    assert!((found.attempts.value - f64::from(tries) / CALLS as f64).abs() < 0.01, "{:?}", found.attempts);
    let of_answered = found.answered.of_those_that_end().unwrap();
    for share in [0.5, 0.9, 0.99] {
        let simulated = answered[(share * answered.len() as f64) as usize];
        let (lower, value, upper) = at(&of_answered, share);
        assert!((value / simulated - 1.0).abs() < 0.02, "{share}: {value} {simulated}");
        assert!(lower < simulated * 1.01 && simulated < upper * 1.01, "{share}: {lower} {simulated} {upper}");
    }
}

#[test]
fn a_single_try_changes_nothing() {
    let call = exponential(0.01);
    for dependence in [Dependence::Independent, Dependence::Comonotone] {
        let once = call.retried(&retry(1, None, 0.0), dependence).unwrap();
        for share in [0.1, 0.5, 0.99] {
            let ((_, value, _), (_, same, _)) = (at(&once.answered, share), at(&call, share));
            assert!((value / same - 1.0).abs() < 1e-9, "{value} {same}");
        }
        assert!((once.attempts.value - 1.0).abs() < 1e-9);
    }
    assert_eq!(call.retried(&retry(0, None, 0.0), Dependence::Independent), Err(SpreadError::Attempts(0)));
    assert!(call.retried(&retry(65, None, 0.0), Dependence::Independent).is_err());
}
