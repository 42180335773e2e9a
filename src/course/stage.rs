//! The cluster while a course is played: pods that wait, start, are ready, end; what happens when.

mod time;
mod view;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::budget::{Budgets, Verdict};
use super::record::{Moment, Record};
use super::timing::{Millis, Timing};
use super::waiting::{Kind, Queue};
use super::{Cause, Course, End, Setting, Untouched, Waiting};
use crate::inventory::objects::Timestamp;
use crate::inventory::{Place, Pod, STATIC_POD};
use crate::resources::Resources;
use crate::scheduler::Live;

/// The cluster in the course of time.
#[derive(Debug)]
pub(super) struct Stage<'a> {
    pub(super) setting: Setting<'a>,
    pub(super) record: Record,
    live: Live<'a>,
    actors: Vec<Actor>,
    /// Pods of each workload, those that are gone included.
    members: Vec<Vec<usize>>,
    timings: Vec<Option<Timing>>,
    budgets: Budgets<'a>,
    waiting: Queue,
    now: Millis,
    events: BTreeMap<Millis, Vec<Event>>,
    changes: Vec<Change>,
    allocatable: Resources,
    /// Pods wanted, those that have a node, that are not ready yet, and that end.
    wanted: u64,
    placed: u64,
    starting: u64,
    ending: u64,
}

/// A pod on the stage.
#[derive(Debug, Clone, Copy)]
struct Actor {
    workload: usize,
    /// The pod of the inventory that it is like.
    like: usize,
    phase: Phase,
    /// The set of budgets that protect it.
    budgets: usize,
    /// The only node it may run on.
    only: Option<usize>,
}

/// Where in its life a pod is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Without a node.
    Waiting,
    /// On a node, not ready.
    Starting,
    /// Ready, but not for long enough to count as available.
    Ready,
    /// Available.
    Available,
    /// Told to end.
    Ending,
    /// No more.
    Gone,
}

/// What is going to happen.
#[derive(Debug, Clone, Copy)]
enum Event {
    Ready(usize),
    Available(usize),
    Gone(usize),
    Alarm(usize),
}

/// What has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// A pod found a node.
    Placed(usize),
    /// A pod counts as available.
    Available(usize),
    /// A pod is no more.
    Gone(usize),
    /// The time has come that [`Stage::wake`] was told of.
    Alarm(usize),
}

impl<'a> Stage<'a> {
    /// The cluster before the course: pods where they are, the others placed.
    pub(super) fn new(setting: Setting<'a>) -> Self {
        let Setting { inventory, offered, profile, ties, .. } = setting;
        let live = Live::new(inventory, offered, profile, ties);
        let mut stage = Self {
            record: Record::default(),
            allocatable: live.allocatable(),
            live,
            actors: Vec::with_capacity(inventory.pods.len()),
            members: vec![Vec::new(); inventory.workloads.len()],
            timings: vec![None; inventory.workloads.len()],
            budgets: Budgets::new(inventory),
            waiting: Queue::default(),
            now: 0,
            events: BTreeMap::new(),
            changes: Vec::new(),
            wanted: 0,
            placed: 0,
            starting: 0,
            ending: 0,
            setting,
        };
        let mut homeless = Vec::new();
        for (index, pod) in inventory.pods.iter().enumerate() {
            let node = stage.enter(index, pod);
            match node {
                Some(node) => stage.settle(index, pod, node),
                None if stage.actors[index].phase == Phase::Waiting => homeless.push(index),
                None => {}
            }
        }
        stage.expect();
        stage.house(homeless);
        stage.changes.clear();
        stage
    }

    /// Takes a pod of the inventory in; says on which node it is.
    fn enter(&mut self, index: usize, pod: &'a Pod) -> Option<usize> {
        let on = if let Place::On(node) = pod.place { Some(node) } else { None };
        let left_out = pod.place == Place::Elsewhere || (on.is_none() && pod.spec.gated);
        let phase = if left_out { Phase::Gone } else { Phase::Waiting };
        let budgets = self.budgets.set_of(pod);
        // Pods of DaemonSets that templates were expanded to have their node, but are not there yet.
        let only = on.filter(|_| !pod.listed);
        self.actors.push(Actor { workload: pod.workload, like: index, phase, budgets, only });
        if left_out {
            return None;
        }
        if let Some(members) = self.members.get_mut(pod.workload) {
            members.push(index);
        }
        self.wanted += u64::from(!pod.terminating);
        on.filter(|_| pod.listed)
    }

    /// Puts a pod where it is.
    fn settle(&mut self, index: usize, pod: &Pod, node: usize) {
        self.live.settle(index, node);
        self.placed += 1;
        // What is not ready in the input stays so.
        if pod.life.ready == Some(false) {
            self.actors[index].phase = Phase::Starting;
            self.starting += 1;
        } else {
            self.actors[index].phase = Phase::Available;
            self.budgets.ready(self.actors[index].budgets, true);
        }
        if pod.terminating {
            self.end(index);
        }
    }

    /// Tells budgets how many pods the controllers want.
    fn expect(&mut self) {
        for (workload, members) in self.setting.inventory.workloads.iter().zip(&self.members) {
            if matches!(&*workload.id.kind, "Pod" | STATIC_POD) {
                continue;
            }
            let mut sets: BTreeMap<usize, u64> = BTreeMap::new();
            for &pod in members.iter().filter(|pod| self.actors[**pod].phase != Phase::Ending) {
                *sets.entry(self.actors[pod].budgets).or_default() += 1;
            }
            for (set, pods) in sets {
                self.budgets.expect(set, pods);
            }
        }
    }

