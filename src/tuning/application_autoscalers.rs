//! Autoscalers of applications with a sidecar.
//!
//! **Question.** At which use of its own request does the application get another replica, once the sidecar counts too?
//! **Law.** [`crate::model::dilution`]: a target of the pod is one of application and proxy together.
//! **Decision.** A `ContainerResource` metric of the application's container with the same target, where there is one
//! such container. Where there are several, or the autoscaler is written in `autoscaling/v1`, the target of the pod comes
//! down once the application would use more than it requests before a replica is added. What the proxy requests today
//! and what it needs are both looked at, for its size is decided later.
//! **Patch.** The whole list of metrics, as a patch replaces it: other metrics stand in it as they are written, and
//! behaviour is not touched.

use super::{Amount, Kind, Member, Question, Recommendation, Risk, Setting, Withheld, steps};
use crate::inventory::objects::{AutoscalerPatch, AutoscalingApi, Metric, Patch};
use crate::inventory::request::application_request;
use crate::inventory::{Autoscaler, Change};
use crate::mesh::ProxyMode;
use crate::model::Dilution;
use crate::units::{Millicores, Ratio};

/// Looks at every autoscaler by CPU of pods that have or get a sidecar.
#[must_use]
pub fn application_autoscalers(question: &Question<'_>) -> Vec<Recommendation> {
    let beside = question.members().filter(|it| it.member.mode == ProxyMode::Sidecar);
    beside.filter_map(|it| of_workload(question, &it)).collect()
}

fn of_workload(question: &Question<'_>, it: &Member<'_>) -> Option<Recommendation> {
    let autoscaler = it.workload.autoscaler.as_ref()?;
    let percent = autoscaler.pod_cpu_percent()?;
    let name = it.name();
    let subject = format!("HorizontalPodAutoscaler {}", autoscaler.name);
    let found = |to: String| {
        let today = Amount::Text(format!("{percent} % of the pod"));
        let settings = vec![Setting::exact("metric", Some(today), Amount::Text(to))];
        Recommendation::new(Kind::ApplicationAutoscalers, &name, subject.clone(), settings).of_workload(&name)
    };
    let alone = it.workload.application_container().filter(|_| autoscaler.api != AutoscalingApi::V1);
    let by_container = |name: &str| format!("{percent} % of container {name}");
    let Some(pods) = Pods::of(question, it) else {
        let measured = it.workload.measured.app_cpu.is_some();
        let to = alone.map_or_else(|| "another % of the pod".to_owned(), |own| by_container(&own.name));
        let why = "measured CPU of the application: without it nobody knows what the sidecar does to the mean";
        return (!measured).then(|| found(to).withhold(Withheld::Data(why.to_owned())));
    };
    let target = Ratio::new(percent as f64 / 100.0);
    let is_near = |it: &Dilution| (it.effective(target) / target - 1.0).abs() <= question.policy().tolerance.get();
    let most = pods.most_diluted();
    let runs_over = most.effective(target) > Ratio::new(1.0);
    let (to, metrics) = match alone {
        Some(own) if !pods.both().all(is_near) => {
            (by_container(&own.name), replaced(autoscaler, &Metric::of_container_cpu(&own.name, percent)))
        }
        None if runs_over => {
            let wanted = most.corrected(Ratio::new(target.as_number().min(1.0))).as_number();
            let corrected = (wanted * 100.0).floor().max(1.0) as u64;
            (format!("{corrected} % of the pod"), replaced(autoscaler, &Metric::of_pod_cpu(corrected)))
        }
        _ => return None,
    };
    let mut found = found(to);
    found.basis = pods.basis(it, percent);
    if alone.is_none() && autoscaler.api == AutoscalingApi::V1 {
        found
            .basis
            .push("autoscaling/v1 knows whole pods only: in v2 it could look at the application alone".to_owned());
    }
    let then = most.replicas(pods.used, most.corrected(target));
    let mut brings = vec![format!(
        "{then} replicas where {} were, within the autoscaler's bounds",
        most.replicas(pods.used, target)
    )];
    if then > autoscaler.max_replicas {
        brings.push(format!("its maximum of {} replicas then binds", autoscaler.max_replicas));
    }
    if alone.is_some() {
        brings.push("ContainerResource metrics need Kubernetes 1.27, or 1.30 where beta features are off".to_owned());
    }
    let removes = runs_over.then(|| "the application uses more than it requests before a replica is added".to_owned());
    found.risk = Risk { removes, brings };
    if autoscaler.api == AutoscalingApi::Beta {
        let why = "autoscaling/v2beta1 and v2beta2 are gone since Kubernetes 1.26: write it as autoscaling/v2 first";
        return Some(found.withhold(Withheld::NotPatchable(why.to_owned())));
    }
    let patch = AutoscalerPatch {
        name: autoscaler.name.clone(),
        api: autoscaler.api,
        metrics: Some(metrics),
        ..AutoscalerPatch::default()
    };
    found.changes = vec![Change::Patch(Patch::Autoscaler(patch))];
    Some(found)
}

