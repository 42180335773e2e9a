//! Every node, or every zone, fails in turn: which loss is worst.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::answer::Loss;
use super::known;
use super::parallel;
use super::placed::Placed;

/// What the loss of each node does, worst first; of equals the first by name.
pub(super) fn nodes(placed: &Placed<'_>) -> Vec<Loss> {
    let members = placed.inventory.nodes.iter().enumerate();
    each(placed, members.map(|(index, node)| (node.name.to_string(), BTreeSet::from([index]))).collect())
}

/// What the loss of each zone does; nodes without a zone are in none.
pub(super) fn zones(placed: &Placed<'_>) -> Vec<Loss> {
    let of_zone = |zone: &str| {
        let nodes = placed.inventory.nodes.iter().enumerate();
        nodes.filter(|(_, node)| known::zone_of(node) == Some(zone)).map(|(index, _)| index).collect()
    };
    each(placed, known::zones(&placed.inventory).into_iter().map(|zone| (zone.to_owned(), of_zone(zone))).collect())
}

/// The cluster after the worst of those losses.
pub(super) fn after<'a>(placed: &Placed<'a>, losses: &[Loss], of_zones: bool) -> Option<Placed<'a>> {
    let worst = &losses.first()?.member;
    let is_lost = |node: &crate::inventory::Node| match of_zones {
        true => known::zone_of(node) == Some(worst),
        false => *node.name == **worst,
    };
    let nodes = placed.inventory.nodes.iter().enumerate();
    Some(placed.without(&nodes.filter(|(_, node)| is_lost(node)).map(|(index, _)| index).collect()))
}

fn each(placed: &Placed<'_>, members: Vec<(String, BTreeSet<usize>)>) -> Vec<Loss> {
    let before = placed.unplaced.len();
    let mut losses = parallel::map(&members, |(member, nodes)| {
        let after = placed.without(nodes);
        let unplaced = after.unplaced.len().saturating_sub(before) as u64;
        let reason =
            after.first_unplaced().filter(|_| unplaced > 0).map_or_else(String::new, |(_, why)| why.to_owned());
        Loss { member: member.clone(), moved: after.moved, unplaced, reason }
    });
    losses.sort_by(|a, b| {
        Reverse((a.unplaced, a.moved)).cmp(&Reverse((b.unplaced, b.moved))).then_with(|| a.member.cmp(&b.member))
    });
    losses
}
