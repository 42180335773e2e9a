//! What a plan stands on: who is in the mesh, what each proxy sees and carries, what that costs, and what
//! every pod then runs.

mod as_planned;
mod demand;
mod injected;
mod pools;

pub use as_planned::AsPlanned;
pub use demand::Demands;
pub use injected::proxy_of;

use crate::card::ModelCard;
use crate::finding::Finding;
use crate::inventory::Inventory;
use crate::mesh::{self, CniAgents, Mesh, Visibility};
use crate::overhead::{self, Overhead};
use crate::policy::Policy;
use crate::profile::{self, Profile};

/// The mesh worked out, before anything is placed or judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Groundwork {
    /// What is, with workloads for gateways and waypoints to come.
    pub inventory: Inventory,
    /// Who is in the mesh.
    pub mesh: Mesh,
    /// What each proxy is sent.
    pub visibility: Visibility,
    /// What each workload does.
    pub profiles: Vec<Profile>,
    /// What that costs.
    pub overhead: Overhead,
    /// The istio-cni agents that run or are to come.
    pub cni: CniAgents,
    /// What was noticed, that of [`Self::overhead`] aside.
    pub findings: Vec<Finding>,
}

impl Groundwork {
    /// Works out the mesh.
    #[must_use]
    pub fn new(inventory: Inventory, policy: &Policy, card: &ModelCard) -> Self {
        let (mut inventory, mut findings) = mesh::with_gateways(inventory, &card.injection, &policy.injection);
        let (mut mesh, mesh_findings) = mesh::membership(&inventory, &card.injection, &policy.injection);
        let (features, feature_findings) = mesh::features(&inventory, &mesh, &policy.features);
        mesh.features = features;
        let (visibility, scope_findings) = mesh::scope(&inventory, &mesh);
        let mut profiles = profile::observe(&inventory, &policy.traffic);
        pools::settle(&mut inventory, &mesh, &visibility, &mut profiles, card, policy);
        let overhead = overhead::estimate(&inventory, &mesh, &visibility, &profiles, card, policy);
        let cni = mesh::cni_agents(&inventory, &mesh, &policy.injection, &card.cni_requests);
        findings.extend(mesh_findings);
        findings.extend(feature_findings);
        findings.extend(scope_findings);
        Self { inventory, mesh, visibility, profiles, overhead, cni, findings }
    }

    /// The cluster pod by pod, as `policy` plans it.
    #[must_use]
    pub fn as_planned(&self, policy: &Policy) -> AsPlanned {
        AsPlanned::new(&self.inventory, &self.mesh, &self.overhead, &self.cni, policy)
    }
}
