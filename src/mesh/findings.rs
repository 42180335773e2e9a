//! What looking at the mesh can notice.

use crate::finding::{FindingKind, Severity};

/// Every kind of finding raised while the mesh is looked at.
pub const FINDINGS: &[&FindingKind] = &[
    &ANNOTATION_ERASES_DEFAULTS,
    &ANNOTATION_NOT_A_QUANTITY,
    &MIXED_PROXIES,
    &PROXY_AT_NEXT_RESTART,
    &PROXY_WITHOUT_CPU_LIMIT,
    &ENROLLED_NAMESPACE_MISSING,
    &ENVOY_FILTER_NOT_MODELLED,
    &EXTERNAL_AUTHORIZATION,
    &GATEWAY_WITHOUT_PODS,
    &GROUP_WITHOUT_ENTRIES,
    &NEVER_INJECTED,
    &NO_SERVICES,
    &SELECTOR_MATCHES_NOTHING,
    &SEVERAL_DEFAULT_SIDECARS,
    &SIDECAR_HOST_MATCHES_NOTHING,
    &SUBSET_NOT_ROUTED,
    &WAYPOINT_WITHOUT_SERVICES,
];

pub(super) const ANNOTATION_ERASES_DEFAULTS: FindingKind = FindingKind {
    id: "annotation-erases-defaults",
    severity: Severity::Warning,
    meaning: "a workload sets some, but not all, of the four sidecar.istio.io resource annotations",
    why: "one of them makes Istio drop every default: what is not annotated is then not declared at all",
    remedy: "set proxyCPU, proxyMemory, proxyCPULimit and proxyMemoryLimit together",
};

pub(super) const ANNOTATION_NOT_A_QUANTITY: FindingKind = FindingKind {
    id: "annotation-not-a-quantity",
    severity: Severity::Error,
    meaning: "a resource annotation of the proxy is not a Kubernetes quantity",
    why: "injection would fail and the pod would not start; the plan leaves that amount undeclared",
    remedy: "correct the annotation, e.g. 100m or 128Mi",
};

pub(super) const MIXED_PROXIES: FindingKind = FindingKind {
    id: "mixed-proxies",
    severity: Severity::Warning,
    meaning: "some pods of a workload run a proxy and others do not",
    why: "a rollout is under way, or pods were started before injection was turned on; the plan gives all of them one",
    remedy: "finish the rollout, or restart the workload",
};

pub(super) const PROXY_AT_NEXT_RESTART: FindingKind = FindingKind {
    id: "proxy-at-next-restart",
    severity: Severity::Info,
    meaning: "running pods have no proxy yet, but their labels ask for one",
    why: "they get it, with its requests, when they are next restarted; the plan counts it already",
    remedy: "restart them when there is headroom, or label them sidecar.istio.io/inject: \"false\"",
};

pub(super) const PROXY_WITHOUT_CPU_LIMIT: FindingKind = FindingKind {
    id: "proxy-without-cpu-limit",
    severity: Severity::Warning,
    meaning: "a proxy has neither a CPU limit nor a concurrency setting",
    why: "Istio then starts one worker thread per core of the node, and each worker costs memory",
    remedy: "set sidecar.istio.io/proxyCPULimit, or concurrency in proxy.istio.io/config",
};

pub(super) const ENROLLED_NAMESPACE_MISSING: FindingKind = FindingKind {
    id: "enrolled-namespace-missing",
    severity: Severity::Error,
    meaning: "a namespace to enrol is not in the input, or has no workloads",
    why: "the answer is the same as without it",
    remedy: "correct the name, or add the namespace to the input",
};

pub(super) const ENVOY_FILTER_NOT_MODELLED: FindingKind = FindingKind {
    id: "envoy-filter-not-modelled",
    severity: Severity::Warning,
    meaning: "EnvoyFilters patch the configuration of proxies, and what that costs is not known",
    why: "a patch can add clusters, listeners and filters, Lua scripts among them: the figures are without it",
    remedy: "read the figures of the workloads it holds for as those without it; measure one of them, and see whether an API of Istio's own does the same",
};

