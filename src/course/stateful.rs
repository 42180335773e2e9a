//! A StatefulSet replaces its pods: from the highest ordinal down to the partition, each gone before its successor
//! begins.
//!
//! In order (`podManagementPolicy: OrderedReady`) nothing is ended while any pod is not available, and pods
//! begin one after the other, lowest ordinal first; in parallel only those that may be unavailable are
//! counted. Source: `updateStatefulSet` and `updateStatefulSetAfterInvariantEstablished` in
//! `pkg/controller/statefulset/stateful_set_control.go`.

use std::collections::{BTreeMap, BTreeSet};

use super::stage::{Change, Phase, Stage};

/// A StatefulSet on its way.
#[derive(Debug)]
pub(super) struct Stateful {
    /// Pods by ordinal.
    slots: Vec<usize>,
    slot_of: BTreeMap<usize, usize>,
    /// Slots below this one are to be replaced still.
    next: usize,
    /// The first slot that is replaced at all.
    partition: usize,
    unavailable: u64,
    parallel: bool,
    /// Pods that end.
    ending: u64,
    /// Slots whose pods are gone.
    absent: BTreeSet<usize>,
    /// New pods that are not available.
    starting: u64,
    /// Slots whose pods are old and not available.
    idle: BTreeSet<usize>,
}

impl Stateful {
    pub(super) fn new(stage: &Stage<'_>, pods: &[usize], unavailable: u64, partition: u64, parallel: bool) -> Self {
        let mut by_ordinal: Vec<(u64, usize)> = pods.iter().map(|pod| (ordinal(stage, *pod), *pod)).collect();
        by_ordinal.sort_unstable();
        let partition = by_ordinal.iter().filter(|(ordinal, _)| *ordinal < partition).count();
        let slots: Vec<usize> = by_ordinal.iter().map(|(_, pod)| *pod).collect();
        let idle = slots.iter().enumerate().filter(|(_, pod)| stage.phase(**pod) != Phase::Available);
        Self {
            idle: idle.map(|(slot, _)| slot).collect(),
            slot_of: by_ordinal.iter().enumerate().map(|(slot, (_, pod))| (*pod, slot)).collect(),
            next: slots.len(),
            partition,
            unavailable,
            parallel,
            ending: 0,
            absent: BTreeSet::new(),
            starting: 0,
            slots,
        }
    }

    pub(super) fn kept_by_partition(&self) -> u64 {
        self.partition as u64
    }

    pub(super) fn hear(&mut self, change: Change) {
        match change {
            Change::Gone(pod) => {
                if let Some(slot) = self.slot_of.remove(&pod) {
                    self.ending -= 1;
                    self.absent.insert(slot);
                }
            }
            Change::Available(pod) => {
                let Some(&slot) = self.slot_of.get(&pod) else { return };
                if !self.idle.remove(&slot) {
                    self.starting -= 1;
                }
            }
            Change::Placed(_) | Change::Alarm(_) => {}
        }
    }

    pub(super) fn act(&mut self, stage: &mut Stage<'_>) -> bool {
        self.begin(stage) || self.end(stage)
    }

    fn begin(&mut self, stage: &mut Stage<'_>) -> bool {
        let mut begun = false;
        while self.parallel || self.starting == 0 {
            let Some(slot) = self.absent.pop_first() else { break };
            let Some(pod) = self.slots.get_mut(slot) else { continue };
            *pod = stage.begin(*pod, None);
            self.slot_of.insert(*pod, slot);
            self.starting += 1;
            begun = true;
        }
        begun
    }

    fn end(&mut self, stage: &mut Stage<'_>) -> bool {
        let mut ended = false;
        while self.next > self.partition && self.may_end() {
            self.next -= 1;
            let Some(pod) = self.slots.get(self.next) else { break };
            self.idle.remove(&self.next);
            self.ending += 1;
            stage.end(*pod);
            ended = true;
        }
        ended
    }

    fn may_end(&self) -> bool {
        let under_way = self.ending + self.absent.len() as u64 + self.starting;
        if self.parallel {
            // One that serves nobody takes nothing from those that may be unavailable.
            let next_is_idle = self.next.checked_sub(1).is_some_and(|next| self.idle.contains(&next));
            return under_way < self.unavailable || next_is_idle;
        }
        // Those that go together are told to before the first is gone.
        let all_end = self.absent.is_empty() && self.starting == 0;
        self.idle.is_empty() && all_end && under_way < self.unavailable
    }

    pub(super) fn is_done(&self) -> bool {
        self.next == self.partition && self.ending + self.starting == 0 && self.absent.is_empty()
    }

    /// The first pod that is not available and that the others wait for.
    pub(super) fn idle(&self) -> Option<usize> {
        self.idle.first().and_then(|slot| self.slots.get(*slot)).copied()
    }
}

/// The number at the end of a pod's name; pods without one keep their order.
fn ordinal(stage: &Stage<'_>, pod: usize) -> u64 {
    let name = stage.name_of(pod);
    let number = name.as_ref().and_then(|name| name.name.rsplit_once('-')).and_then(|(_, number)| number.parse().ok());
    number.unwrap_or(pod as u64)
}
