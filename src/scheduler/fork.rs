//! A placed cluster, changed: nodes that leave or join, pods that go, come or come anew.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::loss::Loss;
use super::nodes::{CPU, MEMORY};
use super::run::{Run, can_move, only_node};
use super::{Placement, Scheduling, Unplaced};
use crate::resources::Resources;
use crate::units::{Bytes, Millicores};

/// A cluster that is being changed. Nodes and pods are indices of the inventory; those that do not exist, or
/// are already as asked for, change nothing.
///
/// [`Self::place`] then gives what [`super::schedule`] gives of an inventory that has pods where they are now,
/// with two things added: claims that were bound stay bound, and a pod that comes anew has neither the age nor
/// the nominated node of the one before.
#[derive(Debug)]
pub struct Fork<'a> {
    scheduling: Scheduling<'a>,
    run: Run<'a>,
    bound: Arc<BTreeMap<usize, Vec<usize>>>,
}

impl<'a> Fork<'a> {
    pub(super) fn new(scheduling: &Scheduling<'a>, run: Run<'a>, bound: Arc<BTreeMap<usize, Vec<usize>>>) -> Self {
        Self { scheduling: *scheduling, run, bound }
    }

    /// A node leaves the cluster. Its pods wait for another, but those of DaemonSets and static pods, which
    /// go with it.
    pub fn lose_node(&mut self, node: usize) {
        self.lose_nodes([node]);
    }

    /// Nodes leave the cluster together.
    pub fn lose_nodes(&mut self, nodes: impl IntoIterator<Item = usize>) {
        nodes.into_iter().for_each(|node| self.lose(node));
        self.run.state.nodes.turn();
    }

    fn lose(&mut self, node: usize) {
        let state = &mut self.run.state;
        let Some(&position) = state.nodes.position.get(node).filter(|&&position| state.nodes.present[position]) else {
            return;
        };
        for pod in state.on_node[position].clone().into_iter().rev() {
            let pod = pod as usize;
            if can_move(self.scheduling.inventory, pod) {
                self.restart_pod(pod);
            } else {
                self.remove_pod(pod);
            }
        }
        let bound = self.bound.get(&node).into_iter().flatten();
        for pod in bound.copied().collect::<Vec<usize>>() {
            self.remove_pod(pod);
        }
        self.run.state.set_present(position, false);
    }

    /// A node joins the cluster; pods of DaemonSets that belong to it come with it.
    pub fn add_node(&mut self, node: usize) {
        let state = &mut self.run.state;
        let Some(&position) = state.nodes.position.get(node).filter(|&&position| !state.nodes.present[position]) else {
            return;
        };
        state.set_present(position, true);
        state.nodes.turn();
        let bound = self.bound.get(&node).into_iter().flatten();
        for pod in bound.copied().collect::<Vec<usize>>() {
            self.add_pod(pod);
        }
    }

    /// Keeps new pods off a node, but those that tolerate it.
    pub fn cordon(&mut self, node: usize) {
        if let Some(&position) = self.run.state.nodes.position.get(node) {
            self.run.state.cordon(position);
        }
    }

    /// A pod goes for good.
    pub fn remove_pod(&mut self, pod: usize) {
        if self.leave(pod) || self.run.waiting.remove(&pod) {
            self.run.preemption.unwanted(&self.run.state, pod);
        }
    }

    /// A pod leaves its node, and another in its place waits for one.
    pub fn restart_pod(&mut self, pod: usize) {
        if self.leave(pod) {
            self.run.state.succeed(pod);
            self.run.waiting.insert(pod);
        }
    }

    /// A pod that is not there comes, and waits for a node.
    pub fn add_pod(&mut self, pod: usize) {
        let Some(state) = self.run.state.pods.get(pod) else { return };
        let node_is_gone = only_node(self.scheduling.inventory, pod)
            .is_some_and(|node| !self.run.state.nodes.present[self.run.state.nodes.position[node]]);
        if state.node().is_none() && !node_is_gone && self.run.waiting.insert(pod) {
            self.run.preemption.wanted(&self.run.state, pod);
        }
    }

    /// Places the pods that wait, by priority and age. Those that find no node go on waiting.
    pub fn place(&mut self) -> Placement {
        self.run.go(None);
        self.run.placement(&self.scheduling)
    }

    /// Places the pods that wait, as [`Self::place`] does, and says only how many find no node.
    pub fn place_all(&mut self) -> usize {
        self.run.go(None);
        self.run.unplaced().count()
    }

    /// The node a pod is on.
    #[must_use]
    pub fn node_of(&self, pod: usize) -> Option<usize> {
        let position = self.run.state.pods.get(pod)?.node()?;
        self.run.state.nodes.input.get(position).copied()
    }

    /// Pods on a node, in no order.
    pub fn pods_on(&self, node: usize) -> impl Iterator<Item = usize> {
        let position = self.run.state.nodes.position.get(node);
        let pods = position.and_then(|&position| self.run.state.on_node.get(position));
        pods.into_iter().flatten().map(|&pod| pod as usize)
    }

    /// CPU and memory that the pods on a node ask for.
    #[must_use]
    pub fn requested(&self, node: usize) -> Resources {
        let nodes = &self.run.state.nodes;
        let amount = |column: usize| {
            let position = nodes.position.get(node);
            let amount = position.and_then(|&position| nodes.requested.get(column)?.get(position));
            amount.map_or(0, |amount| (*amount).max(0) as u64)
        };
        Resources::new(Millicores::new(amount(CPU)), Bytes::new(amount(MEMORY)))
    }

    /// Pods that wait for a node.
    pub fn waiting(&self) -> impl Iterator<Item = usize> {
        self.run.waiting.iter().copied()
    }

    pub(super) fn return_to(&mut self, base: &Run<'a>) {
        self.run.return_to(base);
    }

    /// What the loss of a node does, without what nobody asks of a thousand of them.
    pub(super) fn loss(&mut self, node: usize) -> Loss {
        let had_none = self.run.waiting.clone();
        self.lose_node(node);
        let displaced = self.run.waiting.difference(&had_none).count() as u64;
        self.run.go(None);
        let unplaced = self.run.unplaced().filter(|(pod, _)| !had_none.contains(pod));
        Loss {
            node,
            displaced,
            unplaced: unplaced.map(|(pod, reasons)| Unplaced { pod, reasons: reasons.to_vec() }).collect(),
            preempted: self.run.preempted().len() as u64,
        }
    }

    fn leave(&mut self, pod: usize) -> bool {
        let has_node = self.run.state.pods.get(pod).is_some_and(|pod| pod.node().is_some());
        if has_node {
            self.run.state.remove(pod);
            self.run.preemption.left(&self.run.state, pod);
        }
        has_node
    }
}
