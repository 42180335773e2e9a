//! The istio-cni agents: one per node, which ambient mode needs and sidecars may use (istio.io, "Install the Istio CNI
//! node agent").

use crate::inventory::{Inventory, Workload};
use crate::mesh::{Mesh, ProxyMode};
use crate::policy::{DataPlane, InjectionPolicy};
use crate::resources::Declared;

/// Name of the DaemonSet, and value of its pods' label `k8s-app`.
const NAME: &str = "istio-cni-node";

/// Agents of the planned mesh.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CniAgents {
    /// Agents that run or are to come.
    pub count: u64,
    /// What each requests.
    pub requests: Declared,
    /// Whether they are to come.
    pub planned: bool,
}

/// Whether a workload is the agents' DaemonSet.
#[must_use]
pub fn is_cni(workload: &Workload) -> bool {
    &*workload.id.name == NAME || workload.labels.get("k8s-app").is_some_and(|app| app == NAME)
}

/// The agents as deployed, or where there are none and pods are captured, one for every node of the input requesting
/// `default`; none without a mesh.
#[must_use]
pub fn cni_agents(inventory: &Inventory, mesh: &Mesh, policy: &InjectionPolicy, default: &Declared) -> CniAgents {
    if policy.mode == DataPlane::None {
        return CniAgents::default();
    }
    if let Some(deployed) = inventory.workloads.iter().find(|workload| is_cni(workload)) {
        let requests = deployed.spec.containers.first().map(|agent| agent.resources.effective_requests());
        return CniAgents { count: deployed.replicas, requests: requests.unwrap_or_default(), planned: false };
    }
    if !mesh.members.iter().any(|member| member.mode == ProxyMode::Ambient) {
        return CniAgents::default();
    }
    CniAgents { count: inventory.nodes.len() as u64, requests: default.clone(), planned: true }
}
