//! M/G/1-PS: one server that works on all requests present at once, in equal parts.
//!
//! **Law.** A request that needs `x` of the server takes `x/(1 − ρ)` on average, whatever the
//! distribution of the others: `R = S/(1 − ρ)`, `L = ρ/(1 − ρ)`. For exponential service times the
//! whole distribution is known:
//!
//! `P(R > t) = 2(1 − ρ) ∫₀^π e^{(θ + 2φ) cot θ} / (1 + e^{π cot θ}) · sin θ / δ² · e^{−δ t/S} dθ`
//!
//! with `δ = 1 + ρ − 2√ρ cos θ` and `φ = arctan(√ρ sin θ / (1 − √ρ cos θ))`.
//!
//! **Source.** L. Kleinrock, 1967 (mean); F. Pollaczek, 1946, for service in random order, whose waits
//! have the same distribution (J. Cohen, 1984; S. Borst et al., 2003).
//!
//! **Assumptions.** Poisson arrivals. An event loop such as Envoy's worker serves many small events of
//! many requests in turn, which is processor sharing in good approximation. Service times vary less than
//! exponentially in a proxy, so the tail is on the safe side; the mean does not depend on it.

use crate::units::{Rate, Seconds, Share, Utilization};

use super::{Queue, QueueError, ResponseTail, rate_in_range, search, service_in_range, share, stable};
use crate::units::Quantile;

/// The queue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MG1Ps {
    /// Per second, in [0, 1/S).
    arrivals: f64,
    /// Seconds, above 0.
    service: f64,
    /// `ρ = λS`, in [0, 1).
    busy: f64,
}

impl MG1Ps {
    /// The queue of arrivals at a rate with a mean service time.
    ///
    /// # Errors
    /// [`QueueError::Unstable`] when work arrives as fast as it is done, and [`QueueError::OutOfRange`].
    pub fn new(arrivals: Rate, service_time: Seconds) -> Result<Self, QueueError> {
        let arrivals = rate_in_range(arrivals)?;
        let service = service_in_range(service_time)?;
        let busy = arrivals * service;
        stable(busy, 1.0)?;
        Ok(Self { arrivals, service, busy })
    }

    /// Mean response time of requests that need `service` of the server, `x/(1 − ρ)`.
    #[must_use]
    pub fn mean_response_of(&self, service: Seconds) -> Seconds {
        service / self.idle()
    }

    fn idle(&self) -> f64 {
        1.0 - self.busy
    }
}

impl Queue for MG1Ps {
    fn arrivals(&self) -> Rate {
        Rate::per_second(self.arrivals)
    }

    fn mean_service(&self) -> Seconds {
        Seconds::new(self.service)
    }

    fn utilization(&self) -> Utilization {
        share(self.busy)
    }

    /// `R − S = S · ρ/(1 − ρ)`: what sharing costs.
    fn mean_wait(&self) -> Seconds {
        Seconds::new(self.service * self.busy / self.idle())
    }

    fn mean_in_system(&self) -> f64 {
        self.busy / self.idle()
    }
}

/// For exponential service times.
impl ResponseTail for MG1Ps {
    fn response_longer_than(&self, time: Seconds) -> Share {
        let times = time.as_seconds() / self.service;
        if times.is_nan() || times <= 0.0 {
            return share(1.0);
        }
        share(Mixture::at(self.busy).tail(times))
    }

    fn response_quantile(&self, quantile: Quantile) -> Seconds {
        let mixture = Mixture::at(self.busy);
        self.mean_service() * search::where_tail_falls_to(1.0 - quantile.get(), |times| mixture.tail(times))
    }
}

/// The integral as a sum: response times are a mixture of exponentials with rates δ.
struct Mixture {
    /// Weight and rate of each; weights add up to 1.
    parts: Vec<(f64, f64)>,
}

impl Mixture {
    /// Points of the sum. The variable `u` with `θ = π/(1 + e^{−u})` makes the integrand vanish doubly
    /// exponentially at both ends, where equal steps converge geometrically.
    const STEPS: i32 = 450;
    /// Least and largest `u`.
    const FROM: f64 = -40.0;
    const TO: f64 = 5.0;

