//! How much less one mode uses than another, and how sure that is.
//!
//! Two totals with overlapping intervals may still be told apart: gateways, ztunnels and istiod are estimated by the
//! same coefficients in both modes, so that an error in them moves both. Each part is therefore set against the same
//! part of the other mode, end against end, and what is alike cancels. Parts of different kinds are taken as
//! independent. Sidecars and waypoints share coefficients and stand on different sides of a difference: taken as
//! independent, the interval is wider than it need be, never narrower.

use statrs::distribution::{ContinuousCDF, Normal};

use super::{MeshMode, ModePlan, Part};
use crate::estimate::Estimate;
use crate::units::{Quantity, Share};

/// Standard deviations from the middle to the end of a 90 % interval.
const END: f64 = 1.644_853_626_951_472_2;

/// How much less `less` uses than `more`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Saving<Q> {
    /// The mode that uses less by its figure.
    pub less: MeshMode,
    /// The mode it is compared with.
    pub more: MeshMode,
    /// Lower end of the 90 % interval of the difference; below zero where the order may be the other way round.
    pub lower: Q,
    /// The difference; at least zero.
    pub value: Q,
    /// Upper end.
    pub upper: Q,
    /// How likely `less` does use less.
    pub probability: Share,
}

/// How sure an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sureness {
    /// As good as even: less than four in five.
    Open,
    /// Likely: four in five or more.
    Likely,
    /// Sure: 95 % or more.
    Sure,
}

impl<Q> Saving<Q> {
    /// How sure the order is.
    #[must_use]
    pub fn sureness(&self) -> Sureness {
        match self.probability.get() {
            0.95.. => Sureness::Sure,
            0.8.. => Sureness::Likely,
            _ => Sureness::Open,
        }
    }
}

/// What the mode that uses least of something saves against each of the others; of equals the first.
///
/// The absence of a mesh costs nothing, which needs no comparison: it is left out.
pub(super) fn savings<Q: Quantity>(
    modes: &[ModePlan],
    total: impl Fn(&ModePlan) -> Q,
    of: impl Fn(&Part) -> &Estimate<Q>,
) -> Vec<Saving<Q>> {
    let meshes: Vec<&ModePlan> = modes.iter().filter(|mode| mode.mode != MeshMode::None).collect();
    let least = meshes.iter().copied().reduce(|a, b| if total(b) < total(a) { b } else { a });
    let Some(least) = least else { return Vec::new() };
    let others = meshes.into_iter().filter(|mode| mode.mode != least.mode);
    others.map(|more| saving(least, more, &of)).collect()
}

fn saving<Q: Quantity>(less: &ModePlan, more: &ModePlan, of: &impl Fn(&Part) -> &Estimate<Q>) -> Saving<Q> {
    let (mut value, mut down, mut up) = (0.0, 0.0, 0.0);
    for (cheap, dear) in less.parts.iter().zip(&more.parts) {
        let (cheap, dear) = (of(cheap), of(dear));
        let middle = dear.value.base() - cheap.value.base();
        let ends = [dear.lower.base() - cheap.lower.base(), dear.upper.base() - cheap.upper.base()];
        let furthest = |sign: f64| ends.iter().map(|end| sign * (end - middle)).fold(0.0, f64::max);
        value += middle;
        down += furthest(-1.0).powi(2);
        up += furthest(1.0).powi(2);
    }
    let (down, up) = (f64::sqrt(down), f64::sqrt(up));
    let probability = match (value > 0.0, down > 0.0) {
        (true, true) => Normal::standard().cdf(value / (down / END)),
        (true, false) => 1.0,
        _ => 0.5,
    };
    Saving {
        less: less.mode,
        more: more.mode,
        lower: Q::from_base(value - down),
        value: Q::from_base(value),
        upper: Q::from_base(value + up),
        probability: Share::new(probability).unwrap_or(Share::ZERO),
    }
}
