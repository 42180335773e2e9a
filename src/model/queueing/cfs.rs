//! CPU limits: the kernel's CFS quota lets a container use so much CPU time in each period, and then
//! stops it until the next.
//!
//! **Law.** With quota `Q` per period `P`, `n` threads that all run use up the quota after `Q/n` and stand
//! still for `P − Q/n`; none of it happens while `n · P ≤ Q`. What a period cannot do is left to the
//! next: `B′ = max(0, B + D − Q)` with demand `D` and backlog `B`. For independent demands
//!
//! `P(D > Q + x) ≤ P(B > x) ≤ P(D > Q + x) + e^{−θx} · P_θ(D ≤ Q + x)`
//!
//! where `θ` solves `E[e^{θ(D − Q)}] = 1` and `P_θ` weighs demands with `e^{θ(D − Q)}`.
//!
//! **Source.** Linux, *CFS bandwidth control* (P. Turner et al., 2010). F. Lundberg's inequality, taken one
//! period further; D. Lindley, 1952, for the backlog.
//!
//! **Assumptions.** Poisson arrivals; demand of a period has a translated gamma distribution with
//! the mean, variance and skewness of a compound Poisson sum (N. Bowers et al., *Actuarial Mathematics*);
//! work is ready when its period begins. Threads are those that use
//! CPU, so a proxy has more than its workers. Slices of 5 ms handed to each core are not modelled.

use statrs::distribution::{ContinuousCDF, Normal};
use statrs::function::gamma::checked_gamma_ur;

use crate::units::{Cores, Quantile, Rate, Seconds, Share};

use super::{LARGEST, QueueError, rate_in_range, search, service_in_range, share, stable, within};

/// Period that Kubernetes sets, in seconds.
const PERIOD: f64 = 0.1;
/// Shape beyond which a gamma distribution is normal to all purposes.
const NORMAL: f64 = 1e4;

/// A CPU quota per period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CfsQuota {
    /// CPU seconds per period, above 0.
    quota: f64,
    /// Seconds, above 0.
    period: f64,
}

/// What asks for CPU under a quota.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CpuDemand {
    /// Requests per second; at least 0.
    pub rate: Rate,
    /// CPU time of a request on average; above 0.
    pub cpu_per_request: Seconds,
    /// Squared coefficient of variation of that time; at least 0, 1 for exponential times.
    pub scv: f64,
    /// Threads that can use CPU at the same time; 0 is taken as 1.
    pub threads: u32,
}

impl CfsQuota {
    /// A quota of CPU time per period.
    ///
    /// # Errors
    /// [`QueueError::OutOfRange`] outside what the kernel accepts: a period from 1 ms to 1 s and a quota
    /// of at least 1 ms.
    pub fn new(quota: Seconds, period: Seconds) -> Result<Self, QueueError> {
        let period = within("CFS period in seconds", period.as_seconds(), 0.001, 1.0)?;
        let quota = within("CFS quota in seconds", quota.as_seconds(), 0.001, LARGEST)?;
        Ok(Self { quota, period })
    }

    /// The quota that Kubernetes sets for a CPU limit, per 100 ms; at least the kernel's 1 ms.
    ///
    /// # Errors
    /// [`QueueError::OutOfRange`] for a limit that is not a positive number.
    pub fn of_limit(limit: Cores) -> Result<Self, QueueError> {
        let cores = within("CPU limit", limit.as_cores(), 1.0 / LARGEST, LARGEST)?;
        Self::new(Seconds::new((cores * PERIOD).max(0.001)), Seconds::new(PERIOD))
    }

    /// Cores that may be used in the long run, `Q/P`.
    #[must_use]
    pub fn limit(&self) -> Cores {
        Cores::new(self.quota / self.period)
    }

    /// The period.
    #[must_use]
    pub fn period(&self) -> Seconds {
        Seconds::new(self.period)
    }

    /// Whether so many threads can use up the quota before its period ends, `n · P > Q`.
    #[must_use]
    pub fn can_throttle(&self, threads: u32) -> bool {
        running(threads) * self.period > self.quota
    }

    /// How long all threads stand still when they use up the quota as fast as they can, `P − Q/n`; at
    /// least 0.
    #[must_use]
    pub fn longest_stall(&self, threads: u32) -> Seconds {
        Seconds::new((self.period - self.quota / running(threads)).max(0.0))
    }

