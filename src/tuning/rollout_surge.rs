//! Rollouts that cannot begin, and rollouts that take what is to stay free.
//!
//! **Question.** Can each Deployment replace its pods in the cluster as planned?
//! **Law.** A Deployment may have `maxSurge` pods too many (rounded up) and `maxUnavailable` too few (rounded down), both
//! 25 % unless it says otherwise: below four replicas none may be away. Where then not one further pod finds a node,
//! its rollout never gets on. A large surge asks for all its pods at once.
//! **Decision.** One pod may be away where none may and none fits, if rollouts then come to their end, played one
//! after another. A surge above 25 % that takes the headroom of the policy goes back to 25 % where that keeps it.
//! **Patch.** `strategy.rollingUpdate` of the Deployment.
//!
//! **Source.** `ResolveFenceposts` in `pkg/controller/deployment/util/deployment_util.go`; the course of a rollout in
//! [`crate::course`].

use std::collections::{BTreeMap, BTreeSet};

use super::{Amount, Kind, Member, Question, Recommendation, Setting, Withheld};
use crate::course::{Course, End, Rollout, Room, rollout, room};
use crate::inventory::objects::{Patch, PodCount, RollingPatch, Rounding, UpdateStrategy, WorkloadPatch};
use crate::inventory::{Inventory, ObjectName};
use crate::mesh::ProxyMode;
use crate::scenario::Standing;

/// What a Deployment that says nothing may have too many.
const USUAL: PodCount = PodCount::Percent(25);

/// Looks at the rollout of every Deployment of the mesh.
#[must_use]
pub fn rollout_surge(question: &Question<'_>) -> Vec<Recommendation> {
    let Some(standing) = question.standing() else { return Vec::new() };
    let workloads = &standing.inventory().workloads;
    let meshed = question.members().filter(|it| it.member.mode != ProxyMode::None);
    let index = |it: &Member<'_>| workloads.binary_search_by(|known| known.id.cmp(&it.workload.id)).ok();
    let members: BTreeMap<usize, Member<'_>> = meshed.filter_map(|it| Some((index(&it)?, it))).collect();
    // Pods without a node are another trouble.
    let pods = standing.unplaced().iter().filter_map(|(pod, _)| standing.inventory().pods.get(*pod));
    let without: BTreeSet<usize> = pods.map(|pod| pod.workload).collect();
    let all: Vec<usize> = members.keys().copied().filter(|index| !without.contains(index)).collect();
    let mut stuck = Vec::new();
    let mut found = Vec::new();
    for room in room(&standing.setting(), &all) {
        let Some(it) = members.get(&room.workload) else { continue };
        if room.shut_out.is_some() && room.unavailable == 0 {
            stuck.push((room.workload, shut_out(question, it, &room)));
        } else {
            found.extend(too_many(question, standing, it, &room));
        }
    }
    found.extend(played(standing, stuck));
    found
}

/// A Deployment whose rollout cannot begin.
fn shut_out(question: &Question<'_>, it: &Member<'_>, room: &Room) -> Recommendation {
    let name = it.name();
    let declared = declared(question, it, |strategy| strategy.max_unavailable);
    let setting = Setting::exact("maxUnavailable", declared, Amount::Text("1".to_owned()));
    let subject = it.workload.id.to_string();
    let mut found = Recommendation::new(Kind::RolloutSurge, &name, subject, vec![setting]).of_workload(&name);
    let why = room.shut_out.as_ref().map_or_else(String::new, ToString::to_string);
    found.basis = vec![
        format!("{} replicas, {} too many and none away while they are replaced", it.workload.replicas, room.surge),
        format!("not one further pod has room: {why}"),
    ];
    found.risk.removes = Some("a rollout of it never gets on".to_owned());
    found.risk.brings = vec![format!(
        "{} of {} replicas carry its traffic while it is rolled out",
        it.workload.replicas.saturating_sub(1),
        it.workload.replicas
    )];
    if let Some(why) = it.not_patchable() {
        return found.withhold(Withheld::NotPatchable(why));
    }
    if it.workload.replicas < 2 {
        let why = format!("its single replica would be away while it is replaced, and a second has no room: {why}");
        return found.withhold(Withheld::Infeasible(why));
    }
    let rolling = RollingPatch { max_unavailable: Some(PodCount::Pods(1)), ..RollingPatch::default() };
    found.doing(it.changes(vec![Patch::Workload(WorkloadPatch { rolling, ..it.patch() })]))
}

