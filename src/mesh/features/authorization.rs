//! Authorization rules and tokens: what is looked at before a request is let through.

use super::attached::Policy;
use super::{Feature, Origin, WorkloadFeatures};
use crate::inventory::objects::AuthorizationAction;
use crate::inventory::{AuthorizationPolicy, RequestAuthentication};

/// Counts the rules that hold for a workload; they are evaluated for what it receives.
pub(super) fn decide(policies: &[&AuthorizationPolicy], features: &mut WorkloadFeatures) {
    let mut origins = Vec::new();
    for policy in policies {
        let rules = evaluated(policy);
        features.inbound.authorization_rules = features.inbound.authorization_rules.saturating_add(rules);
        features.inbound.authorization_values = features.inbound.authorization_values.saturating_add(policy.values);
        let provider = if policy.action == AuthorizationAction::Custom { " asks a provider," } else { "" };
        let words = format!("{}{provider} rules {rules}, values {}", word(policy.action), policy.values);
        origins.push(Origin::read(Feature::Authorization, words, policy.title()));
    }
    features.decide(origins);
}

/// Rules a proxy evaluates: a policy that allows nothing is one that never matches.
fn evaluated(policy: &AuthorizationPolicy) -> u64 {
    let allows_nothing = policy.rules == 0 && policy.action == AuthorizationAction::Allow;
    if allows_nothing { 1 } else { policy.rules }
}

fn word(action: AuthorizationAction) -> &'static str {
    match action {
        AuthorizationAction::Allow => "ALLOW:",
        AuthorizationAction::Deny => "DENY:",
        AuthorizationAction::Audit => "AUDIT:",
        AuthorizationAction::Custom => "CUSTOM:",
    }
}

/// Counts the issuers whose tokens a workload takes: the rules of all policies that hold are put together.
/// Every request is taken to carry a token.
pub(super) fn decide_tokens(policies: &[&RequestAuthentication], features: &mut WorkloadFeatures) {
    let mut origins = Vec::new();
    for policy in policies.iter().filter(|policy| policy.issuers > 0) {
        features.inbound.jwt_issuers = features.inbound.jwt_issuers.saturating_add(policy.issuers);
        let words = format!("validated, issuers {}; a token with every request is assumed", policy.issuers);
        origins.push(Origin::read(Feature::Jwt, words, policy.title()));
    }
    features.decide(origins);
}
