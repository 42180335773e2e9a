//! What the policy's churn makes istiod do.

use super::super::clusters::Others;
use super::super::{CertificatePlan, Inputs};
use super::load::Served;
use crate::mesh::ProxyMode;
use crate::model::{ChangeRates, Pushed, csr_rate};
use crate::units::Rate;

/// How often what changes, and what istiod makes of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Changes {
    /// Pods of the mesh that come or go, in all clusters that istiod looks at.
    pub pods: Rate,
    /// Objects of configuration that change.
    pub config: Rate,
    /// What istiod makes of both.
    pub pushed: Pushed,
}

/// The changes of a mesh.
pub(super) fn changes(inputs: &Inputs<'_>, served: &Served, certificates: &CertificatePlan) -> Changes {
    let churn = &inputs.policy.churn;
    let holders = certificates.holders;
    let others = Others::of(inputs);
    // Holders are this cluster's pods, and the proxies that connect from others.
    let pods = holders.saturating_sub(others.proxies()).saturating_add(others.pods());
    let rates = ChangeRates {
        pods: churn.pod_changes(pods),
        config: churn.config_changes(meshed_workloads(inputs).saturating_add(others.workloads())),
        renewals: csr_rate(holders, certificates.ttl, certificates.grace_ratio),
        reach: served.reach,
    };
    let pushed = rates.pushed(served.load.proxies, &inputs.card.istiod_limits);
    Changes { pods: rates.pods, config: rates.config, pushed }
}

fn meshed_workloads(inputs: &Inputs<'_>) -> u64 {
    let is_meshed = |mode: ProxyMode| mode.runs_envoy() || mode == ProxyMode::Ambient;
    inputs.mesh.members.iter().filter(|member| is_meshed(member.mode)).count() as u64
}
