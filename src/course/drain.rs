//! Drain: nodes are cordoned and their pods evicted, as far as disruption budgets let them go.
//!
//! As `kubectl drain --ignore-daemonsets --delete-emptydir-data --force` does it: all pods there when the node is
//! cordoned are evicted at once, but for those of DaemonSets and static ones; a refused eviction is tried again
//! whenever something happens (kubectl tries every five seconds, which is not counted). Controllers make a successor
//! at once, StatefulSets when the pod is gone, nobody for a pod without a controller. A node upgrade drains node
//! after node; each comes back empty after the time the policy gives it.

use std::collections::{BTreeMap, VecDeque};

use super::play::{Player, play};
use super::stage::{Change, Phase, Stage};
use super::timing::millis;
use super::{Cause, Course, Setting};
use crate::inventory::STATIC_POD;

/// What is drained.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Drain {
    /// Indices in [`crate::inventory::Inventory::nodes`], in the order in which they are drained.
    pub nodes: Vec<usize>,
    /// Whether each node comes back empty, as in an upgrade of nodes.
    pub come_back: bool,
}

/// Drains nodes, so many at the same time as the policy says.
#[must_use]
pub fn drain(setting: &Setting<'_>, drain: &Drain) -> Course {
    let mut stage = Stage::new(*setting);
    let mut draining = Draining::new(setting, drain);
    let end = play(&mut stage, &mut draining);
    stage.finish(end, draining.lost, BTreeMap::new())
}

/// Nodes that are drained.
#[derive(Debug)]
pub(super) struct Draining {
    queue: VecDeque<usize>,
    come_back: bool,
    at_once: u64,
    under_way: BTreeMap<usize, Node>,
    /// Drained nodes that are to come back, and whether they are to be opened then.
    away: BTreeMap<usize, bool>,
    /// The node that each pod told to end is on.
    node_of: BTreeMap<usize, usize>,
    lost: u64,
}

/// A node that is drained.
#[derive(Debug, Default)]
struct Node {
    /// Pods to evict, by the budgets that protect them and by whether they were ready: what refuses one refuses
    /// the next.
    left: BTreeMap<(usize, bool), VecDeque<usize>>,
    /// Pods that end.
    ending: u64,
    was_cordoned: bool,
}

/// When a pod that is evicted gets a successor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Successor {
    AtOnce,
    WhenGone,
    Never,
}

impl Player for Draining {
    fn act(&mut self, stage: &mut Stage<'_>, changes: &[Change]) {
        for &change in changes {
            match change {
                Change::Gone(pod) => self.gone(stage, pod),
                Change::Alarm(node) => self.back(stage, node),
                Change::Placed(_) | Change::Available(_) => {}
            }
        }
        // A node without pods makes room for the next at once.
        let mut goes_on = true;
        while goes_on {
            while self.under_way() < self.at_once && self.cordon_next(stage) {}
            let nodes: Vec<usize> = self.under_way.keys().copied().collect();
            for node in nodes {
                self.evict(stage, node);
                self.settle(stage, node);
            }
            goes_on = self.under_way() < self.at_once && !self.queue.is_empty();
        }
    }

    fn is_done(&self) -> bool {
        self.queue.is_empty() && self.under_way.is_empty() && self.away.is_empty()
    }

    fn under_way(&self) -> u64 {
        (self.under_way.len() + self.away.len()) as u64
    }

    fn blocked(&self) -> u64 {
        self.under_way.values().flat_map(|node| node.left.values()).map(|pods| pods.len() as u64).sum()
    }

    fn stuck(&self, stage: &Stage<'_>) -> (Cause, Option<usize>, Option<usize>) {
        let blocked = self.under_way.iter().find_map(|(node, left)| {
            let pod = left.left.values().find_map(|pods| pods.front())?;
            Some((*node, *pod))
        });
        let Some((node, pod)) = blocked else { return (Cause::NotReady, None, None) };
        (stage.refusal(pod).unwrap_or(Cause::NotReady), Some(pod), Some(node))
    }
}

