//! istiod as the input has it.

use super::super::Inputs;
use crate::inventory::Autoscaler;
use crate::inventory::objects::PilotValues;
use crate::mesh::ProxyMode;
use crate::resources::Declared;
use crate::units::{Bytes, Millicores};

/// istiod as the input has it.
pub(super) struct Deployed {
    /// Replicas of all istiods.
    pub replicas: u64,
    /// Requests of the first of them by name.
    pub requests: Declared,
    /// Its CPU limit.
    pub cpu_limit: Option<Millicores>,
    /// Its memory limit.
    pub memory_limit: Option<Bytes>,
    /// Its autoscaler.
    pub autoscaler: Option<Autoscaler>,
}

/// All istiods of the inventory as one; without any, what the installation asks for; `None` without that either.
pub(super) fn deployed(inputs: &Inputs<'_>) -> Option<Deployed> {
    let members = inputs.inventory.workloads.iter().zip(&inputs.mesh.members);
    let istiods = members.filter(|(_, member)| member.mode == ProxyMode::ControlPlane).map(|(workload, _)| workload);
    let running = istiods.fold(None, |found: Option<Deployed>, workload| {
        let Some(found) = found else {
            let resources = workload.discovery().map(|container| &container.resources);
            return Some(Deployed {
                replicas: workload.replicas,
                requests: resources.map(crate::resources::Requirements::effective_requests).unwrap_or_default(),
                cpu_limit: resources.and_then(|resources| resources.limits.cpu).filter(|limit| !limit.is_zero()),
                memory_limit: resources.and_then(|resources| resources.limits.memory).filter(|limit| !limit.is_zero()),
                autoscaler: workload.autoscaler.clone(),
            });
        };
        Some(Deployed { replicas: found.replicas.saturating_add(workload.replicas), ..found })
    });
    running.or_else(|| installed(&inputs.inventory.istio.mesh.pilot))
}

/// What an installation asks for.
fn installed(pilot: &PilotValues) -> Option<Deployed> {
    let is_asked = pilot.requests != Declared::default();
    is_asked.then(|| Deployed {
        replicas: pilot.least_replicas(),
        requests: pilot.requests.clone(),
        cpu_limit: None,
        memory_limit: pilot.limits.memory.filter(|limit| !limit.is_zero()),
        autoscaler: None,
    })
}
