//! What a tuner is asked about: the inventory as it would stand, and the plan of it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::through_gateway;
use crate::inventory::objects::{Made, Owner, Patch, WorkloadPatch};
use crate::inventory::{Change, Inventory, Labels, ObjectName, Workload, WorkloadId};
use crate::mesh::{self, Membership, Mesh};
use crate::plan::{Inputs, Plan, WorkloadPlan};
use crate::policy::TuningPolicy;
use crate::scenario::Standing;

/// What a tuner is asked about.
///
/// Tuners of a later stage see the cluster with the recommendations of earlier ones applied: a proxy is sized for
/// what it will be sent once its Sidecar is there.
#[derive(Debug)]
pub struct Question<'a> {
    /// Inventory, policy, card, calls and measurements.
    pub inputs: &'a Inputs,
    /// The plan of these inputs.
    pub plan: &'a Plan,
    /// Who is in the mesh, parallel to the workloads of the inventory; its features are those of the plan.
    pub mesh: Mesh,
    plans: BTreeMap<(&'a str, &'a str, &'a str), &'a WorkloadPlan>,
    standing: OnceLock<Option<Standing>>,
}

/// A workload of the inventory with its part in the mesh and in the plan.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// Its index in the inventory.
    pub index: usize,
    /// The workload.
    pub workload: &'a Workload,
    /// Its part in the mesh.
    pub member: &'a Membership,
    /// What the plan says of it.
    pub plan: &'a WorkloadPlan,
    /// The inventory it is part of.
    inventory: &'a Inventory,
}

impl<'a> Question<'a> {
    /// Asks about a plan and the inputs it was made of.
    #[must_use]
    pub fn new(inputs: &'a Inputs, plan: &'a Plan) -> Self {
        let (mut mesh, _) = mesh::membership(&inputs.inventory, &inputs.card.injection, &inputs.policy.injection);
        mesh.features = mesh::features(&inputs.inventory, &mesh, &inputs.policy.features).0;
        let key = |it: &'a WorkloadPlan| (it.namespace.as_str(), it.kind.as_str(), it.name.as_str());
        let plans = plan.workloads.iter().map(|it| (key(it), it)).collect();
        Self { inputs, plan, mesh, plans, standing: OnceLock::new() }
    }

    /// The same about a cluster whose standing is known already.
    #[must_use]
    pub(super) fn with_standing(mut self, standing: Option<Standing>) -> Self {
        self.standing = standing.map(Some).map_or_else(OnceLock::new, OnceLock::from);
        self
    }

    /// The standing cluster, if anybody asked for it.
    pub(super) fn into_standing(self) -> Option<Standing> {
        self.standing.into_inner().flatten()
    }

    /// The inventory.
    #[must_use]
    pub fn inventory(&self) -> &'a Inventory {
        &self.inputs.inventory
    }

    /// The cluster as planned, every pod in its place; `None` without nodes. Worked out when it is first asked for.
    #[must_use]
    pub fn standing(&self) -> Option<&Standing> {
        let Inputs { inventory, policy, card, .. } = self.inputs;
        let has_nodes = !inventory.nodes.is_empty();
        self.standing.get_or_init(|| has_nodes.then(|| Standing::new(inventory, policy, card))).as_ref()
    }

    /// What may be changed, and how far.
    #[must_use]
    pub fn policy(&self) -> &'a TuningPolicy {
        &self.inputs.policy.tuning
    }

    /// Workloads with pods, in the order of the inventory.
    pub fn members(&self) -> impl Iterator<Item = Member<'_>> {
        let workloads = self.inputs.inventory.workloads.iter().zip(&self.mesh.members).enumerate();
        workloads.filter(|(_, (workload, _))| workload.replicas > 0).filter_map(|(index, (workload, member))| {
            let id = &workload.id;
            let plan = self.plans.get(&(&*id.namespace, &*id.kind, &*id.name))?;
            Some(Member { index, workload, member, plan, inventory: &self.inputs.inventory })
        })
    }

    /// Labels that select the pods of a workload and of no other one of its namespace; `None` where there are none.
    #[must_use]
    pub fn selector(&self, workload: &Workload) -> Option<Labels> {
        let is_own = |key: &str| {
            let made_by_controller = key.ends_with("-hash") || key.ends_with("/pod-index") || key.contains("pod-name");
            !made_by_controller && key != "pod-template-generation" && !key.contains("istio.io/")
        };
        let labels: Labels = workload
            .labels
            .iter()
            .filter(|(key, _)| is_own(key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let is_met = |other: &Workload| labels.iter().all(|(key, value)| other.labels.get(key) == Some(value));
        let mut others = self.inputs.inventory.workloads.iter();
        let is_shared =
            others.any(|other| other.id != workload.id && other.id.namespace == workload.id.namespace && is_met(other));
        (!labels.is_empty() && !is_shared).then_some(labels)
    }
}

impl Member<'_> {
    /// `NAMESPACE/NAME`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.workload.id.namespace, self.workload.id.name)
    }

    /// A patch of it that changes nothing yet.
    #[must_use]
    pub fn patch(&self) -> WorkloadPatch {
        let WorkloadId { namespace, kind, name } = &self.workload.id;
        let name = ObjectName { namespace: namespace.clone(), name: name.clone() };
        WorkloadPatch { kind: kind.to_string(), name, ..WorkloadPatch::default() }
    }

    /// Why no patch can change its pod template; `None` where one can.
    #[must_use]
    pub fn not_patchable(&self) -> Option<String> {
        if through_gateway::gateway_of(self.workload).is_some() {
            return through_gateway::obstacle(self.inventory, self.workload, Made::Deployment);
        }
        let kind = &*self.workload.id.kind;
        let is_known = matches!(kind, "Deployment" | "StatefulSet" | "DaemonSet");
        (!is_known).then(|| format!("a {kind} has no template that a patch could change: change what makes it"))
    }

    /// Patches of it, of its autoscaler and of disruption budgets as changes: where istiod makes the object of a Gateway,
    /// of the ConfigMap from which it takes them.
    ///
    /// # Errors
    /// Why one of them cannot be made.
    pub fn changes(&self, patches: Vec<Patch>) -> Result<Vec<Change>, String> {
        patches.into_iter().map(|patch| self.change(patch)).collect()
    }

    fn change(&self, patch: Patch) -> Result<Change, String> {
        let of_gateway = |owner: Option<&Owner>| owner.is_some_and(|owner| &*owner.kind == "Gateway");
        let is_made = match &patch {
            Patch::Workload(_) => through_gateway::gateway_of(self.workload).is_some(),
            Patch::Autoscaler(_) => of_gateway(self.workload.autoscaler.as_ref().and_then(|it| it.owner.as_ref())),
            Patch::DisruptionBudget(patch) => {
                let budget = self.inventory.disruption_budgets.iter().find(|it| it.name == patch.name);
                of_gateway(budget.and_then(|it| it.owner.as_ref()))
            }
            _ => false,
        };
        if is_made {
            return through_gateway::change(self.inventory, self.workload, patch);
        }
        match (&patch, self.not_patchable()) {
            (Patch::Workload(_), Some(why)) => Err(why),
            _ => Ok(Change::Patch(patch)),
        }
    }
}
