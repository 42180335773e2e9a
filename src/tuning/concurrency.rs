//! Worker threads of each sidecar.
//!
//! **Question.** Do its threads fit its rate and its CPU limit?
//! **Law.** Threads needed are `⌈U / ρ⌉`, with `U` the upper end of its CPU, at the p99 of a measured series, and `ρ` the share of a thread the policy
//! allows to be busy: beyond that knee requests wait for each other. More threads than the CPU limit has cores are
//! throttled together, each of them holds memory of its own for every cluster and listener, and connections spread
//! less evenly.
//! **Decision.** Threads that nothing bounds, or that exceed the limit, come down to the limit; too few for a measured
//! rate go up.
//! **Patch.** A `ProxyConfig` that selects its pods: it wins over annotations and over what the limit implies.
//!
//! **Source.** pilot-agent (Istio 1.18 and later) for the rule; istio/istio issues 61683, 59628 and 51456 for what
//! threads beyond the limit do.

use super::{Amount, Kind, Member, Question, Recommendation, Risk, Setting, Withheld, busy_cpu};
use crate::inventory::objects::ProxySettings;
use crate::inventory::{Change, ObjectName};
use crate::mesh::{Proxy, ProxyMode};
use crate::units::Millicores;

/// Looks at the worker threads of every sidecar.
#[must_use]
pub fn proxy_concurrency(question: &Question<'_>) -> Vec<Recommendation> {
    let sidecars = question.members().filter(|it| it.member.mode == ProxyMode::Sidecar);
    sidecars.filter_map(|it| of_sidecar(question, &it)).collect()
}

fn of_sidecar(question: &Question<'_>, it: &Member<'_>) -> Option<Recommendation> {
    let proxy = it.member.proxy.as_ref()?;
    let cost = it.plan.proxy.as_ref()?;
    let allowed = allowed(question, proxy);
    let busy = busy_cpu(question, it);
    let peak = busy.as_ref().map_or(cost.cpu.upper, |busy| busy.p99.upper.max(cost.cpu.upper));
    let busiest = peak.as_cores() / question.policy().worker_utilization.get();
    let needed = u32::try_from(busiest.ceil().max(1.0) as u64).unwrap_or(u32::MAX);
    let too_few = it.plan.rps_measured && needed > proxy.workers;
    let target = if too_few { needed } else { allowed.max(needed) };
    if !too_few && proxy.workers <= target {
        return None;
    }
    let name = it.name();
    let setting = Setting {
        name: "worker threads",
        current: Some(Amount::Count(u64::from(proxy.workers))),
        lower: Amount::Count(u64::from(needed.min(target))),
        target: Amount::Count(u64::from(target)),
        upper: Amount::Count(u64::from(allowed.max(needed))),
    };
    let mut found = Recommendation::new(Kind::ProxyConcurrency, &name, it.workload.id.to_string(), vec![setting]);
    found = found.of_workload(&name);
    found.terms.clone_from(&cost.cpu.basis.terms);
    found.basis = vec![
        format!("{} threads today: {}", proxy.workers, proxy.workers_basis),
        format!("up to {:.3} cores are needed, {needed} threads", peak.as_cores()),
    ];
    found.basis.extend(busy.map(|busy| busy.basis));
    found.risk = risk(it, too_few);
    match settings(question, it, target) {
        Ok(settings) => found.changes = vec![Change::ProxySettings(settings)],
        Err(why) => return Some(found.withhold(Withheld::NotPatchable(why))),
    }
    Some(found)
}

/// Threads that its CPU limit has cores for; Istio's default limit where it has none.
fn allowed(question: &Question<'_>, proxy: &Proxy) -> u32 {
    let own = proxy.container.resources.limits.cpu.filter(|limit| !limit.is_zero());
    let cores = |limit: Millicores| u32::try_from(limit.get().div_ceil(1000).max(1)).unwrap_or(u32::MAX);
    own.or(question.inputs.card.injection.limits.cpu).map_or(proxy.workers, cores)
}

fn risk(it: &Member<'_>, too_few: bool) -> Risk {
    let removes = too_few.then(|| "requests wait for worker threads that are busy".to_owned());
    let brings = if it.plan.rps_measured {
        vec!["connections are spread over the threads anew: its pods are replaced once".to_owned()]
    } else {
        vec!["no traffic was measured: watch the CPU of the proxy after it".to_owned()]
    };
    Risk { removes, brings }
}

fn settings(question: &Question<'_>, it: &Member<'_>, threads: u32) -> Result<ProxySettings, String> {
    let selector = question.selector(it.workload).ok_or("its labels also select other workloads of the namespace")?;
    let id = &it.workload.id;
    let all = &question.inventory().istio.proxy_settings;
    let selects = |settings: &&ProxySettings| {
        let own = settings.selector.as_ref().filter(|labels| !labels.is_empty());
        settings.name.namespace == id.namespace
            && own.is_some_and(|labels| labels.iter().all(|(key, value)| it.workload.labels.get(key) == Some(value)))
    };
    if let Some(known) = all.iter().find(selects) {
        return Err(format!("ProxyConfig {} selects its pods: set concurrency: {threads} there", known.name));
    }
    Ok(ProxySettings {
        name: ObjectName::new(&id.namespace, &format!("{}-concurrency", id.name)),
        selector: Some(selector),
        concurrency: Some(threads),
        ..ProxySettings::default()
    })
}
