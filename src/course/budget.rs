//! Disruption budgets: which evictions they refuse.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Cause;
use crate::inventory::objects::{PodCount, Rounding};
use crate::inventory::{DisruptionBudget, Inventory, Labels, Pod};

/// The budgets of a cluster, with the pods under each counted.
#[derive(Debug)]
pub(super) struct Budgets<'a> {
    all: Vec<Budget<'a>>,
    /// Budgets by namespace.
    of_namespace: BTreeMap<&'a str, Vec<usize>>,
    /// Sets of budgets that protect pods together, in order.
    sets: Vec<Vec<usize>>,
    set_of: BTreeMap<Vec<usize>, usize>,
    /// The set of labels already looked at, by namespace and place.
    known: BTreeMap<(&'a str, usize), usize>,
}

#[derive(Debug)]
struct Budget<'a> {
    object: &'a DisruptionBudget,
    /// Replicas that the controllers of its pods want.
    expected: u64,
    /// Pods of it that are ready and do not end.
    healthy: u64,
}

/// What the eviction of a pod meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Granted,
    Refused,
}

impl<'a> Budgets<'a> {
    pub(super) fn new(inventory: &'a Inventory) -> Self {
        let all: Vec<Budget<'a>> =
            inventory.disruption_budgets.iter().map(|object| Budget { object, expected: 0, healthy: 0 }).collect();
        let mut of_namespace: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, budget) in all.iter().enumerate() {
            of_namespace.entry(&budget.object.name.namespace).or_default().push(index);
        }
        let none = (vec![Vec::new()], BTreeMap::from([(Vec::new(), 0)]));
        Self { all, of_namespace, sets: none.0, set_of: none.1, known: BTreeMap::new() }
    }

    /// The set of budgets that protect a pod; the empty one has number 0.
    pub(super) fn set_of(&mut self, pod: &'a Pod) -> usize {
        let namespace = &*pod.name.namespace;
        let Some(candidates) = self.of_namespace.get(namespace) else { return 0 };
        let key = (namespace, Arc::as_ptr(&pod.labels) as usize);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let own: Vec<usize> =
            candidates.iter().copied().filter(|&index| protects(self.all[index].object, &pod.labels)).collect();
        let next = self.sets.len();
        let set = *self.set_of.entry(own.clone()).or_insert(next);
        if set == next {
            self.sets.push(own);
        }
        self.known.insert(key, set);
        set
    }

    /// A controller wants so many pods under a set of budgets.
    pub(super) fn expect(&mut self, set: usize, pods: u64) {
        for &budget in &self.sets[set] {
            self.all[budget].expected = self.all[budget].expected.saturating_add(pods);
        }
    }

    /// A pod under a set of budgets becomes ready, or is so no longer.
    pub(super) fn ready(&mut self, set: usize, is_ready: bool) {
        for &budget in &self.sets[set] {
            let healthy = &mut self.all[budget].healthy;
            *healthy = healthy.saturating_add_signed(if is_ready { 1 } else { -1 });
        }
    }

    /// Whether a pod may be evicted. One that is not ready takes nothing from a budget that is met, or that says
    /// it may always go. Source: `pkg/registry/core/pod/storage/eviction.go`.
    pub(super) fn evict(&self, set: usize, is_ready: bool) -> Verdict {
        let allowed = match self.sets[set].as_slice() {
            [] => true,
            [only] => {
                let budget = &self.all[*only];
                let wanted = budget.wanted();
                let spared = !is_ready && (budget.object.lets_unready_go || (budget.healthy >= wanted && wanted > 0));
                spared || (budget.expected > 0 && budget.healthy > wanted)
            }
            // "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
            _ => false,
        };
        if allowed { Verdict::Granted } else { Verdict::Refused }
    }

    /// Why a set of budgets refuses.
    pub(super) fn cause(&self, set: usize) -> Option<Cause> {
        match self.sets[set].as_slice() {
            [] => None,
            [only] => {
                let budget = &self.all[*only];
                Some(Cause::Budget {
                    budget: budget.object.name.clone(),
                    healthy: budget.healthy,
                    wanted: budget.wanted(),
                })
            }
            several => Some(Cause::SeveralBudgets(
                several.iter().map(|&budget| self.all[budget].object.name.clone()).collect(),
            )),
        }
    }

    /// By how much every budget is missed: ready pods below those wanted.
    #[cfg(test)]
    pub(super) fn missed(&self) -> Vec<u64> {
        self.all.iter().map(|budget| budget.wanted().saturating_sub(budget.healthy)).collect()
    }
}

impl Budget<'_> {
    /// Pods that must stay ready: shares of what controllers want, rounded up. A budget that cannot be read lets
    /// nobody go. Source: `getExpectedPodCount` in `pkg/controller/disruption/disruption.go`.
    fn wanted(&self) -> u64 {
        let count = |text: &String| PodCount::parse(text).map(|count| count.of(self.expected, Rounding::Up));
        match (&self.object.max_unavailable, &self.object.min_available) {
            (Some(most), _) => count(most).map_or(u64::MAX, |most| self.expected.saturating_sub(most)),
            (None, Some(least)) => count(least).unwrap_or(u64::MAX),
            (None, None) => 0,
        }
    }
}

/// An empty selector means all pods of the namespace.
fn protects(budget: &DisruptionBudget, labels: &Labels) -> bool {
    budget.selector.iter().all(|requirement| requirement.matches(labels))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::ObjectName;

    /// Rounding as Kubernetes' documentation has it: 50 % of 7 are 4, whichever side it stands on.
    #[test]
    fn shares_of_expected_pods_are_rounded_up() {
        for (min_available, max_unavailable, expected, wanted) in [
            (Some("50%"), None, 7, 4),
            (None, Some("50%"), 7, 3),
            (Some("2"), None, 7, 2),
            (None, Some("1"), 7, 6),
            (None, Some("30%"), 10, 7),
            (None, Some("25%"), 3, 2),
            (Some("100%"), None, 3, 3),
            (None, Some("0"), 3, 3),
            (None, Some("9"), 3, 0),
            (None, None, 3, 0),
            (Some("many"), None, 3, u64::MAX),
        ] {
            let object = DisruptionBudget {
                name: ObjectName::new("shop", "b"),
                min_available: min_available.map(str::to_owned),
                max_unavailable: max_unavailable.map(str::to_owned),
                ..DisruptionBudget::default()
            };
            let budget = Budget { object: &object, expected, healthy: 0 };
            assert_eq!(budget.wanted(), wanted, "{min_available:?} {max_unavailable:?} of {expected}");
        }
    }
}
