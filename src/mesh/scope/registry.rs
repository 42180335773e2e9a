//! The hosts istiod knows: Kubernetes' services, and those of service entries.

use std::collections::BTreeMap;

use super::hosts;
use super::protocol::{Protocol, protocol};
use super::selected::Selected;
use crate::inventory::objects::{ExportTo, Resolution, ServicePort};
use crate::inventory::{Inventory, Labels, Service, ServiceEntry};

/// Annotation with which a Kubernetes service says who sees it.
pub const EXPORT_TO: &str = "networking.istio.io/exportTo";

/// Every host istiod knows, once per namespace that defines it.
pub(super) struct Registry<'a> {
    /// Kubernetes' services by namespace and name, then those of service entries, oldest first.
    pub hosts: Vec<Host<'a>>,
    /// Indices of hosts by name, in that order.
    by_name: BTreeMap<String, Vec<usize>>,
    /// What stands behind selectors.
    pub selected: Selected<'a>,
}

/// A host with its ports.
#[derive(Debug)]
pub(super) struct Host<'a> {
    /// Full name, or a wildcard.
    pub name: String,
    /// Namespace of the object that defines it.
    pub namespace: &'a str,
    /// Ports that carry connections.
    pub ports: Vec<Port>,
    /// Endpoints behind each port.
    pub endpoints: u64,
    /// Who sees it.
    pub export_to: ExportTo,
    /// Whether it is a service of Kubernetes, which wins over service entries.
    pub is_kubernetes: bool,
    /// How connections to it are told apart.
    pub address: Address,
    /// Labels of the Kubernetes service.
    pub labels: Option<&'a Labels>,
    /// What stands behind it, to be chosen from by subsets.
    backing: Backing<'a>,
}

/// How connections to a host are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Address {
    /// So many addresses of its own, each with a TCP listener.
    Own(u64),
    /// The addresses of its endpoints, each with a TCP listener.
    Endpoints,
    /// None: its TCP ports listen on every address.
    Any,
}

/// A port that carries connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Port {
    pub number: u16,
    pub protocol: Protocol,
}

