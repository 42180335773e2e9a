//! The clusters that istiod looks at: this one, and the others that the policy names.
//!
//! **Law.** istiod serves the sum over the clusters: proxies that connect, endpoints, and services, of which those of
//! one namespace and name in several clusters are one.
//!
//! **Source.** istio.io, deployment models (clusters with and without a control plane of their own; namespace
//! sameness). With several networks a proxy is sent the gateways of the others instead of their endpoints, and istiod
//! still holds the endpoints.

use super::Inputs;
use crate::policy::{DataPlane, RemoteCluster, RemoteKind};

/// What istiod serves of every cluster, and of all together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clusters {
    /// Each of them, that of the input first.
    pub served: Vec<ServedCluster>,
    /// Services of all, those known to be shared counted once.
    pub services: u64,
    /// Services if all that may be shared are: what is not known to be shared counts above as services of its own.
    pub least_services: u64,
    /// Endpoints of all.
    pub endpoints: u64,
}

/// What istiod serves of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedCluster {
    /// Its name; `None` for that of the input.
    pub name: Option<String>,
    /// How it takes part; `None` for that of the input.
    pub kind: Option<RemoteKind>,
    /// Proxies that connect.
    pub proxies: u64,
    /// Its services.
    pub services: u64,
    /// Those among them that a cluster before has, if that is known.
    pub shared_services: Option<u64>,
    /// Endpoints of all its services' ports together.
    pub endpoints: u64,
}

/// The other clusters of the policy; none of them where there is to be no mesh.
#[derive(Clone, Copy)]
pub(super) struct Others<'a>(&'a [RemoteCluster]);

impl<'a> Others<'a> {
    /// Those of the policy.
    pub fn of(inputs: &Inputs<'a>) -> Self {
        match inputs.policy.injection.mode {
            DataPlane::None => Self(&[]),
            _ => Self(&inputs.policy.control_plane.remote_clusters),
        }
    }

    /// Each of them.
    pub fn each(self) -> &'a [RemoteCluster] {
        self.0
    }

    /// Proxies that connect from them.
    pub fn proxies(self) -> u64 {
        self.sum(|cluster| cluster.proxies)
    }

    /// Services that this cluster does not have, as far as is known.
    pub fn services(self) -> u64 {
        self.sum(RemoteCluster::further_services)
    }

    /// Their endpoints.
    pub fn endpoints(self) -> u64 {
        self.sum(|cluster| cluster.endpoints)
    }

    /// Their pods that come and go: those with a proxy, where proxies connect, else one for each endpoint.
    pub fn pods(self) -> u64 {
        self.sum(|cluster| match cluster.kind {
            RemoteKind::Remote => cluster.proxies,
            RemoteKind::Primary => cluster.endpoints,
        })
    }

    /// Their workloads whose configuration this istiod reads: one for each further service of a cluster without an
    /// istiod. That of a primary is read by its own.
    pub fn workloads(self) -> u64 {
        self.sum(|cluster| match cluster.kind {
            RemoteKind::Remote => cluster.further_services(),
            RemoteKind::Primary => 0,
        })
    }

    fn sum(self, count: impl Fn(&RemoteCluster) -> u64) -> u64 {
        self.0.iter().map(count).fold(0, u64::saturating_add)
    }
}

/// Every cluster with its part, `proxies` of this one; `None` where there is no other.
pub(super) fn clusters(inputs: &Inputs<'_>, proxies: u64) -> Option<Clusters> {
    let others = Others::of(inputs);
    if others.each().is_empty() {
        return None;
    }
    let (services, endpoints) = (inputs.visibility.services, inputs.visibility.endpoints);
    let own = ServedCluster { name: None, kind: None, proxies, services, shared_services: None, endpoints };
    let rest = others.each().iter().map(|cluster| ServedCluster {
        name: Some(cluster.name.clone()),
        kind: Some(cluster.kind),
        proxies: cluster.proxies,
        services: cluster.services,
        shared_services: cluster.shared_services,
        endpoints: cluster.endpoints,
    });
    Some(Clusters {
        services: services.saturating_add(others.services()),
        least_services: least_services(services, others.each()),
        endpoints: endpoints.saturating_add(others.endpoints()),
        served: [own].into_iter().chain(rest).collect(),
    })
}

/// What is known to be further counts; what is not may all be in the largest cluster.
fn least_services(own: u64, others: &[RemoteCluster]) -> u64 {
    let known = others.iter().filter(|cluster| cluster.shared_services.is_some());
    let known = known.map(RemoteCluster::further_services).fold(own, u64::saturating_add);
    let unknown = others.iter().filter(|cluster| cluster.shared_services.is_none());
    unknown.map(|cluster| cluster.services).fold(known, u64::max)
}
