//! M/M/c: Poisson arrivals, exponential service, `c` servers with one queue.
//!
//! **Law.** With `a = λS` Erlangs on `c` servers and Erlang's `C`:
//!
//! `W_q = C · S / (c − a)`, `P(W > t) = C · e^{−(c − a) t/S}`
//!
//! `P(R > t) = e^{−t/S} + C · (e^{−t/S} − e^{−(c − a) t/S}) / (c − a − 1)`
//!
//! **Source.** A. K. Erlang, 1917; D. Gross and C. Harris, *Fundamentals of Queueing Theory*, 2.3.
//!
//! **Assumptions.** Any free server takes the next request, first come, first served. Envoy's workers
//! do not share a queue, so for a proxy this is a lower bound of waiting; see
//! [`BusiestWorker`](super::BusiestWorker).

use crate::units::{Quantile, Rate, Seconds, Share, Utilization};

use super::{
    Queue, QueueError, ResponseTail, erlang_c, rate_in_range, search, servers_in_range, service_in_range, share, stable,
};

/// The queue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MMc {
    /// Per second, in [0, c/S).
    arrivals: f64,
    /// Seconds, above 0.
    service: f64,
    /// At least 1.
    servers: f64,
    /// `a = λS`, in [0, c).
    offered: f64,
    /// Erlang's C, in [0, 1].
    wait_probability: f64,
}

impl MMc {
    /// The queue of arrivals at a rate with a mean service time, in front of servers.
    ///
    /// # Errors
    /// [`QueueError::Unstable`] when the offered load reaches the servers, and
    /// [`QueueError::OutOfRange`].
    pub fn new(arrivals: Rate, service_time: Seconds, servers: u32) -> Result<Self, QueueError> {
        let rate = rate_in_range(arrivals)?;
        let service = service_in_range(service_time)?;
        let count = servers_in_range(servers)?;
        let offered = rate * service;
        stable(offered, count)?;
        let wait_probability = erlang_c(servers, offered).get();
        Ok(Self { arrivals: rate, service, servers: count, offered, wait_probability })
    }

    /// Chance that an arrival has to wait, in [0, 1] (Erlang C).
    #[must_use]
    pub fn wait_probability(&self) -> Share {
        share(self.wait_probability)
    }

    /// The wait that a share of requests does not exceed; 0 for those that find a free server,
    /// infinite at 1 under any load.
    ///
    /// `t = S/(c − a) · ln(C / (1 − q))`
    #[must_use]
    pub fn wait_quantile(&self, quantile: Quantile) -> Seconds {
        let tail = 1.0 - quantile.get();
        if tail >= self.wait_probability {
            return Seconds::ZERO;
        }
        Seconds::new(self.service / self.free() * (self.wait_probability / tail).ln())
    }

    /// Servers idle on average, `c − a`; above 0.
    fn free(&self) -> f64 {
        self.servers - self.offered
    }
}

impl Queue for MMc {
    fn arrivals(&self) -> Rate {
        Rate::per_second(self.arrivals)
    }

    fn mean_service(&self) -> Seconds {
        Seconds::new(self.service)
    }

    fn utilization(&self) -> Utilization {
        share(self.offered / self.servers)
    }

    fn mean_wait(&self) -> Seconds {
        Seconds::new(self.wait_probability * self.service / self.free())
    }

    /// `L = a + C · ρ/(1 − ρ)`
    fn mean_in_system(&self) -> f64 {
        self.offered + self.wait_probability * self.offered / self.free()
    }
}

impl ResponseTail for MMc {
    fn response_longer_than(&self, time: Seconds) -> Share {
        let times = time.as_seconds() / self.service;
        if times.is_nan() || times <= 0.0 {
            return share(1.0);
        }
        share(tail(times, self.wait_probability, self.free()))
    }

    fn response_quantile(&self, quantile: Quantile) -> Seconds {
        let tail = |times: f64| tail(times, self.wait_probability, self.free());
        self.mean_service() * search::where_tail_falls_to(1.0 - quantile.get(), tail)
    }
}