    /// Time that a burst of CPU work takes on so many threads from the beginning of a period:
    /// `k · P + (W − k · Q)/n`, with `k = ⌈W/Q⌉ − 1` periods that use up their quota.
    #[must_use]
    pub fn burst_duration(&self, work: Seconds, threads: u32) -> Seconds {
        let work = work.as_seconds().max(0.0);
        let threads = running(threads);
        if threads * self.period <= self.quota {
            return Seconds::new(work / threads);
        }
        let throttled = ((work / self.quota).ceil() - 1.0).max(0.0);
        Seconds::new(throttled * self.period + (work - throttled * self.quota) / threads)
    }

    /// How often and how long a demand is throttled in the long run.
    ///
    /// # Errors
    /// [`QueueError::Unstable`] when the demand reaches the quota, and [`QueueError::OutOfRange`].
    pub fn throttling(&self, demand: &CpuDemand) -> Result<Throttling, QueueError> {
        let rate = rate_in_range(demand.rate)?;
        let work = service_in_range(demand.cpu_per_request)?;
        let scv = within("squared variation of CPU time", demand.scv, 0.0, 1e6)?;
        stable(rate * work, self.quota / self.period)?;
        let requests = rate * self.period;
        let can_happen = self.can_throttle(demand.threads) && requests > 0.0;
        // Third moment of a gamma distributed CPU time: E[S³] = S³ (1 + scv)(1 + 2 scv).
        let lean = 1.0 + 2.0 * scv;
        let shift = requests * work / lean;
        let busy = (requests * work + shift) / (self.quota + shift);
        Ok(Throttling {
            quota: *self,
            shape: 4.0 * requests * (1.0 + scv) / (lean * lean),
            scale: work * lean / 2.0,
            shift,
            decay: if can_happen { decay(busy) } else { f64::INFINITY },
            can_happen,
        })
    }
}

/// How a demand is throttled, as lower and upper figures: without and with the backlog of earlier periods.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Throttling {
    quota: CfsQuota,
    /// Shape of the gamma variable in the demand per period, dimensionless.
    shape: f64,
    /// Its scale, in CPU seconds.
    scale: f64,
    /// What is taken off it to give the demand, in CPU seconds.
    shift: f64,
    /// `−ln(1 − θ · scale)`; above 0.
    decay: f64,
    /// Whether the threads can use up the quota at all.
    can_happen: bool,
}

impl Throttling {
    /// Share of periods that use up their quota with work left: lower and upper figure.
    ///
    /// It is what `container_cpu_cfs_throttled_periods_total` over `container_cpu_cfs_periods_total` measures.
    #[must_use]
    pub fn throttled_periods(&self) -> (Share, Share) {
        self.backlog_beyond(0.0)
    }

    /// How much longer than without a quota work takes, at a quantile over periods: lower and upper
    /// figure, in steps of a period. Infinite at 1 where throttling can happen.
    #[must_use]
    pub fn stall_quantile(&self, quantile: Quantile) -> (Seconds, Seconds) {
        let tail = 1.0 - quantile.get();
        let (lower, upper) = self.throttled_periods();
        let periods = |starts_at: Share, chance: &dyn Fn(f64) -> f64| {
            if starts_at.get() <= tail {
                return 0.0;
            }
            // In units of the quota; a tail that starts below 1 is searched from there.
            let quotas = search::where_tail_falls_to(tail, |quotas| chance(quotas * self.quota.quota));
            quotas.ceil().max(1.0)
        };
        let fewest = periods(lower, &|backlog| self.backlog_beyond(backlog).0.get());
        let most = periods(upper, &|backlog| self.backlog_beyond(backlog).1.get());
        let fewest_whole = (fewest - 1.0).max(0.0);
        (Seconds::new(fewest_whole * self.quota.period), Seconds::new(most * self.quota.period))
    }

    /// Chance that a request is held up longer than so by throttling: lower and upper figure.
    ///
    /// Requests arrive anywhere in a period; one that ends with work left holds them up until it ends, and
    /// for another period per quota of work that is left beyond. Between whole periods the chance is taken
    /// to fall evenly.
    #[must_use]
    pub fn stall_longer_than(&self, time: Seconds) -> (Share, Share) {
        let periods = time.as_seconds().max(0.0) / self.quota.period;
        if periods.is_nan() {
            return (share(1.0), share(1.0));
        }
        let (whole, rest) = (periods.floor(), periods.fract());
        let after = |periods: f64| self.backlog_beyond(periods * self.quota.quota);
        let (here, next) = (after(whole), after(whole + 1.0));
        let between = |here: Share, next: Share| share(here.get() + rest * (next.get() - here.get()));
        (between(here.0, next.0), between(here.1, next.1))
    }

