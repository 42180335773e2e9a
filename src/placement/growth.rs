//! Which pods leave their node when planned requests no longer fit there.

use super::demand::Demands;
use super::settle::settle;
use super::site::Sites;
use super::{Fill, Headroom, NodeFill, PodDemand, add};
use crate::inventory::Node;
use crate::inventory::objects::NodeResources;
use crate::policy::Policy;
use crate::resources::Resources;

/// Pods that growth pushes off their node, by index in `planned`, by the rule of [`super::assess`].
#[must_use]
pub fn displaced_by_growth(
    nodes: &[Node],
    allocatable: &[NodeResources],
    today: &[PodDemand<'_>],
    planned: &[PodDemand<'_>],
    policy: &Policy,
) -> Vec<usize> {
    let (_, offered) = add::new_node(nodes, policy);
    let yardstick = [offered.resources.cpu.get(), offered.resources.memory.get(), u64::MAX, policy.node_pool.pods];
    let mut sites = Sites::new(nodes, allocatable);
    let demands = Demands::new(planned, nodes.len(), yardstick);
    let before = Headroom { nodes: requested(nodes, today), ..Headroom::default() };
    let (node_of, _) = settle(&mut sites, &demands, Some(&before), &mut Vec::new());
    let had_one = |pod: &PodDemand<'_>| pod.node.is_some_and(|node| node < nodes.len());
    let pods = planned.iter().zip(node_of).enumerate();
    pods.filter(|(_, (pod, node))| had_one(pod) && node.is_none()).map(|(index, _)| index).collect()
}

/// What the pods of each node ask for.
fn requested(nodes: &[Node], pods: &[PodDemand<'_>]) -> Vec<NodeFill> {
    let empty = |node: &Node| NodeFill {
        name: node.name.to_string(),
        zone: String::new(),
        fill: Fill::default(),
        mesh: Resources::default(),
        schedulable: true,
    };
    let mut fills: Vec<NodeFill> = nodes.iter().map(empty).collect();
    for pod in pods {
        if let Some(node) = pod.node.and_then(|node| fills.get_mut(node)) {
            node.fill.requested += pod.request;
            node.fill.pods += 1;
        }
    }
    fills
}
