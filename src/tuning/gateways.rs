//! Replicas and resources of each gateway and waypoint.
//!
//! **Question.** Do its replicas carry its traffic after the losses the policy names, and does each have what it needs?
//! **Law.** [`crate::overhead::pool_replicas`] for their number, [`super::proxy_size`] for each of them.
//! **Decision.** Replicas are only ever added: what one moment does not need, the next may. Each is sized for its part of
//! the traffic once they are there. With an autoscaler its
//! bounds go up instead.
//! **Patch.** The Deployment's `istio-proxy` container and replicas, or the bounds of its autoscaler; for pods that istiod
//! makes of a Gateway the ConfigMap that it merges in.

use super::proxy_size::{BusyNeed, Evidence, proxy_size, requested_memory};
use super::{Amount, Kind, Member, Question, Recommendation, Risk, Setting, busy_cpu};
use crate::inventory::objects::{AutoscalerPatch, ContainerPatch, Patch, WorkloadPatch};
use crate::inventory::{Change, PROXY_CONTAINER};
use crate::mesh::ProxyMode;
use crate::overhead::MeasuredMemory;
use crate::plan::{Plan, WorkloadPlan};
use crate::units::{Cores, Memory};

/// Sizes every gateway and waypoint.
#[must_use]
pub fn gateways(question: &Question<'_>) -> Vec<Recommendation> {
    let pools = question.members().filter(|it| matches!(it.member.mode, ProxyMode::Gateway | ProxyMode::Waypoint));
    let pools: Vec<Member<'_>> = pools.collect();
    let grown = grown(question, &pools);
    pools.iter().filter_map(|it| of_pool(question, it, grown.as_ref())).collect()
}

/// The plan with the replicas that fixed pools lack: each of more replicas has less to do. `None` where none lacks any.
fn grown(question: &Question<'_>, pools: &[Member<'_>]) -> Option<Plan> {
    let short = pools.iter().filter(|it| it.workload.autoscaler.is_none());
    let patches = short.filter_map(|it| lacking(it).map(|needed| Change::Patch(more_replicas(it, needed).1)));
    let changes: Vec<Change> = patches.collect();
    if changes.is_empty() {
        return None;
    }
    let inventory = question.inventory().clone().changed(&changes);
    Some(Plan::to_compare(question.inputs.with_inventory(inventory)))
}

/// Replicas that carry its traffic, where it cannot have that many.
fn lacking(it: &Member<'_>) -> Option<u64> {
    let needed = it.plan.pool.as_ref()?.needed;
    (it.plan.rps_measured && most_replicas(it) < needed).then_some(needed)
}

fn of_pool(question: &Question<'_>, it: &Member<'_>, grown: Option<&Plan>) -> Option<Recommendation> {
    let (proxy, pool) = (it.member.proxy.as_ref()?, it.plan.pool.as_ref()?);
    let id = &it.workload.id;
    let is_it = |of: &&WorkloadPlan| (&*of.namespace, &*of.kind, &*of.name) == (&*id.namespace, &*id.kind, &*id.name);
    let then = grown.and_then(|plan| plan.workloads.iter().find(is_it)).unwrap_or(it.plan);
    let cost = then.proxy.as_ref()?;
    let busy = busy_cpu(question, it);
    let evidence = Evidence {
        cost,
        workers: proxy.workers,
        rate_measured: it.plan.rps_measured,
        busy: busy.as_ref().map(|busy| BusyNeed::of(busy, &question.inputs.policy.sizing)),
        throttled: it.workload.measured.throttled,
        // Its autoscaler looks at nothing but this container.
        may_lower_cpu: it.workload.autoscaler.is_none(),
        default_limits: &question.inputs.card.injection.limits,
    };
    let size = proxy_size(&evidence, question.policy());
    let resizes = size.worth && size.settings.iter().any(Setting::changes);
    let scales = lacking(it).is_some();
    if !resizes && !scales {
        return None;
    }
    let name = it.name();
    let mut settings = Vec::new();
    let mut patches = Vec::new();
    if scales {
        let (setting, patch) = more_replicas(it, pool.needed);
        settings.push(setting);
        patches.push(patch);
    }
    if resizes {
        let (requests, limits) = (size.target.requests.clone(), size.target.limits.clone());
        let container = ContainerPatch { name: PROXY_CONTAINER.to_owned(), init: false, requests, limits };
        patches.push(Patch::Workload(WorkloadPatch { containers: vec![container], ..it.patch() }));
        settings.extend(size.settings.iter().cloned());
    }
    let mut found = Recommendation::new(Kind::Gateways, &name, it.workload.id.to_string(), settings).of_workload(&name);
    found.terms.clone_from(&requested_memory(cost).basis.terms);
    found.basis = vec![format!(
        "{:.1} requests per second over {} replicas: each uses {:.0} % of its CPU, {} replicas carry it after the losses \
         the policy names",
        pool.rate.as_per_second(),
        it.workload.replicas,
        pool.utilization * 100.0,
        pool.needed,
    )];
    found.basis.extend(cost.measured.as_ref().map(MeasuredMemory::in_words));
    if resizes {
        let replicas = it.workload.replicas as f64;
        let (before, after) = (cost.requests.to_resources(), size.target.requests.to_resources());
        found.own = (
            (before.cpu.to_cores() - after.cpu.to_cores()) * replicas,
            (before.memory.to_memory() - after.memory.to_memory()) * replicas,
        );
    } else {
        found.own = (Cores::ZERO, Memory::ZERO);
    }
    let too_few = scales.then(|| "its replicas do not carry the traffic once one is lost".to_owned());
    let danger = too_few.or(size.dangers.first().cloned().filter(|_| resizes));
    found.risk = Risk {
        removes: danger,
        brings: vec!["its pods are replaced once: connections from outside are drained".to_owned()],
    };
    Some(found.doing(it.changes(patches)))
}

/// Replicas it can have: those it has, or those its autoscaler may give it.
fn most_replicas(it: &Member<'_>) -> u64 {
    it.workload.autoscaler.as_ref().map_or(it.workload.replicas, |own| own.max_replicas.max(it.workload.replicas))
}

fn more_replicas(it: &Member<'_>, needed: u64) -> (Setting, Patch) {
    match &it.workload.autoscaler {
        None => {
            let setting = Setting::exact("replicas", Some(Amount::Count(it.workload.replicas)), Amount::Count(needed));
            (setting, Patch::Workload(WorkloadPatch { replicas: Some(needed), ..it.patch() }))
        }
        Some(own) => {
            let setting = Setting::exact("most replicas", Some(Amount::Count(own.max_replicas)), Amount::Count(needed));
            let patch = AutoscalerPatch {
                name: own.name.clone(),
                api: own.api,
                max_replicas: Some(needed),
                ..AutoscalerPatch::default()
            };
            (setting, Patch::Autoscaler(patch))
        }
    }
}
