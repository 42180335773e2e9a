//! CPU of a proxy from its request rate.
//!
//! **Law.** An idle proxy costs a little, more with every worker thread. Requests cost less each as
//! the rate rises, for one wake-up of a worker then serves several events; near the saturation of the
//! workers that saving is used up and CPU is proportional to the rate.
//!
//! `U = idle + w·idle_w + K · φ(q) · Π f + q·t + h·t_h`,
//! `φ(q) = (q/1000)^e` up to the knee `q_k = w · knee`, and `φ(q_k) · q/q_k` above it
//!
//! with `q` requests per second, `K` cores at 1000 requests per second, `e` the exponent, and `f` a
//! factor for each feature by which the proxy differs from the one `K` was measured on: mutual TLS
//! and standard metrics on, access log off, 1 % of requests traced, no policies, a sidecar (see
//! [`super::Features`]); `t` the CPU time of its token, where one is validated; `h` full TLS handshakes per second, `t_h` the CPU time of one.
//!
//! **Source.** Power law: fits to istio/tools benchmark runs (2020), e = 0.71-0.75 where the load is
//! paced; 0.90-0.99 where it is open. The interval takes both. Saturation: Envoy Gateway benchmark
//! ladder (2024-2026), about 5,000 requests a second per worker core. Handshakes: as the card says.
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
/// Rate at which the card states its figure, in requests per second.
const ANCHOR_RPS: f64 = 1000.0;
/// Least rate at which the time of a request was measured; rarer ones are taken to cost as much each.
const LEAST_RPS: f64 = 10.0;

