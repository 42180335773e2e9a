//! A change reaches the last of many proxies.
//!
//! **Law.** The change waits for the debounce; a full push first reads all services again; then the replicas
//! work through their proxies at the rate that the scarcest of three things allows, and the last one still has to
//! receive its bytes:
//!
//! `t = τ + S·u_S/p + P/n · max(u/p, (u + b·w)/c, b·W) + b·w`
//!
//! with `P` proxies over `n` replicas of `p` cores and `c` pushes at once, CPU time `u` and `b` megabytes a proxy,
//! `w` and `W` the time a megabyte takes on a connection and on a replica's network.
//!
//! **Source.** Operational bounds of a closed network (Denning and Buzen, 1978), for a batch that is there from
//! the start; istio/istio `pilot/pkg/xds` (pushQueue, concurrentPushLimit).
//!
//! **Assumptions.** Proxies are spread evenly over replicas. What an Envoy does with the change once it is there
//! is not counted, nor the watch by which istiod learns of it.

use super::super::sum::{IN_SECONDS, Part, sum};
use super::super::{Coefficient, Merged, bounded};
use super::{Bound, Convergence, Convergent, Fleet};
use crate::units::{Memory, Seconds};

/// What is sent to each proxy.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Push {
    /// Services that istiod knows.
    pub services: u64,
    /// Services visible to a proxy, on average.
    pub visible_services: f64,
    /// Bytes sent to a proxy.
    pub bytes: Memory,
}

/// One resource a push uses: how much of it a proxy takes, as counts of coefficients.
pub(super) struct Demand<'a> {
    pub bound: Bound,
    pub per_proxy: Vec<(&'static str, f64, &'a Coefficient)>,
}

impl Demand<'_> {
    pub fn time(&self) -> f64 {
        self.per_proxy.iter().map(|(_, count, coefficient)| count * coefficient.value).sum()
    }
}

