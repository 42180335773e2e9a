//! Nodes on which nobody but istiod takes CPU.
//!
//! **Question.** While istiod pushes to everybody, does it get the cores that the times of the plan count on?
//! **Law.** [`crate::model::part_of`]: those on a node share its CPU by their requests, as far as they want it; others want
//! what was measured in their busiest moments, on average, or else what they request. [`crate::model::Convergence`] with
//! what is left of the cores gives the times.
//! **Decision.** Nodes of its own where proxies then wait longer than the policy lets them after a restart, and would not
//! on such nodes. Where it only takes longer, by more than is tolerated, it is people's choice. Where a higher CPU request
//! does the same on the node it has, that is said instead; where the node leaves enough, or
//! the policy gives it nodes of its own already, nothing is.
//! **Patch.** None: nodes are tainted, and istiod is installed with a selector and a toleration, by whoever runs the
//! cluster. What it costs is asked of the scheduler: whether the others fit on the nodes that remain.
//!
//! **Source.** `nodeSelector`, `tolerations` and `affinity` of the istio-discovery chart (`values.yaml`); Kubernetes
//! documentation, "Taints and Tolerations".

use std::collections::{BTreeMap, BTreeSet};

use super::node_prices::{Prices, names};
use super::{Amount, Kind, Member, Question, Recommendation, Saves, Setting, Withheld, busy_cpu};
use crate::card::ModelCard;
use crate::inventory::objects::PodSpec;
use crate::inventory::request::{application_request, pod_request};
use crate::inventory::{Place, Pod, WorkloadId};
use crate::model::{Contender, Convergence, part_of};
use crate::overhead::Operation;
use crate::scenario::{Check, CheckKind, Standing};
use crate::units::{Cores, Millicores, MoneyPerHour, Seconds};

/// Looks whether istiod needs nodes of its own.
#[must_use]
pub fn istiod_nodes(question: &Question<'_>) -> Vec<Recommendation> {
    of_mesh(question).into_iter().collect()
}

fn of_mesh(question: &Question<'_>) -> Option<Recommendation> {
    if question.inputs.policy.control_plane.dedicated_nodes {
        return None;
    }
    let operation = question.plan.control_plane.operation.as_ref().filter(|it| it.deployed)?;
    let standing = question.standing()?;
    let wants = wants(question);
    let counted = Cores::new(operation.runtime.cores as f64);
    let seats = seats(standing, &wants, counted);
    // The replica that gets least is the last to be done.
    let least = |cpu: fn(&Seat) -> Cores| seats.iter().map(cpu).min_by(|a, b| a.as_cores().total_cmp(&b.as_cores()));
    let (now, alone) = (least(|it| it.now)?, least(|it| it.alone)?);
    let card = question.inputs.card_as_installed();
    let times = |cpu: Cores| Times::of(operation, &card, cpu);
    let (before, after) = (times(now), times(alone));
    let tolerance = question.policy().tolerance.get();
    if !before.is_longer_than(&after, tolerance) {
        return None;
    }
    let within = question.inputs.policy.control_plane.reconnect_within;
    let is_late = before.reconnect > within && after.reconnect <= within;
    let nodes: BTreeSet<usize> = seats.iter().map(|it| it.node).collect();
    let (added, money) = cost(question, standing, &nodes);

    let settings = vec![
        Setting::exact("nodes of its own", Some(Amount::Count(0)), Amount::Count(nodes.len() as u64)),
        Setting::exact("CPU left to it", Some(cpu(now)), cpu(alone)),
        Setting::exact("nodes to add", None, Amount::Count(added)),
    ];
    let mut found = Recommendation::new(Kind::IstiodNodes, "mesh", "istiod", settings);
    let worst = least(|it| it.worst)?;
    let own = names(standing.inventory(), &nodes.iter().copied().collect::<Vec<usize>>());
    found.basis = basis(operation, now, worst, &before, &after);
    found.basis.extend(how(&own, added, question));
    found.risk.removes = is_late.then(|| {
        format!(
            "after a restart of istiod some proxies have stale endpoints for {:.0} s while its neighbours are busy",
            before.reconnect.as_seconds()
        )
    });
    found.risk.brings = vec![
        "CPU and memory of these nodes that istiod does not use serve nobody".to_owned(),
        "istiod is replaced once: all proxies connect again".to_owned(),
    ];
    found.saves = Saves {
        nodes: -(added as f64),
        money: MoneyPerHour::new(0.0 - money.amount()),
        config_change: before.config_change - after.config_change,
        reconnect: before.reconnect - after.reconnect,
        ..Saves::default()
    };
    let asked = seats.iter().map(|it| it.may_request).min()?;
    let by_request = least(|it| it.by_request)?;
    let then = times(by_request);
    if !then.is_longer_than(&after, tolerance) {
        let what = format!(
            "a CPU request of {}m, for which its nodes have room, leaves it {:.1} cores and does the same without nodes of \
             its own, at the expense of its neighbours: say which",
            asked.get(),
            by_request.as_cores()
        );
        return Some(found.withhold(Withheld::Choice(what)));
    }
    if !is_late {
        let what = format!(
            "a change of configuration takes {:.2} s instead of {:.2} s on nodes of its own; say whether that is worth {}, \
             with {} to add",
            before.config_change.as_seconds(),
            after.config_change.as_seconds(),
            count(nodes.len() as u64),
            count(added),
        );
        return Some(found.withhold(Withheld::Choice(what)));
    }
    Some(found)
}

