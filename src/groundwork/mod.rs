//! What a plan stands on: who is in the mesh, what each proxy sees and carries, what that costs, and what
//! every pod then runs.

mod as_planned;
mod demand;
mod injected;
mod pools;
mod survey;

pub use as_planned::AsPlanned;
pub use demand::Demands;
pub use injected::proxy_of;

use self::survey::Survey;
use crate::card::ModelCard;
use crate::finding::Finding;
use crate::inventory::Inventory;
use crate::mesh::{self, CniAgents, Mesh, Visibility};
use crate::overhead::{self, Overhead};
use crate::policy::Policy;
use crate::profile::Profile;

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
        let Survey { inventory, mesh, visibility, profiles, findings } = Survey::new(inventory, policy, card);
        let overhead = overhead::estimate(&inventory, &mesh, &visibility, &profiles, card, policy);
        let cni = mesh::cni_agents(&inventory, &mesh, &policy.injection, &card.cni_requests);
        Self { inventory, mesh, visibility, profiles, overhead, cni, findings }
    }

    /// The cluster pod by pod, as `policy` plans it.
    #[must_use]
    pub fn as_planned(&self, policy: &Policy) -> AsPlanned {
        AsPlanned::new(&self.inventory, &self.mesh, &self.overhead, &self.cni, policy)
    }
}
