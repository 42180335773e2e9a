//! The ways to run a mesh.

use std::fmt;

use crate::latency::Hop;
use crate::policy::{DataPlane, Policy, Waypoints};

/// A way to run a mesh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MeshMode {
    /// A sidecar in every pod.
    Sidecar,
    /// Ztunnels alone: encryption and policy by identity.
    Ambient,
    /// Ztunnels, and a waypoint for every namespace.
    WaypointPerNamespace,
    /// Ztunnels, and a waypoint for every service.
    WaypointPerService,
    /// No mesh.
    None,
}

impl MeshMode {
    /// Every mode, in the order in which they are compared.
    pub const ALL: [Self; 5] =
        [Self::Sidecar, Self::Ambient, Self::WaypointPerNamespace, Self::WaypointPerService, Self::None];

    /// Its name on the command line, in reports and in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sidecar => "sidecar",
            Self::Ambient => "ambient",
            Self::WaypointPerNamespace => "waypoint-per-namespace",
            Self::WaypointPerService => "waypoint-per-service",
            Self::None => "none",
        }
    }

    /// The mode of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }

    /// A policy that plans this mode, and all else as it was but its scenarios, which speak of one plan.
    #[must_use]
    pub fn policy(self, policy: &Policy) -> Policy {
        let (mode, waypoints) = match self {
            Self::Sidecar => (DataPlane::Sidecar, Waypoints::None),
            Self::Ambient => (DataPlane::Ambient, Waypoints::None),
            Self::WaypointPerNamespace => (DataPlane::Ambient, Waypoints::PerNamespace),
            Self::WaypointPerService => (DataPlane::Ambient, Waypoints::PerService),
            Self::None => (DataPlane::None, Waypoints::None),
        };
        let mut policy = policy.clone();
        policy.scenarios.clear();
        policy.injection.mode = mode;
        policy.injection.waypoints = waypoints;
        policy
    }

    /// The proxies on the way of a call from one workload to another, in the order in which they are met.
    #[must_use]
    pub const fn hops(self) -> &'static [Hop] {
        match self {
            Self::Sidecar => &[Hop::ClientSidecar, Hop::ServerSidecar],
            Self::Ambient => &[Hop::Ztunnel, Hop::Ztunnel],
            Self::WaypointPerNamespace | Self::WaypointPerService => &[Hop::Ztunnel, Hop::Waypoint, Hop::Ztunnel],
            Self::None => &[],
        }
    }

    /// What it does without, against the other modes (istio.io, "Sidecar or ambient?", "Ambient and Kubernetes
    /// NetworkPolicy", "Configure waypoint proxies").
    #[must_use]
    pub const fn gives_up(self) -> &'static [&'static str] {
        match self {
            Self::Sidecar => &[
                "Pods restart to join, to leave and to upgrade, and a proxy shares the life of its pod: start order, Jobs that end.",
                "Every proxy holds what its pod may call: memory grows with services times pods, unless Sidecar resources scope it.",
            ],
            Self::Ambient => &[
                "Nothing that reads a request: no HTTP or gRPC routing, retries, timeouts, mirroring or fault injection, no JWT.",
                "No request metrics, traces or access log by request: bytes and connections alone are counted.",
                "AuthorizationPolicies with methods, paths or headers do not work without a waypoint: rules that allow by them let nothing through.",
                "One ztunnel serves every captured pod of a node: a busy neighbour takes its CPU, and its restart cuts their connections.",
            ],
            Self::WaypointPerNamespace => &[
                "The services of a namespace share a waypoint: load, faults and wrong policy of one reach the others.",
                "Policy is applied at the destination's waypoint, not at the client: no Sidecar egress scoping, no metrics of the client's side.",
                "Traffic from gateways passes a waypoint only where istio.io/ingress-use-waypoint says so.",
                "One ztunnel serves every captured pod of a node, as in ambient mode without waypoints.",
            ],
            Self::WaypointPerService => &[
                "At least as many replicas for a service that hardly anybody calls as policy asks for: isolation is bought with idle proxies.",
                "Policy is applied at the destination's waypoint, not at the client: no Sidecar egress scoping, no metrics of the client's side.",
                "Traffic from gateways passes a waypoint only where istio.io/ingress-use-waypoint says so.",
                "One ztunnel serves every captured pod of a node, as in ambient mode without waypoints.",
            ],
            Self::None => &[
                "No mutual TLS, no policy by identity, no metrics and no traffic management: applications must bring their own.",
                "Istio's gateways go too; what takes their place is in no figure.",
            ],
        }
    }
}

impl fmt::Display for MeshMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
