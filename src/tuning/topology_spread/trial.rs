//! Constraints tried on the standing cluster: their pods are placed anew under them.

use std::collections::{BTreeMap, BTreeSet};

use super::domain;
use crate::inventory::objects::{Patch, TopologySpread, WorkloadPatch};
use crate::inventory::{Change, Inventory};
use crate::scenario::Standing;
use crate::scheduler::{Fork, Session};

/// Constraints for the pods of a workload.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    /// What changes, nothing but constraints.
    pub(super) patch: WorkloadPatch,
    /// Its pods.
    pub(super) pods: Vec<usize>,
}

/// Constraints that hold where they say so, and what they give.
#[derive(Debug)]
pub(super) struct Tried {
    pub(super) rule: Rule,
    /// For each constraint, domains with a pod then.
    pub(super) domains: Vec<u64>,
    /// Why they would do nothing, or harm.
    pub(super) in_the_way: Option<String>,
}

/// Tries each alone and then all together; those that do not fit only prefer.
pub(super) fn of(standing: &Standing, mut rules: Vec<Rule>) -> Vec<Tried> {
    let patched = patched(standing, &rules);
    let session = standing.session_of(&patched);
    let fits =
        session.forks(rules.len(), |fork, number| rules.get(number).is_some_and(|rule| fits(fork, &patched, rule)));
    for (rule, fits) in rules.iter_mut().zip(fits) {
        rule.patch.spread.iter_mut().for_each(|spread| spread.hard &= fits);
    }
    let mut together = together(standing, &rules);
    if together.unplaced > session.placement().unplaced.len()
        && rules.iter().any(|it| it.patch.spread.iter().any(|it| it.hard))
    {
        rules.iter_mut().flat_map(|rule| &mut rule.patch.spread).for_each(|spread| spread.hard = false);
        together = self::together(standing, &rules);
    }
    let worse = together.unplaced.saturating_sub(session.placement().unplaced.len());
    let parts = rules.into_iter().zip(together.domains);
    parts
        .map(|(rule, domains)| {
            let in_the_way = match (worse, domains.iter().any(|count| *count > 1)) {
                (1.., _) => Some(format!("{worse} pods would find no node")),
                (0, false) => Some("no other place has room for one of its pods".to_owned()),
                (0, true) => None,
            };
            Tried { rule, domains, in_the_way }
        })
        .collect()
}

/// Whether all its pods find nodes, in more than one domain of each kind, and again without the fullest of them. Only
/// its own pods are asked: those of others that have no node then are not looked after here.
fn fits(fork: &mut Fork<'_>, inventory: &Inventory, rule: &Rule) -> bool {
    let is_placed = |fork: &mut Fork<'_>| {
        let others: Vec<usize> = fork.waiting().filter(|pod| !rule.pods.contains(pod)).collect();
        others.into_iter().for_each(|pod| fork.remove_pod(pod));
        fork.place_all() == 0
    };
    rule.pods.iter().for_each(|&pod| fork.restart_pod(pod));
    if !is_placed(fork) || domains(fork, inventory, rule).iter().any(|count| *count < 2) {
        return false;
    }
    // The widest domain is the last of the keys.
    let Some(key) = rule.patch.spread.last().map(|spread| &spread.topology_key) else { return false };
    let mut pods: BTreeMap<&str, u64> = BTreeMap::new();
    for domain in rule.pods.iter().filter_map(|&pod| domain(inventory, fork.node_of(pod)?, key)) {
        *pods.entry(domain).or_default() += 1;
    }
    let Some((fullest, _)) = pods.iter().rev().max_by_key(|(_, count)| **count) else { return false };
    fork.lose_nodes((0..inventory.nodes.len()).filter(|&node| domain(inventory, node, key) == Some(*fullest)));
    is_placed(fork)
}

/// All pods placed anew at once.
struct Together {
    unplaced: usize,
    domains: Vec<Vec<u64>>,
}

fn together(standing: &Standing, rules: &[Rule]) -> Together {
    let patched = patched(standing, rules);
    let session: Session<'_> = standing.session_of(&patched);
    let mut fork = session.fork();
    rules.iter().flat_map(|rule| &rule.pods).for_each(|&pod| fork.restart_pod(pod));
    let unplaced = fork.place_all();
    Together { unplaced, domains: rules.iter().map(|rule| domains(&fork, &patched, rule)).collect() }
}

/// For each constraint, the domains that have one of its pods.
fn domains(fork: &Fork<'_>, inventory: &Inventory, rule: &Rule) -> Vec<u64> {
    let of = |spread: &TopologySpread| {
        let nodes = rule.pods.iter().filter_map(|&pod| fork.node_of(pod));
        let domains: BTreeSet<&str> = nodes.filter_map(|node| domain(inventory, node, &spread.topology_key)).collect();
        domains.len() as u64
    };
    rule.patch.spread.iter().map(of).collect()
}

fn patched(standing: &Standing, rules: &[Rule]) -> Inventory {
    let changes: Vec<Change> = rules.iter().map(|rule| Change::Patch(Patch::Workload(rule.patch.clone()))).collect();
    standing.inventory().clone().changed(&changes)
}
