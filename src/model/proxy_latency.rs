//! Time that a proxy adds to a request that passes through it.
//!
//! **Law.** A request is held up for as long as the proxy works on it, and by the others that its worker
//! serves meanwhile:
//!
//! `T = S·V ⊕ W`, `S = t · s(q) · (c/16)^−b · (1 + p·(KiB − 1))`
//!
//! with `s(q)` the CPU time of a request at the rate `q` (see [`super::ProxyCpu::time_per_request`]), `t` the
//! time that passes per CPU time, `V` a log-normal variable with median 1, and `W` the wait behind others
//! (see [`super::queueing::EventLoop`]). `S` is the median. Where the connections of a load generator fire
//! together, a wake-up serves more of them and each costs less: `b` is 0 otherwise.
//!
//! **Source.** Four studies measured both sides. Istio 1.24: a sidecar uses 0.20 cores at 1000 requests a
//! second, that is 0.20 ms a request, and two of them add 0.43-0.47 ms at p90; a ztunnel 0.06 ms, two add
//! 0.11; a waypoint 0.25 ms and adds 0.27. mesh-bench 2022: 0.36 and 0.41 ms at 1000, 0.38 and 0.39 at 500, 0.63 and 0.59
//! at 100 requests a second. The published rows are in `data/published/latency.toml`.
//!
//! **Assumptions.** The node has CPU to spare: where load generator, proxies and application fight for the same
//! cores, all wait for the scheduler, which is not in the law. Sleeping processors wake up late at rates of
//! a few requests a second.

use super::queueing::Arrivals;
use super::sum::{IN_MILLIS, Swings, spread_in_words, total};
use super::{Coefficient, CoefficientError, CoefficientSet, Measure, bounded};
use crate::estimate::{Basis, Estimate, Term};
use crate::units::{Bytes, Quantity, Seconds};

/// Connections of the measurements behind the card's figures.
const ANCHOR_CONNECTIONS: f64 = 16.0;
/// Payload of the measurements behind the card's figures, in bytes.
const ANCHOR_PAYLOAD: f64 = 1024.0;

/// The law with its coefficients.
#[derive(Debug, Clone, PartialEq)]
pub struct ProxyLatency {
    time_per_cpu: Coefficient,
    variation: Coefficient,
    batching: Coefficient,
    payload: Coefficient,
    payload_plain: Coefficient,
    burstiness: Coefficient,
    spread: Coefficient,
}

/// Requests as the proxy meets them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RequestShape {
    /// Connections they come on; 0 is taken as 1.
    pub connections: u64,
    /// How they arrive.
    pub arrivals: Arrivals,
    /// Bytes of request and answer together, the larger of the two counting.
    pub payload: Bytes,
    /// Whether they are encrypted between proxies.
    pub mtls: bool,
}

impl ProxyLatency {
    /// The law from the coefficients of a card.
    ///
    /// # Errors
    /// [`CoefficientError`] when one is missing, unknown, in another unit or out of its domain.
    pub fn new(mut card: CoefficientSet) -> Result<Self, CoefficientError> {
        let law = Self {
            time_per_cpu: card.take("time_per_cpu", Measure::Ratio, "")?.above_zero()?,
            variation: card.take("variation", Measure::Ratio, "")?.above_zero()?,
            batching: card.take("batching", Measure::Ratio, "")?.at_most(1.0, "expected an upper end of at most 1")?,
            payload: card.take("payload", Measure::Ratio, "per KiB")?,
            payload_plain: card.take("payload_plain", Measure::Ratio, "per KiB")?,
            burstiness: card
                .take("burstiness", Measure::Ratio, "")?
                .at_most(1e6, "expected an upper end of at most 10⁶")?,
            spread: card.take("spread", Measure::Ratio, "")?.at_most_one()?,
        };
        card.finish()?;
        Ok(law)
    }

    /// Its coefficients, in the order of the formula.
    #[must_use]
    pub fn coefficients(&self) -> [&Coefficient; 7] {
        [
            &self.time_per_cpu,
            &self.variation,
            &self.batching,
            &self.payload,
            &self.payload_plain,
            &self.burstiness,
            &self.spread,
        ]
    }

