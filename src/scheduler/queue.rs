//! In which order pods are placed: by priority, then by age, then as they stand in the inventory.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::run::only_node;
use super::state::State;
use crate::inventory::objects::Timestamp;

/// Pods that wait.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: BinaryHeap<Waiting>,
    later: u64,
}

/// Highest first: priority, then those with a nominated node, for whom filters keep its room among their equals,
/// then oldest, then first in.
type Waiting = (i32, bool, Reverse<(bool, Option<Timestamp>, u64)>, Reverse<usize>);

impl Queue {
    /// A pod of the input; pods without an age come after those with one. A rank that is followed comes first.
    pub(super) fn push(&mut self, state: &State<'_>, pod: usize, rank: Option<usize>) {
        if let Some(rank) = rank {
            self.waiting.push((i32::MAX, true, Reverse((false, None, rank as u64)), Reverse(pod)));
            return;
        }
        let created = state.inventory.pods[pod].life.created.filter(|_| !state.pods[pod].is_successor);
        // Pods of DaemonSets have been on their nodes for as long as these exist.
        let bound = only_node(state.inventory, pod).is_some();
        let age = Reverse((created.is_none() && !bound, created, 0));
        let nominated = state.inventory.pods[pod].life.nominated_node.is_some() && !state.pods[pod].is_successor;
        self.waiting.push((state.class_of(pod).priority, nominated, age, Reverse(pod)));
    }

    /// A successor of a pod that had to go: it comes last of its priority.
    pub(super) fn push_last(&mut self, state: &State<'_>, pod: usize) {
        self.later += 1;
        let age = Reverse((true, None, self.later));
        self.waiting.push((state.class_of(pod).priority, false, age, Reverse(pod)));
    }

    pub(super) fn pop(&mut self) -> Option<usize> {
        self.waiting.pop().map(|(.., Reverse(pod))| pod)
    }
}
