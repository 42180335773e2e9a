//! Limits of connections, requests and retries towards services.
//!
//! **Question.** Do limits of clients refuse requests that a service could answer, or is there no limit, so that a slow
//! service collects requests and retries without end?
//! **Law.** [`crate::model::pools`]: requests under way by Little's law, their quantile in the busiest seconds, the same
//! for each of a proxy's pools; [`crate::model::retries`]: retries at once as a share of them.
//! **Decision.** What the policy's quantile needs, if all requests came through one proxy; a limit that is higher
//! stays, one that is lower is raised, none is given one.
//! **Patch.** `connectionPool` of the `DestinationRule`, or a new one.

use super::{Amount, Kind, Member, Question, Recommendation, Risk, Setting, Withheld};
use crate::inventory::objects::{ConnectionPool, DestinationRulePatch, Patch, TrafficPolicy, TrafficSettings};
use crate::inventory::{Change, DestinationRule, ObjectName, Service};
use crate::measurement::Measurement;
use crate::mesh::{self, DestinationRules, hosts};
use crate::model::{InFlight, retries_at_once};
use crate::units::{Rate, Seconds};

/// The most that these fields of the API hold: they are of 32 bits with a sign.
const MOST: u64 = i32::MAX as u64;

/// Looks at every service with measured requests and response times.
#[must_use]
pub fn connection_pools(question: &Question<'_>) -> Vec<Recommendation> {
    let inventory = question.inventory();
    let rules = DestinationRules::new(inventory);
    let members: Vec<Member<'_>> = question.members().collect();
    let workers = members.iter().map(|it| u64::from(it.plan.workers)).max().unwrap_or(1).max(1);
    let behind = mesh::behind_services(inventory);
    let services = inventory.services.iter().zip(&behind).filter(|(service, _)| !service.external_name);
    let mut found = Vec::new();
    for (service, behind) in services {
        // A workload with several services takes its requests by one of them, and nobody knows which.
        let of_service: Vec<&Member<'_>> = members.iter().filter(|it| behind.contains(&it.index)).collect();
        let Some(demand) = Demand::of(question, &of_service, workers) else { continue };
        found.extend(of_service_with(question, service, &rules, &demand));
    }
    found
}

/// What a service is asked for.
struct Demand {
    rate: Rate,
    response: Seconds,
    pods: u64,
    workers: u64,
}

impl Demand {
    /// Where every workload behind a service has measured requests, and some of them response times.
    fn of(question: &Question<'_>, members: &[&Member<'_>], workers: u64) -> Option<Self> {
        let mut rate = Rate::ZERO;
        let mut response: Option<Seconds> = None;
        for it in members {
            rate += it.workload.measured.inbound_rps?;
            if let Some(measured) = response_times(question, it) {
                let mean = measured.distribution.mean().upper;
                response = Some(response.map_or(mean, |known| known.max(mean)));
            }
        }
        let pods = members.iter().map(|it| it.workload.replicas).fold(0, u64::saturating_add);
        let response = response.filter(|response| response.as_seconds().is_finite())?;
        (rate > Rate::ZERO && pods > 0).then_some(Self { rate, response, pods, workers })
    }
}

/// The measurement that the plan gives a workload.
fn response_times<'a>(question: &'a Question<'_>, it: &Member<'_>) -> Option<&'a Measurement> {
    let name = it.name();
    let of_plan = question.plan.responses.iter().find(|response| response.workload == name)?;
    question.inputs.response_times.iter().find(|measured| measured.name == of_plan.measurement)
}

