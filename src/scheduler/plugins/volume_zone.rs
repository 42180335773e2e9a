//! VolumeZone: a bound volume that is labelled with a zone or region is used from there.
//!
//! Source: `plugins/volumezone`.

use super::super::Reason;
use super::super::class::Class;
use super::super::state::State;

/// Refuses nodes of other zones.
pub(in super::super) fn filter(state: &State<'_>, class: &Class<'_>, node: usize) -> Option<Reason> {
    class.claims.iter().find_map(|&claim| state.claims.volume_zone(claim, state.nodes.all[node]))
}
