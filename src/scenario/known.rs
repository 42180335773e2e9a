//! Names that scenarios use, and what to say of those that are not there.

use std::collections::BTreeSet;
use std::fmt;

use crate::inventory::{Inventory, Node};

/// A name in a scenario that the input does not have, or a question that cannot be asked of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("scenario {scenario:?}: {trouble}")]
pub struct Unknown {
    /// The scenario.
    pub scenario: String,
    /// What is wrong, what was expected, and the name that is closest.
    pub trouble: String,
}

/// What is wrong with a step.
pub(super) type Trouble = String;

/// Says that a name is not there.
pub(super) fn unknown<'a>(what: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Trouble {
    let known: BTreeSet<&str> = known.into_iter().collect();
    if known.is_empty() {
        return format!("there is no {what} {name:?}: the input has none at all");
    }
    let distance = |known: &&&str| strsim::damerau_levenshtein(name, known);
    let closest = known.iter().min_by_key(distance).filter(|known| distance(known) <= name.len().div_ceil(2));
    match closest {
        Some(closest) => format!("there is no {what} {name:?}; did you mean {closest:?}?"),
        None => format!("there is no {what} {name:?}; there are {}", Few(&known)),
    }
}

/// The first few names, and how many more.
struct Few<'a>(&'a BTreeSet<&'a str>);

impl fmt::Display for Few<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 6;
        let shown: Vec<String> = self.0.iter().take(SHOWN).map(|name| format!("{name:?}")).collect();
        f.write_str(&shown.join(", "))?;
        match self.0.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            Some(more) => write!(f, " and {more} more"),
            None => Ok(()),
        }
    }
}

/// The workload of `NAMESPACE/NAME` or `NAMESPACE/KIND/NAME`.
pub(super) fn workload(inventory: &Inventory, text: &str) -> Result<usize, Trouble> {
    let parts: Vec<&str> = text.split('/').collect();
    let (namespace, kind, name) = match parts[..] {
        [namespace, name] => (namespace, None, name),
        [namespace, kind, name] => (namespace, Some(kind), name),
        _ => return Err(format!("{text:?} is no workload; write NAMESPACE/NAME or NAMESPACE/KIND/NAME")),
    };
    let is_it = |it: &crate::inventory::WorkloadId| {
        &*it.namespace == namespace && &*it.name == name && kind.is_none_or(|kind| &*it.kind == kind)
    };
    let all = || inventory.workloads.iter().enumerate().filter(|(_, workload)| is_it(&workload.id));
    match (all().next(), all().nth(1)) {
        (Some((index, _)), None) => Ok(index),
        (Some((_, first)), Some((_, second))) => {
            Err(format!("{text:?} is both {} and {}; write {namespace}/{}/{name}", first.id, second.id, first.id.kind))
        }
        (None, _) => {
            let names: Vec<String> =
                inventory.workloads.iter().map(|it| format!("{}/{}", it.id.namespace, it.id.name)).collect();
            Err(unknown("workload", text, names.iter().map(String::as_str)))
        }
    }
}

/// Whether every namespace is there; `all` always is.
pub(super) fn namespaces(inventory: &Inventory, names: &[String]) -> Result<(), Trouble> {
    let known: BTreeSet<&str> = inventory.workloads.iter().map(|it| &*it.id.namespace).collect();
    let missing = names.iter().find(|name| *name != "all" && !known.contains(name.as_str()));
    missing.map_or(Ok(()), |name| Err(unknown("namespace with workloads", name, known)))
}

/// The zone of a node by its labels; `None` without one.
pub(super) fn zone_of(node: &Node) -> Option<&str> {
    ["topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"]
        .iter()
        .find_map(|key| node.labels.get(*key))
        .map(String::as_str)
}

/// The zones there are, by name.
pub(super) fn zones(inventory: &Inventory) -> BTreeSet<&str> {
    inventory.nodes.iter().filter_map(zone_of).collect()
}

/// Nodes of a zone, named in full or by an end that no other zone has.
pub(super) fn nodes_of_zone(inventory: &Inventory, wanted: &str) -> Result<BTreeSet<usize>, Trouble> {
    let zones = zones(inventory);
    let of_end = || zones.iter().filter(|zone| zone.ends_with(wanted));
    let zone = match zones.get(wanted).or_else(|| of_end().next()) {
        None => return Err(unknown("zone", wanted, zones)),
        Some(zone) if !zones.contains(wanted) && of_end().count() > 1 => {
            let ends = of_end().copied().collect();
            return Err(format!(
                "zone {wanted:?} is the end of several, {}, the first {zone:?}; write one in full",
                Few(&ends)
            ));
        }
        Some(zone) => *zone,
    };
    let of_zone = inventory.nodes.iter().enumerate().filter(|(_, node)| zone_of(node) == Some(zone));
    Ok(of_zone.map(|(index, _)| index).collect())
}

/// A node by name.
pub(super) fn node(inventory: &Inventory, wanted: &str) -> Result<BTreeSet<usize>, Trouble> {
    let found = inventory.nodes.iter().position(|node| &*node.name == wanted);
    let names = || inventory.nodes.iter().map(|node| &*node.name);
    found.map(|index| BTreeSet::from([index])).ok_or_else(|| unknown("node", wanted, names()))
}
