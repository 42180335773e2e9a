//! Many proxies connect at once: an istiod restarts, or all pods of a namespace do.
//!
//! **Law.** Each replica accepts `r` new connections a second and sends each a full push:
//!
//! `t = N/n · max(1/r, (u_C + u_F)/p, (u_F + b·w)/c, b·W) + b·w`
//!
//! with `N` proxies over `n` replicas; the other symbols are those of [`super::push`]. Pods that restart also ask
//! for a certificate each, and their new addresses follow as a push of endpoints to everyone.
//!
//! **Source.** istio/istio PILOT_MAX_REQUESTS_PER_SECOND (`pilot/pkg/features/tuning.go`): 5,000 proxies take
//! 200 seconds with one istiod of two cores. In istio/istio issue 35263 as many connected without that limit and
//! some waited three minutes.
//!
//! **Assumptions.** Proxies that wait for a second are turned away and try again with a backoff of at most 30
//! seconds, which the upper end holds where it takes longer than that second. How long pods take to start is not counted.

use super::super::bounded;
use super::super::coefficient::Coefficient;
use super::super::sum::{IN_SECONDS, Part, sum};
use super::push::Demand;
use super::{Bound, Convergence, Convergent, Fleet, Push};

impl Convergence<'_> {
    /// Until the last of the fleet's proxies is connected and configured again.
    #[must_use]
    pub fn reconnect(&self, fleet: Fleet, push: &Push) -> Convergent {
        let accepted = self.accepted(fleet);
        let (demand, parts) = self.connecting(fleet, push, &accepted, false);
        let time = sum("reconnection", &parts.as_parts(), &self.work.spread, IN_SECONDS);
        Convergent { time, bound: demand }
    }

    /// Until every proxy knows the new addresses after the pods of `restarted` came again, among `fleet`; pods
    /// that start come with a certificate each.
    #[must_use]
    pub fn restart(&self, restarted: f64, fleet: Fleet, full: &Push, endpoints: &Push) -> Convergent {
        let those = Fleet { proxies: restarted.min(fleet.proxies), ..fleet };
        let accepted = self.accepted(those);
        let (bound, mut parts) = self.connecting(those, full, &accepted, true);
        // The last change ends the window: it waits for the quiet time, and at worst for a window of its own.
        let quiet = self.limits.debounce_quiet.value;
        let waits =
            if self.limits.endpoints_wait() { [quiet, quiet, self.limits.debounce_longest.value] } else { [0.0; 3] };
        let wait = Coefficient::worked_out("debounce", waits);
        let told = self.endpoint_demand(fleet, endpoints);
        parts.0.push(("debounce", 1.0, &wait));
        let proxies = fleet.per_replica();
        parts.0.extend(told.per_proxy.iter().map(|&(what, count, it)| (what, bounded(count * proxies), it)));
        let time = sum("restart of a namespace", &parts.as_parts(), &self.work.spread, IN_SECONDS);
        Convergent { time, bound }
    }

    /// Time between two connections a replica accepts.
    fn accepted(&self, fleet: Fleet) -> Coefficient {
        let rate = self.limits.connection_rate(fleet.cores.max(1)).as_per_second();
        Coefficient::worked_out("connection rate", [1.0 / rate; 3])
    }

    fn endpoint_demand<'b>(&'b self, fleet: Fleet, push: &Push) -> Demand<'b> {
        let megabytes = bounded(push.bytes.as_bytes() / 1e6);
        self.scarcest(fleet, &[("endpoint pushes", 1.0, &self.work.endpoint_push)], megabytes)
    }

    fn connecting<'b>(
        &'b self,
        fleet: Fleet,
        push: &Push,
        accepted: &'b Coefficient,
        certificates: bool,
    ) -> (Bound, Counts<'b>) {
        let megabytes = bounded(push.bytes.as_bytes() / 1e6);
        let [full, full_services] = self.full_push(push);
        let mut cpu = vec![("connections", 1.0, &self.work.connection), full, full_services];
        if certificates {
            cpu.push(("certificates", 1.0, &self.work.certificate));
        }
        let served = self.scarcest(fleet, &cpu, megabytes);
        let limited = Demand {
            bound: Bound::ConnectionRate,
            per_proxy: vec![("connections ÷ accepted a second", 1.0, accepted)],
        };
        let slowest = if served.time() > limited.time() { served } else { limited };
        let proxies = fleet.per_replica();
        let mut counts =
            Counts(slowest.per_proxy.iter().map(|&(what, count, it)| (what, bounded(count * proxies), it)).collect());
        counts.0.push(("MB to the last proxy", megabytes, &self.work.connection_send));
        let time = proxies * slowest.time();
        if time > self.limits.connection_patience().as_seconds() {
            counts.0.push(("retry", 1.0, &self.work.retry));
        }
        (slowest.bound, counts)
    }
}

/// Counts of coefficients.
struct Counts<'a>(Vec<(&'static str, f64, &'a Coefficient)>);

impl Counts<'_> {
    fn as_parts(&self) -> Vec<Part<'_>> {
        self.0.iter().map(|&(what, count, coefficient)| Part { what, count, coefficient }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::TEST_CARD;
    use crate::units::Memory;

    fn law() -> Convergence<'static> {
        Convergence { work: &TEST_CARD.istiod_work, limits: &TEST_CARD.istiod_limits }
    }

    fn push(megabytes: f64) -> Push {
        Push { services: 100, visible_services: 100.0, bytes: Memory::from_megabytes(megabytes) }
    }

    #[test]
    fn the_connection_rate_decides_a_storm() {
        for (proxies, replicas, cores, seconds) in
            [(5000.0, 1, 2, 200.0), (5000.0, 2, 2, 100.0), (5000.0, 1, 1, 250.0), (10_000.0, 5, 17, 20.0)]
        {
            let reached = law().reconnect(Fleet { proxies, replicas, cores, left: None }, &push(0.0));
            assert!((reached.time.value.as_seconds() - seconds).abs() < 0.1, "{proxies}: {reached:?}");
            assert_eq!(reached.bound, Bound::ConnectionRate);
        }
    }

    #[test]
    fn large_configurations_make_cores_or_network_decide() {
        let fleet = Fleet { proxies: 5000.0, replicas: 1, cores: 16, left: None };
        let seen = Push { visible_services: 20_000.0, ..push(0.1) };
        assert_eq!(law().reconnect(fleet, &seen).bound, Bound::Cores);
        assert_eq!(law().reconnect(fleet, &push(4.0)).bound, Bound::Network);
    }

    #[test]
    fn few_proxies_are_not_turned_away() {
        let upper = |proxies: f64| {
            law().reconnect(Fleet { proxies, replicas: 1, cores: 2, left: None }, &push(0.0)).time.upper.as_seconds()
        };
        assert!(upper(20.0) < 2.0 && upper(30.0) > 30.0, "{} {}", upper(20.0), upper(30.0));
    }

    #[test]
    fn a_namespace_that_restarts_takes_no_longer_than_all_proxies() {
        let fleet = Fleet { proxies: 5000.0, replicas: 2, cores: 2, left: None };
        let restart = |pods: f64| law().restart(pods, fleet, &push(0.2), &push(0.001)).time.value;
        assert!(restart(100.0) < restart(1000.0));
        assert_eq!(restart(5000.0), restart(1e9));
    }
}
