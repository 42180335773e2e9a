//! Changes of what rules of an HTTPRoute say of time and retries.

use std::collections::BTreeMap;

use super::{GatewayRoute, ObjectName};
use crate::units::Seconds;

/// What rules of an HTTPRoute say of time and retries, by their place in `spec.rules`; all else stays. Rules are a list:
/// this is a JSON patch (RFC 6902).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HttpRoutePatch {
    /// Namespace and name.
    pub name: ObjectName,
    /// By the place of the rule, from 0.
    pub rules: BTreeMap<usize, RulePatch>,
}

/// What a rule says of time and retries; `None` leaves it as it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RulePatch {
    /// Name of the rule's first backend: another rule at that place is not the one that was meant.
    pub backend: Option<String>,
    /// Whether the rule says anything of time already, so that parts of that are replaced; otherwise `timeouts` is added
    /// as a whole.
    pub has_timeouts: bool,
    /// `timeouts.request`.
    pub request: Option<Seconds>,
    /// `timeouts.backendRequest`.
    pub backend_request: Option<Seconds>,
    /// `retry.attempts`, where there is `retry`.
    pub attempts: Option<u64>,
}

impl HttpRoutePatch {
    /// Changes a route; whether it has all the rules that were meant. Otherwise nothing changes.
    pub fn apply(&self, route: &mut GatewayRoute) -> bool {
        let is_meant = |(index, patch): (&usize, &RulePatch)| {
            let Some(rule) = route.rules.get(*index) else { return false };
            let has_retry = patch.attempts.is_none() || rule.retries.is_some();
            let backend = rule.destinations.iter().find(|it| it.mirror.is_none());
            let is_named = |name: &String| backend.is_some_and(|it| first_label(&it.host) == name);
            has_retry && patch.backend.as_ref().is_none_or(is_named)
        };
        if !self.rules.iter().all(is_meant) {
            return false;
        }
        for (index, patch) in &self.rules {
            let Some(rule) = route.rules.get_mut(*index) else { continue };
            rule.timeout = patch.request.or(rule.timeout);
            rule.backend_timeout = patch.backend_request.or(rule.backend_timeout);
            if let Some(retries) = &mut rule.retries {
                retries.attempts = patch.attempts.or(retries.attempts);
            }
        }
        true
    }

    /// Adds a later patch of the same object.
    pub fn merge(&mut self, later: &Self) {
        self.name.clone_from(&later.name);
        for (index, patch) in &later.rules {
            let known = self.rules.remove(index);
            let is_new = known.as_ref().is_some_and(|known| known.says_timeouts() && !known.has_timeouts);
            let known = known.unwrap_or_default();
            let merged = RulePatch {
                backend: patch.backend.clone().or(known.backend),
                has_timeouts: patch.has_timeouts && !is_new,
                request: patch.request.or(known.request),
                backend_request: patch.backend_request.or(known.backend_request),
                attempts: patch.attempts.or(known.attempts),
            };
            self.rules.insert(*index, merged);
        }
    }
}

impl RulePatch {
    /// Whether it says anything of time.
    #[must_use]
    pub fn says_timeouts(&self) -> bool {
        self.request.is_some() || self.backend_request.is_some()
    }
}

/// The name of the service of a host.
fn first_label(host: &str) -> &str {
    host.split('.').next().unwrap_or(host)
}
