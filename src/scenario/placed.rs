//! A cluster in which every pod has its place, or a reason why it has none.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::case::Case;
use crate::finding::Finding;
use crate::groundwork::{AsPlanned, Demands, Groundwork};
use crate::inventory::objects::NodeResources;
use crate::inventory::{Inventory, ObjectName, Place, Pod, PodSpec, STATIC_POD};
use crate::placement::reservation::{self, DEFAULT_PODS};
use crate::placement::{Fill, displaced_by_growth, join};
use crate::policy::NodePoolPolicy;
use crate::resources::Resources;
use crate::scheduler::{Addition, Pack, Profile, Scheduling, Session, TieBreak, pod_request, schedule};

/// Nodes and pods with their places.
#[derive(Debug, Clone)]
pub(super) struct Placed<'a> {
    pub(super) inventory: Inventory,
    /// What each node offers.
    pub(super) offered: Vec<NodeResources>,
    /// Pods without a node, by index, each with what most often keeps it off.
    pub(super) unplaced: Vec<(usize, String)>,
    /// Pods that left their node.
    pub(super) moved: u64,
    /// Nodes of the pool that the pods without a node need.
    pub(super) addition: Addition,
    /// Requested against allocatable.
    pub(super) fill: Fill,
    /// What was noticed.
    pub(super) findings: Vec<Finding>,
    /// By whose rules pods are placed.
    pub(super) rules: &'a Profile,
    /// Nodes to add.
    pub(super) pool: NodePoolPolicy,
}

impl<'a> Placed<'a> {
    /// The cluster as planned. Pods stay where they are; those that no longer fit there, and those to come, are placed.
    pub(super) fn new(case: &Case, groundwork: &Groundwork, rules: &'a Profile) -> Self {
        let AsPlanned { mut inventory, .. } = pushed_off(case, groundwork);
        let (mut findings, mut offered) = (Vec::new(), Vec::new());
        for node in &inventory.nodes {
            let (resources, _, finding) = reservation::for_node(node);
            findings.extend(finding);
            offered.push(resources);
        }
        inventory.pods.shrink_to_fit();
        let waiting = |pod: &Pod| pod.place == Place::Pending;
        let today = groundwork.inventory.pods.iter().filter(|pod| waiting(pod)).count();
        let moved = inventory.pods.iter().filter(|pod| waiting(pod) && pod.listed).count().saturating_sub(today);
        Self::of(inventory, offered, moved as u64, rules, &case.policy.node_pool, findings)
    }

    /// Places the pods that wait.
    pub(super) fn of(
        mut inventory: Inventory,
        offered: Vec<NodeResources>,
        moved: u64,
        rules: &'a Profile,
        pool: &NodePoolPolicy,
        mut findings: Vec<Finding>,
    ) -> Self {
        let (node, new) = join(&inventory.nodes, pool);
        let scheduling = scheduling(&inventory, &offered, rules);
        let placement = schedule(&Scheduling { new_node: Some((&node, &new)), ..scheduling }, None);
        findings.extend(placement.findings);
        let moved = moved + placement.preempted.len() as u64;
        let unplaced: Vec<(usize, String)> = placement
            .unplaced
            .into_iter()
            .map(|one| (one.pod, one.reasons.into_iter().next().map_or_else(String::new, |(reason, _)| reason)))
            .collect();
        for &(pod, node) in &placement.placed {
            if let Some(pod) = inventory.pods.get_mut(pod) {
                // From now on it runs there, as a listed pod does.
                (pod.place, pod.listed) = (Place::On(node), true);
            }
        }
        for (pod, _) in &unplaced {
            if let Some(pod) = inventory.pods.get_mut(*pod) {
                pod.place = Place::Pending;
            }
        }
        let fill = fill(&inventory, &offered, rules);
        let (pool, addition) = (pool.clone(), placement.addition.unwrap_or_default());
        Self { inventory, offered, unplaced, moved, addition, fill, findings, rules, pool }
    }

    /// The cluster without some nodes: their pods find other places, but for those of DaemonSets and static ones,
    /// which go with them.
    pub(super) fn without(&self, lost: &BTreeSet<usize>) -> Self {
        let offered = self.offered.iter().enumerate().filter(|(index, _)| !lost.contains(index));
        let offered = offered.map(|(_, offered)| offered.clone()).collect();
        let (inventory, moved) = without_nodes(self.inventory.clone(), lost);
        Self::of(inventory, offered, moved, self.rules, &self.pool, Vec::new())
    }

