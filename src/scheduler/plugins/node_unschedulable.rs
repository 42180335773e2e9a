//! NodeUnschedulable: a cordoned node takes pods only that tolerate the taint of cordons.
//!
//! Source: `plugins/nodeunschedulable`.

use super::super::Reason;
use super::super::class::Class;
use super::super::state::State;

/// Refuses cordoned nodes.
pub(in super::super) fn filter(state: &State<'_>, class: &Class<'_>, node: usize) -> Option<Reason> {
    let cordoned_since = state.nodes.cordoned[node] && !class.tolerates_cordons;
    (cordoned_since || !state.answer(class, node).open).then_some(Reason::Cordoned)
}
