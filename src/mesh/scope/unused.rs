//! Configuration that does nothing, or not what it seems to.

use std::collections::{BTreeMap, BTreeSet};

use super::super::findings::{
    SELECTOR_MATCHES_NOTHING, SEVERAL_DEFAULT_SIDECARS, SIDECAR_HOST_MATCHES_NOTHING, SUBSET_NOT_ROUTED,
    WAYPOINT_WITHOUT_SERVICES,
};
use super::super::{Mesh, ProxyMode, Visibility};
use super::chosen::Sidecars;
use super::hosts;
use super::imports::{Offer, Wanted};
use super::selected::has;
use crate::finding::{Finding, Tally};
use crate::inventory::{Inventory, Labels, Sidecar};

/// What was noticed, one finding per kind.
pub(super) fn findings(
    inventory: &Inventory,
    mesh: &Mesh,
    offer: Offer<'_, '_>,
    visibility: &Visibility,
) -> Vec<Finding> {
    [
        several_defaults(inventory),
        empty_selectors(inventory, mesh),
        empty_hosts(inventory, offer),
        unrouted_subsets(inventory, offer),
        empty_waypoints(inventory, mesh, visibility),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn several_defaults(inventory: &Inventory) -> Option<Finding> {
    let sidecars = Sidecars::new(inventory);
    let mut tally = Tally::default();
    for namespace in sidecars.namespaces() {
        let names: Vec<String> = sidecars
            .defaults_of(namespace)
            .filter_map(|index| inventory.istio.sidecars.get(index))
            .map(|sidecar| sidecar.name.to_string())
            .collect();
        if let [first, _, ..] = names.as_slice() {
            tally.add(format_args!("{first} of {}", names.len()));
        }
    }
    tally.finding(&SEVERAL_DEFAULT_SIDECARS, "namespaces", |names| format!("only the oldest holds: {names}"))
}

fn empty_selectors(inventory: &Inventory, mesh: &Mesh) -> Option<Finding> {
    let istio = &inventory.istio;
    let mut tally = Tally::default();
    let selects = |namespace: Option<&str>, selector: &Labels| {
        inventory.workloads.iter().enumerate().any(|(index, workload)| {
            let is_meant = match namespace {
                Some(namespace) => &*workload.id.namespace == namespace,
                None => mesh.members.get(index).is_some_and(|member| member.mode == ProxyMode::Gateway),
            };
            is_meant && has(&workload.labels, selector)
        })
    };
    for sidecar in &istio.sidecars {
        if sidecar.selector.as_ref().is_some_and(|selector| !selects(Some(&sidecar.name.namespace), selector)) {
            tally.add(format_args!("Sidecar {}", sidecar.name));
        }
    }
    for entry in &istio.service_entries {
        let Some(selector) = &entry.selector else { continue };
        let namespace = &entry.name.namespace;
        let selects_entry = || {
            let entries = istio.workload_entries.iter();
            entries.filter(|it| it.name.namespace == *namespace).any(|it| has(&it.labels, selector))
        };
        if !selects(Some(namespace), selector) && !selects_entry() {
            tally.add(format_args!("ServiceEntry {}", entry.name));
        }
    }
    for gateway in &istio.gateways {
        if !selects(None, &gateway.selector) {
            tally.add(format_args!("Gateway {}", gateway.name));
        }
    }
    tally.finding(&SELECTOR_MATCHES_NOTHING, "configuration", |names| format!("no workload of the input: {names}"))
}

/// Hosts of Sidecars that import nothing. A Sidecar of the root namespace speaks for others; of it, hosts
/// of the own namespace are left alone.
fn empty_hosts(inventory: &Inventory, offer: Offer<'_, '_>) -> Option<Finding> {
    let namespaces: BTreeSet<&str> = offer.registry.hosts.iter().map(|host| host.namespace).collect();
    let root = inventory.istio.mesh.root_namespace();
    let mut tally = Tally::default();
    for sidecar in &inventory.istio.sidecars {
        let own = &*sidecar.name.namespace;
        for host in sidecar.egress.iter().flat_map(|listener| &listener.hosts) {
            let is_none = host.starts_with("~/");
            let is_of_others = own == root && host.starts_with("./");
            if !is_none && !is_of_others && !imports(sidecar, host, offer, &namespaces) {
                tally.add(format_args!("{host} of {}", sidecar.name));
            }
        }
    }
    tally.finding(&SIDECAR_HOST_MATCHES_NOTHING, "Sidecars", |names| format!("import nothing: {names}"))
}

fn imports(sidecar: &Sidecar, host: &String, offer: Offer<'_, '_>, namespaces: &BTreeSet<&str>) -> bool {
    let Some((of, pattern)) = host.split_once('/') else { return false };
    let own = &*sidecar.name.namespace;
    let of = if of == "." { own } else { of };
    if pattern == "*" && namespaces.contains(of) {
        return true;
    }
    let wanted = Wanted::new(std::slice::from_ref(host), own);
    let exact = !hosts::is_wildcard(pattern);
    let known = offer.registry.named(pattern).iter().filter_map(|&index| offer.registry.hosts.get(index));
    let imports_host = if exact {
        known.into_iter().any(|host| wanted.host(host))
    } else {
        offer.registry.hosts.iter().any(|host| wanted.host(host))
    };
    imports_host || offer.routes.iter().any(|route| wanted.route(route))
}

fn unrouted_subsets(inventory: &Inventory, offer: Offer<'_, '_>) -> Option<Finding> {
    let mut routed: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for target in offer.routes.iter().flat_map(|route| &route.destinations) {
        if let Some(subset) = &target.subset {
            routed.entry(subset).or_default().push(&target.host);
        }
    }
    let mut tally = Tally::default();
    for rule in &inventory.istio.destination_rules {
        let host = hosts::resolved(&rule.host, &rule.name.namespace);
        for subset in &rule.subsets {
            let targets = routed.get(subset.name.as_str()).map(Vec::as_slice).unwrap_or_default();
            if !targets.iter().any(|target| hosts::overlap(&host, target)) {
                tally.add(format_args!("{} of {}", subset.name, rule.name));
            }
        }
    }
    tally.finding(&SUBSET_NOT_ROUTED, "DestinationRules", |names| format!("no route leads to them: {names}"))
}

fn empty_waypoints(inventory: &Inventory, mesh: &Mesh, visibility: &Visibility) -> Option<Finding> {
    let mut tally = Tally::default();
    let members = inventory.workloads.iter().zip(&mesh.members).zip(&visibility.scopes);
    for ((workload, member), scope) in members {
        if member.mode == ProxyMode::Waypoint && scope.seen.namespaces.is_empty() {
            tally.add(&workload.id);
        }
    }
    tally.finding(&WAYPOINT_WITHOUT_SERVICES, "waypoints", |names| format!("no service names them: {names}"))
}
