//! Autoscalers of applications with a sidecar.
//!
//! **Question.** At which use of its own request does the application get another replica, once the sidecar counts too?
//! **Law.** [`crate::model::dilution`]: a target of the pod is one of application and proxy together.
//! **Decision.** A `ContainerResource` metric of the application's container with the same target, where there is one
//! such container; the target of the pod that means the same where there are several.
//! **Patch.** None: metrics of an autoscaler are a list that a patch replaces as a whole, and it may hold others.

use super::{Amount, Kind, Member, Question, Recommendation, Risk, Setting, Withheld};
use crate::inventory::request::application_request;
use crate::inventory::{Container, PROXY_CONTAINER};
use crate::mesh::ProxyMode;
use crate::model::Dilution;
use crate::units::Ratio;

/// Looks at every autoscaler by CPU of pods that have or get a sidecar.
#[must_use]
pub fn application_autoscalers(question: &Question<'_>) -> Vec<Recommendation> {
    let beside = question.members().filter(|it| it.member.mode == ProxyMode::Sidecar);
    beside.filter_map(|it| of_workload(question, &it)).collect()
}

fn of_workload(question: &Question<'_>, it: &Member<'_>) -> Option<Recommendation> {
    let autoscaler = it.workload.autoscaler.as_ref().filter(|autoscaler| !autoscaler.container_metric)?;
    let percent = autoscaler.target_cpu_percent?;
    let target = Ratio::new(percent as f64 / 100.0);
    let proxy = it.plan.proxy.as_ref()?;
    let proxy_request = proxy.requests.cpu.unwrap_or_default();
    let app_request = application_request(&it.workload.spec).cpu;
    let subject = format!("HorizontalPodAutoscaler {}", autoscaler.name);
    let name = it.name();
    let found = |settings| {
        Recommendation::new(Kind::ApplicationAutoscalers, &name, subject.clone(), settings).of_workload(&name)
    };
    let setting = |to: String| {
        vec![Setting::exact("metric", Some(Amount::Text(format!("{percent} % of the pod"))), Amount::Text(to))]
    };
    let alone = alone(it);
    let by_container = |container: &Container| format!("{percent} % of container {}", container.name);
    let Some(used) = it.workload.measured.app_cpu else {
        let to = alone.map_or_else(|| "another % of the pod".to_owned(), by_container);
        let why = "measured CPU of the application: without it nobody knows what the sidecar does to the mean";
        return Some(found(setting(to)).withhold(Withheld::Data(why.to_owned())));
    };
    let replicas = it.workload.replicas as f64;
    let dilution =
        Dilution::new((app_request.to_cores(), proxy_request.to_cores()), (used / replicas, proxy.cpu.value))?;
    let effective = dilution.effective(target);
    let is_near = (effective / target - 1.0).abs() <= question.policy().tolerance.get();
    if is_near {
        return None;
    }
    let corrected = dilution.corrected(target).as_number();
    let to = alone.map_or_else(|| format!("{:.0} % of the pod", corrected * 100.0), by_container);
    let (now, then) = (dilution.replicas(used, target), dilution.replicas(used, dilution.corrected(target)));
    let mut found = found(setting(to));
    found.basis = vec![
        format!(
            "pods request {}m for the application and {}m for the proxy, and use {:.0}m and {:.0}m",
            app_request.get(),
            proxy_request.get(),
            (used / replicas).as_millis(),
            proxy.cpu.value.as_millis(),
        ),
        format!("{percent} % of the pod is {:.0} % of what the application requests", effective.as_number() * 100.0),
        format!(
            "{:.0} % of the pod would be {percent} % of it; replicas for today's use {now}, then {then}",
            corrected * 100.0
        ),
    ];
    found.risk = Risk {
        removes: (effective > Ratio::new(1.0))
            .then(|| "the application uses more than it requests before a replica is added".to_owned()),
        brings: vec![format!("{then} replicas where {now} were, within the autoscaler's bounds")],
    };
    let why = "its metrics are a list that a patch replaces as a whole, and there may be others: change this one in it";
    Some(found.withhold(Withheld::NotPatchable(why.to_owned())))
}

/// The container of the application, where it is the only one beside the proxy.
fn alone<'a>(it: &Member<'a>) -> Option<&'a Container> {
    let spec = &it.workload.spec;
    let mut own = spec.containers.iter().filter(|container| container.name != PROXY_CONTAINER);
    let sidecars = spec.init_containers.iter().any(|init| init.restartable && init.name != PROXY_CONTAINER);
    own.next().filter(|_| own.next().is_none() && !sidecars)
}
