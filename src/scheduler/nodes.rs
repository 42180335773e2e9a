//! Nodes as the scheduler walks them: in its order, with amounts in columns.

use std::collections::BTreeMap;

use crate::inventory::Node;
use crate::inventory::objects::{NodeResources, Taint, TaintEffect};
use crate::resources::Resources;

/// Columns that every cluster has.
pub(super) const CPU: usize = 0;
pub(super) const MEMORY: usize = 1;
pub(super) const EPHEMERAL: usize = 2;

/// Larger amounts count as this much, so that sums and hundredfolds stay in range.
const MOST: u64 = 1 << 55;
/// Pods of a node that does not say (`maxPods` of a kubelet).
const DEFAULT_PODS: u64 = 110;

/// Nodes in the order in which the scheduler walks them.
#[derive(Debug)]
pub(super) struct Nodes<'a> {
    pub(super) all: Vec<&'a Node>,
    /// Position of each node of the input.
    pub(super) position: Vec<usize>,
    /// Cordoned nodes.
    pub(super) cordoned: Vec<bool>,
    /// Taints, that of a node which is not ready included.
    pub(super) taints: Vec<Vec<Taint>>,
    /// Names of the columns.
    pub(super) columns: Columns,
    /// What pods may use, by column and node.
    pub(super) allocatable: Vec<Vec<i64>>,
    /// What pods ask for, by column and node.
    pub(super) requested: Vec<Vec<i64>>,
    /// CPU and memory with what is not said, by node.
    pub(super) scored: [Vec<i64>; 2],
    /// Pods allowed.
    pub(super) slots: Vec<i64>,
    /// Pods there.
    pub(super) pods: Vec<i64>,
    /// Changes with every pod that comes or goes; at least 1.
    pub(super) stamp: Vec<u32>,
}

/// Names of resources and their columns.
#[derive(Debug, Clone, Default)]
pub(super) struct Columns {
    names: Vec<String>,
    by_name: BTreeMap<String, usize>,
}

impl Columns {
    pub(super) fn new<'a>(others: impl Iterator<Item = &'a str>) -> Self {
        let mut columns = Self::default();
        for name in ["cpu", "memory", "ephemeral-storage"].into_iter().chain(others) {
            if !columns.by_name.contains_key(name) {
                columns.by_name.insert(name.to_owned(), columns.names.len());
                columns.names.push(name.to_owned());
            }
        }
        columns
    }

    pub(super) fn get(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    pub(super) fn name(&self, column: usize) -> &str {
        self.names.get(column).map_or("", String::as_str)
    }

    /// Amounts above zero with their columns, in order.
    pub(super) fn amounts(&self, resources: &Resources) -> Vec<(usize, i64)> {
        let plain = [
            (CPU, resources.cpu.get()),
            (MEMORY, resources.memory.get()),
            (EPHEMERAL, resources.ephemeral_storage.get()),
        ];
        let extended = resources.extended.iter().filter_map(|(name, &amount)| Some((self.get(name)?, amount)));
        let all = plain.into_iter().chain(extended).filter(|(_, amount)| *amount > 0);
        all.map(|(column, amount)| (column, bounded(amount))).collect()
    }
}

/// An amount as a signed number, huge ones cut.
pub(super) fn bounded(amount: u64) -> i64 {
    amount.min(MOST) as i64
}

impl<'a> Nodes<'a> {
    /// `offered` is parallel to `nodes`; a missing entry offers nothing.
    pub(super) fn new(nodes: &[&'a Node], offered: &[&NodeResources], columns: Columns) -> Self {
        let order = in_turn_by_zone(nodes);
        let mut position = vec![0; nodes.len()];
        for (place, &index) in order.iter().enumerate() {
            position[index] = place;
        }
        let count = nodes.len();
        let mut table = Self {
            all: order.iter().map(|&index| nodes[index]).collect(),
            position,
            cordoned: order.iter().map(|&index| nodes[index].unschedulable).collect(),
            taints: order.iter().map(|&index| taints(nodes[index])).collect(),
            allocatable: vec![vec![0; count]; columns.names.len()],
            requested: vec![vec![0; count]; columns.names.len()],
            columns,
            scored: [vec![0; count], vec![0; count]],
            slots: vec![0; count],
            pods: vec![0; count],
            stamp: vec![1; count],
        };
        for (place, &index) in order.iter().enumerate() {
            let Some(offered) = offered.get(index) else { continue };
            for (column, amount) in table.columns.amounts(&offered.resources) {
                table.allocatable[column][place] = amount;
            }
            table.slots[place] = bounded(offered.pods.unwrap_or(DEFAULT_PODS));
        }
        table
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Marks that something about a node changed.
    pub(super) fn touch(&mut self, node: usize) {
        self.stamp[node] = self.stamp[node].wrapping_add(1).max(1);
    }
}

/// One node of each zone in turn, zones in the order of their first nodes. Source: `nodeTree.list` in
/// `backend/cache/node_tree.go`.
fn in_turn_by_zone(nodes: &[&Node]) -> Vec<usize> {
    let mut zone_of: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut zones: Vec<Vec<usize>> = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        let zone = *zone_of.entry(zone(node)).or_insert(zones.len());
        if zone == zones.len() {
            zones.push(Vec::new());
        }
        zones[zone].push(index);
    }
    let longest = zones.iter().map(Vec::len).max().unwrap_or(0);
    (0..longest).flat_map(|turn| zones.iter().filter_map(move |zone| zone.get(turn).copied())).collect()
}

/// Region and zone; old labels first.
fn zone(node: &Node) -> (&str, &str) {
    let label = |old: &str, new: &str| node.labels.get(old).or_else(|| node.labels.get(new)).map_or("", String::as_str);
    (
        label("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"),
        label("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"),
    )
}

/// Taints of a node; where it is not ready and no taint says so, the one the node controller would set.
fn taints(node: &Node) -> Vec<Taint> {
    const NOT_READY: &str = "node.kubernetes.io/not-ready";
    const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
    let mut taints = node.taints.clone();
    let said = taints.iter().any(|taint| taint.key == NOT_READY || taint.key == UNREACHABLE);
    if node.ready == Some(false) && !said {
        taints.push(Taint { key: NOT_READY.to_owned(), value: String::new(), effect: TaintEffect::NoSchedule });
    }
    taints
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Labels;

    #[test]
    fn zones_take_turns() {
        let node = |name: &str, zone: &str| Node {
            name: name.into(),
            labels: Labels::from([("topology.kubernetes.io/zone".to_owned(), zone.to_owned())]),
            ..Node::default()
        };
        let nodes =
            [node("a1", "a"), node("a2", "a"), node("a3", "a"), node("b1", "b"), node("c1", "c"), node("c2", "c")];
        let borrowed: Vec<&Node> = nodes.iter().collect();
        let table = Nodes::new(&borrowed, &[], Columns::new([].into_iter()));
        let names: Vec<&str> = table.all.iter().map(|node| &*node.name).collect();
        assert_eq!(names, ["a1", "b1", "c1", "a2", "c2", "a3"]);
        assert_eq!(table.position, [0, 3, 5, 1, 2, 4]);
    }

    #[test]
    fn nodes_that_are_not_ready_are_tainted_once() {
        let node = Node { ready: Some(false), ..Node::default() };
        assert_eq!(taints(&node).len(), 1);
        assert_eq!(taints(&Node { taints: taints(&node), ..node.clone() }).len(), 1);
        assert!(taints(&Node::default()).is_empty());
    }
}
