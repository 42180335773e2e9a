//! What nodes cost.

use crate::inventory::{Inventory, Node};
use crate::placement::reservation::{detect, instance_type};
use crate::policy::{NodePoolPolicy, Policy, Provider};
use crate::scenario::catalogue;
use crate::units::MoneyPerHour;

/// Prices of nodes by their type of machine.
#[derive(Debug)]
pub(super) struct Prices {
    shapes: Vec<NodePoolPolicy>,
    /// Whether the shapes are those of the policy.
    own: bool,
    pool: MoneyPerHour,
}

impl Prices {
    /// The shapes of the policy, else those of the catalogue, and the price of its pool for nodes that are none of them.
    pub(super) fn of(policy: &Policy) -> Self {
        let own = !policy.shapes.is_empty();
        let shapes = if own { policy.shapes.clone() } else { catalogue() };
        Self { shapes, own, pool: policy.node_pool.price_per_hour }
    }

    /// The price of a node; `None` where neither its type nor the policy tells.
    pub(super) fn of_node(&self, node: &Node) -> Option<MoneyPerHour> {
        let kind = instance_type(node);
        let shape = self.shapes.iter().find(|shape| shape.name == kind).map(|shape| shape.price_per_hour);
        shape.or(Some(self.pool)).filter(|price| price.amount() > 0.0)
    }

    /// The price of all nodes; `None` where that of any is not known.
    pub(super) fn of_all(&self, nodes: &[Node]) -> Option<MoneyPerHour> {
        nodes.iter().map(|node| self.of_node(node)).sum()
    }

    /// Shapes that can take the place of nodes: of the catalogue those of the same provider, if all have the same.
    pub(super) fn to_choose(&self, nodes: &[Node]) -> Vec<NodePoolPolicy> {
        let provider = nodes.first().map(detect).unwrap_or_default();
        let is_one = provider != Provider::None && nodes.iter().all(|node| detect(node) == provider);
        let fits = |shape: &&NodePoolPolicy| self.own || (is_one && shape.provider == provider);
        self.shapes.iter().filter(fits).filter(|shape| shape.price_per_hour.amount() > 0.0).cloned().collect()
    }
}

/// Names of nodes.
pub(super) fn names(inventory: &Inventory, nodes: &[usize]) -> Vec<String> {
    nodes.iter().filter_map(|&node| Some(inventory.nodes.get(node)?.name.to_string())).collect()
}
