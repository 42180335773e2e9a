//! CPU of a proxy from its request rate.
//!
//! **Law.** An idle proxy costs a little, more with every worker thread. A request costs its own work, and waking a
//! worker costs as much again or more: caches are cold, the event loop turns for one event. The busier a worker, the
//! more requests one wake-up serves, so requests cost less each as the rate rises, down to their own work alone.
//!
//! `U = idle + w·idle_w + Π f · (a·q + b·W(q)) + q·t + h·t_h`, with `W(q) = q ÷ (1 + q ÷ (w·r))`
//!
//! with `q` requests per second in thousands, `a` cores for the work of a thousand, `b` cores for a thousand wake-ups,
//! `r` the rate per worker at which one wake-up serves two requests, and `f` a
//! factor for each feature by which the proxy differs from the one `a` was measured on: mutual TLS
//! and standard metrics on, access log off, 1 % of requests traced, no policies, a sidecar (see
//! [`super::Features`]); `t` the CPU time of its token, where one is validated; `h` full TLS handshakes per second, `t_h` the CPU time of one.
//!
//! **Source.** `W` is the rate of busy periods of a loop that takes all that has come while it slept. Of a power of the
//! rate, a power per worker, saturating exponentials and this, it misses unseen load points least, on Envoy 1.40 and on
//! istio/tools benchmark runs (2019-2020) alike; it is straight at both ends, as measured. Handshakes: as the card says.
//!
//! **Assumptions.** HTTP/1.1 with about 1 KiB of payload on kept-alive connections; those that are not
//! kept alive count as handshakes. The figure is not capped at the workers: more than `w` cores means that the proxy cannot carry the rate.

mod feature;

use super::features::{Factor, FeatureCosts, Features};
use super::sum::{IN_CORES, IN_MILLIS, Swings, spread_in_words, total};
use super::{Coefficient, CoefficientError, CoefficientSet, Measure, OutOfRange, bounded};
use crate::estimate::{Basis, Estimate, Term};
use crate::units::{Cores, Quantity, Rate, Seconds};

/// Milliseconds of a second.
const MILLIS: f64 = 1000.0;
/// Requests that the card's figures are for.
const THOUSAND: f64 = 1000.0;
/// Least rate at which the time of a request was measured; rarer ones are taken to cost as much each.
const LEAST_RPS: f64 = 10.0;

/// The law with its coefficients.
#[derive(Debug, Clone, PartialEq)]
pub struct ProxyCpu {
    idle: Coefficient,
    idle_per_worker: Coefficient,
    requests: Coefficient,
    wake_up: Coefficient,
    sharing_rate: Coefficient,
    features: FeatureCosts,
    gateway_factor: Coefficient,
    handshake: Coefficient,
    spread: Coefficient,
}

/// What passes through a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ProxyTraffic {
    /// Requests per second, inbound and outbound together; at least 0.
    pub rate: Rate,
    /// Worker threads; 0 is taken as 1, for a proxy has at least one.
    pub workers: u32,
    /// Features that are on.
    pub features: Features,
    /// Whether it is a gateway or waypoint rather than a sidecar.
    pub gateway: bool,
    /// Full TLS handshakes per second with clients that open new connections; at least 0.
    pub handshakes: Rate,
}

impl ProxyCpu {
    /// The law from the coefficients of a card.
    ///
    /// # Errors
    /// [`CoefficientError`] when one is missing, unknown, in another unit or out of its domain.
    pub fn new(mut card: CoefficientSet) -> Result<Self, CoefficientError> {
        let law = Self {
            idle: card.take("idle", Measure::Cpu, "")?,
            idle_per_worker: card.take("idle_per_worker", Measure::Cpu, "per worker")?,
            requests: card.take("requests", Measure::Cpu, "at 1000 rps")?,
            wake_up: card.take("wake_up", Measure::Cpu, "at 1000 rps")?,
            sharing_rate: card.take("sharing_rate", Measure::Rate, "per worker")?.above_zero()?,
            features: FeatureCosts::take(&mut card)?,
            gateway_factor: card.take("gateway_factor", Measure::Ratio, "")?.at_least_one()?,
            handshake: card.take("handshake", Measure::Cpu, "per handshake per second")?,
            spread: card.take("spread", Measure::Ratio, "")?.at_most_one()?,
        };
        card.finish()?;
        Ok(law)
    }