impl Convergence<'_> {
    /// Until the last proxy has one changed endpoint, in a mesh whose other changes merge like `merged`.
    #[must_use]
    pub fn endpoint_change(&self, fleet: Fleet, push: &Push, merged: &Merged) -> Convergent {
        let cpu = [("endpoint pushes", 1.0, &self.work.endpoint_push)];
        let at_once = Merged::alone(Seconds::ZERO);
        let merged = if self.limits.endpoints_wait() { merged } else { &at_once };
        self.batch("endpoint change", fleet, push, merged, &cpu, 0)
    }

    /// Until the last proxy has a change of configuration, which is a full push.
    #[must_use]
    pub fn config_change(&self, fleet: Fleet, push: &Push, merged: &Merged) -> Convergent {
        self.batch("configuration change", fleet, push, merged, &self.full_push(push), push.services)
    }

    /// CPU of a full push to one proxy.
    pub(super) fn full_push(&self, push: &Push) -> [(&'static str, f64, &Coefficient); 2] {
        let kilo_services = bounded(push.visible_services) / 1000.0;
        [
            ("full pushes", 1.0, &self.work.full_push),
            ("full pushes × visible services ÷ 1000", kilo_services, &self.work.full_push_kilo_services),
        ]
    }

    fn batch(
        &self,
        law: &'static str,
        fleet: Fleet,
        push: &Push,
        merged: &Merged,
        cpu: &[(&'static str, f64, &Coefficient)],
        read_again: u64,
    ) -> Convergent {
        let wait = self.wait(merged);
        let megabytes = bounded(push.bytes.as_bytes() / 1e6);
        let scarcest = self.scarcest(fleet, cpu, megabytes);
        let proxies = fleet.per_replica();
        let mut parts = vec![
            Part { what: "debounce", count: 1.0, coefficient: &wait },
            Part {
                what: "services read again ÷ cores",
                count: bounded(read_again as f64) / fleet.cores(),
                coefficient: &self.work.context_per_service,
            },
        ];
        parts.extend(scarcest.per_proxy.iter().map(|&(what, count, coefficient)| Part {
            what,
            count: bounded(proxies * count),
            coefficient,
        }));
        let last = Part { what: "MB to the last proxy", count: megabytes, coefficient: &self.work.connection_send };
        parts.push(last);
        Convergent { time: sum(law, &parts, &self.work.spread, IN_SECONDS), bound: scarcest.bound }
    }

    /// How long a change waits: as long as the first of its push, at least the quiet time, at worst the longest.
    fn wait(&self, merged: &Merged) -> Coefficient {
        // What does not wait at all has no quiet time either.
        let quiet = self.limits.debounce_quiet.value.min(merged.wait.as_seconds());
        let value = merged.wait.as_seconds().max(quiet);
        // With changes at random moments one in twenty windows is three times as long as the mean.
        let upper = (3.0 * value - 2.0 * quiet).min(self.limits.debounce_longest.value).max(value);
        Coefficient::worked_out("debounce", [quiet, value, upper])
    }

    /// Of cores, pushes at once and network, what takes longest for each proxy.
    pub(super) fn scarcest<'b>(
        &'b self,
        fleet: Fleet,
        cpu: &[(&'static str, f64, &'b Coefficient)],
        megabytes: f64,
    ) -> Demand<'b> {
        let slots = self.limits.pushes_at_once(fleet.cores.max(1));
        let spread_over = |among: f64| cpu.iter().map(move |&(what, count, it)| (what, count / among, it));
        let mut held: Vec<_> = spread_over(slots).collect();
        held.push(("MB on connections ÷ pushes at once", megabytes / slots, &self.work.connection_send));
        let demands = [
            Demand { bound: Bound::Cores, per_proxy: spread_over(fleet.cores()).collect() },
            Demand { bound: Bound::PushesAtOnce, per_proxy: held },
            Demand { bound: Bound::Network, per_proxy: vec![("MB sent", megabytes, &self.work.send)] },
        ];
        let [cores, others @ ..] = demands;
        others.into_iter().fold(cores, |most, other| if other.time() > most.time() { other } else { most })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::card::TEST_CARD;
    use crate::model::sum::total;

    fn law() -> Convergence<'static> {
        Convergence { work: &TEST_CARD.istiod_work, limits: &TEST_CARD.istiod_limits }
    }

    fn alone() -> Merged {
        Merged::alone(TEST_CARD.istiod_limits.debounce_quiet())
    }

    #[test]
    fn an_endpoint_reaches_500_sidecars_within_a_second() {
        // Istio 1.0.3's announcement.
        let fleet = Fleet { proxies: 500.0, replicas: 1, cores: 1, left: None };
        let push = Push { services: 100, visible_services: 100.0, bytes: Memory::from_bytes(2_000.0) };
        let reached = law().endpoint_change(fleet, &push, &alone());
        assert!(reached.time.value.as_seconds() < 1.0, "{reached:?}");
        assert_eq!(reached.bound, Bound::Cores);
    }

    #[test]
    fn what_is_scarcest_decides() {
        let fleet = Fleet { proxies: 1000.0, replicas: 1, cores: 4, left: None };
        for (megabytes, bound) in [(0.01, Bound::Cores), (2.0, Bound::Network)] {
            let push = Push { services: 10, visible_services: 10.0, bytes: Memory::from_megabytes(megabytes) };
            let reached = law().config_change(fleet, &push, &alone());
            assert_eq!(reached.bound, bound, "{megabytes} MB: {reached:?}");
            assert!((total(&reached.time.basis.terms) - reached.time.value.as_seconds()).abs() < 1e-9);
        }
    }

    #[test]
    fn less_cpu_takes_longer_while_as_much_is_done_at_once() {
        let fleet = Fleet { proxies: 1000.0, replicas: 1, cores: 4, left: None };
        let push = Push { services: 10, visible_services: 10.0, bytes: Memory::from_megabytes(0.01) };
        let time = |left: Option<f64>| {
            let left = left.map(crate::units::Cores::new);
            law().config_change(Fleet { left, ..fleet }, &push, &alone()).time.value.as_seconds() - 0.1
        };
        // Nearly all of the time is work of the cores, so half of them take nearly twice as long.
        assert!((time(Some(2.0)) / time(None) - 2.0).abs() < 0.02, "{} {}", time(Some(2.0)), time(None));
        assert_eq!((time(Some(4.0)), time(Some(9.0))), (time(None), time(None)));
        assert!(time(Some(0.0)).is_finite());
    }

    proptest! {
        #[test]
        fn more_proxies_take_longer_and_more_replicas_do_not(
            proxies in 0.0..1e6, more in 1.0..1e5, replicas in 1u64..50, cores in 1u64..64,
            services in 0u64..100_000, visible in 0.0..10_000.0, megabytes in 0.0..10.0, rate in 0.0..100.0,
        ) {
            let push = Push { services, visible_services: visible, bytes: Memory::from_megabytes(megabytes) };
            let merged = crate::model::Debounce::new(&TEST_CARD.istiod_limits)
                .merge(crate::units::Rate::per_second(rate));
            let time = |proxies: f64, replicas: u64| {
                law().config_change(Fleet { proxies, replicas, cores, left: None }, &push, &merged).time
            };
            let (few, many) = (time(proxies, replicas), time(proxies + more, replicas));
            prop_assert!(few.value <= many.value);
            prop_assert!(time(proxies, replicas + 1).value <= few.value);
            prop_assert!(few.value.as_seconds() >= 0.0999 && many.upper.as_seconds().is_finite());
            prop_assert!(few.lower <= few.value && few.value <= few.upper);
        }
    }
}
