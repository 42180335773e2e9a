//! Requests of the node proxies of ambient mode.
//!
//! **Question.** What does the busiest ztunnel need? All pods of a DaemonSet request the same.
//! **Law.** Memory by pods, services and open connections, CPU by rate ([`crate::model`]); the quantile and margin of
//! the policy as for every proxy.
//! **Decision.** Memory is raised where it is short, a memory limit where it is below the need. Memory is lowered and
//! CPU changes only where all captured traffic was measured. CPU limits stay as they are: they decide its threads
//! (Istio 1.31).
//! **Patch.** The DaemonSet's `istio-proxy` container.

use super::{Amount, Kind, Member, Question, Recommendation, Risk, Setting, Withheld, steps};
use crate::inventory::objects::{ContainerPatch, Patch, WorkloadPatch};
use crate::inventory::{Change, ObjectName, PROXY_CONTAINER};
use crate::mesh::ProxyMode;
use crate::overhead::{MeasuredMemory, ProxyCost};
use crate::resources::Declared;
use crate::units::{Bytes, Millicores};

/// Sizes ztunnel.
#[must_use]
pub fn ztunnel(question: &Question<'_>) -> Vec<Recommendation> {
    let deployed: Vec<Member<'_>> = question.members().filter(|it| it.member.mode == ProxyMode::Ztunnel).collect();
    let [only] = deployed.as_slice() else { return Vec::new() };
    let Some(cost) = &question.plan.ztunnel else { return Vec::new() };
    of_ztunnel(question, only, cost).into_iter().collect()
}

fn of_ztunnel(question: &Question<'_>, it: &Member<'_>, cost: &ProxyCost) -> Option<Recommendation> {
    let policy = question.policy();
    let mut captured = question.members().filter(|it| it.member.mode == ProxyMode::Ambient);
    let rate_measured = captured.all(|it| it.plan.rps_measured);
    let least = |today: u64| (today as f64 * (1.0 - policy.max_change.get())).ceil() as u64;
    let (now_memory, now_cpu) = (cost.requests.memory.unwrap_or_default(), cost.requests.cpu.unwrap_or_default());
    let memory = steps::memory(cost.memory_needed.max(policy.least_proxy_memory));
    let memory = memory.max(Bytes::new(least(now_memory.get())));
    // Open connections decide it as well: without measured traffic or memory it only goes up.
    let memory = if rate_measured || cost.rests_on_measurement() { memory } else { memory.max(now_memory) };
    let cpu = steps::cpu(cost.cpu_needed.max(policy.least_proxy_cpu)).max(Millicores::new(least(now_cpu.get())));
    let cpu = if rate_measured { cpu } else { now_cpu };
    let limit_needed = steps::memory(cost.memory_limit_needed).max(memory);
    let limit = cost.limits.memory.filter(|limit| *limit < limit_needed).map(|_| limit_needed);

    let is_off =
        |now: u64, then: u64| now == 0 || (then as f64 - now as f64).abs() > policy.tolerance.get() * now as f64;
    let moves_memory = is_off(now_memory.get(), memory.get());
    let moves_cpu = rate_measured && is_off(now_cpu.get(), cpu.get());
    if !moves_memory && !moves_cpu && limit.is_none() {
        return None;
    }
    let end = |amount: crate::units::Memory| Amount::Memory(steps::memory(Bytes::holding(amount)));
    let cpu_end = |amount: crate::units::Cores| Amount::Cpu(steps::cpu(Millicores::holding(amount)));
    let mut settings = vec![
        Setting {
            name: "memory request",
            current: cost.requests.memory.map(Amount::Memory),
            lower: end(cost.memory.lower),
            target: Amount::Memory(memory),
            upper: end(cost.memory.upper),
        },
        Setting {
            name: "CPU request",
            current: cost.requests.cpu.map(Amount::Cpu),
            lower: cpu_end(cost.cpu.lower),
            target: Amount::Cpu(cpu),
            upper: cpu_end(cost.cpu.upper),
        },
    ];
    settings
        .extend(limit.map(|limit| {
            Setting::exact("memory limit", cost.limits.memory.map(Amount::Memory), Amount::Memory(limit))
        }));
    let name = it.name();
    let mut found = Recommendation::new(Kind::Ztunnel, &name, it.workload.id.to_string(), settings).of_workload(&name);
    found.terms.clone_from(&cost.memory.basis.terms);
    found.basis = basis(question, rate_measured);
    let nodes = it.workload.replicas as f64;
    found.own = ((now_cpu.to_cores() - cpu.to_cores()) * nodes, (now_memory.to_memory() - memory.to_memory()) * nodes);
    let is_killed = cost.limits.memory.is_some_and(|limit| limit < cost.memory_limit_needed);
    let killed = "ztunnel may be killed: its memory limit is below what its busiest node needs";
    let short = "a node may run out of memory: its ztunnel requests less than it may need";
    let removes = match (is_killed, now_memory < cost.memory_needed && moves_memory) {
        (true, _) => Some(killed.to_owned()),
        (false, true) => Some(short.to_owned()),
        (false, false) => None,
    };
    let brings = vec!["ztunnel is replaced node by node: connections through it are closed".to_owned()];
    found.risk = Risk { removes, brings };
    found.withheld = it.not_patchable().map(Withheld::NotPatchable);
    let container = ContainerPatch {
        name: PROXY_CONTAINER.to_owned(),
        init: false,
        requests: Declared::new(Some(cpu).filter(|cpu| !cpu.is_zero()), Some(memory)),
        limits: Declared::new(None, limit),
    };
    let id = &it.workload.id;
    found.changes = vec![Change::Patch(Patch::Workload(WorkloadPatch {
        kind: id.kind.to_string(),
        name: ObjectName { namespace: id.namespace.clone(), name: id.name.clone() },
        containers: vec![container],
        ..WorkloadPatch::default()
    }))];
    Some(found)
}

fn basis(question: &Question<'_>, rate_measured: bool) -> Vec<String> {
    let mut basis = Vec::new();
    if let Some(busiest) = &question.plan.busiest_ztunnel {
        basis.push(format!(
            "the busiest is on {}: {} captured pods, {:.0} requests per second, up to {:.0} MiB",
            busiest.node,
            busiest.pods,
            busiest.rate.as_per_second(),
            busiest.memory.upper.as_mib(),
        ));
    }
    let measured = question.plan.ztunnel.as_ref().and_then(|cost| cost.measured.as_ref());
    basis.extend(measured.map(MeasuredMemory::in_words));
    if !rate_measured {
        basis.push("CPU request kept: not all captured traffic was measured".to_owned());
    }
    basis
}
