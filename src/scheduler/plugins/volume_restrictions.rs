//! VolumeRestrictions: disks and claims that cannot be shared.
//!
//! A disk named in a pod can be mounted by two pods of a node only read-only by both, an EBS volume not even
//! so. A claim with `ReadWriteOncePod` is for one pod. Source: `plugins/volumerestrictions`.

use super::super::Reason;
use super::super::class::Class;
use super::super::state::{Mounted, State};
use crate::inventory::objects::DiskKind;

/// Refuses nodes where a disk is in use, and all nodes where a claim is.
pub(in super::super) fn filter(state: &State<'_>, class: &Class<'_>, node: usize) -> Option<Reason> {
    if class.disks.is_empty() && class.claims.is_empty() {
        return None;
    }
    let in_use = class.disks.iter().find(|disk| {
        let wanted = Mounted::from(**disk);
        state.disks[node].iter().any(|mounted| conflict(mounted, &wanted))
    });
    if let Some(disk) = in_use {
        return Some(Reason::Disk(disk.id.clone()));
    }
    let claims = &state.claims;
    let taken = class.claims.iter().find(|claim| claims.is_for_one_pod(**claim) && claims.users(**claim) > 0);
    taken.map(|&claim| Reason::ClaimInUse(claims.name(claim).to_owned()))
}

fn conflict(one: &Mounted<'_>, other: &Mounted<'_>) -> bool {
    let shared = one.read_only && other.read_only && one.kind != DiskKind::AwsElasticBlockStore;
    one.kind == other.kind && one.id == other.id && !shared
}
