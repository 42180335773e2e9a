//! Cost of each workload's proxy, and how its declared resources compare with it.

use super::carrier::Carrier;
use super::features::{FeatureCost, feature_costs};
use super::findings::{
    CPU_LIMIT_BELOW_NEED, Cases, MEASURED_WITHOUT_PROXY, MEMORY_LIMIT_BELOW_PEAK, MEMORY_LIMIT_NEAR_MAXIMUM,
    PROXY_REQUEST_BELOW_NEED, PROXY_REQUEST_WASTEFUL, PROXY_SATURATED, TRAFFIC_ASSUMED,
};
use super::measured::{self, MeasuredMemory};
use super::{Inputs, ProxyCost, SizingVerdict, cpu_needed, memory_needed, sizing_verdicts};
use crate::card::ModelCard;
use crate::estimate::Estimate;
use crate::inventory::{ReplicasBasis, Workload};
use crate::mesh::{Proxy, ProxyMode, VisibleConfig, WorkloadFeatures};
use crate::model::{ProxyConfig, ProxyTraffic};
use crate::policy::{FeaturePolicy, SizingPolicy};
use crate::profile::{Held, Profile};
use crate::quantity::{print_bytes, print_cpu};
use crate::units::{Bytes, Memory, Millicores, Rate, Share};

/// Cost of the proxy of each workload, and of its features, parallel to the inventory's workloads.
pub(super) fn estimate_all(inputs: &Inputs<'_>, cases: &mut Cases) -> Vec<Option<Costs>> {
    let workloads = inputs.inventory.workloads.iter().enumerate();
    workloads.map(|(index, workload)| estimate_at(inputs, index, workload, cases)).collect()
}

/// Cost of a proxy, and of each of its features.
pub(super) struct Costs {
    pub proxy: ProxyCost,
    pub features: Vec<FeatureCost>,
}

fn estimate_at(inputs: &Inputs<'_>, index: usize, workload: &Workload, cases: &mut Cases) -> Option<Costs> {
    let member = inputs.mesh.members.get(index)?;
    let profile = inputs.profiles.get(index)?;
    // A workload scaled to zero has a cost per proxy, but nothing that needs attention.
    let mut nobody = Cases::default();
    let cases = if workload.replicas == 0 { &mut nobody } else { cases };
    let carries_traffic = member.mode.runs_envoy() || member.mode == ProxyMode::Ambient;
    if carries_traffic && !profile.rps_measured {
        let rps = profile.rps_per_proxy.as_per_second();
        cases.add(&TRAFFIC_ASSUMED, "", &workload.id, format!("{rps} requests per second a replica assumed by policy"));
    }
    let is_listed = workload.replicas_basis == ReplicasBasis::ListedPods;
    let none_runs = is_listed && !member.today.runs_envoy() && member.today != ProxyMode::Ztunnel;
    if workload.measured.pods.proxy.is_some() && profile.held.is_none() && none_runs {
        cases.add(&MEASURED_WITHOUT_PROXY, "", &workload.id, "memory of a proxy measured, none runs".to_owned());
    }
    if !member.mode.runs_envoy() {
        return None;
    }
    let proxy = member.proxy.as_ref()?;
    let assumed = || WorkloadFeatures::by_policy(&inputs.policy.features);
    let state = ProxyState {
        workload,
        proxy,
        profile,
        visible: inputs.visibility.workloads.get(index).copied().unwrap_or_default(),
        features: inputs.mesh.features.get(index).cloned().unwrap_or_else(assumed),
    };
    let costs = cost(inputs, &state, member.mode, cases);
    judge(&costs.proxy, proxy, workload, inputs, cases);
    Some(costs)
}

/// Everything that is known about a workload's proxy.
#[derive(Debug, Clone)]
pub struct ProxyState<'a> {
    /// The workload.
    pub workload: &'a Workload,
    /// The proxy.
    pub proxy: &'a Proxy,
    /// What passes through it, and what it held while it was measured.
    pub profile: &'a Profile,
    /// What it is sent.
    pub visible: VisibleConfig,
    /// What it does for requests.
    pub features: WorkloadFeatures,
}

