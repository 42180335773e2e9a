//! Why a pod is where it is, or nowhere.

use super::compile::{Ingredients, compile};
use super::cycle::{all_scores, refusal};
use super::{Plugin, PluginScore, Profile, Reason};
use crate::inventory::objects::NodeResources;
use crate::inventory::{Inventory, Node, ObjectName, Place};

/// How every node answers a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation<'a> {
    /// The pod.
    pub pod: &'a ObjectName,
    /// Node it is on.
    pub on: Option<&'a str>,
    /// Every node, in the order of the inventory.
    pub nodes: Vec<NodeAnswer<'a>>,
}

/// How a node answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeAnswer<'a> {
    /// Its name.
    pub node: &'a str,
    /// The first filter that refuses, and why.
    pub refusal: Option<(Plugin, Reason)>,
    /// Scores among all nodes that fit.
    pub scores: Vec<PluginScore>,
}

impl NodeAnswer<'_> {
    /// Sum of its weighted scores; `None` where it does not fit.
    #[must_use]
    pub fn total(&self) -> Option<i64> {
        let sum = || self.scores.iter().fold(0_i64, |sum, score| sum.saturating_add(score.weighted));
        self.refusal.is_none().then(sum)
    }
}

/// How every node answers a pod, given by its index, with all other pods where they are and itself nowhere.
#[must_use]
pub fn explain<'a>(
    inventory: &'a Inventory,
    offered: &'a [NodeResources],
    profile: &'a Profile,
    pod: usize,
) -> Option<Explanation<'a>> {
    let nodes: Vec<&Node> = inventory.nodes.iter().collect();
    let nothing = NodeResources { pods: Some(0), ..NodeResources::default() };
    let offered: Vec<&NodeResources> = (0..nodes.len()).map(|index| offered.get(index).unwrap_or(&nothing)).collect();
    let mut state = compile(Ingredients { inventory, profile, nodes: &nodes, offered: &offered });
    let explained = inventory.pods.get(pod)?;
    for (index, other) in inventory.pods.iter().enumerate().filter(|(index, _)| *index != pod) {
        if let Place::On(node) = other.place {
            let node = state.nodes.position[node];
            state.place(index, node);
        }
    }
    let class = state.class_of(pod);
    let refusals: Vec<Option<(Plugin, Reason)>> =
        (0..state.nodes.len()).map(|node| refusal(&state, class, node)).collect();
    let fit: Vec<u32> =
        (0..state.nodes.len()).filter(|node| refusals[*node].is_none()).map(|node| node as u32).collect();
    let scores = all_scores(&state, class, &fit);
    let answer = |(index, node): (usize, &'a Node)| {
        let position = state.nodes.position[index];
        let among = fit.binary_search(&(position as u32)).ok();
        let of_plugin = |among: usize| {
            move |one: &super::cycle::PluginScores| PluginScore {
                plugin: one.plugin,
                raw: one.raw[among],
                normalised: one.normalised[among],
                weighted: one.normalised[among].saturating_mul(one.weight),
            }
        };
        NodeAnswer {
            node: &node.name,
            refusal: refusals[position].clone(),
            scores: among.map(|among| scores.iter().map(of_plugin(among)).collect()).unwrap_or_default(),
        }
    };
    let on =
        if let Place::On(node) = explained.place { inventory.nodes.get(node).map(|node| &*node.name) } else { None };
    Some(Explanation { pod: &explained.name, on, nodes: inventory.nodes.iter().enumerate().map(answer).collect() })
}
