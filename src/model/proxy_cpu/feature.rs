//! What part of a proxy's CPU goes into metrics, logs and traces.

use super::{ANCHOR_SAMPLING, Factor, ProxyCpu, ProxyTraffic, effective_kilo_rps};
use crate::estimate::{Basis, Estimate, Term};
use crate::model::sum::{IN_CORES, Swings, total};
use crate::model::{Coefficient, bounded};
use crate::units::{Cores, Quantity};

/// A feature whose cost can be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observed {
    /// Istio's standard metrics.
    Metrics,
    /// The access log.
    AccessLog,
    /// Tracing beyond the 1 % that the card's figure holds.
    Tracing,
}

impl ProxyCpu {
    /// CPU that a feature costs as it is set: the request part with it less the part without, nothing where it
    /// is off.
    ///
    /// `K · φ(q) · Π f · (1 − 1/f_x)` with `f_x` the factor of the feature.
    #[must_use]
    pub fn share_of(&self, traffic: &ProxyTraffic, feature: Observed) -> Estimate<Cores> {
        let own = self.factor_of(traffic, feature);
        let [lower, value, upper] = own.map(|factor| 1.0 - 1.0 / factor);
        let factors = self.factors(traffic);
        let multiplier: f64 = factors.iter().map(|factor| factor.value).product();
        let knee = f64::from(traffic.workers.max(1)) * self.knee.value;
        let rps = bounded(traffic.rate.as_per_second());
        let count = effective_kilo_rps(rps, self.exponent.value, knee) * multiplier;
        let terms = vec![Term::new(what(feature), count * value, self.requests.value, IN_CORES.unit)];
        let cost = total(&terms);
        let mut swings = Swings::default();
        let exponent_at = |exponent: f64| effective_kilo_rps(rps, exponent, knee) * multiplier * value;
        self.swing_requests(&mut swings, count * value, cost, &[], exponent_at);
        let requests = count * self.requests.value;
        swings.add(requests * lower, cost, requests * upper);
        swings.add(cost * (1.0 - self.spread.value), cost, cost * (1.0 + self.spread.value));
        let (low, high) = swings.ends(cost);
        let basis = Basis { law: "proxy CPU of a feature".to_owned(), terms, assumptions: Vec::new() };
        Estimate::new(Cores::from_base(low), Cores::from_base(cost), Cores::from_base(high), basis)
    }

    /// Lower end, value and upper end of a feature's factor as it is set; 1 where it costs nothing.
    fn factor_of(&self, traffic: &ProxyTraffic, feature: Observed) -> [f64; 3] {
        let ends = |coefficient: &Coefficient| [coefficient.lower, coefficient.value, coefficient.upper];
        let features = &traffic.features;
        match feature {
            Observed::Metrics if features.metrics => ends(&self.metrics_factor),
            Observed::AccessLog if features.access_log => ends(&self.access_log_factor),
            Observed::Tracing if features.tracing_sampling.get() > ANCHOR_SAMPLING => {
                let share = (features.tracing_sampling.get() - ANCHOR_SAMPLING) / (1.0 - ANCHOR_SAMPLING);
                let factor = Factor::partly(&self.full_tracing_factor, share, String::new());
                [factor.lower, factor.value, factor.upper]
            }
            _ => [1.0; 3],
        }
    }
}

fn what(feature: Observed) -> &'static str {
    match feature {
        Observed::Metrics => "thousands of requests per second, their part for standard metrics",
        Observed::AccessLog => "thousands of requests per second, their part for the access log",
        Observed::Tracing => "thousands of requests per second, their part for traces",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::TEST_CARD;
    use crate::model::Features;
    use crate::units::{Rate, Share};

    const EVERYTHING: Features =
        Features { mtls: true, metrics: true, access_log: true, tracing_sampling: Share::literal(1.0) };

    /// What a feature costs is what goes away without it.
    #[test]
    fn a_share_is_the_difference_the_feature_makes() {
        let law = &TEST_CARD.proxy_cpu;
        let with = ProxyTraffic { rate: Rate::per_second(800.0), workers: 2, features: EVERYTHING, gateway: true };
        for (feature, without) in [
            (Observed::Metrics, Features { metrics: false, ..EVERYTHING }),
            (Observed::AccessLog, Features { access_log: false, ..EVERYTHING }),
            (Observed::Tracing, Features { tracing_sampling: Share::literal(0.01), ..EVERYTHING }),
        ] {
            let without = ProxyTraffic { features: without, ..with };
            let difference = law.usage(&with).value - law.usage(&without).value;
            let share = law.share_of(&with, feature);
            assert!((share.value - difference).base().abs() < 1e-12, "{feature:?}");
            assert!(share.lower <= share.value && share.value <= share.upper && share.lower.base() >= 0.0);
            assert_eq!(Cores::new(total(&share.basis.terms)), share.value);
            assert_eq!(law.share_of(&without, feature).value, Cores::ZERO, "{feature:?} is off");
        }
    }
}