    /// Chance that more than so much work, in CPU seconds, is left when a period ends: lower and upper
    /// figure.
    fn backlog_beyond(&self, backlog: f64) -> (Share, Share) {
        if !self.can_happen {
            return (Share::ZERO, Share::ZERO);
        }
        let reach = self.quota.quota + self.shift + backlog;
        let alone = exceeds(self.shape, reach / self.scale);
        // Weighed demands are larger by the factor e^{decay}, and θ = (1 − e^{−decay})/scale.
        let theta = -(-self.decay).exp_m1() / self.scale;
        let weighed = 1.0 - exceeds(self.shape, reach / self.scale * (-self.decay).exp());
        (share(alone), share(alone + (-theta * backlog).exp() * weighed))
    }
}

fn running(threads: u32) -> f64 {
    f64::from(threads.max(1))
}

/// Solves `z / (1 − e^{−z}) = 1/ρ` for the decay of a gamma distribution's Lundberg exponent; `ρ` in (0, 1).
fn decay(busy: f64) -> f64 {
    let is_below = |z: f64| -busy * z > (-z).exp_m1();
    // The left side lies between z and z + 1, and is about 1 + z/2 near 0.
    search::halfway(0.0, 2.0 / busy, is_below).1
}

/// Chance that a gamma variable of unit scale exceeds a number.
fn exceeds(shape: f64, number: f64) -> f64 {
    if number <= 0.0 {
        return 1.0;
    }
    if shape > NORMAL {
        return Normal::standard().sf((number - shape) / shape.sqrt());
    }
    // A variable without shape is 0.
    checked_gamma_ur(shape, number).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::queueing::tests::Random;

    const TOLERANCE: f64 = 1e-9;

    fn half_a_core() -> CfsQuota {
        CfsQuota::of_limit(Cores::new(0.5)).unwrap()
    }

    fn demand(rps: f64, threads: u32) -> CpuDemand {
        CpuDemand { rate: Rate::per_second(rps), cpu_per_request: Seconds::from_millis(1.0), scv: 1.0, threads }
    }

    /// The examples by which throttling is usually explained: 200 ms of CPU on one thread with a limit of
    /// 0.4 cores take 440 ms; 8 threads with 2 cores stand still for 75 ms of each 100.
    #[test]
    fn bursts_take_as_long_as_the_textbook_says() {
        let quota = CfsQuota::of_limit(Cores::new(0.4)).unwrap();
        let burst = quota.burst_duration(Seconds::from_millis(200.0), 1).as_seconds();
        assert!((burst - 0.44).abs() < TOLERANCE, "{burst}");
        let wide = CfsQuota::of_limit(Cores::new(2.0)).unwrap();
        assert!((wide.longest_stall(8).as_seconds() - 0.075).abs() < TOLERANCE);
        assert_eq!(wide.longest_stall(2), Seconds::ZERO);
        assert!((wide.burst_duration(Seconds::new(1.0), 2).as_seconds() - 0.5).abs() < TOLERANCE);
        assert_eq!(wide.burst_duration(Seconds::ZERO, 8), Seconds::ZERO);
    }

    #[test]
    fn as_many_threads_as_cores_are_never_throttled() {
        let quota = CfsQuota::of_limit(Cores::new(2.0)).unwrap();
        assert!(!quota.can_throttle(2) && quota.can_throttle(3));
        let calm = quota.throttling(&demand(1_900.0, 2)).unwrap();
        assert_eq!(calm.throttled_periods(), (Share::ZERO, Share::ZERO));
        assert_eq!(calm.stall_quantile(Quantile::literal(1.0)), (Seconds::ZERO, Seconds::ZERO));
    }

    #[test]
    fn a_simulated_container_is_throttled_as_often_as_said() {
        // Sampling, and a gamma variable in the place of a compound sum.
        const SLACK: f64 = 1.05;
        for rps in [300.0, 400.0, 450.0, 480.0] {
            let said = half_a_core().throttling(&demand(rps, 2)).unwrap();
            let (lower, upper) = said.throttled_periods();
            let mut random = Random::new(11);
            let (mut backlog, mut throttled) = (0.0_f64, 0_u32);
            const PERIODS: u32 = 100_000;
            let mut next = random.exponential(1.0 / rps);
            for period in 1..=PERIODS {
                while next < f64::from(period) * PERIOD {
                    backlog += random.exponential(0.001);
                    next += random.exponential(1.0 / rps);
                }
                backlog = (backlog - 0.05).max(0.0);
                throttled += u32::from(backlog > 0.0);
            }
            let measured = f64::from(throttled) / f64::from(PERIODS);
            let is_between = lower.get() <= measured * SLACK && measured <= upper.get() * SLACK;
            assert!(is_between, "{rps} rps: {measured} not in {lower:?}..{upper:?}");
        }
    }

    #[test]
    fn stalls_grow_in_steps_of_a_period() {
        let at = |rps: f64, quantile: f64| {
            let (lower, upper) =
                half_a_core().throttling(&demand(rps, 2)).unwrap().stall_quantile(Quantile::literal(quantile));
            (lower.as_seconds(), upper.as_seconds())
        };
        assert_eq!(at(100.0, 0.99), (0.0, 0.0));
        assert_eq!(at(440.0, 0.99), (0.0, PERIOD));
        assert!(at(495.0, 0.99).1 > PERIOD);
        assert!(at(440.0, 1.0).1.is_infinite());
    }

    /// Envoy Gateway with a limit of one core (benchmark reports 1.6.4 to 1.9.0, medians over versions): p99
    /// leaves milliseconds at two thirds of the limit and nears a period above four fifths, if bursts
    /// make CPU times vary as much as eleven exponential ones.
    #[test]
    fn stalls_near_the_limit_are_those_of_envoy_gateway() {
        let quota = CfsQuota::of_limit(Cores::new(1.0)).unwrap();
        for (rps, micros, least, most) in [
            (2000.0, 218.0, 0.0, 3.0),
            (3200.0, 202.0, 1.0, 30.0),
            (4000.0, 185.0, 30.0, 90.0),
            (5000.0, 176.0, 80.0, 200.0),
        ] {
            let cpu_per_request = Seconds::new(micros * 1e-6);
            let demand = CpuDemand { rate: Rate::per_second(rps), cpu_per_request, scv: 11.0, threads: 2 };
            let throttling = quota.throttling(&demand).unwrap();
            let chance = |millis: f64| {
                let (lower, upper) = throttling.stall_longer_than(Seconds::from_millis(millis));
                f64::midpoint(lower.get(), upper.get())
            };
            let p99 = (0..400).map(f64::from).find(|&millis| chance(millis) <= 0.01).unwrap();
            println!("{rps} rps: p99 {p99} ms, {:?}", throttling.throttled_periods());
            assert!((least..=most).contains(&p99), "{rps} rps: {p99} ms");
        }
    }

    #[test]
    fn a_demand_of_the_whole_quota_is_unstable() {
        assert!(matches!(half_a_core().throttling(&demand(500.0, 2)), Err(QueueError::Unstable { .. })));
        assert!(CfsQuota::of_limit(Cores::ZERO).is_err());
        assert!(CfsQuota::new(Seconds::new(0.1), Seconds::new(2.0)).is_err());
    }

    #[test]
    fn the_extremes_are_answered() {
        for (rps, millis, scv) in
            [(0.0, 1.0, 1.0), (1e-12, 1.0, 0.0), (1e12, 4e-10, 1.0), (0.049, 9_999.0, 1e6), (499.999_999_9, 1.0, 1.0)]
        {
            let demand = CpuDemand {
                rate: Rate::per_second(rps),
                cpu_per_request: Seconds::from_millis(millis),
                scv,
                threads: u32::MAX,
            };
            let throttling = half_a_core().throttling(&demand).unwrap();
            let (lower, upper) = throttling.throttled_periods();
            assert!(lower <= upper, "{rps} {millis}: {lower:?} {upper:?}");
            let (least, most) = throttling.stall_quantile(Quantile::literal(0.99));
            assert!(least <= most && most.as_seconds().is_finite(), "{rps} {millis}: {least:?} {most:?}");
        }
    }
}
