//! Limits of connections, requests and retries towards services.
//!
//! **Question.** Do limits of clients refuse requests that a service could answer, or is there no limit, so that a slow
//! service collects requests and retries without end?
//! **Law.** [`crate::model::pools`]: requests under way by Little's law, their quantile in the busiest seconds, the same
//! for each of a proxy's pools; [`crate::model::retries`]: retries at once as a share of them.
//! **Decision.** What the policy's quantile needs, if all requests came through one proxy, or of ambient mode through the
//! replicas of the waypoint but one; a limit that is higher
//! stays, one that is lower is raised, none is given one, of the policy's least or more. Connecting is given up after the policy's time where nothing
//! is said. A connection for each request (`maxRequestsPerConnection: 1`) becomes one for any number. Retries at once
//! are limited by a budget, which follows the traffic, where the installed Istio keeps one, and else by a number.
//! **Patch.** `connectionPool` and `retryBudget` of the `DestinationRule`, or a new one.

use std::collections::BTreeMap;

use super::rules::{self, Settings};
use super::{Amount, Kind, Question, Recommendation, Risk, Setting, Withheld, steps};
use crate::inventory::ObjectName;
use crate::inventory::objects::{ConnectionPool, RetryBudget};
use crate::resilience::{Clients, PoolCase, Waypoint};
use crate::units::Seconds;

/// The most that these fields of the API hold: they are of 32 bits with a sign.
const MOST: u64 = i32::MAX as u64;
/// Istio's `connectTimeout` where nothing is said (Istio's reference of DestinationRule).
const DEFAULT_CONNECT_TIMEOUT: Seconds = Seconds::new(10.0);
/// A lost packet that opens a connection is sent again after this time (RFC 6298).
const RETRANSMISSION: Seconds = Seconds::new(1.0);

/// Looks at every service with measured requests and response times, and says of which there are none.
#[must_use]
pub fn connection_pools(question: &Question<'_>) -> Vec<Recommendation> {
    let guards = &question.plan.resilience.guards;
    let held = guards.pools.iter().filter(|case| case.clients != Clients::Nobody);
    let known = held.filter_map(|case| of_case(question, case));
    known.chain(unknown(question)).chain(without_proxies(question)).collect()
}

fn of_case(question: &Question<'_>, case: &PoolCase) -> Option<Recommendation> {
    let wanted = wanted(question, case);
    if wanted.pool == ConnectionPool::default() && wanted.retry_budget == RetryBudget::default() {
        return None;
    }
    let about = case.service.to_string();
    let mut found = Recommendation::new(Kind::ConnectionPools, &about, format!("service {about}"), wanted.settings);
    found.basis = basis(question, case);
    let refusing = case.refusing();
    found.risk = Risk {
        removes: (!refusing.is_empty())
            .then(|| format!("requests of busy seconds are refused with 503 by {}", refusing.join(" and "))),
        brings: vec!["requests beyond are answered with 503 at once: watch upstream_rq_pending_overflow".to_owned()],
    };
    let settings = Settings { pool: wanted.pool, retry_budget: wanted.retry_budget, ..Settings::default() };
    Some(rules::set(question, &case.service, case.rule.as_ref(), settings, found))
}

/// What to set, and all of it with what it was.
#[derive(Default)]
struct Wanted {
    settings: Vec<Setting>,
    pool: ConnectionPool,
    retry_budget: RetryBudget,
}

