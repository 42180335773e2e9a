//! One pod at a time: find nodes that fit, score them, choose one.

use super::class::Class;
use super::plugins::{
    Plugin, image_locality, inter_pod_affinity, node_resources_balanced_allocation as balance, node_resources_fit,
    pod_topology_spread,
};
use super::reason::Reason;
use super::state::State;
use super::ties::Ties;

/// Chooses nodes, as long as nodes stay the same.
#[derive(Debug)]
pub(super) struct Cycle {
    /// Where the next walk over the nodes begins.
    next_start: usize,
    /// What is known of the nodes for each class that came more than once.
    caches: Vec<Cached>,
    /// Bytes that caches may still take.
    spare: usize,
    ties: Ties,
    feasible: Vec<u32>,
    scores: Vec<i64>,
}

#[derive(Debug, Clone)]
enum Cached {
    Never,
    Once,
    Known(Cells),
}

/// What is known of each node for a class.
#[derive(Debug, Clone)]
struct Cells {
    /// Epoch of the nodes: how many hold an image counts.
    epoch: u64,
    /// Stamp of the node when it was looked at; 0 for never.
    stamps: Vec<u32>,
    /// Score of the plugins that look at the node alone, weighted; [`UNFIT`] where one refuses.
    scores: Vec<i64>,
}

/// Of nodes that do not fit.
const UNFIT: i64 = i64::MIN;
/// Bytes that caches take at most: one of them takes 12 bytes a node.
const MOST_CACHED: usize = 512 << 20;

/// How a decision went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) node: usize,
    /// Nodes with the best score.
    pub(super) best: usize,
}

/// A plugin's scores of the nodes that fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PluginScores {
    pub(super) plugin: Plugin,
    pub(super) raw: Vec<i64>,
    pub(super) normalised: Vec<i64>,
    pub(super) weight: i64,
}

impl Cycle {
    pub(super) fn new(state: &State<'_>, ties: Ties) -> Self {
        Self {
            next_start: 0,
            caches: state.classes.iter().map(|_| Cached::Never).collect(),
            spare: MOST_CACHED,
            ties,
            feasible: Vec::new(),
            scores: Vec::new(),
        }
    }

    /// Begins anew, as if no pod had been placed yet.
    pub(super) fn restart(&mut self, ties: Ties) {
        self.next_start = 0;
        self.ties = ties;
    }

    /// The node for a pod of a class; nothing where none fits.
    pub(super) fn choose(&mut self, state: &State<'_>, class_index: usize) -> Option<Choice> {
        let class = &state.classes[class_index];
        self.find(state, class_index, class);
        match self.feasible.as_slice() {
            [] => None,
            [only] => Some(Choice { node: *only as usize, best: 1 }),
            _ => {
                self.add_scores_that_compare(state, class);
                self.select()
            }
        }
    }

    /// The nodes found for the last pod.
    pub(super) fn found(&self) -> &[u32] {
        &self.feasible
    }

    /// Walks nodes in turn, from where the last walk ended, until enough of them fit.
    fn find(&mut self, state: &State<'_>, class_index: usize, class: &Class<'_>) {
        self.feasible.clear();
        self.scores.clear();
        if let Some(named) = &class.named {
            for node in state.nodes.in_turn(named) {
                self.look(state, class, node);
            }
            return;
        }
        let all = state.nodes.walk.len();
        let wanted = state.profile.feasible_nodes_to_find(all);
        let mut cells = self.take_cells(state, class_index);
        let (before, after) = state.nodes.walk.split_at(self.next_start.min(all));
        let mut looked = 0;
        let looks_around = class.looks_around();
        'walk: for part in [after, before] {
            for &node in part {
                if self.feasible.len() >= wanted {
                    break 'walk;
                }
                looked += 1;
                let node = node as usize;
                match &mut cells {
                    None => self.look(state, class, node),
                    Some(cells) => {
                        if cells.stamps[node] != state.nodes.stamp[node] {
                            cells.stamps[node] = state.nodes.stamp[node];
                            cells.scores[node] = of_node_alone(state, class, node);
                        }
                        let score = cells.scores[node];
                        if score != UNFIT && (!looks_around || fits_its_surroundings(state, class, node)) {
                            self.feasible.push(node as u32);
                            self.scores.push(score);
                        }
                    }
                }
            }
        }
        if all > 0 {
            self.next_start = (self.next_start + looked) % all;
        }
        if let Some(cells) = cells {
            self.caches[class_index] = Cached::Known(cells);
        }
    }

    fn look(&mut self, state: &State<'_>, class: &Class<'_>, node: usize) {
        let score = of_node_alone(state, class, node);
        if score != UNFIT && fits_its_surroundings(state, class, node) {
            self.feasible.push(node as u32);
            self.scores.push(score);
        }
    }

    /// What is known of the nodes; only a class that comes again is worth the memory.
    fn take_cells(&mut self, state: &State<'_>, class: usize) -> Option<Cells> {
        let (nodes, epoch) = (state.nodes.len(), state.nodes.epoch);
        let cached = &mut self.caches[class];
        match std::mem::replace(cached, Cached::Once) {
            Cached::Known(mut cells) => {
                let outdated = cells.epoch != epoch && !state.classes[class].images.are_nowhere();
                if outdated {
                    cells.stamps.fill(0);
                }
                cells.epoch = epoch;
                Some(cells)
            }
            Cached::Never => None,
            Cached::Once => {
                let size = nodes * 12;
                if size > self.spare {
                    return None;
                }
                self.spare -= size;
                Some(Cells { epoch, stamps: vec![0; nodes], scores: vec![UNFIT; nodes] })
            }
        }
    }

    /// Adds scores that depend on the other nodes that fit.
    fn add_scores_that_compare(&mut self, state: &State<'_>, class: &Class<'_>) {
        let ground = class.ground.and_then(|ground| state.grounds.get(ground));
        let disliked = ground.is_none_or(|ground| ground.disliked.is_some());
        let compared = [
            (Plugin::TaintToleration, disliked),
            (Plugin::NodeAffinity, !class.demand.preferred.is_empty()),
            (Plugin::PodTopologySpread, !class.soft_spread.is_empty()),
            (Plugin::InterPodAffinity, !class.between.is_empty()),
        ];
        for (plugin, _) in compared.into_iter().filter(|(_, matters)| *matters) {
            let weight = state.profile.weight(plugin);
            let scores = if weight == 0 { None } else { plugin.score(state, class, &self.feasible) };
            let Some(mut scores) = scores else { continue };
            plugin.normalise(state, class, &self.feasible, &mut scores);
            for (sum, score) in self.scores.iter_mut().zip(scores) {
                *sum = sum.saturating_add(score.saturating_mul(weight));
            }
        }
    }

    fn select(&mut self) -> Option<Choice> {
        let most = self.scores.iter().copied().max()?;
        let best = self.scores.iter().filter(|score| **score == most).count();
        let pick = self.ties.pick(best);
        let mut chosen = self.feasible.iter().zip(&self.scores).filter(|(_, score)| **score == most);
        chosen.nth(pick).map(|(&node, _)| Choice { node: node as usize, best })
    }
}

