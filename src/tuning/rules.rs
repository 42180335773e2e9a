//! What a tuner sets for the clients of a service goes into the destination rule that holds, or into a new one.

use super::{Question, Recommendation, Withheld};
use crate::inventory::objects::{
    ConnectionPool, DestinationRulePatch, OutlierDetection, Patch, RetryBudget, TrafficPolicy, TrafficSettings,
};
use crate::inventory::{Change, DestinationRule, ObjectName};
use crate::mesh::hosts;

/// Settings of a host for every port.
#[derive(Default)]
pub(super) struct Settings {
    pub pool: ConnectionPool,
    pub outliers: OutlierDetection,
    pub retry_budget: RetryBudget,
}

/// Lets a recommendation set something for a service: in the rule of that name where one holds, else in a new one.
pub(super) fn set(
    question: &Question<'_>,
    service: &ObjectName,
    rule: Option<&ObjectName>,
    settings: Settings,
    mut found: Recommendation,
) -> Recommendation {
    let rules = &question.inventory().istio.destination_rules;
    let named = |name: &ObjectName| rules.iter().find(|known| known.name == *name);
    let Some(rule) = rule.and_then(named) else {
        if named(service).is_some() {
            let why = format!("a DestinationRule {service} is there for another host: write one of another name");
            return found.withhold(Withheld::NotPatchable(why));
        }
        found.changes = vec![Change::DestinationRule(Box::new(new(service, settings)))];
        return found;
    };
    if is_of_many(rule) {
        let why = format!("DestinationRule {} holds for many hosts: give this one a rule of its own", rule.name);
        return found.withhold(Withheld::NotPatchable(why));
    }
    let Settings { pool, outliers, retry_budget } = settings;
    let patch = DestinationRulePatch { name: rule.name.clone(), pool, outliers, retry_budget };
    found.changes = vec![Change::Patch(Patch::DestinationRule(patch))];
    found
}

fn is_of_many(rule: &DestinationRule) -> bool {
    hosts::resolved(&rule.host, &rule.name.namespace).starts_with('*')
}

fn new(service: &ObjectName, settings: Settings) -> DestinationRule {
    let pool = Some(settings.pool).filter(|it| *it != ConnectionPool::default());
    let outliers = Some(settings.outliers).filter(|it| *it != OutlierDetection::default());
    let retry_budget = Some(settings.retry_budget).filter(|it| *it != RetryBudget::default());
    let settings = TrafficSettings { pool, outliers, retry_budget, ..TrafficSettings::default() };
    DestinationRule {
        host: hosts::of_service(&service.name, &service.namespace),
        name: service.clone(),
        policy: TrafficPolicy { settings, ..TrafficPolicy::default() },
        ..DestinationRule::default()
    }
}
