//! What every proxy of a kind is sent beside what its scope gives it.

use super::super::VisibleConfig;
use super::counts::Outbound;
use super::gateways::Inbound;
use super::size::{Sent, bytes};
use super::waypoints::Carried;

/// Clusters of every proxy's bootstrap: its agent, metrics, secrets, istiod, tracing.
const BOOTSTRAP_CLUSTERS: u64 = 5;
/// Clusters istiod adds to a sidecar's: the black hole and two that pass through.
const SIDECAR_CLUSTERS: u64 = 3;
/// Clusters istiod adds to a gateway's: the black hole.
const GATEWAY_CLUSTERS: u64 = 1;
/// Clusters istiod adds to a waypoint's: the black hole and the two ends of its tunnels.
const WAYPOINT_CLUSTERS: u64 = 3;
/// Listeners of every proxy: health and metrics, each with a virtual host.
const STATIC_LISTENERS: u64 = 2;
/// Listeners of a sidecar that catch all traffic: inbound and outbound.
const VIRTUAL_LISTENERS: u64 = 2;
/// Virtual hosts of every sidecar for inbound traffic nobody declared: with mutual TLS and without.
const UNDECLARED_VIRTUAL_HOSTS: u64 = 2;
/// Virtual hosts of an inbound HTTP port: with mutual TLS and without.
const VIRTUAL_HOSTS_PER_INBOUND_PORT: u64 = 2;
/// Listeners of a waypoint: tunnels come in, the inside, tunnels go out.
const WAYPOINT_LISTENERS: u64 = 3;

/// What a sidecar is sent with so many ports of its own, and so many of these that carry HTTP.
pub(super) fn at_sidecar(outbound: &Outbound, (ports, http_ports): (u64, u64), own_listeners: u64) -> VisibleConfig {
    let sent_clusters = outbound.clusters + ports + SIDECAR_CLUSTERS;
    let listeners = (outbound.http_listeners + outbound.tcp_listeners).saturating_sub(own_listeners);
    let inbound_virtual_hosts = VIRTUAL_HOSTS_PER_INBOUND_PORT * http_ports + UNDECLARED_VIRTUAL_HOSTS;
    let sent = Sent {
        clusters: sent_clusters,
        discovered: outbound.clusters,
        endpoints: outbound.endpoints,
        http_listeners: outbound.http_listeners,
        tcp_listeners: outbound.tcp_listeners.saturating_sub(own_listeners),
        is_sidecar: true,
        routes: outbound.routes,
    };
    VisibleConfig {
        clusters: sent_clusters + BOOTSTRAP_CLUSTERS,
        endpoints: outbound.endpoints.saturating_add(ports),
        listeners: listeners + VIRTUAL_LISTENERS + STATIC_LISTENERS,
        virtual_hosts: outbound.virtual_hosts + inbound_virtual_hosts + STATIC_LISTENERS,
        routes: outbound.routes + inbound_virtual_hosts + STATIC_LISTENERS,
        xds: bytes(sent),
    }
}

/// A gateway holds clusters, but listens only on its own ports.
pub(super) fn at_gateway(clusters: u64, endpoints: u64, inbound: &Inbound) -> VisibleConfig {
    let sent = Sent {
        clusters: clusters + GATEWAY_CLUSTERS,
        discovered: clusters,
        endpoints,
        http_listeners: inbound.http_listeners,
        tcp_listeners: inbound.tcp_listeners,
        is_sidecar: false,
        routes: inbound.routes,
    };
    VisibleConfig {
        clusters: clusters + GATEWAY_CLUSTERS + BOOTSTRAP_CLUSTERS,
        endpoints,
        listeners: inbound.http_listeners + inbound.tcp_listeners + STATIC_LISTENERS,
        virtual_hosts: inbound.virtual_hosts + STATIC_LISTENERS,
        routes: inbound.routes + STATIC_LISTENERS,
        xds: bytes(sent),
    }
}

/// A waypoint holds its services, and listens to tunnels.
pub(super) fn at_waypoint(carried: &Carried) -> VisibleConfig {
    let sent = Sent {
        clusters: carried.clusters + WAYPOINT_CLUSTERS,
        discovered: carried.clusters,
        endpoints: carried.endpoints,
        http_listeners: WAYPOINT_LISTENERS,
        routes: carried.routes,
        ..Sent::default()
    };
    VisibleConfig {
        clusters: carried.clusters + WAYPOINT_CLUSTERS + BOOTSTRAP_CLUSTERS,
        endpoints: carried.endpoints,
        listeners: WAYPOINT_LISTENERS + STATIC_LISTENERS,
        virtual_hosts: carried.virtual_hosts + STATIC_LISTENERS,
        routes: carried.routes + STATIC_LISTENERS,
        xds: bytes(sent),
    }
}