fn cost(inputs: &Inputs<'_>, state: &ProxyState<'_>, mode: ProxyMode, cases: &mut Cases) -> Costs {
    let &ProxyState { workload, proxy, profile, visible, features: ref own } = state;
    let (card, sizing) = (inputs.card, &inputs.policy.sizing);
    let config = config(proxy, profile, visible, own);
    let carrier = Carrier::new(proxy, own, workload, mode);
    let traffic = carrier.at(profile.rps_per_proxy, &inputs.policy.features);
    cases.add_outside_range(&workload.id, card.proxy_memory.outside_range(&config));
    cases.add_outside_range(&workload.id, card.proxy_cpu.outside_range(&traffic));

    let ProxyMemory { steady, startup, measured } = memory(card, sizing, state);
    let mut cpu = card.proxy_cpu.usage(&traffic);
    if !profile.rps_measured {
        cpu.basis.assumptions.push("requests per second assumed by policy".to_owned());
    }
    match (workload.measured.inbound_rps, workload.measured.outbound_rps) {
        (Some(_), None) => cpu.basis.assumptions.push(one_way("outgoing")),
        (None, Some(_)) => cpu.basis.assumptions.push(one_way("incoming")),
        _ => {}
    }
    cpu.basis.assumptions.extend(of_features(&traffic, workload, mode, &inputs.policy.features));
    let features = feature_costs(card, &traffic, own.wasm_plugins);
    let proxy = ProxyCost {
        memory_needed: measured::request(measured.as_ref(), (&steady, &startup), sizing),
        memory_limit_needed: memory_needed(
            &startup,
            sizing,
            measured.as_ref().map_or(Bytes::ZERO, |it| it.limit_needed),
        ),
        cpu_needed: cpu_needed(&cpu, sizing, Millicores::ZERO),
        memory: steady,
        startup_memory: startup,
        measured,
        cpu,
        requests: proxy.container.resources.effective_requests(),
        limits: proxy.container.resources.limits.clone(),
    };
    Costs { proxy, features }
}

/// What was assumed about the requests that features look at.
fn of_features(
    traffic: &ProxyTraffic,
    workload: &Workload,
    mode: ProxyMode,
    policy: &FeaturePolicy,
) -> impl Iterator<Item = String> {
    let is_sided = traffic.features.authorization > Share::ZERO || traffic.features.jwt > Share::ZERO;
    let measured = &workload.measured;
    let is_known = measured.inbound_rps.is_some() || measured.outbound_rps.is_some();
    let half = (is_sided && !is_known && mode == ProxyMode::Sidecar)
        .then(|| "half of the requests taken as incoming: only those meet rules and tokens".to_owned());
    let connections = (traffic.handshakes > Rate::ZERO)
        .then(|| format!("a new TLS connection every {} requests by policy", policy.requests_per_tls_connection));
    half.into_iter().chain(connections)
}

/// Memory of a proxy for what it is sent.
#[derive(Debug, Clone, PartialEq)]
pub struct ProxyMemory {
    /// Steady memory.
    pub steady: Estimate<Memory>,
    /// Its peak at start-up.
    pub startup: Estimate<Memory>,
    /// What was measured of it; both figures rest on it where it counts.
    pub measured: Option<MeasuredMemory>,
}

/// Memory of a proxy for what it is sent, by its law and by what was measured.
#[must_use]
pub fn memory(card: &ModelCard, sizing: &SizingPolicy, state: &ProxyState<'_>) -> ProxyMemory {
    let &ProxyState { workload, proxy, profile, visible, features: ref own } = state;
    let config = config(proxy, profile, visible, own);
    let law = &card.proxy_memory;
    let (mut steady, mut startup) = (law.steady(&config), law.startup(&config));
    for basis in [&mut steady.basis, &mut startup.basis] {
        if !profile.connections_measured {
            basis.assumptions.push("open connections assumed by policy".to_owned());
        }
        if visible.routes > visible.virtual_hosts {
            basis.assumptions.push("a further route of a virtual host counts like one".to_owned());
        }
    }
    let (Some(Held::Proxy(then)), Some(pods)) = (profile.held, workload.measured.pods.proxy) else {
        return ProxyMemory { steady, startup, measured: None };
    };
    let measured = MeasuredMemory::new(pods, law.steady(&then), &steady, sizing);
    if measured.counts {
        (steady, startup) = (measured.moved(&steady), measured.moved(&startup));
    }
    ProxyMemory { steady, startup, measured: Some(measured) }
}

