//! Life of certificates as it is written.

use serde::Serialize;

use super::wire::{Estimate, Number};
use crate::overhead::CertificatePlan;

/// Life of workload certificates, and what a restart of all proxies means for istiod.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Certificates<'a> {
    /// Holders: Envoy proxies and captured pods.
    holders: u64,
    /// Life of a certificate.
    ttl_seconds: Number,
    /// Share of its life left at renewal, in [0, 1).
    grace_ratio: Number,
    /// What says so, or the policy.
    from: &'a str,
    /// Time until all have one after restarting together, with the CPU istiod requests; `null` without holders.
    restart_seconds: Option<Estimate>,
}

impl<'a> From<&'a CertificatePlan> for Certificates<'a> {
    fn from(plan: &'a CertificatePlan) -> Self {
        Self {
            holders: plan.holders,
            ttl_seconds: Number::new(plan.ttl.as_seconds()),
            grace_ratio: Number::new(plan.grace_ratio.get()),
            from: &plan.from,
            restart_seconds: plan.restart.as_ref().map(Estimate::from),
        }
    }
}
