//! Laws of the size of a proxy.

use proptest::prelude::*;

use super::BusyCpu;
use super::proxy_size::{BusyNeed, Evidence, proxy_size};
use crate::estimate::{Basis, Estimate};
use crate::inventory::PodMemory;
use crate::overhead::{MeasuredMemory, ProxyCost, cpu_needed, memory_needed};
use crate::policy::{SizingPolicy, TuningPolicy};
use crate::resources::Declared;
use crate::units::{Bytes, Cores, Memory, Millicores, Seconds, Share};

fn estimate() -> impl Strategy<Value = [f64; 3]> {
    (1.0..2000.0, 1.0..3.0_f64, 1.0..3.0_f64).prop_map(|(lower, a, b)| [lower, lower * a, lower * a * b])
}

fn declared() -> impl Strategy<Value = Declared> {
    let cpu = proptest::option::of(0_u64..8000).prop_map(|it| it.map(Millicores::new));
    let memory = proptest::option::of(0_u64..8192).prop_map(|it| it.map(Bytes::from_mib));
    (cpu, memory).prop_map(|(cpu, memory)| Declared::new(cpu, memory))
}

fn sizing(quantile: f64) -> SizingPolicy {
    SizingPolicy { quantile: Share::new(quantile).unwrap(), ..SizingPolicy::default() }
}

fn cost([lower, value, upper]: [f64; 3], millicores: [f64; 3], quantile: f64, set: (Declared, Declared)) -> ProxyCost {
    let mib = Memory::from_mib;
    let memory = Estimate::new(mib(lower), mib(value), mib(upper), Basis::default());
    let [least, cores, most] = millicores.map(Cores::from_millis);
    let cpu = Estimate::new(least, cores, most, Basis::default());
    ProxyCost {
        memory_needed: memory_needed(&memory, &sizing(quantile), Bytes::ZERO),
        cpu_needed: cpu_needed(&cpu, &sizing(quantile), Millicores::ZERO),
        memory: memory.clone(),
        startup_memory: memory.clone(),
        measured: None,
        memory_limit_needed: memory_needed(&memory, &sizing(quantile), Bytes::ZERO),
        cpu,
        requests: set.0,
        limits: set.1,
    }
}

/// What the proxy needs in its busiest moments, p99 at least as much as p95.
fn busy() -> impl Strategy<Value = Option<BusyNeed>> {
    let need = (1_u64..4000, 0_u64..4000)
        .prop_map(|(p95, more)| BusyNeed { p95: Millicores::new(p95), p99: Millicores::new(p95 + more) });
    proptest::option::of(need)
}

fn size_at(cost: &ProxyCost, busy: Option<BusyNeed>, throttled: f64) -> super::ProxySize {
    let default_limits = Declared::new(Some(Millicores::new(2000)), Some(Bytes::from_gib(1)));
    let evidence = Evidence {
        cost,
        workers: 2,
        rate_measured: true,
        busy,
        throttled: Share::new(throttled).ok(),
        may_lower_cpu: true,
        default_limits: &default_limits,
    };
    proxy_size(&evidence, &TuningPolicy::default())
}

fn size(cost: &ProxyCost, policy: &TuningPolicy, rate_measured: bool) -> super::ProxySize {
    let default_limits = Declared::new(Some(Millicores::new(2000)), Some(Bytes::from_gib(1)));
    let evidence = Evidence {
        cost,
        workers: 2,
        rate_measured,
        busy: None,
        throttled: None,
        may_lower_cpu: true,
        default_limits: &default_limits,
    };
    proxy_size(&evidence, policy)
}

