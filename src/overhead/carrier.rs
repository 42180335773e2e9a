//! What passes through a workload's proxy at a rate.

use super::features::{features_over, handshakes, inbound_share};
use crate::inventory::Workload;
use crate::mesh::{Mesh, Proxy, ProxyMode, WorkloadFeatures};
use crate::model::{Features, ProxyTraffic};
use crate::policy::FeaturePolicy;
use crate::units::{Cores, Rate};

/// A proxy with what it does for requests, to be asked about any rate.
#[derive(Debug, Clone, Copy)]
pub struct Carrier<'a> {
    proxy: &'a Proxy,
    features: Features,
    ends_tls: bool,
    is_gateway: bool,
}

impl<'a> Carrier<'a> {
    /// The proxy of the workload with that index, its features as the mesh has them or as the policy assumes; `None`
    /// where it has no proxy.
    #[must_use]
    pub fn of(mesh: &'a Mesh, index: usize, workload: &Workload, policy: &FeaturePolicy) -> Option<Self> {
        let member = mesh.members.get(index)?;
        let proxy = member.proxy.as_ref()?;
        let assumed = || WorkloadFeatures::by_policy(policy);
        let own = mesh.features.get(index).cloned().unwrap_or_else(assumed);
        Some(Self::new(proxy, &own, workload, member.mode))
    }

    pub(super) fn new(proxy: &'a Proxy, own: &WorkloadFeatures, workload: &Workload, mode: ProxyMode) -> Self {
        Self {
            proxy,
            features: features_over(own, inbound_share(workload, mode)),
            ends_tls: own.ends_tls,
            is_gateway: matches!(mode, ProxyMode::Gateway | ProxyMode::Waypoint),
        }
    }

    /// What passes through one replica at a rate; new TLS connections as often as the policy assumes.
    #[must_use]
    pub fn at(&self, rate: Rate, policy: &FeaturePolicy) -> ProxyTraffic {
        ProxyTraffic {
            rate,
            workers: self.proxy.workers,
            features: self.features,
            gateway: self.is_gateway,
            handshakes: if self.ends_tls { handshakes(rate, policy) } else { Rate::ZERO },
        }
    }

    /// CPU one replica can use: its worker threads, within its limit.
    #[must_use]
    pub fn capacity(&self) -> Cores {
        let workers = Cores::new(f64::from(self.proxy.workers.max(1)));
        let limit = self.proxy.container.resources.limits.cpu.filter(|limit| !limit.is_zero());
        limit.map_or(workers, |limit| if limit.to_cores() < workers { limit.to_cores() } else { workers })
    }
}
