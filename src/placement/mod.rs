//! Where every pod goes, and what capacity is left: headroom, node loss, nodes to add.
//!
//! The seam to the rest: [`PodDemand`]s and nodes come in, [`Headroom`] comes out. Which packer
//! decides stays inside.

mod add;
mod capacity;
mod constraint;
mod demand;
mod fill;
mod growth;
mod kinds;
mod loss;
mod pack;
pub mod reservation;
mod settle;
mod site;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use add::{join, new_node};
pub use growth::displaced_by_growth;
pub use kinds::*;

use crate::finding::Finding;
use crate::inventory::objects::NodeResources;
use crate::inventory::{Node, ObjectName, PodSpec};
use crate::policy::Policy;
use crate::resources::Resources;
use crate::units::{Bytes, Millicores, MoneyPerHour, Share};

/// Where every pod goes, what stays free, what the loss of a node would do, and what to add.
///
/// `allocatable` is parallel to `nodes` (see [`reservation::for_node`]; a missing entry offers
/// nothing), and [`PodDemand::node`] is an index into them. `today` is the assessment of the same
/// nodes before a planned change, so that what the dump already overcommits is told apart from what
/// growth does; `None` where `pods` ask for what they ask today.
///
/// Pods with a node stay there while it holds them. Where growth overcommits a node, the free pods
/// that end most of the shortage leave it. These and the pods without a node are then placed first fit
/// decreasing: by the larger of CPU and memory as shares of a new node's allocatable, as the cluster
/// autoscaler sizes them, pods that ask for extended resources first, ties by name; nodes go by name.
/// The order of the input decides nothing.
///
/// Honoured: CPU, memory, ephemeral storage, extended resources, pods per node, cordons, readiness,
/// taints, node selectors and required node affinity. Affinity between pods, topology spread, volumes
/// and host ports are not, which is said in the findings.
///
/// Without nodes everything is packed onto new ones: `cluster` and `worst_node_loss` are `None`, and
/// `unplaced` names the pods that not even a new node can take.
#[must_use]
pub fn assess(
    nodes: &[Node],
    allocatable: &[NodeResources],
    pods: &[PodDemand<'_>],
    today: Option<&Headroom>,
    policy: &Policy,
) -> Headroom {
    let mut findings = Vec::new();
    let (node, offered) = new_node(nodes, policy);
    let new_site =
        site::Site { node: &node, offered: &offered.resources, slots: policy.node_pool.pods, overcommitted: false };
    let yardstick = [offered.resources.cpu.get(), offered.resources.memory.get(), u64::MAX, policy.node_pool.pods];
    let mut sites = site::Sites::new(nodes, allocatable);
    let demands = demand::Demands::new(pods, nodes.len(), yardstick);

    let (mut node_of, mut capacity) = settle::settle(&mut sites, &demands, today, &mut findings);
    let eligible = pack::eligibility(&sites, &demands, &new_site);
    let mut unplaced = pack::place_pending(&demands, &eligible, &mut capacity, &mut node_of);
    let mut reasons = pack::explain(&unplaced, &sites, &demands, &capacity, &node_of);

    let fills = fill::of_nodes(&sites, &demands, &node_of, fill::typical(&demands));
    let cluster = fill::of_cluster(&fills);
    let no_nodes = Fill::default();
    let carried = add::NewNode::new(new_site, &demands);
    let losses = loss::of_each_node(&demands, &eligible, &capacity, &node_of, &carried.free);
    let worst_node_loss = worst(&sites, &losses);
    let ground = add::Ground {
        sites: &sites,
        demands: &demands,
        eligible: &eligible,
        new_node: &carried,
        cluster: cluster.as_ref().unwrap_or(&no_nodes),
    };
    let addition = add::nodes_to_add(ground, capacity, node_of, &unplaced, losses, policy);

    if nodes.is_empty() {
        reasons = addition.impossible.iter().map(|&pod| add::reasons(ground, pod).into()).collect();
        unplaced = addition.impossible;
    }
    let binding = binding(&reasons, cluster.as_ref().unwrap_or(&addition.pool_fill));
    findings.extend(closed_nodes(&sites));
    findings.extend(ignored_constraints(pods));
    findings.extend(add::disk_unknown(&demands, &unplaced));
    crate::finding::sort(&mut findings);
    let explained = unplaced.iter().zip(&reasons);
    Headroom {
        cluster,
        zones: fill::of_zones(&fills),
        nodes: fills,
        unplaced: explained
            .map(|(&pod, reasons)| Unplaced { pod: pods[pod].name.clone(), reason: pack::in_words(reasons) })
            .collect(),
        worst_node_loss,
        nodes_to_add: addition.nodes,
        binding,
        findings,
    }
}

/// The loss that leaves most pods without a place, then the one that moves most; of equals the first
/// by name.
fn worst(sites: &site::Sites<'_>, losses: &[loss::Loss]) -> Option<NodeLoss> {
    let harm = |loss: &loss::Loss| (loss.unplaced, loss.displaced);
    let mut all = sites.all.iter().zip(losses).filter(|_| sites.all.len() > 1);
    let first = all.next()?;
    let (site, loss) = all.fold(first, |worst, next| if harm(next.1) > harm(worst.1) { next } else { worst });
    Some(NodeLoss { node: site.node.name.to_string(), displaced: loss.displaced, unplaced: loss.unplaced })
}

/// What most often keeps unplaced pods off a node; else the resource with the least headroom.
fn binding(reasons: &[std::rc::Rc<pack::Reasons>], fill: &Fill) -> String {
    let mut weight: BTreeMap<&str, u64> = BTreeMap::new();
    for (reason, count) in reasons.iter().flat_map(|reasons| reasons.iter()).filter(|(_, count)| *count > 0) {
        let own = weight.entry(reason).or_default();
        *own = own.saturating_add(*count);
    }
    let heaviest = weight.iter().rev().max_by_key(|(_, weight)| **weight);
    if let Some((reason, _)) = heaviest {
        return (*reason).to_owned();
    }
    if fill.allocatable_pods == 0 && fill.allocatable.is_zero() {
        return String::new();
    }
    let headrooms = [("memory", fill.memory_headroom()), ("CPU", fill.cpu_headroom()), ("pods", fill.pod_headroom())];
    let least = headrooms.iter().min_by(|a, b| a.1.total_cmp(&b.1));
    least.map_or_else(String::new, |(resource, _)| (*resource).to_owned())
}

fn closed_nodes(sites: &site::Sites<'_>) -> Option<Finding> {
    let closed = |site: &&site::Site<'_>| !site.is_open() && !site.overcommitted;
    let names: Vec<&str> = sites.all.iter().filter(closed).map(|site| &*site.node.name).collect();
    let named = sample(&names)?;
    let message = format!("{} of {} nodes take no new pods: {named}", names.len(), sites.all.len());
    Some(Finding::new(&NODES_CLOSED, "cluster", message).counted(names.len() as u64))
}

fn ignored_constraints(pods: &[PodDemand<'_>]) -> impl Iterator<Item = Finding> {
    let (mut between_pods, mut volumes, mut ports) = (0_u64, 0_u64, 0_u64);
    for pod in pods.iter().filter(|pod| pod.mobility == Mobility::Free) {
        between_pods += u64::from(pod.spec.has_pod_constraints);
        volumes += u64::from(pod.spec.has_volume_claims);
        let claims_port = pod.spec.containers.iter().flat_map(|container| &container.ports);
        ports += u64::from(claims_port.into_iter().any(|port| port.host_port != 0));
    }
    let kinds = [
        (&POD_CONSTRAINTS_IGNORED, between_pods, "ask for affinity, anti-affinity or spread between pods"),
        (&VOLUME_CLAIMS_IGNORED, volumes, "mount persistent volume claims"),
        (&HOST_PORTS_IGNORED, ports, "claim a port of their node"),
    ];
    kinds.into_iter().filter(|(_, count, _)| *count > 0).map(|(kind, count, what)| {
        let message = format!("{count} pods {what}, which placement does not honour");
        Finding::new(kind, "cluster", message).counted(count)
    })
}

/// The first few of many names; `None` of none.
fn sample<T: std::fmt::Display>(names: &[T]) -> Option<String> {
    const SHOWN: usize = 3;
    let shown: Vec<String> = names.iter().take(SHOWN).map(ToString::to_string).collect();
    let rest = names.len().checked_sub(SHOWN).filter(|rest| *rest > 0);
    let rest = rest.map_or_else(String::new, |rest| format!(" and {rest} more"));
    (!names.is_empty()).then(|| format!("{}{rest}", shown.join(", ")))
}

/// A pod as the packer sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PodDemand<'a> {
    /// Namespace and name.
    pub name: &'a ObjectName,
    /// Where it may run.
    pub spec: &'a PodSpec,
    /// What it asks for, proxy included.
    pub request: &'a Resources,
    /// The part of the request that its mesh proxy makes; zero without one.
    pub mesh: &'a Resources,
    /// Index of the node it runs on today.
    pub node: Option<usize>,
    /// Whether it can move.
    pub mobility: Mobility,
}

/// Whether a pod can be placed elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mobility {
    /// Anywhere its constraints allow.
    Free,
    /// One per node, as DaemonSets do; it goes when its node goes.
    PerNode,
    /// Bound to its node, as static pods are; it goes when its node goes.
    Bound,
}

