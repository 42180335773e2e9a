//! What each part of the mesh held while its memory was measured.

use super::{Inputs, ztunnel};
use crate::card::ModelCard;
use crate::inventory::{Inventory, ReplicasBasis, Workload};
use crate::mesh::{Mesh, ProxyMode, Visibility, WorkloadFeatures};
use crate::policy::Policy;
use crate::profile::{Held, Profile};

/// What the laws of memory look at in a mesh as it runs, for every workload whose memory was measured; parallel to the
/// workloads. Proxies that listed pods do not have were not measured, whatever a table says; of a manifest it is believed,
/// for injection does not show in it.
#[must_use]
pub fn held(
    inventory: &Inventory,
    mesh: &Mesh,
    visibility: &Visibility,
    profiles: &[Profile],
    card: &ModelCard,
    policy: &Policy,
) -> Vec<Option<Held>> {
    let inputs = Inputs { inventory, mesh, visibility, profiles, card, policy };
    let workloads = inventory.workloads.iter().enumerate();
    workloads.map(|(index, workload)| of_workload(&inputs, index, workload)).collect()
}

fn of_workload(inputs: &Inputs<'_>, index: usize, workload: &Workload) -> Option<Held> {
    let member = inputs.mesh.members.get(index)?;
    let pods = &workload.measured.pods;
    match member.mode {
        ProxyMode::ControlPlane => pods.app.and(super::control_plane::held(inputs)).map(Held::Istiod),
        ProxyMode::Ztunnel => pods.proxy.and(ztunnel::held(inputs)),
        mode if mode.runs_envoy() => {
            let (proxy, profile) = (member.proxy.as_ref()?, inputs.profiles.get(index)?);
            let is_known = pods.proxy.is_some() && running(workload, proxy.running) > 0;
            let visible = inputs.visibility.workloads.get(index).copied().unwrap_or_default();
            let assumed = || WorkloadFeatures::by_policy(&inputs.policy.features);
            let features = inputs.mesh.features.get(index).cloned().unwrap_or_else(assumed);
            is_known.then(|| Held::Proxy(super::proxy::config(proxy, profile, visible, &features)))
        }
        _ => None,
    }
}

/// Proxies that ran: those of listed pods; of a manifest all, for it cannot tell.
pub(super) fn running(workload: &Workload, of_listed: u64) -> u64 {
    if workload.replicas_basis == ReplicasBasis::ListedPods { of_listed } else { workload.replicas }
}
