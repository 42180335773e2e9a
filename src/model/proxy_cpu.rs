//! CPU of a proxy from its request rate.
//!
//! **Law.** An idle proxy costs a little, more with every worker thread. Requests cost less each as
//! the rate rises, for one wake-up of a worker then serves several events; near the saturation of the
//! workers that saving is used up and CPU is proportional to the rate.
//!
//! `U = idle + w·idle_w + K · φ(q) · Π f`,
//! `φ(q) = (q/1000)^e` up to the knee `q_k = w · knee`, and `φ(q_k) · q/q_k` above it
//!
//! with `q` requests per second, `K` cores at 1000 requests per second, `e` the exponent, and `f` a
//! factor for each feature by which the proxy differs from the one `K` was measured on: mutual TLS
//! and standard metrics on, access log off, 1 % of requests traced, a sidecar.
//!
//! **Source.** Power law: fits to istio/tools benchmark runs (2020), e = 0.71-0.75 where the load is
//! paced; 0.90-0.99 where it is open. The interval takes both. Saturation: Envoy Gateway benchmark
//! ladder (2024-2026), about 5,000 requests a second per worker core.
//!
//! **Assumptions.** HTTP/1.1 with about 1 KiB of payload on kept-alive connections. New TLS
//! connections for every request cost two to three times as much and are not in the law. The figure
//! is not capped at the workers: more than `w` cores means that the proxy cannot carry the rate.

mod feature;

pub use feature::Observed;

use super::sum::{IN_CORES, IN_MILLIS, Swings, spread_in_words, total};
use super::{Coefficient, CoefficientError, CoefficientSet, Measure, OutOfRange, bounded};
use crate::estimate::{Basis, Estimate, Term};
use crate::units::{Cores, Quantity, Rate, Seconds, Share};

/// Milliseconds of a second.
const MILLIS: f64 = 1000.0;
/// Rate at which the card states its figure, in requests per second.
const ANCHOR_RPS: f64 = 1000.0;
/// Share of requests traced in the measurements behind the card's figure.
const ANCHOR_SAMPLING: f64 = 0.01;
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
    mtls_factor: Coefficient,
    metrics_factor: Coefficient,
    access_log_factor: Coefficient,
    full_tracing_factor: Coefficient,
    gateway_factor: Coefficient,
    spread: Coefficient,
}

/// Features of the mesh that cost proxy CPU.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Features {
    /// Mutual TLS between proxies.
    pub mtls: bool,
    /// Istio's standard metrics.
    pub metrics: bool,
    /// A log line for every request.
    pub access_log: bool,
    /// Share of requests traced, in [0, 1].
    pub tracing_sampling: Share,
}

