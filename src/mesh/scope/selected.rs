//! Which workloads stand behind which selectors, worked out once for each selector of a namespace.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::{Inventory, Labels, WorkloadEntry};

/// What stands behind the selectors of services and service entries.
pub(super) struct Selected<'a> {
    inventory: &'a Inventory,
    behind: BTreeMap<(&'a str, &'a Labels), Behind<'a>>,
}

/// What stands behind a selector.
#[derive(Default)]
pub(super) struct Behind<'a> {
    /// Indices of workloads.
    pub workloads: Vec<usize>,
    /// Workloads outside Kubernetes.
    pub entries: Vec<&'a WorkloadEntry>,
    /// Pods of the workloads, and the entries.
    pub endpoints: u64,
    /// Ports of the pods that all services with this selector lead to, and whether they carry HTTP.
    pub ports: BTreeSet<(String, bool)>,
}

/// Indices of the workloads behind each service of an inventory, in the order of its services.
#[must_use]
pub fn behind_services(inventory: &Inventory) -> Vec<Vec<usize>> {
    let selected = Selected::new(inventory);
    let services = inventory.services.iter();
    let behind = services.map(|service| selected.behind(&service.name.namespace, &service.selector));
    behind.map(|behind| behind.map(|it| it.workloads.clone()).unwrap_or_default()).collect()
}

/// Indices of workloads by namespace and label, as far as a selector asks for the label.
type Labelled<'a> = BTreeMap<(&'a str, &'a str, &'a str), Vec<usize>>;

impl<'a> Selected<'a> {
    /// Works out what stands behind each selector; an empty one selects nothing: the service has its
    /// endpoints made by hand.
    pub fn new(inventory: &'a Inventory) -> Self {
        let selectors: BTreeSet<(&str, &Labels)> = selectors(inventory).collect();
        let labelled = labelled(inventory, &selectors);
        let behind = selectors.into_iter().map(|key| (key, Behind::new(key, &labelled, inventory))).collect();
        Self { inventory, behind }
    }

    /// What stands behind a selector of a namespace.
    pub fn behind(&self, namespace: &'a str, selector: &'a Labels) -> Option<&Behind<'a>> {
        self.behind.get(&(namespace, selector))
    }

    /// Notes ports of pods that a service leads to.
    pub fn lead(&mut self, namespace: &'a str, selector: &'a Labels, ports: impl Iterator<Item = (String, bool)>) {
        if let Some(behind) = self.behind.get_mut(&(namespace, selector)) {
            behind.ports.extend(ports);
        }
    }

    /// How many of the endpoints behind a selector carry further labels.
    pub fn endpoints_with(&self, behind: &Behind<'_>, labels: &Labels) -> u64 {
        let pods = behind.workloads.iter().filter_map(|&index| self.inventory.workloads.get(index));
        let pods: u64 = pods.filter(|workload| has(&workload.labels, labels)).map(|workload| workload.replicas).sum();
        pods + behind.entries.iter().filter(|entry| has(&entry.labels, labels)).count() as u64
    }

    /// Ports that lead to each workload: all of them, and those of them that carry HTTP.
    pub fn own_ports(&self) -> Vec<(u64, u64)> {
        let mut selected_by: Vec<Vec<&BTreeSet<(String, bool)>>> = vec![Vec::new(); self.inventory.workloads.len()];
        for behind in self.behind.values() {
            for &index in &behind.workloads {
                if let Some(sets) = selected_by.get_mut(index) {
                    sets.push(&behind.ports);
                }
            }
        }
        selected_by.iter().map(|sets| count(sets)).collect()
    }
}

/// Ports by number or name, each once; one that carries HTTP for any service carries HTTP.
fn count(sets: &[&BTreeSet<(String, bool)>]) -> (u64, u64) {
    let mut ports: BTreeMap<&str, bool> = BTreeMap::new();
    for (port, http) in sets.iter().copied().flatten() {
        *ports.entry(port).or_default() |= http;
    }
    (ports.len() as u64, ports.values().filter(|http| **http).count() as u64)
}

fn selectors(inventory: &Inventory) -> impl Iterator<Item = (&str, &Labels)> {
    let services = inventory.services.iter().map(|service| (&*service.name.namespace, &service.selector));
    let entries = inventory.istio.service_entries.iter();
    let entries =
        entries.filter_map(|entry| entry.selector.as_ref().map(|selector| (&*entry.name.namespace, selector)));
    services.chain(entries).filter(|(_, selector)| !selector.is_empty())
}

impl<'a> Behind<'a> {
    fn new((namespace, selector): (&str, &Labels), labelled: &Labelled<'_>, inventory: &'a Inventory) -> Self {
        // The rarest label leaves the fewest workloads to look at.
        let candidates = selector
            .iter()
            .map(|(key, value)| labelled.get(&(namespace, key, value)).map_or(&[] as &[usize], Vec::as_slice))
            .min_by_key(|workloads| workloads.len())
            .unwrap_or_default();
        let chosen = candidates
            .iter()
            .filter_map(|&index| inventory.workloads.get(index).map(|workload| (index, workload)))
            .filter(|(_, workload)| has(&workload.labels, selector));
        let mut behind = Self::default();
        for (index, workload) in chosen {
            behind.workloads.push(index);
            behind.endpoints += workload.replicas;
        }
        let entries = inventory.istio.workload_entries.iter();
        behind.entries =
            entries.filter(|entry| &*entry.name.namespace == namespace && has(&entry.labels, selector)).collect();
        behind.endpoints += behind.entries.len() as u64;
        behind
    }
}

fn labelled<'a>(inventory: &'a Inventory, selectors: &BTreeSet<(&'a str, &'a Labels)>) -> Labelled<'a> {
    let mut labelled: Labelled<'_> = BTreeMap::new();
    for (namespace, selector) in selectors {
        for (key, value) in *selector {
            labelled.entry((namespace, key, value)).or_default();
        }
    }
    for (index, workload) in inventory.workloads.iter().enumerate() {
        for (key, value) in &*workload.labels {
            if let Some(workloads) = labelled.get_mut(&(&*workload.id.namespace, key.as_str(), value.as_str())) {
                workloads.push(index);
            }
        }
    }
    labelled
}

/// Whether labels hold all of `wanted`.
pub(in crate::mesh) fn has(labels: &Labels, wanted: &Labels) -> bool {
    wanted.iter().all(|(key, value)| labels.get(key) == Some(value))
}
