//! Nodes join the cluster.

use super::case::Case;
use super::known::{self, Trouble, unknown};
use super::matrix::Situation;
use crate::inventory::{Inventory, Node, ObjectName, Place, Pod, PodLife, PodPhase, runs_daemon};
use crate::placement::join;
use crate::policy::NodePoolPolicy;

/// Label that names a node.
const HOSTNAME: &str = "kubernetes.io/hostname";
/// Label that names its zone.
const ZONE: &str = "topology.kubernetes.io/zone";

/// `count` nodes of a shape join, spread over the zones there are, each with a pod of every DaemonSet.
pub(super) fn add_nodes(
    mut case: Case,
    count: u64,
    shape: Option<&str>,
    situation: &Situation<'_>,
) -> Result<Case, Trouble> {
    let pool = match shape {
        None => &case.policy.node_pool,
        Some(name) => situation
            .shapes
            .iter()
            .find(|shape| shape.name == name)
            .ok_or_else(|| unknown("shape", name, situation.shapes.iter().map(|shape| shape.name.as_str())))?,
    };
    case.inventory = with_nodes(std::mem::take(&mut case.inventory), count, pool);
    Ok(case)
}

/// An inventory with so many more nodes of a pool, spread over the zones there are, each with a pod of every DaemonSet.
#[must_use]
pub fn with_nodes(inventory: Inventory, count: u64, pool: &NodePoolPolicy) -> Inventory {
    let (node, offered) = join(&inventory.nodes, pool);
    let zones: Vec<String> = known::zones(&inventory).into_iter().map(str::to_owned).collect();
    let mut new = Vec::new();
    for (number, zone) in
        (0..count).zip(zones.iter().map(Some).chain([None]).filter(|zone| zone.is_some() || zones.is_empty()).cycle())
    {
        let name = format!("added-{number}");
        let mut labels = node.labels.clone();
        labels.insert(HOSTNAME.to_owned(), name.clone());
        labels.extend(zone.map(|zone| (ZONE.to_owned(), zone.clone())));
        new.push(Node { name: name.into(), labels, allocatable: Some(offered.clone()), ..node.clone() });
    }
    with_daemons(inventory, new)
}

/// The inventory with further nodes, and the pods that DaemonSets put there.
fn with_daemons(inventory: Inventory, new: Vec<Node>) -> Inventory {
    let present = inventory.nodes.len();
    let mut inventory = inventory.with_pods(|index, workload, pods| {
        if &*workload.id.kind != "DaemonSet" {
            return;
        }
        let nodes = new.iter().enumerate().filter(|(_, node)| runs_daemon(node, &workload.spec));
        let first = pods.len();
        pods.extend(nodes.map(|(node, _)| Pod {
            name: ObjectName::new(&workload.id.namespace, &format!("{}-added-{node}", workload.id.name)),
            workload: index,
            labels: workload.labels.clone(),
            annotations: workload.annotations.clone(),
            spec: workload.spec.clone(),
            place: Place::On(present + node),
            phase: PodPhase::Pending,
            listed: false,
            terminating: false,
            life: PodLife::default(),
            siblings: None,
        }));
        workload.replicas = workload.replicas.saturating_add((pods.len() - first) as u64);
    });
    inventory.nodes.extend(new);
    inventory
}
