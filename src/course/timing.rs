//! How long the pods of a workload take to become ready, to count as available, and to end.

use super::Setting;
use crate::inventory::objects::WholeSeconds;
use crate::inventory::{PodSpec, Workload};
use crate::units::Seconds;

/// Moments are whole milliseconds, so that equal ones meet.
pub(super) type Millis = u64;

/// How long pods of a workload take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Timing {
    /// From having a node until ready.
    pub(super) ready: Millis,
    /// From ready until available.
    pub(super) min_ready: Millis,
    /// From being told to end until gone.
    pub(super) end: Millis,
}

/// Kubernetes' default of `terminationGracePeriodSeconds`.
const DEFAULT_GRACE: WholeSeconds = WholeSeconds(30);
/// A pod that became ready later than this has been ready before and lost it.
const LONGEST_START: WholeSeconds = WholeSeconds(3_600);

/// What the pods that run took, the median; where none tells, the longer of what the policy assumes and probes
/// wait for. Ending takes the grace period, or what the policy says if that is shorter.
pub(super) fn of_workload(setting: &Setting<'_>, workload: &Workload) -> Timing {
    let policy = setting.policy;
    let told = || setting.inventory.pods_of(workload).iter().filter_map(|pod| pod.life.ready_after);
    let mut told: Vec<WholeSeconds> = told().filter(|after| *after <= LONGEST_START).collect();
    told.sort_unstable();
    let median = told.get(told.len().saturating_sub(1) / 2).map(|after| after.to_seconds());
    let assumed = || policy.ready.max(probed_after(&workload.spec));
    let grace = workload.spec.termination_grace.unwrap_or(DEFAULT_GRACE).to_seconds();
    let min_ready = setting.inventory.updates.get(&workload.id).map(|update| update.min_ready).unwrap_or_default();
    Timing {
        ready: millis(median.unwrap_or_else(assumed)),
        min_ready: millis(min_ready.to_seconds()),
        end: millis(policy.end.map_or(grace, |end| end.min(grace))),
    }
}

/// The container whose probes wait longest.
fn probed_after(spec: &PodSpec) -> Seconds {
    let sidecars = spec.init_containers.iter().filter(|init| init.restartable);
    let all = spec.containers.iter().chain(sidecars).map(|container| container.probed_after);
    all.max().unwrap_or_default().to_seconds()
}

/// As milliseconds; negative durations are none.
pub(super) fn millis(duration: Seconds) -> Millis {
    (duration.as_seconds() * 1000.0).round().max(0.0) as Millis
}

/// As a duration.
pub(super) fn seconds(millis: Millis) -> Seconds {
    Seconds::new(millis as f64 / 1000.0)
}
