//! Hosts that outlier detection leaves alone at once, and what the others then carry.
//!
//! **Law.** A client ejects one more host while `(ejected + 1) / n ≤ p`, so of `n` hosts at most `⌊n · p⌋` are gone
//! at once. Once less than a share `h` is left, all are used again, good and bad: `k = min(⌊n · p⌋, ⌊n · (1 − h)⌋)`
//! hosts are really left alone, and each of the others carries `n / (n − k)` times as much.
//!
//! **Source.** Envoy's outlier detection (envoyproxy/envoy, `outlier_detection_impl.cc`; the percentage holds for the
//! first host too since Envoy 1.28, Istio 1.20: #27909 and the changelog of 1.28.0, October 2023; before, one host was
//! ejected whatever `p`), Istio's `DestinationRule`
//! (`maxEjectionPercent`, default 10; `minHealthPercent`, default 0, as Envoy's panic threshold).
//!
//! **Assumptions.** Requests are spread evenly. Every client ejects on its own; the worst case is that all eject the
//! same hosts.

/// How many of some hosts may be ejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ejection {
    hosts: u64,
    most_percent: u64,
    min_health_percent: u64,
}

impl Ejection {
    /// For so many hosts; percentages above 100 count as 100.
    #[must_use]
    pub fn new(hosts: u64, most_percent: u64, min_health_percent: u64) -> Self {
        Self { hosts, most_percent: most_percent.min(100), min_health_percent: min_health_percent.min(100) }
    }

    /// Hosts that may be ejected at once: `⌊n · p⌋`.
    #[must_use]
    pub fn at_once(&self) -> u64 {
        percent_of(self.hosts, self.most_percent)
    }

    /// Hosts that are really left alone at once: beyond that all are used again.
    #[must_use]
    pub fn left_alone(&self) -> u64 {
        self.at_once().min(percent_of(self.hosts, 100 - self.min_health_percent))
    }
}

/// Hosts of `hosts` that can be spared when each carries `capacity` and all together must carry `load`, in one unit:
/// the largest `k` with `(n − k) · capacity ≥ load`; `None` where all together do not carry it.
#[must_use]
pub fn spare_hosts(hosts: u64, capacity: f64, load: f64) -> Option<u64> {
    let is_sound = capacity.is_finite() && capacity > 0.0 && load.is_finite() && load >= 0.0;
    if !is_sound {
        return None;
    }
    let needed = load / capacity;
    // A count of hosts that floating-point dust lies above is that count.
    let needed = if (needed - needed.round()).abs() < 1e-9 { needed.round() } else { needed.ceil() };
    (needed <= hosts as f64).then(|| hosts - needed as u64)
}

/// The `maxEjectionPercent` with which ejection leaves at most `most` of `hosts` alone and, of those that do, the
/// smallest that allows as many: `⌈100 · k / n⌉`. 0 where not even one may go.
#[must_use]
pub fn percent_for(hosts: u64, most: u64) -> u64 {
    if hosts == 0 {
        return 0;
    }
    let most = u128::from(most.min(hosts));
    let hosts = u128::from(hosts);
    // The largest percentage p with ⌊n · p / 100⌋ ≤ k.
    let largest = ((100 * (most + 1) - 1) / hosts).min(100);
    let ejected = hosts * largest / 100;
    u64::try_from((100 * ejected).div_ceil(hosts)).unwrap_or(0)
}

fn percent_of(hosts: u64, percent: u64) -> u64 {
    u64::try_from(u128::from(hosts) * u128::from(percent) / 100).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(hosts: u64, most_percent: u64, min_health: u64, at_once: u64, left_alone: u64) {
        let ejection = Ejection::new(hosts, most_percent, min_health);
        assert_eq!((ejection.at_once(), ejection.left_alone()), (at_once, left_alone));
    }

    #[test]
    fn few_hosts_lose_none_at_a_tenth() {
        check(9, 10, 0, 0, 0);
        check(10, 10, 0, 1, 1);
        check(3, 50, 0, 1, 1);
        check(3, 67, 0, 2, 2);
        check(2, 100, 0, 2, 2);
        check(0, 100, 0, 0, 0);
    }

    #[test]
    fn all_are_used_again_once_too_few_are_left() {
        check(10, 100, 50, 10, 5);
        check(3, 100, 50, 3, 1);
        check(10, 30, 100, 3, 0);
        check(u64::MAX, 100, 0, u64::MAX, u64::MAX);
    }

    #[test]
    fn a_percentage_allows_as_many_as_can_be_spared() {
        for (hosts, most, percent) in
            [(3, 1, 34), (10, 1, 10), (4, 2, 50), (1000, 5, 0), (5, 0, 0), (2, 5, 100), (0, 1, 0)]
        {
            assert_eq!(percent_for(hosts, most), percent, "{most} of {hosts}");
        }
    }

    #[test]
    fn spare_hosts_are_those_the_load_does_not_need() {
        for (hosts, capacity, load, spare) in [
            (4, 100.0, 250.0, Some(1)),
            (4, 100.0, 300.0, Some(1)),
            (4, 0.1, 0.3, Some(1)),
            (4, 100.0, 401.0, None),
            (4, 100.0, 0.0, Some(4)),
            (4, 0.0, 1.0, None),
            (4, f64::NAN, 1.0, None),
        ] {
            assert_eq!(spare_hosts(hosts, capacity, load), spare, "{hosts} × {capacity} for {load}");
        }
    }

    proptest! {
        /// The promise of a recommendation: ejected hosts and one more that is lost leave enough.
        #[test]
        fn ejection_and_the_loss_of_one_host_never_exceed_what_can_be_spared(
            hosts in 1_u64..2000, capacity in 0.1_f64..1e4, busy in 0.0_f64..1.2,
        ) {
            let load = hosts as f64 * capacity * busy;
            let spare = spare_hosts(hosts, capacity, load);
            let percent = percent_for(hosts, spare.unwrap_or(0).saturating_sub(1));
            let ejected = Ejection::new(hosts, percent, 0).at_once();
            match spare {
                Some(spare) if spare > 0 => {
                    prop_assert!(ejected < spare);
                    let left = (hosts - ejected - 1) as f64;
                    prop_assert!(left * capacity >= load * (1.0 - 1e-9), "{left} × {capacity} < {load}");
                }
                _ => prop_assert_eq!(ejected, 0),
            }
        }

        #[test]
        fn the_percentage_is_the_smallest_for_its_hosts(hosts in 1_u64..2000, most in 0_u64..2000) {
            let percent = percent_for(hosts, most);
            let ejected = Ejection::new(hosts, percent, 0).at_once();
            prop_assert!(ejected <= most && percent <= 100);
            prop_assert!(percent == 0 || Ejection::new(hosts, percent - 1, 0).at_once() < ejected);
        }
    }
}
