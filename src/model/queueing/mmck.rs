//! M/M/c/K: `c` servers and room for `K` requests; who finds the room full is refused.
//!
//! **Law.** `p_n ∝ aⁿ/n!` up to `c` requests, then `p_{c+j} = p_c ρʲ` up to `K`. A share `p_K` of the
//! arrivals is refused, the rest enters:
//!
//! `L_q = Σ j p_{c+j}`, `W_q = L_q / (λ(1 − p_K))`
//!
//! **Source.** D. Gross and C. Harris, *Fundamentals of Queueing Theory*, 2.4. `K = c` is Erlang's
//! loss system, `K → ∞` the M/M/c queue.
//!
//! **Assumptions.** Poisson arrivals that do not come back, exponential service. A connection pool with
//! `c` connections and a limit of pending requests is such a queue; retries make it worse than it says.

use statrs::function::gamma::ln_gamma;

use crate::units::{Quantile, Rate, Seconds, Share, Utilization};

use super::erlang::states_below;
use super::{
    MOST_SERVERS, Queue, QueueError, rate_in_range, search, servers_in_range, service_in_range, share, within,
};

/// Geometric terms beyond this share of the first change no figure.
const NEGLIGIBLE: f64 = 1e-30;

/// The queue; it has a steady state at any rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MMcK {
    /// Offered per second, refused requests included; at least 0.
    offered_rate: f64,
    /// Seconds, above 0.
    service: f64,
    /// At least 1.
    servers: f64,
    /// Places to wait, `K − c`; at least 0.
    places: u32,
    /// `ρ = λS/c` as offered, at least 0; may exceed 1.
    pressure: f64,
    /// Share refused, `p_K`, in [0, 1].
    refused: f64,
    /// Share accepted, `1 − p_K`, in (0, 1]; kept apart because the difference would cancel.
    accepted: f64,
    /// Requests waiting on average, `L_q`.
    waiting: f64,
    /// Share of those who enter that wait, in [0, 1].
    waits: f64,
}

impl MMcK {
    /// The queue of arrivals at a rate, refused ones included, in front of `servers` with room for
    /// `capacity` requests in all.
    ///
    /// # Errors
    /// [`QueueError::OutOfRange`], also when the capacity is below the servers.
    pub fn new(arrivals: Rate, service_time: Seconds, servers: u32, capacity: u32) -> Result<Self, QueueError> {
        let offered_rate = rate_in_range(arrivals)?;
        let service = service_in_range(service_time)?;
        let count = servers_in_range(servers)?;
        within("capacity", f64::from(capacity), count, f64::from(MOST_SERVERS))?;
        let places = capacity - servers;
        let offered = offered_rate * service;
        let pressure = offered / count;
        let states = States::of(states_below(servers, offered), pressure, places);
        Ok(Self {
            offered_rate,
            service,
            servers: count,
            places,
            pressure,
            refused: states.full / states.all(),
            accepted: states.not_full() / states.all(),
            waiting: states.waiting / states.all(),
            waits: (states.busy_not_full / states.not_full()).min(1.0),
        })
    }

    /// Share of arrivals that is refused, in [0, 1].
    #[must_use]
    pub fn refused_share(&self) -> Share {
        share(self.refused)
    }

    /// Chance that a request which enters has to wait, in [0, 1].
    #[must_use]
    pub fn wait_probability(&self) -> Share {
        share(self.waits)
    }

    /// The wait that a share of those who enter does not exceed; infinite at 1 where some wait.
    ///
    /// `P(W > t) = P(wait) · Σ_i P(i services end by t) · P(at least i were waiting before)`
    #[must_use]
    pub fn wait_quantile(&self, quantile: Quantile) -> Seconds {
        let tail = 1.0 - quantile.get();
        if tail >= self.waits {
            return Seconds::ZERO;
        }
        let ends = search::where_tail_falls_to(tail / self.waits, |ends| self.outlasts(ends));
        Seconds::new(self.service / self.servers * ends)
    }

    /// Chance that somebody who waits still does after the time in which busy servers end `ends`
    /// services on average: fewer have ended than are needed.
    fn outlasts(&self, ends: f64) -> f64 {
        let (from, to) = poisson_window(ends, f64::from(self.places.saturating_sub(1)));
        let mut chance = (from * ends.ln() - ends - ln_gamma(from + 1.0)).exp();
        if ends <= 0.0 {
            return 1.0;
        }
        let mut sum = 0.0;
        let mut ended = from;
        while ended <= to {
            sum += chance * self.finds_waiting(ended);
            ended += 1.0;
            chance *= ends / ended;
        }
        sum
    }

