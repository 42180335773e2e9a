//! Which proxies a mesh is to have, and how gateways and waypoints are sized.

use serde::{Deserialize, Serialize};

use crate::units::Share;

/// How the workloads of the mesh take part in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataPlane {
    /// As labels and running pods have it, some perhaps with sidecars and some without.
    #[default]
    AsLabelled,
    /// With sidecars, all of them; neither ztunnels nor waypoints.
    Sidecar,
    /// Through ztunnels, all of them; sidecars go.
    Ambient,
    /// Not at all: sidecars, gateways, waypoints, ztunnels and istiod go.
    None,
}

/// Which waypoints there will be, beside sidecars never any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Waypoints {
    /// Those that are deployed or announced by a Gateway.
    #[default]
    AsDeployed,
    /// None: those that are deployed go.
    None,
    /// Those that are deployed, and one for every namespace with services that name none.
    PerNamespace,
    /// Those that are deployed, and one for every service that names none.
    PerService,
}

/// How pools of gateways and waypoints are sized.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GatewayPolicy {
    /// Most of its CPU that a replica may need, as a share in (0, 1].
    pub target_utilization: Share,
    /// Least replicas of a pool.
    pub min_replicas: u64,
    /// Replicas that may be lost with the rest still within the target.
    pub survive_replica_losses: u8,
}

impl GatewayPolicy {
    /// Most replicas a pool is given.
    pub const MOST_REPLICAS: u64 = 1000;
}

impl Default for GatewayPolicy {
    fn default() -> Self {
        Self { target_utilization: Share::literal(0.6), min_replicas: 2, survive_replica_losses: 1 }
    }
}
