//! Timeouts of routes.
//!
//! **Question.** Does a timeout cut requests that would have been answered, and does anything end those that never are?
//! **Law.** The slowest requests as measured, with the proxies that come, by the upper end of their interval;
//! [`crate::model::Retries::timeout`] where an attempt that took too long is made again.
//! **Decision.** The policy's factor times that, rounded up. A timeout that is longer than the slowest requests stays;
//! one that is shorter is raised, none is given one, of the policy's least or more.
//! **Patch.** `timeout` and `retries.perTryTimeout` of the route of a `VirtualService`, `timeouts` of the rule of an
//! `HTTPRoute`, or a new `VirtualService`.

use super::{Amount, Kind, Question, Recommendation, Setting, Withheld, routes, steps};
use crate::inventory::objects::RoutePatch;
use crate::mesh::hosts;
use crate::policy::ResiliencePolicy;
use crate::resilience::{Routed, TimeoutCase};
use crate::units::Seconds;

/// Looks at every route to services with measured response times.
#[must_use]
pub fn timeouts(question: &Question<'_>) -> Vec<Recommendation> {
    let guards = &question.plan.resilience.guards;
    let is_held = |case: &&TimeoutCase| !case.hosts.iter().all(|host| guards.is_held_by_nobody(host));
    guards.timeouts.iter().filter(is_held).filter_map(|case| of_case(question, case)).collect()
}

fn of_case(question: &Question<'_>, case: &TimeoutCase) -> Option<Recommendation> {
    let cutting = case.cutting();
    if cutting.is_empty() && !case.is_endless() {
        return None;
    }
    let wanted = Wanted::of(case, &question.inputs.policy.resilience);
    let least = steps::time(case.tail);
    let setting = |name: &'static str, today: Option<Seconds>, target: Seconds| Setting {
        name,
        current: today.map(Amount::Time),
        lower: Amount::Time(least),
        target: Amount::Time(target),
        upper: Amount::Time(target),
    };
    let settings = [
        wanted.timeout.map(|target| setting("timeout", case.timeout, target)),
        wanted.per_attempt.map(|target| setting("perTryTimeout", case.per_attempt, target)),
    ];
    let settings: Vec<Setting> = settings.into_iter().flatten().collect();
    let (about, subject) = named(case)?;
    let mut found = Recommendation::new(Kind::Timeouts, &about, subject, settings);
    found.basis = basis(question, case);
    found.risk.removes = (!cutting.is_empty()).then(|| {
        let which = cutting.join(" and ");
        format!("requests that would have been answered are ended with 504 by {which}")
    });
    found.risk.brings = vec!["slower requests are answered with 504: watch response_flags UT".to_owned()];
    let is_too_long = |target: &Option<Seconds>| target.is_some_and(|target| target < case.tail * (1.0 - 1e-6));
    if is_too_long(&wanted.timeout) || is_too_long(&wanted.per_attempt) {
        let why = "the slowest requests take longer than a day: nothing that long is a timeout";
        return Some(found.withhold(Withheld::Infeasible(why.to_owned())));
    }
    if cutting.is_empty() && !case.unknown.is_empty() {
        let why = format!("response times of {}, which the same route leads to", case.unknown.join(", "));
        return Some(found.withhold(Withheld::Data(why)));
    }
    if wanted.per_attempt.is_some() && !case.says_retries {
        let why = "perTryTimeout is that of meshConfig.defaultHttpRetryPolicy: raise it there, for every route at once";
        return Some(found.withhold(Withheld::NotPatchable(why.to_owned())));
    }
    let patch = RoutePatch { timeout: wanted.timeout, per_try_timeout: wanted.per_attempt, ..RoutePatch::default() };
    let host = case.hosts.first()?;
    Some(routes::set(question, host, std::slice::from_ref(&case.place), &|_| patch.clone(), found))
}

/// What to set; `None` leaves it.
struct Wanted {
    timeout: Option<Seconds>,
    per_attempt: Option<Seconds>,
}

impl Wanted {
    fn of(case: &TimeoutCase, policy: &ResiliencePolicy) -> Self {
        let one = steps::time(case.tail * policy.timeout_factor.as_number());
        let per_attempt = case.per_attempt.filter(|today| *today < case.tail).map(|_| one);
        let attempt = per_attempt.or(case.per_attempt).unwrap_or(one);
        let all = steps::time(case.repeats.timeout(attempt));
        let is_short = case.timeout.is_some_and(|today| today < case.tail || per_attempt.is_some_and(|it| today < it));
        let timeout = match case.is_endless() {
            true => Some(all.max(policy.least_timeout)),
            false => is_short.then_some(all),
        };
        Self { timeout, per_attempt }
    }
}

/// What it is called in identifiers, and as people say it.
fn named(case: &TimeoutCase) -> Option<(String, String)> {
    let service = hosts::short(case.hosts.first()?);
    let subject = case.place.route().unwrap_or_else(|| format!("service {service}"));
    let about = match &case.place {
        Routed::By { service, index } => format!("{service}/{index}"),
        Routed::ByApi { route, index, .. } => format!("{route}/{index}"),
        Routed::ByWildcard { .. } | Routed::Nowhere => service,
    };
    Some((about, subject))
}

fn basis(question: &Question<'_>, case: &TimeoutCase) -> Vec<String> {
    let millis = |time: Seconds| format!("{:.1} ms", time.as_seconds() * 1000.0);
    let percent = (case.quantile.get() * 1000.0).round() / 10.0;
    let mut basis = vec![
        format!(
            "p{percent} of {} with the proxies that come is up to {}; {} times as much is still waited for",
            case.measurement,
            millis(case.tail),
            question.inputs.policy.resilience.timeout_factor.as_number(),
        ),
        match (case.timeout, case.per_attempt) {
            (None, None) => format!(
                "nothing ends a request that is never answered; {} at least, so that what is slow once is not cut",
                millis(question.inputs.policy.resilience.least_timeout)
            ),
            (timeout, per_attempt) => {
                let said = [("timeout", timeout), ("perTryTimeout", per_attempt)];
                let said = said.into_iter().filter_map(|(name, time)| Some(format!("{name} is {}", millis(time?))));
                said.collect::<Vec<String>>().join(", ")
            }
        },
    ];
    if !case.unknown.is_empty() {
        basis.push(format!("nothing was measured of {}", case.unknown.join(", ")));
    }
    basis
}