    /// Places the pods that have no node, as they would be before anything begins.
    fn house(&mut self, mut homeless: Vec<usize>) {
        let rank = |pod: &usize| {
            let created = self.setting.inventory.pods[*pod].life.created;
            (Reverse(self.live.priority(*pod)), created.unwrap_or(Timestamp(i64::MAX)), *pod)
        };
        homeless.sort_by_key(rank);
        for &pod in &homeless {
            self.waiting.push(self.kind(pod), pod);
        }
        self.try_waiting();
        for pod in homeless {
            if self.actors[pod].phase == Phase::Starting {
                self.become_ready(pod);
                self.actors[pod].phase = Phase::Available;
            }
        }
        // They have been ready for long; what ends already goes on to do so.
        self.events.values_mut().for_each(|events| events.retain(|event| !matches!(event, Event::Ready(_))));
        self.record = Record::default();
    }

    fn kind(&self, pod: usize) -> Kind {
        Kind {
            priority: Reverse(self.live.priority(pod)),
            likeness: self.live.likeness(pod),
            only: self.actors[pod].only,
        }
    }

    /// Begins a pod like another, on that node alone if one is given; it may have to wait.
    pub(super) fn begin(&mut self, like: usize, only: Option<usize>) -> usize {
        let Actor { workload, like, budgets, .. } = self.actors[like];
        let pod = self.live.another(like);
        self.actors.push(Actor { workload, like, phase: Phase::Waiting, budgets, only });
        if let Some(members) = self.members.get_mut(workload) {
            members.push(pod);
        }
        self.record.moved();
        if !self.try_place(pod) {
            self.waiting.push(self.kind(pod), pod);
        }
        pod
    }

    /// Whether so many more pods like one would all find a node now.
    pub(super) fn would_fit(&mut self, like: usize, pods: u64) -> bool {
        let mut tried = 0;
        let mut all = true;
        while all && tried < pods {
            let pod = self.live.another(self.actors[like].like);
            all = self.live.place(pod).is_some();
            tried += 1;
        }
        for _ in 0..tried {
            self.live.forget_last();
        }
        all
    }

    /// What keeps one more pod like one off every node; `None` where it would find one.
    pub(super) fn shut_out(&mut self, like: usize) -> Option<Cause> {
        let pod = self.live.another(self.actors[like].like);
        let is_out = self.live.place(pod).is_none();
        let cause = is_out.then(|| Cause::NoNode(self.live.reasons(pod)));
        self.live.forget_last();
        cause
    }

    /// Tells a pod to end; one without a node is gone at once.
    pub(super) fn end(&mut self, pod: usize) {
        let kind = self.kind(pod);
        let phase = std::mem::replace(&mut self.actors[pod].phase, Phase::Ending);
        match phase {
            Phase::Ending => {}
            Phase::Gone => self.actors[pod].phase = Phase::Gone,
            Phase::Waiting => {
                self.waiting.remove(kind, pod);
                self.actors[pod].phase = Phase::Gone;
                self.changes.push(Change::Gone(pod));
            }
            Phase::Starting | Phase::Ready | Phase::Available => {
                if phase == Phase::Starting {
                    self.starting -= 1;
                } else {
                    self.budgets.ready(self.actors[pod].budgets, false);
                }
                self.live.end(pod);
                self.ending += 1;
                let after = self.timing(self.actors[pod].workload).end;
                self.schedule(after, Event::Gone(pod));
            }
        }
    }

    /// Evicts a pod if its budgets allow it; says whether they do.
    pub(super) fn evict(&mut self, pod: usize) -> bool {
        let Actor { phase, budgets, .. } = self.actors[pod];
        let is_ready = matches!(phase, Phase::Ready | Phase::Available);
        let granted = self.budgets.evict(budgets, is_ready) == Verdict::Granted;
        if granted {
            self.end(pod);
        }
        granted
    }

    /// Cordons a node or opens it.
    pub(super) fn cordon(&mut self, node: usize, cordoned: bool) {
        self.live.cordon(node, cordoned);
        if !cordoned {
            self.try_waiting();
        }
    }

    /// Writes down how it stands.
    pub(super) fn note(&mut self, blocked: u64, under_way: u64) {
        self.record.note(&Moment {
            now: self.now,
            pods: self.placed,
            wanted: self.wanted,
            starting: self.starting,
            ending: self.ending,
            waiting: self.waiting.len(),
            blocked,
            under_way,
            requested: self.live.requested(),
            free: self.live.free(),
            allocatable: &self.allocatable,
        });
    }

    /// The course so far; the stage can go on with another.
    pub(super) fn finish(&mut self, end: End, lost: u64, untouched: BTreeMap<Untouched, u64>) -> Course {
        let (waves, peak, replaced) = std::mem::replace(&mut self.record, Record::from(self.now)).finish();
        Course {
            waves,
            end,
            allocatable: self.allocatable.clone(),
            peak,
            replaced,
            lost,
            untouched: untouched.into_iter().filter(|(_, pods)| *pods > 0).collect(),
            waiting: self.left_waiting(),
        }
    }

    /// Pods that were begun and have no node, by workload.
    fn left_waiting(&self) -> Vec<Waiting> {
        let present = self.setting.inventory.pods.len();
        let mut first_of: BTreeMap<usize, (usize, u64)> = BTreeMap::new();
        for (pod, count, _) in self.waiting.kinds().filter(|(pod, ..)| *pod >= present) {
            let entry = first_of.entry(self.actors[pod].workload).or_insert((pod, 0));
            entry.1 += count;
        }
        let waiting = first_of
            .into_values()
            .filter_map(|(pod, pods)| Some(Waiting { pod: self.name_of(pod)?, pods, reasons: self.reasons(pod) }));
        waiting.collect()
    }

    #[cfg(test)]
    pub(super) fn missed_budgets(&self) -> Vec<u64> {
        self.budgets.missed()
    }
}
