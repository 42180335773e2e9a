//! What a proxy is sent as it is written.

use serde::Serialize;

use crate::mesh::XdsBytes;
use crate::plan::WorkloadPlan;

/// Configuration each proxy is sent; all zero where no Envoy proxy runs.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Visible<'a> {
    /// Clusters, inbound and outbound: one per service port, and one more per subset.
    clusters: u64,
    /// Endpoints over all clusters.
    endpoints: u64,
    /// Listeners.
    listeners: u64,
    /// Virtual hosts over all route configurations.
    virtual_hosts: u64,
    /// Routes over all virtual hosts, each with at least one.
    routes: u64,
    /// How large what istiod sends is, an order of magnitude.
    xds_bytes: Xds,
    /// The Sidecar that holds, or the rule without one; empty where nothing is sent or was assumed.
    decided_by: &'a str,
}

/// Bytes by kind of object.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Xds {
    /// CDS.
    clusters: u64,
    /// EDS.
    endpoints: u64,
    /// LDS.
    listeners: u64,
    /// RDS.
    routes: u64,
}

impl<'a> From<&'a WorkloadPlan> for Visible<'a> {
    fn from(workload: &'a WorkloadPlan) -> Self {
        let visible = &workload.visible;
        Self {
            clusters: visible.clusters,
            endpoints: visible.endpoints,
            listeners: visible.listeners,
            virtual_hosts: visible.virtual_hosts,
            routes: visible.routes,
            xds_bytes: (&visible.xds).into(),
            decided_by: &workload.scope.decided_by,
        }
    }
}

impl From<&XdsBytes> for Xds {
    fn from(bytes: &XdsBytes) -> Self {
        Self {
            clusters: bytes.clusters.get(),
            endpoints: bytes.endpoints.get(),
            listeners: bytes.listeners.get(),
            routes: bytes.routes.get(),
        }
    }
}
