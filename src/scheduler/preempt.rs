//! Preemption: pods of lower priority go for one that fits nowhere.
//!
//! Nodes whose refusal other pods could lift are tried from a drawn place on, until a tenth of them, at least
//! 100, would do. On each, all pods of lower priority leave; if the pod then fits, they come back one by one,
//! those that a disruption budget protects first and the important before the others, as long as it still
//! fits. The node taken has the fewest broken budgets, then the lowest highest priority of victims, the lowest
//! sum of priorities, the fewest victims, the youngest of the most important. Source:
//! `framework/preemption/preemption.go`, `plugins/defaultpreemption`.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::cycle::{fits, refusal};
use super::state::State;
use super::ties::Ties;
use crate::inventory::objects::{DisruptionBudget, PodCount, Rounding, Timestamp};

/// Who must go from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Preempting {
    pub(super) node: usize,
    pub(super) victims: Vec<usize>,
}

/// What preemption keeps in mind.
#[derive(Debug, Clone)]
pub(super) struct Preemption {
    /// Placed pods by priority.
    priorities: BTreeMap<i32, u64>,
    /// Placed and all pods by class.
    placed: Vec<i64>,
    all: Vec<i64>,
    /// After how many departures a class found nobody to let go.
    in_vain: BTreeMap<u32, u64>,
    /// Budgets that protect each class, once asked for.
    budgets_of: BTreeMap<u32, Vec<usize>>,
    ties: Ties,
}

/// A node that would do.
struct Candidate {
    node: usize,
    victims: Vec<usize>,
    broken: u64,
}

impl Preemption {
    pub(super) fn new(state: &State<'_>, ties: Ties) -> Self {
        Self {
            priorities: BTreeMap::new(),
            placed: vec![0; state.classes.len()],
            all: vec![0; state.classes.len()],
            in_vain: BTreeMap::new(),
            budgets_of: BTreeMap::new(),
            ties,
        }
    }

    /// Ready for another start from what `base` has placed; keeps what can be kept.
    pub(super) fn restart(&mut self, base: &Self, ties: Ties) {
        self.priorities.clone_from(&base.priorities);
        self.placed.clone_from(&base.placed);
        self.all.clone_from(&base.all);
        self.in_vain.clear();
        self.ties = ties;
    }

    /// Forgets who found nobody to let go: the cluster is another one.
    pub(super) fn hope_again(&mut self) {
        self.in_vain.clear();
    }

    /// A pod is wanted from now on.
    pub(super) fn wanted(&mut self, state: &State<'_>, pod: usize) {
        self.all[state.pods[pod].class as usize] += 1;
    }

    /// A pod is wanted no more.
    pub(super) fn unwanted(&mut self, state: &State<'_>, pod: usize) {
        self.all[state.pods[pod].class as usize] -= 1;
    }

    pub(super) fn arrived(&mut self, state: &State<'_>, pod: usize) {
        *self.priorities.entry(state.class_of(pod).priority).or_default() += 1;
        self.placed[state.pods[pod].class as usize] += 1;
    }

    pub(super) fn left(&mut self, state: &State<'_>, pod: usize) {
        let priority = state.class_of(pod).priority;
        self.placed[state.pods[pod].class as usize] -= 1;
        if let Some(count) = self.priorities.get_mut(&priority) {
            *count -= 1;
            if *count == 0 {
                self.priorities.remove(&priority);
            }
        }
    }

    /// The node to make room on, and who must go. The state is as before when it returns.
    pub(super) fn find(&mut self, state: &mut State<'_>, pod: usize) -> Option<Preempting> {
        let class_index = state.pods[pod].class;
        let class = &state.classes[class_index as usize];
        let nobody_is_lower = self.priorities.keys().next().is_none_or(|lowest| *lowest >= class.priority);
        if nobody_is_lower || class.spec.never_preempts {
            return None;
        }
        if self.in_vain.get(&class_index) == Some(&state.departures)
            && super::run::only_node(state.inventory, pod).is_none()
        {
            return None;
        }
        let nodes = match super::run::only_node(state.inventory, pod) {
            Some(only) => vec![state.nodes.position[only]],
            None => promising(state, class_index as usize),
        };
        let candidates = self.candidates(state, pod, &nodes);
        let best = candidates.into_iter().min_by_key(|candidate| rank(state, candidate));
        if best.is_none() {
            self.in_vain.insert(class_index, state.departures);
        }
        best.map(|candidate| Preempting { node: candidate.node, victims: candidate.victims })
    }

    fn candidates(&mut self, state: &mut State<'_>, pod: usize, nodes: &[usize]) -> Vec<Candidate> {
        const LEAST_CANDIDATES: usize = 100;
        let wanted = (nodes.len() / 10).max(LEAST_CANDIDATES).min(nodes.len());
        let start = self.ties.pick(nodes.len());
        let (before, after) = nodes.split_at(start.min(nodes.len()));
        let mut candidates: Vec<Candidate> = Vec::new();
        for &node in after.iter().chain(before) {
            if candidates.len() >= wanted && candidates.iter().any(|candidate| candidate.broken == 0) {
                break;
            }
            candidates.extend(self.victims(state, pod, node));
        }
        candidates
    }

