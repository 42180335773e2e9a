//! The mesh in the inventory: who gets a proxy, of which kind, and what configuration it is sent.

mod cni;
mod features;
mod findings;
mod injection;
mod planned;
mod proxy;
mod scope;
mod waypoint_label;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

pub use cni::{CniAgents, cni_agents, is_cni};
pub use features::{
    CALLER_LABELS, Feature, Origin, SideFeatures, StandardMetric, StandardMetrics, WorkloadFeatures, features,
    telemetries,
};
pub use findings::FINDINGS;
pub use injection::membership;
pub use planned::with_gateways;
pub use scope::{
    EXPORT_TO, Rules as DestinationRules, behind_services, hosts, is_carried, is_tcp_only, narrowed, narrowed_mesh,
    scope,
};

use crate::inventory::Container;
use crate::policy::SidecarForm;
use crate::units::Bytes;

/// Who is in the mesh, one entry per workload of the inventory.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Mesh {
    /// Parallel to [`crate::inventory::Inventory::workloads`].
    pub members: Vec<Membership>,
    /// What each proxy does for its requests (see [`features`]), parallel to the members; empty until it is
    /// worked out, and then as the policy assumes.
    pub features: Vec<WorkloadFeatures>,
}

/// How one workload takes part in the mesh.
#[derive(Debug, Clone, PartialEq)]
pub struct Membership {
    /// Its part.
    pub mode: ProxyMode,
    /// The part it plays today: that of the proxy it runs; without one, what labels ask of ambient mode.
    pub today: ProxyMode,
    /// Why: the label, annotation or container that decided.
    pub reason: String,
    /// The proxy container each of its pods has or will have; `None` without a proxy of its own.
    pub proxy: Option<Proxy>,
}

impl Membership {
    /// Whether it is a gateway, waypoint, ztunnel or istiod of today that the policy plans without: its pods go.
    #[must_use]
    pub fn goes(&self) -> bool {
        let is_of_istio = !matches!(self.today, ProxyMode::None | ProxyMode::Sidecar | ProxyMode::Ambient);
        is_of_istio && self.mode == ProxyMode::None
    }

    /// Whether its pods run sidecars today that the policy plans without.
    #[must_use]
    pub fn loses_sidecar(&self) -> bool {
        self.today == ProxyMode::Sidecar && self.mode != ProxyMode::Sidecar
    }
}

/// A proxy container, running or to come.
#[derive(Debug, Clone, PartialEq)]
pub struct Proxy {
    /// The container with its requests and limits.
    pub container: Container,
    /// Whether all pods already have it; otherwise it is planned and adds to their requests.
    pub present: bool,
    /// How many pods of the workload already have it.
    pub running: u64,
    /// Classic container or native sidecar; never [`SidecarForm::Auto`].
    pub form: SidecarForm,
    /// Worker threads it runs.
    pub workers: u32,
    /// What decided the worker threads, for the derivation.
    pub workers_basis: &'static str,
}

/// The part a workload plays in the mesh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProxyMode {
    /// Not in the mesh.
    None,
    /// A sidecar in every pod.
    Sidecar,
    /// Captured by the node's ztunnel; no proxy of its own.
    Ambient,
    /// A gateway: the pod is a proxy.
    Gateway,
    /// A waypoint: the pod is a proxy.
    Waypoint,
    /// A ztunnel: the pod is a node proxy.
    Ztunnel,
    /// The control plane itself.
    ControlPlane,
}

impl ProxyMode {
    /// Name in reports and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Sidecar => "sidecar",
            Self::Ambient => "ambient",
            Self::Gateway => "gateway",
            Self::Waypoint => "waypoint",
            Self::Ztunnel => "ztunnel",
            Self::ControlPlane => "control-plane",
        }
    }

    /// Whether each pod runs an Envoy proxy.
    #[must_use]
    pub fn runs_envoy(self) -> bool {
        matches!(self, Self::Sidecar | Self::Gateway | Self::Waypoint)
    }
}

