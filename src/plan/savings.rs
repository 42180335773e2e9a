//! What scoping would save, in the whole mesh: proxies, istiod, and the time a change takes.

use std::collections::{BTreeMap, BTreeSet};

use super::scoping::{called, floor};
use crate::card::ModelCard;
use crate::estimate::Estimate;
use crate::inventory::objects::{Call, Operator, Requirement};
use crate::inventory::{Inventory, Namespace};
use crate::mesh::{self, Mesh, ProxyMode, Visibility};
use crate::overhead::{self, Event, Overhead};
use crate::policy::Policy;
use crate::profile::Profile;
use crate::units::{Cores, Memory, Seconds};

/// What the mesh needs under some scoping.
#[derive(Debug, Clone, PartialEq)]
pub struct Scoped {
    /// Which scoping.
    pub by: ScopedBy,
    /// Clusters an Envoy proxy is sent, on average.
    pub clusters: f64,
    /// Bytes an Envoy proxy is sent when it connects, on average.
    pub sent: Memory,
    /// Steady memory of all Envoy proxies.
    pub proxy_memory: Estimate<Memory>,
    /// Peak memory of an istiod replica that serves its share.
    pub istiod_memory: Estimate<Memory>,
    /// Mean CPU of all replicas of istiod at the policy's churn.
    pub istiod_cpu: Estimate<Cores>,
    /// Replicas of istiod that are needed.
    pub replicas: u64,
    /// Until a change of configuration has reached the last proxy.
    pub config_change: Estimate<Seconds>,
}

/// A scoping of the mesh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScopedBy {
    /// As the input has it.
    Today,
    /// `discoverySelectors` that choose the namespaces of the mesh alone.
    DiscoverySelectors {
        /// Namespaces with services that istiod would no longer look at.
        hidden: u64,
    },
    /// A Sidecar for each workload that is sent more without.
    Sidecars {
        /// Workloads that would be sent less.
        workloads: u64,
        /// Whether they import what calls say; otherwise their own namespace and Istio's.
        by_calls: bool,
    },
}

/// What everything is worked out from.
#[derive(Clone, Copy)]
pub(super) struct Basis<'a> {
    pub inventory: &'a Inventory,
    pub mesh: &'a Mesh,
    pub visibility: &'a Visibility,
    pub profiles: &'a [Profile],
    pub card: &'a ModelCard,
    pub policy: &'a Policy,
    pub overhead: &'a Overhead,
    pub calls: Option<&'a [Call]>,
}

/// The mesh today, and under each scoping that changes anything; empty where none does.
pub(super) fn savings(basis: Basis<'_>) -> Vec<Scoped> {
    if !basis.mesh.members.iter().any(|member| member.mode == ProxyMode::Sidecar) {
        return Vec::new();
    }
    let today = needs(&basis, ScopedBy::Today, basis.visibility, basis.overhead);
    let what_ifs = [discovery_selectors(&basis), sidecars(&basis)];
    let changed: Vec<Scoped> = what_ifs.into_iter().flatten().collect();
    match today {
        Some(today) if !changed.is_empty() => [vec![today], changed].concat(),
        _ => Vec::new(),
    }
}