fn of_service_with(
    question: &Question<'_>,
    service: &Service,
    rules: &DestinationRules<'_>,
    demand: &Demand,
) -> Option<Recommendation> {
    let policy = &question.inputs.policy.resilience;
    let way = InFlight::new(demand.rate, demand.response, policy.peak_factor);
    let under_way = way.quantile(policy.pool_quantile);
    let connections = way.connections(demand.workers.saturating_mul(demand.pods), policy.pool_quantile);
    let needs = [
        ("maxConnections", under_way, connections),
        ("http1MaxPendingRequests", under_way, under_way),
        ("http2MaxRequests", under_way, under_way),
        ("maxRetries", policy.least_retries, retries_at_once(under_way, policy.retry_budget, policy.least_retries)),
    ];
    let namespace = &*service.name.namespace;
    let host = hosts::of_service(&service.name.name, namespace);
    let held = rules.of(namespace, &host, namespace);
    let rule = held.iter().find(|rule| rule.policy.is_said()).or(held.first());
    let pool = rule.and_then(|rule| rule.policy.settings.pool.clone()).unwrap_or_default();
    let today = [pool.max_connections, pool.max_pending, pool.max_requests, pool.max_retries];
    let target = |(name, least, need): (&'static str, u64, u64), today: Option<u64>| {
        let need = rounded(need).min(MOST);
        let target = today.map_or(need, |today| today.max(need));
        let lower = Amount::Count(least.min(target));
        let setting = Setting {
            name,
            current: today.map(Amount::Count),
            lower,
            target: Amount::Count(target),
            upper: Amount::Count(target),
        };
        (setting, target)
    };
    let targets: Vec<(Setting, u64)> = needs.into_iter().zip(today).map(|(need, today)| target(need, today)).collect();
    if !targets.iter().any(|(setting, _)| setting.changes()) {
        return None;
    }
    let refuses = needs.iter().zip(today).filter(|(need, today)| today.is_some_and(|today| today < need.2));
    let refusing: Vec<&str> = refuses.map(|(need, _)| need.0).collect();
    let [connections, pending, requests, retries] = targets.iter().map(|(_, target)| *target).collect::<Vec<_>>()[..]
    else {
        return None;
    };
    let settings = targets.into_iter().map(|(setting, _)| setting).collect();
    let about = service.name.to_string();
    let mut found = Recommendation::new(Kind::ConnectionPools, &about, format!("service {about}"), settings);
    found.basis = basis(question, demand, &way, under_way);
    found.risk = Risk {
        removes: (!refusing.is_empty())
            .then(|| format!("{} refuses requests of busy seconds with 503", refusing.join(" and "))),
        brings: vec!["requests beyond are answered with 503 at once: watch upstream_rq_pending_overflow".to_owned()],
    };
    let pool = ConnectionPool {
        max_connections: Some(connections),
        max_pending: Some(pending),
        max_requests: Some(requests),
        max_retries: Some(retries),
        ..ConnectionPool::default()
    };
    Some(patched(question, service, rule.copied(), pool, found))
}

fn basis(question: &Question<'_>, demand: &Demand, way: &InFlight, under_way: u64) -> Vec<String> {
    let policy = &question.inputs.policy.resilience;
    vec![
        format!(
            "{:.0} requests per second of {:.1} ms, {} times as many in the busiest seconds: {:.1} under way on average",
            demand.rate.as_per_second(),
            demand.response.as_seconds() * 1000.0,
            policy.peak_factor.as_number(),
            way.mean(),
        ),
        format!("{under_way} at most with chance {}, if all came through one proxy", policy.pool_quantile.get()),
        format!("{} worker threads and {} pods keep connections apart", demand.workers, demand.pods),
    ]
}

/// Puts the limits into the rule that holds, or into a new one.
fn patched(
    question: &Question<'_>,
    service: &Service,
    rule: Option<&DestinationRule>,
    pool: ConnectionPool,
    mut found: Recommendation,
) -> Recommendation {
    let Some(rule) = rule else {
        let name = ObjectName { namespace: service.name.namespace.clone(), name: service.name.name.clone() };
        if question.inventory().istio.destination_rules.iter().any(|rule| rule.name == name) {
            let why = format!("a DestinationRule {name} is there for another host: write one of another name");
            return found.withhold(Withheld::NotPatchable(why));
        }
        let settings = TrafficSettings { pool: Some(pool), ..TrafficSettings::default() };
        found.changes = vec![Change::DestinationRule(Box::new(DestinationRule {
            host: hosts::of_service(&service.name.name, &service.name.namespace),
            name,
            policy: TrafficPolicy { settings, ..TrafficPolicy::default() },
            ..DestinationRule::default()
        }))];
        return found;
    };
    if hosts::resolved(&rule.host, &rule.name.namespace).starts_with('*') {
        let why = format!("DestinationRule {} holds for many hosts: give this one a rule of its own", rule.name);
        return found.withhold(Withheld::NotPatchable(why));
    }
    found.changes = vec![Change::Patch(Patch::DestinationRule(DestinationRulePatch {
        name: rule.name.clone(),
        pool,
        ..DestinationRulePatch::default()
    }))];
    found
}

/// Two digits are enough, rounded up.
fn rounded(count: u64) -> u64 {
    let mut step = 1_u64;
    while count / step >= 100 {
        step = step.saturating_mul(10);
    }
    count.div_ceil(step).saturating_mul(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_have_two_digits_and_stay_when_rounded_again() {
        for (count, expected) in [(0, 0), (7, 7), (99, 99), (100, 100), (101, 110), (1234, 1300), (9999, 10_000)] {
            assert_eq!(rounded(count), expected);
            assert_eq!(rounded(expected), expected);
        }
        assert_eq!(rounded(u64::MAX), u64::MAX);
    }
}