/// Whether a pod of a class may go to a node: [`refusal`] without words.
pub(super) fn fits(state: &State<'_>, class: &Class<'_>, node: usize) -> bool {
    fits_the_node(state, class, node) && fits_its_surroundings(state, class, node)
}

/// Whether the filters that look at a node alone let it pass.
fn fits_the_node(state: &State<'_>, class: &Class<'_>, node: usize) -> bool {
    const OTHERS: [Plugin; 7] = [
        Plugin::NodeUnschedulable,
        Plugin::NodeName,
        Plugin::TaintToleration,
        Plugin::NodeAffinity,
        Plugin::NodePorts,
        Plugin::NodeVolumeLimits,
        Plugin::VolumeRestrictions,
    ];
    let refuses = |plugin: &Plugin| state.filters(*plugin) && plugin.refuses(state, class, node);
    (!state.filters(Plugin::NodeResourcesFit) || node_resources_fit::fits(state, class, node))
        && !OTHERS.iter().any(refuses)
}

/// Weighted score of the plugins that look at a node alone; [`UNFIT`] where one of them refuses.
fn of_node_alone(state: &State<'_>, class: &Class<'_>, node: usize) -> i64 {
    if !fits_the_node(state, class, node) {
        return UNFIT;
    }
    let weighted = |plugin: Plugin, score: i64| score.saturating_mul(state.profile.weight(plugin));
    let mut sum = weighted(Plugin::NodeResourcesFit, node_resources_fit::score(state, class, node));
    if balance::applies(state, class) {
        sum = sum.saturating_add(weighted(Plugin::NodeResourcesBalancedAllocation, balance::score(state, class, node)));
    }
    sum = sum.saturating_add(weighted(Plugin::ImageLocality, image_locality::score(state, class, node)));
    sum.max(UNFIT + 1)
}

/// Whether the filters that look beyond the node let it pass.
fn fits_its_surroundings(state: &State<'_>, class: &Class<'_>, node: usize) -> bool {
    let spread = || class.hard_spread.iter().all(|constraint| pod_topology_spread::holds(state, constraint, node));
    let refuses = |plugin: Plugin| state.filters(plugin) && plugin.filter(state, class, node).is_some();
    let volumes = || {
        [Plugin::VolumeRestrictions, Plugin::NodeVolumeLimits, Plugin::VolumeBinding, Plugin::VolumeZone]
            .into_iter()
            .any(refuses)
    };
    (!class.has_claims() || !volumes())
        && (!state.filters(Plugin::PodTopologySpread) || spread())
        && (!state.filters(Plugin::InterPodAffinity) || inter_pod_affinity::passes(state, class, node))
}

/// The first reason that keeps a pod of a class off a node, in the order of the filters.
pub(super) fn refusal(state: &State<'_>, class: &Class<'_>, node: usize) -> Option<(Plugin, Reason)> {
    let filtering = Plugin::FILTERING.into_iter().filter(|plugin| state.filters(*plugin));
    filtering.into_iter().find_map(|plugin| plugin.filter(state, class, node).map(|reason| (plugin, reason)))
}

/// Every plugin's scores of the nodes that fit, one by one.
pub(super) fn all_scores(state: &State<'_>, class: &Class<'_>, nodes: &[u32]) -> Vec<PluginScores> {
    let mut all = Vec::new();
    for &(plugin, weight) in &state.profile.weights {
        let Some(raw) = plugin.score(state, class, nodes).filter(|_| weight != 0) else { continue };
        let mut normalised = raw.clone();
        plugin.normalise(state, class, nodes, &mut normalised);
        all.push(PluginScores { plugin, raw, normalised, weight });
    }
    all
}
