//! Nodes as the packer sees them: in order of their names, with what they offer.

use std::collections::BTreeMap;

use super::reservation::DEFAULT_PODS;
use crate::inventory::Node;
use crate::inventory::objects::NodeResources;
use crate::resources::Resources;

/// A node and what it offers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Site<'a> {
    pub(super) node: &'a Node,
    pub(super) offered: &'a Resources,
    /// Pods it may run.
    pub(super) slots: u64,
    /// Whether its dump, or growth nobody can make room for, fills it beyond what it offers.
    pub(super) overcommitted: bool,
}

/// Nodes by name, and where each node of the inventory went.
#[derive(Debug)]
pub(super) struct Sites<'a> {
    pub(super) all: Vec<Site<'a>>,
    /// Position in `all` of each node of the inventory.
    pub(super) position: Vec<usize>,
}

impl<'a> Sites<'a> {
    /// First fit goes by name, so that the order of the input decides nothing.
    pub(super) fn new(nodes: &'a [Node], allocatable: &'a [NodeResources]) -> Self {
        static NOTHING: Resources = Resources {
            cpu: crate::units::Millicores::ZERO,
            memory: crate::units::Bytes::ZERO,
            ephemeral_storage: crate::units::Bytes::ZERO,
            extended: BTreeMap::new(),
        };
        let mut by_name: Vec<usize> = (0..nodes.len()).collect();
        by_name.sort_by(|&a, &b| nodes[a].name.cmp(&nodes[b].name).then(a.cmp(&b)));
        let mut position = vec![0; nodes.len()];
        let mut all = Vec::with_capacity(nodes.len());
        for index in by_name {
            position[index] = all.len();
            let (offered, slots) = allocatable
                .get(index)
                .map_or((&NOTHING, 0), |offered| (&offered.resources, offered.pods.unwrap_or(DEFAULT_PODS)));
            all.push(Site { node: &nodes[index], offered, slots, overcommitted: false });
        }
        Self { all, position }
    }
}

impl Site<'_> {
    /// Whether the node offers anything to run on.
    pub(super) fn has_capacity(&self) -> bool {
        !self.offered.cpu.is_zero() && !self.offered.memory.is_zero()
    }

    /// Whether new pods may be placed on it, as far as the node itself is concerned.
    pub(super) fn is_open(&self) -> bool {
        self.has_capacity() && !self.overcommitted && !self.node.unschedulable && self.node.ready != Some(false)
    }

    /// Its zone, or `-`.
    pub(super) fn zone(&self) -> &str {
        ["topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"]
            .iter()
            .find_map(|key| self.node.labels.get(*key))
            .map_or("-", String::as_str)
    }
}
