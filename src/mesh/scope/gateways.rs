//! What gateways listen on and route.

use std::collections::{BTreeMap, BTreeSet};

use super::hosts;
use super::imports::Offer;
use super::registry::Discovery;
use super::routes::{Route, api_gateway, istio_gateway};
use super::selected::has;
use crate::inventory::objects::Server;
use crate::inventory::{Inventory, Workload};

/// Label with which istiod ties the pods of a gateway to its Gateway API object.
const GATEWAY_NAME: &str = "gateway.networking.k8s.io/gateway-name";

/// Listeners and routes of a gateway.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Inbound {
    /// Listeners that route by host.
    pub http_listeners: u64,
    /// Listeners that route by server name or address.
    pub tcp_listeners: u64,
    /// Virtual hosts.
    pub virtual_hosts: u64,
    /// Routes over all virtual hosts.
    pub routes: u64,
}

/// Servers of a gateway workload, each with what routes call its Gateway object.
pub(in crate::mesh) fn servers<'a>(inventory: &'a Inventory, workload: &Workload) -> Vec<(String, &'a Server)> {
    let discovered = Discovery::new(inventory);
    let of_istio = inventory
        .istio
        .gateways
        .iter()
        .filter(|gateway| discovered.holds(&gateway.name.namespace) && has(&workload.labels, &gateway.selector))
        .flat_map(|gateway| gateway.servers.iter().map(|server| (istio_gateway(&gateway.name), server)));
    let own_name = workload.labels.get(GATEWAY_NAME);
    let of_api = inventory
        .gateways
        .iter()
        .filter(|gateway| {
            gateway.name.namespace == workload.id.namespace && own_name.is_some_and(|name| **name == *gateway.name.name)
        })
        .flat_map(|gateway| gateway.servers.iter().map(|server| (api_gateway(&gateway.name), server)));
    of_istio.chain(of_api).collect()
}

/// What a gateway of a namespace is sent for its servers: a listener per port, a route table per port, or
/// per server where TLS ends; in it a virtual host for each host that routes bring, else one that refuses.
pub(super) fn inbound(servers: &[(String, &Server)], offer: Offer<'_, '_>, namespace: &str) -> Inbound {
    let ports: BTreeMap<u16, bool> = servers.iter().map(|(_, server)| (server.port, server.routes_http())).collect();
    let http = ports.values().filter(|http| **http).count() as u64;
    let mut inbound = Inbound { http_listeners: http, tcp_listeners: ports.len() as u64 - http, ..Inbound::default() };
    let mut tables: BTreeMap<(u16, usize), Vec<(&str, &Server)>> = BTreeMap::new();
    for (index, (gateway, server)) in servers.iter().enumerate().filter(|(_, (_, server))| server.routes_http()) {
        let own_table = if server.ends_tls() { index + 1 } else { 0 };
        tables.entry((server.port, own_table)).or_default().push((gateway, server));
    }
    for ((port, _), servers) in tables {
        let (virtual_hosts, routes) = table(port, &servers, offer, namespace);
        inbound.virtual_hosts += virtual_hosts.max(1);
        inbound.routes += routes.max(1);
    }
    inbound
}

fn table(port: u16, servers: &[(&str, &Server)], offer: Offer<'_, '_>, namespace: &str) -> (u64, u64) {
    let mut virtual_hosts: BTreeMap<&str, u64> = BTreeMap::new();
    for (gateway, server) in servers {
        for route in bound(offer, gateway, namespace) {
            let routes = route.count(gateway, port);
            let taken = route.hosts.iter().filter(|host| takes(server, host, route.namespace));
            for host in taken.filter(|_| routes > 0) {
                // Routes for one host of several objects are put together.
                *virtual_hosts.entry(host).or_default() += routes;
            }
        }
    }
    (virtual_hosts.len() as u64, virtual_hosts.values().sum())
}

/// Hosts that the routes of a gateway's servers lead to.
pub(super) fn destinations<'r>(
    servers: &[(String, &Server)],
    offer: Offer<'r, '_>,
    namespace: &str,
) -> BTreeSet<&'r str> {
    let names: BTreeSet<&str> = servers.iter().map(|(gateway, _)| gateway.as_str()).collect();
    names
        .into_iter()
        .flat_map(|gateway| bound(offer, gateway, namespace).flat_map(|route| &route.destinations))
        .map(|target| target.host.as_str())
        .collect()
}

fn bound<'r>(offer: Offer<'r, '_>, gateway: &str, namespace: &str) -> impl Iterator<Item = &'r Route<'r>> {
    let default = &offer.mesh.virtual_service_export_to;
    offer
        .routes
        .iter()
        .filter(move |route| route.is_bound_to(gateway) && route.export_to.shows(route.namespace, namespace, default))
}

/// Whether a server takes a host of a route: `namespace/dnsName`, with `.` and `*` as in a Sidecar, or a
/// name alone.
fn takes(server: &Server, host: &str, namespace: &str) -> bool {
    let matches = |written: &String| {
        let (of, pattern) = written.split_once('/').unwrap_or(("*", written));
        (of == "*" || of == "." || of == namespace) && hosts::overlap(&pattern.to_ascii_lowercase(), host)
    };
    server.hosts.is_empty() || server.hosts.iter().any(matches)
}
