//! What a `KubeSchedulerConfiguration` sets: which plugins run, with which weights and arguments.

use super::KubernetesVersion;
use super::plugins::Plugin;
use crate::inventory::objects::TopologySpread;

/// A scheduler profile.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Version whose rules hold.
    pub version: KubernetesVersion,
    /// Name of the profile, where it is not the default scheduler's: its pods are placed too.
    pub scheduler: Option<String>,
    /// Plugins that do not filter.
    pub filters_off: Vec<Plugin>,
    /// Weight of each plugin that scores, in the order of Kubernetes.
    pub weights: Vec<(Plugin, i64)>,
    /// How free nodes are scored.
    pub strategy: ScoringStrategy,
    /// Resources whose balance is scored, by name.
    pub balanced: Vec<String>,
    /// Share of nodes that are looked for in percent, 1 … 100; `None` lets it depend on their number.
    pub percentage_of_nodes: Option<u32>,
    /// Weight of other pods' required affinity in scores.
    pub hard_pod_affinity_weight: i64,
    /// Whether other pods' preferred terms are left out of scores.
    pub ignores_preferred_terms_of_others: bool,
    /// How pods are spread that do not say.
    pub default_spread: DefaultSpread,
}

/// How pods are spread that have no constraints of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DefaultSpread {
    /// Hosts with skew 3 and zones with skew 5, both as a preference; nodes without a zone are spread by host.
    System,
    /// The constraints of a cluster; without a selector, which is that of services and controllers.
    List(Vec<TopologySpread>),
}

/// How NodeResourcesFit scores a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoringStrategy {
    /// What is favoured.
    pub kind: StrategyKind,
    /// Resources by name with their weights.
    pub resources: Vec<(String, i64)>,
}

/// What NodeResourcesFit favours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StrategyKind {
    /// Nodes with much left.
    LeastAllocated,
    /// Nodes with little left.
    MostAllocated,
    /// A line through points of utilization in percent and score, 0 … 10, by utilization.
    RequestedToCapacityRatio(Vec<(i64, i64)>),
}

impl Profile {
    /// The default profile of a version.
    #[must_use]
    pub fn new(version: KubernetesVersion) -> Self {
        Self {
            version,
            scheduler: None,
            filters_off: Vec::new(),
            weights: Plugin::SCORING.iter().map(|plugin| (*plugin, plugin.default_weight())).collect(),
            strategy: ScoringStrategy::default(),
            balanced: vec!["cpu".to_owned(), "memory".to_owned()],
            percentage_of_nodes: None,
            hard_pod_affinity_weight: 1,
            ignores_preferred_terms_of_others: false,
            default_spread: DefaultSpread::System,
        }
    }

    /// Weight of a plugin; 0 where it does not score.
    #[must_use]
    pub fn weight(&self, plugin: Plugin) -> i64 {
        self.weights.iter().find(|(known, _)| *known == plugin).map_or(0, |(_, weight)| *weight)
    }

    /// How many nodes that fit are looked for among so many.
    ///
    /// All below 100; else `n × p ÷ 100` with `p = max(5, 50 − n ÷ 125)` where nothing is set, at least
    /// 100. Source: `numFeasibleNodesToFind` in `schedule_one.go`.
    #[must_use]
    pub fn feasible_nodes_to_find(&self, nodes: usize) -> usize {
        const LEAST_NODES: usize = 100;
        const LEAST_PERCENT: usize = 5;
        if nodes < LEAST_NODES {
            return nodes;
        }
        let percent = match self.percentage_of_nodes {
            Some(percent) if percent >= 100 => return nodes,
            Some(percent) if percent > 0 => percent as usize,
            _ => 50_usize.saturating_sub(nodes / 125).max(LEAST_PERCENT),
        };
        (nodes * percent / 100).max(LEAST_NODES)
    }
}

impl Default for ScoringStrategy {
    fn default() -> Self {
        Self { kind: StrategyKind::LeastAllocated, resources: vec![("cpu".to_owned(), 1), ("memory".to_owned(), 1)] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Golden vector: the default share of nodes.
    #[test]
    fn fewer_nodes_are_looked_for_in_large_clusters() {
        let profile = Profile::new(KubernetesVersion::V1_34);
        for (nodes, expected) in
            [(0, 0), (99, 99), (100, 100), (250, 120), (500, 230), (1000, 420), (5000, 500), (6000, 300), (15000, 750)]
        {
            assert_eq!(profile.feasible_nodes_to_find(nodes), expected, "{nodes} nodes");
        }
        for (percent, expected) in [(0, 500), (10, 500), (50, 2500), (100, 5000), (200, 5000)] {
            let profile = Profile { percentage_of_nodes: Some(percent), ..profile.clone() };
            assert_eq!(profile.feasible_nodes_to_find(5000), expected, "{percent} %");
        }
    }
}
