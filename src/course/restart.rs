//! Restart of a data plane: pods get a new proxy when they begin anew, in waves that fit.
//!
//! Workloads come in their order, as many at the same time as the policy allows and as there is room for: one
//! begins when the pods it begins first find a node at once. Where none is on its way it begins in any case:
//! it may still go on by ending old pods first.

use super::fleet::{Admission, Fleet};
use super::rollout::course;
use super::stage::Stage;
use super::{Course, Setting};

/// What is restarted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Restart {
    /// Indices in [`crate::inventory::Inventory::workloads`], in the order in which they begin.
    pub workloads: Vec<usize>,
}

/// Restarts workloads in waves that fit.
#[must_use]
pub fn restart(setting: &Setting<'_>, restart: &Restart) -> Course {
    let mut stage = Stage::new(*setting);
    let fleet = waves(setting, restart.workloads.iter().copied());
    course(&mut stage, fleet)
}

/// The fleet of a restart.
pub(super) fn waves(setting: &Setting<'_>, workloads: impl IntoIterator<Item = usize>) -> Fleet {
    Fleet::new(workloads, setting.policy.workloads_at_once, Admission::WhenItFits)
}
