//! Changes of what clients do: destination rules, and routes of virtual services.

use std::collections::BTreeMap;

use super::{
    ConnectionPool, DestinationRule, DestinationRulePatch, ObjectName, OutlierDetection, RetryBudget, RetryPolicy,
    VirtualService,
};
use crate::units::Seconds;

impl DestinationRulePatch {
    /// Changes a rule.
    pub fn apply(&self, rule: &mut DestinationRule) {
        let settings = &mut rule.policy.settings;
        if self.pool != ConnectionPool::default() {
            settings.pool = Some(self.pool.or(&settings.pool.clone().unwrap_or_default()));
        }
        if self.outliers != OutlierDetection::default() {
            settings.outliers = Some(self.outliers.or(&settings.outliers.clone().unwrap_or_default()));
        }
        if self.retry_budget != RetryBudget::default() {
            settings.retry_budget = Some(self.retry_budget.or(settings.retry_budget.unwrap_or_default()));
        }
    }
}

/// What routes of a virtual service say of time and retries, by their place in `spec.http`; all else stays. Routes are a
/// list, which a merge would replace as a whole: this is a JSON patch (RFC 6902).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VirtualServicePatch {
    /// Namespace and name.
    pub name: ObjectName,
    /// By the place of the route, from 0.
    pub routes: BTreeMap<usize, RoutePatch>,
}

/// What a route says of time and retries; `None` leaves it as it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RoutePatch {
    /// Host of the route's first destination, as written: another route at that place is not the one that was meant.
    pub host: Option<String>,
    /// Whether the route says anything of retries already, so that parts of that are replaced; otherwise `retries` is
    /// added as a whole.
    pub has_retries: bool,
    /// `timeout`.
    pub timeout: Option<Seconds>,
    /// `retries.attempts`.
    pub attempts: Option<u64>,
    /// `retries.perTryTimeout`.
    pub per_try_timeout: Option<Seconds>,
}

impl VirtualServicePatch {
    /// Changes a virtual service; whether it has all the routes that were meant. Otherwise nothing changes.
    pub fn apply(&self, service: &mut VirtualService) -> bool {
        let is_meant = |(index, patch): (&usize, &RoutePatch)| {
            let first = service.http.get(*index).map(|route| route.destinations.first().map(|it| &it.host));
            first.is_some_and(|first| patch.host.is_none() || first == patch.host.as_ref())
        };
        if !self.routes.iter().all(is_meant) {
            return false;
        }
        for (index, patch) in &self.routes {
            let Some(route) = service.http.get_mut(*index) else { continue };
            route.timeout = patch.timeout.or(route.timeout);
            if !patch.says_retries() {
                continue;
            }
            let known = route.retries.take().filter(|_| patch.has_retries).unwrap_or_default();
            route.retries = Some(RetryPolicy {
                attempts: patch.attempts.or(known.attempts),
                per_try_timeout: patch.per_try_timeout.or(known.per_try_timeout),
                retry_on: known.retry_on,
            });
        }
        true
    }

    /// Adds a later patch of the same object.
    pub fn merge(&mut self, later: &Self) {
        self.name.clone_from(&later.name);
        for (index, patch) in &later.routes {
            let known = self.routes.remove(index);
            let is_new = known.as_ref().is_some_and(|known| known.says_retries() && !known.has_retries);
            let known = known.unwrap_or_default();
            let merged = RoutePatch {
                host: patch.host.clone().or(known.host),
                has_retries: patch.has_retries && !is_new,
                timeout: patch.timeout.or(known.timeout),
                attempts: patch.attempts.or(known.attempts),
                per_try_timeout: patch.per_try_timeout.or(known.per_try_timeout),
            };
            self.routes.insert(*index, merged);
        }
    }
}

impl RoutePatch {
    /// Whether it says anything of retries.
    #[must_use]
    pub fn says_retries(&self) -> bool {
        self.attempts.is_some() || self.per_try_timeout.is_some()
    }
}
