//! Requests and limits of each sidecar.
//!
//! **Question.** What does the proxy beside this application need, and what does it ask for?
//! **Law.** [`super::proxy_size`].
//! **Decision.** Changed where it is dangerous, or further off than the policy tolerates. CPU is lowered only where
//! the rate was measured, and never where an autoscaler that looks at whole pods would answer with more of them.
//! **Patch.** All four annotations: Istio's template takes all of them or none, so that a single one erases the other
//! defaults. A proxy that stands in the template itself has its resources changed there.

use super::proxy_size::{BusyNeed, Evidence, ProxySize, proxy_size, requested_memory};
use super::{Amount, BusyCpu, Kind, Member, Question, Recommendation, Risk, Setting, Withheld, busy_cpu};
use crate::inventory::objects::{ContainerPatch, Patch, WorkloadPatch};
use crate::inventory::{
    Change, Labels, ObjectName, PROXY_CONTAINER, PROXY_CPU, PROXY_CPU_LIMIT, PROXY_MEMORY, PROXY_MEMORY_LIMIT, request,
};
use crate::mesh::ProxyMode;
use crate::overhead::{MeasuredMemory, ProxyCost};
use crate::policy::SidecarForm;
use crate::quantity::{print_bytes, print_cpu};
use crate::resources::Requirements;
use crate::units::{Cores, Memory, Millicores};

/// Sizes every sidecar.
#[must_use]
pub fn proxy_resources(question: &Question<'_>) -> Vec<Recommendation> {
    let sidecars = question.members().filter(|it| it.member.mode == ProxyMode::Sidecar);
    let mut found: Vec<Recommendation> = sidecars.filter_map(|it| of_sidecar(question, &it)).collect();
    found.extend(without_traffic(question));
    found
}

/// What CPU requests would come down to at the rate that the policy assumes, which is no reason to cut them.
fn without_traffic(question: &Question<'_>) -> Option<Recommendation> {
    let (mut now, mut then, mut proxies) = (0_u64, 0_u64, 0_u64);
    for it in question.members().filter(|it| it.member.mode == ProxyMode::Sidecar && !it.plan.rps_measured) {
        let Some(cost) = it.plan.proxy.as_ref() else { continue };
        let today = cost.requests.cpu.unwrap_or_default();
        let needed = super::steps::cpu(cost.cpu_needed.max(question.policy().least_proxy_cpu));
        if needed < today {
            now = now.saturating_add(today.get().saturating_mul(it.workload.replicas));
            then = then.saturating_add(needed.get().saturating_mul(it.workload.replicas));
            proxies += it.workload.replicas;
        }
    }
    if proxies == 0 {
        return None;
    }
    let amount = |millicores: u64| Amount::Cpu(Millicores::new(millicores));
    let setting = Setting::exact("CPU requests of all", Some(amount(now)), amount(then));
    let subject = format!("{proxies} proxies without measured traffic");
    let rate = question.inputs.policy.traffic.rps_per_proxy.as_per_second();
    let missing = format!(
        "{rate} requests per second are assumed for {proxies} proxies; measure their traffic (columns inbound_rps and \
         outbound_rps of a table) before their CPU requests are cut"
    );
    let found = Recommendation::new(Kind::ProxyResources, "cpu-without-traffic", subject, vec![setting]);
    Some(found.withhold(Withheld::Data(missing)))
}

fn of_sidecar(question: &Question<'_>, it: &Member<'_>) -> Option<Recommendation> {
    let proxy = it.member.proxy.as_ref()?;
    let cost = it.plan.proxy.as_ref()?;
    let would_scale = would_scale_out(it, cost);
    let busy = busy_cpu(question, it);
    let evidence = Evidence {
        cost,
        workers: proxy.workers,
        rate_measured: it.plan.rps_measured,
        busy: busy.as_ref().map(|busy| BusyNeed::of(busy, &question.inputs.policy.sizing)),
        throttled: it.workload.measured.throttled,
        may_lower_cpu: would_scale.is_none(),
        default_limits: &question.inputs.card.injection.limits,
    };
    let size = proxy_size(&evidence, question.policy());
    if !size.worth || !size.settings.iter().any(Setting::changes) {
        return None;
    }
    let name = it.name();
    let mut found = Recommendation::new(Kind::ProxyResources, &name, it.workload.id.to_string(), size.settings.clone());
    found = found.of_workload(&name);
    found.terms.clone_from(&requested_memory(cost).basis.terms);
    found.basis = basis(it, cost, &size, busy.as_ref());
    found.basis.extend(would_scale);
    found.own = freed(it, cost, &size);
    found.risk = risk(it, &size);
    found.changes = vec![Change::Patch(Patch::Workload(patch(it, &size.target)))];
    found.withheld = it.not_patchable().map(Withheld::NotPatchable);
    Some(found)
}

