//! What looking at routes and ejection can notice.

use crate::finding::{Finding, FindingKind, Severity, Tally};

/// Every kind of finding raised while failures are looked at.
pub const FINDINGS: &[&FindingKind] = &[
    &EJECTS_ALL_HOSTS,
    &NEVER_EJECTS,
    &RETRY_BUDGET_NOT_FOLLOWED,
    &ROUTE_TO_EMPTY_SERVICE,
    &ROUTE_TO_UNKNOWN_HOST,
    &SUBSET_NOT_DEFINED,
    &SUBSET_WITHOUT_PODS,
    &WEIGHTS_NOT_100,
];

const EJECTS_ALL_HOSTS: FindingKind = FindingKind {
    id: "ejects-all-hosts",
    severity: Severity::Warning,
    meaning: "outlier detection may eject every pod of a host at once, and nothing makes it use them again",
    why: "a failure that all pods share, such as a broken database, then leaves no host: every request fails at once",
    remedy: "lower maxEjectionPercent to what the others can carry, or set minHealthPercent",
};

const NEVER_EJECTS: FindingKind = FindingKind {
    id: "never-ejects",
    severity: Severity::Warning,
    meaning: "outlier detection is on, but with so few pods its maxEjectionPercent is less than one of them",
    why: "since Envoy 1.28 (Istio 1.20) no host is then ever ejected; before, one was whatever the percentage",
    remedy: "raise maxEjectionPercent to 100 / n or more for n pods, if n - 1 of them carry the load",
};

const RETRY_BUDGET_NOT_FOLLOWED: FindingKind = FindingKind {
    id: "retry-budget-not-followed",
    severity: Severity::Warning,
    meaning: "the installed Istio does not follow a retry budget as it is written",
    why: "before 1.29.2 a subset with a traffic policy of its own drops it, without percent it is 0.2 % instead of 20 % \
          (before 1.28.6, and in 1.29.0 and 1.29.1), and before 1.27 there is none",
    remedy: "write percent, set maxRetries in the connection pools of such subsets, or upgrade Istio",
};

const ROUTE_TO_EMPTY_SERVICE: FindingKind = FindingKind {
    id: "route-to-empty-service",
    severity: Severity::Warning,
    meaning: "a route divides requests to a service whose selector no workload of the input meets",
    why: "whether its pods carry their share cannot be said; if there are none, requests fail",
    remedy: "add its workloads to the input, or correct the selector",
};

const ROUTE_TO_UNKNOWN_HOST: FindingKind = FindingKind {
    id: "route-to-unknown-host",
    severity: Severity::Warning,
    meaning: "a route divides requests to a host that is neither a service nor of a service entry of the input",
    why: "its share cannot be judged; in the mesh such requests are answered with 503",
    remedy: "add the service to the input, or correct the host: a short name means the route's own namespace",
};

const SUBSET_NOT_DEFINED: FindingKind = FindingKind {
    id: "subset-not-defined",
    severity: Severity::Error,
    meaning: "a route leads to a subset that no destination rule it sees defines",
    why: "proxies have no cluster for it: its requests are answered with 503",
    remedy: "define the subset in a DestinationRule of the host, or correct its name",
};

const SUBSET_WITHOUT_PODS: FindingKind = FindingKind {
    id: "subset-without-pods",
    severity: Severity::Error,
    meaning: "a route sends requests to a subset whose labels no pod of the host has",
    why: "its requests are answered with 503: there is no healthy upstream",
    remedy: "start pods with its labels before giving it weight, or correct the labels",
};

const WEIGHTS_NOT_100: FindingKind = FindingKind {
    id: "weights-not-100",
    severity: Severity::Info,
    meaning: "weights of a virtual service's route do not add up to 100",
    why: "Istio divides by their sum, so shares are not the percentages that seem to be written; a sum of 0 is refused",
    remedy: "write weights that add up to 100",
};

/// Cases met so far.
#[derive(Default)]
pub(super) struct Odd {
    pub budgets: Tally,
    pub ejects_all: Tally,
    pub never_ejects: Tally,
    pub empty_services: Tally,
    pub unknown_hosts: Tally,
    pub unknown_subsets: Tally,
    pub subset_without_pods: Tally,
    pub weights: Tally,
    /// Destinations outside the cluster.
    pub outside: u64,
}

impl Odd {
    /// One finding a kind.
    pub fn findings(&self) -> Vec<Finding> {
        let of = |tally: &Tally, kind, subject: &str, lead: &str| {
            tally.finding(kind, subject, |names| format!("{lead}: {names}"))
        };
        [
            of(&self.ejects_all, &EJECTS_ALL_HOSTS, "DestinationRules", "may leave no host"),
            of(&self.budgets, &RETRY_BUDGET_NOT_FOLLOWED, "DestinationRules", "retry budgets"),
            of(&self.never_ejects, &NEVER_EJECTS, "DestinationRules", "never eject a host"),
            of(&self.empty_services, &ROUTE_TO_EMPTY_SERVICE, "routes", "no workload behind"),
            of(&self.unknown_hosts, &ROUTE_TO_UNKNOWN_HOST, "routes", "not in the input"),
            of(&self.unknown_subsets, &SUBSET_NOT_DEFINED, "routes", "defined nowhere"),
            of(&self.subset_without_pods, &SUBSET_WITHOUT_PODS, "routes", "no pod has the labels"),
            of(&self.weights, &WEIGHTS_NOT_100, "routes", "sums"),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
