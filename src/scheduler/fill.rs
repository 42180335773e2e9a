//! How full nodes are once pods are placed.

use std::collections::BTreeMap;

use super::request::pod_request;
use super::{KubernetesVersion, Placement};
use crate::inventory::objects::Container;
use crate::inventory::{Inventory, PROXY_CONTAINER, Place, PodSpec};
use crate::resources::Resources;

/// What the pods on a node ask for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeFill {
    /// All of them.
    pub requested: Resources,
    /// Proxies of the mesh among it: sidecars, gateways, waypoints and ztunnel, by the name of their container.
    pub mesh: Resources,
}

/// How full every node of an inventory is after a placement, in its order.
#[must_use]
pub fn fills(inventory: &Inventory, placement: &Placement, version: KubernetesVersion) -> Vec<NodeFill> {
    let mut fills = vec![NodeFill::default(); inventory.nodes.len()];
    let mut decided: BTreeMap<usize, Option<usize>> =
        placement.placed.iter().map(|&(pod, node)| (pod, Some(node))).collect();
    decided.extend(placement.unplaced.iter().map(|one| (one.pod, None)));
    for (index, pod) in inventory.pods.iter().enumerate() {
        let stays = if let Place::On(node) = pod.place { Some(node) } else { None };
        let node = decided.get(&index).copied().unwrap_or(stays);
        let Some(fill) = node.and_then(|node| fills.get_mut(node)) else { continue };
        fill.requested += &pod_request(&pod.spec, pod.life.resized.as_deref(), version).real;
        fill.mesh += &of_proxies(&pod.spec);
    }
    fills
}

fn of_proxies(spec: &PodSpec) -> Resources {
    let sidecars = spec.init_containers.iter().filter(|init| init.restartable);
    let is_proxy = |container: &&Container| container.name == PROXY_CONTAINER;
    let mut sum = Resources::default();
    for proxy in spec.containers.iter().chain(sidecars).filter(is_proxy) {
        sum += &proxy.resources.effective_requests().to_resources();
    }
    sum
}
