//! Namespaces leave their sidecars for ambient mode.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::case::Case;
use super::known::{self, Trouble};
use super::matrix::Situation;
use crate::inventory::without_proxy;
use crate::mesh::{ProxyMode, membership};
use crate::policy::DataPlane;

/// Labels that ask for sidecars, which ambient mode does without.
const SIDECAR_LABELS: [&str; 2] = ["istio-injection", "istio.io/rev"];
/// Label of namespaces that ambient mode captures.
const MODE: &str = "istio.io/dataplane-mode";

/// The whole mesh, or the namespaces named: their labels ask for ambient mode, and the sidecars their pods run go.
pub(super) fn ambient(mut case: Case, namespaces: &[String], situation: &Situation<'_>) -> Result<Case, Trouble> {
    if namespaces.is_empty() || namespaces.iter().any(|name| name == "all") {
        case.policy.injection.mode = DataPlane::Ambient;
        return Ok(case);
    }
    known::namespaces(&case.inventory, namespaces)?;
    if !matches!(case.policy.injection.mode, DataPlane::AsLabelled | DataPlane::Ambient) {
        return Err("the policy plans one data plane for all (injection.mode); leave it as labelled, or name no \
                    namespaces"
            .to_owned());
    }
    let moving: BTreeSet<&str> = namespaces.iter().map(String::as_str).collect();
    let (mesh, _) = membership(&case.inventory, &situation.card.injection, &case.policy.injection);
    for namespace in &moving {
        let name: Arc<str> = Arc::from(*namespace);
        let known = case.inventory.namespaces.entry(name.clone()).or_default();
        known.name = name;
        known.labels.retain(|key, _| !SIDECAR_LABELS.contains(&key.as_str()));
        known.labels.insert(MODE.to_owned(), "ambient".to_owned());
        case.policy.injection.enroll.remove(*namespace);
    }
    let members = mesh.members.iter().map(|member| member.mode == ProxyMode::Sidecar);
    let moves: Vec<bool> = case
        .inventory
        .workloads
        .iter()
        .zip(members)
        .map(|(workload, has_sidecar)| has_sidecar && moving.contains(&*workload.id.namespace))
        .collect();
    for (workload, _) in case.inventory.workloads.iter_mut().zip(&moves).filter(|(_, moves)| **moves) {
        workload.spec = Arc::new(without_proxy(&workload.spec));
    }
    for pod in &mut case.inventory.pods {
        if moves.get(pod.workload).copied().unwrap_or(false) {
            pod.spec = Arc::new(without_proxy(&pod.spec));
        }
    }
    Ok(case)
}
