//! What istiod makes of Gateways, as the ConfigMaps that these name have it.

use std::collections::BTreeMap;

use super::{Inventory, objects};
use crate::inventory::objects::{
    Autoscaler, DisruptionBudget, GATEWAY_NAME, Gateway, GatewayParameters, GatewayParametersPatch, GatewayPart,
    GatewayPatch, Made, ObjectName, Operator, Owner, ParametersEntry, ParametersReference, Patch, Requirement,
};
use crate::inventory::{Workload, WorkloadId};

impl Inventory {
    /// The ConfigMaps that hold for a Gateway, the weaker first: that of its class, then the one it names.
    pub fn parameters_of(&self, gateway: &Gateway) -> impl Iterator<Item = &GatewayParameters> {
        let root = self.istio.mesh.root_namespace();
        let of_class = self
            .gateway_parameters
            .iter()
            .filter(|it| it.class.as_ref().is_some_and(|class| *class == gateway.class) && &*it.name.namespace == root);
        let oldest = of_class.min_by(|a, b| (&a.created, &a.name).cmp(&(&b.created, &b.name)));
        let named = gateway.parameters.as_ref().filter(|it| it.is_config_map());
        let named = named.map(|it| ObjectName::new(&gateway.name.namespace, &it.name));
        let own = self.gateway_parameters.iter().filter(move |it| named.as_ref() == Some(&it.name));
        oldest.into_iter().chain(own)
    }

    /// A workload that istiod is yet to make of a Gateway, as it will make it.
    #[must_use]
    pub fn as_parameters_have_it(&self, gateway: &Gateway, workload: Workload) -> Workload {
        let made = ObjectName { namespace: workload.id.namespace.clone(), name: workload.id.name.clone() };
        let mut alone = Self { workloads: vec![workload.clone()], ..Self::default() };
        for parameters in self.parameters_of(gateway) {
            merge_in(&mut alone, gateway, &made, &parameters.entries);
        }
        let basis = workload.replicas_basis;
        Workload { replicas_basis: basis, ..alone.workloads.pop().unwrap_or(workload) }
    }

    /// Everything that is made of Gateways, as their ConfigMaps have it.
    pub(in crate::inventory) fn follow_gateway_parameters(&mut self) {
        let names: Vec<ObjectName> = self.gateways.iter().map(|it| it.name.clone()).collect();
        names.iter().for_each(|name| self.follow(name));
    }

    /// What is made of one Gateway, as its ConfigMaps have it.
    fn follow(&mut self, gateway: &ObjectName) {
        let Some(gateway) = self.gateways.iter().find(|it| it.name == *gateway).cloned() else { return };
        let entries: Vec<BTreeMap<Made, ParametersEntry>> =
            self.parameters_of(&gateway).map(|it| it.entries.clone()).collect();
        if entries.is_empty() {
            return;
        }
        let made = self.made_of(&gateway).map_or_else(|| gateway.made_name(), |(_, name)| name);
        for entries in entries {
            merge_in(self, &gateway, &made, &entries);
        }
    }

    /// The Deployment that istiod has made of a Gateway: its place among the workloads, and its name.
    fn made_of(&self, gateway: &Gateway) -> Option<(usize, ObjectName)> {
        let is_made = |workload: &Workload| {
            workload.id.namespace == gateway.name.namespace
                && &*workload.id.kind == "Deployment"
                && workload.labels.get(GATEWAY_NAME).is_some_and(|name| **name == *gateway.name.name)
        };
        let index = self.workloads.iter().position(is_made)?;
        let id = &self.workloads.get(index)?.id;
        Some((index, ObjectName { namespace: id.namespace.clone(), name: id.name.clone() }))
    }

    pub(super) fn patch_gateway(&mut self, patch: &GatewayPatch) -> bool {
        let Some(gateway) = self.gateways.iter_mut().find(|it| it.name == patch.name) else { return false };
        gateway.parameters = patch.parameters.clone().or(gateway.parameters.take());
        self.follow(&patch.name);
        true
    }

    pub(super) fn patch_gateway_parameters(&mut self, patch: &GatewayParametersPatch) -> bool {
        let Some(known) = self.gateway_parameters.iter_mut().find(|it| it.name == patch.name) else { return false };
        known.entries.extend(patch.entries.iter().map(|(made, entry)| (*made, entry.clone())));
        self.follow_gateway_parameters();
        true
    }

