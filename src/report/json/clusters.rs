//! The clusters that istiod looks at, as they are written.

use serde::Serialize;

use crate::overhead;
use crate::policy::RemoteKind;

/// What istiod serves of every cluster, and of all together.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Clusters<'a> {
    /// Services of all, those known to be shared counted once.
    services: u64,
    /// Services if all that may be shared are.
    least_services: u64,
    /// Endpoints of all.
    endpoints: u64,
    /// Each of them, that of the input first.
    served: Vec<Cluster<'a>>,
}

/// What istiod serves of a cluster.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Cluster<'a> {
    /// Its name; `null` for the cluster of the input.
    name: Option<&'a str>,
    /// `own`, `remote` (its proxies connect here) or `primary` (it has an istiod of its own).
    kind: &'static str,
    /// Proxies that connect.
    proxies: u64,
    /// Its services.
    services: u64,
    /// Those among them that a cluster before has by the same namespace and name; `null` where that is not known.
    shared_services: Option<u64>,
    /// Endpoints of all its services' ports together.
    endpoints: u64,
}

impl<'a> From<&'a overhead::Clusters> for Clusters<'a> {
    fn from(clusters: &'a overhead::Clusters) -> Self {
        Self {
            services: clusters.services,
            least_services: clusters.least_services,
            endpoints: clusters.endpoints,
            served: clusters.served.iter().map(Cluster::from).collect(),
        }
    }
}

impl<'a> From<&'a overhead::ServedCluster> for Cluster<'a> {
    fn from(cluster: &'a overhead::ServedCluster) -> Self {
        Self {
            name: cluster.name.as_deref(),
            kind: cluster.kind.map_or("own", RemoteKind::as_str),
            proxies: cluster.proxies,
            services: cluster.services,
            shared_services: cluster.shared_services,
            endpoints: cluster.endpoints,
        }
    }
}
