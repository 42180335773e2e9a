//! Who holds the guards of a service: the proxies of those who call it, its waypoint, or nobody.
//!
//! A ztunnel forwards connections and knows no requests: of a service of ambient mode, only a waypoint, or a caller with
//! a proxy of its own, can limit, end or repeat requests (istio.io, Layer 7 features in ambient mode).

use super::super::Inputs;
use super::super::services::Backing;
use super::{is_of, mode};
use crate::inventory::{IstioVersion, Service};
use crate::mesh::ProxyMode;

/// The first Istio whose waypoints repeat requests to services without routes as clients do; before, only those that
/// were reset before they were sent (istio/istio pull request 60683).
const WAYPOINTS_REPEAT: IstioVersion = IstioVersion::new(1, 31, 0);

/// Who holds the guards of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clients {
    /// The proxies of those who call it, any of which may send everything.
    Callers,
    /// Its waypoint, whose replicas share what is sent.
    Waypoint(Waypoint),
    /// Nobody: it is of ambient mode, and has no waypoint.
    Nobody,
}

/// A waypoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waypoint {
    /// Its replicas.
    pub replicas: u64,
    /// Worker threads of each.
    pub workers: u64,
}

impl Clients {
    /// Name in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Callers => "callers",
            Self::Waypoint(_) => "waypoint",
            Self::Nobody => "nobody",
        }
    }

    /// The most of all requests that one of them carries, in (0, 1]: of a waypoint while one replica is gone.
    #[must_use]
    pub fn share(self) -> f64 {
        match self {
            Self::Waypoint(waypoint) => 1.0 / waypoint.replicas.saturating_sub(1).max(1) as f64,
            Self::Callers | Self::Nobody => 1.0,
        }
    }
}

/// Who holds the guards of a service with workloads in the mesh.
pub(super) fn of(inputs: &Inputs<'_>, service: &Service, backing: &Backing) -> Clients {
    let in_mesh = || backing.workloads.iter().copied().filter(|&it| mode(inputs, it) != ProxyMode::None);
    let is_ambient = in_mesh().next().is_some() && in_mesh().all(|it| mode(inputs, it) == ProxyMode::Ambient);
    if !is_ambient {
        return Clients::Callers;
    }
    let waypoint = in_mesh().find_map(|it| inputs.traffic.waypoints.get(it).copied().flatten());
    if let Some(waypoint) = waypoint {
        return Clients::Waypoint(waypoint);
    }
    if has_proxied_callers(inputs, service, backing) { Clients::Callers } else { Clients::Nobody }
}

/// Whether a workload with a proxy of its own is known to call it.
fn has_proxied_callers(inputs: &Inputs<'_>, service: &Service, backing: &Backing) -> bool {
    let workloads = &inputs.inventory.workloads;
    let behind = || backing.workloads.iter().filter_map(|&index| workloads.get(index));
    let mut calls = inputs.traffic.calls.into_iter().flatten();
    calls.any(|call| {
        let is_called = call.to == service.name || behind().any(|workload| is_of(workload, &call.to));
        let callers = workloads.iter().enumerate().filter(|(_, workload)| is_of(workload, &call.from));
        is_called && callers.into_iter().any(|(index, _)| has_proxy(inputs, index))
    })
}

/// Whether a workload sends what it calls through a proxy of its own.
pub(super) fn has_proxy(inputs: &Inputs<'_>, workload: usize) -> bool {
    matches!(mode(inputs, workload), ProxyMode::Sidecar | ProxyMode::Gateway)
}

/// Whether a waypoint repeats requests to a service for which no route is written.
pub(super) fn waypoints_repeat(inputs: &Inputs<'_>) -> bool {
    inputs.inventory.istio_version().is_none_or(|version| version >= WAYPOINTS_REPEAT)
}
