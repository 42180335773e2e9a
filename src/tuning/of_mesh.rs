//! The Telemetry object that holds for the whole mesh: the one there is, or one to be made.

use std::collections::BTreeMap;

use super::Question;
use crate::inventory::objects::TelemetryPatch;
use crate::inventory::{Change, Inventory, ObjectName, Telemetry};
use crate::mesh;
use crate::plan::WorkloadPlan;

/// Name that Istio's documentation gives it.
const NAME: &str = "mesh-default";

/// What says how the whole mesh reports.
pub(super) enum OfMesh<'a> {
    /// An object that is there.
    Known(&'a Telemetry),
    /// None is; one may be made of this name.
    New(ObjectName),
}

impl<'a> OfMesh<'a> {
    /// The oldest of the root namespace that names no workload: the only one that counts.
    pub fn of(inventory: &'a Inventory) -> Self {
        let root = inventory.istio.mesh.root_namespace();
        let in_root = || inventory.istio.telemetries.iter().filter(|it| *it.name.namespace == *root);
        if let Some(known) = in_root().find(|it| it.attachment.is_general()) {
            return Self::Known(known);
        }
        let is_free = |name: &String| in_root().all(|it| *it.name.name != **name);
        let names = std::iter::once(NAME.to_owned()).chain((2..).map(|number: u64| format!("{NAME}-{number}")));
        let free = names.into_iter().find(is_free).unwrap_or_else(|| NAME.to_owned());
        Self::New(ObjectName::new(root, &free))
    }

    /// The object that is there.
    pub fn known(&self) -> Option<&'a Telemetry> {
        match self {
            Self::Known(telemetry) => Some(telemetry),
            Self::New(_) => None,
        }
    }

    /// Gives it the lists of a patch.
    pub fn change(&self, patch: TelemetryPatch) -> Change {
        match self {
            Self::Known(known) => patch_of(TelemetryPatch { name: known.name.clone(), ..patch }),
            Self::New(name) => {
                let mut new = Telemetry { name: name.clone(), ..Telemetry::default() };
                patch.apply(&mut new);
                Change::Telemetry(Box::new(new))
            }
        }
    }
}

/// A workload of the plan with the Telemetry objects that hold for it, those that overrule later.
pub(super) struct Observed<'a> {
    /// What the plan says of it.
    pub plan: &'a WorkloadPlan,
    /// The objects.
    pub objects: Vec<&'a Telemetry>,
}

/// All workloads of the plan: gateways and waypoints that are yet to come are none of the inventory, and only what is
/// said of the mesh and of their namespace holds for them.
pub(super) fn observed<'a>(question: &'a Question<'_>) -> Vec<Observed<'a>> {
    let inventory = question.inventory();
    let holding = mesh::telemetries(inventory, &question.mesh).into_iter();
    let ids = inventory.workloads.iter().map(|it| (&*it.id.namespace, &*it.id.kind, &*it.id.name));
    let mut holding: BTreeMap<_, _> = ids.zip(holding).collect();
    let of_mesh = OfMesh::of(inventory).known();
    let to_come = |plan: &WorkloadPlan| {
        let own = |it: &&Telemetry| *it.name.namespace == plan.namespace && it.attachment.is_general();
        let own = inventory.istio.telemetries.iter().find(own).filter(|it| of_mesh != Some(*it));
        of_mesh.into_iter().chain(own).collect()
    };
    let of = |plan: &'a WorkloadPlan| {
        let known = holding.remove(&(plan.namespace.as_str(), plan.kind.as_str(), plan.name.as_str()));
        Observed { plan, objects: known.unwrap_or_else(|| to_come(plan)) }
    };
    question.plan.workloads.iter().map(of).collect()
}

/// A change of an object that is there.
pub(super) fn patch_of(patch: TelemetryPatch) -> Change {
    Change::Patch(crate::inventory::objects::Patch::Telemetry(patch))
}

/// Why a list cannot be written back whole.
pub(super) fn says_more(name: &ObjectName, list: &str, set: &str) -> String {
    format!(
        "{list} of Telemetry {name} says more than is read here, and a patch replaces the whole list: set {set} there"
    )
}