#[derive(Debug, Clone, Copy)]
enum Backing<'a> {
    /// Pods and entries with these labels.
    Selector(&'a Labels),
    /// Endpoints it lists, with their labels.
    Listed(&'a [Labels]),
    /// Not known one by one.
    Unknown,
}

impl<'a> Registry<'a> {
    /// The hosts of the namespaces that istiod looks at.
    pub fn new(inventory: &'a Inventory) -> Self {
        let mut registry = Self { hosts: Vec::new(), by_name: BTreeMap::new(), selected: Selected::new(inventory) };
        let discovered = Discovery::new(inventory);
        for service in inventory.services.iter().filter(|service| discovered.holds(&service.name.namespace)) {
            registry.add_service(inventory, service);
        }
        let entries = inventory.istio.service_entries.iter();
        for entry in entries.filter(|entry| discovered.holds(&entry.name.namespace)) {
            registry.add_entry(entry);
        }
        registry
    }

    /// Indices of the hosts of a name, the preferred first.
    pub fn named(&self, name: &str) -> &[usize] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// Names with the indices of their hosts.
    pub fn names(&self) -> impl Iterator<Item = (&str, &[usize])> {
        self.by_name.iter().map(|(name, indices)| (name.as_str(), indices.as_slice()))
    }

    /// Endpoints of a host that carry the labels of a subset.
    pub fn subset_endpoints(&self, host: &Host<'a>, labels: &Labels) -> u64 {
        if labels.is_empty() {
            return host.endpoints;
        }
        match host.backing {
            Backing::Listed(listed) => listed.iter().filter(|it| super::selected::has(it, labels)).count() as u64,
            Backing::Selector(selector) => match self.selected.behind(host.namespace, selector) {
                Some(behind) if behind.endpoints > 0 => self.selected.endpoints_with(behind, labels),
                // Its pods are not in the input, only their number: as many as there can be.
                _ => host.endpoints,
            },
            Backing::Unknown => host.endpoints,
        }
    }

    /// Indices of the workloads behind a host.
    pub fn workloads_behind(&self, host: &Host<'a>) -> &[usize] {
        let Backing::Selector(selector) = host.backing else { return &[] };
        self.selected.behind(host.namespace, selector).map_or(&[], |behind| &behind.workloads)
    }

    /// Per workload, the hosts without an address of their own that it stands behind.
    pub fn without_address(&self, workloads: usize) -> Vec<Vec<usize>> {
        let mut hosts_of = vec![Vec::new(); workloads];
        for (index, host) in self.hosts.iter().enumerate().filter(|(_, host)| host.address == Address::Endpoints) {
            let Backing::Selector(selector) = host.backing else { continue };
            for &workload in self.selected.behind(host.namespace, selector).iter().flat_map(|it| &it.workloads) {
                if let Some(hosts) = hosts_of.get_mut(workload) {
                    hosts.push(index);
                }
            }
        }
        hosts_of
    }

    /// Since Istio 1.21 an ExternalName service is a further name of the host it points to and has no
    /// clusters of its own.
    fn add_service(&mut self, inventory: &'a Inventory, service: &'a Service) {
        if service.external_name {
            return;
        }
        let namespace = &*service.name.namespace;
        let ports = connected(&service.ports);
        let leads = ports.iter().map(|(port, declared)| (target(declared), port.protocol != Protocol::Opaque));
        self.selected.lead(namespace, &service.selector, leads.collect::<Vec<_>>().into_iter());
        let pods = self.selected.behind(namespace, &service.selector).map_or(0, |behind| behind.endpoints);
        let listed = inventory.endpoints.get(&service.name).map_or(0, |it| it.ready.saturating_add(it.not_ready));
        let export_to = service.annotations.get(EXPORT_TO).map(String::as_str).unwrap_or_default();
        self.add(Host {
            name: hosts::of_service(&service.name.name, namespace),
            namespace,
            ports: ports.into_iter().map(|(port, _)| port).collect(),
            endpoints: if pods > 0 { pods } else { listed },
            export_to: ExportTo(
                export_to.split(',').map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned).collect(),
            ),
            is_kubernetes: true,
            address: if service.headless { Address::Endpoints } else { Address::Own(1) },
            labels: Some(&service.labels),
            backing: if service.selector.is_empty() { Backing::Unknown } else { Backing::Selector(&service.selector) },
        });
    }

    fn add_entry(&mut self, entry: &'a ServiceEntry) {
        let namespace = &*entry.name.namespace;
        let ports = connected(&entry.ports);
        if let Some(selector) = &entry.selector {
            let leads = ports.iter().map(|(port, declared)| (target(declared), port.protocol != Protocol::Opaque));
            self.selected.lead(namespace, selector, leads.collect::<Vec<_>>().into_iter());
        }
        let behind = entry.selector.as_ref().and_then(|selector| self.selected.behind(namespace, selector));
        let found = behind.map_or(0, |behind| behind.endpoints) + entry.endpoints.len() as u64;
        let endpoints = match entry.resolution {
            Resolution::None | Resolution::Static => found,
            // Without endpoints, the host itself is looked up.
            Resolution::Dns => found.max(1),
        };
        let address = match (entry.addresses, entry.resolution) {
            (0, Resolution::None) if endpoints > 0 || entry.selector.is_some() => Address::Endpoints,
            (0, _) => Address::Any,
            (addresses, _) => Address::Own(addresses),
        };
        let backing = match &entry.selector {
            Some(selector) => Backing::Selector(selector),
            None if entry.endpoints.is_empty() => Backing::Unknown,
            None => Backing::Listed(&entry.endpoints),
        };
        for name in &entry.hosts {
            self.add(Host {
                name: name.to_ascii_lowercase(),
                namespace,
                ports: ports.iter().map(|(port, _)| *port).collect(),
                endpoints,
                export_to: entry.export_to.clone(),
                is_kubernetes: false,
                address,
                labels: None,
                backing,
            });
        }
    }

    /// Of several hosts of one name in one namespace the first holds.
    fn add(&mut self, host: Host<'a>) {
        let known = self.by_name.entry(host.name.clone()).or_default();
        let is_known =
            known.iter().any(|&index| self.hosts.get(index).is_some_and(|it| it.namespace == host.namespace));
        if !is_known {
            known.push(self.hosts.len());
            self.hosts.push(host);
        }
    }
}

/// Ports that carry connections, each number once.
fn connected(ports: &[ServicePort]) -> Vec<(Port, &ServicePort)> {
    let mut connected: Vec<(Port, &ServicePort)> = Vec::with_capacity(ports.len());
    for declared in ports.iter().filter(|port| port.transport != "UDP") {
        if connected.iter().all(|(port, _)| port.number != declared.port) {
            connected.push((Port { number: declared.port, protocol: protocol(declared) }, declared));
        }
    }
    connected
}

fn target(port: &ServicePort) -> String {
    if port.target.is_empty() { port.port.to_string() } else { port.target.clone() }
}

/// Which namespaces istiod looks at.
pub(super) struct Discovery<'a> {
    inventory: &'a Inventory,
}

impl<'a> Discovery<'a> {
    /// By the mesh's `discoverySelectors`; without any, all.
    pub fn new(inventory: &'a Inventory) -> Self {
        Self { inventory }
    }

    /// Whether objects of a namespace count.
    pub fn holds(&self, namespace: &str) -> bool {
        let selectors = &self.inventory.istio.mesh.discovery_selectors;
        if selectors.is_empty() {
            return true;
        }
        // The API server gives every namespace this label; manifests leave it out.
        let mut labels = self.inventory.namespace_labels(namespace).clone();
        labels.entry("kubernetes.io/metadata.name".to_owned()).or_insert_with(|| namespace.to_owned());
        selectors.iter().any(|selector| selector.iter().all(|requirement| requirement.matches(&labels)))
    }
}
