//! Little's law and what follows from it for closed loops.
//!
//! **Law.** `L = X · R`: as many are present as arrive in the time that each stays. In a closed loop of
//! `N` clients that think for `Z` between a response and the next request, `N = X · (R + Z)`.
//!
//! **Source.** J. Little, 1961; P. Denning and J. Buzen, 1978 (response time law and bounds).
//!
//! **Assumptions.** As many come in as go out, over the time observed. No distribution is assumed, nor
//! independence: a measurement that breaks the law is wrong.

use crate::units::{Rate, Seconds};

use super::{LARGEST, QueueError, service_in_range, within};

/// Requests present on average, `L = X · R`.
#[must_use]
pub fn in_system(throughput: Rate, response: Seconds) -> f64 {
    throughput * response
}

/// Throughput that keeps so many present, `X = L/R`; `None` for a response in no time.
#[must_use]
pub fn throughput(in_system: f64, response: Seconds) -> Option<Rate> {
    let rate = in_system / response.as_seconds();
    rate.is_finite().then(|| Rate::per_second(rate))
}

/// Time that each of those present stays, `R = L/X`; `None` where nothing passes.
#[must_use]
pub fn response(in_system: f64, throughput: Rate) -> Option<Seconds> {
    let seconds = in_system / throughput.as_per_second();
    seconds.is_finite().then(|| Seconds::new(seconds))
}

/// Clients that wait for each response and think before they ask again: a load generator with a fixed
/// number of connections.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClosedLoop {
    /// At least 0; not whole when clients are connected for a part of the time.
    clients: f64,
    /// Seconds, at least 0.
    think: f64,
}

impl ClosedLoop {
    /// A loop of clients with a mean think time, 0 for clients that ask again at once.
    ///
    /// # Errors
    /// [`QueueError::OutOfRange`].
    pub fn new(clients: f64, think_time: Seconds) -> Result<Self, QueueError> {
        let clients = within("number of clients", clients, 0.0, LARGEST)?;
        Ok(Self { clients, think: within("think time", think_time.as_seconds(), 0.0, LARGEST)? })
    }

    /// Throughput at a mean response time, `X = N/(R + Z)`.
    ///
    /// # Errors
    /// [`QueueError::OutOfRange`] for a response time that is not above 0.
    pub fn throughput(&self, response: Seconds) -> Result<Rate, QueueError> {
        Ok(Rate::per_second(self.clients / (service_in_range(response)? + self.think)))
    }

    /// Mean response time at a throughput, `R = N/X − Z`, never below 0; `None` where nothing passes.
    #[must_use]
    pub fn response(&self, throughput: Rate) -> Option<Seconds> {
        let round = response(self.clients, throughput)?;
        Some((round - Seconds::new(self.think)).max(Seconds::ZERO))
    }

    /// The most that can pass, `X ≤ min(N/(D + Z), 1/D_max)`, with the service demand `D` of a request
    /// at all stations together and `D_max` at the busiest of them.
    ///
    /// # Errors
    /// [`QueueError::OutOfRange`] for demands that are not above 0.
    pub fn throughput_bound(&self, demand: Seconds, busiest: Seconds) -> Result<Rate, QueueError> {
        let bottleneck = Rate::per_second(1.0 / service_in_range(busiest)?);
        Ok(self.throughput(demand)?.min(bottleneck))
    }

    /// Share of its connections that a paced generator keeps busy, `X · R / N`; near 1 and beyond it
    /// falls behind its pace and its latencies omit the wait (coordinated omission).
    ///
    /// `None` without clients.
    #[must_use]
    pub fn busy_share(&self, rate: Rate, response: Seconds) -> Option<f64> {
        let share = in_system(rate, response) / self.clients;
        share.is_finite().then_some(share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLERANCE: f64 = 1e-9;
    /// Published figures are rounded.
    const MEASURED: f64 = 0.02;

    /// LiveWyer 2024, bookinfo behind 32 connections without think time: 120.27 requests per second at a
    /// median of 264 ms with Istio.
    #[test]
    fn a_published_closed_loop_obeys_the_law() {
        let clients = ClosedLoop::new(32.0, Seconds::ZERO).unwrap();
        let found = clients.response(Rate::per_second(120.27)).unwrap();
        assert!((found.as_seconds() / 0.264 - 1.0).abs() < MEASURED, "{found:?}");
        let busy = clients.busy_share(Rate::per_second(120.27), Seconds::from_millis(264.0)).unwrap();
        assert!((busy - 1.0).abs() < MEASURED, "{busy}");
    }

    /// Denning and Buzen, 1978: 25 terminals with 18 s of think time at 0.715 jobs a second, hence
    /// `25/0.715 − 18 = 17 s` of response.
    #[test]
    fn terminals_think() {
        let terminals = ClosedLoop::new(25.0, Seconds::new(18.0)).unwrap();
        let found = terminals.response(Rate::per_second(0.715)).unwrap().as_seconds();
        assert!((found - 16.965).abs() < 1e-3, "{found}");
        let back = terminals.throughput(Seconds::new(found)).unwrap().as_per_second();
        assert!((back - 0.715).abs() < TOLERANCE, "{back}");
    }

    #[test]
    fn few_clients_are_bound_by_the_loop_and_many_by_the_bottleneck() {
        let bound = |clients: f64| {
            let clients = ClosedLoop::new(clients, Seconds::new(1.0)).unwrap();
            clients.throughput_bound(Seconds::new(0.25), Seconds::new(0.1)).unwrap().as_per_second()
        };
        assert!((bound(5.0) - 4.0).abs() < TOLERANCE && (bound(50.0) - 10.0).abs() < TOLERANCE);
    }

    #[test]
    fn nothing_is_divided_by_nothing() {
        assert_eq!(throughput(1.0, Seconds::ZERO), None);
        assert_eq!(response(1.0, Rate::ZERO), None);
        assert_eq!(response(0.0, Rate::ZERO), None);
        assert_eq!(ClosedLoop::new(0.0, Seconds::ZERO).unwrap().busy_share(Rate::ZERO, Seconds::ZERO), None);
        assert!(ClosedLoop::new(f64::NAN, Seconds::ZERO).is_err());
    }
}
