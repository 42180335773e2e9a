//! What is odd about how a control plane behaves.

use crate::finding::{FindingKind, Severity};

/// Proxies take long to connect again after istiod restarts.
pub const ISTIOD_RECONNECT_SLOW: FindingKind = FindingKind {
    id: "istiod-reconnect-slow",
    severity: Severity::Warning,
    meaning: "after a restart of istiod its proxies need longer to connect again than the policy allows",
    why: "each replica accepts only so many connections a second; until a proxy is connected it keeps stale endpoints, and a new pod does not become ready",
    remedy: "run more replicas, give each more cores (the limit is 15 and 5 a core, at most 100), or set PILOT_MAX_REQUESTS_PER_SECOND; the time falls with their product",
};

/// The autoscaler adds and removes replicas with every push.
pub const ISTIOD_AUTOSCALER_FLAPS: FindingKind = FindingKind {
    id: "istiod-autoscaler-flaps",
    severity: Severity::Warning,
    meaning: "the autoscaler of istiod wants more replicas while changes are pushed than at rest, and changes are further apart than it remembers",
    why: "every removal of a replica makes its proxies connect again, which is work in itself, and the next push comes before the new replicas have connections",
    remedy: "raise autoscaleMin to the replicas that pushes need, raise the CPU request so that a push is less of it, or lengthen the autoscaler's scale-down window",
};

/// Replicas that are added do not help at once.
pub const ISTIOD_SCALE_UP_SLOW: FindingKind = FindingKind {
    id: "istiod-scale-up-slow",
    severity: Severity::Info,
    meaning: "under load the autoscaler adds replicas of istiod, which get connections only as old ones are closed at their age",
    why: "the replicas that were there keep their proxies, and so their load, for up to half an hour",
    remedy: "run the replicas that a push needs all the time (autoscaleMin), or shorten keepaliveMaxServerConnectionAge",
};

/// A message of configuration is near what a proxy accepts.
pub const XDS_MESSAGE_LARGE: FindingKind = FindingKind {
    id: "xds-message-large",
    severity: Severity::Warning,
    meaning: "a kind of configuration (CDS, EDS, LDS or RDS) of some proxies is at half of gRPC's limit on a message or more",
    why: "istiod sends a kind in one message when a proxy connects; one above the limit is refused, and the proxy never becomes ready",
    remedy: "scope the proxy with a Sidecar, a gateway with PILOT_FILTER_GATEWAY_CLUSTER_CONFIG, or hide services with exportTo and discovery selectors; sizes are an order of magnitude, so look at pilot_xds_config_size_bytes",
};

/// Kinds of findings raised about the behaviour of a control plane.
pub const KINDS: [&FindingKind; 4] =
    [&ISTIOD_RECONNECT_SLOW, &ISTIOD_AUTOSCALER_FLAPS, &ISTIOD_SCALE_UP_SLOW, &XDS_MESSAGE_LARGE];