    /// Its coefficients, in the order of the formula.
    #[must_use]
    pub fn coefficients(&self) -> Vec<&Coefficient> {
        let law = [&self.idle, &self.idle_per_worker, &self.requests, &self.wake_up, &self.sharing_rate];
        let rest = [&self.gateway_factor, &self.handshake, &self.spread];
        law.into_iter().chain(self.features.coefficients()).chain(rest).collect()
    }

    /// CPU of the proxy container at a rate.
    #[must_use]
    pub fn usage(&self, traffic: &ProxyTraffic) -> Estimate<Cores> {
        let workers = workers(traffic);
        let work = self.work(traffic);
        let factors = self.factors(traffic);
        let mut terms = vec![
            Term::new("idle", 1.0, self.idle.value, IN_CORES.unit),
            Term::new("workers, idle", workers, self.idle_per_worker.value, IN_CORES.unit),
        ];
        let [requests, wake_ups] = self.in_words(&work, &factors);
        let multiplier = product(&factors);
        terms.push(Term::new(requests, work.requests * multiplier, self.requests.value, IN_CORES.unit));
        terms.push(Term::new(wake_ups, work.wake_ups * multiplier, self.wake_up.value, IN_CORES.unit));
        let timed = self.timed(traffic);
        terms.extend(timed.iter().map(|(what, count, each)| Term::new(what, *count, each.value, IN_CORES.unit)));
        let value = total(&terms);

        let mut swings = Swings::default();
        swings.add(self.idle.lower, self.idle.value, self.idle.upper);
        swing_each(&mut swings, workers, &self.idle_per_worker);
        self.swing_work(&mut swings, &work, multiplier);
        swing_factors(&mut swings, self.cost(&work) * multiplier, &factors);
        timed.iter().for_each(|(_, count, each)| swing_each(&mut swings, *count, each));
        swings.add(value * (1.0 - self.spread.value), value, value * (1.0 + self.spread.value));
        let (lower, upper) = swings.ends(value);

        let basis = Basis { law: "proxy CPU".to_owned(), terms, assumptions: self.assumptions() };
        Estimate::new(Cores::from_base(lower), Cores::from_base(value), Cores::from_base(upper), basis)
    }

    /// CPU that a proxy needs beyond what it would need otherwise: `with` and `without` differ in features or
    /// handshakes, not in rate and workers.
    #[must_use]
    pub fn added(&self, with: &ProxyTraffic, without: &ProxyTraffic) -> Estimate<Cores> {
        let work = self.work(with);
        let (here, there) = (self.factors(with), self.factors(without));
        let ratio = product(&there) / product(&here);
        let multiplier = product(&here) * (1.0 - ratio);
        let changed: Vec<&str> = here
            .iter()
            .chain(&there)
            .filter(|it| here.contains(it) != there.contains(it))
            .map(|it| it.what.as_str())
            .collect();
        let changed = changed.join(" instead of ");
        let mut terms = vec![
            Term::new(format!("requests, {changed}"), work.requests * multiplier, self.requests.value, IN_CORES.unit),
            Term::new(format!("wake-ups, {changed}"), work.wake_ups * multiplier, self.wake_up.value, IN_CORES.unit),
        ];
        let mut swings = Swings::default();
        self.swing_work(&mut swings, &work, multiplier);
        let cost = self.cost(&work) * multiplier;
        let all = self.cost(&work) * product(&here);
        for (only, sign) in [(&here, 1.0), (&there, -1.0)] {
            let other = if sign > 0.0 { &there } else { &here };
            for factor in only.iter().filter(|factor| !other.contains(factor)) {
                let at = |end: f64| all * (1.0 - ratio * (factor.value / end).powf(sign));
                swings.add(at(factor.lower).min(at(factor.upper)), cost, at(factor.lower).max(at(factor.upper)));
            }
        }
        let (mut more, less) = (self.timed(with), self.timed(without));
        more.retain(|(what, each, _)| !less.iter().any(|(known, count, _)| known == what && count == each));
        for (what, each, coefficient) in more {
            terms.push(Term::new(what, each, coefficient.value, IN_CORES.unit));
            swing_each(&mut swings, each, coefficient);
        }
        terms.retain(|term| term.count > 0.0);
        let value = total(&terms);
        let (lower, upper) = swings.ends(value);
        let basis = Basis { law: "proxy CPU of a feature".to_owned(), terms, assumptions: Vec::new() };
        Estimate::new(Cores::from_base(lower), Cores::from_base(value), Cores::from_base(upper.max(value)), basis)
    }

