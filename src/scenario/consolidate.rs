//! Which nodes can go, with every pod placed and the policy held.

use std::collections::BTreeSet;

use super::check::{self, Check, CheckKind};
use super::lose_each;
use super::placed::Placed;
use crate::inventory::Place;
use crate::policy::Policy;

/// Nodes that can go together, emptiest first, and the cluster without them.
///
/// A node goes where its pods find other places and nothing is missed that was met before; the survival of a
/// further loss is looked at last, for ever fewer of the nodes that could go.
pub(super) fn consolidate<'a>(placed: &Placed<'a>, policy: &Policy) -> (Vec<String>, Placed<'a>) {
    let before = check::of_placement(placed, policy, false);
    let mut order: Vec<usize> = (0..placed.inventory.nodes.len()).collect();
    let pods = pods_by_node(placed);
    order.sort_by_key(|&node| {
        (pods.get(node).copied().unwrap_or(0), placed.inventory.nodes.get(node).map(|node| node.name.clone()))
    });
    let mut gone = Vec::new();
    for node in order {
        let trial: BTreeSet<usize> = gone.iter().copied().chain([node]).collect();
        if trial.len() < placed.inventory.nodes.len() && holds(&placed.without(&trial), policy, &before) {
            gone.push(node);
        }
    }
    let survives = |gone: &[usize]| {
        let rest = placed.without(&gone.iter().copied().collect());
        lose_each::nodes(&rest).first().is_none_or(|worst| worst.unplaced == 0)
    };
    if policy.headroom.survive_node_losses > 0 && survives(&[]) {
        let (mut least, mut most) = (0, gone.len());
        while least < most {
            let middle = (least + most).div_ceil(2);
            if survives(gone.get(..middle).unwrap_or_default()) { least = middle } else { most = middle - 1 }
        }
        gone.truncate(least);
    }
    let rest = placed.without(&gone.iter().copied().collect());
    let names = gone.iter().filter_map(|&node| Some(placed.inventory.nodes.get(node)?.name.to_string()));
    (names.collect(), rest)
}

/// Whether everything is met; pods without a node may stay as many as before.
fn holds(placed: &Placed<'_>, policy: &Policy, before: &[Check]) -> bool {
    let after = check::of_placement(placed, policy, false);
    let as_before =
        |after: &Check, before: &Check| after.kind == CheckKind::UnplacedPods && after.found <= before.found;
    after.iter().zip(before).all(|(after, before)| after.met || as_before(after, before))
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
