//! Nodes to add for pods that found none, as autoscalers reckon: filters only, first fit, largest pods first.

use std::collections::BTreeMap;

use super::compile::{Ingredients, compile};
use super::first_fit::FirstFit;
use super::request::pod_request;
use super::run::{can_move, held_back};
use super::state::State;
use super::topology::HOSTNAME;
use super::{Scheduling, Unplaced};
use crate::inventory::objects::NodeResources;
use crate::inventory::{Inventory, Node, runs_daemon};
use crate::resources::Resources;

/// Most nodes proposed; Kubernetes is tested with so many.
const MOST_NODES: usize = 5_000;

/// Nodes to add.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Addition {
    /// How many.
    pub nodes: u64,
    /// Pods that fit on none of them either.
    pub impossible: u64,
}

impl Addition {
    /// Whether as many nodes are proposed as ever are, and pods are left: further nodes might take them.
    #[must_use]
    pub fn is_cut_short(&self) -> bool {
        self.impossible > 0 && self.nodes >= MOST_NODES as u64
    }
}

/// Nodes to add for the pods that found none; nothing without a node to add.
pub(super) fn nodes_to_add(scheduling: &Scheduling<'_>, before: &State<'_>, unplaced: &[Unplaced]) -> Option<Addition> {
    let (node, offered) = scheduling.new_node?;
    let waiting: Vec<usize> = unplaced.iter().map(|one| one.pod).filter(|pod| is_free(scheduling, *pod)).collect();
    if waiting.is_empty() {
        return Some(Addition { nodes: 0, impossible: unplaced.len() as u64 });
    }
    let count = waiting.len().min(MOST_NODES);
    let inventory = scheduling.inventory;
    let added: Vec<Node> = (0..count).map(|number| numbered(node, number)).collect();
    let left = after_daemons(inventory, scheduling, node, offered);
    let nothing = NodeResources { pods: Some(0), ..NodeResources::default() };
    let is_there = |index: &usize| before.nodes.present[before.nodes.position[*index]];
    let there: Vec<usize> = (0..inventory.nodes.len()).filter(is_there).collect();
    let present = there.len();
    let nodes: Vec<&Node> = there.iter().map(|&index| &inventory.nodes[index]).chain(&added).collect();
    let old = there.iter().map(|&index| scheduling.offered.get(index).unwrap_or(&nothing));
    let all_offered: Vec<&NodeResources> = old.chain(added.iter().map(|_| &left)).collect();
    let mut state =
        compile(Ingredients { inventory, profile: scheduling.profile, nodes: &nodes, offered: &all_offered });
    let mut position_of = vec![0; inventory.nodes.len()];
    let positions = state.nodes.position.clone();
    for (index, &position) in there.iter().zip(positions.iter()) {
        position_of[*index] = position;
        if before.nodes.cordoned[before.nodes.position[*index]] {
            state.cordon(position);
        }
    }
    for (pod, one) in before.pods.iter().enumerate() {
        if let Some(node) = one.node() {
            let node = position_of[before.nodes.input[node]];
            state.bind_claims(pod, node);
            state.place(pod, node);
        }
    }
    let mut first_fit = FirstFit::new(&state, count);
    let mut used: BTreeMap<usize, u64> = BTreeMap::new();
    let mut impossible = (unplaced.len() - waiting.len()) as u64;
    for pod in first_fit.order(&state, waiting) {
        match first_fit.node(&state, pod) {
            None => impossible += 1,
            Some(node) => {
                state.bind_claims(pod, node);
                state.place(pod, node);
                *used.entry(node).or_default() += 1;
            }
        }
    }
    let is_new: Vec<usize> = state.nodes.position.iter().skip(present).copied().collect();
    let nodes = is_new.iter().filter(|position| used.contains_key(position)).count() as u64;
    Some(Addition { nodes, impossible })
}

/// Whether a pod is kept off nodes by nothing but nodes.
fn is_free(scheduling: &Scheduling<'_>, pod: usize) -> bool {
    let inventory = scheduling.inventory;
    held_back(&inventory.pods[pod], scheduling.profile).is_none() && can_move(inventory, pod)
}

fn numbered(node: &Node, number: usize) -> Node {
    let name = format!("{}-{number}", node.name);
    let mut labels = node.labels.clone();
    labels.insert(HOSTNAME.to_owned(), name.clone());
    Node { name: name.into(), labels, ..node.clone() }
}

/// What a new node has left once every DaemonSet has put its pod there.
fn after_daemons(
    inventory: &Inventory,
    scheduling: &Scheduling<'_>,
    node: &Node,
    offered: &NodeResources,
) -> NodeResources {
    let daemons = inventory.workloads.iter().filter(|it| &*it.id.kind == "DaemonSet" && runs_daemon(node, &it.spec));
    let (mut asked, mut pods) = (Resources::default(), 0_u64);
    for daemon in daemons {
        asked += &pod_request(&daemon.spec, None, scheduling.profile.version).real;
        pods += 1;
    }
    let slots = offered.pods.map(|slots| slots.saturating_sub(pods));
    NodeResources { resources: offered.resources.clone().saturating_sub(&asked), pods: slots }
}
