//! The cluster while pods are placed: every sum and count kept as pods come and go.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::claims::{Binding, Claims};
use super::class::{Class, HostPort};
use super::counter::Counter;
use super::ground::{Answer, Ground};
use super::nodes::{CPU, EPHEMERAL, MEMORY, Nodes};
use super::plugins::Plugin;
use super::plugins::image_locality::Images;
use super::profile::Profile;
use super::topology::Topology;
use crate::inventory::objects::{Disk, DiskKind};
use crate::inventory::{Inventory, Pod};

/// Everything the plugins look at.
///
/// A copy shares what never changes. With a journal, [`State::undo`] takes all back that was done since.
#[derive(Debug, Clone)]
pub(super) struct State<'a> {
    pub(super) inventory: &'a Inventory,
    pub(super) profile: &'a Profile,
    pub(super) nodes: Nodes<'a>,
    pub(super) topology: Arc<Topology>,
    pub(super) classes: Arc<[Class<'a>]>,
    pub(super) grounds: Arc<[Ground]>,
    pub(super) counters: Vec<Counter>,
    /// Counters that know their smallest count.
    pub(super) watching: Arc<[usize]>,
    pub(super) node_sets: Arc<[Vec<bool>]>,
    pub(super) images: Images,
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
    /// Pods that have a node.
    pub(super) placed: u64,
    /// What was done, where it is to be taken back.
    pub(super) journal: Option<Vec<Step>>,
}

/// What can make nodes fit again that did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hope {
    departures: u64,
    arrivals: u64,
}

/// Something done to a state.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Placed(u32),
    Removed { pod: u32, node: u32 },
    Bound(Binding),
    Succeeded { pod: u32, terminating: bool },
    Joined(u32),
    Left(u32),
    Cordoned(u32),
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
    /// Whether it is a new pod in the place of the one in the input, without age or nominated node.
    pub(super) is_successor: bool,
}

/// No node.
pub(super) const NO_NODE: u32 = u32::MAX;

impl PodState {
    pub(super) fn new(class: u32, pod: &Pod) -> Self {
        Self { class, node: NO_NODE, terminating: pod.terminating, is_successor: false }
    }

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

    /// While this stays the same, a node that refused a class refuses it again: no pod has left, and none has
    /// come whose coming elsewhere could help.
    pub(super) fn hope(&self, class: &Class<'_>) -> Hope {
        let counters = class.hopes().filter_map(|counter| self.counters.get(counter));
        Hope { departures: self.departures, arrivals: counters.map(|counter| counter.total).sum() }
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
        self.note(Step::Placed(pod as u32));
    }

    /// Takes a pod off its node; says which it was.
    pub(super) fn remove(&mut self, pod: usize) -> Option<usize> {
        let node = self.pods[pod].node()?;
        self.pods[pod].node = NO_NODE;
        // From the end: who leaves all together is taken off last first.
        if let Some(index) = self.on_node[node].iter().rposition(|&other| other as usize == pod) {
            self.on_node[node].remove(index);
        }
        self.count(pod, node, -1);
        self.departures += 1;
        self.note(Step::Removed { pod: pod as u32, node: node as u32 });
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

    /// Opens a node that was cordoned since.
    pub(super) fn uncordon(&mut self, node: usize) {
        if std::mem::replace(&mut self.nodes.cordoned[node], false) {
            self.nodes.touch(node);
            // Pods that found no node may find this one.
            self.departures += 1;
        }
    }

    /// Binds what a pod claims on the node it will be placed on; first, as what is attached follows from it.
    pub(super) fn bind_claims(&mut self, pod: usize, node: usize) {
        let classes = self.classes.clone();
        let Some(class) = classes.get(self.pods[pod].class as usize) else { return };
        for &claim in &class.claims {
            if let Some(binding) = self.claims.bind(claim, self.nodes.all[node]) {
                self.note(Step::Bound(binding));
            }
        }
    }

    /// A new pod takes the place of one that is gone.
    pub(super) fn succeed(&mut self, pod: usize) {
        let terminating = std::mem::replace(&mut self.pods[pod].terminating, false);
        if !std::mem::replace(&mut self.pods[pod].is_successor, true) {
            self.note(Step::Succeeded { pod: pod as u32, terminating });
        }
    }

    /// A node joins the cluster or leaves it, without pods.
    pub(super) fn set_present(&mut self, node: usize, present: bool) {
        if self.nodes.present[node] == present {
            return;
        }
        self.nodes.set_present(node, present);
        self.images.change_nodes(node, present);
        for &index in self.watching.iter() {
            let counter = &mut self.counters[index];
            if counter.eligible.is_none_or(|set| self.node_sets[set][node]) {
                counter.change_nodes(self.topology.domain(counter.key, node), present);
            }
        }
        self.note(if present { Step::Joined(node as u32) } else { Step::Left(node as u32) });
    }

    /// Cordons a node.
    pub(super) fn cordon(&mut self, node: usize) {
        if !std::mem::replace(&mut self.nodes.cordoned[node], true) {
            self.nodes.touch(node);
            self.note(Step::Cordoned(node as u32));
        }
    }

    fn note(&mut self, step: Step) {
        if let Some(journal) = &mut self.journal {
            journal.push(step);
        }
    }

    /// Takes back all that the journal holds.
    pub(super) fn undo(&mut self) {
        let Some(mut journal) = self.journal.take() else { return };
        while let Some(step) = journal.pop() {
            match step {
                Step::Placed(pod) => {
                    self.remove(pod as usize);
                }
                Step::Removed { pod, node } => self.place(pod as usize, node as usize),
                Step::Bound(binding) => self.claims.unbind(binding),
                Step::Succeeded { pod, terminating } => {
                    let pod = &mut self.pods[pod as usize];
                    (pod.terminating, pod.is_successor) = (terminating, false);
                }
                Step::Joined(node) => self.set_present(node as usize, false),
                Step::Left(node) => self.set_present(node as usize, true),
                Step::Cordoned(node) => {
                    self.nodes.cordoned[node as usize] = false;
                    self.nodes.touch(node as usize);
                }
            }
        }
        self.journal = Some(journal);
    }

    fn count(&mut self, pod: usize, node: usize, change: i32) {
        let PodState { class, terminating, .. } = self.pods[pod];
        self.placed = self.placed.saturating_add_signed(change.into());
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
