//! What part of a proxy's CPU goes into metrics, logs and traces.

use super::{ProxyCpu, ProxyTraffic};
use crate::estimate::{Basis, Estimate, Term};
use crate::model::Observed;
use crate::model::sum::{IN_CORES, Swings, total};
use crate::units::{Cores, Quantity};

impl ProxyCpu {
    /// CPU that a feature costs as it is set, nothing where it is off: the request part with it less the part
    /// without, `Π f · d · (a·q + b·W(q))` with `f` all other factors and `d` what the feature adds.
    #[must_use]
    pub fn share_of(&self, traffic: &ProxyTraffic, feature: Observed) -> Estimate<Cores> {
        let [lower, value, upper] = self.features.added_by(&traffic.features, feature);
        let neutral = ProxyTraffic { features: traffic.features.neutral(feature), ..*traffic };
        let multiplier: f64 = self.factors(&neutral).iter().map(|factor| factor.value).product();
        let work = self.work(traffic);
        let [requests, wake_ups] = what(feature);
        let terms = vec![
            Term::new(requests, work.requests * multiplier * value, self.requests.value, IN_CORES.unit),
            Term::new(wake_ups, work.wake_ups * multiplier * value, self.wake_up.value, IN_CORES.unit),
        ];
        let cost = total(&terms);
        let mut swings = Swings::default();
        self.swing_work(&mut swings, &work, multiplier * value);
        let all = self.cost(&work) * multiplier;
        swings.add(all * lower, cost, all * upper);
        swings.add(cost * (1.0 - self.spread.value), cost, cost * (1.0 + self.spread.value));
        let (low, high) = swings.ends(cost);
        let basis = Basis { law: "proxy CPU of a feature".to_owned(), terms, assumptions: Vec::new() };
        Estimate::new(Cores::from_base(low), Cores::from_base(cost), Cores::from_base(high), basis)
    }
}

fn what(feature: Observed) -> [String; 2] {
    let part = match feature {
        Observed::Metrics => "standard metrics",
        Observed::AccessLog => "the access log",
        Observed::Tracing => "traces",
    };
    ["requests", "wake-ups"].map(|of| format!("thousands of {of} per second, their part for {part}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::TEST_CARD;
    use crate::model::Features;
    use crate::units::{Rate, Share};

    /// What a feature costs is what goes away without it.
    #[test]
    fn a_share_is_the_difference_the_feature_makes() {
        let law = &TEST_CARD.proxy_cpu;
        let everything = Features {
            access_log: Share::literal(0.8),
            metrics: Share::literal(0.7),
            tracing_sampling: Share::ONE,
            ..Features::default()
        };
        let with = ProxyTraffic {
            rate: Rate::per_second(800.0),
            workers: 2,
            features: everything,
            gateway: true,
            ..ProxyTraffic::default()
        };
        for (feature, without) in [
            (Observed::Metrics, Features { metrics: Share::ZERO, ..everything }),
            (Observed::AccessLog, Features { access_log: Share::ZERO, ..everything }),
            (Observed::Tracing, Features { tracing_sampling: Share::literal(0.01), ..everything }),
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
