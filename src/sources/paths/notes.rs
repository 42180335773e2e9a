//! What readers of call graphs notice.

use crate::finding::{FindingKind, Severity};

/// Several services could be the root.
pub(super) const ROOT_CHOSEN: FindingKind = FindingKind {
    id: "path-root-chosen",
    severity: Severity::Warning,
    meaning: "several services are called by none, and the one with the most requests was taken as the root of the path",
    why: "the path of another root has other response times",
    remedy: "give the traces or metrics of one entry, or write the graph as TOML with its root",
};

/// Calls that their caller does not wait for.
pub(super) const NOT_WAITED_FOR: FindingKind = FindingKind {
    id: "path-calls-not-waited-for",
    severity: Severity::Info,
    meaning: "calls that mostly end after their caller did were left out of the path",
    why: "the caller does not wait for them, so they do not make the response slower",
    remedy: "check the traces if the caller does wait",
};

/// Spans that could not be placed.
pub(super) const SPANS_LEFT_OUT: FindingKind = FindingKind {
    id: "path-spans-left-out",
    severity: Severity::Warning,
    meaning: "spans without service or duration, or that are their own ancestors, were left out",
    why: "the traces are incomplete or damaged",
    remedy: "fetch the traces again, with all spans of each",
};

/// Few requests behind own times.
pub(super) const FEW_TRACES: FindingKind = FindingKind {
    id: "path-few-traces",
    severity: Severity::Warning,
    meaning: "own times rest on fewer requests than their p99 needs",
    why: "the slowest of a hundred requests is not in a sample of twenty; the interval does not allow for that",
    remedy: "collect at least 300 traces, better thousands",
};

/// A service whose own time nothing tells.
pub(super) const OWN_TIME_UNKNOWN: FindingKind = FindingKind {
    id: "path-own-time-unknown",
    severity: Severity::Warning,
    meaning: "no proxy reported the response times of a service, so its own time was taken as nothing",
    why: "the path is slower than shown by what the service itself takes",
    remedy: "collect the metrics of its proxy too, or write the graph as TOML",
};

/// Requests into the root were not counted.
pub(super) const CALLS_ASSUMED: FindingKind = FindingKind {
    id: "path-calls-assumed",
    severity: Severity::Warning,
    meaning: "requests to the root are not counted, so each was taken to make one call in all, to any of its callees",
    why: "a root that makes several calls per request is slower than shown",
    remedy: "collect the metrics of the proxy in front of it, or give the edges with calls_per_request",
};

/// Metrics do not tell what is done at the same time.
pub(super) const ORDER_ASSUMED: FindingKind = FindingKind {
    id: "path-order-assumed",
    severity: Severity::Info,
    meaning: "a service calls several others, and nothing tells which at the same time; they were taken one after the other",
    why: "calls made at the same time take as long as the slowest, not as long as all of them",
    remedy: "give traces, or write the graph as TOML with parallel calls",
};

/// Kinds of finding the readers of call graphs raise.
pub const FINDINGS: &[&FindingKind] =
    &[&ROOT_CHOSEN, &NOT_WAITED_FOR, &SPANS_LEFT_OUT, &FEW_TRACES, &OWN_TIME_UNKNOWN, &CALLS_ASSUMED, &ORDER_ASSUMED];
