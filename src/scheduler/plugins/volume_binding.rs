//! VolumeBinding: the volumes of a pod's claims can be reached from the node, found there, or made for it.
//!
//! Bound: the volume's affinity to nodes must hold. Unbound and waiting for its first pod: the smallest volume
//! that fits, else a provisioner whose topologies allow the node. Unbound otherwise: no node. Scores nothing by
//! default. Source: `plugins/volumebinding`.

use super::super::Reason;
use super::super::class::{Class, hopeless};
use super::super::state::State;

/// Refuses nodes without the volumes.
pub(in super::super) fn filter(state: &State<'_>, class: &Class<'_>, node: usize) -> Option<Reason> {
    if let Some(reason) = hopeless(class) {
        return Some(reason);
    }
    let node = state.nodes.all[node];
    let claims = || class.claims.iter().copied();
    claims()
        .find_map(|claim| state.claims.trouble(claim))
        .or_else(|| claims().find_map(|claim| state.claims.volume_binding(claim, node)))
        .or_else(|| {
            let refused = class.own_claims.iter().any(|storage| !state.claims.class_allows(*storage, node));
            refused.then(|| Reason::NoVolumeFor("of its own".to_owned()))
        })
}
