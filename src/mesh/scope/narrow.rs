//! What proxies would be sent with Sidecars that are not there yet.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::{Mesh, ProxyMode, Scope, Visibility, VisibleConfig};
use super::per_proxy::at_sidecar;
use super::{Context, Shared};
use crate::inventory::objects::EgressListener;
use crate::inventory::{Inventory, Sidecar};

/// What a sidecar of a workload would be sent with a Sidecar of its own that imports `hosts`, each as
/// `namespace/dnsName`; `None` where the workload does not exist.
#[must_use]
pub fn narrowed(inventory: &Inventory, workload: usize, hosts: &[String]) -> Option<VisibleConfig> {
    let context = Context::new(inventory);
    let namespace = &inventory.workloads.get(workload)?.id.namespace;
    let shared = imported(&context, hosts, namespace);
    let ports = context.registry.selected.own_ports().get(workload).copied().unwrap_or_default();
    Some(at_sidecar(&shared.outbound, ports, context.own_listeners(workload, &shared.outbound)))
}

/// The visibility of a mesh in which each workload with a sidecar has a Sidecar of its own that imports what
/// `hosts_of` says of its index; those for which it says nothing, or that are sent less today, stay as they are.
#[must_use]
pub fn narrowed_mesh(
    inventory: &Inventory,
    mesh: &Mesh,
    today: &Visibility,
    hosts_of: &dyn Fn(usize) -> Option<Vec<String>>,
) -> Visibility {
    let mut narrowed = today.clone();
    if inventory.services.is_empty() && inventory.istio.service_entries.is_empty() {
        return narrowed;
    }
    let context = Context::new(inventory);
    let own_ports = context.registry.selected.own_ports();
    let mut scopes: BTreeMap<(&str, Vec<String>), Shared> = BTreeMap::new();
    for (index, (workload, ports)) in inventory.workloads.iter().zip(own_ports).enumerate() {
        let is_sidecar = mesh.members.get(index).is_some_and(|member| member.mode == ProxyMode::Sidecar);
        let Some(hosts) = is_sidecar.then(|| hosts_of(index)).flatten() else { continue };
        let namespace = &*workload.id.namespace;
        let import = || imported(&context, &hosts, namespace);
        let shared = scopes.entry((namespace, hosts.clone())).or_insert_with(import).clone();
        let visible = at_sidecar(&shared.outbound, ports, context.own_listeners(index, &shared.outbound));
        let (Some(sent), Some(scope)) = (narrowed.workloads.get_mut(index), narrowed.scopes.get_mut(index)) else {
            continue;
        };
        if visible.xds.total() < sent.xds.total() {
            *sent = visible;
            *scope = Scope { decided_by: "a Sidecar of its own".to_owned(), seen: shared.seen };
        }
    }
    narrowed
}

fn imported(context: &Context<'_>, hosts: &[String], namespace: &str) -> Shared {
    let egress = vec![EgressListener { hosts: hosts.to_vec(), ..EgressListener::default() }];
    let sidecar = Sidecar { egress, ..Sidecar::default() };
    let imports = context.offer().by_sidecar(&sidecar, namespace);
    Shared {
        outbound: Arc::new(context.counter().outbound(&imports, namespace)),
        seen: Arc::new(context.seen(imports.hosts.keys())),
    }
}
