//! What a tuner sets for requests of a rule of the Gateway API, in the words of an HTTPRoute.

use super::{Question, Withheld};
use crate::inventory::ObjectName;
use crate::inventory::objects::{HttpRoute, RoutePatch, RulePatch};
use crate::resilience::{API_RETRIES, API_TIMEOUTS};

/// How a rule says what is wanted of it; `None` where nothing is, and a reason where it cannot be said.
pub(super) fn rule(
    question: &Question<'_>,
    (kind, name, index): (&str, &ObjectName, usize),
    wanted: &dyn Fn(&HttpRoute) -> RoutePatch,
) -> Result<Option<RulePatch>, Withheld> {
    let refused = |why: String| Err(Withheld::NotPatchable(why));
    let routes = &question.inventory().istio.routes;
    let route = routes.iter().find(|known| known.kind == kind && known.name == *name);
    let Some(rule) = route.and_then(|route| route.rules.get(index)) else { return Ok(None) };
    let wanted = wanted(rule);
    if wanted == RoutePatch::default() {
        return Ok(None);
    }
    if kind != "HTTPRoute" {
        return refused(format!(
            "{kind} {name} holds, a kind with neither timeouts nor retries: write a VirtualService"
        ));
    }
    let first = if wanted.says_retries() { API_RETRIES } else { API_TIMEOUTS };
    let installed = question.inventory().istio_version();
    if installed.is_none_or(|installed| installed < first) {
        let installed =
            installed.map_or_else(|| "which is installed is not known".to_owned(), |it| format!("{it} is installed"));
        return refused(format!("HTTPRoute {name} holds, which Istio follows in this since {first}; {installed}"));
    }
    if wanted.attempts.is_some() && rule.retries.is_none() {
        let why = "retry is in the experimental channel of the Gateway API: where its definitions are installed, set \
                   retry.attempts";
        return refused(format!("HTTPRoute {name} holds; {why}"));
    }
    let backends = rule.destinations.iter().filter(|it| it.mirror.is_none());
    let service = backends.map(|it| &it.host).next().and_then(|host| host.strip_suffix(".svc.cluster.local"));
    let patch = RulePatch {
        backend: service.and_then(|it| it.split('.').next()).map(str::to_owned),
        has_timeouts: rule.timeout.is_some() || rule.backend_timeout.is_some(),
        attempts: wanted.attempts,
        ..RulePatch::default()
    };
    let retries = rule.retries.is_some() && installed.is_some_and(|installed| installed >= API_RETRIES);
    Ok(Some(with_times(patch, rule, retries, &wanted)))
}

/// Where nothing that is followed is said of retries, the time of an attempt is what holds for the request, and the time of the
/// request must not be shorter.
fn with_times(patch: RulePatch, rule: &HttpRoute, retries: bool, wanted: &RoutePatch) -> RulePatch {
    if retries {
        return RulePatch { request: wanted.timeout, backend_request: wanted.per_try_timeout, ..patch };
    }
    match (rule.backend_timeout, wanted.timeout) {
        (Some(_), Some(time)) => {
            let is_shorter = rule.timeout.is_some_and(|request| request < time);
            RulePatch { backend_request: Some(time), request: is_shorter.then_some(time), ..patch }
        }
        (_, request) => RulePatch { request, ..patch },
    }
}
