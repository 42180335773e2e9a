//! First fit decreasing: pods without a node, largest first, each on the first node by name that
//! admits and holds it.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::Mobility;
use super::capacity::{Capacity, Eligible};
use super::constraint::{Barrier, barrier};
use super::demand::{Demands, NONE};
use super::settle::Positions;
use super::site::{Site, Sites};
use crate::parallel;

/// No position: nothing is left out of a search.
pub(super) const NOWHERE: usize = usize::MAX;

/// Which nodes each set of constraints admits.
pub(super) fn eligibility(sites: &Sites<'_>, demands: &Demands<'_>, new_node: &Site<'_>) -> Vec<Eligible> {
    let of_one = |_: &mut (), index: usize| {
        let spec = demands.constraints[index];
        let mut words = vec![0_u64; sites.all.len().div_ceil(64)];
        for (position, site) in sites.all.iter().enumerate() {
            if barrier(site, spec).is_none() {
                words[position / 64] |= 1 << (position % 64);
            }
        }
        Eligible { words, new_node: barrier(new_node, spec).is_none() }
    };
    /// Fewer sets of constraints than this are not worth another thread.
    const FEW: usize = 64;
    parallel::map(demands.constraints.len(), FEW, || (), of_one)
}

/// Places every pod that has no position and gives those that found none, largest first.
///
/// Pods of DaemonSets go first, at most one of a set on a node; static pods cannot be placed at all.
pub(super) fn place_pending(
    demands: &Demands<'_>,
    eligible: &[Eligible],
    capacity: &mut Capacity,
    node_of: &mut Positions,
) -> Vec<usize> {
    let pending = |mobility: Mobility, node_of: &Positions| -> Vec<usize> {
        let waits = |pod: &usize| node_of[*pod].is_none() && demands.pods[*pod].mobility == mobility;
        demands.largest_first.iter().copied().filter(waits).collect()
    };
    let daemons = pending(Mobility::PerNode, node_of);
    let mut unplaced = place_daemons(&daemons, demands, eligible, capacity, node_of);
    unplaced.extend(pending(Mobility::Bound, node_of));
    // Capacity only shrinks here: where a class did not fit once, it does not fit later.
    let mut cursor = vec![0; demands.classes.len()];
    for pod in pending(Mobility::Free, node_of) {
        let class = demands.class_of[pod];
        let admits = &eligible[demands.classes[class].constraints];
        let need = demands.need(pod);
        let found = capacity.first_fit(need, admits, cursor[class], NOWHERE);
        cursor[class] = found.unwrap_or(capacity.len());
        match found {
            Some(position) => {
                capacity.take(position, need);
                node_of[pod] = Some(position);
            }
            None => unplaced.push(pod),
        }
    }
    unplaced
}

fn place_daemons(
    daemons: &[usize],
    demands: &Demands<'_>,
    eligible: &[Eligible],
    capacity: &mut Capacity,
    node_of: &mut Positions,
) -> Vec<usize> {
    let mut unplaced = Vec::new();
    if daemons.is_empty() {
        return unplaced;
    }
    let mut hosts = daemon_hosts(demands, node_of);
    for &pod in daemons {
        let admits = &eligible[demands.classes[demands.class_of[pod]].constraints];
        let need = demands.need(pod);
        let hosts = hosts.entry(daemon_set(demands, pod)).or_default();
        let mut found = capacity.first_fit(need, admits, 0, NOWHERE);
        while let Some(position) = found.filter(|position| hosts.contains(position)) {
            found = capacity.first_fit(need, admits, position + 1, NOWHERE);
        }
        match found {
            Some(position) => {
                capacity.take(position, need);
                hosts.insert(position);
                node_of[pod] = Some(position);
            }
            None => unplaced.push(pod),
        }
    }
    unplaced
}

/// Namespace and name of the DaemonSet of a pod: its pods are named after it, with one more part.
pub(super) fn daemon_set<'a>(demands: &Demands<'a>, pod: usize) -> (&'a str, &'a str) {
    let name = demands.pods[pod].name;
    (&name.namespace, name.name.rsplit_once('-').map_or(&*name.name, |(set, _)| set))
}