/// A replica of istiod on its node, and what CPU it gets there.
struct Seat {
    node: usize,
    /// While others use what they are known to.
    now: Cores,
    /// While others use all they may.
    worst: Cores,
    /// Without all that could be elsewhere.
    alone: Cores,
    /// The most it could request there.
    may_request: Millicores,
    /// With that request.
    by_request: Cores,
}

fn seats(standing: &Standing, wants: &BTreeMap<&WorkloadId, Cores>, counted: Cores) -> Vec<Seat> {
    let inventory = standing.inventory();
    let offered = standing.setting().offered;
    let mut on_nodes: BTreeMap<usize, Vec<&Pod>> = BTreeMap::new();
    for pod in &inventory.pods {
        if let Place::On(node) = pod.place {
            on_nodes.entry(node).or_default().push(pod);
        }
    }
    let kind = |pod: &Pod| inventory.workloads.get(pod.workload);
    let is_istiod = |pod: &Pod| kind(pod).is_some_and(|it| it.is_istiod());
    let stays = |pod: &Pod| is_istiod(pod) || kind(pod).is_some_and(|it| &*it.id.kind == "DaemonSet");
    let known = |pod: &Pod| {
        let measured = kind(pod).and_then(|it| wants.get(&it.id)).copied();
        Contender { request: request(pod), wants: measured.unwrap_or_else(|| request(pod).to_cores()) }
    };
    let most = |pod: &Pod| Contender { request: request(pod), wants: limit(&pod.spec) };
    let mut seats = Vec::new();
    for (&node, pods) in &on_nodes {
        let Some(cpu) = offered.get(node).map(|it| it.resources.cpu) else { continue };
        for (place, istiod) in pods.iter().enumerate().filter(|(_, pod)| is_istiod(pod)) {
            let others = || pods.iter().enumerate().filter(move |(other, _)| *other != place).map(|(_, pod)| *pod);
            let own = |request: Millicores| Contender { request, wants: counted };
            let part = |request, others: Vec<Contender>| part_of(cpu.to_cores(), own(request), &others);
            let asked: u64 = others().map(|pod| request(pod).get()).sum();
            let may_request = Millicores::new(cpu.get().saturating_sub(asked).max(request(istiod).get()));
            seats.push(Seat {
                node,
                now: part(request(istiod), others().map(known).collect()),
                worst: part(request(istiod), others().map(most).collect()),
                alone: part(request(istiod), others().filter(|pod| stays(pod)).map(known).collect()),
                may_request,
                by_request: part(may_request, others().map(known).collect()),
            });
        }
    }
    seats
}

fn request(pod: &Pod) -> Millicores {
    pod_request(&pod.spec).cpu
}

/// The most CPU a pod may use: endless where one of its containers has no limit.
fn limit(spec: &PodSpec) -> Cores {
    let sidecars = spec.init_containers.iter().filter(|init| init.restartable);
    let limits = spec.containers.iter().chain(sidecars).map(|container| container.resources.limits.cpu);
    let all: Option<u64> = limits.map(|limit| limit.map(Millicores::get)).sum();
    all.map_or(Cores::new(f64::INFINITY), |all| Millicores::new(all).to_cores())
}

