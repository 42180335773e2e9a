//! Against closed forms and a simulation.

use statrs::distribution::{ContinuousCDF, Gamma, LogNormal, Normal};

use super::*;
use crate::model::queueing::FanOut;
use crate::units::Share;

#[test]
fn sums_of_exponentials_are_erlang() {
    for hops in [1_u32, 2, 3, 7, 10] {
        let parts = vec![exponential(0.01); hops as usize];
        let erlang = Gamma::new(f64::from(hops), 100.0).unwrap();
        let roundings = 1 + hops.next_power_of_two().trailing_zeros();
        check(&format!("Erlang {hops}"), &independent(&parts), roundings, |q| erlang.inverse_cdf(q));
        let repeated = parts[0].repeated(f64::from(hops), Dependence::Independent).unwrap();
        check(&format!("repeated {hops}"), &repeated, 2 * roundings, |q| erlang.inverse_cdf(q));
    }
}

/// Rates 1/4 ms and 1/1 ms: hypoexponential, `1 − F(t) = (4e^{−t/4} − e^{−t})/3`.
#[test]
fn unequal_parts_are_hypoexponential() {
    let sum = exponential(0.004).then(&exponential(0.001), Dependence::Independent);
    let within = |t: f64| 1.0 - (4.0 * (-t / 0.004).exp() - (-t / 0.001).exp()) / 3.0;
    check("hypoexponential", &sum, 2, |q| solve(within, q));
}

#[test]
fn sums_of_uniforms_are_triangular() {
    let part = Spread::uniform(Seconds::ZERO, millis(8.0)).unwrap();
    let sum = part.then(&part, Dependence::Independent);
    check("triangular", &sum, 2, |q| {
        if q <= 0.5 { 0.008 * (2.0 * q).sqrt() } else { 0.008 * (2.0 - (2.0 * (1.0 - q)).sqrt()) }
    });
}

#[test]
fn the_slowest_of_many_follows_the_fan_out_law() {
    let part = lognormal(0.003, 0.6);
    let law = LogNormal::new(0.003_f64.ln(), 0.6).unwrap();
    for branches in [1, 2, 10, 100, 10_000] {
        let decides = |q| FanOut::new(branches).branch_quantile(Quantile::new(q).unwrap()).get();
        check("fan-out", &part.fanned_out(branches, Dependence::Independent), 1, |q| law.inverse_cdf(decides(q)));
    }
    let four = Spread::parallel([&part, &part, &part, &part], Dependence::Independent);
    check("four at a time", &four, 1, |q| law.inverse_cdf(q.powf(0.25)));
    let together = part.fanned_out(100, Dependence::Comonotone);
    check("all alike", &together, 1, |q| law.inverse_cdf(q));
    assert_eq!(part.fanned_out(0, Dependence::Independent), Spread::zero());
}

#[test]
fn different_branches_multiply_their_distributions() {
    let both = exponential(0.004).and(&exponential(0.001), Dependence::Independent);
    check("both", &both, 1, |q| solve(|t| (1.0 - (-t / 0.004).exp()) * (1.0 - (-t / 0.001).exp()), q));
    let worst = exponential(0.004).and(&exponential(0.001), Dependence::Comonotone);
    check("worst", &worst, 1, |q| -0.004 * (1.0 - q).ln());
}

#[test]
fn alternatives_mix() {
    let either = exponential(0.001).or(Share::literal(0.9), &exponential(0.1));
    check("either", &either, 1, |q| solve(|t| 1.0 - 0.9 * (-t / 0.001).exp() - 0.1 * (-t / 0.1).exp(), q));
    let rare = exponential(0.1).with_chance(Share::literal(0.05));
    assert_eq!(at(&rare, 0.9), (0.0, 0.0, 0.0));
    let (lower, value, upper) = at(&rare, 0.99);
    let truth = 0.1 * 5.0_f64.ln();
    assert!(lower <= truth && truth <= upper && (value / truth - 1.0).abs() < STEP, "{lower} {value} {upper}");
}

#[test]
fn comonotone_percentiles_add_and_their_maximum_is_the_worst() {
    let parts = [exponential(0.01), lognormal(0.003, 1.0), Spread::constant(millis(2.0)).unwrap()];
    let sum = Spread::sequence(&parts, Dependence::Comonotone);
    let law = LogNormal::new(0.003_f64.ln(), 1.0).unwrap();
    check("comonotone", &sum, 3, |q| -0.01 * (1.0 - q).ln() + law.inverse_cdf(q) + 0.002);
}

/// Sums of log-normals have no closed form. A seeded simulation of a million paths of three.
#[test]
fn sums_of_lognormals_agree_with_a_simulation() {
    const PATHS: usize = 1_000_000;
    let shapes = [(0.002, 0.5), (0.005, 0.8), (0.001, 1.2)];
    let normal = Normal::new(0.0, 1.0).unwrap();
    let mut state = 7_u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    };
    // Drawn from a table: the inverse of the normal distribution is slow to ask a million times.
    let table: Vec<f64> = (0..=1 << 16).map(|i| normal.inverse_cdf((f64::from(i) + 0.5) / 65537.0)).collect();
    let mut draw = || table[(uniform() * 65537.0) as usize];
    let mut paths: Vec<f64> =
        (0..PATHS).map(|_| shapes.iter().map(|(median, shape)| median * (shape * draw()).exp()).sum()).collect();
    paths.sort_by(f64::total_cmp);
    let sum = independent(&shapes.map(|(median, shape)| lognormal(median, shape)));
    for (quantile, tolerance) in [(0.5, 0.002), (0.9, 0.004), (0.99, 0.012)] {
        let simulated = paths[(quantile * PATHS as f64) as usize];
        let (_, value, _) = at(&sum, quantile);
        assert!((value / simulated - 1.0).abs() < tolerance, "{quantile}: {value} against {simulated}");
    }
}

/// A part known from a law is as slow as the law says, down to the parts in a million.
#[test]
fn laws_keep_their_tail_and_their_mean() {
    let spread = exponential(0.02);
    let (_, value, _) = at(&spread, 0.999_999);
    assert!((value / (0.02 * 1e6_f64.ln()) - 1.0).abs() < STEP, "{value}");
    let (_, mean, upper) = seconds(spread.mean());
    assert!((mean / 0.02 - 1.0).abs() < 1e-5 && upper < 0.02 * (1.0 + STEP), "{mean} {upper}");
}

/// A tail that stops falling leaves calls without end.
#[test]
fn what_never_falls_never_ends() {
    let spread = Spread::from_tail(|time| 0.25 + 0.75 * (-time.as_seconds()).exp());
    let failed = spread.share_without_end();
    assert_eq!(
        (failed.lower, failed.value, failed.upper),
        (Share::literal(0.25), Share::literal(0.25), Share::literal(0.25))
    );
    assert!(at(&spread, 0.8).0.is_infinite());
    let answered = spread.of_those_that_end().unwrap();
    check("answered", &answered, 1, |q| -(1.0 - q).ln());
}

/// Where a rising function reaches a share.
fn solve(within: impl Fn(f64) -> f64, share: f64) -> f64 {
    let (mut low, mut high) = (0.0, 10.0);
    for _ in 0..200 {
        let middle = (low + high) / 2.0;
        if within(middle) < share { low = middle } else { high = middle }
    }
    high
}
