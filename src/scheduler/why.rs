//! Why a pod finds no node: how many nodes refuse it for what.

use std::collections::BTreeMap;

use super::class::Class;
use super::plugins::Plugin;
use super::plugins::node_resources_fit::{Short, short};
use super::state::State;

/// What keeps pods of a class off how many nodes, most frequent first.
///
/// Room is what is short on most nodes, so it is counted by which resources are short, and put into words once.
pub(super) fn why(state: &State<'_>, class: &Class<'_>) -> Vec<(String, u64)> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut without_room: BTreeMap<Short, (u64, usize)> = BTreeMap::new();
    let (before, after): (Vec<Plugin>, Vec<Plugin>) = {
        let on = Plugin::FILTERING.into_iter().filter(|plugin| state.filters(*plugin));
        on.partition(|plugin| *plugin < Plugin::NodeResourcesFit)
    };
    for node in state.nodes.walk.iter().map(|&node| node as usize) {
        let refused = |filters: &[Plugin]| filters.iter().find_map(|plugin| plugin.filter(state, class, node));
        let mut reason = refused(&before);
        if reason.is_none()
            && state.filters(Plugin::NodeResourcesFit)
            && let Some(short) = short(state, class, node)
        {
            without_room.entry(short).or_insert((0, node)).0 += 1;
            continue;
        }
        reason = reason.or_else(|| refused(&after));
        if let Some(reason) = reason {
            *counts.entry(reason.in_short()).or_default() += 1;
        }
    }
    for (nodes, example) in without_room.into_values() {
        if let Some(reason) = Plugin::NodeResourcesFit.filter(state, class, example) {
            *counts.entry(reason.in_short()).or_default() += nodes;
        }
    }
    let mut reasons: Vec<(String, u64)> = counts.into_iter().collect();
    if state.nodes.walk.is_empty() {
        reasons.push(("there are no nodes".to_owned(), 0));
    }
    reasons.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    reasons
}
