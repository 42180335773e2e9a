//! Every node, or every zone, fails in turn: which loss is worst.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::answer::Loss;
use super::known;
use super::placed::Placed;
use crate::scheduler::{self, Unplaced};

/// What the loss of each node does, worst first; of equals the first by name.
pub(super) fn nodes(placed: &Placed<'_>) -> Vec<Loss> {
    let loss = |loss: scheduler::Loss| {
        let member = placed.inventory.nodes.get(loss.node)?.name.to_string();
        Some(described(member, loss.displaced + loss.preempted, &loss.unplaced))
    };
    worst_first(placed.session().losses().into_iter().filter_map(loss).collect())
}

/// What the loss of each zone does; nodes without a zone are in none.
pub(super) fn zones(placed: &Placed<'_>) -> Vec<Loss> {
    let names: Vec<&str> = known::zones(&placed.inventory).into_iter().collect();
    let session = placed.session();
    let losses = session.forks(names.len(), |fork, number| {
        let zone = names.get(number).copied().unwrap_or_default();
        let had_none: BTreeSet<usize> = fork.waiting().collect();
        fork.lose_nodes(nodes_of(placed, zone));
        let moved = fork.waiting().filter(|pod| !had_none.contains(pod)).count() as u64;
        let after = fork.place();
        let unplaced: Vec<Unplaced> = after.unplaced.into_iter().filter(|one| !had_none.contains(&one.pod)).collect();
        described(zone.to_owned(), moved + after.preempted.len() as u64, &unplaced)
    });
    worst_first(losses)
}

/// The cluster after the worst of those losses.
pub(super) fn after<'a>(placed: &Placed<'a>, losses: &[Loss], of_zones: bool) -> Option<Placed<'a>> {
    let worst = &losses.first()?.member;
    let lost = match of_zones {
        true => nodes_of(placed, worst).collect(),
        false => placed.inventory.nodes.iter().position(|node| *node.name == **worst).into_iter().collect(),
    };
    Some(placed.without(&lost))
}

fn nodes_of<'p>(placed: &'p Placed<'_>, zone: &'p str) -> impl Iterator<Item = usize> + 'p {
    let nodes = placed.inventory.nodes.iter().enumerate();
    nodes.filter(move |(_, node)| known::zone_of(node) == Some(zone)).map(|(index, _)| index)
}

fn described(member: String, moved: u64, unplaced: &[Unplaced]) -> Loss {
    let reason = unplaced.first().and_then(|one| one.reasons.first());
    let reason = reason.map_or_else(String::new, |(reason, _)| reason.clone());
    Loss { member, moved, unplaced: unplaced.len() as u64, reason }
}

fn worst_first(mut losses: Vec<Loss>) -> Vec<Loss> {
    losses.sort_by(|a, b| {
        Reverse((a.unplaced, a.moved)).cmp(&Reverse((b.unplaced, b.moved))).then_with(|| a.member.cmp(&b.member))
    });
    losses
}