/// What passes through a proxy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProxyTraffic {
    /// Requests per second, inbound and outbound together; at least 0.
    pub rate: Rate,
    /// Worker threads; 0 is taken as 1, for a proxy has at least one.
    pub workers: u32,
    /// Features that are on.
    pub features: Features,
    /// Whether it is a gateway or waypoint rather than a sidecar.
    pub gateway: bool,
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
            mtls_factor: card.take("mtls_factor", Measure::Ratio, "")?.at_least_one()?,
            metrics_factor: card.take("metrics_factor", Measure::Ratio, "")?.at_least_one()?,
            access_log_factor: card.take("access_log_factor", Measure::Ratio, "")?.at_least_one()?,
            full_tracing_factor: card.take("full_tracing_factor", Measure::Ratio, "")?.at_least_one()?,
            gateway_factor: card.take("gateway_factor", Measure::Ratio, "")?.at_least_one()?,
            spread: card.take("spread", Measure::Ratio, "")?.at_most_one()?,
        };
        card.finish()?;
        Ok(law)
    }

    /// Its coefficients, in the order of the formula.
    #[must_use]
    pub fn coefficients(&self) -> [&Coefficient; 11] {
        [
            &self.idle,
            &self.idle_per_worker,
            &self.requests,
            &self.exponent,
            &self.knee,
            &self.mtls_factor,
            &self.metrics_factor,
            &self.access_log_factor,
            &self.full_tracing_factor,
            &self.gateway_factor,
            &self.spread,
        ]
    }

    /// CPU of the proxy container at a rate.
    #[must_use]
    pub fn usage(&self, traffic: &ProxyTraffic) -> Estimate<Cores> {
        let workers = f64::from(traffic.workers.max(1));
        let rps = bounded(traffic.rate.as_per_second());
        let knee = workers * self.knee.value;
        let factors = self.factors(traffic);

        let multiplier: f64 = factors.iter().map(|factor| factor.value).product();
        let kilo_rps = |exponent: f64| effective_kilo_rps(rps, exponent, knee);
        let count = kilo_rps(self.exponent.value) * multiplier;
        let terms: Vec<Term> = [
            Term::new("idle", 1.0, self.idle.value, IN_CORES.unit),
            Term::new("workers, idle", workers, self.idle_per_worker.value, IN_CORES.unit),
            Term::new(self.in_words(rps, knee, &factors), count, self.requests.value, IN_CORES.unit),
        ]
        .into();
        let value = total(&terms);

        let requests = count * self.requests.value;
        let mut swings = Swings::default();
        swings.add(self.idle.lower, self.idle.value, self.idle.upper);
        let idle = |end: f64| workers * end;
        let per_worker = &self.idle_per_worker;
        swings.add(idle(per_worker.lower), idle(per_worker.value), idle(per_worker.upper));
        self.swing_requests(&mut swings, count, requests, &factors, |exponent| kilo_rps(exponent) * multiplier);
        swings.add(value * (1.0 - self.spread.value), value, value * (1.0 + self.spread.value));
        let (lower, upper) = swings.ends(value);

        let basis = Basis { law: "proxy CPU".to_owned(), terms, assumptions: self.assumptions() };
        Estimate::new(Cores::from_base(lower), Cores::from_base(value), Cores::from_base(upper), basis)
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
        let multiplier: f64 = factors.iter().map(|factor| factor.value).product();
        let kilo_rps = |exponent: f64| effective_kilo_rps(rps, exponent, knee);
        let count = kilo_rps(self.exponent.value) * multiplier * MILLIS / rps;
        let terms = vec![Term::new(
            format!("{}, each of {} rps", self.in_words(rps, knee, &factors), (rps * 1e4).round() / 1e4),
            count,
            self.requests.value,
            IN_MILLIS.unit,
        )];
        let value = total(&terms);
        let mut swings = Swings::default();
        self.swing_requests(&mut swings, count, value, &factors, |exponent| {
            kilo_rps(exponent) * multiplier * MILLIS / rps
        });
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
        self.idle_per_worker.outside_range(workers).into_iter().chain(rate).collect()
    }

    /// Factors by which this proxy differs from the one the card's figure was measured on.
    fn factors(&self, traffic: &ProxyTraffic) -> Vec<Factor> {
        let features = &traffic.features;
        let mut factors = Vec::new();
        if traffic.gateway {
            factors.push(Factor::with(&self.gateway_factor, "as gateway or waypoint"));
        }
        if !features.mtls {
            factors.push(Factor::without(&self.mtls_factor, "without mTLS"));
        }
        if !features.metrics {
            factors.push(Factor::without(&self.metrics_factor, "without standard metrics"));
        }
        if features.access_log {
            factors.push(Factor::with(&self.access_log_factor, "with access log"));
        }
        let sampling = features.tracing_sampling.get();
        if sampling > ANCHOR_SAMPLING {
            let share = (sampling - ANCHOR_SAMPLING) / (1.0 - ANCHOR_SAMPLING);
            factors.push(Factor::partly(
                &self.full_tracing_factor,
                share,
                format!("with {:.1} % of requests traced", sampling * 100.0),
            ));
        }
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

/// A multiplier of the request part with its interval.
struct Factor {
    what: String,
    lower: f64,
    value: f64,
    upper: f64,
}

impl Factor {
    fn with(coefficient: &Coefficient, what: &str) -> Self {
        Self::partly(coefficient, 1.0, what.to_owned())
    }

    fn without(coefficient: &Coefficient, what: &str) -> Self {
        let Coefficient { lower, value, upper, .. } = *coefficient;
        Self { what: what.to_owned(), lower: 1.0 / upper, value: 1.0 / value, upper: 1.0 / lower }
    }

    fn partly(coefficient: &Coefficient, share: f64, what: String) -> Self {
        let part = |factor: f64| 1.0 + (factor - 1.0) * share;
        Self { what, lower: part(coefficient.lower), value: part(coefficient.value), upper: part(coefficient.upper) }
    }
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

    const TOLERANCE: f64 = 1e-9;

    fn law() -> &'static ProxyCpu {
        &TEST_CARD.proxy_cpu
    }

    /// What the card's figure was measured on.
    fn anchor(rps: f64) -> ProxyTraffic {
        let features =
            Features { mtls: true, metrics: true, access_log: false, tracing_sampling: Share::literal(0.01) };
        ProxyTraffic { rate: Rate::per_second(rps), workers: 2, features, gateway: false }
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
    fn features_change_the_request_part_by_their_factors() {
        let requests = |change: fn(&mut Features)| {
            let mut traffic = anchor(1000.0);
            change(&mut traffic.features);
            law().usage(&traffic).value.as_cores() - 0.004
        };
        for (what, change, factor) in [
            ("mTLS off", (|features| features.mtls = false) as fn(&mut Features), 1.0 / 1.12),
            ("metrics off", |features| features.metrics = false, 1.0 / 1.35),
            ("access log on", |features| features.access_log = true, 1.10),
            ("all traced", |features| features.tracing_sampling = Share::literal(1.0), 1.10),
            ("none traced", |features| features.tracing_sampling = Share::ZERO, 1.0),
        ] {
            assert!((requests(change) / 0.196 - factor).abs() < TOLERANCE, "{what}: {}", requests(change));
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
            mtls: bool, metrics: bool, access_log: bool, sampling in 0.0..=1.0,
        ) -> ProxyTraffic {
            let tracing_sampling = Share::new(sampling).unwrap();
            let features = Features { mtls, metrics, access_log, tracing_sampling };
            ProxyTraffic { rate: Rate::per_second(rps), workers, features, gateway }
        }
    }

    proptest! {
        #[test]
        fn any_traffic_has_a_finite_ordered_interval(traffic in any_traffic()) {
            let usage = law().usage(&traffic);
            prop_assert!(0.0 <= usage.lower.base());
            prop_assert!(usage.lower <= usage.value && usage.value <= usage.upper);
            prop_assert!(usage.upper.base().is_finite());
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
