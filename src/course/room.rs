//! Room for rollouts: how many pods each would begin before any of its pods may end, and whether one finds a node.

use std::collections::BTreeMap;

use super::replace::Replacing;
use super::stage::Stage;
use super::{Cause, Setting};

/// What the rollout of a Deployment begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Index in [`crate::inventory::Inventory::workloads`].
    pub workload: usize,
    /// Pods that may be too many.
    pub surge: u64,
    /// Pods that may be too few.
    pub unavailable: u64,
    /// Why the first pod finds no node; `None` where it finds one.
    pub shut_out: Option<Cause>,
}

/// Looks at each Deployment by itself that replaces its pods some after others; those that end all first, and
/// other kinds, need no room.
///
/// Where not one further pod finds a node and none may be unavailable, a rollout never gets on.
#[must_use]
pub fn room(setting: &Setting<'_>, workloads: &[usize]) -> Vec<Room> {
    let mut stage = Stage::new(*setting);
    let of = |&workload: &usize| {
        let replacing = Replacing::of(&stage, workload, &mut BTreeMap::new())?;
        let (like, _) = replacing.first_surge()?;
        let (surge, unavailable) = replacing.limits()?;
        let shut_out = if surge == 0 { None } else { stage.shut_out(like) };
        Some(Room { workload, surge, unavailable, shut_out })
    };
    workloads.iter().filter_map(of).collect()
}