/// A Deployment whose surge takes the headroom that is to be kept.
fn too_many(question: &Question<'_>, standing: &Standing, it: &Member<'_>, room: &Room) -> Option<Recommendation> {
    let replicas = it.workload.replicas;
    let usual = USUAL.of(replicas, Rounding::Up);
    let target = question.inputs.policy.headroom.target;
    let with = |pods: u64| standing.fill_with(room.workload, pods);
    if room.surge <= usual || with(room.surge).keeps(target) || !with(usual).keeps(target) {
        return None;
    }
    let name = it.name();
    let setting = Setting::exact(
        "maxSurge",
        declared(question, it, |strategy| strategy.max_surge),
        Amount::Text(USUAL.to_string()),
    );
    let subject = it.workload.id.to_string();
    let mut found = Recommendation::new(Kind::RolloutSurge, &name, subject, vec![setting]).of_workload(&name);
    let left = |pods: u64| {
        let fill = with(pods);
        100.0 * fill.cpu_headroom().min(fill.memory_headroom())
    };
    found.basis = vec![format!(
        "a rollout begins {} pods at once and leaves {:.0} % free; {usual} leave {:.0} %, the policy keeps {:.0} %",
        room.surge,
        left(room.surge),
        left(usual),
        100.0 * target.get(),
    )];
    found.risk.removes = Some("a rollout of it takes the headroom that the policy keeps".to_owned());
    found.risk.brings = vec!["a rollout of it takes longer".to_owned()];
    let rolling = RollingPatch { max_surge: Some(USUAL), ..RollingPatch::default() };
    Some(found.doing(it.changes(vec![Patch::Workload(WorkloadPatch { rolling, ..it.patch() })])))
}

/// A limit as it is written.
fn declared(
    question: &Question<'_>,
    it: &Member<'_>,
    limit: fn(&UpdateStrategy) -> Option<PodCount>,
) -> Option<Amount> {
    let strategy = question.inventory().updates.get(&it.workload.id)?;
    limit(strategy).map(|pods| Amount::Text(pods.to_string()))
}

/// Those with whose limits rollouts come to their end; the others are withheld with what they are stuck on.
fn played(standing: &Standing, mut stuck: Vec<(usize, Recommendation)>) -> Vec<Recommendation> {
    /// Rollouts are played again without the one that was stuck, but not for ever.
    const MOST: usize = 8;
    for _ in 0..MOST {
        let applied = || stuck.iter().filter(|(_, it)| it.is_applied());
        let workloads: Vec<usize> = applied().map(|(workload, _)| *workload).collect();
        if workloads.is_empty() {
            break;
        }
        let patched = standing.inventory().clone().changed(applied().flat_map(|(_, it)| &it.changes));
        let course = rollout(&standing.setting_of(&patched), &Rollout { workloads, at_once: Some(1) });
        let Some((workload, why)) = failure(&patched, &course) else {
            return stuck.into_iter().map(|(_, it)| it).collect();
        };
        for (_, it) in stuck.iter_mut().filter(|(own, it)| it.is_applied() && workload.is_none_or(|it| it == *own)) {
            it.withheld = Some(Withheld::Infeasible(why.clone()));
        }
    }
    for (_, it) in stuck.iter_mut().filter(|(_, it)| it.is_applied()) {
        it.withheld = Some(Withheld::Infeasible("too many other rollouts are stuck to tell".to_owned()));
    }
    stuck.into_iter().map(|(_, it)| it).collect()
}

/// The workload whose rollout does not come to its end, where that can be told, and what it is stuck on.
fn failure(inventory: &Inventory, course: &Course) -> Option<(Option<usize>, String)> {
    let of_pod = |name: &ObjectName| Some(inventory.pods.iter().find(|pod| pod.name == *name)?.workload);
    match (&course.end, course.waiting.first()) {
        (End::Stuck { because, pod, .. }, _) => Some((pod.as_ref().and_then(of_pod), because.to_string())),
        (End::Finished { .. }, Some(waiting)) => {
            Some((of_pod(&waiting.pod), format!("{} has no node in the end", waiting.pod)))
        }
        (End::Finished { .. }, None) => None,
    }
}