    fn at(busy: f64) -> Self {
        let root = busy.sqrt();
        // 1 − √ρ without cancellation.
        let gap = (1.0 - busy) / (1.0 + root);
        let step = (Self::TO - Self::FROM) / f64::from(Self::STEPS);
        let mut parts: Vec<(f64, f64)> = (0..=Self::STEPS)
            .map(|index| Self::part(root, gap, Self::FROM + step * f64::from(index)))
            .filter(|&(weight, _)| weight > 0.0)
            .collect();
        let all: f64 = parts.iter().map(|(weight, _)| weight).sum();
        parts.iter_mut().for_each(|(weight, _)| *weight /= all);
        Self { parts }
    }

    /// Weight, but for a common factor, and rate at a point.
    fn part(root: f64, gap: f64, point: f64) -> (f64, f64) {
        use std::f64::consts::PI;
        let theta = PI / (1.0 + (-point).exp());
        // 1 − cos θ without cancellation, in 1 − √ρ cos θ and in δ.
        let versine = 2.0 * (theta / 2.0).sin().powi(2);
        let phi = (root * theta.sin()).atan2(gap + root * versine);
        let rate = gap * gap + 2.0 * root * versine;
        let cotangent = theta.tan().recip();
        let exponent = (theta + 2.0 * phi) * cotangent;
        // ln(1 + e^y) for any y.
        let tilt = PI * cotangent;
        let log_denominator = tilt.max(0.0) + (-tilt.abs()).exp().ln_1p();
        let spread = theta * (1.0 - theta / PI);
        let weight = (exponent - log_denominator - 2.0 * rate.ln()).exp() * theta.sin() * spread;
        (weight, rate)
    }

    fn tail(&self, times: f64) -> f64 {
        self.parts.iter().map(|&(weight, rate)| weight * (-rate * times).exp()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLERANCE: f64 = 1e-9;

    fn queue(busy: f64) -> MG1Ps {
        MG1Ps::new(Rate::per_second(busy), Seconds::new(1.0)).unwrap()
    }

    /// Uniformization of the chain behind the law: `n` others share the server with the request, which
    /// ends with chance `1/(n + 1)` of all ends. Exact but for the cut at many others.
    fn by_uniformization(busy: f64, time: f64) -> f64 {
        let most = (60.0 / (1.0 - busy)) as usize + 50;
        let steps = 1.0 + busy;
        let mut present: Vec<f64> = (0..most).map(|n| (1.0 - busy) * busy.powf(n as f64)).collect();
        let mean = steps * time;
        let mut chance = (-mean).exp();
        let mut longer = 0.0;
        for step in 0..(mean + 12.0 * mean.sqrt() + 60.0) as usize {
            longer += chance * present.iter().sum::<f64>();
            let mut next = vec![0.0; most];
            for (n, probability) in present.iter().enumerate() {
                next[(n + 1).min(most - 1)] += probability * busy / steps;
                if n > 0 {
                    next[n - 1] += probability * n as f64 / (n as f64 + 1.0) / steps;
                }
            }
            present = next;
            chance *= mean / (step as f64 + 1.0);
        }
        longer
    }

    #[test]
    fn the_distribution_is_that_of_the_markov_chain() {
        for (busy, time) in [(0.1, 0.5), (0.5, 1.0), (0.5, 4.0), (0.8, 5.0), (0.8, 20.0), (0.9, 60.0)] {
            let found = queue(busy).response_longer_than(Seconds::new(time)).get();
            let expected = by_uniformization(busy, time);
            assert!((found - expected).abs() < TOLERANCE, "{busy} {time}: {found} {expected}");
        }
    }

    #[test]
    fn the_distribution_has_the_mean_of_the_law() {
        for busy in [0.0, 1e-12, 0.3, 0.7, 0.95, 0.999, 0.999_999] {
            let mixture = Mixture::at(busy);
            let mean: f64 = mixture.parts.iter().map(|(weight, rate)| weight / rate).sum();
            let expected = queue(busy).mean_response().as_seconds();
            assert!((mean / expected - 1.0).abs() < TOLERANCE, "{busy}: {mean} {expected}");
        }
    }

    #[test]
    fn half_busy_doubles_every_request() {
        let queue = queue(0.5);
        assert_eq!(queue.mean_response(), Seconds::new(2.0));
        assert_eq!(queue.mean_response_of(Seconds::new(7.0)), Seconds::new(14.0));
        assert_eq!(queue.mean_in_system(), 1.0);
    }

    #[test]
    fn without_others_the_response_is_the_service() {
        let median = queue(0.0).response_quantile(Share::literal(0.5)).as_seconds();
        assert!((median - std::f64::consts::LN_2).abs() < TOLERANCE, "{median}");
    }
}
