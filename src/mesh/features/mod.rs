//! What each proxy does for its requests beside passing them on: mutual TLS, authorization, tokens, logs, traces,
//! metrics, WebAssembly filters.
//!
//! The rules are those of istiod (istio/istio, `pilot/pkg/model`: `authentication.go`, `authorization.go`,
//! `telemetry.go`, `extensions.go`, `policyattachment.go`): objects of the root namespace hold for the mesh, those
//! without a selector for their namespace, the others for the workloads they select or name. What the input does
//! not say is as the policy has it, and each answer says which object or assumption it comes from.

mod attached;
mod authorization;
mod filters;
mod gateways;
mod logging;
mod metrics;
mod mtls;
#[cfg(test)]
mod tests;
mod tracing;
mod unused;

use super::{Mesh, ProxyMode};
use crate::finding::Finding;
use crate::inventory::objects::Side;
use crate::inventory::{Inventory, Telemetry, Workload};
use crate::policy::FeaturePolicy;
use crate::units::Share;
use attached::Attached;
use filters::EnvoyPatches;
use gateways::Gateways;
use mtls::Mtls;

pub use metrics::{CALLER_LABELS, StandardMetric, StandardMetrics};

/// What a workload's proxy does for its requests, and what decided it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WorkloadFeatures {
    /// For requests the workload receives; all requests of a gateway or waypoint are.
    pub inbound: SideFeatures,
    /// For requests it sends.
    pub outbound: SideFeatures,
    /// Whether it ends TLS of clients outside the mesh, which open new connections.
    pub ends_tls: bool,
    /// WebAssembly filters that are loaded, for requests of whichever side.
    pub wasm_plugins: u64,
    /// Hosts outside the mesh whose calls are led through this gateway: one more proxy on the way of each.
    pub egress_hosts: Vec<String>,
    /// What decided, feature by feature.
    pub origins: Vec<Origin>,
}

/// What a proxy does for requests of one side.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SideFeatures {
    /// Share of requests that travel over TLS between the proxies, in [0, 1].
    pub mtls: Share,
    /// Share of Istio's standard metrics that are kept, in [0, 1].
    pub metrics: Share,
    /// Which they are, and what their labels tell apart.
    pub reported: StandardMetrics,
    /// Labels of metrics that are changed or removed.
    pub metric_tags: u64,
    /// Share of requests with a log line, in [0, 1].
    pub access_log: Share,
    /// Share of requests traced, in [0, 1].
    pub tracing: Share,
    /// Authorization rules evaluated for each request.
    pub authorization_rules: u64,
    /// Alternatives in those rules together.
    pub authorization_values: u64,
    /// Issuers whose tokens are validated; 0 where none are.
    pub jwt_issuers: u64,
    /// WebAssembly filters each request passes.
    pub wasm_filters: u64,
}

/// What decided a feature.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The feature.
    pub feature: Feature,
    /// How it is, in words.
    pub setting: String,
    /// The object or setting that says so; for what is assumed, the policy.
    pub from: String,
    /// Whether the input says so; otherwise it is assumed.
    pub is_read: bool,
}

/// A feature that costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feature {
    /// Mutual TLS between proxies.
    Mtls,
    /// Authorization rules.
    Authorization,
    /// Tokens of requests.
    Jwt,
    /// Log lines.
    AccessLog,
    /// Traces.
    Tracing,
    /// Standard metrics.
    Metrics,
    /// WebAssembly filters.
    Wasm,
    /// Handshakes with clients outside the mesh.
    TlsTermination,
    /// One more proxy on the way out.
    Egress,
    /// Patches of Envoy's configuration, whose effect is not known.
    EnvoyFilter,
}

impl Feature {
    /// Name in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mtls => "mutual TLS",
            Self::Authorization => "authorization",
            Self::Jwt => "tokens",
            Self::AccessLog => "access log",
            Self::Tracing => "tracing",
            Self::Metrics => "metrics",
            Self::Wasm => "WebAssembly",
            Self::TlsTermination => "TLS termination",
            Self::Egress => "egress",
            Self::EnvoyFilter => "EnvoyFilter",
        }
    }

    /// Name in machine formats.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Mtls => "mtls",
            Self::Authorization => "authorization",
            Self::Jwt => "jwt",
            Self::AccessLog => "access-log",
            Self::Tracing => "tracing",
            Self::Metrics => "metrics",
            Self::Wasm => "wasm",
            Self::TlsTermination => "tls-termination",
            Self::Egress => "egress",
            Self::EnvoyFilter => "envoy-filter",
        }
    }
}

impl Origin {
    fn read(feature: Feature, setting: impl Into<String>, from: impl Into<String>) -> Self {
        Self { feature, setting: setting.into(), from: from.into(), is_read: true }
    }

    fn assumed(feature: Feature, setting: impl Into<String>) -> Self {
        Self { feature, setting: setting.into(), from: "assumed by policy".to_owned(), is_read: false }
    }
}

