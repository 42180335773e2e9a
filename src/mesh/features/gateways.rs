//! Gateways: whether they end TLS of clients, and which calls out of the mesh are led through them.

use std::collections::{BTreeMap, BTreeSet};

use super::super::scope::{gateway_servers, has, hosts};
use super::super::{Mesh, ProxyMode};
use super::{Feature, Origin, WorkloadFeatures};
use crate::inventory::objects::Server;
use crate::inventory::{Inventory, VirtualService, Workload, WorkloadId};

/// Every gateway that ends TLS or lets calls out, by workload.
pub(super) struct Gateways(BTreeMap<WorkloadId, Found>);

/// What was found about a gateway.
#[derive(Default)]
struct Found {
    /// Gateway objects and ports with which it ends TLS.
    tls: BTreeSet<String>,
    /// Hosts that are led through it, and the virtual services that do.
    egress: BTreeMap<String, String>,
}

impl Gateways {
    pub fn new(inventory: &Inventory, mesh: &Mesh) -> Self {
        let members = inventory.workloads.iter().zip(&mesh.members);
        let gateways: Vec<&Workload> =
            members.filter(|(_, member)| member.mode == ProxyMode::Gateway).map(|(workload, _)| workload).collect();
        let mut found: BTreeMap<WorkloadId, Found> = BTreeMap::new();
        for gateway in &gateways {
            let servers = gateway_servers(inventory, gateway);
            let tls: BTreeSet<String> = servers
                .iter()
                .filter(|(_, server)| ends_tls(server))
                .map(|(name, server)| format!("Gateway {name}, port {}", server.port))
                .collect();
            let egress = egress(inventory, gateway);
            if !tls.is_empty() || !egress.is_empty() {
                found.insert(gateway.id.clone(), Found { tls, egress });
            }
        }
        Self(found)
    }

    /// Decides what a gateway does at the edge of the mesh.
    pub fn decide(&self, workload: &Workload, mode: ProxyMode, features: &mut WorkloadFeatures) {
        let Some(found) = self.0.get(&workload.id).filter(|_| mode == ProxyMode::Gateway) else { return };
        if !found.tls.is_empty() {
            features.ends_tls = true;
            let from: Vec<&str> = found.tls.iter().map(String::as_str).collect();
            let words = "all requests over TLS, connections opened as the policy assumes";
            features.decide(vec![Origin::read(Feature::TlsTermination, words, from.join("; "))]);
        }
        let way = |(host, by): (&String, &String)| {
            Origin::read(Feature::Egress, format!("one more proxy on the way to {host}"), by.clone())
        };
        features.decide(found.egress.iter().map(way).collect());
        features.egress_hosts = found.egress.keys().cloned().collect();
    }
}

/// Whether TLS of clients ends at a server, for requests or for plain connections.
fn ends_tls(server: &Server) -> bool {
    server.ends_tls() || (server.protocol.eq_ignore_ascii_case("TLS") && !server.passthrough)
}

/// Hosts of service entries that virtual services of the mesh lead to a gateway's own service.
fn egress(inventory: &Inventory, gateway: &Workload) -> BTreeMap<String, String> {
    let services = inventory.services.iter().filter(|service| {
        let is_of_namespace = service.name.namespace == gateway.id.namespace;
        is_of_namespace && !service.selector.is_empty() && has(&gateway.labels, &service.selector)
    });
    let own: BTreeSet<String> =
        services.map(|service| hosts::of_service(&service.name.name, &service.name.namespace)).collect();
    let outside = |host: &str| {
        let entries = inventory.istio.service_entries.iter();
        entries.flat_map(|entry| &entry.hosts).any(|known| hosts::covers(known, host))
    };
    let mut led = BTreeMap::new();
    for service in inventory.istio.virtual_services.iter().filter(|service| leads_to(service, &own)) {
        for host in service.hosts.iter().filter(|host| outside(host)) {
            led.entry(host.clone()).or_insert_with(|| format!("VirtualService {}", service.name));
        }
    }
    led
}

fn leads_to(service: &VirtualService, own: &BTreeSet<String>) -> bool {
    let routed = service.http.iter().flat_map(|route| &route.destinations).chain(&service.opaque);
    routed.into_iter().any(|it| own.contains(&*hosts::resolved(&it.host, &service.name.namespace)))
}