    /// What takes its time however many requests come at once: what, how many a second, and each.
    fn timed(&self, traffic: &ProxyTraffic) -> Vec<(String, f64, &Coefficient)> {
        let rps = bounded(traffic.rate.as_per_second());
        let tokens = self.features.tokens(&traffic.features);
        let tokens = tokens.map(|(what, each, coefficient)| (format!("{what} per second"), rps * each, coefficient));
        let handshakes = bounded(traffic.handshakes.as_per_second());
        let handshakes =
            (handshakes > 0.0).then(|| ("TLS handshakes per second".to_owned(), handshakes, &self.handshake));
        tokens.chain(handshakes).collect()
    }

    /// The value of [`Self::usage`] alone, without interval and terms.
    #[must_use]
    pub fn figure(&self, traffic: &ProxyTraffic) -> Cores {
        let rps = bounded(traffic.rate.as_per_second());
        let multiplier: f64 = self.factors(traffic).iter().map(|factor| factor.value).product();
        let work = self.cost(&self.work(traffic)) * multiplier;
        let tokens: f64 = self.features.tokens(&traffic.features).map(|(_, each, one)| rps * each * one.value).sum();
        let handshakes = bounded(traffic.handshakes.as_per_second()) * self.handshake.value;
        let idle = self.idle.value + workers(traffic) * self.idle_per_worker.value;
        Cores::from_base(idle + work + tokens + handshakes)
    }

    /// CPU time that one request costs at a rate, what the proxy uses while idle left out:
    /// `Π f · (a + b ÷ (1 + q ÷ (w·r)))`, and that of a token.
    ///
    /// Below ten requests a second it is that of ten.
    #[must_use]
    pub fn time_per_request(&self, traffic: &ProxyTraffic) -> Estimate<Seconds> {
        let rps = bounded(traffic.rate.as_per_second()).max(LEAST_RPS);
        let work = self.work(&ProxyTraffic { rate: Rate::per_second(rps), ..*traffic });
        let factors = self.factors(traffic);
        let multiplier = product(&factors) * MILLIS / rps;
        let each = format!(", each of {} rps", rounded(rps));
        let [requests, wake_ups] = self.in_words(&work, &factors).map(|words| words + &each);
        let mut terms = vec![
            Term::new(requests, work.requests * multiplier, self.requests.value, IN_MILLIS.unit),
            Term::new(wake_ups, work.wake_ups * multiplier, self.wake_up.value, IN_MILLIS.unit),
        ];
        let mut swings = Swings::default();
        self.swing_work(&mut swings, &work, multiplier);
        swing_factors(&mut swings, self.cost(&work) * multiplier, &factors);
        for (what, each, coefficient) in self.features.tokens(&traffic.features) {
            terms.push(Term::new(what, each * MILLIS, coefficient.value, IN_MILLIS.unit));
            swing_each(&mut swings, each * MILLIS, coefficient);
        }
        let value = total(&terms);
        let (lower, upper) = swings.ends(value);
        let basis = Basis { law: "proxy CPU time of a request".to_owned(), terms, assumptions: self.assumptions() };
        let millis = |number: f64| Seconds::from_millis(number);
        Estimate::new(millis(lower), millis(value), millis(upper), basis)
    }