/// How full the cluster is, and what it takes to meet the policy.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Headroom {
    /// Requested and allocatable of the whole cluster; `None` without nodes.
    pub cluster: Option<Fill>,
    /// The same per zone, by name; nodes without a zone label count under `-`.
    pub zones: Vec<(String, Fill)>,
    /// The same per node, in inventory order.
    pub nodes: Vec<NodeFill>,
    /// Pods that fit nowhere on the present nodes, with the reason.
    pub unplaced: Vec<Unplaced>,
    /// The single node whose loss hurts most; `None` with fewer than two nodes.
    pub worst_node_loss: Option<NodeLoss>,
    /// What to add so that everything fits, the target stays free and a node may be lost.
    pub nodes_to_add: NodesToAdd,
    /// The resource that runs out first, in words: `memory`, `cpu`, `pods`, or the constraint met.
    pub binding: String,
    /// What was noticed.
    pub findings: Vec<Finding>,
}

/// Requested against allocatable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fill {
    /// What pods may use.
    pub allocatable: Resources,
    /// Pods allowed.
    pub allocatable_pods: u64,
    /// What pods ask for, proxies included.
    pub requested: Resources,
    /// Pods placed.
    pub pods: u64,
    /// CPU free on nodes where no memory or pod slot is left for a typical pod: it cannot be used.
    pub stranded_cpu: Millicores,
    /// Memory free on nodes where no CPU or pod slot is left for a typical pod.
    pub stranded_memory: Bytes,
    /// Further pods of the typical shape (median request) that still fit.
    pub usable_pods: u64,
}