    /// The same for a scheduler that is asked what further changes would do.
    pub(super) fn session(&self) -> Session<'_> {
        self.session_of(&self.inventory)
    }

    /// The same with another inventory of the same nodes.
    pub(super) fn session_of<'s>(&'s self, inventory: &'s Inventory) -> Session<'s> {
        Session::new(&scheduling(inventory, &self.offered, self.rules))
    }

    /// The first pod without a node, and why.
    pub(super) fn first_unplaced(&self) -> Option<(&ObjectName, &str)> {
        let (pod, reason) = self.unplaced.first()?;
        Some((&self.inventory.pods.get(*pod)?.name, reason))
    }
}

/// An inventory without some nodes, and how many pods then wait: all that stood there, but for those of DaemonSets
/// and static ones, which go with their node.
#[must_use]
pub fn without_nodes(mut inventory: Inventory, lost: &BTreeSet<usize>) -> (Inventory, u64) {
    let mut now = Vec::with_capacity(inventory.nodes.len());
    let mut kept = 0;
    for node in 0..inventory.nodes.len() {
        now.push((!lost.contains(&node)).then_some(kept));
        kept += usize::from(!lost.contains(&node));
    }
    let place_now = |node: usize| now.get(node).copied().flatten();
    let mut index = 0..;
    inventory.nodes.retain(|_| index.next().is_some_and(|node| place_now(node).is_some()));
    let goes: Vec<bool> =
        inventory.workloads.iter().map(|it| matches!(&*it.id.kind, "DaemonSet" | STATIC_POD)).collect();
    let mut moved = 0;
    let mut places = Vec::with_capacity(inventory.pods.len());
    for pod in &inventory.pods {
        let place = match pod.place {
            Place::On(node) => match place_now(node) {
                Some(node) => Some(Place::On(node)),
                None if goes.get(pod.workload).copied().unwrap_or(false) => None,
                None => {
                    moved += 1;
                    Some(Place::Pending)
                }
            },
            place => Some(place),
        };
        if let Some(workload) = inventory.workloads.get_mut(pod.workload).filter(|_| place.is_none()) {
            workload.replicas = workload.replicas.saturating_sub(1);
        }
        places.push(place);
    }
    (with_places(inventory, &places), moved)
}

fn scheduling<'s>(inventory: &'s Inventory, offered: &'s [NodeResources], profile: &'s Profile) -> Scheduling<'s> {
    Scheduling {
        inventory,
        offered,
        profile,
        pack: Pack::Scheduler,
        ties: TieBreak::LowestIndex,
        reschedule: false,
        new_node: None,
        follow: None,
    }
}

/// The cluster as planned, where pods that no longer fit on their node wait.
fn pushed_off(case: &Case, groundwork: &Groundwork) -> AsPlanned {
    let mut planned = groundwork.as_planned(&case.policy);
    let nodes = &groundwork.inventory.nodes;
    let allocatable: Vec<NodeResources> = nodes.iter().map(|node| reservation::for_node(node).0).collect();
    let today = Demands::today(&groundwork.inventory, &groundwork.mesh);
    let then = Demands::planned(&planned);
    let pushed = displaced_by_growth(nodes, &allocatable, &today.pods(), &then.pods(), &case.policy);
    for pod in pushed.into_iter().filter_map(|demand| then.index_of(demand)) {
        if let Some(pod) = planned.inventory.pods.get_mut(pod) {
            pod.place = Place::Pending;
        }
    }
    planned
}

/// Pods at new places; those with none go.
pub(super) fn with_places(mut inventory: Inventory, places: &[Option<Place>]) -> Inventory {
    let mut kept = 0;
    let mut before: Vec<usize> = Vec::with_capacity(places.len() + 1);
    for place in places {
        before.push(kept);
        kept += usize::from(place.is_some());
    }
    before.push(kept);
    let at = |index: usize| before.get(index).copied().unwrap_or(0);
    for workload in &mut inventory.workloads {
        workload.pods = at(workload.pods.start)..at(workload.pods.end);
    }
    let pods = std::mem::take(&mut inventory.pods).into_iter().zip(places);
    inventory.pods = pods.filter_map(|(pod, place)| Some(Pod { place: (*place)?, ..pod })).collect();
    inventory
}

fn fill(inventory: &Inventory, offered: &[NodeResources], rules: &Profile) -> Fill {
    let mut fill = Fill::default();
    for node in offered {
        fill.allocatable += &node.resources;
        fill.allocatable_pods = fill.allocatable_pods.saturating_add(node.pods.unwrap_or(DEFAULT_PODS));
    }
    let mut known: HashMap<*const PodSpec, Resources> = HashMap::new();
    for pod in inventory.pods.iter().filter(|pod| matches!(pod.place, Place::On(_))) {
        let asked = || pod_request(&pod.spec, pod.life.resized.as_deref(), rules.version).real;
        fill.pods += 1;
        if pod.life.resized.is_some() {
            fill.requested += &asked();
        } else {
            fill.requested += &*known.entry(Arc::as_ptr(&pod.spec)).or_insert_with(asked);
        }
    }
    fill
}
