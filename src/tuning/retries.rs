//! Retries of requests to services.
//!
//! **Question.** Do callers that all retry multiply one request beyond what the policy lets them, and are requests sent
//! again that may have been carried out already?
//! **Law.** [`crate::model::CallChains`]: attempts multiply along the worst chain of callers.
//! **Decision.** Where a chain through a service makes more than the bound, as many retries as no chain through it
//! exceeds it with, whatever the others do within theirs. Conditions that repeat requests which were carried out are
//! shown, not changed: only who knows the requests can say whether they may be.
//! **Patch.** `retries.attempts` of the routes of a `VirtualService`, or a new one.

use super::{Amount, Kind, Question, Recommendation, Setting, Withheld, routes};
use crate::inventory::objects::{HttpRoute, RoutePatch, VirtualService};
use crate::model::Retries;
use crate::resilience::RetryCase;

/// Conditions of `retryOn` that are met by requests which the service may have carried out (Envoy, router filter).
const AFTER_THE_FACT: [&str; 9] =
    ["5xx", "gateway-error", "reset", "envoy-ratelimited", "retriable-4xx", "500", "502", "504", "deadline-exceeded"];
/// What Istio retries on by default (istio/istio, `retry.DefaultPolicy`): requests that did not arrive, or were refused.
const SAFE: &str = "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes";

/// Looks at every called service whose callers retry, and at every route with conditions of its own.
#[must_use]
pub fn retries(question: &Question<'_>) -> Vec<Recommendation> {
    let guards = &question.plan.resilience.guards;
    let of_chains = guards.retries.iter().filter_map(|case| of_case(question, case));
    let services = &question.inventory().istio.virtual_services;
    of_chains.chain(unknown(question)).chain(services.iter().flat_map(repeating)).collect()
}

fn of_case(question: &Question<'_>, case: &RetryCase) -> Option<Recommendation> {
    let bound = question.inputs.policy.resilience.most_amplification;
    if !case.exceeds(bound) {
        return None;
    }
    let about = case.service.to_string();
    let count = Amount::Count;
    let setting = Setting {
        name: "attempts",
        current: Some(count(case.attempts)),
        lower: count(0),
        target: count(case.allowed),
        upper: count(case.allowed),
    };
    let mut found = Recommendation::new(Kind::Retries, &about, format!("service {about}"), vec![setting]);
    let default = if case.is_default { ", Istio's default" } else { "" };
    found.basis = vec![
        format!("{} retries of a failed request{default}", case.attempts),
        format!(
            "{} calls on the longest chain through it: {:.0} attempts of one request when all fail, {:.0} at most are wanted",
            case.chain,
            case.worst.as_number(),
            bound.as_number(),
        ),
        format!("with {} at most for each service on it every chain is within that", case.allowed),
    ];
    if case.budget.is_some() {
        found
            .basis
            .push(format!("a retryBudget keeps callers at {:.2} attempts of one request", case.times.as_number()));
    }
    found.risk.removes = Some("retries of every caller multiply what a failing service is asked for".to_owned());
    found.risk.brings =
        vec!["fewer failures are hidden from callers: watch upstream_rq_retry_limit_exceeded".to_owned()];
    if case.in_circle {
        let why = "it is called by those it calls, and nobody knows how often a request goes round";
        return Some(found.withhold(Withheld::Data(why.to_owned())));
    }
    let attempts = |route: &HttpRoute| {
        route.retries.as_ref().map_or(Retries::DEFAULT_ATTEMPTS, |retries| retries.attempts.unwrap_or(0))
    };
    let wanted = |route: Option<&HttpRoute>| {
        let is_less = route.is_none_or(|route| attempts(route) > case.allowed);
        RoutePatch { attempts: is_less.then_some(case.allowed), ..RoutePatch::default() }
    };
    Some(routes::set(question, &case.host, &case.places, &wanted, found))
}

/// Without calls nobody knows how long chains are.
fn unknown(question: &Question<'_>) -> Option<Recommendation> {
    let guards = &question.plan.resilience.guards;
    let any = guards.pools.len() + guards.without_times.len() + guards.without_requests.len() > 0;
    if guards.calls_known || !any {
        return None;
    }
    let bound = question.inputs.policy.resilience.most_amplification;
    let setting = Setting::exact("attempts of a chain", None, Amount::Count(bound.as_number() as u64));
    let found = Recommendation::new(Kind::Retries, "mesh", "callers that retry one after the other", vec![setting]);
    let why = "nobody said who calls whom; give it with --calls";
    Some(found.withhold(Withheld::Data(why.to_owned())))
}

/// Routes that send requests again which may have been carried out.
fn repeating(service: &VirtualService) -> impl Iterator<Item = Recommendation> {
    service.http.iter().enumerate().filter_map(|(index, route)| {
        let retries = route.retries.as_ref().filter(|retries| retries.attempts.is_some_and(|attempts| attempts > 0))?;
        let said: Vec<&str> = retries.retry_on.split(',').map(str::trim).collect();
        let late: Vec<&str> = said.into_iter().filter(|condition| AFTER_THE_FACT.contains(condition)).collect();
        if late.is_empty() {
            return None;
        }
        let text = |text: &str| Amount::Text(text.to_owned());
        let setting = Setting::exact("retryOn", Some(text(&retries.retry_on)), text(SAFE));
        let about = format!("{}/{index}", service.name);
        let subject = format!("VirtualService {}, route {}", service.name, index + 1);
        let mut found = Recommendation::new(Kind::Retries, &about, subject, vec![setting]);
        found.basis = vec![format!("{} is met by requests that the service may have carried out", late.join(", "))];
        found.risk.removes = Some("a request that changes something may be carried out twice".to_owned());
        let why = "whether its requests may be carried out twice; where they may not, set retryOn, or methods in match";
        Some(found.withhold(Withheld::Data(why.to_owned())))
    })
}