    pub(super) fn put_gateway_part(&mut self, part: &GatewayPart) -> bool {
        let at = self.gateway_parameters.binary_search_by(|it| it.name.cmp(&part.parameters));
        let at = at.unwrap_or_else(|at| {
            let new = GatewayParameters { name: part.parameters.clone(), ..GatewayParameters::default() };
            self.gateway_parameters.insert(at, new);
            at
        });
        if let Some(parameters) = self.gateway_parameters.get_mut(at) {
            parameters.entries.entry(part.made).or_default().merge(&part.patch, &part.written);
        }
        let parameters = Some(ParametersReference::config_map(&part.parameters.name));
        self.patch_gateway(&GatewayPatch { name: part.gateway.clone(), parameters })
    }

    /// Leaves out ConfigMaps that hold for no Gateway.
    pub(in crate::inventory) fn forget_unused_parameters(&mut self) {
        let named = |it: &Gateway| {
            let reference = it.parameters.as_ref().filter(|it| it.is_config_map())?;
            Some(ObjectName::new(&it.name.namespace, &reference.name))
        };
        let named: Vec<ObjectName> = self.gateways.iter().filter_map(named).collect();
        self.gateway_parameters.retain(|it| it.class.is_some() || named.contains(&it.name));
    }
}

/// Merges the entries of a ConfigMap into what is made of a Gateway under a name.
fn merge_in(
    inventory: &mut Inventory,
    gateway: &Gateway,
    made: &ObjectName,
    entries: &BTreeMap<Made, ParametersEntry>,
) {
    let patches = Made::ALL.into_iter().filter_map(|made| entries.get(&made)?.patch.clone());
    for patch in patches.map(|patch| patch.with_name(made)) {
        match patch {
            Patch::Autoscaler(patch) => {
                let id = WorkloadId::new(&made.namespace, "Deployment", &made.name);
                let known = inventory.workloads.binary_search_by(|workload| workload.id.cmp(&id)).ok();
                let known = known.and_then(|index| inventory.workloads.get(index)?.autoscaler.clone());
                // One that people attached themselves stays: which of two decides, nobody can tell.
                if known.as_ref().is_some_and(|it| it.name != *made) {
                    continue;
                }
                let mut autoscaler = known.unwrap_or_else(|| first_autoscaler(made));
                autoscaler.owner = Some(owner(gateway));
                objects::autoscaler(inventory, &autoscaler);
                inventory.patch_autoscaler(&patch);
            }
            Patch::DisruptionBudget(patch) => {
                if let Some(known) = inventory.disruption_budgets.iter_mut().find(|it| it.name == *made) {
                    known.owner = Some(owner(gateway));
                } else {
                    let at = inventory.disruption_budgets.partition_point(|known| known.name < *made);
                    inventory.disruption_budgets.insert(at, first_budget(gateway, made));
                }
                inventory.patch_budget(&patch);
            }
            Patch::Workload(mut patch) => {
                let id = WorkloadId::new(&made.namespace, "Deployment", &made.name);
                let scaled = inventory.workloads.binary_search_by(|workload| workload.id.cmp(&id)).ok();
                let scaled = scaled.and_then(|index| inventory.workloads.get(index)?.autoscaler.as_ref());
                // Its autoscaler decides, whatever a Deployment asks for.
                patch.replicas = patch.replicas.filter(|_| scaled.is_none());
                inventory.patch_workload(&patch);
            }
            _ => {}
        }
    }
}

fn owner(gateway: &Gateway) -> Owner {
    Owner { kind: "Gateway".into(), name: gateway.name.name.clone() }
}

/// An autoscaler as istiod's template has it (`waypoint.yaml` and `kube-gateway.yaml` of the istiod chart).
fn first_autoscaler(made: &ObjectName) -> Autoscaler {
    Autoscaler {
        name: made.clone(),
        target_kind: "Deployment".to_owned(),
        target_name: made.name.clone(),
        min_replicas: 1,
        max_replicas: 1,
        ..Autoscaler::default()
    }
}

/// A disruption budget as istiod's template has it.
fn first_budget(gateway: &Gateway, made: &ObjectName) -> DisruptionBudget {
    let values = vec![gateway.name.name.to_string()];
    DisruptionBudget {
        name: made.clone(),
        selector: vec![Requirement { key: GATEWAY_NAME.to_owned(), operator: Operator::In, values }],
        owner: Some(owner(gateway)),
        ..DisruptionBudget::default()
    }
}