/// How full one node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeFill {
    /// Name.
    pub name: String,
    /// Zone, or `-`.
    pub zone: String,
    /// Its fill.
    pub fill: Fill,
    /// Part of the request that mesh proxies make.
    pub mesh: Resources,
    /// Whether new pods may be placed on it.
    pub schedulable: bool,
}

/// A pod that fits nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unplaced {
    /// Namespace and name.
    pub pod: ObjectName,
    /// Why: `memory on 5 nodes, taint dedicated=gpu on 1`.
    pub reason: String,
}

/// What losing one node would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeLoss {
    /// The node.
    pub node: String,
    /// Pods that would have to move.
    pub displaced: u64,
    /// Pods among them that would fit nowhere.
    pub unplaced: u64,
}

/// Nodes to add, and why.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NodesToAdd {
    /// How many of the policy's node pool.
    pub count: u64,
    /// Name of the node pool.
    pub pool: String,
    /// What made the last of them necessary: `headroom target`, `node loss`, `unplaced pods`; empty for none.
    pub reason: String,
    /// Their price together; zero where the policy has no price.
    pub price: MoneyPerHour,
    /// Whether no number of these nodes would do, e.g. a pod larger than the node.
    pub infeasible: Option<String>,
}

impl Fill {
    /// CPU free as a share of allocatable: `1 − requested ÷ allocatable`; negative when overcommitted.
    #[must_use]
    pub fn cpu_headroom(&self) -> f64 {
        headroom(self.requested.cpu.get(), self.allocatable.cpu.get())
    }

    /// Memory free as a share of allocatable.
    #[must_use]
    pub fn memory_headroom(&self) -> f64 {
        headroom(self.requested.memory.get(), self.allocatable.memory.get())
    }

    /// Whether CPU and memory both keep a share free, floating-point dust forgiven.
    #[must_use]
    pub fn keeps(&self, target: Share) -> bool {
        const DUST: f64 = 1e-9;
        // Headroom of nothing is 0, and something asked of nothing keeps no target.
        let nothing_to_ask = (self.allocatable.cpu.is_zero() && !self.requested.cpu.is_zero())
            || (self.allocatable.memory.is_zero() && !self.requested.memory.is_zero());
        !nothing_to_ask && self.cpu_headroom().min(self.memory_headroom()) >= target.get() - DUST
    }

    /// Pod slots free as a share of those allowed.
    #[must_use]
    pub fn pod_headroom(&self) -> f64 {
        headroom(self.pods, self.allocatable_pods)
    }
}

fn headroom(requested: u64, allocatable: u64) -> f64 {
    if allocatable == 0 { 0.0 } else { 1.0 - requested as f64 / allocatable as f64 }
}
