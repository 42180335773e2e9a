//! What is odd about the declared resources of proxies and istiod, one finding per kind of case.

use std::collections::BTreeMap;
use std::fmt::Display;

use crate::card::COEFFICIENT_OUTSIDE_RANGE;
use crate::finding::{Finding, FindingKind, Severity};
use crate::model::OutOfRange;

/// The memory limit of a proxy is below its start-up peak.
pub const MEMORY_LIMIT_BELOW_PEAK: FindingKind = FindingKind {
    id: "memory-limit-below-peak",
    severity: Severity::Warning,
    meaning: "the memory limit of the proxy is below the peak it may reach while configuration is loaded",
    why: "the kernel kills the proxy when it starts or when the control plane sends everything anew, and the pod loses its traffic",
    remedy: "raise the limit above the peak, or scope the configuration with a Sidecar resource so that the peak falls",
};

/// The memory limit of a proxy is close to what was measured.
pub const MEMORY_LIMIT_NEAR_MAXIMUM: FindingKind = FindingKind {
    id: "memory-limit-near-maximum",
    severity: Severity::Warning,
    meaning: "the memory limit of the proxy leaves less than the largest amount that was measured and the policy's reserve",
    why: "a little more configuration or a few more connections and the kernel kills the proxy, and the pod loses its traffic",
    remedy: "raise the limit above the largest measurement with a margin, or scope the configuration with a Sidecar resource",
};

/// Measured memory lies outside the interval of its law.
pub const MEASURED_MEMORY_OUTSIDE: FindingKind = FindingKind {
    id: "measured-memory-outside",
    severity: Severity::Warning,
    meaning: "the median of the memory that was measured lies outside the 90 % interval of the estimate",
    why: "something uses memory that the law does not know of, or the input does not say what the proxy holds; where it was measured for long enough the plan rests on the measurement, elsewhere it may be off as well",
    remedy: "look for what the input lacks (services, EnvoyFilters, WebAssembly, tracing), or fit a card to your own measurements with meshcap fit",
};

/// Memory was measured too briefly.
pub const MEASURED_MEMORY_SHORT: FindingKind = FindingKind {
    id: "measured-memory-short",
    severity: Severity::Info,
    meaning: "memory was measured at fewer moments or over less time than the policy asks for",
    why: "it only raises what is requested: what a proxy uses in a quiet hour says nothing of the rush",
    remedy: "give a range of at least sizing.measured_hours and 30 moments, or lower sizing.measured_hours in the policy",
};

/// Memory of proxies was measured that do not run.
pub const MEASURED_WITHOUT_PROXY: FindingKind = FindingKind {
    id: "measured-without-proxy",
    severity: Severity::Warning,
    meaning: "memory of a proxy was measured in a workload whose pods have none in the input",
    why: "the measurement is not used: it was taken at another time or in another cluster",
    remedy: "take the inventory and the measurements of the same days",
};

/// A proxy requests less than it needs.
pub const PROXY_REQUEST_BELOW_NEED: FindingKind = FindingKind {
    id: "proxy-request-below-need",
    severity: Severity::Warning,
    meaning: "the proxy requests less CPU or memory than the policy's quantile of its estimate",
    why: "the scheduler packs nodes by requests: what is used beyond them is taken from the neighbours, and memory pressure evicts pods",
    remedy: "set the request to the need with the annotations sidecar.istio.io/proxyCPU and proxyMemory, or lower the need by scoping",
};

/// A proxy requests more than twice what it needs.
pub const PROXY_REQUEST_WASTEFUL: FindingKind = FindingKind {
    id: "proxy-request-wasteful",
    severity: Severity::Info,
    meaning: "the proxy requests more than twice the need",
    why: "requests reserve capacity whether it is used or not; one default for all proxies reserves most where it is needed least",
    remedy: "lower the request to the need, first where replicas are many",
};