/// Its metrics with another one in the place of that of the pod's CPU.
fn replaced(autoscaler: &Autoscaler, by: &Metric) -> Vec<Metric> {
    let mut metrics: Vec<Metric> = Vec::new();
    for metric in &autoscaler.metrics {
        let it = if metric.pod_cpu_percent().is_some() { by } else { metric };
        if !metrics.contains(it) {
            metrics.push(it.clone());
        }
    }
    metrics
}

/// What application and proxy of a pod request and use.
struct Pods {
    app_request: Millicores,
    today: (Millicores, Dilution),
    needed: (Millicores, Dilution),
    /// CPU of the application over all pods.
    used: crate::units::Cores,
    each: crate::units::Cores,
    proxy: crate::units::Cores,
}

impl Pods {
    /// `None` where the application requests nothing, or its use was not measured.
    fn of(question: &Question<'_>, it: &Member<'_>) -> Option<Self> {
        let cost = it.plan.proxy.as_ref()?;
        let used = it.workload.measured.app_cpu?;
        let each = used / it.workload.replicas as f64;
        let app_request = application_request(&it.workload.spec).cpu;
        let dilution = |request: Millicores| {
            Dilution::new((app_request.to_cores(), request.to_cores()), (each, cost.cpu.value)).map(|it| (request, it))
        };
        let needed = steps::cpu(cost.cpu_needed.max(question.policy().least_proxy_cpu));
        Some(Self {
            app_request,
            today: dilution(cost.requests.cpu.unwrap_or_default())?,
            needed: dilution(needed)?,
            used,
            each,
            proxy: cost.cpu.value,
        })
    }

    fn both(&self) -> impl Iterator<Item = &Dilution> {
        [&self.today.1, &self.needed.1].into_iter()
    }

    /// With the larger of both requests.
    fn most_diluted(&self) -> &Dilution {
        if self.needed.0 > self.today.0 { &self.needed.1 } else { &self.today.1 }
    }

    fn basis(&self, it: &Member<'_>, percent: u64) -> Vec<String> {
        let target = Ratio::new(percent as f64 / 100.0);
        let today = &self.today.1;
        let mut basis = vec![
            format!(
                "pods request {}m for the application and {}m for the proxy, and use {:.0}m and {:.0}m",
                self.app_request.get(),
                self.today.0.get(),
                self.each.as_millis(),
                self.proxy.as_millis(),
            ),
            format!(
                "{percent} % of the pod is {:.0} % of what the application requests",
                today.effective(target).as_number() * 100.0
            ),
            format!(
                "{:.0} % of the pod would be {percent} % of it; replicas for today's use {}, then {}",
                today.corrected(target).as_number() * 100.0,
                today.replicas(self.used, target),
                today.replicas(self.used, today.corrected(target)),
            ),
        ];
        if let Some(busy) = it.workload.measured.busy.app_cpu {
            let then = today.replicas(busy.p99, today.corrected(target));
            basis.push(format!("its busiest moments (p99 of {}) ask for {then} replicas", busy.moments));
        }
        basis
    }
}
