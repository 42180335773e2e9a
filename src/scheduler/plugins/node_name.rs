//! NodeName: a pod that names its nodes runs on no other.
//!
//! Pods of DaemonSets name theirs in a required affinity to `metadata.name`, which narrows the nodes looked at
//! before any filter runs. Source: `plugins/nodename`, and PreFilter of `plugins/nodeaffinity`.

use super::super::Reason;
use super::super::class::Class;
use super::super::state::State;

/// Refuses nodes that are not named.
pub(in super::super) fn filter(_: &State<'_>, class: &Class<'_>, node: usize) -> Option<Reason> {
    let elsewhere = class.named.as_ref().is_some_and(|named| named.binary_search(&node).is_err());
    elsewhere.then_some(Reason::OtherNode)
}