/// What each pod of a workload uses: in its busiest moments, or on average, or else what its application requests; with
/// what its proxy uses.
fn wants<'q>(question: &'q Question<'_>) -> BTreeMap<&'q WorkloadId, Cores> {
    let of_pod = |it: Member<'q>| {
        let replicas = it.workload.replicas.max(1) as f64;
        let busy = it.workload.measured.busy.app_cpu.map(|peaks| peaks.p99 / replicas);
        let mean = it.workload.measured.app_cpu.map(|cpu| cpu / replicas);
        let app = busy.or(mean).unwrap_or_else(|| application_request(&it.workload.spec).cpu.to_cores());
        let proxy = busy_cpu(question, &it).map(|busy| busy.p99.value);
        let proxy = proxy.or(it.plan.proxy.as_ref().map(|cost| cost.cpu.value)).unwrap_or(Cores::ZERO);
        (&it.workload.id, app + proxy)
    };
    question.members().map(of_pod).collect()
}

/// How long proxies wait while each replica gets so much CPU.
struct Times {
    config_change: Seconds,
    reconnect: Seconds,
}

impl Times {
    fn of(operation: &Operation, card: &ModelCard, cpu: Cores) -> Self {
        let law = Convergence { work: &card.istiod_work, limits: &card.istiod_limits };
        let serving = operation.serving.left_with(cpu);
        Self { config_change: serving.config_change(&law).time.value, reconnect: serving.reconnect(&law).time.value }
    }

    fn is_longer_than(&self, other: &Self, tolerance: f64) -> bool {
        let is_longer =
            |own: Seconds, other: Seconds| own.as_seconds() - other.as_seconds() > tolerance * own.as_seconds();
        is_longer(self.config_change, other.config_change) || is_longer(self.reconnect, other.reconnect)
    }
}

/// Nodes to add, and their price, so that those of istiod can be its own: none where the cluster without them still meets
/// everything that it meets today. That asks a place elsewhere for istiod as well, which it does not need.
fn cost(question: &Question<'_>, standing: &Standing, nodes: &BTreeSet<usize>) -> (u64, MoneyPerHour) {
    let today = standing.checks();
    let worse = |then: &Check| {
        let now = today.iter().find(|now| now.kind == then.kind);
        !then.met && now.is_none_or(|now| now.met || is_worse(then, now))
    };
    if !standing.checks_without(nodes).iter().any(worse) {
        return (0, MoneyPerHour::new(0.0));
    }
    let prices = Prices::of(&question.inputs.policy);
    let own = nodes.iter().filter_map(|&node| question.inventory().nodes.get(node));
    (nodes.len() as u64, own.filter_map(|node| prices.of_node(node)).sum())
}

/// Of what is missed anyway: shares that are free should be larger, everything else smaller.
fn is_worse(then: &Check, now: &Check) -> bool {
    match then.kind {
        CheckKind::CpuHeadroom | CheckKind::MemoryHeadroom => then.found < now.found,
        _ => then.found > now.found,
    }
}

fn basis(operation: &Operation, now: Cores, worst: Cores, before: &Times, after: &Times) -> Vec<String> {
    vec![
        format!(
            "it can work on {} cores ({}); its neighbours leave it {:.1} in their busiest moments, and {:.1} if they take all \
             they may",
            operation.runtime.cores,
            operation.runtime.basis,
            now.as_cores(),
            worst.as_cores()
        ),
        format!(
            "a change of configuration takes {:.2} s, on nodes of its own {:.2} s",
            before.config_change.as_seconds(),
            after.config_change.as_seconds()
        ),
        format!(
            "connecting all proxies again takes {:.1} s, on nodes of its own {:.1} s",
            before.reconnect.as_seconds(),
            after.reconnect.as_seconds()
        ),
    ]
}

fn how(nodes: &[String], added: u64, question: &Question<'_>) -> Vec<String> {
    let nodes = match added {
        0 => format!("the others fit on the remaining nodes: keep {} for it", nodes.join(", ")),
        more => format!("the others need the room: add {more} of {}", question.inputs.policy.node_pool.name),
    };
    vec![
        nodes,
        "taint and label its nodes (kubectl taint nodes NODE dedicated=istiod:NoSchedule, kubectl label nodes NODE \
         dedicated=istiod) and install istiod with the values pilot.nodeSelector {dedicated: istiod} and pilot.tolerations \
         [{key: dedicated, operator: Equal, value: istiod, effect: NoSchedule}]"
            .to_owned(),
        "with control_plane.dedicated_nodes = true the policy has the plan count a node for each replica".to_owned(),
    ]
}

fn cpu(cores: Cores) -> Amount {
    Amount::Cpu(Millicores::new(cores.as_millis().round() as u64))
}

fn count(nodes: u64) -> String {
    match nodes {
        0 => "no node".to_owned(),
        1 => "a node".to_owned(),
        many => format!("{many} nodes"),
    }
}
