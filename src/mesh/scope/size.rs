//! How large what a proxy is sent is on the wire, about.
//!
//! Published sizes lie a factor of two apart (a cluster takes 1,018 bytes in istio/istio#36763 and 2,471 in
//! mosn/mosn#1384), and names, telemetry and mutual TLS settings change them: read them as an order of
//! magnitude. No source gives listeners; those of the Istio 1.12 `config_dump` that this module is tested
//! with were measured as JSON and brought to the wire at the ratio of clusters: 2,190 bytes of JSON for the
//! 1,018 published. At that ratio a virtual host takes 367 bytes, where envoyproxy/envoy#36169 has 424 a route.

use super::super::XdsBytes;
use crate::units::Bytes;

/// A cluster (istio/istio#36763).
const CLUSTER: u64 = 1_018;
/// Endpoints of a cluster, by service (istio/istio#36763) ...
const CLUSTER_ENDPOINTS: u64 = 477;
/// ... which held about one endpoint each; a further endpoint weighs what its metadata do.
const FURTHER_ENDPOINT: u64 = 230;
/// A route in its virtual host (envoyproxy/envoy#36169).
const ROUTE: u64 = 424;
/// A listener that routes by host.
const HTTP_LISTENER: u64 = 3_218;
/// A listener that routes by address.
const TCP_LISTENER: u64 = 1_308;
/// The virtual inbound and outbound listeners of a sidecar.
const VIRTUAL_LISTENERS: u64 = 14_700;

/// Counts of what is sent.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sent {
    /// Clusters sent by istiod.
    pub clusters: u64,
    /// Clusters with endpoints of their own discovery.
    pub discovered: u64,
    /// Endpoints of these.
    pub endpoints: u64,
    /// Listeners that route by host.
    pub http_listeners: u64,
    /// Listeners that route by address.
    pub tcp_listeners: u64,
    /// Whether there are a virtual inbound and outbound listener.
    pub is_sidecar: bool,
    /// Routes in route tables sent on their own.
    pub routes: u64,
}

/// Bytes a sidecar is sent of so many services with so many endpoints: one HTTP port each, all by one number.
pub fn of_services(services: u64, endpoints: u64) -> XdsBytes {
    let (clusters, discovered, routes) = (services, services, services);
    bytes(Sent { clusters, discovered, endpoints, http_listeners: 1, tcp_listeners: 0, is_sidecar: true, routes })
}

/// Bytes of all that is sent.
pub(super) fn bytes(sent: Sent) -> XdsBytes {
    let of = |count: u64, size: u64| count.saturating_mul(size);
    let further = sent.endpoints.saturating_sub(sent.discovered);
    let listeners = of(sent.http_listeners, HTTP_LISTENER)
        .saturating_add(of(sent.tcp_listeners, TCP_LISTENER))
        .saturating_add(if sent.is_sidecar { VIRTUAL_LISTENERS } else { 0 });
    XdsBytes {
        clusters: Bytes::new(of(sent.clusters, CLUSTER)),
        endpoints: Bytes::new(of(sent.discovered, CLUSTER_ENDPOINTS).saturating_add(of(further, FURTHER_ENDPOINT))),
        listeners: Bytes::new(listeners),
        routes: Bytes::new(of(sent.routes, ROUTE)),
    }
}
