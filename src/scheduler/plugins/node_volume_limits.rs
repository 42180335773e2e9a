//! NodeVolumeLimits: a CSI driver attaches so many volumes to a node.
//!
//! Volumes count once however many pods of the node use them; those in use there already do not count again.
//! Nodes whose limit is not known have none. Source: `plugins/nodevolumelimits`.

use std::collections::BTreeMap;

use super::super::Reason;
use super::super::claims::Claims;
use super::super::class::Class;
use super::super::state::State;

/// A pod that is not placed yet.
const NEW_POD: usize = usize::MAX;

/// Refuses nodes that attach no more.
pub(in super::super) fn filter(state: &State<'_>, class: &Class<'_>, node: usize) -> Option<Reason> {
    if (class.claims.is_empty() && class.own_claims.is_empty()) || !state.claims.has_limits() {
        return None;
    }
    let attached = &state.attached[node];
    let mut new: BTreeMap<String, u64> = BTreeMap::new();
    for volume in attachments(&state.claims, class, NEW_POD) {
        if !attached.contains_key(&volume) {
            *new.entry(volume.0).or_default() += 1;
        }
    }
    new.into_iter().find_map(|(driver, more)| {
        let limit = state.claims.limit(state.nodes.all[node], &driver)?;
        let there = attached.keys().filter(|(known, _)| *known == driver).count() as u64;
        (there + more > limit).then_some(Reason::VolumeLimit { driver, limit, attached: there })
    })
}

/// Driver and identity of every volume that a pod attaches; claims of its own are told apart by its number.
pub(in super::super) fn attachments(claims: &Claims<'_>, class: &Class<'_>, pod: usize) -> Vec<(String, String)> {
    let shared = class.claims.iter().filter_map(|&claim| claims.attachment(claim));
    let own = class.own_claims.iter().enumerate().filter_map(|(index, storage_class)| {
        let driver = claims.driver_of_class(*storage_class)?;
        Some((driver.to_owned(), format!("pod {pod} volume {index}")))
    });
    shared.chain(own).collect()
}
