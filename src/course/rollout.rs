//! Rollout: workloads replace their pods with others of the same kind, all that are named at the same time.

use std::collections::BTreeMap;

use super::fleet::{Admission, Fleet};
use super::play::{Player, play};
use super::stage::{Change, Stage};
use super::{Cause, Course, Setting};

/// What is rolled out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rollout {
    /// Indices in [`crate::inventory::Inventory::workloads`], in the order in which they begin.
    pub workloads: Vec<usize>,
    /// Most that are on their way at the same time; `None` begins with all of them at once.
    pub at_once: Option<u64>,
}

/// Rolls workloads out, whether or not there is room for the pods that they begin.
#[must_use]
pub fn rollout(setting: &Setting<'_>, rollout: &Rollout) -> Course {
    let at_once = rollout.at_once.unwrap_or(u64::MAX);
    let fleet = Fleet::new(rollout.workloads.iter().copied(), at_once, Admission::Free);
    let mut stage = Stage::new(*setting);
    course(&mut stage, fleet)
}

/// The course of a fleet.
pub(super) fn course(stage: &mut Stage<'_>, mut fleet: Fleet) -> Course {
    let end = play(stage, &mut fleet);
    stage.finish(end, 0, fleet.take_untouched().into_iter().collect::<BTreeMap<_, _>>())
}

impl Player for Fleet {
    fn act(&mut self, stage: &mut Stage<'_>, changes: &[Change]) {
        Self::act(self, stage, changes);
    }

    fn is_done(&self) -> bool {
        Self::is_done(self)
    }

    fn under_way(&self) -> u64 {
        Self::under_way(self)
    }

    fn stuck(&self, stage: &Stage<'_>) -> (Cause, Option<usize>, Option<usize>) {
        let (cause, pod) = Self::stuck(self, stage);
        (cause, pod, None)
    }
}
