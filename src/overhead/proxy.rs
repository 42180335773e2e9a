//! Cost of each workload's proxy, and how its declared resources compare with it.

use super::findings::{
    CPU_LIMIT_BELOW_NEED, Cases, MEMORY_LIMIT_BELOW_PEAK, PROXY_REQUEST_BELOW_NEED, PROXY_REQUEST_WASTEFUL,
    PROXY_SATURATED, TRAFFIC_ASSUMED,
};
use super::{Inputs, ProxyCost, cpu_needed, memory_needed};
use crate::inventory::Workload;
use crate::mesh::{Membership, Proxy, ProxyMode, VisibleConfig};
use crate::model::{Features, ProxyConfig, ProxyTraffic};
use crate::policy::FeaturePolicy;
use crate::profile::Profile;
use crate::quantity::{print_bytes, print_cpu};
use crate::units::{Bytes, Millicores};

/// Cost of the proxy of each workload, parallel to the inventory's workloads.
pub(super) fn estimate_all(inputs: &Inputs<'_>, cases: &mut Cases) -> Vec<Option<ProxyCost>> {
    let workloads = inputs.inventory.workloads.iter().enumerate();
    workloads.map(|(index, workload)| estimate_at(inputs, index, workload, cases)).collect()
}

fn estimate_at(inputs: &Inputs<'_>, index: usize, workload: &Workload, cases: &mut Cases) -> Option<ProxyCost> {
    let member = inputs.mesh.members.get(index)?;
    let profile = inputs.profiles.get(index)?;
    let carries_traffic = member.mode.runs_envoy() || member.mode == ProxyMode::Ambient;
    if carries_traffic && !profile.rps_measured {
        let rps = profile.rps_per_proxy.as_per_second();
        cases.add(&TRAFFIC_ASSUMED, "", &workload.id, format!("{rps} requests per second a replica assumed by policy"));
    }
    if !member.mode.runs_envoy() {
        return None;
    }
    let proxy = member.proxy.as_ref()?;
    let visible = inputs.visibility.workloads.get(index).copied().unwrap_or_default();
    let cost = cost(inputs, workload, member, proxy, profile, visible, cases);
    judge(&cost, proxy, workload, inputs, cases);
    Some(cost)
}

fn cost(
    inputs: &Inputs<'_>,
    workload: &Workload,
    member: &Membership,
    proxy: &Proxy,
    profile: &Profile,
    visible: VisibleConfig,
    cases: &mut Cases,
) -> ProxyCost {
    let (card, sizing) = (inputs.card, &inputs.policy.sizing);
    let config = ProxyConfig {
        workers: proxy.workers,
        clusters: visible.clusters,
        endpoints: visible.endpoints,
        listeners: visible.listeners,
        routes: visible.routes,
        connections: profile.connections_per_proxy,
    };
    let traffic = ProxyTraffic {
        rate: profile.rps_per_proxy,
        workers: proxy.workers,
        features: features(&inputs.policy.features),
        gateway: matches!(member.mode, ProxyMode::Gateway | ProxyMode::Waypoint),
    };
    cases.add_outside_range(&workload.id, card.proxy_memory.outside_range(&config));
    cases.add_outside_range(&workload.id, card.proxy_cpu.outside_range(&traffic));

    let mut memory = card.proxy_memory.steady(&config);
    let mut startup_memory = card.proxy_memory.startup(&config);
    let mut cpu = card.proxy_cpu.usage(&traffic);
    if !profile.rps_measured {
        cpu.basis.assumptions.push("requests per second assumed by policy".to_owned());
    }
    if !profile.connections_measured {
        for basis in [&mut memory.basis, &mut startup_memory.basis] {
            basis.assumptions.push("open connections assumed by policy".to_owned());
        }
    }
    ProxyCost {
        memory_needed: memory_needed(&startup_memory, sizing, Bytes::ZERO),
        cpu_needed: cpu_needed(&cpu, sizing, Millicores::ZERO),
        memory,
        startup_memory,
        cpu,
        requests: proxy.container.resources.effective_requests(),
        limits: proxy.container.resources.limits.clone(),
    }
}

fn features(policy: &FeaturePolicy) -> Features {
    Features {
        mtls: policy.mtls,
        metrics: policy.metrics,
        access_log: policy.access_log,
        tracing_sampling: policy.tracing_sampling,
    }
}

/// Compares what is declared with what is needed.
fn judge(cost: &ProxyCost, proxy: &Proxy, workload: &Workload, inputs: &Inputs<'_>, cases: &mut Cases) {
    let id = &workload.id;
    let (cpu, memory) = (cost.requests.cpu.unwrap_or_default(), cost.requests.memory.unwrap_or_default());
    let (cpu_needed, memory_needed) = (cost.cpu_needed, cost.memory_needed);

    if memory < memory_needed {
        let detail = format!("memory request {} below need {}", print_bytes(memory), print_bytes(memory_needed));
        cases.add(&PROXY_REQUEST_BELOW_NEED, "memory", id, detail);
    }
    if cpu < cpu_needed {
        let detail = format!("CPU request {} below need {}", print_cpu(cpu), print_cpu(cpu_needed));
        cases.add(&PROXY_REQUEST_BELOW_NEED, "cpu", id, detail);
    }
    if memory > memory_needed.times(2) {
        let detail = format!("memory request {}, need {}", print_bytes(memory), print_bytes(memory_needed));
        cases.add(&PROXY_REQUEST_WASTEFUL, "memory", id, detail);
    }
    if cpu > cpu_needed.times(2) {
        let detail = format!("CPU request {}, need {}", print_cpu(cpu), print_cpu(cpu_needed));
        cases.add(&PROXY_REQUEST_WASTEFUL, "cpu", id, detail);
    }
    let peak = Bytes::holding(cost.startup_memory.at(inputs.policy.sizing.quantile));
    if let Some(limit) = cost.limits.memory
        && limit < peak
    {
        let enough = print_bytes(memory_needed);
        let detail = format!("memory limit {} below start-up peak, raise it to {enough} or more", print_bytes(limit));
        cases.add(&MEMORY_LIMIT_BELOW_PEAK, "", id, detail);
    }
    if let Some(limit) = cost.limits.cpu
        && limit < cpu_needed
    {
        let detail = format!("CPU limit {} below need {}", print_cpu(limit), print_cpu(cpu_needed));
        cases.add(&CPU_LIMIT_BELOW_NEED, "", id, detail);
    }
    let workers = f64::from(proxy.workers.max(1));
    if cost.cpu.value.as_cores() > workers {
        let detail = format!("{:.2} cores needed by {workers} worker threads", cost.cpu.value.as_cores());
        cases.add(&PROXY_SATURATED, "", id, detail);
    }
}