fn daemon_hosts<'a>(demands: &Demands<'a>, node_of: &Positions) -> BTreeMap<(&'a str, &'a str), BTreeSet<usize>> {
    let mut hosts: BTreeMap<_, BTreeSet<usize>> = BTreeMap::new();
    for (pod, position) in node_of.iter().enumerate() {
        if let Some(position) = position.filter(|_| demands.pods[pod].mobility == Mobility::PerNode) {
            hosts.entry(daemon_set(demands, pod)).or_default().insert(position);
        }
    }
    hosts
}

/// What keeps a pod off the present nodes: every short resource or the first other barrier, with the
/// number of nodes it holds on; most nodes first.
pub(super) type Reasons = Vec<(String, u64)>;

/// Why each unplaced pod found no node, with capacity as it is after packing. The reasons of pods
/// that are the same to the packer are found once.
pub(super) fn explain(
    unplaced: &[usize],
    sites: &Sites<'_>,
    demands: &Demands<'_>,
    capacity: &Capacity,
    node_of: &Positions,
) -> Vec<Rc<Reasons>> {
    let hosts = daemon_hosts(demands, node_of);
    let none = BTreeSet::new();
    let mut known: BTreeMap<_, Rc<Reasons>> = BTreeMap::new();
    let mut reasons_of = |&pod: &usize| {
        if demands.pods[pod].mobility == Mobility::Bound || demands.class_of[pod] == NONE {
            return Rc::new(vec![("bound to a node that is not in the inventory".to_owned(), 0)]);
        }
        let set = (demands.pods[pod].mobility == Mobility::PerNode).then(|| daemon_set(demands, pod));
        let taken = set.and_then(|set| hosts.get(&set)).unwrap_or(&none);
        let key = (demands.class_of[pod], set);
        known.entry(key).or_insert_with(|| Rc::new(reasons(pod, sites, demands, capacity, taken))).clone()
    };
    unplaced.iter().map(&mut reasons_of).collect()
}

fn reasons(
    pod: usize,
    sites: &Sites<'_>,
    demands: &Demands<'_>,
    capacity: &Capacity,
    taken: &BTreeSet<usize>,
) -> Reasons {
    const RESOURCES: [&str; 4] = ["CPU", "memory", "ephemeral-storage", "pods"];
    let spec = demands.pods[pod].spec;
    let need = demands.need(pod);
    let mut barriers: BTreeMap<Barrier<'_>, u64> = BTreeMap::new();
    let mut short = [0_u64; 4];
    let mut extended = vec![0_u64; need.extended.len()];
    for (position, site) in sites.all.iter().enumerate() {
        if let Some(barrier) = barrier(site, spec) {
            *barriers.entry(barrier).or_default() += 1;
            continue;
        }
        for ((count, free), amount) in short.iter_mut().zip(capacity.free(position)).zip(need.amounts) {
            *count += u64::from(amount > free);
        }
        for (count, &(resource, amount)) in extended.iter_mut().zip(&need.extended) {
            *count += u64::from(amount > capacity.free_extended(position, resource));
        }
    }
    let mut counts: Reasons = barriers.into_iter().map(|(barrier, count)| (barrier.to_string(), count)).collect();
    counts.extend(RESOURCES.iter().zip(short).map(|(name, count)| ((*name).to_owned(), count)));
    let name = |number: u32| demands.extended.iter().find(|(_, known)| **known == number).map_or("", |(name, _)| name);
    counts.extend(need.extended.iter().zip(extended).map(|(&(number, _), count)| (name(number).to_owned(), count)));
    counts.push(("a pod of the same DaemonSet".to_owned(), taken.len() as u64));
    counts.retain(|(_, count)| *count > 0);
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts
}

/// Reasons in words: `memory on 4 nodes, cpu on 1`.
pub(super) fn in_words(reasons: &Reasons) -> String {
    const SHOWN: usize = 6;
    let mut words = String::new();
    for (index, (reason, count)) in reasons.iter().take(SHOWN).enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        words.push_str(separator);
        words.push_str(reason);
        if *count > 0 {
            words.push_str(&format!(" on {count}"));
            words.push_str(if index > 0 {
                ""
            } else if *count == 1 {
                " node"
            } else {
                " nodes"
            });
        }
    }
    if reasons.len() > SHOWN {
        words.push_str(&format!(" and {} other reasons", reasons.len() - SHOWN));
    }
    words
}