impl WorkloadFeatures {
    /// What the policy assumes where the input says nothing.
    #[must_use]
    pub fn by_policy(policy: &FeaturePolicy) -> Self {
        let side = SideFeatures {
            mtls: Share::all_if(policy.mtls),
            metrics: Share::all_if(policy.metrics),
            reported: StandardMetrics::all_if(policy.metrics),
            access_log: Share::all_if(policy.access_log),
            tracing: policy.tracing_sampling,
            ..SideFeatures::default()
        };
        let on = |on: bool| if on { "on" } else { "off" };
        let origins = vec![
            Origin::assumed(Feature::Mtls, on(policy.mtls)),
            Origin::assumed(Feature::AccessLog, on(policy.access_log)),
            Origin::assumed(Feature::Tracing, sampled(policy.tracing_sampling)),
            Origin::assumed(Feature::Metrics, on(policy.metrics)),
        ];
        Self { inbound: side, outbound: side, origins, ..Self::default() }
    }

    fn sides(&mut self) -> [(Side, &mut SideFeatures); 2] {
        [(Side::Server, &mut self.inbound), (Side::Client, &mut self.outbound)]
    }

    /// Puts what decided a feature in the place of what was assumed of it.
    fn decide(&mut self, origins: Vec<Origin>) {
        if let Some(first) = origins.first() {
            let decided = first.feature;
            self.origins.retain(|origin| origin.feature != decided);
        }
        self.origins.extend(origins);
    }
}

/// What the proxy of every workload does, in the order of the inventory, and what was noticed.
#[must_use]
pub fn features(inventory: &Inventory, mesh: &Mesh, policy: &FeaturePolicy) -> (Vec<WorkloadFeatures>, Vec<Finding>) {
    let question = Question::new(inventory, mesh, policy);
    let members = inventory.workloads.iter().zip(&mesh.members);
    let features = members.map(|(workload, member)| question.of(workload, member.mode)).collect();
    (features, unused::findings(inventory, mesh))
}

/// The Telemetry objects that hold for every workload, in the order of the inventory: those of the mesh first, those
/// that overrule them later; none for workloads without an Envoy.
#[must_use]
pub fn telemetries<'a>(inventory: &'a Inventory, mesh: &Mesh) -> Vec<Vec<&'a Telemetry>> {
    let attached = Attached::new(&inventory.istio.telemetries, inventory.istio.mesh.root_namespace());
    let of = |(workload, member): (&Workload, &super::Membership)| match member.mode.runs_envoy() {
        true => attached.in_order(workload, member.mode),
        false => Vec::new(),
    };
    inventory.workloads.iter().zip(&mesh.members).map(of).collect()
}

/// Everything that decides, ready to be asked.
struct Question<'a> {
    inventory: &'a Inventory,
    policy: &'a FeaturePolicy,
    assumed: WorkloadFeatures,
    mtls: Mtls<'a>,
    authorization: Attached<'a, crate::inventory::AuthorizationPolicy>,
    tokens: Attached<'a, crate::inventory::RequestAuthentication>,
    telemetry: Attached<'a, Telemetry>,
    wasm: Attached<'a, crate::inventory::WasmPlugin>,
    patches: EnvoyPatches<'a>,
    gateways: Gateways,
}

impl<'a> Question<'a> {
    fn new(inventory: &'a Inventory, mesh: &Mesh, policy: &'a FeaturePolicy) -> Self {
        let istio = &inventory.istio;
        let root = istio.mesh.root_namespace();
        Self {
            inventory,
            policy,
            assumed: WorkloadFeatures::by_policy(policy),
            mtls: Mtls::new(inventory, mesh, policy),
            authorization: Attached::new(&istio.authorization_policies, root),
            tokens: Attached::new(&istio.request_authentications, root),
            telemetry: Attached::new(&istio.telemetries, root),
            wasm: Attached::new(&istio.wasm_plugins, root),
            patches: EnvoyPatches::new(inventory),
            gateways: Gateways::new(inventory, mesh),
        }
    }

    fn of(&self, workload: &Workload, mode: ProxyMode) -> WorkloadFeatures {
        if !mode.runs_envoy() {
            return WorkloadFeatures::default();
        }
        let mut features = self.assumed.clone();
        let settings = &self.inventory.istio.mesh;
        let telemetry = self.telemetry.in_order(workload, mode);
        self.mtls.decide(workload, mode, &mut features);
        authorization::decide(&self.authorization.all(workload, mode), &mut features);
        authorization::decide_tokens(&self.tokens.all(workload, mode), &mut features);
        logging::decide(&telemetry, settings, self.policy, &mut features);
        tracing::decide(&telemetry, settings, self.policy, &mut features);
        metrics::decide(&telemetry, &mut features);
        filters::decide(&self.wasm.all(workload, mode), &mut features);
        self.patches.decide(workload, mode, &mut features);
        self.gateways.decide(workload, mode, &mut features);
        features.origins.sort();
        features
    }
}

fn sampled(share: Share) -> String {
    format!("{} % of requests", rounded(share.get() * 100.0))
}

/// A number as short as two decimals allow.
fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}