/// Why a lower request would make an autoscaler add pods: it looks at usage over requests of whole pods. `None` where
/// it would not.
fn would_scale_out(it: &Member<'_>, cost: &ProxyCost) -> Option<String> {
    let target = it.workload.autoscaler.as_ref()?.pod_cpu_percent()? as f64 / 100.0;
    if !it.plan.app_measured {
        return Some(
            "CPU is not lowered: an autoscaler looks at whole pods, and what the application uses was not measured"
                .to_owned(),
        );
    }
    let replicas = it.workload.replicas.max(1) as f64;
    let used = it.plan.app_cpu.as_cores() / replicas + cost.cpu.upper.as_cores();
    let requested = request::application_request(&it.workload.spec).cpu.to_cores().as_cores()
        + cost.cpu_needed.to_cores().as_cores();
    (requested > 0.0 && used / requested > target).then(|| {
        format!(
            "CPU is not lowered: {:.0} % of what whole pods then request would be used, and their autoscaler adds pods \
             above {:.0} %",
            used / requested * 100.0,
            target * 100.0
        )
    })
}

fn basis(it: &Member<'_>, cost: &ProxyCost, size: &ProxySize, busy: Option<&BusyCpu>) -> Vec<String> {
    let peak = &cost.startup_memory;
    let mut basis = vec![format!(
        "start-up peak {:.0} MiB, up to {:.0} MiB, for {} clusters, {} endpoints and {} worker threads",
        peak.value.as_mib(),
        peak.upper.as_mib(),
        it.plan.visible.clusters,
        it.plan.visible.endpoints,
        it.plan.workers,
    )];
    basis.extend(cost.measured.as_ref().map(MeasuredMemory::in_words));
    if it.plan.rps_measured {
        let rate = it.plan.rps_per_proxy;
        basis.push(format!(
            "{:.3} cores, up to {:.3}, at {rate:.1} requests per second measured",
            cost.cpu.value.as_cores(),
            cost.cpu.upper.as_cores()
        ));
    } else if busy.is_none() {
        basis.push("CPU request kept: no traffic was measured".to_owned());
    }
    basis.extend(busy.map(|busy| busy.basis.clone()));
    if size.target.limits.memory == cost.limits.memory {
        basis.push("memory limit kept: a limit costs nothing until it kills".to_owned());
    }
    basis
}

fn risk(it: &Member<'_>, size: &ProxySize) -> Risk {
    let mut brings = vec!["its pods are replaced once".to_owned()];
    if it.plan.scope.decided_by.contains("Sidecar") {
        brings.push("the peak grows again if its Sidecar goes".to_owned());
    }
    Risk { removes: size.dangers.first().cloned(), brings }
}

fn freed(it: &Member<'_>, cost: &ProxyCost, size: &ProxySize) -> (Cores, Memory) {
    let replicas = it.workload.replicas as f64;
    let (before, after) = (cost.requests.to_resources(), size.target.requests.to_resources());
    (
        (before.cpu.to_cores() - after.cpu.to_cores()) * replicas,
        (before.memory.to_memory() - after.memory.to_memory()) * replicas,
    )
}

fn patch(it: &Member<'_>, target: &Requirements) -> WorkloadPatch {
    let id = &it.workload.id;
    let patch = WorkloadPatch {
        kind: id.kind.to_string(),
        name: ObjectName { namespace: id.namespace.clone(), name: id.name.clone() },
        ..WorkloadPatch::default()
    };
    if stands_in_template(it) {
        let (requests, limits) = (target.requests.clone(), target.limits.clone());
        let init = it.member.proxy.as_ref().is_some_and(|proxy| proxy.form == SidecarForm::Native);
        let container = ContainerPatch { name: PROXY_CONTAINER.to_owned(), init, requests, limits };
        return WorkloadPatch { containers: vec![container], ..patch };
    }
    WorkloadPatch { annotations: annotations(target), ..patch }
}

/// Whether the proxy was put into the manifest: then injection leaves it alone.
fn stands_in_template(it: &Member<'_>) -> bool {
    let runs = it.member.proxy.as_ref().is_some_and(|proxy| proxy.running > 0);
    runs && it.workload.replicas_basis != crate::inventory::ReplicasBasis::ListedPods
}

/// All four of them.
fn annotations(target: &Requirements) -> Labels {
    let cpu = |amount: Option<Millicores>| amount.map(print_cpu);
    let memory = |amount: Option<crate::units::Bytes>| amount.map(print_bytes);
    let all = [
        (PROXY_CPU, cpu(target.requests.cpu)),
        (PROXY_CPU_LIMIT, cpu(target.limits.cpu)),
        (PROXY_MEMORY, memory(target.requests.memory)),
        (PROXY_MEMORY_LIMIT, memory(target.limits.memory)),
    ];
    all.into_iter().filter_map(|(key, amount)| Some((key.to_owned(), amount?))).collect()
}
