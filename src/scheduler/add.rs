//! Nodes to add for pods that found none, as autoscalers reckon: filters only, first fit, largest pods first.

use std::collections::{BTreeMap, BTreeSet};

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

/// Nodes like one that offers so much, to add for the pods that found none.
pub(super) fn nodes_to_add(
    scheduling: &Scheduling<'_>,
    before: &State<'_>,
    unplaced: &[Unplaced],
    (node, offered): (&Node, &NodeResources),
) -> Addition {
    let waiting: Vec<usize> = unplaced.iter().map(|one| one.pod).filter(|pod| is_free(scheduling, *pod)).collect();
    if waiting.is_empty() {
        return Addition { nodes: 0, impossible: unplaced.len() as u64 };
    }
    let held = unplaced.len() - waiting.len();
    let left = after_daemons(scheduling.inventory, scheduling, node, offered);
    let most = waiting.len().min(MOST_NODES);
    let mut count = guess(before, &waiting, &left).min(most);
    loop {
        let (used, refused) = place_on_new(scheduling, before, &waiting, (node, &left), count);
        // As long as one stays empty, what it does not take no further one takes.
        if used < count || count == most {
            return Addition { nodes: used as u64, impossible: (held + refused) as u64 };
        }
        count = (count * 2).min(most);
    }
}

/// So many new nodes are tried first: a fourth more than the sum of what pods ask for fills, and a few.
fn guess(before: &State<'_>, waiting: &[usize], left: &NodeResources) -> usize {
    let room = before.nodes.columns.amounts(&left.resources);
    let mut asked: BTreeMap<usize, i128> = BTreeMap::new();
    for &(column, amount) in waiting.iter().flat_map(|&pod| &before.class_of(pod).asked) {
        *asked.entry(column).or_default() += i128::from(amount);
    }
    let filled = |&(column, room): &(usize, i64)| asked.get(&column).map_or(0, |asked| asked / i128::from(room.max(1)));
    let by_room = room.iter().map(filled).max().unwrap_or(0);
    let by_slots = left.pods.map_or(0, |slots| waiting.len() as i128 / i128::from(slots.max(1)));
    const A_FEW: i128 = 8;
    let filled = by_room.max(by_slots);
    usize::try_from(filled + filled / 4 + A_FEW).unwrap_or(MOST_NODES)
}

/// How many of `count` new nodes get a pod, and how many pods find none.
pub(super) fn place_on_new(
    scheduling: &Scheduling<'_>,
    before: &State<'_>,
    waiting: &[usize],
    (node, left): (&Node, &NodeResources),
    count: usize,
) -> (usize, usize) {
    let inventory = scheduling.inventory;
    let added: Vec<Node> = (0..count).map(|number| numbered(node, number)).collect();
    let nothing = NodeResources { pods: Some(0), ..NodeResources::default() };
    let is_there = |index: &usize| before.nodes.present[before.nodes.position[*index]];
    let there: Vec<usize> = (0..inventory.nodes.len()).filter(is_there).collect();
    let present = there.len();
    let nodes: Vec<&Node> = there.iter().map(|&index| &inventory.nodes[index]).chain(&added).collect();
    let old = there.iter().map(|&index| scheduling.offered.get(index).unwrap_or(&nothing));
    let all_offered: Vec<&NodeResources> = old.chain(added.iter().map(|_| left)).collect();
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
    let mut used: BTreeSet<usize> = BTreeSet::new();
    let mut refused = 0;
    for pod in first_fit.order(&state, waiting.to_vec()) {
        match first_fit.node(&state, pod) {
            None => refused += 1,
            Some(node) => {
                state.bind_claims(pod, node);
                state.place(pod, node);
                used.insert(node);
            }
        }
    }
    (state.nodes.position.iter().skip(present).filter(|position| used.contains(position)).count(), refused)
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
