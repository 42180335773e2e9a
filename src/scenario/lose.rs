//! Nodes fail once everything planned is in place.

use std::collections::BTreeSet;

use super::known::{self, Trouble};
use super::placed::Placed;
use crate::policy::Step;

/// The cluster after a loss; other steps lose nothing.
pub(super) fn lose<'a>(placed: Placed<'a>, step: &Step) -> Result<Placed<'a>, Trouble> {
    let lost: BTreeSet<usize> = match step {
        Step::LoseNode { node } => known::node(&placed.inventory, node)?,
        Step::LoseZone { zone } => known::nodes_of_zone(&placed.inventory, zone)?,
        _ => return Ok(placed),
    };
    Ok(placed.without(&lost))
}
