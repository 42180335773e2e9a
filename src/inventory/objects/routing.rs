//! Where traffic goes: virtual services, destination rules, and routes of the Gateway API.

use std::collections::BTreeMap;

use super::traffic_policy::{Mirror, RetryPolicy, TrafficPolicy};
use super::visibility::ExportTo;
use super::{Labels, ObjectName};
use crate::units::Seconds;

/// `networking.istio.io/*/VirtualService`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VirtualService {
    /// Namespace and name.
    pub name: ObjectName,
    /// `metadata.creationTimestamp`; of several for one host the oldest holds.
    pub created: String,
    /// Hosts as written: short, full or with a wildcard. Empty for one that others delegate to.
    pub hosts: Vec<String>,
    /// Gateways as written; empty means `mesh`, all sidecars.
    pub gateways: Vec<String>,
    /// Who sees it.
    pub export_to: ExportTo,
    /// HTTP routes in order.
    pub http: Vec<HttpRoute>,
    /// Destinations of its TCP and TLS routes.
    pub opaque: Vec<Destination>,
}

/// An HTTP route: alternatives that lead to the same destinations.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HttpRoute {
    /// Alternatives, each a route of its own in the proxy; empty matches everything.
    pub matches: Vec<RouteMatch>,
    /// The virtual service that holds the routes instead; without a namespace, one of the same.
    pub delegate: Option<ObjectName>,
    /// Where it leads, mirrors included.
    pub destinations: Vec<Destination>,
    /// How long an answer may take, retries included; `None` where nothing is said.
    pub timeout: Option<Seconds>,
    /// How long each attempt may take, in routes of the Gateway API (`timeouts.backendRequest`).
    pub backend_timeout: Option<Seconds>,
    /// When a failed request is sent again; `None` for the default of the mesh.
    pub retries: Option<RetryPolicy>,
}

/// As much of a match as decides which proxies get the route, and whether some requests only take it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RouteMatch {
    /// Port it is limited to.
    pub port: Option<u16>,
    /// Gateways it is limited to; empty for those of the virtual service.
    pub gateways: Vec<String>,
    /// What else a request must meet, e.g. `headers`; empty where every request of those proxies does.
    pub conditions: Vec<&'static str>,
}

/// Where a route leads.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Destination {
    /// Host as written.
    pub host: String,
    /// Subset of it.
    pub subset: Option<String>,
    /// Port of it.
    pub port: Option<u16>,
    /// Share of the route's traffic among its destinations' weights; `None` where it is not written.
    pub weight: Option<u64>,
    /// Where it gets copies of requests rather than requests.
    pub mirror: Option<Mirror>,
}

/// `networking.istio.io/*/DestinationRule`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DestinationRule {
    /// Namespace and name.
    pub name: ObjectName,
    /// `metadata.creationTimestamp`; of several for one host the oldest holds, with the subsets of all.
    pub created: String,
    /// Host as written: short, full or with a wildcard.
    pub host: String,
    /// Who sees it.
    pub export_to: ExportTo,
    /// Whether it holds for chosen workloads of its namespace only.
    pub has_selector: bool,
    /// Subsets, each a cluster more per port.
    pub subsets: Vec<Subset>,
    /// How connections to the host are made; `None` leaves it to what both sides can.
    pub tls: Option<TlsMode>,
    /// How those to single ports are made.
    pub port_tls: BTreeMap<u16, TlsMode>,
    /// What clients do beside that.
    pub policy: TrafficPolicy,
}

/// How a client makes connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TlsMode {
    /// In plaintext.
    Disable,
    /// TLS with the server's certificate.
    Simple,
    /// TLS with certificates of its own on both sides.
    Mutual,
    /// TLS with Istio's certificates on both sides.
    IstioMutual,
}

impl TlsMode {
    /// As Istio writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "DISABLE",
            Self::Simple => "SIMPLE",
            Self::Mutual => "MUTUAL",
            Self::IstioMutual => "ISTIO_MUTUAL",
        }
    }
}

/// Part of a service's pods.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Subset {
    /// Name.
    pub name: String,
    /// Labels of its pods; empty for all of them.
    pub labels: Labels,
    /// What clients do otherwise for it than for the host.
    pub policy: TrafficPolicy,
}

impl Subset {
    /// Whether a pod with these labels is of it.
    #[must_use]
    pub fn selects(&self, labels: &Labels) -> bool {
        self.labels.iter().all(|(key, value)| labels.get(key) == Some(value))
    }
}

/// `gateway.networking.k8s.io/*/HTTPRoute` or `GRPCRoute`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GatewayRoute {
    /// `HTTPRoute` or `GRPCRoute`.
    pub kind: &'static str,
    /// Namespace and name.
    pub name: ObjectName,
    /// `metadata.creationTimestamp`.
    pub created: String,
    /// Gateways and services it is attached to.
    pub parents: Vec<RouteParent>,
    /// Host names; empty for those of its gateways.
    pub hosts: Vec<String>,
    /// Its rules.
    pub rules: Vec<HttpRoute>,
}

/// What a route of the Gateway API is attached to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteParent {
    /// A Gateway; the port where the route names one.
    Gateway(ObjectName),
    /// A Service: the route holds inside the mesh.
    Service(ObjectName),
}
