//! Retries of requests to services.
//!
//! **Question.** Do callers that all retry multiply one request beyond what the policy lets them, and are requests sent
//! again that may have been carried out already?
//! **Law.** [`crate::model::CallChains`]: attempts multiply along the worst chain of callers.
//! **Decision.** Where a chain through a service makes more than the bound, as many retries as no chain through it
//! exceeds it with, whatever the others do within theirs. Conditions that repeat requests which were carried out are
//! shown, not changed: only who knows the requests can say whether they may be.
//! **Patch.** `retries.attempts` of the routes of a `VirtualService`, `retry.attempts` of the rules of an `HTTPRoute` that
//! have it, or a new `VirtualService`.

use super::{Amount, Kind, Question, Recommendation, Setting, Withheld, routes};
use crate::inventory::Inventory;
use crate::inventory::objects::{HttpRoute, RetryPolicy, RoutePatch};
use crate::resilience::{RetriesSaid, RetryCase, Routed, retries_of};

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
    of_chains.chain(unknown(question)).chain(repeating(question.inventory())).collect()
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
    let said = match case.said {
        RetriesSaid::ByRoutes => "",
        RetriesSaid::ByMesh => ", by defaultHttpRetryPolicy of the mesh",
        RetriesSaid::Nowhere => ", Istio's default",
    };
    found.basis = vec![
        format!("{} retries of a failed request{said}", case.attempts),
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
    let of_mesh = question.inventory().istio.mesh.retries.as_ref();
    let has_conditions = of_mesh.is_some_and(|mesh| !mesh.retry_on.is_empty() || mesh.per_try_timeout.is_some());
    let is_silent = |place: &Routed| match place {
        Routed::By { service, index } => {
            routes::route(question, service, *index).is_none_or(|route| route.retries.is_none())
        }
        Routed::Nowhere => true,
        Routed::ByApi { .. } | Routed::ByWildcard { .. } => false,
    };
    if has_conditions && case.places.iter().any(is_silent) {
        let why = "meshConfig.defaultHttpRetryPolicy says more than a number, which a route of its own would lose: lower its \
                   attempts";
        return Some(found.withhold(Withheld::NotPatchable(why.to_owned())));
    }
    let wanted = |route: Option<&HttpRoute>| {
        let today = |route: &HttpRoute| retries_of(route.retries.as_ref().or(of_mesh));
        let is_less = route.is_none_or(|route| today(route) > case.allowed);
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

/// Routes that send requests again which may have been carried out, and the mesh where it does so for all that say
/// nothing.
fn repeating(inventory: &Inventory) -> Vec<Recommendation> {
    let mut all = Vec::new();
    for service in &inventory.istio.virtual_services {
        for (index, route) in service.http.iter().enumerate() {
            let subject = format!("VirtualService {}, route {}", service.name, index + 1);
            let about = format!("{}/{index}", service.name);
            all.extend(route.retries.as_ref().and_then(|policy| repeats(&about, subject, policy)));
        }
    }
    for route in inventory.istio.routes.iter().filter(|route| route.kind == "HTTPRoute") {
        for (index, rule) in route.rules.iter().enumerate() {
            let subject = format!("HTTPRoute {}, rule {}", route.name, index + 1);
            let about = format!("{}/{index}", route.name);
            all.extend(rule.retries.as_ref().and_then(|policy| repeats(&about, subject, policy)));
        }
    }
    let of_mesh = inventory.istio.mesh.retries.as_ref();
    all.extend(of_mesh.and_then(|it| repeats("mesh/default", "meshConfig.defaultHttpRetryPolicy".to_owned(), it)));
    all
}

fn repeats(about: &str, subject: String, retries: &RetryPolicy) -> Option<Recommendation> {
    let any = retries.attempts.is_some_and(|attempts| attempts > 0);
    let said = retries.retry_on.split(',').map(str::trim);
    let late: Vec<&str> = said.filter(|condition| AFTER_THE_FACT.contains(condition)).collect();
    if !any || late.is_empty() {
        return None;
    }
    let text = |text: &str| Amount::Text(text.to_owned());
    let setting = Setting::exact("retryOn", Some(text(&retries.retry_on)), text(SAFE));
    let mut found = Recommendation::new(Kind::Retries, about, subject, vec![setting]);
    found.basis = vec![format!("{} is met by requests that the service may have carried out", late.join(", "))];
    found.risk.removes = Some("a request that changes something may be carried out twice".to_owned());
    let why = "whether its requests may be carried out twice; where they may not, set retryOn, or methods in match";
    Some(found.withhold(Withheld::Data(why.to_owned())))
}
