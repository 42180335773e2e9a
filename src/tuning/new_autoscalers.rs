//! Autoscalers for workloads that have none and whose load needs one.
//!
//! **Question.** Do its busiest moments need more replicas than run while the mean does not, or do more run than even
//! these need?
//! **Law.** Replicas for a use `U` are `⌈U / (T · R)⌉`, with `R` what the application's container requests and `T` the
//! target of the policy (Kubernetes, "Horizontal Pod Autoscaling", Algorithm details).
//! **Decision.** From the replicas of the mean to those of the 99th percentile of moments; never to fewer than two where
//! two run, and to no fewer at most than run today. It looks at the container alone, so that neither the proxy's use nor
//! its request moves it: use per replica falls by exactly what a replica adds, and there is no loop. Only Deployments
//! that may run two pods at once.
//! **Patch.** An `autoscaling/v2` object. The plan then has the replicas of the busiest moments.

use super::{Amount, Kind, Member, Question, Recommendation, Risk, Setting, Withheld};
use crate::inventory::objects::{Metric, UpdateKind};
use crate::inventory::request::application_request;
use crate::inventory::{Autoscaler, Change, Container, ObjectName, Peaks};
use crate::mesh::ProxyMode;
use crate::units::{Cores, Millicores};

/// What autoscalers tolerate between use and target before they act (`--horizontal-pod-autoscaler-tolerance`).
const TOLERANCE: f64 = 0.1;

/// Looks at every workload of the mesh without an autoscaler whose CPU was measured over time.
#[must_use]
pub fn new_autoscalers(question: &Question<'_>) -> Vec<Recommendation> {
    let applications = || {
        let in_mesh = |it: &Member<'_>| matches!(it.member.mode, ProxyMode::Sidecar | ProxyMode::Ambient);
        let kinds = ["Deployment", "StatefulSet"];
        question
            .members()
            .filter(move |it| in_mesh(it) && it.workload.autoscaler.is_none())
            .filter(move |it| kinds.contains(&&*it.workload.id.kind))
    };
    let busy = |it: &Member<'_>| it.workload.measured.busy.app_cpu;
    let mut found: Vec<Recommendation> =
        applications().filter_map(|it| busy(&it).and_then(|peaks| of_workload(question, &it, &peaks))).collect();
    let without: Vec<Member<'_>> = applications().filter(|it| busy(it).is_none()).collect();
    if !without.is_empty() {
        found.push(without_series(&without));
    }
    found
}

fn without_series(without: &[Member<'_>]) -> Recommendation {
    let workloads = without.len();
    let unrequested = without.iter().filter(|it| request_of(it).is_none()).count();
    let setting = Setting::exact("autoscalers", None, Amount::Text("unknown".to_owned()));
    let mut missing = format!(
        "no CPU of the application over time for {workloads} workloads (columns time, pod and app_cpu_milli of a table, \
         30 moments or more): whether their busiest moments need more replicas is not known"
    );
    if unrequested > 0 {
        missing.push_str(&format!(
            "; {unrequested} of them have no container whose CPU request a target could be a share of"
        ));
    }
    let subject = format!("{workloads} workloads without an autoscaler");
    Recommendation::new(Kind::ApplicationAutoscalers, "without-series", subject, vec![setting])
        .withhold(Withheld::Data(missing))
}

/// The container that follows the load, where one can be told apart, and the CPU it requests, if any.
fn request_of<'a>(it: &Member<'a>) -> Option<(&'a Container, Millicores)> {
    let own = it.workload.application_container()?;
    own.resources.effective_requests().cpu.filter(|request| !request.is_zero()).map(|request| (own, request))
}

/// Replicas for the mean, the 99th percentile and the largest of the moments.
struct Wanted {
    mean: u64,
    p99: u64,
    largest: u64,
}

fn of_workload(question: &Question<'_>, it: &Member<'_>, peaks: &Peaks<Cores>) -> Option<Recommendation> {
    let target = question.policy().autoscaler_target.get();
    let Some((own, request)) = request_of(it) else {
        return without_request(it, it.workload.application_container());
    };
    let mean = it.workload.measured.app_cpu.unwrap_or_default();
    let replicas_for = |used: Cores| {
        let count = used.as_cores() / (request.to_cores().as_cores() * target);
        (count * (1.0 - 1e-9)).ceil().max(1.0) as u64
    };
    let wanted =
        Wanted { mean: replicas_for(mean), p99: replicas_for(peaks.p99), largest: replicas_for(peaks.largest) };
    let now = it.workload.replicas;
    let used = peaks.p99.as_cores() / (request.to_cores().as_cores() * target * now as f64);
    let is_short = wanted.p99 > now && used > 1.0 + TOLERANCE;
    let least = wanted.mean.max(now.min(2));
    let rest = wanted.p99.max(least);
    let is_wasteful = rest < now && (now - rest) as f64 > question.policy().tolerance.get().max(TOLERANCE) * now as f64;
    if !is_short && !is_wasteful {
        return None;
    }
    let most = wanted.p99.max(now).max(least);
    let autoscaler = Autoscaler {
        name: ObjectName { namespace: it.workload.id.namespace.clone(), name: it.workload.id.name.clone() },
        target_kind: it.workload.id.kind.to_string(),
        target_name: it.workload.id.name.clone(),
        min_replicas: least,
        max_replicas: most,
        metrics: vec![Metric::of_container_cpu(&own.name, (target * 100.0).round().max(1.0) as u64)],
        ..Autoscaler::default()
    };
    let name = it.name();
    let settings = settings(&wanted, &autoscaler, now, &own.name, target);
    let mut found = Recommendation::new(Kind::ApplicationAutoscalers, &name, it.workload.id.to_string(), settings);
    found = found.of_workload(&name);
    found.basis = basis(it, own, request, peaks, &wanted, target);
    found.own = freed(it, now, rest);
    found.risk = risk(it, &autoscaler, &wanted, is_short);
    found.changes = vec![Change::Autoscaler(autoscaler)];
    found.withheld = must_not_scale(question, it).map(Withheld::NotPatchable);
    Some(found)
}

