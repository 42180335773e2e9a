//! Who is in the mesh, what each proxy is sent and carries, and what it held while its memory was measured.

use std::collections::BTreeMap;

use super::pools;
use crate::card::ModelCard;
use crate::finding::Finding;
use crate::inventory::{Inventory, WorkloadId};
use crate::mesh::{self, Mesh, Visibility};
use crate::overhead;
use crate::policy::Policy;
use crate::profile::{self, Held, Profile};

/// A mesh before anything is costed.
pub(super) struct Survey {
    pub inventory: Inventory,
    pub mesh: Mesh,
    pub visibility: Visibility,
    pub profiles: Vec<Profile>,
    pub findings: Vec<Finding>,
}

impl Survey {
    /// Of an inventory, with what was measured in it.
    pub fn new(inventory: Inventory, policy: &Policy, card: &ModelCard) -> Self {
        let mut survey = Self::as_it_is(inventory, policy, card);
        let held = survey.held_when_measured(policy, card);
        for (profile, held) in survey.profiles.iter_mut().zip(held) {
            profile.held = held;
        }
        survey
    }

    fn as_it_is(inventory: Inventory, policy: &Policy, card: &ModelCard) -> Self {
        let (mut inventory, mut findings) = mesh::with_gateways(inventory, &card.injection, &policy.injection);
        let (mut mesh, mesh_findings) = mesh::membership(&inventory, &card.injection, &policy.injection);
        let (features, feature_findings) = mesh::features(&inventory, &mesh, &policy.features);
        mesh.features = features;
        let (visibility, scope_findings) = mesh::scope(&inventory, &mesh);
        let mut profiles = profile::observe(&inventory, &policy.traffic);
        pools::settle(&mut inventory, &mesh, &visibility, &mut profiles, card, policy);
        findings.extend(mesh_findings);
        findings.extend(feature_findings);
        findings.extend(scope_findings);
        Self { inventory, mesh, visibility, profiles, findings }
    }

    /// What each workload's part held: in the cluster that was measured, where this one was made of it; a workload
    /// that is not in that was measured as it is here.
    fn held_when_measured(&self, policy: &Policy, card: &ModelCard) -> Vec<Option<Held>> {
        if !self.inventory.measures_memory() {
            return Vec::new();
        }
        let here = self.held(policy, card);
        let Some(measured) = &self.inventory.as_measured else { return here };
        let then = Self::as_it_is((**measured).clone(), policy, card);
        let held = then.held(policy, card);
        let then: BTreeMap<&WorkloadId, Option<Held>> =
            then.inventory.workloads.iter().map(|workload| &workload.id).zip(held).collect();
        let workloads = self.inventory.workloads.iter().zip(here);
        workloads.map(|(workload, here)| then.get(&workload.id).copied().unwrap_or(here)).collect()
    }

    fn held(&self, policy: &Policy, card: &ModelCard) -> Vec<Option<Held>> {
        overhead::held(&self.inventory, &self.mesh, &self.visibility, &self.profiles, card, policy)
    }
}
