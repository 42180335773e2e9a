//! Which nodes can go, with every pod placed and the policy held.

use std::collections::BTreeSet;

use super::lose_each;
use super::placed::Placed;
use crate::inventory::Place;
use crate::placement::Fill;
use crate::policy::Policy;
use crate::resources::Resources;
use crate::scheduler::Session;

/// Nodes that can go together, of those that may, emptiest first, and the cluster without them.
///
/// Blocks of nodes are tried, and their halves where a block cannot go. A block goes where no further pod is left
/// without a node and the headroom target is kept; the survival of a further loss is looked at last, for ever fewer of
/// the nodes that could go.
pub(super) fn consolidate<'a>(
    placed: &Placed<'a>,
    policy: &Policy,
    may_go: &dyn Fn(usize) -> bool,
) -> (Vec<String>, Placed<'a>) {
    let mut order: Vec<usize> = (0..placed.inventory.nodes.len()).filter(|&node| may_go(node)).collect();
    let pods = pods_by_node(placed);
    let name = |node: usize| placed.inventory.nodes.get(node).map(|node| node.name.clone());
    order.sort_by_key(|&node| (pods.get(node).copied().unwrap_or(0), name(node)));
    let mut gone = Vec::new();
    Trials { placed, policy, session: placed.session() }.take(&order, &mut gone);
    let without = |gone: &[usize]| placed.without(&gone.iter().copied().collect::<BTreeSet<usize>>());
    let survives = |gone: &[usize]| lose_each::nodes(&without(gone)).first().is_none_or(|worst| worst.unplaced == 0);
    if policy.headroom.survive_node_losses > 0 && !gone.is_empty() {
        let (mut least, mut most) = (0, gone.len());
        while least < most {
            let middle = (least + most).div_ceil(2);
            if survives(gone.get(..middle).unwrap_or_default()) { least = middle } else { most = middle - 1 }
        }
        gone.truncate(least);
    }
    (gone.iter().filter_map(|&node| Some(name(node)?.to_string())).collect(), without(&gone))
}

/// Asks what the cluster would be without some nodes.
struct Trials<'p, 'a> {
    placed: &'p Placed<'a>,
    policy: &'p Policy,
    session: Session<'p>,
}

impl Trials<'_, '_> {
    /// Adds to `gone` what of a block can go beside it.
    fn take(&self, block: &[usize], gone: &mut Vec<usize>) {
        let trial: BTreeSet<usize> = gone.iter().chain(block).copied().collect();
        if !block.is_empty() && self.holds_without(&trial) {
            gone.extend_from_slice(block);
        } else if block.len() > 1 {
            let (emptier, fuller) = block.split_at(block.len() / 2);
            self.take(emptier, gone);
            self.take(fuller, gone);
        }
    }

    fn holds_without(&self, lost: &BTreeSet<usize>) -> bool {
        let Placed { offered, unplaced, .. } = self.placed;
        if lost.len() >= offered.len() {
            return false;
        }
        let kept = || (0..offered.len()).filter(|node| !lost.contains(node));
        let mut allocatable = Resources::default();
        for node in kept().filter_map(|node| offered.get(node)) {
            allocatable += &node.resources;
        }
        let trials = self.session.forks(1, |fork, _| {
            fork.lose_nodes(lost.iter().copied());
            let left = fork.place_all();
            let mut requested = Resources::default();
            for node in kept() {
                requested += &fork.requested(node);
            }
            (left, requested)
        });
        trials.into_iter().all(|(left, requested)| {
            let fill = Fill { allocatable: allocatable.clone(), requested, ..Fill::default() };
            left <= unplaced.len() && fill.keeps(self.policy.headroom.target)
        })
    }
}

fn pods_by_node(placed: &Placed<'_>) -> Vec<u64> {
    let mut pods = vec![0; placed.inventory.nodes.len()];
    for pod in &placed.inventory.pods {
        if let Place::On(node) = pod.place
            && let Some(count) = pods.get_mut(node)
        {
            *count += 1;
        }
    }
    pods
}
