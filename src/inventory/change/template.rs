//! Changes of a pod template, and of the pods that a rollout makes of it.

use std::collections::HashMap;
use std::sync::Arc;

use super::annotations::{proxy_resources, size_proxy};
use crate::inventory::objects::{AntiAffinityPatch, ContainerPatch, TopologySpread};
use crate::inventory::{Container, Inventory, Labels, PROXY_CONTAINER, PodSpec};

/// Adds annotations to the pods of a workload; where they size the proxy, one that runs follows.
pub(super) fn annotate(inventory: &mut Inventory, index: usize, annotations: &Labels) {
    if annotations.is_empty() {
        return;
    }
    let mut shared: Shared<Labels> = Shared::default();
    let mut add = |known: &Arc<Labels>| {
        shared.changed(known, |known| known.extend(annotations.iter().map(|(key, value)| (key.clone(), value.clone()))))
    };
    let Some(workload) = inventory.workloads.get_mut(index) else { return };
    workload.annotations = add(&workload.annotations);
    let (all, pods) = (Arc::clone(&workload.annotations), workload.pods.clone());
    for pod in inventory.pods.get_mut(pods).unwrap_or_default() {
        pod.annotations = add(&pod.annotations);
    }
    if size_proxy(annotations) {
        let resources = proxy_resources(&all);
        respec(inventory, index, |spec| {
            for proxy in injected(spec) {
                proxy.resources = resources.clone();
            }
        });
    }
}

/// Changes resources of a workload's containers.
pub(super) fn resize(inventory: &mut Inventory, index: usize, patches: &[ContainerPatch]) {
    if patches.is_empty() {
        return;
    }
    respec(inventory, index, |spec| {
        for patch in patches {
            let list = if patch.init { &mut spec.init_containers } else { &mut spec.containers };
            for container in list.iter_mut().filter(|container| container.name == patch.name) {
                container.resources.requests = patch.requests.or(&container.resources.requests);
                container.resources.limits = patch.limits.or(&container.resources.limits);
            }
        }
    });
}

/// Changes how the pods of a workload lie to one another.
pub(super) fn arrange(inventory: &mut Inventory, index: usize, spread: &[TopologySpread], away: &AntiAffinityPatch) {
    if spread.is_empty() && *away == AntiAffinityPatch::default() {
        return;
    }
    respec(inventory, index, |spec| {
        for rule in spread {
            match spec.topology_spread.iter_mut().find(|known| known.topology_key == rule.topology_key) {
                Some(known) => known.clone_from(rule),
                None => spec.topology_spread.push(rule.clone()),
            }
        }
        if let Some(terms) = &away.required {
            spec.pod_anti_affinity.required.clone_from(terms);
        }
        if let Some(terms) = &away.preferred {
            spec.pod_anti_affinity.preferred.clone_from(terms);
        }
        spec.has_pod_constraints = spec.has_rules_between_pods();
    });
}

/// The proxies that injection made: one that is still to be completed takes its resources from the template.
fn injected(spec: &mut PodSpec) -> impl Iterator<Item = &mut Container> {
    let natives = spec.init_containers.iter_mut().filter(|container| container.restartable);
    let all = spec.containers.iter_mut().chain(natives);
    all.filter(|container| container.name == PROXY_CONTAINER && container.image != "auto")
}

fn respec(inventory: &mut Inventory, index: usize, change: impl Fn(&mut PodSpec)) {
    let mut shared: Shared<PodSpec> = Shared::default();
    let Some(workload) = inventory.workloads.get_mut(index) else { return };
    workload.spec = shared.changed(&workload.spec, &change);
    let pods = workload.pods.clone();
    for pod in inventory.pods.get_mut(pods).unwrap_or_default() {
        pod.spec = shared.changed(&pod.spec, &change);
    }
}

/// Values that pods share stay shared: each is changed once.
struct Shared<T>(HashMap<*const T, (Arc<T>, Arc<T>)>);

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Clone> Shared<T> {
    fn changed(&mut self, known: &Arc<T>, change: impl Fn(&mut T)) -> Arc<T> {
        // The old value is kept, so that its address stays its own.
        let entry = self.0.entry(Arc::as_ptr(known)).or_insert_with(|| {
            let mut value = T::clone(known);
            change(&mut value);
            (Arc::clone(known), Arc::new(value))
        });
        Arc::clone(&entry.1)
    }
}
