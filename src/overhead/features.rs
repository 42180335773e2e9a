//! What the features of the mesh cost a proxy, each alone.

use crate::card::ModelCard;
use crate::estimate::Estimate;
use crate::inventory::Workload;
use crate::mesh::{Feature, Mesh, ProxyMode, WorkloadFeatures};
use crate::model::{Features, ProxyTraffic};
use crate::policy::FeaturePolicy;
use crate::units::{Cores, Memory, Rate, Share};

/// Share of a sidecar's requests that come in, where nothing was measured.
const HALF: Share = Share::literal(0.5);

/// What one feature adds to one proxy, everything else being as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureCost {
    /// The feature.
    pub feature: Feature,
    /// CPU of one proxy.
    pub cpu: Estimate<Cores>,
    /// Memory of one proxy, where it adds any.
    pub memory: Option<Estimate<Memory>>,
}

/// Share of a proxy's requests that its workload receives: measured, else half of a sidecar's; all of a
/// gateway's and a waypoint's, whose filters see each request once.
#[must_use]
pub fn inbound_share(workload: &Workload, mode: ProxyMode) -> Share {
    if mode != ProxyMode::Sidecar {
        return Share::ONE;
    }
    let rate = |rate: Option<Rate>| rate.unwrap_or_default().as_per_second();
    let (inbound, outbound) = (rate(workload.measured.inbound_rps), rate(workload.measured.outbound_rps));
    Share::new(inbound / (inbound + outbound)).unwrap_or(HALF)
}

/// Features over all requests of a proxy, of which a share comes in.
#[must_use]
pub fn features_over(own: &WorkloadFeatures, inbound: Share) -> Features {
    let WorkloadFeatures { inbound: server, outbound: client, .. } = own;
    let mean = |server: f64, client: f64| {
        // Equal sides stay as they are, whatever rounding would make of their mean.
        let mean = if server == client { server } else { server * inbound.get() + client * (1.0 - inbound.get()) };
        Share::new(mean.clamp(0.0, 1.0)).unwrap_or_default()
    };
    let for_inbound = |is_on: bool| if is_on { inbound } else { Share::ZERO };
    let filters = server.wasm_filters.max(client.wasm_filters);
    let of_all = |count: u64| count as f64 / filters.max(1) as f64;
    Features {
        mtls: mean(server.mtls.get(), client.mtls.get()),
        metrics: mean(server.metrics.get(), client.metrics.get()),
        access_log: mean(server.access_log.get(), client.access_log.get()),
        tracing_sampling: mean(server.tracing.get(), client.tracing.get()),
        authorization: for_inbound(server.authorization_rules > 0),
        authorization_rules: server.authorization_rules,
        authorization_values: server.authorization_values,
        jwt: for_inbound(server.jwt_issuers > 0),
        jwt_issuers: server.jwt_issuers,
        wasm: mean(of_all(server.wasm_filters), of_all(client.wasm_filters)),
        wasm_filters: filters,
    }
}

/// Features over all requests of the proxy of the workload with that index.
#[must_use]
pub fn features_of(mesh: &Mesh, index: usize, workload: &Workload, policy: &FeaturePolicy) -> Features {
    let mode = mesh.members.get(index).map_or(ProxyMode::None, |member| member.mode);
    let own = mesh.features.get(index).cloned().unwrap_or_else(|| WorkloadFeatures::by_policy(policy));
    features_over(&own, inbound_share(workload, mode))
}

/// Features of the mesh that cost, as a policy assumes them.
#[must_use]
pub fn features(policy: &FeaturePolicy) -> Features {
    features_over(&WorkloadFeatures::by_policy(policy), HALF)
}

/// Full TLS handshakes per second of a proxy that ends TLS of clients outside the mesh.
pub(super) fn handshakes(rate: Rate, policy: &FeaturePolicy) -> Rate {
    rate / policy.requests_per_tls_connection.max(1.0)
}

/// What each feature of a proxy adds; those that add nothing are left out.
pub(super) fn feature_costs(card: &ModelCard, with: &ProxyTraffic, wasm_plugins: u64) -> Vec<FeatureCost> {
    let features = with.features;
    let without = |features: Features| ProxyTraffic { features, ..*with };
    [
        (Feature::Mtls, without(Features { mtls: Share::ZERO, ..features })),
        (Feature::Authorization, without(Features { authorization: Share::ZERO, ..features })),
        (Feature::Jwt, without(Features { jwt: Share::ZERO, ..features })),
        (Feature::AccessLog, without(Features { access_log: Share::ZERO, ..features })),
        (Feature::Tracing, without(Features { tracing_sampling: Share::ZERO, ..features })),
        (Feature::Metrics, without(Features { metrics: Share::ZERO, ..features })),
        (Feature::Wasm, without(Features { wasm: Share::ZERO, ..features })),
        (Feature::TlsTermination, ProxyTraffic { handshakes: Rate::ZERO, ..*with }),
    ]
    .into_iter()
    .filter_map(|(feature, without)| {
        let cpu = card.proxy_cpu.added(with, &without);
        let is_wasm = feature == Feature::Wasm && wasm_plugins > 0;
        let memory = is_wasm.then(|| card.proxy_memory.of_wasm_filters(wasm_plugins));
        let costs = cpu.value > Cores::ZERO || memory.is_some();
        costs.then_some(FeatureCost { feature, cpu, memory })
    })
    .collect()
}