/// Chance that wait and service together exceed so many mean service times.
fn tail(times: f64, wait_probability: f64, free: f64) -> f64 {
    let excess = free - 1.0;
    let served = (-times).exp();
    // Where both rates are alike their difference is taken before it cancels.
    let waited = if excess * times == 0.0 {
        times * served
    } else if (excess * times).abs() < 1.0 {
        -(-excess * times).exp_m1() / excess * served
    } else {
        (served - (-free * times).exp()) / excess
    };
    served + wait_probability * waited
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLERANCE: f64 = 1e-9;

    fn queue(arrivals: f64, millis: f64, servers: u32) -> MMc {
        MMc::new(Rate::per_second(arrivals), Seconds::from_millis(millis), servers).unwrap()
    }

    fn assert_close(found: f64, expected: f64) {
        assert!((found - expected).abs() <= TOLERANCE * expected.abs().max(TOLERANCE), "{found} is not {expected}");
    }

    /// M/M/1: `R ~ Exp(μ − λ)`, so its 99th percentile is `ln 100/(μ − λ)`.
    #[test]
    fn one_server_answers_exponentially() {
        let queue = queue(80.0, 10.0, 1);
        assert_close(queue.mean_response().as_seconds(), 1.0 / 20.0);
        assert_close(queue.mean_in_system(), 4.0);
        for quantile in [0.5, 0.9, 0.99, 0.999] {
            let expected = -f64::ln_1p(-quantile) / 20.0;
            assert_close(queue.response_quantile(Share::new(quantile).unwrap()).as_seconds(), expected);
        }
        // P(W > t) = ρ e^{−(μ−λ)t}: a fifth never waits.
        assert_eq!(queue.wait_quantile(Share::literal(0.2)), Seconds::ZERO);
        assert_close(queue.wait_quantile(Share::literal(0.9)).as_seconds(), 8.0_f64.ln() / 20.0);
    }

    /// Gross and Harris, example of an eye clinic: 6 patients an hour, 20 minutes each, 3 doctors.
    /// `W_q = 0.148 h`, `L_q = 0.889`, `L = 2.889`.
    #[test]
    fn three_doctors() {
        let queue = MMc::new(Rate::per_second(6.0 / 3600.0), Seconds::new(1200.0), 3).unwrap();
        assert_close(queue.mean_wait().as_seconds() / 3600.0, 4.0 / 27.0);
        assert_close(queue.mean_in_system(), 26.0 / 9.0);
        assert_close(queue.wait_probability().get(), 4.0 / 9.0);
    }

    #[test]
    fn the_response_tail_is_continuous_where_wait_and_service_rates_meet() {
        // c − a = 1: the plain formula divides by zero.
        let at = |offered: f64| queue(offered, 1000.0, 3).response_longer_than(Seconds::new(2.0)).get();
        let (below, here, above) = (at(2.0 - 1e-7), at(2.0), at(2.0 + 1e-7));
        assert!((here - below).abs() < 1e-6 && (above - here).abs() < 1e-6, "{below} {here} {above}");
        let by_hand = (-2.0_f64).exp() * (1.0 + 2.0 * 4.0 / 9.0);
        assert_close(here, by_hand);
    }

    #[test]
    fn quantiles_end_in_infinity() {
        assert!(queue(10.0, 10.0, 2).response_quantile(Share::literal(1.0)).as_seconds().is_infinite());
        assert!(queue(10.0, 10.0, 2).wait_quantile(Share::literal(1.0)).as_seconds().is_infinite());
        assert_eq!(queue(0.0, 10.0, 2).wait_quantile(Share::literal(1.0)), Seconds::ZERO);
    }

    #[test]
    fn what_makes_no_queue_is_refused() {
        let refused = |rate: f64, service: f64, servers: u32| {
            MMc::new(Rate::per_second(rate), Seconds::new(service), servers).unwrap_err().to_string()
        };
        assert_eq!(
            refused(400.0, 0.005, 2),
            "unstable: offered load of 2.0000 Erlangs on 2 servers; lower the rate or the service time, or add servers"
        );
        for (rate, service, servers, names) in [
            (f64::NAN, 1.0, 1, "arrival rate of NaN"),
            (-1.0, 1.0, 1, "arrival rate of -1"),
            (f64::INFINITY, 1.0, 1, "arrival rate of inf"),
            (1.0, 0.0, 1, "service time of 0"),
            (1.0, f64::NAN, 1, "service time of NaN"),
            (1.0, 0.1, 0, "number of servers of 0"),
            (1.0, 0.1, u32::MAX, "number of servers of 4294967295"),
        ] {
            let message = refused(rate, service, servers);
            assert!(message.starts_with(names), "{message}");
        }
    }
}
