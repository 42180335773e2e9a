//! Sums over the cluster.

use super::application_use::application_use;
use super::{Totals, WorkloadPlan};
use crate::estimate::Estimate;
use crate::inventory::Inventory;
use crate::mesh::{Mesh, ProxyMode};
use crate::overhead::{Overhead, ProxyCost, ztunnel_count};
use crate::units::{Cores, Memory, Quantity, Ratio};

/// Adds up the workloads of a plan.
pub fn totals(inventory: &Inventory, mesh: &Mesh, overhead: &Overhead, workloads: &[WorkloadPlan]) -> Totals {
    let ambient_pods: u64 = pods_in(workloads, ProxyMode::Ambient);
    let ztunnels = ztunnel_count(inventory, mesh);
    let envoys = || workloads.iter().filter(|workload| workload.mode.runs_envoy());
    let running: u64 = mesh
        .members
        .iter()
        .filter(|member| member.mode.runs_envoy())
        .filter_map(|member| member.proxy.as_ref())
        .map(|proxy| proxy.running)
        .sum();
    let proxies: u64 = envoys().map(|workload| workload.replicas).sum();

    let mut memory: Vec<Estimate<Memory>> = costs(workloads).map(|(cost, pods)| cost.memory.scaled(pods)).collect();
    let mut cpu: Vec<Estimate<Cores>> = costs(workloads).map(|(cost, pods)| cost.cpu.scaled(pods)).collect();
    if let Some(ztunnel) = &overhead.ztunnel {
        memory.push(ztunnel.memory.scaled(ztunnels as f64));
        cpu.push(ztunnel.cpu.scaled(ztunnels as f64));
    }
    let proxy_memory = Estimate::sum(&memory);
    let proxy_cpu = Estimate::sum(&cpu);

    // The mesh itself is not an application: gateways, istiod and ztunnels stay out of the base.
    let applications = || {
        workloads
            .iter()
            .filter(|workload| matches!(workload.mode, ProxyMode::None | ProxyMode::Sidecar | ProxyMode::Ambient))
    };
    let meshed = || applications().filter(|workload| workload.mode != ProxyMode::None);
    let app_cpu: Cores = meshed().map(|workload| workload.app_cpu).sum();
    let app_memory: Memory = meshed().map(|workload| workload.app_memory).sum();
    let count = meshed().count();
    let measured = meshed().filter(|workload| workload.app_measured).count();
    Totals {
        nodes: inventory.nodes.len() as u64,
        pods: inventory.pods.len() as u64,
        finished_pods: inventory.finished_pods,
        workloads: workloads.len() as u64,
        proxies,
        planned_proxies: proxies.saturating_sub(running),
        ambient_pods,
        ztunnels,
        memory_overhead: over(&proxy_memory, app_memory.as_bytes()),
        cpu_overhead: over(&proxy_cpu, app_cpu.as_cores()),
        proxy_memory,
        proxy_cpu,
        app_cpu,
        app_memory,
        application_use: application_use(inventory, workloads.iter().map(|workload| workload.mode)),
        app_measured_share: if count == 0 { 0.0 } else { measured as f64 / count as f64 },
        proxy_cpu_requested: requested(workloads, |cost| cost.requests.cpu.unwrap_or_default().to_cores()),
        proxy_memory_requested: requested(workloads, |cost| cost.requests.memory.unwrap_or_default().to_memory()),
        cpu_wasted: requested(workloads, |cost| {
            cost.requests.cpu.unwrap_or_default().saturating_sub(cost.cpu_needed).to_cores()
        }),
        memory_wasted: requested(workloads, |cost| {
            cost.requests.memory.unwrap_or_default().saturating_sub(cost.memory_needed).to_memory()
        }),
        cpu_missing: requested(workloads, |cost| {
            cost.cpu_needed.saturating_sub(cost.requests.cpu.unwrap_or_default()).to_cores()
        }),
        memory_missing: requested(workloads, |cost| {
            cost.memory_needed.saturating_sub(cost.requests.memory.unwrap_or_default()).to_memory()
        }),
        proxies_at_risk: workloads
            .iter()
            .filter(|workload| workload.may_be_killed())
            .map(|workload| workload.replicas)
            .sum(),
        memory_check: overhead.memory_check,
    }
}

fn pods_in(workloads: &[WorkloadPlan], mode: ProxyMode) -> u64 {
    workloads.iter().filter(|workload| workload.mode == mode).map(|workload| workload.replicas).sum()
}

/// Costs of Envoy proxies with how many there are; ztunnels are added once, per node.
fn costs(workloads: &[WorkloadPlan]) -> impl Iterator<Item = (&ProxyCost, f64)> {
    workloads
        .iter()
        .filter(|workload| workload.mode.runs_envoy())
        .filter_map(|workload| workload.proxy.as_ref().map(|cost| (cost, workload.replicas as f64)))
}

fn requested<Q: Quantity + std::iter::Sum + std::ops::Mul<f64, Output = Q>>(
    workloads: &[WorkloadPlan],
    amount: impl Fn(&ProxyCost) -> Q,
) -> Q {
    costs(workloads).map(|(cost, pods)| amount(cost) * pods).sum()
}

/// A ratio to a base that may be zero because nothing is declared.
fn over<Q: Quantity>(cost: &Estimate<Q>, base: f64) -> Option<Estimate<Ratio>> {
    let ratio = |amount: Q| Ratio::new(amount.base() / base);
    (base > 0.0).then(|| Estimate::new(ratio(cost.lower), ratio(cost.value), ratio(cost.upper), cost.basis.clone()))
}