pub(super) fn config(proxy: &Proxy, profile: &Profile, visible: VisibleConfig, own: &WorkloadFeatures) -> ProxyConfig {
    ProxyConfig {
        workers: proxy.workers,
        clusters: visible.clusters,
        // istiod gives clusters a TLS context unless a destination rule turns it off.
        plain_clusters: 0,
        endpoints: visible.endpoints,
        listeners: visible.listeners,
        routes: visible.routes,
        connections: profile.connections_per_proxy,
        wasm_filters: own.wasm_plugins,
    }
}

fn one_way(missing: &str) -> String {
    format!("{missing} requests were not measured and count as none")
}

/// One case for everything that is wrong with what is declared.
fn judge(cost: &ProxyCost, proxy: &Proxy, workload: &Workload, inputs: &Inputs<'_>, cases: &mut Cases) {
    let requests = &cost.requests;
    let cpu = || print_cpu(requests.cpu.unwrap_or_default());
    let memory = || print_bytes(requests.memory.unwrap_or_default());
    let cpu_limit = || print_cpu(cost.limits.cpu.unwrap_or_default());
    let memory_limit = || print_bytes(cost.limits.memory.unwrap_or_default());
    let (cpu_need, memory_need) = (print_cpu(cost.cpu_needed), print_bytes(cost.memory_needed));
    let limit_need = print_bytes(cost.memory_limit_needed);
    let sizing = &inputs.policy.sizing;
    let largest = cost.measured.as_ref().map_or(0.0, |measured| measured.pods.largest.as_mib());
    let largest = format!("{largest:.0} MiB");
    if let Some(measured) = &cost.measured {
        measured.note(&workload.id, sizing, cases);
    }
    for verdict in sizing_verdicts(cost, sizing) {
        let (kind, about, detail) = match verdict {
            SizingVerdict::MemoryRequestTooSmall => {
                (&PROXY_REQUEST_BELOW_NEED, "memory", format!("memory request {} below need {memory_need}", memory()))
            }
            SizingVerdict::CpuRequestTooSmall => {
                (&PROXY_REQUEST_BELOW_NEED, "cpu", format!("CPU request {} below need {cpu_need}", cpu()))
            }
            SizingVerdict::MemoryRequestTooLarge => {
                (&PROXY_REQUEST_WASTEFUL, "memory", format!("memory request {}, need {memory_need}", memory()))
            }
            SizingVerdict::CpuRequestTooLarge => {
                (&PROXY_REQUEST_WASTEFUL, "cpu", format!("CPU request {}, need {cpu_need}", cpu()))
            }
            SizingVerdict::MemoryLimitBelowPeak => (
                &MEMORY_LIMIT_BELOW_PEAK,
                "",
                format!("memory limit {} below start-up peak, raise it to {limit_need} or more", memory_limit()),
            ),
            SizingVerdict::MemoryLimitNearMaximum => (
                &MEMORY_LIMIT_NEAR_MAXIMUM,
                "",
                format!("memory limit {}, up to {largest} measured, raise it to {limit_need} or more", memory_limit()),
            ),
            SizingVerdict::CpuLimitTooSmall => {
                (&CPU_LIMIT_BELOW_NEED, "", format!("CPU limit {} below need {cpu_need}", cpu_limit()))
            }
        };
        cases.add(kind, about, &workload.id, detail);
    }
    let workers = f64::from(proxy.workers.max(1));
    if cost.cpu.value.as_cores() > workers {
        let detail = format!("{:.2} cores needed by {workers} worker threads", cost.cpu.value.as_cores());
        cases.add(&PROXY_SATURATED, "", &workload.id, detail);
    }
}
