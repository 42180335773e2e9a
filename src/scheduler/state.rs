//! The cluster while pods are placed: every sum and count kept as pods come and go.

use std::collections::BTreeMap;

use super::claims::Claims;
use super::class::{Class, HostPort};
use super::counter::Counter;
use super::ground::{Answer, Ground};
use super::nodes::{CPU, EPHEMERAL, MEMORY, Nodes};
use super::plugins::Plugin;
use super::profile::Profile;
use super::topology::Topology;
use crate::inventory::Inventory;
use crate::inventory::objects::{Disk, DiskKind};

/// Everything the plugins look at.
#[derive(Debug)]
pub(super) struct State<'a> {
    pub(super) inventory: &'a Inventory,
    pub(super) profile: &'a Profile,
    pub(super) nodes: Nodes<'a>,
    pub(super) topology: Topology,
    pub(super) classes: Vec<Class<'a>>,
    pub(super) grounds: Vec<Ground>,
    pub(super) counters: Vec<Counter>,
    pub(super) node_sets: Vec<Vec<bool>>,
    pub(super) claims: Claims<'a>,
    pub(super) pods: Vec<PodState>,
    /// Pods by node.
    pub(super) on_node: Vec<Vec<u32>>,
    pub(super) ports: Vec<Vec<HostPort>>,
    pub(super) disks: Vec<Vec<Mounted<'a>>>,
    /// Attached volumes by node, with how often: driver and identity.
    pub(super) attached: Vec<BTreeMap<(String, String), u32>>,
    /// What is scored, and balanced, by column.
    pub(super) strategy: Vec<(usize, i64)>,
    pub(super) balanced: Vec<usize>,
    /// Counts the pods that left.
    pub(super) departures: u64,
}

/// A disk that a pod of the node mounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mounted<'a> {
    pub(super) kind: DiskKind,
    pub(super) id: &'a str,
    pub(super) read_only: bool,
}

/// A pod: what it is and where it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct PodState {
    pub(super) class: u32,
    pub(super) node: u32,
    pub(super) terminating: bool,
}

/// No node.
pub(super) const NO_NODE: u32 = u32::MAX;

impl PodState {
    pub(super) fn node(&self) -> Option<usize> {
        (self.node != NO_NODE).then_some(self.node as usize)
    }
}

impl<'a> From<&'a Disk> for Mounted<'a> {
    fn from(disk: &'a Disk) -> Self {
        Self { kind: disk.kind, id: &disk.id, read_only: disk.read_only }
    }
}

impl<'a> State<'a> {
    pub(super) fn class_of(&self, pod: usize) -> &Class<'a> {
        &self.classes[self.pods[pod].class as usize]
    }

    /// Whether a plugin filters.
    pub(super) fn filters(&self, plugin: Plugin) -> bool {
        !self.profile.filters_off.contains(&plugin)
    }

    /// How a node as it is answers what a pod asks.
    pub(super) fn answer(&self, class: &Class<'_>, node: usize) -> Answer {
        let known = class.ground.and_then(|ground| self.grounds.get(ground));
        match known {
            Some(ground) => ground.answers[node],
            None => class.demand.answer(&self.nodes, node),
        }
    }

    /// Puts a pod on a node.
    pub(super) fn place(&mut self, pod: usize, node: usize) {
        self.pods[pod].node = node as u32;
        self.on_node[node].push(pod as u32);
        self.count(pod, node, 1);
    }

    /// Takes a pod off its node; says which it was.
    pub(super) fn remove(&mut self, pod: usize) -> Option<usize> {
        let node = self.pods[pod].node()?;
        self.pods[pod].node = NO_NODE;
        self.on_node[node].retain(|&other| other as usize != pod);
        self.count(pod, node, -1);
        self.departures += 1;
        Some(node)
    }

    /// Marks a pod as being deleted: rules that count pods while they stay do so no longer.
    pub(super) fn end(&mut self, pod: usize) {
        let node = self.pods[pod].node();
        if let Some(node) = node {
            self.count(pod, node, -1);
        }
        self.pods[pod].terminating = true;
        if let Some(node) = node {
            self.count(pod, node, 1);
        }
        self.departures += 1;
    }

    /// Cordons a node or opens it.
    pub(super) fn cordon(&mut self, node: usize, cordoned: bool) {
        self.nodes.cordoned[node] = cordoned;
        for ground in &mut self.grounds {
            ground.answers[node].open = !cordoned || ground.ignores_cordons;
        }
        self.nodes.touch(node);
        // Pods that found no node may find this one.
        self.departures += 1;
    }

    /// Binds what a pod claims on the node it will be placed on; first, as what is attached follows from it.
    pub(super) fn bind_claims(&mut self, pod: usize, node: usize) {
        let class = &self.classes[self.pods[pod].class as usize];
        for index in 0..class.claims.len() {
            let claim = class.claims[index];
            self.claims.bind(claim, self.nodes.all[node]);
        }
    }

    fn count(&mut self, pod: usize, node: usize, change: i32) {
        let PodState { class, terminating, .. } = self.pods[pod];
        let class = &self.classes[class as usize];
        let signed = i64::from(change);
        for &(column, amount) in &class.asked {
            let sum = &mut self.nodes.requested[column][node];
            *sum = sum.saturating_add(amount * signed);
        }
        for (sums, amount) in self.nodes.scored.iter_mut().zip(class.scored) {
            sums[node] = sums[node].saturating_add(amount * signed);
        }
        self.nodes.pods[node] += signed;
        self.nodes.touch(node);
        let staying = class.counted_while_staying.iter().filter(|_| !terminating);
        for &counter in class.counted.iter().chain(staying) {
            let counter = &mut self.counters[counter];
            if counter.eligible.is_none_or(|set| self.node_sets[set][node]) {
                let key = &self.topology.keys[counter.key];
                counter.change(key.domain_of[node], change, key.values.len());
            }
        }
        if !class.ports.is_empty() {
            occupy(&mut self.ports[node], &class.ports, change);
        }
        if !class.disks.is_empty() {
            let mounts: Vec<Mounted<'a>> = class.disks.iter().map(|disk| Mounted::from(*disk)).collect();
            occupy(&mut self.disks[node], &mounts, change);
        }
        for &claim in &class.claims {
            self.claims.use_by(claim, signed);
        }
        if self.claims.has_limits() && !(class.claims.is_empty() && class.own_claims.is_empty()) {
            for volume in super::plugins::node_volume_limits::attachments(&self.claims, class, pod) {
                let count = self.attached[node].entry(volume).or_default();
                *count = count.saturating_add_signed(change);
            }
            self.attached[node].retain(|_, count| *count > 0);
        }
    }

    /// What is requested of a column as scores see it.
    pub(super) fn scored(&self, column: usize, node: usize) -> i64 {
        match column {
            CPU => self.nodes.scored[0][node],
            MEMORY => self.nodes.scored[1][node],
            other => self.nodes.requested[other][node],
        }
    }

    /// Whether a column is an extended resource or huge pages.
    pub(super) fn is_scalar(column: usize) -> bool {
        column > EPHEMERAL
    }
}

/// Adds things to a list, or takes each out once.
fn occupy<T: Clone + PartialEq>(list: &mut Vec<T>, things: &[T], change: i32) {
    if change > 0 {
        list.extend_from_slice(things);
        return;
    }
    for thing in things {
        if let Some(index) = list.iter().position(|known| known == thing) {
            list.swap_remove(index);
        }
    }
}
