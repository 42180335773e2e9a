//! Which pods of a Deployment go first: those on the nodes with most of its pods, and of these the youngest.
//!
//! Source: `ActivePodsWithRanks` in `pkg/controller/controller_utils.go`. How many pods a node has is counted once
//! for all that go together. Of ready pods the one that became ready last goes first, for which the moment of its
//! creation stands here.

use std::collections::{BTreeMap, BTreeSet};

/// Pods that are to go, by node.
#[derive(Debug, Default)]
pub(super) struct Leaving {
    hosts: BTreeMap<usize, Host>,
    /// Nodes with pods to go: pods of the workload there, the youngest that is to go, the node.
    order: BTreeSet<(u64, Age, usize)>,
    len: u64,
}

/// When a pod was created, and its number.
type Age = (i64, usize);

#[derive(Debug, Default)]
struct Host {
    related: u64,
    leaving: BTreeSet<Age>,
}

impl Leaving {
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// A pod of the workload is on a node, and is to stay.
    pub(super) fn arrive(&mut self, node: usize) {
        self.change(node, |host| host.related += 1);
    }

    /// A pod of the workload is on a node, and is to go.
    pub(super) fn add(&mut self, node: usize, age: Age) {
        self.len += 1;
        self.change(node, |host| {
            host.related += 1;
            host.leaving.insert(age);
        });
    }

    /// Takes out those that go together, as many as there are of so many.
    pub(super) fn take(&mut self, pods: u64) -> Vec<usize> {
        let mut taken = Vec::new();
        let mut left_from = Vec::new();
        while (taken.len() as u64) < pods {
            let Some((related, (_, pod), node)) = self.order.pop_last() else { break };
            taken.push(pod);
            left_from.push(node);
            self.len -= 1;
            if let Some(host) = self.hosts.get_mut(&node) {
                host.leaving.pop_last();
                self.order.extend(host.leaving.last().map(|age| (related, *age, node)));
            }
        }
        for node in left_from {
            self.change(node, |host| host.related = host.related.saturating_sub(1));
        }
        taken
    }

    fn change(&mut self, node: usize, change: impl FnOnce(&mut Host)) {
        let host = self.hosts.entry(node).or_default();
        if let Some(age) = host.leaving.last() {
            self.order.remove(&(host.related, *age, node));
        }
        change(host);
        self.order.extend(host.leaving.last().map(|age| (host.related, *age, node)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crowded_nodes_are_left_first_and_the_young_before_the_old() {
        let mut leaving = Leaving::default();
        for (node, age) in [(0, (10, 0)), (0, (30, 1)), (0, (20, 2)), (1, (99, 3)), (2, (5, 4)), (2, (6, 5))] {
            leaving.add(node, age);
        }
        // Node 0 has three: all of them go first, although two would do to level the nodes.
        assert_eq!(leaving.take(4), [1, 2, 0, 5]);
        leaving.arrive(2);
        leaving.arrive(2);
        assert_eq!(leaving.take(1), [4]);
        assert_eq!((leaving.take(5), leaving.len()), (vec![3], 0));
        assert_eq!(leaving.take(1), Vec::<usize>::new());
    }
}
