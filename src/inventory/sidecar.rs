//! Sidecars that leave.

use std::sync::Arc;

use super::{Container, Inventory, PROXY_CONTAINER, PodSpec, Workload};

/// Containers that Istio injects into a pod (istio/istio, `injection-template.yaml`).
const SIDECAR_CONTAINERS: [&str; 4] = [PROXY_CONTAINER, "istio-init", "istio-validation", "enable-core-dump"];
/// Label and annotation by which a pod itself asks for a sidecar.
const INJECT: &str = "sidecar.istio.io/inject";
/// Label by which a pod asks for the sidecar of a revision.
const REVISION: &str = "istio.io/rev";

/// What a pod runs without its sidecar and the init containers that come with it.
#[must_use]
pub fn without_proxy(spec: &PodSpec) -> PodSpec {
    let is_of_istio = |container: &Container| SIDECAR_CONTAINERS.contains(&&*container.name);
    let mut spec = spec.clone();
    spec.containers.retain(|container| !is_of_istio(container));
    spec.init_containers.retain(|container| !is_of_istio(container));
    spec
}

/// Whether the pods of a workload ask for a sidecar, or for none, themselves, whatever their namespace says.
#[must_use]
pub fn chooses_injection(workload: &Workload) -> bool {
    let labels = &workload.labels;
    labels.contains_key(INJECT) || labels.contains_key(REVISION) || workload.annotations.contains_key(INJECT)
}

/// Takes the sidecars out of the pods of a namespace, but for those that ask for one themselves. Pods that are
/// nothing but a proxy are gateways, and stay.
pub(super) fn leave(inventory: &mut Inventory, namespace: &str) {
    let leaves = |workload: &Workload| {
        &*workload.id.namespace == namespace && !chooses_injection(workload) && has_application(&workload.spec)
    };
    let moving: Vec<bool> = inventory.workloads.iter().map(leaves).collect();
    for (workload, _) in inventory.workloads.iter_mut().zip(&moving).filter(|(_, moves)| **moves) {
        leave_one(&mut workload.spec);
    }
    for pod in &mut inventory.pods {
        if moving.get(pod.workload).copied().unwrap_or(false) {
            leave_one(&mut pod.spec);
        }
    }
}

/// Pods that never had a sidecar go on sharing their specification.
fn leave_one(spec: &mut Arc<PodSpec>) {
    let has_sidecar = spec.containers.iter().chain(&spec.init_containers).any(|it| it.name == PROXY_CONTAINER);
    if has_sidecar {
        *spec = Arc::new(without_proxy(spec));
    }
}

fn has_application(spec: &PodSpec) -> bool {
    spec.containers.iter().any(|container| container.name != PROXY_CONTAINER)
}
