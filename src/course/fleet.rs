//! Several workloads replace their pods, some at a time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::replace::Replacing;
use super::stage::{Change, Stage};
use super::{Cause, Untouched};

/// Workloads that are to replace their pods, in order, and those on their way.
#[derive(Debug)]
pub(super) struct Fleet {
    queue: VecDeque<usize>,
    active: BTreeMap<usize, Replacing>,
    at_once: u64,
    admission: Admission,
    untouched: BTreeMap<Untouched, u64>,
}

/// When the next workload may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// As soon as its turn has come.
    Free,
    /// When the pods it begins first find a node at once, or nothing else is on its way.
    WhenItFits,
}

impl Fleet {
    pub(super) fn new(workloads: impl IntoIterator<Item = usize>, at_once: u64, admission: Admission) -> Self {
        Self {
            queue: workloads.into_iter().collect(),
            active: BTreeMap::new(),
            at_once: at_once.max(1),
            admission,
            untouched: BTreeMap::new(),
        }
    }

    /// Answers what happened.
    pub(super) fn act(&mut self, stage: &mut Stage<'_>, changes: &[Change]) {
        let mut touched = BTreeSet::new();
        for &change in changes {
            let (Change::Placed(pod) | Change::Available(pod) | Change::Gone(pod)) = change else { continue };
            let workload = stage.workload_of(pod);
            if let Some(replacing) = self.active.get_mut(&workload) {
                replacing.hear(stage, change);
                touched.insert(workload);
            }
        }
        for workload in touched {
            self.go_on(stage, workload);
        }
        while (self.active.len() as u64) < self.at_once && self.admit(stage) {}
    }

    fn go_on(&mut self, stage: &mut Stage<'_>, workload: usize) {
        let Some(replacing) = self.active.get_mut(&workload) else { return };
        replacing.act(stage);
        if replacing.is_done() {
            self.active.remove(&workload);
        }
    }

    /// Begins with the next workload if it may; says whether to ask again.
    fn admit(&mut self, stage: &mut Stage<'_>) -> bool {
        let Some(&workload) = self.queue.front() else { return false };
        if let Some(replacing) = Replacing::of(stage, workload, &mut self.untouched) {
            let must_fit = self.admission == Admission::WhenItFits && !self.active.is_empty();
            let fits = |(like, pods): (usize, u64)| stage.would_fit(like, pods);
            if must_fit && !replacing.first_surge().is_none_or(fits) {
                return false;
            }
            self.active.insert(workload, replacing);
            if let Some(workload) = stage.setting.inventory.workloads.get(workload) {
                stage.record.begun(|| workload.id.to_string());
            }
        }
        self.queue.pop_front();
        self.go_on(stage, workload);
        true
    }

    pub(super) fn is_done(&self) -> bool {
        self.queue.is_empty() && self.active.is_empty()
    }

    pub(super) fn under_way(&self) -> u64 {
        self.active.len() as u64
    }

    /// Why nothing goes on, and the pod that is in the way.
    pub(super) fn stuck(&self, stage: &Stage<'_>) -> (Cause, Option<usize>) {
        let own = |pod: usize| self.active.contains_key(&stage.workload_of(pod));
        match stage.first_waiting(own) {
            Some((pod, cause)) => (cause, Some(pod)),
            None => (Cause::NotReady, self.active.values().find_map(Replacing::idle)),
        }
    }

    pub(super) fn take_untouched(&mut self) -> BTreeMap<Untouched, u64> {
        std::mem::take(&mut self.untouched)
    }
}