/// istiod looks at the namespaces of the mesh alone; nothing where it does already, or all are of the mesh.
fn discovery_selectors(basis: &Basis<'_>) -> Option<Scoped> {
    let inventory = basis.inventory;
    if !inventory.istio.mesh.discovery_selectors.is_empty() {
        return None;
    }
    let members = inventory.workloads.iter().zip(&basis.mesh.members);
    let meshed = members.filter(|(_, member)| member.mode != ProxyMode::None);
    let mut namespaces: BTreeSet<&str> = meshed.map(|(workload, _)| &*workload.id.namespace).collect();
    namespaces.insert(inventory.istio.mesh.root_namespace());
    let services = inventory.services.iter().map(|service| &*service.name.namespace);
    let entries = inventory.istio.service_entries.iter().map(|entry| &*entry.name.namespace);
    let hidden: BTreeSet<&str> = services.chain(entries).filter(|namespace| !namespaces.contains(namespace)).collect();
    if hidden.is_empty() {
        return None;
    }
    let mut changed = inventory.clone();
    changed.istio.mesh.discovery_selectors = vec![vec![Requirement {
        key: NAMESPACE_NAME.to_owned(),
        operator: Operator::In,
        values: namespaces.iter().map(|&namespace| namespace.to_owned()).collect(),
    }]];
    name_namespaces(&mut changed.namespaces);
    let (visibility, _) = mesh::scope(&changed, basis.mesh);
    let by = ScopedBy::DiscoverySelectors { hidden: hidden.len() as u64 };
    needs(basis, by, &visibility, &estimate(basis, &changed, &visibility))
}

/// The label by which a namespace is chosen by its name.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// The API server gives every namespace a label with its name; what a dump says otherwise is of no use here.
fn name_namespaces(namespaces: &mut BTreeMap<std::sync::Arc<str>, Namespace>) {
    for (name, namespace) in namespaces {
        namespace.labels.insert(NAMESPACE_NAME.to_owned(), name.to_string());
    }
}

/// Every workload gets a Sidecar; nothing where none would be sent less.
fn sidecars(basis: &Basis<'_>) -> Option<Scoped> {
    let inventory = basis.inventory;
    let hosts_of = |index: usize| match basis.calls {
        None => Some(floor(inventory)),
        Some(calls) => inventory.workloads.get(index).map(|workload| called(inventory, workload, calls).0),
    };
    let visibility = mesh::narrowed_mesh(inventory, basis.mesh, basis.visibility, &hosts_of);
    let pairs = visibility.workloads.iter().zip(&basis.visibility.workloads);
    let workloads = pairs.filter(|(after, before)| after != before).count() as u64;
    if workloads == 0 {
        return None;
    }
    let by = ScopedBy::Sidecars { workloads, by_calls: basis.calls.is_some() };
    needs(basis, by, &visibility, &estimate(basis, inventory, &visibility))
}

fn estimate(basis: &Basis<'_>, inventory: &Inventory, visibility: &Visibility) -> Overhead {
    overhead::estimate(inventory, basis.mesh, visibility, basis.profiles, basis.card, basis.policy)
}

fn needs(basis: &Basis<'_>, by: ScopedBy, visibility: &Visibility, overhead: &Overhead) -> Option<Scoped> {
    let operation = overhead.control_plane.operation.as_ref()?;
    let config_change = operation.times.iter().find(|waiting| waiting.event == Event::ConfigChange)?;
    let members = basis.inventory.workloads.iter().zip(&basis.mesh.members).zip(&visibility.workloads);
    let (mut proxies, mut clusters, mut sent) = (0.0, 0.0, 0.0);
    for ((workload, member), visible) in members {
        if member.mode.runs_envoy() {
            let replicas = workload.replicas as f64;
            proxies += replicas;
            clusters += replicas * visible.clusters as f64;
            sent += replicas * visible.xds.total().get() as f64;
        }
    }
    if proxies <= 0.0 {
        return None;
    }
    let costs = basis.inventory.workloads.iter().zip(&overhead.workloads);
    let memory: Vec<Estimate<Memory>> =
        costs.filter_map(|(workload, cost)| Some(cost.as_ref()?.memory.scaled(workload.replicas as f64))).collect();
    Some(Scoped {
        by,
        clusters: clusters / proxies,
        sent: Memory::from_bytes(sent / proxies),
        proxy_memory: Estimate::sum(&memory),
        istiod_memory: overhead.control_plane.memory.clone(),
        istiod_cpu: operation.cpu.clone(),
        replicas: overhead.control_plane.replicas,
        config_change: config_change.time.clone(),
    })
}
