//! Pods without a node: by priority, then in the order in which they came. Of pods that are alike the first
//! speaks for all: where it finds no node, the others need not be tried.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Pods that are alike and may go to the same nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    pub(super) priority: Reverse<i32>,
    pub(super) likeness: u32,
    /// The only node they may run on.
    pub(super) only: Option<usize>,
}

/// Pods that wait.
#[derive(Debug, Default)]
pub(super) struct Queue {
    lines: BTreeMap<Kind, VecDeque<(u64, usize)>>,
    next: u64,
    length: u64,
}

impl Queue {
    pub(super) fn len(&self) -> u64 {
        self.length
    }

    pub(super) fn push(&mut self, kind: Kind, pod: usize) {
        self.next += 1;
        self.length += 1;
        self.lines.entry(kind).or_default().push_back((self.next, pod));
    }

    /// Tries all pods in turn; `place` says whether one found a node.
    pub(super) fn retry(&mut self, mut place: impl FnMut(usize, Kind) -> bool) {
        let head =
            |kind: &Kind, line: &VecDeque<(u64, usize)>| line.front().map(|(turn, _)| (kind.priority, *turn, *kind));
        let mut heads: BTreeSet<_> = self.lines.iter().filter_map(|(kind, line)| head(kind, line)).collect();
        while let Some((.., kind)) = heads.pop_first() {
            let Some(line) = self.lines.get_mut(&kind) else { continue };
            let Some((_, pod)) = line.front().copied().filter(|(_, pod)| place(*pod, kind)) else { continue };
            debug_assert!(line.front().is_some_and(|(_, first)| *first == pod));
            line.pop_front();
            self.length -= 1;
            heads.extend(head(&kind, line));
        }
        self.lines.retain(|_, line| !line.is_empty());
    }

    /// Takes a pod out; says whether it waited.
    pub(super) fn remove(&mut self, kind: Kind, pod: usize) -> bool {
        let Some(line) = self.lines.get_mut(&kind) else { return false };
        // Those that came last are given up first.
        let Some(place) = line.iter().rposition(|(_, other)| *other == pod) else { return false };
        line.remove(place);
        self.length -= 1;
        true
    }

    /// The first pod of each kind and how many there are, in the order in which they are tried.
    pub(super) fn kinds(&self) -> impl Iterator<Item = (usize, u64, Kind)> {
        self.lines.iter().filter_map(|(kind, line)| Some((line.front()?.1, line.len() as u64, *kind)))
    }
}