proptest! {
    /// Whatever the evidence, the policy and what is set today.
    #[test]
    fn a_memory_limit_holds_the_peak_and_the_request(
        memory in estimate(), cpu in estimate(), quantile in 0.05..0.99,
        requests in declared(), limits in declared(), max_change in 0.01..1.0, measured: bool,
    ) {
        let cost = cost(memory, cpu, quantile, (requests.clone(), limits.clone()));
        let policy = TuningPolicy { max_change: Share::new(max_change).unwrap(), ..TuningPolicy::default() };
        let size = size(&cost, &policy, measured);
        let limit = size.target.limits.memory.unwrap();
        prop_assert!(limit.to_memory() >= cost.startup_memory.upper);
        prop_assert!(limit >= size.target.requests.memory.unwrap());
        prop_assert!(limits.memory.is_none_or(|today| limit >= today));
        prop_assert!(size.target.requests.memory.unwrap() >= cost.memory_needed);
        if let Some(today) = requests.cpu.filter(|_| !measured) {
            prop_assert_eq!(size.target.requests.cpu, Some(today));
        }
    }

    /// Whatever was measured for however long, with whatever reserve.
    #[test]
    fn a_memory_limit_holds_what_was_measured(
        memory in estimate(), peak in 1.0..3.0_f64, requests in declared(), limits in declared(), reserve in 0.0..1.0_f64,
        samples in proptest::collection::vec(1e6..4e9_f64, 1..200), hours in 0.0..48.0_f64,
    ) {
        let sizing = SizingPolicy { limit_reserve: Share::new(reserve).unwrap(), ..SizingPolicy::default() };
        let plain = cost(memory, [1.0, 1.0, 1.0], 0.95, (requests, limits));
        let pods = PodMemory::of(samples.clone(), samples.len() as u64, Some(1), Seconds::from_hours(hours)).unwrap();
        let measured = MeasuredMemory::new(pods, plain.memory.clone(), &plain.memory, &sizing);
        let steady = measured.moved(&plain.memory);
        let cost = ProxyCost {
            startup_memory: measured.moved(&plain.memory.scaled(peak)),
            memory_needed: memory_needed(&steady, &sizing, Bytes::ZERO),
            memory: steady,
            measured: Some(measured),
            ..plain
        };
        let first = size(&cost, &TuningPolicy::default(), true);
        let limit = first.target.limits.memory.unwrap().to_memory();
        prop_assert!(limit >= pods.largest * (1.0 + reserve) && limit >= cost.startup_memory.upper);
        prop_assert!(first.target.requests.memory.unwrap().to_memory() >= pods.p95);
        let set = ProxyCost { requests: first.target.requests.clone(), limits: first.target.limits.clone(), ..cost };
        let again = size(&set, &TuningPolicy { max_change: Share::new(1.0).unwrap(), ..TuningPolicy::default() }, true);
        prop_assert!(again.dangers.iter().all(|danger| !danger.contains("killed")), "{:?}", again.dangers);
        prop_assert_eq!(again.target.limits.memory, first.target.limits.memory);
    }

    /// What is set as recommended is recommended again.
    #[test]
    fn a_size_that_is_set_stays(memory in estimate(), cpu in estimate(), quantile in 0.05..0.99, measured: bool) {
        // Worker threads that do not carry the load are another recommendation.
        let cpu = cpu.map(|millicores| millicores / 10.0);
        let policy = TuningPolicy::default();
        let first = size(&cost(memory, cpu, quantile, Default::default()), &policy, measured).target;
        let set = cost(memory, cpu, quantile, (first.requests.clone(), first.limits.clone()));
        let again = size(&set, &policy, measured);
        prop_assert_eq!(again.target, first);
        prop_assert!(!again.worth, "{:?}", again.dangers);
    }

    /// More has to be covered: nothing gets smaller.
    #[test]
    fn a_stricter_policy_never_asks_for_less(
        memory in estimate(), cpu in estimate(), a in 0.05..0.99_f64, b in 0.05..0.99_f64,
        requests in declared(), limits in declared(),
    ) {
        let policy = TuningPolicy::default();
        let at = |quantile: f64| size(&cost(memory, cpu, quantile, (requests.clone(), limits.clone())), &policy, true).target;
        let (loose, strict) = (at(a.min(b)), at(a.max(b)));
        prop_assert!(strict.requests.memory >= loose.requests.memory);
        prop_assert!(strict.requests.cpu >= loose.requests.cpu);
        prop_assert!(strict.limits.memory >= loose.limits.memory);
        prop_assert!(strict.limits.cpu >= loose.limits.cpu);
    }

    /// The busier its moments, the more it requests and the more its limit leaves; a limit never is below the p99, and
    /// both are steps that stay.
    #[test]
    fn busier_moments_never_ask_for_less(
        memory in estimate(), cpu in estimate(), a in busy(), more in 0_u64..2000, throttled in 0.0..1.0_f64,
        requests in declared(), limits in declared(),
    ) {
        let cost = cost(memory, cpu, 0.95, (requests, limits));
        let busier = a.map(|busy| BusyNeed {
            p95: Millicores::new(busy.p95.get() + more),
            p99: Millicores::new(busy.p99.get() + more),
        });
        let (calm, rushed) = (size_at(&cost, a, throttled).target, size_at(&cost, busier, throttled).target);
        prop_assert!(rushed.requests.cpu >= calm.requests.cpu);
        prop_assert!(rushed.limits.cpu >= calm.limits.cpu);
        let without = size_at(&cost, None, throttled).target;
        prop_assert!(calm.requests.cpu >= without.requests.cpu);
        if let Some(busy) = a {
            prop_assert!(calm.requests.cpu.unwrap() >= busy.p95);
            // Two worker threads use no more than two cores.
            prop_assert!(calm.limits.cpu.unwrap() >= busy.p99.min(Millicores::new(2000)));
        }
        let set = ProxyCost { requests: calm.requests.clone(), limits: calm.limits.clone(), ..cost };
        let again = size_at(&set, a, throttled);
        prop_assert_eq!(again.target, calm);
    }

    /// What was seen throttled gets a core for each thread, and is named once.
    #[test]
    fn a_throttled_proxy_gets_a_higher_limit(memory in estimate(), limit in 1_u64..3000, share in 0.06..1.0_f64) {
        let limits = Declared::new(Some(Millicores::new(limit)), None);
        let cost = cost(memory, [1.0, 1.0, 1.0], 0.95, (Declared::default(), limits));
        let size = size_at(&cost, None, share);
        prop_assert!(size.target.limits.cpu.unwrap() >= Millicores::new(limit.max(2000)));
        let named = size.dangers.iter().filter(|danger| danger.contains("throttled in")).count();
        prop_assert_eq!(named, usize::from(limit < 2000));
    }

    #[test]
    fn p99_never_needs_less_than_p95(a in estimate(), b in estimate(), quantile in 0.05..0.99_f64) {
        let of = |[lower, value, upper]: [f64; 3]| {
            let [lower, value, upper] = [lower, value, upper].map(Cores::from_millis);
            Estimate::new(lower, value, upper, Basis::default())
        };
        let need = BusyNeed::of(&BusyCpu { p95: of(a), p99: of(b), basis: String::new() }, &sizing(quantile));
        prop_assert!(need.p99 >= need.p95);
    }

    /// A cut goes no further at once than the policy lets it.
    #[test]
    fn a_cut_is_bounded(memory in estimate(), cpu in estimate(), requests in declared(), max_change in 0.01..1.0) {
        let cost = cost(memory, cpu, 0.95, (requests.clone(), Declared::default()));
        let policy = TuningPolicy { max_change: Share::new(max_change).unwrap(), ..TuningPolicy::default() };
        let target = size(&cost, &policy, true).target.requests;
        let least = |today: u64| (today as f64 * (1.0 - max_change)).floor();
        prop_assert!(target.memory.unwrap().get() as f64 >= least(requests.memory.unwrap_or_default().get()));
        prop_assert!(target.cpu.unwrap().get() as f64 >= least(requests.cpu.unwrap_or_default().get()));
    }
}
