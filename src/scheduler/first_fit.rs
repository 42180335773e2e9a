//! First fit decreasing with the scheduler's filters: what autoscalers reckon with.

use super::cycle::fits;
use super::matcher::Lookup;
use super::plugins::{Plugin, node_resources_fit};
use super::state::{Hope, State};

/// The first node by name that takes a pod, largest pods first.
#[derive(Debug)]
pub(super) struct FirstFit {
    /// Nodes in the order in which they are tried.
    nodes: Vec<usize>,
    /// Where each class goes on looking as long as it has the same hopes; nodes before it refused it.
    cursor: Vec<(Option<Hope>, usize)>,
    /// What each class asks for, by number: classes that ask for the same share what they know of room.
    asks: Vec<usize>,
    /// Where room begins for each number; it only shrinks here.
    room: Vec<usize>,
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
        let mut numbers: Lookup<&[(usize, i64)], usize> = Lookup::default();
        let mut asks = Vec::with_capacity(state.classes.len());
        for class in state.classes.iter() {
            let next = numbers.len();
            asks.push(*numbers.entry(&class.asked).or_insert(next));
        }
        Self { nodes, cursor: vec![(None, 0); state.classes.len()], room: vec![0; numbers.len()], asks }
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
        let hope = Some(state.hope(class));
        let known = self.cursor.get(class_index).filter(|(before, _)| *before == hope).map_or(0, |(_, cursor)| *cursor);
        let start = self.room_for(state, class_index).max(known);
        let rest = self.nodes.get(start..).unwrap_or_default();
        let found = rest.iter().position(|&node| fits(state, class, node));
        self.cursor[class_index] = (hope, start + found.unwrap_or(rest.len()));
        found.and_then(|index| rest.get(index)).copied()
    }

    /// The first node with room for a class, whatever else keeps it off.
    fn room_for(&mut self, state: &State<'_>, class_index: usize) -> usize {
        if !state.filters(Plugin::NodeResourcesFit) {
            return 0;
        }
        let Some(room) = self.asks.get(class_index).and_then(|&number| self.room.get_mut(number)) else { return 0 };
        let has_none = |node: &usize| !node_resources_fit::fits(state, &state.classes[class_index], *node);
        while self.nodes.get(*room).is_some_and(has_none) {
            *room += 1;
        }
        *room
    }
}