/// The law with its coefficients.
#[derive(Debug, Clone, PartialEq)]
pub struct ProxyCpu {
    idle: Coefficient,
    idle_per_worker: Coefficient,
    requests: Coefficient,
    exponent: Coefficient,
    knee: Coefficient,
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
            exponent: card.take("exponent", Measure::Ratio, "")?.at_most_one()?,
            knee: card.take("knee", Measure::Rate, "per worker")?.above_zero()?,
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
        let law = [&self.idle, &self.idle_per_worker, &self.requests, &self.exponent, &self.knee];
        let rest = [&self.gateway_factor, &self.handshake, &self.spread];
        law.into_iter().chain(self.features.coefficients()).chain(rest).collect()
    }

    /// CPU of the proxy container at a rate.
    #[must_use]
    pub fn usage(&self, traffic: &ProxyTraffic) -> Estimate<Cores> {
        let workers = f64::from(traffic.workers.max(1));
        let rps = bounded(traffic.rate.as_per_second());
        let knee = workers * self.knee.value;
        let factors = self.factors(traffic);

        let multiplier = product(&factors);
        let kilo_rps = |exponent: f64| effective_kilo_rps(rps, exponent, knee);
        let count = kilo_rps(self.exponent.value) * multiplier;
        let mut terms = vec![
            Term::new("idle", 1.0, self.idle.value, IN_CORES.unit),
            Term::new("workers, idle", workers, self.idle_per_worker.value, IN_CORES.unit),
            Term::new(self.in_words(rps, knee, &factors), count, self.requests.value, IN_CORES.unit),
        ];
        let timed = self.timed(traffic);
        terms.extend(timed.iter().map(|(what, count, each)| Term::new(what, *count, each.value, IN_CORES.unit)));
        let value = total(&terms);

        let requests = count * self.requests.value;
        let mut swings = Swings::default();
        swings.add(self.idle.lower, self.idle.value, self.idle.upper);
        swing_each(&mut swings, workers, &self.idle_per_worker);
        self.swing_requests(&mut swings, count, requests, &factors, |exponent| kilo_rps(exponent) * multiplier);
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
        let workers = f64::from(with.workers.max(1));
        let (rps, knee) = (bounded(with.rate.as_per_second()), workers * self.knee.value);
        let (here, there) = (self.factors(with), self.factors(without));
        let ratio = product(&there) / product(&here);
        let kilo_rps = |exponent: f64| effective_kilo_rps(rps, exponent, knee);
        let count = kilo_rps(self.exponent.value) * product(&here) * (1.0 - ratio);
        let changed: Vec<&str> = here
            .iter()
            .chain(&there)
            .filter(|it| here.contains(it) != there.contains(it))
            .map(|it| it.what.as_str())
            .collect();
        let mut terms = vec![Term::new(
            format!("requests, {}", changed.join(" instead of ")),
            count,
            self.requests.value,
            IN_CORES.unit,
        )];
        let mut swings = Swings::default();
        let multiplier = product(&here) * (1.0 - ratio);
        let requests = count * self.requests.value;
        self.swing_requests(&mut swings, count, requests, &[], |exponent| kilo_rps(exponent) * multiplier);
        let all = kilo_rps(self.exponent.value) * product(&here) * self.requests.value;
        for (only, sign) in [(&here, 1.0), (&there, -1.0)] {
            let other = if sign > 0.0 { &there } else { &here };
            for factor in only.iter().filter(|factor| !other.contains(factor)) {
                let at = |end: f64| all * (1.0 - ratio * (factor.value / end).powf(sign));
                swings.add(at(factor.lower).min(at(factor.upper)), requests, at(factor.lower).max(at(factor.upper)));
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
        let workers = f64::from(traffic.workers.max(1));
        let rps = bounded(traffic.rate.as_per_second());
        let multiplier: f64 = self.factors(traffic).iter().map(|factor| factor.value).product();
        let count = effective_kilo_rps(rps, self.exponent.value, workers * self.knee.value) * multiplier;
        let tokens: f64 = self.features.tokens(&traffic.features).map(|(_, each, one)| rps * each * one.value).sum();
        let handshakes = bounded(traffic.handshakes.as_per_second()) * self.handshake.value;
        let idle = self.idle.value + workers * self.idle_per_worker.value;
        Cores::from_base(idle + count * self.requests.value + tokens + handshakes)
    }

    /// CPU time that one request costs at a rate, what the proxy uses while idle left out: `K · φ(q)/q · Π f`.
    ///
    /// Below ten requests a second it is that of ten.
    #[must_use]
    pub fn time_per_request(&self, traffic: &ProxyTraffic) -> Estimate<Seconds> {
        let workers = f64::from(traffic.workers.max(1));
        let rps = bounded(traffic.rate.as_per_second()).max(LEAST_RPS);
        let knee = workers * self.knee.value;
        let factors = self.factors(traffic);
        let multiplier = product(&factors);
        let kilo_rps = |exponent: f64| effective_kilo_rps(rps, exponent, knee);
        let count = kilo_rps(self.exponent.value) * multiplier * MILLIS / rps;
        let mut terms = vec![Term::new(
            format!("{}, each of {} rps", self.in_words(rps, knee, &factors), (rps * 1e4).round() / 1e4),
            count,
            self.requests.value,
            IN_MILLIS.unit,
        )];
        let requests = count * self.requests.value;
        let mut swings = Swings::default();
        self.swing_requests(&mut swings, count, requests, &factors, |exponent| {
            kilo_rps(exponent) * multiplier * MILLIS / rps
        });
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

    /// What the coefficients of the request part leave open about it: `count` at the card's figure each.
    fn swing_requests(
        &self,
        swings: &mut Swings,
        count: f64,
        requests: f64,
        factors: &[Factor],
        count_at: impl Fn(f64) -> f64,
    ) {
        swings.add(count * self.requests.lower, requests, count * self.requests.upper);
        let [flat, steep] =
            [self.exponent.lower, self.exponent.upper].map(|exponent| count_at(exponent) * self.requests.value);
        swings.add(flat.min(steep), requests, flat.max(steep));
        for factor in factors {
            let at = |end: f64| requests * end / factor.value;
            swings.add(at(factor.lower), requests, at(factor.upper));
        }
    }

    /// Coefficients used beyond the counts they were observed at.
    #[must_use]
    pub fn outside_range(&self, traffic: &ProxyTraffic) -> Vec<OutOfRange> {
        let workers = f64::from(traffic.workers.max(1));
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

    fn in_words(&self, rps: f64, knee: f64, factors: &[Factor]) -> String {
        let exponent = self.exponent.value;
        let rps = (rps * 1e4).round() / 1e4;
        let mut words = if rps > knee {
            format!("requests: ({knee} rps ÷ 1000)^{exponent} × {rps} ÷ {knee}")
        } else {
            format!("requests: ({rps} rps ÷ 1000)^{exponent}")
        };
        for factor in factors {
            words.push_str(&format!(" × {:.4} {}", factor.value, factor.what));
        }
        words
    }

    fn assumptions(&self) -> Vec<String> {
        vec![
            format!(
                "the exponent lies between {} (paced load) and {} (open load); the interval holds both",
                self.exponent.lower, self.exponent.upper
            ),
            "HTTP/1.1, about 1 KiB of payload, connections kept alive".to_owned(),
            spread_in_words(&self.spread),
        ]
    }
}

fn product(factors: &[Factor]) -> f64 {
    factors.iter().map(|factor| factor.value).product()
}

/// What a coefficient leaves open about `count` of something.
fn swing_each(swings: &mut Swings, count: f64, coefficient: &Coefficient) {
    swings.add(count * coefficient.lower, count * coefficient.value, count * coefficient.upper);
}

/// `φ(q)`: thousands of requests per second that cost as much as the first thousand does.
fn effective_kilo_rps(rps: f64, exponent: f64, knee: f64) -> f64 {
    if rps <= 0.0 {
        return 0.0;
    }
    let below_knee = (rps.min(knee) / ANCHOR_RPS).powf(exponent);
    if rps > knee { below_knee * rps / knee } else { below_knee }
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
        for (rps, gateway, millis) in [(1000.0, false, 0.196), (1000.0, true, 0.245), (10_000.0, false, 0.196 * 0.7079)]
        {
            let traffic = ProxyTraffic { gateway, ..anchor(rps) };
            let time = law().time_per_request(&traffic);
            assert!((time.value.as_seconds() * 1000.0 / millis - 1.0).abs() < 1e-3, "{rps}: {time:?}");
            let usage = law().usage(&traffic).value.as_cores();
            assert!((time.value.as_seconds() * rps + 0.004 - usage).abs() < TOLERANCE, "{rps}");
        }
        assert_eq!(law().time_per_request(&anchor(0.0)).value, law().time_per_request(&anchor(10.0)).value);
    }

    #[test]
    fn above_the_knee_each_request_costs_the_same() {
        let requests = |rps: f64| law().usage(&anchor(rps)).value.as_cores() - 0.004;
        let knee = 10_000.0;
        assert!((requests(2.0 * knee) / requests(knee) - 2.0).abs() < TOLERANCE);
        assert!(requests(knee) / requests(knee / 2.0) < 1.9, "below it they get cheaper");
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
