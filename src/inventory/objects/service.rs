//! Services and their endpoints.

use std::sync::Arc;

use super::{Labels, ObjectName};

/// A service: what becomes clusters, listeners and routes in every proxy that sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Service {
    /// Namespace and name.
    pub name: ObjectName,
    /// Labels.
    pub labels: Labels,
    /// Annotations.
    pub annotations: Labels,
    /// Selector of its pods; empty for services without one.
    pub selector: Labels,
    /// Ports.
    pub ports: Vec<ServicePort>,
    /// `clusterIP: None`.
    pub headless: bool,
    /// `type: ExternalName`.
    pub external_name: bool,
}

/// A port of a service.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ServicePort {
    /// Name; Istio reads the protocol from its prefix.
    pub name: String,
    /// Number.
    pub port: u16,
    /// `appProtocol`, which wins over the name.
    pub app_protocol: Option<String>,
    /// `TCP`, `UDP` or `SCTP`.
    pub transport: String,
    /// Port of the pods it leads to, a number or a name; empty for the same number.
    pub target: String,
}

/// Addresses behind a service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Endpoints {
    /// Namespace and name of the service.
    pub service: ObjectName,
    /// Name of the Endpoints or EndpointSlice object itself; a service may have many slices.
    pub object: Arc<str>,
    /// Whether it is an EndpointSlice, which wins over Endpoints of the same service.
    pub slice: bool,
    /// Whether its addresses are of IPv6: a dual-stack service lists the same pods in both families.
    pub ipv6: bool,
    /// Ready addresses.
    pub ready: u64,
    /// Addresses that are not ready.
    pub not_ready: u64,
}
