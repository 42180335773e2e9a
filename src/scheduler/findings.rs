//! What placing pods can notice.

use super::state::State;
use crate::finding::{Finding, FindingKind, Severity};
use crate::inventory::objects::Volume;

/// Every kind of finding of this module.
pub const FINDINGS: &[&FindingKind] = &[&CLAIMS_NOT_IN_INPUT];

/// Pods mount claims, and the input has none.
pub const CLAIMS_NOT_IN_INPUT: FindingKind = FindingKind {
    id: "claims-not-in-input",
    severity: Severity::Warning,
    meaning: "pods mount persistent volume claims, but the input holds no claims at all",
    why: "their volumes are taken for reachable from every node, where zones and nodes of volumes can keep pods off",
    remedy: "add persistentvolumeclaims, persistentvolumes, storageclasses and csinodes to the dump",
};

pub(super) fn claims_unknown(state: &State<'_>) -> Option<Finding> {
    if state.claims.are_known() {
        return None;
    }
    let mounts = |volumes: &[Volume]| volumes.iter().any(|volume| matches!(volume, Volume::Claim(_)));
    let pods = state.pods.iter().filter(|pod| mounts(&state.classes[pod.class as usize].spec.volumes)).count() as u64;
    let message = format!("{pods} pods mount claims that are not in the input");
    (pods > 0).then(|| Finding::new(&CLAIMS_NOT_IN_INPUT, "cluster", message).counted(pods))
}