/// The CPU limit of a proxy is below what it needs.
pub const CPU_LIMIT_BELOW_NEED: FindingKind = FindingKind {
    id: "cpu-limit-below-need",
    severity: Severity::Warning,
    meaning: "the CPU limit of the proxy is below its need",
    why: "the kernel throttles it: requests then wait for the next period of 100 ms, which shows in the tail of the latency",
    remedy: "raise the CPU limit, or remove it and let the request share the node",
};

/// A proxy needs more cores than it has worker threads.
pub const PROXY_SATURATED: FindingKind = FindingKind {
    id: "proxy-saturated",
    severity: Severity::Warning,
    meaning: "the CPU the rate needs is more than the proxy's worker threads can use",
    why: "the proxy cannot carry the rate whatever it requests; requests queue and time out",
    remedy: "add replicas, or worker threads with the CPU limit or the concurrency setting",
};

/// Traffic was assumed by policy.
pub const TRAFFIC_ASSUMED: FindingKind = FindingKind {
    id: "traffic-assumed",
    severity: Severity::Warning,
    meaning: "the input does not say how many requests the workload's proxies carry",
    why: "proxy CPU follows the rate: with the policy's assumption it is as good as that guess",
    remedy: "add measured rates to the input, or set traffic.rps_per_proxy in the policy to what your mesh carries",
};

/// istiod as deployed is smaller than needed.
pub const ISTIOD_BELOW_NEED: FindingKind = FindingKind {
    id: "istiod-below-need",
    severity: Severity::Warning,
    meaning: "istiod as deployed has fewer replicas, smaller requests or a lower memory limit than this mesh needs",
    why: "a control plane short of memory is killed in the middle of a push; short of CPU it leaves proxies with stale endpoints",
    remedy: "set replicas and requests to the figures of the plan, or lower the need by scoping with Sidecar resources and discovery selectors",
};

/// istiod runs as one replica.
pub const ISTIOD_SINGLE_REPLICA: FindingKind = FindingKind {
    id: "istiod-single-replica",
    severity: Severity::Warning,
    meaning: "istiod runs as a single replica",
    why: "while it restarts or its node is lost no configuration, certificate or injection is served; new pods do not start",
    remedy: "run two replicas or more with a PodDisruptionBudget and spread them over nodes",
};

/// ztunnel requests less than its busiest pod needs.
pub const ZTUNNEL_REQUEST_BELOW_NEED: FindingKind = FindingKind {
    id: "ztunnel-request-below-need",
    severity: Severity::Warning,
    meaning: "ztunnel requests less than it needs on the node whose captured pods bring most traffic",
    why: "all pods of a DaemonSet request the same; on a full node ztunnel waits for CPU, and with it every captured pod of the node",
    remedy: "raise resources.requests of the ztunnel chart to the need, or spread the busiest workloads over more nodes",
};

/// A gateway or waypoint has fewer replicas than it needs.
pub const GATEWAY_POOL_TOO_SMALL: FindingKind = FindingKind {
    id: "gateway-pool-too-small",
    severity: Severity::Warning,
    meaning: "a gateway or waypoint has fewer replicas than the policy's utilization and losses ask for",
    why: "all traffic of its services passes it: while a replica restarts the others carry its share, and a single one carries nothing",
    remedy: "raise its replicas or its autoscaler's maximum, or change the section gateways of the policy",
};

/// No number of replicas keeps istiod within the policy's largest replica.
pub const ISTIOD_REPLICA_TOO_SMALL: FindingKind = FindingKind {
    id: "istiod-replica-too-small",
    severity: Severity::Warning,
    meaning: "an istiod replica needs more than the policy allows, however many replicas share the proxies",
    why: "every replica holds all services and endpoints; only the proxies are shared",
    remedy: "raise control_plane.replica_memory or replica_cpu in the policy, or shrink what istiod discovers with discovery selectors",
};