    /// Chance that somebody who waits found at least so many waiting: a geometric distribution cut at
    /// the places.
    fn finds_waiting(&self, others: f64) -> f64 {
        let places = f64::from(self.places);
        let growth = self.pressure.ln();
        let beyond = |states: f64| (-growth.abs() * states).exp_m1();
        if growth == 0.0 {
            1.0 - others / places
        } else if growth < 0.0 {
            (growth * others).exp() * beyond(places - others) / beyond(places)
        } else {
            beyond(places - others) / beyond(places)
        }
    }
}

impl Queue for MMcK {
    /// Requests that enter: `λ(1 − p_K)`.
    fn arrivals(&self) -> Rate {
        Rate::per_second(self.offered_rate * self.accepted)
    }

    fn mean_service(&self) -> Seconds {
        Seconds::new(self.service)
    }

    fn utilization(&self) -> Utilization {
        share(self.pressure * self.accepted)
    }

    fn mean_wait(&self) -> Seconds {
        if self.waiting <= 0.0 {
            return Seconds::ZERO;
        }
        Seconds::new(self.waiting / (self.offered_rate * self.accepted))
    }

    fn mean_in_system(&self) -> f64 {
        self.pressure * self.accepted * self.servers + self.waiting
    }
}

/// Chances of the states of the room, up to a common factor.
struct States {
    /// A server is free.
    below: f64,
    /// All servers are busy and there is a place to wait.
    busy_not_full: f64,
    /// No place is left.
    full: f64,
    /// Mean number waiting.
    waiting: f64,
}

impl States {
    /// `below` is relative to the state in which all servers are busy and nobody waits.
    fn of(below: f64, pressure: f64, places: u32) -> Self {
        if below == f64::INFINITY {
            return Self { below: 1.0, busy_not_full: 0.0, full: 0.0, waiting: 0.0 };
        }
        if pressure <= 1.0 {
            Self::from_below(below, pressure, places)
        } else {
            Self::from_above(below, pressure, places)
        }
    }

    /// Relative to the state in which nobody waits: powers fall upwards.
    fn from_below(below: f64, pressure: f64, places: u32) -> Self {
        let mut states = Self { below, busy_not_full: 0.0, full: 1.0, waiting: 0.0 };
        for waiting in 1..=places {
            states.busy_not_full += states.full;
            states.full *= pressure;
            states.waiting += f64::from(waiting) * states.full;
            if states.full < NEGLIGIBLE {
                states.full = pressure.powf(f64::from(places));
                break;
            }
        }
        states
    }

    /// Relative to the full room: powers fall downwards.
    fn from_above(below: f64, pressure: f64, places: u32) -> Self {
        let mut states = Self { below: 0.0, busy_not_full: 0.0, full: 1.0, waiting: f64::from(places) };
        let mut state = 1.0;
        for waiting in (0..places).rev() {
            state /= pressure;
            states.busy_not_full += state;
            states.waiting += f64::from(waiting) * state;
            if state < NEGLIGIBLE {
                return states;
            }
        }
        states.below = below * state;
        states
    }

    fn not_full(&self) -> f64 {
        self.below + self.busy_not_full
    }

    fn all(&self) -> f64 {
        self.not_full() + self.full
    }
}

