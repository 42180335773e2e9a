//! What every spread obeys, against results this module did not compute.

mod exact;
mod retries;
mod laws;
mod paths;

use statrs::distribution::{ContinuousCDF, Exp, LogNormal};

use super::{Dependence, Spread};
use crate::measurement::QuantileEstimate;
use crate::units::{Quantile, Seconds};

/// Steps of the grid: each rounding moves a bound by no more than this part of it.
const STEP: f64 = 1.0 / 512.0;

fn seconds(estimate: QuantileEstimate) -> (f64, f64, f64) {
    (estimate.lower.as_seconds(), estimate.value.as_seconds(), estimate.upper.as_seconds())
}

fn at(spread: &Spread, quantile: f64) -> (f64, f64, f64) {
    seconds(spread.quantile(Quantile::new(quantile).unwrap()))
}

fn exponential(mean: f64) -> Spread {
    let law = Exp::new(1.0 / mean).unwrap();
    Spread::from_tail(|time| law.sf(time.as_seconds()))
}

fn lognormal(median: f64, shape: f64) -> Spread {
    let law = LogNormal::new(median.ln(), shape).unwrap();
    Spread::from_tail(|time| law.sf(time.as_seconds()))
}

/// The true quantile lies between the bounds, those are as near as promised, and the figure is nearer.
fn check(what: &str, spread: &Spread, roundings: u32, truth: impl Fn(f64) -> f64) {
    for quantile in [0.1, 0.5, 0.9, 0.99, 0.999] {
        let ((lower, value, upper), truth) = (at(spread, quantile), truth(quantile));
        let far = (1.0 + STEP).powf(f64::from(roundings)) * (1.0 + 1e-9);
        assert!(
            lower <= truth * (1.0 + 1e-9) && truth <= upper * (1.0 + 1e-9),
            "{what} {quantile}: {lower} {truth} {upper}"
        );
        assert!(
            truth <= lower * far && upper <= truth * far,
            "{what} {quantile}: {lower} {truth} {upper}, {roundings} roundings"
        );
        assert!((value / truth - 1.0).abs() < STEP, "{what} {quantile}: {value} for {truth}");
    }
}

fn independent<'a>(parts: impl IntoIterator<Item = &'a Spread>) -> Spread {
    Spread::sequence(parts, Dependence::Independent)
}

fn millis(millis: f64) -> Seconds {
    Seconds::from_millis(millis)
}