/// Kinds of findings raised by the overhead estimate.
pub const FINDINGS: &[&FindingKind] = &[
    &MEMORY_LIMIT_BELOW_PEAK,
    &MEMORY_LIMIT_NEAR_MAXIMUM,
    &MEASURED_MEMORY_OUTSIDE,
    &MEASURED_MEMORY_SHORT,
    &MEASURED_WITHOUT_PROXY,
    &PROXY_REQUEST_BELOW_NEED,
    &PROXY_REQUEST_WASTEFUL,
    &CPU_LIMIT_BELOW_NEED,
    &PROXY_SATURATED,
    &TRAFFIC_ASSUMED,
    &GATEWAY_POOL_TOO_SMALL,
    &ZTUNNEL_REQUEST_BELOW_NEED,
    &ISTIOD_BELOW_NEED,
    &ISTIOD_SINGLE_REPLICA,
    &ISTIOD_REPLICA_TOO_SMALL,
];

/// Cases of the same kind, gathered so that a mesh of thousands raises a handful of findings.
#[derive(Default)]
pub(super) struct Cases {
    gathered: BTreeMap<(&'static str, String), Gathered>,
}

struct Gathered {
    kind: &'static FindingKind,
    count: u64,
    examples: Vec<(String, String)>,
}

impl Cases {
    /// Most cases named in a finding; the others are counted.
    const NAMED: usize = 3;

    /// One case of a kind; cases with the same `about` become one finding.
    pub fn add(&mut self, kind: &'static FindingKind, about: &str, subject: &dyn Display, detail: String) {
        let gathered = self.gathered.entry((kind.id, about.to_owned())).or_insert_with(|| Gathered {
            kind,
            count: 0,
            examples: Vec::new(),
        });
        gathered.count += 1;
        if gathered.examples.len() < Self::NAMED {
            gathered.examples.push((subject.to_string(), detail));
        }
    }

    /// Coefficients used beyond their range on behalf of a subject.
    pub fn add_outside_range(&mut self, subject: &dyn Display, excesses: Vec<OutOfRange>) {
        for OutOfRange { coefficient, count, from, to } in excesses {
            let detail = format!("{coefficient} used with {count:.0}, measured from {from} to {to}");
            self.add(&COEFFICIENT_OUTSIDE_RANGE, &coefficient, subject, detail);
        }
    }

    pub fn into_findings(self) -> Vec<Finding> {
        self.gathered.into_values().filter_map(Gathered::into_finding).collect()
    }
}

impl Gathered {
    fn into_finding(self) -> Option<Finding> {
        let (first_subject, first_detail) = self.examples.first()?;
        if self.count == 1 {
            return Some(Finding::new(self.kind, first_subject, first_detail));
        }
        let mut named: Vec<String> =
            self.examples.iter().map(|(subject, detail)| format!("{subject}: {detail}")).collect();
        let unnamed = self.count - named.len() as u64;
        if unnamed > 0 {
            named.push(format!("and {unnamed} more"));
        }
        Some(Finding::new(self.kind, format!("{} workloads", self.count), named.join("; ")).counted(self.count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gather(cases: u64) -> Vec<Finding> {
        let mut gathered = Cases::default();
        for case in 0..cases {
            gathered.add(&TRAFFIC_ASSUMED, "", &format!("w{case}"), format!("{case} rps"));
        }
        gathered.into_findings()
    }

    #[test]
    fn many_cases_become_one_finding() {
        for (cases, subject, message) in [
            (1, "w0", "0 rps"),
            (2, "2 workloads", "w0: 0 rps; w1: 1 rps"),
            (3, "3 workloads", "w0: 0 rps; w1: 1 rps; w2: 2 rps"),
            (1000, "1000 workloads", "w0: 0 rps; w1: 1 rps; w2: 2 rps; and 997 more"),
        ] {
            let [finding] = &gather(cases)[..] else { panic!("{cases} cases make one finding") };
            assert_eq!((finding.subject.as_str(), finding.message.as_str(), finding.count), (subject, message, cases));
        }
        assert_eq!(gather(0), []);
    }
}
