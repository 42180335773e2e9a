//! From changes to what istiod does about them.
//!
//! **Law.** Changes are merged by the debounce ([`super::Debounce`]). A push of `m` changes is a full one if any
//! of them is one of configuration, `1 − (1 − q)^m` with their share `q`; it goes to the proxies that see any of
//! what changed, `1 − (1 − r)^m` of them with `r` the share of services that a proxy sees. A pod that comes
//! connects and asks for a certificate; connections that reach their age come again.
//!
//! Where changes of endpoints do not wait (PILOT_ENABLE_EDS_DEBOUNCE off) each is a push of its own to the share `r` of
//! the proxies, and only changes of configuration are merged, into full pushes.
//!
//! **Source.** istio/istio `pilot/pkg/xds` (a merged request is full if one of its parts is; proxies that do not
//! depend on what changed are left out); `discovery.go` (debounce): a request that is not full is pushed at once where endpoints
//! do not wait.
//!
//! **Assumptions.** What changes is drawn from all services alike. A change of configuration belongs to a service;
//! one to the mesh as a whole (an EnvoyFilter or policy of the root namespace) reaches every proxy. Endpoint
//! pushes that do not wait are counted as they are asked for: while a proxy's earlier push is under way istiod merges later
//! ones into the next (`pushqueue.go`), so an istiod that cannot keep up does fewer and is busy all the time.

use super::super::bounded;
use super::{Debounce, IstiodLimits, Merged, WorkRates};
use crate::units::Rate;

/// What changes in a mesh, and who sees it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ChangeRates {
    /// Pods that come or go, one of two each.
    pub pods: Rate,
    /// Objects of configuration and Services that change.
    pub config: Rate,
    /// Certificates renewed at their age.
    pub renewals: Rate,
    /// Share of the services that a proxy sees, on average, in [0, 1].
    pub reach: f64,
}

/// What istiod makes of changes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pushed {
    /// Changes merged into pushes.
    pub merged: Merged,
    /// Pushes that generate everything again, among those merged.
    pub full: Rate,
    /// Pushes of endpoints alone.
    pub endpoints: Rate,
    /// Whether these do not wait, and are not among those merged.
    pub endpoints_at_once: bool,
    /// Share of the proxies that a push goes to, on average, in [0, 1].
    pub reach: f64,
    /// All of it as events, all replicas together.
    pub work: WorkRates,
}

impl Pushed {
    /// All pushes.
    #[must_use]
    pub fn pushes(&self) -> Rate {
        if self.endpoints_at_once { self.merged.pushes + self.endpoints } else { self.merged.pushes }
    }
}

impl ChangeRates {
    /// What they make an istiod with these limits do for so many proxies.
    #[must_use]
    pub fn pushed(&self, proxies: f64, limits: &IstiodLimits) -> Pushed {
        let proxies = bounded(proxies);
        let (pods, config) = (bounded(self.pods.as_per_second()), bounded(self.config.as_per_second()));
        let waiting = if limits.endpoints_wait() { pods + config } else { config };
        let merged = Debounce::new(limits).merge(Rate::per_second(waiting));
        let pushes = merged.pushes.as_per_second();
        let of_config = if waiting > 0.0 { config / waiting } else { 0.0 };
        let full = pushes * any_of(merged.changes_per_push, of_config);
        let reach = any_of(merged.changes_per_push, self.reach);
        let (endpoints, told) = match limits.endpoints_wait() {
            true => ((pushes - full).max(0.0), reach),
            false => (pods, self.reach.clamp(0.0, 1.0)),
        };
        let arrivals = pods / 2.0;
        let aged = proxies / limits.connection_age().as_seconds();
        let work = WorkRates {
            endpoint_pushes: Rate::per_second(endpoints * told * proxies),
            full_pushes: Rate::per_second(full * reach * proxies),
            rebuilds: Rate::per_second(full),
            connections: Rate::per_second(arrivals + aged),
            certificates: Rate::per_second(arrivals + bounded(self.renewals.as_per_second())),
        };
        Pushed {
            merged,
            full: Rate::per_second(full),
            endpoints: Rate::per_second(endpoints),
            endpoints_at_once: !limits.endpoints_wait(),
            reach,
            work,
        }
    }
}

/// Chance that at least one of `number` changes is of a kind that a share of them is.
fn any_of(number: f64, share: f64) -> f64 {
    1.0 - (1.0 - share.clamp(0.0, 1.0)).powf(number.max(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::TEST_CARD;

    #[test]
    fn endpoints_that_do_not_wait_are_pushed_one_by_one() {
        let off = TEST_CARD.istiod_limits.set_by(&super::super::IstiodSettings {
            endpoints_wait: Some(false),
            ..super::super::IstiodSettings::default()
        });
        for pods in [0.0, 0.01, 1.0, 30.0] {
            let rates = ChangeRates {
                pods: Rate::per_second(pods),
                config: Rate::per_second(0.1),
                renewals: Rate::ZERO,
                reach: 0.2,
            };
            let (on, off) = (rates.pushed(1000.0, &TEST_CARD.istiod_limits), rates.pushed(1000.0, &off));
            // Each change to a fifth of the proxies, however many there are.
            assert!((off.work.endpoint_pushes.as_per_second() - pods * 200.0).abs() < 1e-9, "{pods}: {off:?}");
            assert!(off.work.endpoint_pushes >= on.work.endpoint_pushes, "{pods}");
            // Only configuration is merged, and makes full pushes.
            assert!((off.full.as_per_second() - off.merged.pushes.as_per_second()).abs() < 1e-12, "{pods}");
            assert!(off.full.as_per_second() <= 0.1, "{pods}");
        }
    }

    #[test]
    fn of_many_changes_one_is_soon_of_a_kind() {
        for (number, share, expected) in
            [(1.0, 0.25, 0.25), (2.0, 0.5, 0.75), (10.0, 0.0, 0.0), (10.0, 1.0, 1.0), (0.0, 0.3, 0.3)]
        {
            assert!((any_of(number, share) - expected).abs() < 1e-12, "{number} of {share}");
        }
    }

    #[test]
    fn rare_changes_are_pushed_one_by_one() {
        let changes = ChangeRates {
            pods: Rate::per_second(0.02),
            config: Rate::per_second(0.01),
            renewals: Rate::per_second(0.5),
            reach: 0.1,
        };
        let pushed = changes.pushed(1800.0, &TEST_CARD.istiod_limits);
        let close = |rate: Rate, expected: f64| (rate.as_per_second() / expected - 1.0).abs() < 0.02;
        assert!(close(pushed.full, 0.01) && close(pushed.work.full_pushes, 1.8), "{pushed:?}");
        assert!(close(pushed.work.endpoint_pushes, 3.6), "{pushed:?}");
        // 1 a second reaches the age of 30 minutes; 0.01 pods a second arrive.
        assert!(close(pushed.work.connections, 1.01) && close(pushed.work.certificates, 0.51), "{pushed:?}");
    }

    #[test]
    fn odd_shares_are_answered() {
        for reach in [f64::NAN, -1.0, 7.0, f64::INFINITY] {
            let changes = ChangeRates { pods: Rate::per_second(5.0), reach, ..ChangeRates::default() };
            let pushed = changes.pushed(10.0, &TEST_CARD.istiod_limits);
            assert!(reach.is_nan() || (0.0..=1.0).contains(&pushed.reach), "{pushed:?}");
        }
    }
}
