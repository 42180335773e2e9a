//! A cluster whose pods come and go one by one while the same rules hold: what courses over time are played on.

use std::collections::BTreeSet;

use super::compile::{Ingredients, compile};
use super::cycle::{Cycle, refusal};
use super::nodes::{CPU, MEMORY};
use super::profile::Profile;
use super::run::only_node;
use super::state::{Hope, NO_NODE, PodState, State};
use super::ties::{TieBreak, Ties};
use super::why::why;
use crate::inventory::objects::NodeResources;
use crate::inventory::{Inventory, Node};
use crate::resources::Resources;
use crate::units::{Bytes, Millicores};

/// A cluster in motion. Pods are known by their index: those of the inventory first, in its order, then those
/// that [`Live::another`] made. Nodes are known by their index in the inventory.
///
/// Pods of lower priority are not preempted for one that fits nowhere: it waits.
#[derive(Debug)]
pub struct Live<'a> {
    state: State<'a>,
    cycle: Cycle,
    /// What a class that found no node hoped for then.
    failed: Vec<Option<Hope>>,
    /// CPU and memory asked for by the pods that have a node.
    requested: [i64; 2],
    /// Cordoned nodes, by place in the walk.
    closed: BTreeSet<usize>,
}

impl<'a> Live<'a> {
    /// All nodes and no pods yet; a missing entry of `offered` offers nothing.
    #[must_use]
    pub fn new(inventory: &'a Inventory, offered: &[NodeResources], profile: &'a Profile, ties: TieBreak) -> Self {
        let nodes: Vec<&Node> = inventory.nodes.iter().collect();
        let nothing = NodeResources { pods: Some(0), ..NodeResources::default() };
        let offered: Vec<&NodeResources> =
            (0..nodes.len()).map(|index| offered.get(index).unwrap_or(&nothing)).collect();
        let state = compile(Ingredients { inventory, profile, nodes: &nodes, offered: &offered });
        Self {
            cycle: Cycle::new(&state, Ties::new(ties)),
            failed: vec![None; state.classes.len()],
            requested: [0; 2],
            closed: (0..state.nodes.len()).filter(|&node| state.nodes.all[node].unschedulable).collect(),
            state,
        }
    }

    /// Puts a pod on a node without asking, as one that runs there already.
    pub fn settle(&mut self, pod: usize, node: usize) {
        self.put(pod, self.state.nodes.position[node]);
    }

    /// A further pod like one there is.
    pub fn another(&mut self, like: usize) -> usize {
        let class = self.state.pods[like].class;
        self.state.pods.push(PodState { class, node: NO_NODE, terminating: false, is_successor: true });
        self.state.pods.len() - 1
    }

    /// Undoes the last pod that was made.
    pub fn forget_last(&mut self) {
        let last = self.state.pods.len().saturating_sub(1);
        if last >= self.state.inventory.pods.len() {
            self.remove(last);
            self.state.pods.pop();
        }
    }

    /// Places a pod as the scheduler would; says on which node.
    pub fn place(&mut self, pod: usize) -> Option<usize> {
        if let Some(only) = self.only_node(pod) {
            return self.place_on(pod, only).then_some(only);
        }
        let class = self.state.pods[pod].class as usize;
        let hope = Some(self.state.hope(&self.state.classes[class]));
        if self.failed[class] == hope {
            return None;
        }
        let Some(choice) = self.cycle.choose(&self.state, class) else {
            self.failed[class] = hope;
            return None;
        };
        self.put(pod, choice.node);
        Some(self.state.nodes.input[choice.node])
    }

    /// Places a pod on a node if it fits there; says whether it does.
    pub fn place_on(&mut self, pod: usize, node: usize) -> bool {
        let node = self.state.nodes.position[node];
        let fits = refusal(&self.state, self.state.class_of(pod), node).is_none();
        if fits {
            self.put(pod, node);
        }
        fits
    }

    /// Marks a pod as being deleted: it still holds what it asked for, but spreading does not count it any more.
    pub fn end(&mut self, pod: usize) {
        self.state.end(pod);
    }

    /// Takes a pod off its node.
    pub fn remove(&mut self, pod: usize) {
        if self.state.remove(pod).is_some() {
            self.add_request(pod, -1);
        }
    }