fn wanted(question: &Question<'_>, case: &PoolCase) -> Wanted {
    let policy = &question.inputs.policy.resilience;
    let mut wanted = Wanted::default();
    let (today, needed) = (&case.today, &case.needed);
    let mut limit = |name: &'static str, today: Option<u64>, (least, floor): (u64, u64), need: u64| {
        let target = match today {
            Some(today) if today >= need => today,
            Some(_) => steps::count(need).min(MOST),
            None => steps::count(need).max(floor).min(MOST),
        };
        wanted.settings.push(Setting {
            name,
            current: today.map(Amount::Count),
            lower: Amount::Count(least.min(target)),
            target: Amount::Count(target),
            upper: Amount::Count(target),
        });
        (today != Some(target)).then_some(target)
    };
    let requests = (needed.requests, policy.least_limit);
    let counted = sets_number(case);
    let pool = ConnectionPool {
        max_connections: limit("maxConnections", today.max_connections, requests, needed.connections),
        max_pending: limit("http1MaxPendingRequests", today.max_pending, requests, needed.requests),
        max_requests: limit("http2MaxRequests", today.max_requests, requests, needed.requests),
        max_retries: counted
            .then(|| limit("maxRetries", today.max_retries, (policy.least_retries, 0), needed.retries))
            .flatten(),
        ..ConnectionPool::default()
    };
    if sets_budget(case) {
        let (share, least) = (policy.retry_budget, policy.least_retries.min(MOST));
        wanted.settings.push(Setting::exact("retryBudget.percent", None, Amount::Share(share.get())));
        wanted.settings.push(Setting::exact("retryBudget.minRetryConcurrency", None, Amount::Count(least)));
        wanted.retry_budget = RetryBudget { percent: Some((share.get() * 1e6).round() / 1e4), least: Some(least) };
    }
    let connects_alone = today.max_requests_per_connection == Some(1);
    if connects_alone {
        let count = Amount::Count;
        wanted.settings.push(Setting::exact("maxRequestsPerConnection", Some(count(1)), count(0)));
    }
    if today.connect_timeout.is_none() {
        wanted.settings.push(Setting {
            name: "connectTimeout",
            current: None,
            lower: Amount::Time(RETRANSMISSION.min(policy.connect_timeout)),
            target: Amount::Time(policy.connect_timeout),
            upper: Amount::Time(DEFAULT_CONNECT_TIMEOUT.max(policy.connect_timeout)),
        });
    }
    wanted.pool = ConnectionPool {
        connect_timeout: today.connect_timeout.is_none().then_some(policy.connect_timeout),
        max_requests_per_connection: connects_alone.then_some(0),
        ..pool
    };
    wanted
}

/// Whether a budget limits retries: there is none yet, nor a number that is enough.
fn sets_budget(case: &PoolCase) -> bool {
    let is_enough = case.today.max_retries.is_some_and(|today| today >= case.needed.retries);
    case.budget.is_none() && case.no_budget.is_none() && !is_enough
}

/// Whether a number does, or would.
fn sets_number(case: &PoolCase) -> bool {
    case.budget.is_none() && !sets_budget(case)
}

fn basis(question: &Question<'_>, case: &PoolCase) -> Vec<String> {
    let policy = &question.inputs.policy.resilience;
    let mut basis = vec![
        format!(
            "{:.0} requests per second of {:.1} ms ({})",
            case.rate.as_per_second(),
            case.response.as_seconds() * 1000.0,
            case.response_is,
        ),
        format!(
            "{:.0} in the busiest seconds ({}): {:.1} under way on average",
            case.busiest.as_per_second(),
            if case.busiest_measured {
                "99 % of the moments that were measured".to_owned()
            } else {
                format!("{} times as many, as the policy assumes", policy.peak_factor.as_number())
            },
            case.mean,
        ),
        format!(
            "{} at most with chance {}, {}: each proxy has limits of its own",
            case.needed.requests,
            policy.pool_quantile.get(),
            match case.clients {
                Clients::Waypoint(Waypoint { replicas: 0 | 1, .. }) =>
                    "all through the one replica of its waypoint".to_owned(),
                Clients::Waypoint(waypoint) => {
                    format!("through each of {} replicas of its waypoint, one of which may be gone", waypoint.replicas)
                }
                Clients::Callers | Clients::Nobody => "if all came through one proxy".to_owned(),
            }
        ),
        format!(
            "{} worker threads and {} pods keep connections of HTTP/1.1 apart; requests and retries are counted over all \
             threads of a proxy",
            case.workers, case.pods
        ),
        format!(
            "retries are {} % of what is under way, {} at least",
            policy.retry_budget.get() * 100.0,
            policy.least_retries
        ),
    ];
    if let Some(why) = case.no_budget.as_ref().filter(|_| case.budget.is_none()) {
        basis.push(format!("retries are limited by a number, maxRetries, and not by a part of the requests: {why}"));
    }
    if let Some(budget) = case.budget {
        let (percent, least) = (budget.share.get() * 100.0, budget.least);
        basis.push(format!("a retryBudget of {percent} %, {least} at least, holds in the place of maxRetries"));
    }
    if case.is_unlimited() {
        basis.push(format!("a new limit is {} at least: it ends what piles up, not a short rush", policy.least_limit));
    }
    if case.today.max_requests_per_connection == Some(1) {
        basis.push(format!(
            "maxRequestsPerConnection 1 makes {:.0} connections per second, each with a handshake",
            case.rate.as_per_second()
        ));
    }
    if case.today.connect_timeout.is_none() {
        basis.push("a pod that is gone is given up before Istio's 10 s, so that a retry can go elsewhere".to_owned());
    }
    basis
}

