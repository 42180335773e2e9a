//! Nodes as the scheduler walks them: in its order, with amounts in columns.

use std::collections::BTreeMap;
use std::sync::Arc;

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

/// Nodes in the order in which the scheduler walks them when all are there. What never changes is shared by
/// the copies of a table.
#[derive(Debug, Clone)]
pub(super) struct Nodes<'a> {
    pub(super) all: Arc<[&'a Node]>,
    /// Position of each node of the input.
    pub(super) position: Arc<[usize]>,
    /// Index in the input of the node at each position.
    pub(super) input: Arc<[usize]>,
    /// Zone of each node of the input, by number.
    zones: Arc<[u32]>,
    /// Taints, that of a node which is not ready included.
    pub(super) taints: Arc<[Vec<Taint>]>,
    /// Names of the columns.
    pub(super) columns: Arc<Columns>,
    /// What pods may use, by column and node.
    pub(super) allocatable: Arc<[Vec<i64>]>,
    /// Pods allowed.
    pub(super) slots: Arc<[i64]>,
    /// What pods ask for, by column and node.
    pub(super) requested: Vec<Vec<i64>>,
    /// CPU and memory with what is not said, by node.
    pub(super) scored: [Vec<i64>; 2],
    /// Pods there.
    pub(super) pods: Vec<i64>,
    /// Changes with every pod that comes or goes; at least 1.
    pub(super) stamp: Vec<u32>,
    /// Which of them the cluster has.
    pub(super) present: Vec<bool>,
    /// Which of them were cordoned since.
    pub(super) cordoned: Vec<bool>,
    /// Those the cluster has, in the order in which the scheduler walks them.
    pub(super) walk: Vec<u32>,
    /// Changes with every node that comes or goes.
    pub(super) epoch: u64,
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
        let zones = zones(nodes);
        let input = in_turn_by_zone(&zones, |_| true);
        let count = nodes.len();
        let mut position = vec![0; count];
        let mut allocatable = vec![vec![0; count]; columns.names.len()];
        let mut slots = vec![0; count];
        for (place, &index) in input.iter().enumerate() {
            position[index] = place;
            let Some(offered) = offered.get(index) else { continue };
            for (column, amount) in columns.amounts(&offered.resources) {
                allocatable[column][place] = amount;
            }
            slots[place] = bounded(offered.pods.unwrap_or(DEFAULT_PODS));
        }
        Self {
            all: input.iter().map(|&index| nodes[index]).collect(),
            position: position.into(),
            taints: input.iter().map(|&index| taints(nodes[index])).collect(),
            input: input.into(),
            zones: zones.into(),
            allocatable: allocatable.into(),
            slots: slots.into(),
            requested: vec![vec![0; count]; columns.names.len()],
            columns: Arc::new(columns),
            scored: [vec![0; count], vec![0; count]],
            pods: vec![0; count],
            stamp: vec![1; count],
            present: vec![true; count],
            cordoned: vec![false; count],
            walk: (0..count as u32).collect(),
            epoch: 1,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Marks that something about a node changed.
    pub(super) fn touch(&mut self, node: usize) {
        self.stamp[node] = self.stamp[node].wrapping_add(1).max(1);
    }

    /// Lets a node join the cluster or leave it. [`Self::turn`] sets the walk right afterwards.
    pub(super) fn set_present(&mut self, node: usize, present: bool) {
        self.present[node] = present;
        self.epoch += 1;
        self.touch(node);
    }

    /// Orders the walk anew after nodes came or went.
    pub(super) fn turn(&mut self) {
        let order = in_turn_by_zone(&self.zones, |index| self.present[self.position[index]]);
        self.walk.clear();
        self.walk.extend(order.iter().map(|&index| self.position[index] as u32));
    }

    /// Those of some nodes that the cluster has, in the order of the walk. `some` are in order of position, which
    /// is that of the walk as long as none has left.
    pub(super) fn in_turn(&self, some: &[usize]) -> Vec<usize> {
        if self.walk.len() == self.len() {
            return some.to_vec();
        }
        let there = self.walk.iter().map(|&node| node as usize);
        there.filter(|node| some.binary_search(node).is_ok()).collect()
    }

    /// Positions of the nodes the cluster has.
    pub(super) fn there(&self) -> impl Iterator<Item = usize> {
        (0..self.len()).filter(|&node| self.present[node])
    }
}

/// The zone of each node, numbered.
fn zones(nodes: &[&Node]) -> Vec<u32> {
    let mut known: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    let mut numbers = Vec::with_capacity(nodes.len());
    for node in nodes {
        let next = known.len() as u32;
        numbers.push(*known.entry(zone(node)).or_insert(next));
    }
    numbers
}

/// One node of each zone in turn, zones in the order of their first nodes. Source: `nodeTree.list` in
/// `backend/cache/node_tree.go`.
fn in_turn_by_zone(zone_of: &[u32], is_there: impl Fn(usize) -> bool) -> Vec<usize> {
    const UNSEEN: usize = usize::MAX;
    let most = zone_of.iter().max().map_or(0, |most| *most as usize + 1);
    let mut list_of = vec![UNSEEN; most];
    let mut zones: Vec<Vec<usize>> = Vec::new();
    for (index, &zone) in zone_of.iter().enumerate().filter(|(index, _)| is_there(*index)) {
        let list = &mut list_of[zone as usize];
        if *list == UNSEEN {
            *list = zones.len();
            zones.push(Vec::new());
        }
        zones[*list].push(index);
    }
    let mut order = Vec::with_capacity(zone_of.len());
    let mut turn = 0;
    // Zones that are done drop out, so that one long zone among many short ones costs nothing.
    while !zones.is_empty() {
        order.extend(zones.iter().filter_map(|zone| zone.get(turn)));
        turn += 1;
        zones.retain(|zone| zone.len() > turn);
    }
    order
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
        assert_eq!(*table.position, [0, 3, 5, 1, 2, 4]);
    }

    #[test]
    fn zones_take_turns_anew_when_a_node_leaves() {
        let zones = [0, 0, 0, 1, 2, 2];
        for (gone, expected) in [(0, vec![1, 3, 4, 2, 5]), (3, vec![0, 4, 1, 5, 2]), (9, vec![0, 3, 4, 1, 5, 2])] {
            assert_eq!(in_turn_by_zone(&zones, |index| index != gone), expected, "without {gone}");
        }
        assert!(in_turn_by_zone(&zones, |_| false).is_empty());
    }

    #[test]
    fn nodes_that_are_not_ready_are_tainted_once() {
        let node = Node { ready: Some(false), ..Node::default() };
        assert_eq!(taints(&node).len(), 1);
        assert_eq!(taints(&Node { taints: taints(&node), ..node.clone() }).len(), 1);
        assert!(taints(&Node::default()).is_empty());
    }
}
