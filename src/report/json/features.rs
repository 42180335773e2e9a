//! Features of proxies as they are written.

use serde::Serialize;

use super::wire::{Estimate, Number};
use crate::mesh::{Feature, Origin, SideFeatures};
use crate::overhead::FeatureCost;
use crate::plan::WorkloadPlan;

/// What each proxy does for its requests, what decided it, and what it adds.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Features<'a> {
    /// For requests the workload receives; all requests of a gateway or waypoint are.
    inbound: Side,
    /// For requests it sends.
    outbound: Side,
    /// Share of the requests that come in, in [0, 1].
    inbound_share: Number,
    /// Whether it ends TLS of clients outside the mesh.
    ends_tls: bool,
    /// Hosts outside the mesh whose calls are led through this gateway.
    egress_hosts: &'a [String],
    /// What decided, feature by feature.
    decided_by: Vec<Decided<'a>>,
    /// What each feature adds to each proxy, everything else being as it is; those without a cost are left out.
    adds: Vec<Added>,
}

/// What a proxy does for requests of one side; shares in [0, 1].
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Side {
    /// Share of requests that travel over TLS between the proxies.
    mtls_share: Number,
    /// Share of Istio's standard metrics that are kept.
    metrics_share: Number,
    /// Labels of metrics that are changed or removed.
    metric_tags: u64,
    /// Share of requests with a log line.
    access_log_share: Number,
    /// Share of requests traced.
    tracing_share: Number,
    /// Authorization rules evaluated for each request.
    authorization_rules: u64,
    /// Alternatives in those rules together.
    authorization_values: u64,
    /// Issuers whose tokens are validated; 0 where none are.
    jwt_issuers: u64,
    /// WebAssembly filters each request passes.
    wasm_filters: u64,
}

/// What decided a feature.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Decided<'a> {
    /// The feature: `mtls`, `authorization`, `jwt`, `access-log`, `tracing`, `metrics`, `wasm`,
    /// `tls-termination`, `egress` or `envoy-filter`.
    feature: &'static str,
    /// How it is, in words.
    setting: &'a str,
    /// The object or setting that says so, or the policy.
    from: &'a str,
    /// Whether the input says so; otherwise the policy assumes it.
    read: bool,
}

/// What a feature adds to one proxy.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Added {
    /// The feature, named as above.
    feature: &'static str,
    /// CPU, in cores.
    cpu_cores: Estimate,
    /// Memory, in bytes; `null` where it adds none.
    memory_bytes: Option<Estimate>,
}

impl<'a> From<&'a WorkloadPlan> for Features<'a> {
    fn from(workload: &'a WorkloadPlan) -> Self {
        let features = &workload.features;
        Self {
            inbound: (&features.inbound).into(),
            outbound: (&features.outbound).into(),
            inbound_share: Number::new(workload.inbound.get()),
            ends_tls: features.ends_tls,
            egress_hosts: &features.egress_hosts,
            decided_by: features.origins.iter().map(Decided::from).collect(),
            adds: workload.feature_costs.iter().map(Added::from).collect(),
        }
    }
}

impl From<&SideFeatures> for Side {
    fn from(side: &SideFeatures) -> Self {
        Self {
            mtls_share: Number::new(side.mtls.get()),
            metrics_share: Number::new(side.metrics.get()),
            metric_tags: side.metric_tags,
            access_log_share: Number::new(side.access_log.get()),
            tracing_share: Number::new(side.tracing.get()),
            authorization_rules: side.authorization_rules,
            authorization_values: side.authorization_values,
            jwt_issuers: side.jwt_issuers,
            wasm_filters: side.wasm_filters,
        }
    }
}

impl<'a> From<&'a Origin> for Decided<'a> {
    fn from(origin: &'a Origin) -> Self {
        let Origin { feature, setting, from, is_read } = origin;
        Self { feature: Feature::id(*feature), setting, from, read: *is_read }
    }
}

impl From<&FeatureCost> for Added {
    fn from(cost: &FeatureCost) -> Self {
        Self {
            feature: cost.feature.id(),
            cpu_cores: (&cost.cpu).into(),
            memory_bytes: cost.memory.as_ref().map(Estimate::of_bytes),
        }
    }
}
