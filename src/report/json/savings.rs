//! What scoping would save, as it is written.

use serde::Serialize;

use super::wire::{Estimate, Number};
use crate::plan;

/// What the mesh needs under some scoping.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Scoped {
    /// Which: `today`, `discovery-selectors`, `sidecars-by-namespace` or `sidecars-by-calls`.
    scoped_by: &'static str,
    /// Namespaces hidden or workloads scoped; `null` for today.
    count: Option<u64>,
    /// Clusters an Envoy proxy is sent, on average.
    clusters_per_proxy: Number,
    /// Bytes an Envoy proxy is sent when it connects, on average.
    sent_bytes_per_proxy: Number,
    /// Steady memory of all Envoy proxies, in bytes.
    proxy_memory_bytes: Estimate,
    /// Peak memory of an istiod replica, in bytes.
    istiod_memory_bytes: Estimate,
    /// Mean CPU of all replicas of istiod, in cores.
    istiod_cpu_cores: Estimate,
    /// Replicas of istiod that are needed.
    istiod_replicas: u64,
    /// Until a change of configuration has reached the last proxy, in seconds.
    config_change_seconds: Estimate,
}

impl From<&plan::Scoped> for Scoped {
    fn from(scoped: &plan::Scoped) -> Self {
        let (scoped_by, count) = match scoped.by {
            plan::ScopedBy::Today => ("today", None),
            plan::ScopedBy::DiscoverySelectors { hidden } => ("discovery-selectors", Some(hidden)),
            plan::ScopedBy::Sidecars { workloads, by_calls: true } => ("sidecars-by-calls", Some(workloads)),
            plan::ScopedBy::Sidecars { workloads, by_calls: false } => ("sidecars-by-namespace", Some(workloads)),
        };
        Self {
            scoped_by,
            count,
            clusters_per_proxy: Number::new(scoped.clusters),
            sent_bytes_per_proxy: Number::new(scoped.sent.as_bytes().round()),
            proxy_memory_bytes: Estimate::of_bytes(&scoped.proxy_memory),
            istiod_memory_bytes: Estimate::of_bytes(&scoped.istiod_memory),
            istiod_cpu_cores: (&scoped.istiod_cpu).into(),
            istiod_replicas: scoped.replicas,
            config_change_seconds: (&scoped.config_change).into(),
        }
    }
}
