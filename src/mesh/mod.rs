//! The mesh in the inventory: who gets a proxy, of which kind, and what configuration it is sent.

mod findings;
mod injection;
mod proxy;
mod scope;

use std::fmt;

pub use findings::FINDINGS;
pub use injection::membership;
pub use scope::scope;

use crate::inventory::Container;
use crate::policy::SidecarForm;

/// Who is in the mesh, one entry per workload of the inventory.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Mesh {
    /// Parallel to [`crate::inventory::Inventory::workloads`].
    pub members: Vec<Membership>,
    /// Gateways and waypoints that a Gateway object announces but no workload runs yet.
    pub announced_gateways: Vec<crate::inventory::ObjectName>,
}

/// How one workload takes part in the mesh.
#[derive(Debug, Clone, PartialEq)]
pub struct Membership {
    /// Its part.
    pub mode: ProxyMode,
    /// Why: the label, annotation or container that decided.
    pub reason: String,
    /// The proxy container each of its pods has or will have; `None` without a proxy of its own.
    pub proxy: Option<Proxy>,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VisibleConfig {
    /// Clusters, inbound and outbound, one per service port.
    pub clusters: u64,
    /// Endpoints over all clusters.
    pub endpoints: u64,
    /// Listeners.
    pub listeners: u64,
    /// Virtual hosts over all route configurations, each with at least one route.
    pub routes: u64,
}

/// The configuration every workload's proxy would be sent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Visibility {
    /// Parallel to [`crate::inventory::Inventory::workloads`]; also for workloads without a proxy.
    pub workloads: Vec<VisibleConfig>,
    /// Services of the mesh.
    pub services: u64,
    /// Endpoints of all services' ports together.
    pub endpoints: u64,
    /// What was assumed because the input did not say, e.g. that each workload is one service.
    pub assumptions: Vec<String>,
}