    /// Requests and wake-ups of a traffic.
    fn work(&self, traffic: &ProxyTraffic) -> Work {
        let rps = bounded(traffic.rate.as_per_second());
        let shared = |sharing_rate: f64| rps / THOUSAND / (1.0 + rps / (workers(traffic) * sharing_rate));
        let rate = &self.sharing_rate;
        Work {
            rps,
            workers: workers(traffic),
            requests: rps / THOUSAND,
            wake_ups: shared(rate.value),
            fewest_wake_ups: shared(rate.lower),
            most_wake_ups: shared(rate.upper),
        }
    }

    /// What work costs without any factor, in cores.
    fn cost(&self, work: &Work) -> f64 {
        work.requests * self.requests.value + work.wake_ups * self.wake_up.value
    }

    /// What the coefficients leave open about work, times a multiplier.
    fn swing_work(&self, swings: &mut Swings, work: &Work, multiplier: f64) {
        swing_each(swings, work.requests * multiplier, &self.requests);
        swing_each(swings, work.wake_ups * multiplier, &self.wake_up);
        let wake_ups = |count: f64| count * multiplier * self.wake_up.value;
        swings.add(wake_ups(work.fewest_wake_ups), wake_ups(work.wake_ups), wake_ups(work.most_wake_ups));
    }

    /// Coefficients used beyond the counts they were observed at.
    #[must_use]
    pub fn outside_range(&self, traffic: &ProxyTraffic) -> Vec<OutOfRange> {
        let workers = workers(traffic);
        let rps = bounded(traffic.rate.as_per_second());
        let rate = (rps > 0.0).then(|| self.requests.outside_range(rps)).flatten();
        let of_features = self.features.outside_range(&traffic.features);
        self.idle_per_worker.outside_range(workers).into_iter().chain(rate).chain(of_features).collect()
    }

    /// Factors by which this proxy differs from the one the card's figure was measured on.
    fn factors(&self, traffic: &ProxyTraffic) -> Vec<Factor> {
        let mut factors = Vec::new();
        if traffic.gateway {
            factors.push(Factor::with(&self.gateway_factor, "as gateway or waypoint"));
        }
        factors.extend(self.features.factors(&traffic.features));
        factors
    }

    fn in_words(&self, work: &Work, factors: &[Factor]) -> [String; 2] {
        let rps = rounded(work.rps);
        let mut factors: Vec<String> =
            factors.iter().map(|factor| format!(" × {:.4} {}", factor.value, factor.what)).collect();
        factors.insert(0, String::new());
        let factors = factors.concat();
        let shared_at = rounded(work.workers * self.sharing_rate.value);
        [
            format!("requests: {rps} rps ÷ 1000{factors}"),
            format!("wake-ups: {rps} rps ÷ 1000 ÷ (1 + {rps} ÷ {shared_at}){factors}"),
        ]
    }

    fn assumptions(&self) -> Vec<String> {
        let [least, most] = [&self.sharing_rate.lower, &self.sharing_rate.upper].map(|rate| rounded(*rate));
        vec![
            format!(
                "one wake-up of a worker serves two requests at {least} to {most} requests a second; the interval holds both"
            ),
            "HTTP/1.1, about 1 KiB of payload, connections kept alive".to_owned(),
            spread_in_words(&self.spread),
        ]
    }
}

/// What a proxy does for its requests, in thousands a second.
struct Work {
    /// Requests per second.
    rps: f64,
    workers: f64,
    requests: f64,
    wake_ups: f64,
    fewest_wake_ups: f64,
    most_wake_ups: f64,
}

fn workers(traffic: &ProxyTraffic) -> f64 {
    f64::from(traffic.workers.max(1))
}