/// The counts that matter of a Poisson distribution, none above `most`.
fn poisson_window(mean: f64, most: f64) -> (f64, f64) {
    let reach = 12.0 * mean.sqrt() + 40.0;
    ((mean - reach).floor().max(0.0), (mean + reach).ceil().min(most))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::queueing::MMc;

    const TOLERANCE: f64 = 1e-9;

    fn queue(offered: f64, servers: u32, capacity: u32) -> MMcK {
        MMcK::new(Rate::per_second(offered), Seconds::new(1.0), servers, capacity).unwrap()
    }

    fn assert_close(found: f64, expected: f64, what: &str) {
        assert!((found - expected).abs() <= TOLERANCE * expected.abs().max(1e-3), "{what}: {found} is not {expected}");
    }

    /// Chances of 0, 1, … requests, state by state as the law is written.
    fn states(offered: f64, servers: u32, capacity: u32) -> Vec<f64> {
        let mut chances = vec![1.0];
        for present in 1..=capacity {
            chances.push(chances.last().unwrap() * offered / f64::from(present.min(servers)));
        }
        let all: f64 = chances.iter().sum();
        chances.iter().map(|chance| chance / all).collect()
    }

    #[test]
    fn answers_are_those_of_its_states() {
        for (offered, servers, capacity) in
            [(0.5, 1, 1), (0.5, 1, 4), (1.0, 1, 4), (3.0, 1, 4), (2.0, 3, 3), (2.9, 3, 20), (3.0, 3, 9), (30.0, 3, 60)]
        {
            let what = format!("{offered} E, {servers} of {capacity}");
            let chances = states(offered, servers, capacity);
            let queue = queue(offered, servers, capacity);
            let present: f64 = chances.iter().zip(0_u32..).map(|(chance, n)| chance * f64::from(n)).sum();
            let refused = chances.last().unwrap();
            let waits: f64 = chances[servers as usize..capacity as usize].iter().sum();
            assert_close(queue.mean_in_system(), present, &what);
            assert_close(queue.refused_share().get(), *refused, &what);
            assert_close(queue.wait_probability().get(), waits / (1.0 - refused), &what);
            assert_close(queue.arrivals().as_per_second(), offered * (1.0 - refused), &what);
            assert_close(queue.mean_response().as_seconds(), present / (offered * (1.0 - refused)), &what);
        }
    }

    /// M/M/1/K at ρ = 1: every state is alike, so `L = K/2` and `1/(K + 1)` is refused.
    #[test]
    fn a_full_single_server() {
        let queue = queue(1.0, 1, 9);
        assert_close(queue.mean_in_system(), 4.5, "L");
        assert_close(queue.refused_share().get(), 0.1, "refused");
    }

    #[test]
    fn much_room_makes_the_endless_queue() {
        let endless = MMc::new(Rate::per_second(8.0), Seconds::new(1.0), 10).unwrap();
        let roomy = queue(8.0, 10, 1_000);
        assert_close(roomy.mean_wait().as_seconds(), endless.mean_wait().as_seconds(), "wait");
        for quantile in [0.1, 0.5, 0.7, 0.9, 0.99, 0.9999] {
            let quantile = Quantile::literal(quantile);
            let (found, expected) = (roomy.wait_quantile(quantile), endless.wait_quantile(quantile));
            assert_close(found.as_seconds(), expected.as_seconds(), "quantile");
        }
    }

    /// With one place an entrant who waits does so for one end of service: `P(W > t | wait) = e^{−ct}`.
    #[test]
    fn one_place_waits_for_one_end() {
        for offered in [0.5, 2.0, 40.0] {
            let queue = queue(offered, 2, 3);
            let waits = queue.wait_probability().get();
            let median = queue.wait_quantile(Quantile::new(1.0 - waits / 2.0).unwrap());
            assert_close(median.as_seconds(), std::f64::consts::LN_2 / 2.0, "median wait of those who wait");
        }
    }

    #[test]
    fn the_extremes_are_answered() {
        for (offered, servers, capacity) in
            [(0.0, 1, 1), (1e-300, 3, 9), (1e15, 1, 1_000_000), (1e15, 2, 2), (9.9e5, 1_000_000, 1_000_000)]
        {
            let queue = queue(offered, servers, capacity);
            let wait = queue.wait_quantile(Quantile::literal(0.99)).as_seconds();
            for figure in [queue.mean_wait().as_seconds(), queue.mean_in_system(), wait] {
                assert!(figure.is_finite() && figure >= 0.0, "{offered} {servers} {capacity}: {figure}");
            }
        }
        let crushed = queue(1e15, 1, 1_000_000);
        assert_close(crushed.mean_in_system(), 1e6, "a crushed queue is full");
        assert_close(crushed.arrivals().as_per_second(), 1.0, "and as fast as its server");
    }

    #[test]
    fn less_room_than_servers_is_refused() {
        let error = MMcK::new(Rate::per_second(1.0), Seconds::new(1.0), 4, 3).unwrap_err();
        assert!(error.to_string().starts_with("capacity of 3 is out of range"), "{error}");
    }
}
