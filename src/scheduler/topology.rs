//! Domains of nodes: the values of a label.

use std::collections::BTreeMap;

use crate::inventory::Node;

/// A node without the label.
pub(super) const NOWHERE: u32 = u32::MAX;
/// The key under which every node is a domain of its own.
pub(super) const EACH_NODE: usize = 0;
/// The label that names a host.
pub(super) const HOSTNAME: &str = "kubernetes.io/hostname";
/// The label that names a zone.
pub(super) const ZONE: &str = "topology.kubernetes.io/zone";

/// Labels that make domains, and the domain of every node.
#[derive(Debug, Default)]
pub(super) struct Topology {
    by_name: BTreeMap<String, usize>,
    pub(super) keys: Vec<Key>,
}

/// One label.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: String,
    /// Domain of each node, or [`NOWHERE`].
    pub(super) domain_of: Vec<u32>,
    /// Values by domain.
    pub(super) values: Vec<String>,
}

impl Topology {
    pub(super) fn new(nodes: &[&Node]) -> Self {
        let each = Key {
            name: String::new(),
            domain_of: (0..nodes.len() as u32).collect(),
            values: nodes.iter().map(|node| node.name.to_string()).collect(),
        };
        Self { by_name: BTreeMap::new(), keys: vec![each] }
    }

    /// The key of a label; domains in the order of their first nodes.
    pub(super) fn key(&mut self, name: &str, nodes: &[&Node]) -> usize {
        if let Some(&known) = self.by_name.get(name) {
            return known;
        }
        let mut domains: BTreeMap<&str, u32> = BTreeMap::new();
        let mut values = Vec::new();
        let domain = |node: &&Node| {
            let Some((_, value)) = node.labels.get_key_value(name) else { return NOWHERE };
            let next = values.len() as u32;
            values.push(value.clone());
            next
        };
        let raw: Vec<u32> = nodes.iter().map(domain).collect();
        let mut named = Vec::new();
        let mut domain_of = Vec::with_capacity(raw.len());
        for &index in &raw {
            domain_of.push(match values.get(index as usize) {
                None => NOWHERE,
                Some(value) => *domains.entry(value).or_insert_with(|| {
                    named.push(value.clone());
                    named.len() as u32 - 1
                }),
            });
        }
        let key = self.keys.len();
        self.by_name.insert(name.to_owned(), key);
        self.keys.push(Key { name: name.to_owned(), domain_of, values: named });
        key
    }

    /// Domain of a node, or [`NOWHERE`].
    pub(super) fn domain(&self, key: usize, node: usize) -> u32 {
        self.keys[key].domain_of[node]
    }

    /// Value of the label on a node.
    pub(super) fn value(&self, key: usize, node: usize) -> &str {
        let domain = self.domain(key, node);
        self.keys[key].values.get(domain as usize).map_or("", String::as_str)
    }
}
