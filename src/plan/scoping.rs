//! What a Sidecar of its own would leave of what a workload's proxy is sent.

use std::collections::BTreeSet;

use super::Inputs;
use crate::estimate::Estimate;
use crate::groundwork::Groundwork;
use crate::inventory::objects::{Call, ObjectName};
use crate::inventory::{Inventory, Service, Workload};
use crate::mesh::{self, ProxyMode, VisibleConfig};
use crate::overhead::{self, ProxyState};
use crate::units::Memory;

/// What a workload's proxy would be sent with a Sidecar of its own, and what it would need then.
#[derive(Debug, Clone, PartialEq)]
pub struct Scoping {
    /// Kind of the workload: several kinds may share a name.
    pub kind: String,
    /// What the Sidecar imports, each as `namespace/dnsName`.
    pub hosts: Vec<String>,
    /// Where the hosts come from.
    pub basis: ScopingBasis,
    /// What would be sent.
    pub visible: VisibleConfig,
    /// Steady memory of each proxy then.
    pub memory: Estimate<Memory>,
    /// Peak while configuration is first loaded then.
    pub startup_memory: Estimate<Memory>,
}

/// Where the hosts of a [`Scoping`] come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScopingBasis {
    /// Nobody said whom the workload calls: its own namespace and Istio's, the usual floor.
    Floor,
    /// Calls that were given.
    Calls {
        /// Services and hosts it calls.
        known: u64,
        /// Called, but no service or workload of the input.
        unknown: Vec<String>,
    },
}

/// The scoping of every workload of that name that has a sidecar.
#[must_use]
pub fn scoping(inputs: &Inputs, namespace: &str, name: &str, calls: Option<&[Call]>) -> Vec<Scoping> {
    let is_named = |workload: &Workload| &*workload.id.namespace == namespace && &*workload.id.name == name;
    if !inputs.inventory.workloads.iter().any(is_named) {
        return Vec::new();
    }
    let Groundwork { inventory, mesh, profiles, .. } =
        Groundwork::new(inputs.inventory.clone(), &inputs.policy, &inputs.card);
    let scoped = |(index, workload): (usize, &Workload)| {
        let member = mesh.members.get(index).filter(|member| member.mode == ProxyMode::Sidecar)?;
        let (hosts, basis) = match calls {
            None => (floor(&inventory), ScopingBasis::Floor),
            Some(calls) => called(&inventory, workload, calls),
        };
        let visible = mesh::narrowed(&inventory, index, &hosts)?;
        let (proxy, profile) = (member.proxy.as_ref()?, profiles.get(index)?);
        let features = mesh.features.get(index)?.clone();
        let state = ProxyState { workload, proxy, profile, visible, features };
        let memory = overhead::proxy_memory(&inputs.card, &inputs.policy.sizing, &state);
        let (memory, startup_memory) = (memory.steady, memory.startup);
        Some(Scoping { kind: workload.id.kind.to_string(), hosts, basis, visible, memory, startup_memory })
    };
    inventory.workloads.iter().enumerate().filter(|(_, workload)| is_named(workload)).filter_map(scoped).collect()
}

/// The own namespace and that of Istio itself.
pub(super) fn floor(inventory: &Inventory) -> Vec<String> {
    vec!["./*".to_owned(), istio(inventory)]
}

/// What a workload calls, each as `namespace/dnsName`, and Istio itself.
#[must_use]
pub fn called(inventory: &Inventory, workload: &Workload, calls: &[Call]) -> (Vec<String>, ScopingBasis) {
    let own = ObjectName { namespace: workload.id.namespace.clone(), name: workload.id.name.clone() };
    let mut hosts = BTreeSet::new();
    let mut unknown = BTreeSet::new();
    for call in calls.iter().filter(|call| call.from == own) {
        let found = callee(inventory, &call.to);
        if found.is_empty() {
            unknown.insert(call.to.to_string());
        }
        hosts.extend(found);
    }
    let basis = ScopingBasis::Calls { known: hosts.len() as u64, unknown: unknown.into_iter().collect() };
    hosts.insert(istio(inventory));
    (hosts.into_iter().collect(), basis)
}

fn istio(inventory: &Inventory) -> String {
    format!("{}/*", inventory.istio.mesh.root_namespace())
}

/// The hosts behind a name: a service, else the services of a workload of that name, else, without a
/// namespace, a host of a service entry.
fn callee(inventory: &Inventory, name: &ObjectName) -> Vec<String> {
    let host = |service: &Service| format!("{0}/{1}.{0}.svc.cluster.local", service.name.namespace, service.name.name);
    if name.namespace.is_empty() {
        let entries = inventory.istio.service_entries.iter();
        let is_known = entries.flat_map(|entry| &entry.hosts).any(|known| **known == *name.name);
        return is_known.then(|| format!("*/{}", name.name)).into_iter().collect();
    }
    let services: Vec<&Service> =
        inventory.services.iter().filter(|service| service.name.namespace == name.namespace).collect();
    if let Some(service) = services.iter().find(|service| service.name == *name) {
        return vec![host(service)];
    }
    let workloads = inventory.workloads.iter();
    let workloads: Vec<&Workload> =
        workloads.filter(|it| it.id.namespace == name.namespace && it.id.name == name.name).collect();
    let leads_to = |service: &&&Service| {
        !service.selector.is_empty()
            && workloads.iter().any(|it| service.selector.iter().all(|(key, value)| it.labels.get(key) == Some(value)))
    };
    services.iter().filter(leads_to).map(|service| host(service)).collect()
}