/// A number as derivations show it.
fn rounded(number: f64) -> f64 {
    (number * 1e4).round() / 1e4
}

/// What factors leave open about a cost that holds them.
fn swing_factors(swings: &mut Swings, cost: f64, factors: &[Factor]) {
    for factor in factors {
        let at = |end: f64| cost * end / factor.value;
        swings.add(at(factor.lower), cost, at(factor.upper));
    }
}

fn product(factors: &[Factor]) -> f64 {
    factors.iter().map(|factor| factor.value).product()
}

/// What a coefficient leaves open about `count` of something.
fn swing_each(swings: &mut Swings, count: f64, coefficient: &Coefficient) {
    swings.add(count * coefficient.lower, count * coefficient.value, count * coefficient.upper);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::card::TEST_CARD;
    use crate::units::Share;

    const TOLERANCE: f64 = 1e-9;

    fn law() -> &'static ProxyCpu {
        &TEST_CARD.proxy_cpu
    }

    /// What the card's figure was measured on.
    fn anchor(rps: f64) -> ProxyTraffic {
        ProxyTraffic { rate: Rate::per_second(rps), workers: 2, ..ProxyTraffic::default() }
    }

    #[test]
    fn the_performance_page_is_met_at_its_rate() {
        assert!((law().usage(&anchor(1000.0)).value.as_cores() - 0.20).abs() < TOLERANCE);
        let waypoint = law().usage(&ProxyTraffic { gateway: true, ..anchor(1000.0) });
        assert!((waypoint.value.as_cores() - 0.25).abs() < 0.002, "{waypoint:?}");
        assert!(law().usage(&anchor(0.0)).value.as_cores() < 0.005);
    }

    #[test]
    fn terms_add_up_to_the_value() {
        for rps in [0.0, 50.0, 1000.0, 25_000.0] {
            let traffic = ProxyTraffic { gateway: true, ..anchor(rps) };
            let usage = law().usage(&traffic);
            for term in &usage.basis.terms {
                assert_eq!(term.amount, term.count * term.coefficient, "{}", term.what);
            }
            assert_eq!(Cores::new(total(&usage.basis.terms)), usage.value, "{rps}");
        }
    }

    #[test]
    fn handshakes_cost_apart_from_requests() {
        let traffic = ProxyTraffic { handshakes: Rate::per_second(100.0), ..anchor(1000.0) };
        let usage = law().usage(&traffic);
        let more = usage.value.as_cores() - law().usage(&anchor(1000.0)).value.as_cores();
        assert!((more - 100.0 * law().handshake.value).abs() < TOLERANCE, "{more}");
        assert_eq!(law().time_per_request(&traffic), law().time_per_request(&anchor(1000.0)));
    }

    #[test]
    fn a_feature_adds_what_the_proxy_needs_less_without_it() {
        let all = Features {
            access_log: Share::ONE,
            jwt: Share::ONE,
            jwt_issuers: 2,
            wasm: Share::ONE,
            wasm_filters: 1,
            ..Features::default()
        };
        let with = ProxyTraffic { features: all, handshakes: Rate::per_second(50.0), ..anchor(1000.0) };
        for without in [
            ProxyTraffic { features: Features { mtls: Share::ZERO, ..all }, ..with },
            ProxyTraffic { features: Features { access_log: Share::ZERO, ..all }, ..with },
            ProxyTraffic { features: Features { jwt: Share::ZERO, ..all }, ..with },
            ProxyTraffic { features: Features { wasm: Share::ZERO, ..all }, ..with },
            ProxyTraffic { handshakes: Rate::ZERO, ..with },
            with,
        ] {
            let difference = law().usage(&with).value.as_cores() - law().usage(&without).value.as_cores();
            let added = law().added(&with, &without);
            assert!((added.value.as_cores() - difference).abs() < TOLERANCE, "{added:?} for {difference}");
            assert!(added.lower <= added.value && added.value <= added.upper, "{added:?}");
        }
    }

    /// 0.196 cores at 1000 requests a second are 0.196 ms each; a waypoint takes a quarter more.
    #[test]
    fn a_request_takes_what_is_not_idle() {
        for (rps, gateway, millis) in
            [(1000.0, false, 0.196), (1000.0, true, 0.245), (10_000.0, false, 0.12 + 0.171 / 13.5)]
        {
            let traffic = ProxyTraffic { gateway, ..anchor(rps) };
            let time = law().time_per_request(&traffic);
            assert!((time.value.as_seconds() * 1000.0 / millis - 1.0).abs() < 1e-3, "{rps}: {time:?}");
            let usage = law().usage(&traffic).value.as_cores();
            assert!((time.value.as_seconds() * rps + 0.004 - usage).abs() < TOLERANCE, "{rps}");
        }
        assert_eq!(law().time_per_request(&anchor(0.0)).value, law().time_per_request(&anchor(10.0)).value);
    }

    /// A lone request pays for its wake-up; in a crowd each costs its own work alone.
    #[test]
    fn a_request_costs_least_in_a_crowd() {
        let law = law();
        let time = |rps: f64| law.time_per_request(&anchor(rps)).value.as_seconds() * 1000.0;
        let (lone, own) = (law.requests.value + law.wake_up.value, law.requests.value);
        assert!(time(10.0) < lone && time(10.0) > 0.96 * lone, "{}", time(10.0));
        let half = time(2.0 * law.sharing_rate.value) - own;
        assert!((half - law.wake_up.value / 2.0).abs() < TOLERANCE, "every second request wakes a worker up: {half}");
        assert!((time(1e9) - own).abs() < 1e-6, "{}", time(1e9));
    }

    prop_compose! {
        fn any_traffic()(
            rps in prop_oneof![any::<f64>(), 0.0..1e5], workers in any::<u32>(), gateway: bool,
            shares in any::<[u8; 7]>(), counts in any::<[u32; 4]>(), handshakes in prop_oneof![any::<f64>(), 0.0..1e4],
        ) -> ProxyTraffic {
            let [mtls, metrics, access_log, tracing_sampling, authorization, jwt, wasm] =
                shares.map(|share| Share::new(f64::from(share) / 255.0).unwrap());
            let [authorization_rules, authorization_values, jwt_issuers, wasm_filters] = counts.map(u64::from);
            let features = Features {
                mtls,
                metrics,
                access_log,
                tracing_sampling,
                authorization,
                authorization_rules,
                authorization_values,
                jwt,
                jwt_issuers,
                wasm,
                wasm_filters,
            };
            let (rate, handshakes) = (Rate::per_second(rps), Rate::per_second(handshakes));
            ProxyTraffic { rate, workers, features, gateway, handshakes }
        }
    }

    proptest! {
        #[test]
        fn any_traffic_has_a_finite_ordered_interval(traffic in any_traffic()) {
            let usage = law().usage(&traffic);
            prop_assert!(0.0 <= usage.lower.base());
            prop_assert!(usage.lower <= usage.value && usage.value <= usage.upper);
            prop_assert!(usage.upper.base().is_finite());
            let alone = law().figure(&traffic).base();
            prop_assert!((alone - usage.value.base()).abs() <= 1e-12 * alone, "{alone} alone, {usage:?}");
            let time = law().time_per_request(&traffic);
            prop_assert!(0.0 <= time.lower.base() && time.lower <= time.value && time.value <= time.upper);
            prop_assert!(time.value.base() > 0.0 && time.upper.base().is_finite());
        }

        #[test]
        fn more_requests_are_never_cheaper(traffic in any_traffic(), rps in 0.0..1e6, more in 1.0..1e4) {
            let at = |rps: f64| law().usage(&ProxyTraffic { rate: Rate::per_second(rps), ..traffic });
            let (before, after) = (at(rps), at(rps + more));
            prop_assert!(before.value <= after.value);
            prop_assert!(before.upper.base() <= after.upper.base() * (1.0 + TOLERANCE));
        }
    }
}