/// Services whose limits nobody can work out, all in one.
fn unknown(question: &Question<'_>) -> Option<Recommendation> {
    let guards = &question.plan.resilience.guards;
    let (requests, times) = (&guards.without_requests, &guards.without_times);
    let count = (requests.len() + times.len()) as u64;
    if count == 0 {
        return None;
    }
    let known = guards.pools.iter().filter(|case| case.clients != Clients::Nobody).count() as u64;
    let setting = Setting::exact(
        "services with limits and timeouts",
        Some(Amount::Count(known)),
        Amount::Count(known.saturating_add(count)),
    );
    let found =
        Recommendation::new(Kind::ConnectionPools, "mesh", "clients of services without measurements", vec![setting]);
    let missing = [
        (requests, "requests per second", "give a table with inbound_rps"),
        (times, "response times", "give --latency NAMESPACE/NAME=FILE, or a table with response_mean_ms"),
    ];
    let missing = missing.into_iter().filter(|(of, _, _)| !of.is_empty());
    let missing: Vec<String> = missing
        .map(|(of, what, remedy)| format!("{what} of {} ({}): {remedy}", services(of.len()), some(of)))
        .collect();
    Some(found.withhold(Withheld::Data(missing.join("; "))))
}

/// Services of ambient mode whose guards nobody would follow, a namespace at a time.
fn without_proxies(question: &Question<'_>) -> Vec<Recommendation> {
    let mut by_namespace: BTreeMap<&str, Vec<ObjectName>> = BTreeMap::new();
    for service in &question.plan.resilience.guards.without_proxies {
        by_namespace.entry(&service.namespace).or_default().push(service.clone());
    }
    let of_namespace = |(namespace, of): (&str, Vec<ObjectName>)| {
        let count = Amount::Count(of.len() as u64);
        let setting = Setting::exact("services with limits, timeouts and retries", Some(Amount::Count(0)), count);
        let about = format!("{namespace}/without-waypoint");
        let subject = format!("clients of services of namespace {namespace}");
        let found = Recommendation::new(Kind::ConnectionPools, &about, subject, vec![setting]);
        let why = format!(
            "no waypoint carries {} ({}): ztunnels forward connections and know no requests, so that DestinationRules and \
             VirtualServices of them do nothing; label the namespace or service istio.io/use-waypoint first",
            services(of.len()),
            some(&of)
        );
        found.withhold(Withheld::Infeasible(why))
    };
    by_namespace.into_iter().map(of_namespace).collect()
}

fn services(count: usize) -> String {
    if count == 1 { "1 service".to_owned() } else { format!("{count} services") }
}

/// The first few of some names.
fn some(names: &[ObjectName]) -> String {
    const SHOWN: usize = 3;
    let mut shown: Vec<String> = names.iter().take(SHOWN).map(ToString::to_string).collect();
    shown.extend((names.len() > SHOWN).then(|| "…".to_owned()));
    shown.join(", ")
}
