//! The default plugins of Kubernetes' scheduler, one file each in one shape.
//!
//! A filter gives the first reason that keeps a pod off a node. A score is raw first, whole numbers with
//! division cut towards zero as in Go; then normalised to 0 … 100 over the nodes that fit; then weighted.
//! Where a plugin has nothing to say about a pod it is skipped and scores nothing.

pub(super) mod image_locality;
pub(super) mod inter_pod_affinity;
pub(super) mod node_affinity;
pub(super) mod node_name;
pub(super) mod node_ports;
pub(super) mod node_resources_balanced_allocation;
pub(super) mod node_resources_fit;
pub(super) mod node_unschedulable;
pub(super) mod node_volume_limits;
pub(super) mod pod_topology_spread;
pub(super) mod taint_toleration;
pub(super) mod volume_binding;
pub(super) mod volume_restrictions;
pub(super) mod volume_zone;

use std::fmt;

use super::Reason;
use super::class::Class;
use super::state::State;

/// Best normalised score.
pub(super) const MOST: i64 = 100;

/// A plugin of the scheduler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Plugin {
    /// Cordons.
    NodeUnschedulable,
    /// Pods that name their node.
    NodeName,
    /// Taints.
    TaintToleration,
    /// Node selectors and affinity.
    NodeAffinity,
    /// Ports of the node.
    NodePorts,
    /// Room.
    NodeResourcesFit,
    /// Disks and claims that cannot be shared.
    VolumeRestrictions,
    /// How many volumes a node attaches.
    NodeVolumeLimits,
    /// Volumes that can be reached from the node.
    VolumeBinding,
    /// Zones of volumes.
    VolumeZone,
    /// Spread over domains.
    PodTopologySpread,
    /// Affinity and anti-affinity between pods.
    InterPodAffinity,
    /// Even use of resources.
    NodeResourcesBalancedAllocation,
    /// Images that are there.
    ImageLocality,
}

impl Plugin {
    /// Plugins that filter, in the order in which they do.
    pub const FILTERING: [Self; 12] = [
        Self::NodeUnschedulable,
        Self::NodeName,
        Self::TaintToleration,
        Self::NodeAffinity,
        Self::NodePorts,
        Self::NodeResourcesFit,
        Self::VolumeRestrictions,
        Self::NodeVolumeLimits,
        Self::VolumeBinding,
        Self::VolumeZone,
        Self::PodTopologySpread,
        Self::InterPodAffinity,
    ];

    /// Plugins that score, in the order in which they do.
    pub const SCORING: [Self; 7] = [
        Self::TaintToleration,
        Self::NodeAffinity,
        Self::NodeResourcesFit,
        Self::PodTopologySpread,
        Self::InterPodAffinity,
        Self::NodeResourcesBalancedAllocation,
        Self::ImageLocality,
    ];

    /// The name in configurations.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NodeUnschedulable => "NodeUnschedulable",
            Self::NodeName => "NodeName",
            Self::TaintToleration => "TaintToleration",
            Self::NodeAffinity => "NodeAffinity",
            Self::NodePorts => "NodePorts",
            Self::NodeResourcesFit => "NodeResourcesFit",
            Self::VolumeRestrictions => "VolumeRestrictions",
            Self::NodeVolumeLimits => "NodeVolumeLimits",
            Self::VolumeBinding => "VolumeBinding",
            Self::VolumeZone => "VolumeZone",
            Self::PodTopologySpread => "PodTopologySpread",
            Self::InterPodAffinity => "InterPodAffinity",
            Self::NodeResourcesBalancedAllocation => "NodeResourcesBalancedAllocation",
            Self::ImageLocality => "ImageLocality",
        }
    }

    /// The plugin of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let all = Self::FILTERING.into_iter().chain(Self::SCORING);
        all.into_iter().find(|plugin| plugin.name() == name)
    }

    /// Weight of its score by default; 0 for those without one. Source: `default_plugins.go`.
    #[must_use]
    pub fn default_weight(self) -> i64 {
        match self {
            Self::TaintToleration => 3,
            Self::NodeAffinity | Self::PodTopologySpread | Self::InterPodAffinity => 2,
            Self::NodeResourcesFit | Self::NodeResourcesBalancedAllocation | Self::ImageLocality => 1,
            _ => 0,
        }
    }

    /// Whether it keeps a pod off a node: [`Plugin::filter`] without words where these cost more than the answer.
    pub(super) fn refuses(self, state: &State<'_>, class: &Class<'_>, node: usize) -> bool {
        match self {
            Self::TaintToleration => !state.answer(class, node).tolerated,
            Self::NodeAffinity => !state.answer(class, node).selected,
            _ => self.filter(state, class, node).is_some(),
        }
    }

    /// The first reason that keeps a pod off a node.
    pub(super) fn filter(self, state: &State<'_>, class: &Class<'_>, node: usize) -> Option<Reason> {
        match self {
            Self::NodeUnschedulable => node_unschedulable::filter(state, class, node),
            Self::NodeName => node_name::filter(state, class, node),
            Self::TaintToleration => taint_toleration::filter(state, class, node),
            Self::NodeAffinity => node_affinity::filter(state, class, node),
            Self::NodePorts => node_ports::filter(state, class, node),
            Self::NodeResourcesFit => node_resources_fit::filter(state, class, node),
            Self::VolumeRestrictions => volume_restrictions::filter(state, class, node),
            Self::NodeVolumeLimits => node_volume_limits::filter(state, class, node),
            Self::VolumeBinding => volume_binding::filter(state, class, node),
            Self::VolumeZone => volume_zone::filter(state, class, node),
            Self::PodTopologySpread => pod_topology_spread::filter(state, class, node),
            Self::InterPodAffinity => inter_pod_affinity::filter(state, class, node),
            Self::NodeResourcesBalancedAllocation | Self::ImageLocality => None,
        }
    }

    /// Raw scores of the nodes that fit; nothing where it is skipped.
    pub(super) fn score(self, state: &State<'_>, class: &Class<'_>, nodes: &[u32]) -> Option<Vec<i64>> {
        match self {
            Self::TaintToleration => Some(taint_toleration::score(state, class, nodes)),
            Self::NodeAffinity => node_affinity::score(state, class, nodes),
            Self::NodeResourcesFit => {
                Some(nodes.iter().map(|&node| node_resources_fit::score(state, class, node as usize)).collect())
            }
            Self::PodTopologySpread => pod_topology_spread::score(state, class, nodes),
            Self::InterPodAffinity => inter_pod_affinity::score(state, class, nodes),
            Self::NodeResourcesBalancedAllocation => {
                node_resources_balanced_allocation::applies(state, class).then(|| {
                    let each = nodes.iter().map(|&node| node as usize);
                    each.map(|node| node_resources_balanced_allocation::score(state, class, node)).collect()
                })
            }
            Self::ImageLocality => {
                Some(nodes.iter().map(|&node| image_locality::score(state, class, node as usize)).collect())
            }
            _ => None,
        }
    }

    /// Brings raw scores to 0 … 100.
    pub(super) fn normalise(self, state: &State<'_>, class: &Class<'_>, nodes: &[u32], scores: &mut [i64]) {
        match self {
            Self::TaintToleration => taint_toleration::normalise(scores),
            Self::NodeAffinity => node_affinity::normalise(scores),
            Self::PodTopologySpread => pod_topology_spread::normalise(state, class, nodes, scores),
            Self::InterPodAffinity => inter_pod_affinity::normalise(scores),
            _ => {}
        }
    }
}

impl fmt::Display for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