impl fmt::Display for ProxyMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Counts of configuration objects a proxy holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct VisibleConfig {
    /// Clusters, inbound and outbound: one per service port, and one more per subset.
    pub clusters: u64,
    /// Endpoints over all clusters.
    pub endpoints: u64,
    /// Listeners.
    pub listeners: u64,
    /// Virtual hosts over all route configurations.
    pub virtual_hosts: u64,
    /// Routes over all virtual hosts; at least one each.
    pub routes: u64,
    /// How large what istiod sends is, about.
    pub xds: XdsBytes,
}

/// Bytes istiod sends to one proxy when it sends everything, by kind of object: an order of magnitude, for
/// published sizes of a cluster differ by a factor of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct XdsBytes {
    /// CDS: clusters.
    pub clusters: Bytes,
    /// EDS: endpoints.
    pub endpoints: Bytes,
    /// LDS: listeners.
    pub listeners: Bytes,
    /// RDS: routes.
    pub routes: Bytes,
}

impl XdsBytes {
    /// What a sidecar is sent of so many services with so many endpoints: one HTTP port each, all by one number.
    #[must_use]
    pub fn of_services(services: u64, endpoints: u64) -> Self {
        scope::of_services(services, endpoints)
    }

    /// All of it.
    #[must_use]
    pub fn total(&self) -> Bytes {
        let parts = [self.clusters, self.endpoints, self.listeners, self.routes];
        Bytes::new(parts.iter().fold(0, |sum: u64, part| sum.saturating_add(part.get())))
    }
}

/// The configuration every workload's proxy would be sent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Visibility {
    /// Parallel to [`crate::inventory::Inventory::workloads`]; all zero where no Envoy proxy runs.
    pub workloads: Vec<VisibleConfig>,
    /// Parallel to the workloads: what decided, and what is seen.
    pub scopes: Vec<Scope>,
    /// For every waypoint, by index, the workloads whose traffic it carries, in rising order.
    pub carried: BTreeMap<usize, Vec<usize>>,
    /// Services of the mesh, hosts of service entries among them.
    pub services: u64,
    /// Endpoints of all services' ports together.
    pub endpoints: u64,
    /// What was assumed because the input did not say, e.g. that each workload is one service.
    pub assumptions: Vec<String>,
}

/// Why a proxy is sent what it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// The Sidecar that holds, or the rule without one; empty where nothing is sent or was assumed.
    pub decided_by: String,
    /// What is seen, shared by all workloads of one scope.
    pub seen: Arc<Seen>,
}

/// Services that proxies of a scope see.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// Services and their endpoints by namespace.
    pub namespaces: Vec<SeenNamespace>,
    /// The services with most endpoints, at most [`Seen::MOST_NAMED`], with their endpoints.
    pub largest: Vec<(String, u64)>,
}

/// What is seen of a namespace.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SeenNamespace {
    /// Its name.
    pub namespace: String,
    /// Services and hosts of service entries.
    pub services: u64,
    /// Endpoints behind them, each service counted once whatever its ports.
    pub endpoints: u64,
}

impl Seen {
    /// Most services named.
    pub const MOST_NAMED: usize = 5;

    /// From namespace, name and endpoints of each service.
    fn of<'a>(services: impl Iterator<Item = (&'a str, &'a str, u64)>) -> Self {
        let mut namespaces: BTreeMap<&str, SeenNamespace> = BTreeMap::new();
        let mut largest: Vec<(&str, u64)> = Vec::new();
        for (namespace, name, endpoints) in services {
            let seen = namespaces
                .entry(namespace)
                .or_insert_with(|| SeenNamespace { namespace: namespace.to_owned(), ..SeenNamespace::default() });
            seen.services += 1;
            seen.endpoints = seen.endpoints.saturating_add(endpoints);
            largest.push((name, endpoints));
        }
        largest.sort_by(|(a, a_size), (b, b_size)| b_size.cmp(a_size).then_with(|| a.cmp(b)));
        largest.truncate(Self::MOST_NAMED);
        Self {
            namespaces: namespaces.into_values().collect(),
            largest: largest.into_iter().map(|(name, endpoints)| (name.to_owned(), endpoints)).collect(),
        }
    }
}