    /// Median time `S` for which a proxy works on a request, given its CPU time.
    #[must_use]
    pub fn service(&self, cpu_time: &Estimate<Seconds>, requests: &RequestShape) -> Estimate<Seconds> {
        let connections = bounded(requests.connections.max(1) as f64) / ANCHOR_CONNECTIONS;
        let together = matches!(requests.arrivals, Arrivals::Rounds(spread) if spread.get() < 1.0);
        let saving = |exponent: f64| if together { connections.powf(-exponent) } else { 1.0 };
        let beyond = (bounded(requests.payload.get() as f64) - ANCHOR_PAYLOAD).max(0.0) / ANCHOR_PAYLOAD;
        let per_kib = if requests.mtls { &self.payload } else { &self.payload_plain };
        let larger = |ratio: f64| 1.0 + ratio * beyond;

        let batching = saving(self.batching.value);
        let payload = larger(per_kib.value);
        let cpu = cpu_time.value.base();
        let count = self.time_per_cpu.value * batching * payload;
        let terms = vec![Term::new(
            self.in_words(together.then_some(batching), (beyond > 0.0).then_some(payload), requests),
            count,
            cpu * 1e3,
            IN_MILLIS.unit,
        )];
        let value = total(&terms) * IN_MILLIS.scale;
        let mut swings = Swings::default();
        swings.add(count * cpu_time.lower.base(), value, count * cpu_time.upper.base());
        let at = |end: f64| value * end / self.time_per_cpu.value;
        swings.add(at(self.time_per_cpu.lower), value, at(self.time_per_cpu.upper));
        let [one, other] =
            [self.batching.lower, self.batching.upper].map(|exponent| value * saving(exponent) / batching);
        swings.add(one.min(other), value, one.max(other));
        swings.add(value * larger(per_kib.lower) / payload, value, value * larger(per_kib.upper) / payload);
        swings.add(value * (1.0 - self.spread.value), value, value * (1.0 + self.spread.value));
        let (lower, upper) = swings.ends(value);
        let assumptions = vec![spread_in_words(&self.spread)];
        let basis = Basis { law: "time of a request in a proxy".to_owned(), terms, assumptions };
        Estimate::new(Seconds::new(lower), Seconds::new(value), Seconds::new(upper), basis)
    }

    /// Coefficient of variation of that time from request to request; lower end, value, upper end.
    #[must_use]
    pub fn variation(&self) -> [f64; 3] {
        let Coefficient { lower, value, upper, .. } = self.variation;
        [lower, value, upper]
    }

    /// Squared coefficient of variation of the CPU time of a request as a CPU limit meets it, bursts of
    /// requests and other work of the process included; lower end, value, upper end.
    #[must_use]
    pub fn burstiness(&self) -> [f64; 3] {
        let Coefficient { lower, value, upper, .. } = self.burstiness;
        [lower, value, upper]
    }

    fn in_words(&self, batching: Option<f64>, payload: Option<f64>, requests: &RequestShape) -> String {
        let mut words = format!("CPU time of a request × {}", self.time_per_cpu.value);
        if let Some(factor) = batching {
            words.push_str(&format!(" × {factor:.4} for {} connections that fire together", requests.connections));
        }
        if let Some(factor) = payload {
            words.push_str(&format!(" × {factor:.4} for a payload of {} bytes", requests.payload.get()));
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::card::TEST_CARD;
    use crate::units::Share;

    const TOLERANCE: f64 = 1e-9;

    fn law() -> &'static ProxyLatency {
        &TEST_CARD.proxy_latency
    }

    fn millis(value: f64) -> Estimate<Seconds> {
        Estimate::exact(Seconds::from_millis(value))
    }

    const PLAIN: RequestShape =
        RequestShape { connections: 16, arrivals: Arrivals::Independent, payload: Bytes::new(1024), mtls: true };

    #[test]
    fn a_request_takes_its_cpu_time() {
        let time = law().service(&millis(0.2), &PLAIN);
        assert!((time.value / Seconds::from_millis(0.2) - law().time_per_cpu.value).abs() < TOLERANCE);
        assert!(time.lower < time.value && time.value < time.upper);
    }

    #[test]
    fn only_those_who_fire_together_share_wake_ups() {
        let at =
            |connections, arrivals| law().service(&millis(0.2), &RequestShape { connections, arrivals, ..PLAIN }).value;
        assert_eq!(at(64, Arrivals::Independent), at(16, Arrivals::Independent));
        assert_eq!(at(64, Arrivals::Rounds(Share::literal(1.0))), at(16, Arrivals::Independent));
        assert!(at(64, Arrivals::Rounds(Share::ZERO)) < at(16, Arrivals::Rounds(Share::ZERO)));
        assert!(at(2, Arrivals::Rounds(Share::ZERO)) > at(16, Arrivals::Independent));
    }

    /// Envoy 1.40 measured closed-loop: 50.5 µs at 1 KiB and 116-124 µs at 100 KiB with mutual TLS, 47 and 69 without.
    #[test]
    fn payload_costs_as_measured() {
        for (mtls, ratio) in [(true, 2.3), (false, 1.47)] {
            let large = RequestShape { payload: Bytes::new(102_400), mtls, ..PLAIN };
            let found = law().service(&millis(1.0), &large).value / law().service(&millis(1.0), &PLAIN).value;
            assert!((found / ratio - 1.0).abs() < 0.05, "{mtls}: {found}");
        }
        let none = RequestShape { payload: Bytes::ZERO, ..PLAIN };
        assert_eq!(law().service(&millis(1.0), &none).value, law().service(&millis(1.0), &PLAIN).value);
    }

    proptest! {
        #[test]
        fn any_request_has_a_finite_ordered_interval(
            cpu in 0.0..1e3_f64, connections: u64, payload: u64, mtls: bool, spread in 0.0..=1.0_f64,
        ) {
            let arrivals = Arrivals::Rounds(Share::new(spread).unwrap());
            let shape = RequestShape { connections, arrivals, payload: Bytes::new(payload), mtls };
            let time = law().service(&millis(cpu), &shape);
            prop_assert!(0.0 <= time.lower.base() && time.lower <= time.value && time.value <= time.upper);
            prop_assert!(time.upper.base().is_finite());
        }
    }
}
