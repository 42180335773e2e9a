//! First fit decreasing with the scheduler's filters: what autoscalers reckon with.

use super::cycle::fits;
use super::state::State;

/// The first node by name that takes a pod, largest pods first.
#[derive(Debug)]
pub(super) struct FirstFit {
    /// Nodes in the order in which they are tried.
    nodes: Vec<usize>,
    /// Where each class goes on looking; nodes before it were full for it.
    cursor: Vec<usize>,
}

impl FirstFit {
    /// Nodes by name; the last `new` ones of the table come last, as they stand.
    pub(super) fn new(state: &State<'_>, new: usize) -> Self {
        let is_there = |position: &usize| state.nodes.present[*position];
        let mut nodes: Vec<usize> = state.nodes.position.iter().copied().filter(is_there).collect();
        let old = nodes.len().saturating_sub(new);
        if let Some(old) = nodes.get_mut(..old) {
            old.sort_by(|&a, &b| state.nodes.all[a].name.cmp(&state.nodes.all[b].name));
        }
        Self { nodes, cursor: vec![0; state.classes.len()] }
    }

    /// Pods by priority, those of DaemonSets first, then by the largest share of the largest node that they ask for, then by name.
    pub(super) fn order(&self, state: &State<'_>, mut pods: Vec<usize>) -> Vec<usize> {
        let largest: Vec<i64> =
            state.nodes.allocatable.iter().map(|column| column.iter().copied().max().unwrap_or(0)).collect();
        let share = |&(column, asked): &(usize, i64)| match largest.get(column) {
            Some(&largest) if largest > 0 => asked as f64 / largest as f64,
            _ => f64::INFINITY,
        };
        let sizes: Vec<f64> =
            state.classes.iter().map(|class| class.asked.iter().map(share).fold(0.0, f64::max)).collect();
        let size = |pod: usize| sizes.get(state.pods[pod].class as usize).copied().unwrap_or(0.0);
        let is_bound = |pod: usize| super::run::only_node(state.inventory, pod).is_some();
        let name = |pod: usize| &state.inventory.pods[pod].name;
        pods.sort_by(|&a, &b| {
            let priority = state.class_of(b).priority.cmp(&state.class_of(a).priority);
            let bound = is_bound(b).cmp(&is_bound(a));
            priority.then(bound).then_with(|| size(b).total_cmp(&size(a))).then_with(|| name(a).cmp(name(b)))
        });
        pods
    }

    /// The node for a pod.
    pub(super) fn node(&mut self, state: &State<'_>, pod: usize) -> Option<usize> {
        let class_index = state.pods[pod].class as usize;
        let class = &state.classes[class_index];
        if let Some(only) = super::run::only_node(state.inventory, pod) {
            let node = state.nodes.position[only];
            return fits(state, class, node).then_some(node);
        }
        // Room only shrinks here; what depends on other nodes can come back.
        let start = if class.can_recover() { 0 } else { self.cursor[class_index] };
        let rest = self.nodes.get(start..).unwrap_or_default();
        let found = rest.iter().position(|&node| fits(state, class, node));
        self.cursor[class_index] = start + found.unwrap_or(rest.len());
        found.and_then(|index| rest.get(index)).copied()
    }
}