/// Utilisation is a share of a request: without one, or with several containers, there is nothing to go by.
fn without_request(it: &Member<'_>, own: Option<&Container>) -> Option<Recommendation> {
    let name = it.name();
    let missing = match own {
        Some(own) => format!("a CPU request of container {}: a target is a share of it", own.name),
        None => "which of its containers follows the load: an autoscaler of one cannot be told apart".to_owned(),
    };
    let setting = Setting::exact("autoscaler", None, Amount::Text("by CPU of its application".to_owned()));
    let found = Recommendation::new(Kind::ApplicationAutoscalers, &name, it.workload.id.to_string(), vec![setting]);
    Some(found.of_workload(&name).withhold(Withheld::Data(missing)))
}

fn settings(wanted: &Wanted, autoscaler: &Autoscaler, now: u64, container: &str, target: f64) -> Vec<Setting> {
    let most = Setting {
        name: "most replicas",
        current: Some(Amount::Count(now)),
        lower: Amount::Count(wanted.p99.min(autoscaler.max_replicas)),
        target: Amount::Count(autoscaler.max_replicas),
        upper: Amount::Count(wanted.largest.max(autoscaler.max_replicas)),
    };
    let least = Setting::exact("least replicas", Some(Amount::Count(now)), Amount::Count(autoscaler.min_replicas));
    let metric = Amount::Text(format!("{:.0} % of container {container}", target * 100.0));
    let metric = Setting::exact("metric", None, metric);
    // What the recommendation is about comes first.
    if autoscaler.max_replicas > now { vec![most, least, metric] } else { vec![least, most, metric] }
}

fn basis(
    it: &Member<'_>,
    own: &Container,
    request: Millicores,
    peaks: &Peaks<Cores>,
    wanted: &Wanted,
    target: f64,
) -> Vec<String> {
    let mean = it.workload.measured.app_cpu.unwrap_or_default();
    vec![
        format!(
            "the application uses {:.0}m on average, {:.0}m at p99 and {:.0}m at most, in {} moments over {:.1} hours",
            mean.as_millis(),
            peaks.p99.as_millis(),
            peaks.largest.as_millis(),
            peaks.moments,
            peaks.span.as_seconds() / 3600.0,
        ),
        format!(
            "at {:.0} % of the {}m that container {} requests that is {} replicas, {} and {}; {} run",
            target * 100.0,
            request.get(),
            own.name,
            wanted.mean,
            wanted.p99,
            wanted.largest,
            it.workload.replicas,
        ),
    ]
}

fn risk(it: &Member<'_>, autoscaler: &Autoscaler, wanted: &Wanted, is_short: bool) -> Risk {
    let removes = is_short
        .then(|| "its busiest moments use more of its request than the target while no replica is added".to_owned());
    let mut brings =
        vec![format!("take spec.replicas out of the manifest of {}: each apply would set it back", it.workload.id)];
    let least = autoscaler.min_replicas.max(1);
    let step = 1.0 / least as f64;
    if step > TOLERANCE && autoscaler.max_replicas > least {
        brings.push(format!(
            "of {least} replicas one more or less changes the use of each by up to {:.0} %, beyond the tolerance of 10 %: \
             replicas follow swings of the load, held back by five minutes before they go down",
            step * 100.0
        ));
    }
    if wanted.largest > autoscaler.max_replicas {
        brings.push(format!("the very busiest moment would ask for {} replicas", wanted.largest));
    }
    Risk { removes, brings }
}

/// What replicas that go give back, or those that come take.
fn freed(it: &Member<'_>, now: u64, rest: u64) -> (Cores, crate::units::Memory) {
    let app = application_request(&it.workload.spec);
    let proxy = it.plan.proxy.as_ref().map(|cost| cost.requests.to_resources()).unwrap_or_default();
    let fewer = now as f64 - rest as f64;
    ((app.cpu.to_cores() + proxy.cpu.to_cores()) * fewer, (app.memory.to_memory() + proxy.memory.to_memory()) * fewer)
}

/// Why its pods may not run side by side in any number.
fn must_not_scale(question: &Question<'_>, it: &Member<'_>) -> Option<String> {
    if &*it.workload.id.kind == "StatefulSet" {
        return Some(
            "pods of a StatefulSet hold state: whether others can share its load, only its owner knows".to_owned(),
        );
    }
    let update = question.inventory().updates.get(&it.workload.id);
    update
        .is_some_and(|update| update.kind == UpdateKind::Recreate)
        .then(|| "its strategy Recreate says that pods must not run side by side".to_owned())
}
