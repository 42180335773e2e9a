//! Life of workload certificates: what the input says before what the policy assumes.

use super::clusters::Others;
use super::{CertificatePlan, Inputs};
use crate::inventory::objects::CertificateSettings;
use crate::mesh::ProxyMode;
use crate::units::{Cores, Seconds, Share};

/// Life of certificates, and the time to sign them after a restart with `cores` of istiod.
pub(super) fn plan(inputs: &Inputs<'_>, cores: Cores) -> CertificatePlan {
    let policy = &inputs.policy.control_plane;
    let (said, from) = said(inputs);
    let grace_ratio = said.grace_ratio.and_then(|ratio| Share::new(ratio).ok()).filter(|ratio| ratio.get() < 1.0);
    let holders = holders(inputs);
    let restart = inputs.card.certificates.restart(holders, cores).filter(|_| holders > 0);
    CertificatePlan {
        holders,
        ttl: Seconds::new(said.life_seconds(policy.certificate_ttl.as_seconds())),
        grace_ratio: grace_ratio.unwrap_or(policy.certificate_grace_ratio),
        from,
        restart,
    }
}

/// What the ProxyConfig of the mesh says before the mesh's settings. Those of single workloads are left out:
/// they change the rate by the share of those workloads.
fn said(inputs: &Inputs<'_>) -> (CertificateSettings, String) {
    let istio = &inputs.inventory.istio;
    let root = istio.mesh.root_namespace();
    let is_general = |selector: &Option<crate::inventory::Labels>| selector.as_ref().is_none_or(|it| it.is_empty());
    let mut of_mesh = istio.proxy_settings.iter().filter(|it| &*it.name.namespace == root && is_general(&it.selector));
    let object = of_mesh.find(|it| it.certificates != CertificateSettings::default());
    let said = object.map(|it| it.certificates).unwrap_or_default().or(istio.mesh.certificates);
    let from = match object {
        Some(object) => format!("ProxyConfig {}", object.name),
        None if said != CertificateSettings::default() => "the mesh settings".to_owned(),
        None => "assumed by policy".to_owned(),
    };
    (said, from)
}

/// Certificates that istiod renews: one of each Envoy proxy, and of each captured pod, for which
/// ztunnel asks; of other clusters one of each proxy that connects. Pods of one service account on one node share theirs, so this is the most there are.
fn holders(inputs: &Inputs<'_>) -> u64 {
    let members = inputs.inventory.workloads.iter().zip(&inputs.mesh.members);
    let holders = members.filter(|(_, member)| member.mode.runs_envoy() || member.mode == ProxyMode::Ambient);
    holders.map(|(workload, _)| workload.replicas).fold(Others::of(inputs).proxies(), u64::saturating_add)
}
