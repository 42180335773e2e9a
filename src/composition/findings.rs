//! What is odd or thin about a path.

use super::graph::CallGraph;
use super::path::{MOST_PARTS, Part, PathResponse};
use super::spread::Spread;
use crate::finding::{Finding, FindingKind, Severity};
use crate::measurement::{QUANTILES, percent};

/// A time was measured with the calls made meanwhile.
pub const CALLEES_INCLUDED: FindingKind = FindingKind {
    id: "path-callees-included",
    severity: Severity::Info,
    meaning: "the response time of a service was measured with the calls it makes, which are not added again",
    why: "a change of a service below, or of the mesh between them, does not show in the path",
    remedy: "give the service's own time (from traces), to compose the calls below it",
};

/// Requests of a path that are not answered.
pub const REQUESTS_FAIL: FindingKind = FindingKind {
    id: "path-requests-fail",
    severity: Severity::Warning,
    meaning: "a share of the requests of a path is never answered: a call times out or fails in every try",
    why: "percentiles are those of answered requests; objectives count the others as missed",
    remedy: "raise the timeout, allow another try, or make the call optional",
};

/// A quantile of a path without an upper bound.
pub const OPEN_ABOVE: FindingKind = FindingKind {
    id: "path-open-above",
    severity: Severity::Warning,
    meaning: "a quantile of a path has no upper bound, because own times of its services have none",
    why: "a share of each service's requests took longer than anything its source tells; over a path these shares add up",
    remedy: "measure those services with a full histogram, or give their maximum",
};

/// Services of a graph that its root does not reach.
pub const NOT_REACHED: FindingKind = FindingKind {
    id: "path-services-not-reached",
    severity: Severity::Info,
    meaning: "services of a call graph are not called on the way from its root",
    why: "they change no figure",
    remedy: "check the calls, or the root",
};

/// More services than contributions are computed for.
pub const PARTS_LEFT_OUT: FindingKind = FindingKind {
    id: "path-parts-left-out",
    severity: Severity::Info,
    meaning: "a path has so many services that the contribution of the lightest was not computed",
    why: "their own times, times calls, are the smallest of all",
    remedy: "compose a part of the path",
};

/// Kinds of finding this module raises.
pub const FINDINGS: &[&FindingKind] = &[&CALLEES_INCLUDED, &REQUESTS_FAIL, &OPEN_ABOVE, &NOT_REACHED, &PARTS_LEFT_OUT];

/// A share that is no more than one in a million is not worth a line.
const LEAST_FAILED: f64 = 1e-6;

pub(super) fn of(graph: &CallGraph, response: &PathResponse, parts: &[Part]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut raise =
        |kind, message: String| findings.push(Finding::new(kind, format!("path of {}", graph.root()), message));
    let names = |names: Vec<&str>| listed(&names);
    let included = graph.reached().filter(|(_, service)| service.includes_callees && service.calls().next().is_some());
    let included: Vec<&str> = included.map(|(name, _)| name).collect();
    if !included.is_empty() {
        raise(&CALLEES_INCLUDED, format!("measured with their calls: {}", names(included)));
    }
    if response.failed().upper.get() > LEAST_FAILED {
        let of = |spread: &Spread| {
            let failed = spread.share_without_end();
            (failed.value.get() * 100.0, failed.upper.get() * 100.0)
        };
        let (apart, together) = (of(&response.independent), of(&response.comonotone));
        raise(
            &REQUESTS_FAIL,
            format!(
                "with independent parts {:.3} % (at most {:.3} %) of requests are not answered, {:.3} % ({:.3} %) when parts are slow together",
                apart.0, apart.1, together.0, together.1
            ),
        );
    }
    let open: Vec<String> = response
        .quantiles()
        .into_iter()
        .flatten()
        .zip(QUANTILES)
        .filter(|(found, _)| found.interval.upper.as_seconds().is_infinite())
        .map(|(_, (_, quantile))| format!("p{}", percent(quantile)))
        .collect();
    if !open.is_empty() {
        let services = graph.reached().filter(|(_, service)| service.time.upper.open > super::masses::DUST);
        let services: Vec<&str> = services.map(|(name, _)| name).collect();
        raise(&OPEN_ABOVE, format!("{} without upper bound: {}", open.join(", "), names(services)));
    }
    let unreached: Vec<&str> = graph.unreached().collect();
    if !unreached.is_empty() {
        raise(&NOT_REACHED, names(unreached));
    }
    if parts.len() > MOST_PARTS {
        raise(&PARTS_LEFT_OUT, format!("{} of {} services", parts.len() - MOST_PARTS, parts.len()));
    }
    findings
}

/// A few names and how many more.
fn listed(names: &[&str]) -> String {
    const SHOWN: usize = 5;
    let shown = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    let more = names.len().saturating_sub(SHOWN);
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}
