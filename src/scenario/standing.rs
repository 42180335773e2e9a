//! A cluster as planned, every pod in its place, for whoever asks what could be changed about it.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::answer::ShapeAnswer;
use super::case::Case;
use super::check::{self, Check};
use super::consolidate;
use super::lose_each;
use super::matrix::Situation;
use super::placed::Placed;
use super::shapes;
use crate::card::ModelCard;
use crate::course;
use crate::groundwork::Groundwork;
use crate::inventory::Inventory;
use crate::placement::Fill;
use crate::policy::{NodePoolPolicy, Policy};
use crate::resources::Resources;
use crate::scheduler::{KubernetesVersion, Profile, Session, TieBreak, pod_request};
use crate::units::{Bytes, Millicores, MoneyPerHour};

/// By whose rules pods are placed.
static RULES: LazyLock<Profile> = LazyLock::new(|| Profile::new(KubernetesVersion::default()));

/// A cluster as planned, every pod in its place or with a reason why it has none.
#[derive(Debug)]
pub struct Standing {
    placed: Placed<'static>,
    policy: Policy,
}

impl Standing {
    /// Plans the mesh and places what has no place yet.
    #[must_use]
    pub fn new(inventory: &Inventory, policy: &Policy, card: &ModelCard) -> Self {
        let situation = Situation { inventory, policy, card, rules: &RULES, shapes: &[] };
        let mut case = Case::of(&situation);
        let groundwork = Groundwork::new(std::mem::take(&mut case.inventory), policy, card);
        Self { placed: Placed::new(&case, &groundwork, &RULES), policy: case.policy }
    }

    /// The cluster: pods run what is planned, each on its node.
    #[must_use]
    pub fn inventory(&self) -> &Inventory {
        &self.placed.inventory
    }

    /// Pods without a node, by index, each with what most often keeps it off.
    #[must_use]
    pub fn unplaced(&self) -> &[(usize, String)] {
        &self.placed.unplaced
    }

    /// The cluster for a scheduler that is asked what changes would do.
    #[must_use]
    pub fn session(&self) -> Session<'_> {
        self.placed.session()
    }

    /// The same with another inventory of the same nodes.
    #[must_use]
    pub fn session_of<'s>(&'s self, inventory: &'s Inventory) -> Session<'s> {
        self.placed.session_of(inventory)
    }

    /// The cluster for what takes time.
    #[must_use]
    pub fn setting(&self) -> course::Setting<'_> {
        course::Setting {
            inventory: &self.placed.inventory,
            offered: &self.placed.offered,
            profile: self.placed.rules,
            ties: TieBreak::LowestIndex,
            policy: &self.policy.rollout,
        }
    }

    /// The same with another inventory of the same nodes.
    #[must_use]
    pub fn setting_of<'s>(&'s self, inventory: &'s Inventory) -> course::Setting<'s> {
        course::Setting { inventory, ..self.setting() }
    }

    /// How full it is.
    #[must_use]
    pub fn fill(&self) -> &Fill {
        &self.placed.fill
    }

    /// How full it is with so many more pods of a workload, wherever they would go.
    #[must_use]
    pub fn fill_with(&self, workload: usize, pods: u64) -> Fill {
        let Placed { inventory, fill, rules, .. } = &self.placed;
        let spec = inventory.workloads.get(workload).map(|it| &it.spec);
        let each = spec.map(|spec| pod_request(spec, None, rules.version).real).unwrap_or_default();
        let cpu = Millicores::new(each.cpu.get().saturating_mul(pods));
        let memory = Bytes::new(each.memory.get().saturating_mul(pods));
        let requested = fill.requested.clone() + &Resources::new(cpu, memory);
        Fill { requested, ..fill.clone() }
    }

    /// What the policy asks of it.
    #[must_use]
    pub fn checks(&self) -> Vec<Check> {
        checks(&self.placed, &self.policy)
    }

    /// Nodes that can go together, of those that may, emptiest first: every pod keeps a node, and headroom and the
    /// survival of a loss are kept as the policy asks. Indices in [`Inventory::nodes`].
    #[must_use]
    pub fn removable(&self, may_go: &dyn Fn(usize) -> bool) -> Vec<usize> {
        let nodes = &self.placed.inventory.nodes;
        let (names, _) = consolidate::consolidate(&self.placed, &self.policy, may_go);
        names.iter().filter_map(|name| nodes.iter().position(|node| *node.name == **name)).collect()
    }

    /// Whether the sum of all requests keeps the headroom target without a node, wherever pods would go.
    #[must_use]
    pub fn spares(&self, node: usize) -> bool {
        let Placed { fill, offered, .. } = &self.placed;
        let Some(offered) = offered.get(node) else { return false };
        let allocatable = fill.allocatable.clone().saturating_sub(&offered.resources);
        Fill { allocatable, ..fill.clone() }.keeps(self.policy.headroom.target)
    }

    /// What the policy asks of the cluster without some of its nodes.
    #[must_use]
    pub fn checks_without(&self, nodes: &BTreeSet<usize>) -> Vec<Check> {
        checks(&self.placed.without(nodes), &self.policy)
    }

    /// The cheapest shape of nodes for all that can move, with the headroom and the spare nodes that the policy asks
    /// for. Where no shape takes every pod, the one that leaves fewest; `None` where none can cost less than `most`.
    #[must_use]
    pub fn best_shape(&self, shapes: &[NodePoolPolicy], most: MoneyPerHour) -> Option<ShapeAnswer> {
        shapes::best(&self.placed, shapes, most, &self.policy.headroom)
    }
}

fn checks(placed: &Placed<'_>, policy: &Policy) -> Vec<Check> {
    let mut checks = check::of_placement(placed, policy, false);
    if policy.headroom.survive_node_losses > 0 {
        checks.extend(lose_each::nodes(placed).first().map(check::node_loss));
    }
    checks
}