    /// Who must go from a node; nothing where even that would not help.
    fn victims(&mut self, state: &mut State<'_>, pod: usize, node: usize) -> Option<Candidate> {
        let class_index = state.pods[pod].class as usize;
        let priority = state.classes[class_index].priority;
        let lower = |other: &usize| state.class_of(*other).priority < priority;
        let mut lower: Vec<usize> = state.on_node[node].iter().map(|other| *other as usize).filter(lower).collect();
        if lower.is_empty() {
            return None;
        }
        lower.sort_by_key(|other| importance(state, *other));
        let departures = state.departures;
        // All is put back below.
        let journal = state.journal.take();
        for &other in &lower {
            state.remove(other);
        }
        let fits = |state: &State<'_>| fits(state, &state.classes[class_index], node);
        let mut candidate = fits(state).then(|| Candidate { node, victims: Vec::new(), broken: 0 });
        if let Some(candidate) = &mut candidate {
            let protected = self.protected(state, &lower);
            for wanted in [true, false] {
                for (&other, _) in lower.iter().zip(&protected).filter(|(_, protected)| **protected == wanted) {
                    state.place(other, node);
                    if !fits(state) {
                        state.remove(other);
                        candidate.victims.push(other);
                        candidate.broken += u64::from(wanted);
                    }
                }
            }
        }
        for &other in &lower {
            if state.pods[other].node().is_none() {
                state.place(other, node);
            }
        }
        state.departures = departures;
        state.journal = journal;
        candidate.filter(|candidate| !candidate.victims.is_empty())
    }

    /// Which pods a budget protects if all of them went in that order.
    fn protected(&mut self, state: &State<'_>, pods: &[usize]) -> Vec<bool> {
        let budgets = &state.inventory.disruption_budgets;
        if budgets.is_empty() {
            return vec![false; pods.len()];
        }
        let mut allowed: BTreeMap<usize, i64> = BTreeMap::new();
        let mut protected = Vec::with_capacity(pods.len());
        for &pod in pods {
            let class = state.pods[pod].class;
            let own = self.budgets_of.entry(class).or_insert_with(|| {
                let class = &state.classes[class as usize];
                (0..budgets.len()).filter(|&budget| protects(&budgets[budget], class)).collect()
            });
            let mut breaks = false;
            for &budget in own.iter() {
                let left = allowed
                    .entry(budget)
                    .or_insert_with(|| disruptions_allowed(&budgets[budget], state, &self.placed, &self.all));
                *left -= 1;
                breaks |= *left < 0;
            }
            protected.push(breaks);
        }
        protected
    }
}

/// Nodes whose refusal other pods could lift.
fn promising(state: &State<'_>, class: usize) -> Vec<usize> {
    let class = &state.classes[class];
    let liftable = |node: &usize| refusal(state, class, *node).is_some_and(|(_, reason)| !reason.is_unresolvable());
    state.nodes.walk.iter().map(|&node| node as usize).filter(liftable).collect()
}

/// Most important first: higher priority, then earlier start, then the order of the input.
fn importance(state: &State<'_>, pod: usize) -> (Reverse<i32>, Timestamp, usize) {
    (Reverse(state.class_of(pod).priority), start(state, pod), pod)
}

/// When a pod started; one that has not counts as just started.
fn start(state: &State<'_>, pod: usize) -> Timestamp {
    let started = state.inventory.pods[pod].life.started.filter(|_| !state.pods[pod].is_successor);
    started.unwrap_or(Timestamp(i64::MAX))
}

/// Best first.
fn rank(state: &State<'_>, candidate: &Candidate) -> (u64, i32, i128, usize, Reverse<Timestamp>) {
    let priority = |pod: &usize| state.class_of(*pod).priority;
    let highest = candidate.victims.iter().map(priority).max().unwrap_or(i32::MIN);
    let sum = candidate.victims.iter().map(|pod| i128::from(priority(pod)) + (1_i128 << 31)).sum();
    let important = candidate.victims.iter().filter(|pod| priority(pod) == highest);
    let earliest = important.map(|pod| start(state, *pod)).min().unwrap_or(Timestamp(i64::MAX));
    (candidate.broken, highest, sum, candidate.victims.len(), Reverse(earliest))
}

fn protects(budget: &DisruptionBudget, class: &super::class::Class<'_>) -> bool {
    budget.name.namespace == class.namespace
        && !class.labels.is_empty()
        && !budget.selector.is_empty()
        && budget.selector.iter().all(|requirement| requirement.matches(class.labels))
}

/// Pods of a budget that may go: those placed less those that must stay.
fn disruptions_allowed(budget: &DisruptionBudget, state: &State<'_>, placed: &[i64], all: &[i64]) -> i64 {
    let own: Vec<usize> = (0..state.classes.len()).filter(|&class| protects(budget, &state.classes[class])).collect();
    let sum = |counts: &[i64]| own.iter().map(|&class| counts[class]).sum::<i64>();
    let (placed, all) = (sum(placed), sum(all));
    let must_stay = match (&budget.min_available, &budget.max_unavailable) {
        (Some(least), _) => share(least, all),
        (None, Some(most)) => all - share(most, all),
        (None, None) => 0,
    };
    (placed - must_stay).max(0)
}

/// `3`, or `30%` of so many, rounded up; what is neither counts as none.
fn share(text: &str, of: i64) -> i64 {
    PodCount::parse(text).map_or(0, |count| count.of(of.max(0).unsigned_abs(), Rounding::Up).cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_up() {
        for (text, expected) in [("2", 2), ("50%", 4), ("30%", 3), ("100%", 7), ("x", 0), ("-1", 0), ("", 0)] {
            assert_eq!(share(text, 7), expected, "{text}");
        }
    }
}
