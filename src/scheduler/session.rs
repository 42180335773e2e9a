//! A cluster compiled and placed once, to ask what changes would do.
//!
//! Compiling an inventory takes longer than placing the few pods a change concerns. A session does it once; its
//! forks share all that never changes, and a fork that has been looked at takes back what it did.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::add::nodes_to_add;
use super::fork::Fork;
use super::loss::Loss;
use super::run::{Run, only_node};
use super::{Addition, Placement, Scheduling};
use crate::inventory::Node;
use crate::inventory::objects::NodeResources;
use crate::parallel;

/// A cluster as it is placed, and what could still join it.
#[derive(Debug)]
pub struct Session<'a> {
    scheduling: Scheduling<'a>,
    base: Run<'a>,
    placement: Placement,
    /// Pods that belong to a node, by node: those of DaemonSets that templates were expanded to.
    bound: Arc<BTreeMap<usize, Vec<usize>>>,
}

/// Nodes and pods of an inventory that are not there yet, by index.
#[derive(Debug, Clone, Copy, Default)]
pub struct Absent<'a> {
    /// Nodes that [`Fork::add_node`] lets join.
    pub nodes: &'a [usize],
    /// Pods that [`Fork::add_pod`] lets come.
    pub pods: &'a [usize],
}

impl<'a> Session<'a> {
    /// Places every pod, as [`super::schedule`] does.
    #[must_use]
    pub fn new(scheduling: &Scheduling<'a>) -> Self {
        Self::without(scheduling, Absent::default())
    }

    /// The same, with nodes and pods of the inventory that are not there yet. Indices that do not exist are
    /// ignored, as are pods that stand on a node that is not there.
    #[must_use]
    pub fn without(scheduling: &Scheduling<'a>, absent: Absent<'_>) -> Self {
        let mut base = Run::new(scheduling);
        let inventory = scheduling.inventory;
        for &node in absent.nodes {
            if let Some(&position) = base.state.nodes.position.get(node) {
                base.state.set_present(position, false);
            }
        }
        base.state.nodes.turn();
        let mut is_there = vec![true; inventory.pods.len()];
        for &pod in absent.pods {
            if let Some(is_there) = is_there.get_mut(pod) {
                *is_there = false;
            }
        }
        for (pod, _) in is_there.iter().enumerate().filter(|(_, is_there)| **is_there) {
            base.settle_one(pod, scheduling.reschedule);
        }
        base.go(None);
        let mut bound: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for pod in 0..inventory.pods.len() {
            if let Some(node) = only_node(inventory, pod) {
                bound.entry(node).or_default().push(pod);
            }
        }
        Self { placement: base.placement(scheduling), base, bound: Arc::new(bound), scheduling: *scheduling }
    }

    /// Where pods are before any change.
    #[must_use]
    pub fn placement(&self) -> &Placement {
        &self.placement
    }

    /// Nodes like `node`, which offers so much, to add for the pods without one.
    #[must_use]
    pub fn nodes_to_add(&self, node: &Node, offered: &NodeResources) -> Addition {
        nodes_to_add(&self.scheduling, &self.base.state, &self.placement.unplaced, (node, offered))
    }

    /// A copy to change.
    #[must_use]
    pub fn fork(&self) -> Fork<'a> {
        Fork::new(&self.scheduling, self.base.fork(), self.bound.clone())
    }

    /// What `work` makes of each number below `count` with a fork of its own, on several cores where the
    /// feature `parallel` is on; the same in any case.
    ///
    /// A thread uses one copy for all its forks, so a fork costs what it changes.
    pub fn forks<T: Send>(&self, count: usize, work: impl Fn(&mut Fork<'a>, usize) -> T + Sync + Send) -> Vec<T> {
        parallel::map(
            count,
            1,
            || self.fork(),
            |fork, number| {
                let answer = work(fork, number);
                fork.return_to(&self.base);
                answer
            },
        )
    }

    /// The loss of every node that is there, each on its own, in the order of the inventory.
    ///
    /// Pods of DaemonSets and static pods go with their node, as [`Fork::lose_node`] says.
    #[must_use]
    pub fn losses(&self) -> Vec<Loss> {
        let nodes = &self.base.state.nodes;
        let there: Vec<usize> = (0..nodes.len()).filter(|&node| nodes.present[nodes.position[node]]).collect();
        self.forks(there.len(), |fork, number| fork.loss(there[number]))
    }
}