impl Draining {
    pub(super) fn new(setting: &Setting<'_>, drain: &Drain) -> Self {
        Self {
            queue: drain.nodes.iter().copied().filter(|node| *node < setting.inventory.nodes.len()).collect(),
            come_back: drain.come_back,
            at_once: setting.policy.nodes_at_once.max(1),
            under_way: BTreeMap::new(),
            away: BTreeMap::new(),
            node_of: BTreeMap::new(),
            lost: 0,
        }
    }

    /// Cordons the next node and lists its pods; says whether there was one.
    fn cordon_next(&mut self, stage: &mut Stage<'_>) -> bool {
        let Some(index) = self.queue.pop_front() else { return false };
        if self.under_way.contains_key(&index) || self.away.contains_key(&index) {
            return true;
        }
        let mut node = Node { was_cordoned: stage.is_cordoned(index), ..Node::default() };
        stage.cordon(index, true);
        if let Some(node) = stage.setting.inventory.nodes.get(index) {
            stage.record.begun(|| node.name.to_string());
        }
        for pod in stage.pods_on(index) {
            if stage.phase(pod) == Phase::Ending {
                node.ending += 1;
                self.node_of.insert(pod, index);
            } else if is_evicted(stage, pod) {
                let is_ready = matches!(stage.phase(pod), Phase::Ready | Phase::Available);
                node.left.entry((stage.budgets_of(pod), is_ready)).or_default().push_back(pod);
            }
        }
        self.under_way.insert(index, node);
        true
    }

    /// Evicts what may go.
    fn evict(&mut self, stage: &mut Stage<'_>, index: usize) {
        let Some(node) = self.under_way.get_mut(&index) else { return };
        let mut evicted = Vec::new();
        for pods in node.left.values_mut() {
            while let Some(pod) = pods.front().copied() {
                // It may have ended for another reason.
                if !matches!(stage.phase(pod), Phase::Ending | Phase::Gone) && !stage.evict(pod) {
                    break;
                }
                pods.pop_front();
                evicted.push(pod);
            }
        }
        node.left.retain(|_, pods| !pods.is_empty());
        node.ending += evicted.len() as u64;
        for pod in evicted {
            self.node_of.insert(pod, index);
            match successor(stage, pod) {
                Successor::AtOnce => _ = stage.begin(pod, None),
                Successor::WhenGone => {}
                Successor::Never => self.lost += 1,
            }
        }
    }

    fn gone(&mut self, stage: &mut Stage<'_>, pod: usize) {
        let Some(index) = self.node_of.remove(&pod) else { return };
        if let Some(node) = self.under_way.get_mut(&index) {
            node.ending -= 1;
        }
        if successor(stage, pod) == Successor::WhenGone {
            stage.begin(pod, None);
        }
    }

    /// A node without pods to evict is drained.
    fn settle(&mut self, stage: &mut Stage<'_>, index: usize) {
        let is_drained = |node: &Node| node.left.is_empty() && node.ending == 0;
        let Some(node) = self.under_way.get(&index).filter(|node| is_drained(node)) else { return };
        if self.come_back {
            self.away.insert(index, !node.was_cordoned);
            stage.wake(millis(stage.setting.policy.node), index);
        }
        self.under_way.remove(&index);
    }

    fn back(&mut self, stage: &mut Stage<'_>, index: usize) {
        if self.away.remove(&index) == Some(true) {
            stage.cordon(index, false);
        }
    }
}

/// Whether a drain evicts a pod.
fn is_evicted(stage: &Stage<'_>, pod: usize) -> bool {
    !matches!(kind_of(stage, pod), Some("DaemonSet" | STATIC_POD))
}

fn successor(stage: &Stage<'_>, pod: usize) -> Successor {
    match kind_of(stage, pod) {
        Some("Pod" | STATIC_POD | "DaemonSet") | None => Successor::Never,
        Some("StatefulSet") => Successor::WhenGone,
        Some(_) => Successor::AtOnce,
    }
}

fn kind_of<'a>(stage: &Stage<'a>, pod: usize) -> Option<&'a str> {
    let workloads = &stage.setting.inventory.workloads;
    workloads.get(stage.workload_of(pod)).map(|workload| &*workload.id.kind)
}