pub(super) const EXTERNAL_AUTHORIZATION: FindingKind = FindingKind {
    id: "external-authorization",
    severity: Severity::Warning,
    meaning: "an AuthorizationPolicy of action CUSTOM lets a provider decide",
    why: "each request that matches waits for a call to the provider: neither that time nor the provider's own CPU is in the figures, only the rules are",
    remedy: "size the provider for the rate of those requests, and add its response time to theirs",
};

pub(super) const GROUP_WITHOUT_ENTRIES: FindingKind = FindingKind {
    id: "group-without-entries",
    severity: Severity::Info,
    meaning: "a WorkloadGroup has no WorkloadEntry in the input",
    why: "machines outside Kubernetes that join by it are endpoints and connect to istiod; none is counted",
    remedy: "add the WorkloadEntries to the input if any have joined",
};

pub(super) const GATEWAY_WITHOUT_PODS: FindingKind = FindingKind {
    id: "gateway-without-pods",
    severity: Severity::Warning,
    meaning: "a Gateway of class istio or istio-waypoint is in the input, but no pod that serves it",
    why: "one pod of default size is planned for it, as Istio makes it; how many requests it carries is assumed",
    remedy: "add the gateway's Deployment or pods to the input",
};

pub(super) const NEVER_INJECTED: FindingKind = FindingKind {
    id: "never-injected",
    severity: Severity::Info,
    meaning: "workloads of mesh namespaces stay outside the mesh because Istio never injects them",
    why: "pods on the host network, static pods and Kubernetes' own namespaces bypass injection",
    remedy: "nothing to do, unless their traffic must be in the mesh",
};

pub(super) const NO_SERVICES: FindingKind = FindingKind {
    id: "no-services",
    severity: Severity::Warning,
    meaning: "the input has workloads but no Services",
    why: "what a proxy must hold in memory is made of Services; one HTTP port per workload is assumed instead",
    remedy: "add `kubectl get services,endpointslices -A -o json` to the input",
};

pub(super) const SELECTOR_MATCHES_NOTHING: FindingKind = FindingKind {
    id: "selector-matches-nothing",
    severity: Severity::Warning,
    meaning: "a Sidecar, ServiceEntry, Gateway or policy selects workloads by labels, or names something, that the input does not have",
    why: "it has no effect: proxies are sent and do what they would without it",
    remedy: "correct the labels, or delete the object; check that the input holds the workloads it was written for",
};

pub(super) const SEVERAL_DEFAULT_SIDECARS: FindingKind = FindingKind {
    id: "several-default-sidecars",
    severity: Severity::Warning,
    meaning: "a namespace has more than one Sidecar without a workloadSelector",
    why: "Istio does not merge them: the oldest holds and the others do nothing, whatever they import",
    remedy: "keep one of them with the hosts of all, or give the others a workloadSelector",
};

pub(super) const SIDECAR_HOST_MATCHES_NOTHING: FindingKind = FindingKind {
    id: "sidecar-host-matches-nothing",
    severity: Severity::Warning,
    meaning: "an egress host of a Sidecar names no service, service entry or virtual service that is known",
    why: "nothing is imported by it: calls to such a host are passed through or blocked, without retries, mTLS or metrics",
    remedy: "write namespace/dnsName with the full name, e.g. shop/cart.shop.svc.cluster.local; check that the input holds the service",
};

pub(super) const SUBSET_NOT_ROUTED: FindingKind = FindingKind {
    id: "subset-not-routed",
    severity: Severity::Info,
    meaning: "no virtual service of the input leads to a subset of a DestinationRule",
    why: "each subset is one more cluster per port, with its own endpoints, in every proxy that sees the rule",
    remedy: "delete the subset, unless routes outside the input use it",
};

pub(super) const WAYPOINT_WITHOUT_SERVICES: FindingKind = FindingKind {
    id: "waypoint-without-services",
    severity: Severity::Warning,
    meaning: "a waypoint runs, but no service and no namespace of the input is labelled istio.io/use-waypoint for it",
    why: "istiod sends it no service, and no traffic reaches it",
    remedy: "label the services or their namespace, or delete the waypoint; check that the input holds the namespaces",
};
