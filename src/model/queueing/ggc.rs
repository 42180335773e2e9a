//! G/G/c: any arrivals, any service times, `c` servers with one queue; an approximation.
//!
//! **Law.** The wait of M/M/c times the mean variability of arrivals and service:
//!
//! `W_q ≈ C · S/(c − a) · (c_a² + c_s²)/2`
//!
//! with squared coefficients of variation (variance over squared mean) of the times between arrivals
//! and of service. For `c = 1` it reads `ρ/(1 − ρ) · S · (c_a² + c_s²)/2`.
//!
//! **Source.** A. Allen, *Probability, Statistics and Queueing Theory*, 1978 (with J. Cunneen);
//! J. Kingman, 1961, for `c = 1`.
//!
//! **Assumptions.** Independent times between arrivals, first come, first served. Exact for M/M/c and
//! for M/G/1, where it is Pollaczek and Khinchine's formula; good near saturation; too high for arrivals
//! much steadier than Poisson's at low utilization.

use crate::units::{Quantile, Rate, Seconds, Utilization};

use super::{MMc, Queue, QueueError, within};

/// Largest squared coefficient of variation.
const MOST_VARIABLE: f64 = 1e6;

/// The queue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GGc {
    /// The same with Poisson arrivals and exponential service.
    markovian: MMc,
    /// `c_a²`, at least 0.
    arrival_scv: f64,
    /// `c_s²`, at least 0.
    service_scv: f64,
    /// At least 1.
    servers: u32,
}

impl GGc {
    /// The queue of arrivals at a rate with a mean service time in front of servers, and the squared
    /// coefficients of variation of both: 0 for constant times, 1 for exponential ones.
    ///
    /// # Errors
    /// [`QueueError::Unstable`] when the offered load reaches the servers, and
    /// [`QueueError::OutOfRange`].
    pub fn new(
        arrivals: Rate,
        service_time: Seconds,
        servers: u32,
        arrival_scv: f64,
        service_scv: f64,
    ) -> Result<Self, QueueError> {
        let arrival_scv = within("squared variation of arrivals", arrival_scv, 0.0, MOST_VARIABLE)?;
        let service_scv = within("squared variation of service", service_scv, 0.0, MOST_VARIABLE)?;
        Ok(Self { markovian: MMc::new(arrivals, service_time, servers)?, arrival_scv, service_scv, servers })
    }

    /// Kingman's upper bound of the mean wait, which holds for any distribution; for one server only.
    ///
    /// `W_q ≤ S · (c_a²/ρ + ρ c_s²) / (2(1 − ρ))`; nothing to bound without arrivals.
    #[must_use]
    pub fn wait_bound(&self) -> Option<Seconds> {
        let busy = self.utilization().get();
        if self.servers != 1 || busy <= 0.0 {
            return None;
        }
        let variability = self.arrival_scv / busy + busy * self.service_scv;
        Some(self.mean_service() * (variability / (2.0 * (1.0 - busy))))
    }

    /// The wait that a share of requests does not exceed, those who wait taken to do so exponentially;
    /// infinite at 1 where anybody waits.
    ///
    /// `t ≈ W_q/C · ln(C / (1 − q))`
    #[must_use]
    pub fn wait_quantile(&self, quantile: Quantile) -> Seconds {
        let variability = self.variability();
        if variability <= 0.0 {
            return Seconds::ZERO;
        }
        self.markovian.wait_quantile(quantile) * variability
    }

    /// `(c_a² + c_s²)/2`; 1 for M/M/c.
    fn variability(&self) -> f64 {
        f64::midpoint(self.arrival_scv, self.service_scv)
    }
}

impl Queue for GGc {
    fn arrivals(&self) -> Rate {
        self.markovian.arrivals()
    }

    fn mean_service(&self) -> Seconds {
        self.markovian.mean_service()
    }

    fn utilization(&self) -> Utilization {
        self.markovian.utilization()
    }

    fn mean_wait(&self) -> Seconds {
        self.markovian.mean_wait() * self.variability()
    }

    /// `L = a + C · ρ/(1 − ρ) · (c_a² + c_s²)/2`
    fn mean_in_system(&self) -> f64 {
        let offered = self.arrivals() * self.mean_service();
        offered + (self.markovian.mean_in_system() - offered) * self.variability()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLERANCE: f64 = 1e-9;

    fn queue(busy: f64, servers: u32, arrival_scv: f64, service_scv: f64) -> GGc {
        let rate = Rate::per_second(busy * f64::from(servers));
        GGc::new(rate, Seconds::new(1.0), servers, arrival_scv, service_scv).unwrap()
    }

    /// Pollaczek and Khinchine: `W_q = ρ S (1 + c_s²) / (2(1 − ρ))`; M/D/1 waits half as long as M/M/1,
    /// `ρ/(2(1 − ρ))`: 0.5 at ρ = 0.5, 2 at 0.8, 4.5 at 0.9 service times.
    #[test]
    fn a_single_server_with_poisson_arrivals_is_exact() {
        for (busy, constant, erlang_2, exponential) in
            [(0.5, 0.5, 0.75, 1.0), (0.8, 2.0, 3.0, 4.0), (0.9, 4.5, 6.75, 9.0)]
        {
            for (scv, expected) in [(0.0, constant), (0.5, erlang_2), (1.0, exponential)] {
                let found = queue(busy, 1, 1.0, scv).mean_wait().as_seconds();
                assert!((found - expected).abs() < TOLERANCE, "{busy} {scv}: {found}");
            }
        }
    }

    #[test]
    fn the_bound_lies_above() {
        for (busy, arrival_scv, service_scv) in [(0.1, 0.5, 2.0), (0.5, 1.0, 1.0), (0.9, 3.0, 0.0)] {
            let queue = queue(busy, 1, arrival_scv, service_scv);
            assert!(queue.wait_bound().unwrap() >= queue.mean_wait());
        }
        assert_eq!(queue(0.5, 2, 1.0, 1.0).wait_bound(), None);
        assert_eq!(queue(0.0, 1, 1.0, 1.0).wait_bound(), None);
    }

    #[test]
    fn a_clockwork_never_waits() {
        let clockwork = queue(0.99, 4, 0.0, 0.0);
        assert_eq!(clockwork.mean_wait(), Seconds::ZERO);
        assert_eq!(clockwork.wait_quantile(Quantile::literal(1.0)), Seconds::ZERO);
    }
}