    /// Cordons a node, or opens one that was cordoned here.
    pub fn cordon(&mut self, node: usize, cordoned: bool) {
        let node = self.state.nodes.position[node];
        if cordoned {
            self.state.cordon(node);
            self.closed.insert(node);
        } else {
            self.state.uncordon(node);
            if !self.state.nodes.all[node].unschedulable {
                self.closed.remove(&node);
            }
        }
    }

    /// Whether a node is cordoned.
    #[must_use]
    pub fn is_cordoned(&self, node: usize) -> bool {
        self.closed.contains(&self.state.nodes.position[node])
    }

    /// Pods on a node.
    #[must_use]
    pub fn pods_on(&self, node: usize) -> Vec<usize> {
        self.state.on_node[self.state.nodes.position[node]].iter().map(|pod| *pod as usize).collect()
    }

    /// Node of a pod.
    #[must_use]
    pub fn node_of(&self, pod: usize) -> Option<usize> {
        self.state.pods[pod].node().map(|node| self.state.nodes.input[node])
    }

    /// Pods with the same number are alike.
    #[must_use]
    pub fn likeness(&self, pod: usize) -> u32 {
        self.state.pods[pod].class
    }

    /// Priority of a pod.
    #[must_use]
    pub fn priority(&self, pod: usize) -> i32 {
        self.state.class_of(pod).priority
    }

    /// What keeps a pod off how many nodes, most frequent first.
    #[must_use]
    pub fn reasons(&self, pod: usize) -> Vec<(String, u64)> {
        match self.only_node(pod) {
            Some(only) => self.refusal(pod, only).map(|reason| (reason, 1)).into_iter().collect(),
            None => why(&self.state, self.state.class_of(pod)),
        }
    }

    /// What keeps a pod off a node.
    #[must_use]
    pub fn refusal(&self, pod: usize, node: usize) -> Option<String> {
        let node = self.state.nodes.position[node];
        refusal(&self.state, self.state.class_of(pod), node).map(|(_, reason)| reason.in_short())
    }

    /// CPU and memory asked for by the pods that have a node.
    #[must_use]
    pub fn requested(&self) -> Resources {
        as_resources(self.requested)
    }

    /// CPU and memory that nobody asks for on nodes that are not cordoned, in millicores and bytes; below zero where
    /// they are overcommitted.
    #[must_use]
    pub fn free(&self) -> [i64; 2] {
        let offered = |column: usize, node: usize| self.state.nodes.allocatable[column][node];
        let all = [CPU, MEMORY].map(|column| {
            let closed =
                self.closed.iter().map(|&node| offered(column, node) - self.state.nodes.requested[column][node]);
            let sum: i64 = (0..self.state.nodes.len()).map(|node| offered(column, node)).sum();
            sum - closed.sum::<i64>()
        });
        [all[0] - self.requested[0], all[1] - self.requested[1]]
    }

    /// CPU and memory that all nodes offer.
    #[must_use]
    pub fn allocatable(&self) -> Resources {
        let sum =
            |column: usize| self.state.nodes.allocatable[column].iter().fold(0_i64, |sum, it| sum.saturating_add(*it));
        as_resources([sum(CPU), sum(MEMORY)])
    }

    fn only_node(&self, pod: usize) -> Option<usize> {
        (pod < self.state.inventory.pods.len()).then(|| only_node(self.state.inventory, pod)).flatten()
    }

    fn put(&mut self, pod: usize, node: usize) {
        self.state.bind_claims(pod, node);
        self.state.place(pod, node);
        self.add_request(pod, 1);
    }

    fn add_request(&mut self, pod: usize, sign: i64) {
        let class = self.state.class_of(pod);
        for (sum, column) in self.requested.iter_mut().zip([CPU, MEMORY]) {
            *sum = sum.saturating_add(class.asks(column) * sign);
        }
    }
}

fn as_resources([cpu, memory]: [i64; 2]) -> Resources {
    let amount = |number: i64| u64::try_from(number).unwrap_or(0);
    Resources::new(Millicores::new(amount(cpu)), Bytes::new(amount(memory)))
}
