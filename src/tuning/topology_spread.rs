//! Replicas that one node or one zone takes with it.
//!
//! **Question.** Are all replicas of a workload on one node, or in one zone, though there are others?
//! **Law.** Kubernetes' topology spread: with `maxSkew` 1 no domain has more than one pod above the emptiest.
//! `DoNotSchedule` refuses other nodes, `ScheduleAnyway` only prefers better ones.
//! **Decision.** A constraint for the node, the zone or both. It refuses only where that was tried: all its pods
//! placed anew under it find nodes, also once the fullest domain is gone, and no autoscaler adds further ones;
//! otherwise it prefers. All constraints together are tried once more.
//! **Patch.** `topologySpreadConstraints` of the template. Strategic merges know them by their topology key, so a
//! workload that has one with that key is left alone.
//!
//! **Source.** Kubernetes documentation, "Pod Topology Spread Constraints"; `PodSpec` in `k8s.io/api/core/v1/types.go`.

mod trial;

use std::collections::BTreeSet;

use self::trial::{Rule, Tried};
use super::{Amount, Kind, Member, Question, Recommendation, Setting, Withheld};
use crate::inventory::objects::{Operator, Patch, TopologySpread, WorkloadPatch};
use crate::inventory::{Inventory, Place, Requirement, WorkloadId};
use crate::mesh::ProxyMode;
use crate::scenario::Standing;

/// Label of nodes that tells them apart.
const NODE: &str = "kubernetes.io/hostname";
/// Label of nodes that names their zone.
const ZONE: &str = "topology.kubernetes.io/zone";

/// Spreads the workloads of the mesh that stand in one place.
#[must_use]
pub fn topology_spread(question: &Question<'_>) -> Vec<Recommendation> {
    let Some(standing) = question.standing() else { return Vec::new() };
    let meshed = question.members().filter(|it| it.member.mode != ProxyMode::None);
    let gathered: Vec<Gathered<'_>> = meshed.filter_map(|it| Gathered::of(question, standing, it)).collect();
    if gathered.is_empty() {
        return Vec::new();
    }
    let patchable = |it: &&Gathered<'_>| it.selector.is_some() && it.member.not_patchable().is_none();
    let rules: Vec<Rule> = gathered.iter().filter(patchable).map(Gathered::rule).collect();
    let mut tried = trial::of(standing, rules).into_iter();
    let tried = gathered.iter().map(|it| (it, Some(it).filter(patchable).and_then(|_| tried.next())));
    tried.map(|(it, tried)| it.recommendation(tried)).collect()
}

/// A workload whose pods are all in one place.
struct Gathered<'q> {
    member: Member<'q>,
    /// Its pods in the standing cluster.
    pods: Vec<usize>,
    /// Labels by which to spread them, each with the domain that they are all in.
    keys: Vec<(&'static str, String)>,
    /// What selects them and nothing else.
    selector: Option<Vec<Requirement>>,
}

impl<'q> Gathered<'q> {
    fn of(question: &Question<'_>, standing: &Standing, member: Member<'q>) -> Option<Self> {
        if &*member.workload.id.kind == "DaemonSet" || member.workload.replicas < 2 {
            return None;
        }
        let inventory = standing.inventory();
        let pods = pods_of(inventory, &member.workload.id)?;
        let nodes: Vec<usize> = pods.iter().filter_map(|&pod| node_of(inventory, pod)).collect();
        if nodes.len() < 2 {
            return None;
        }
        let gathering = |key: &'static str| {
            let own: BTreeSet<Option<&str>> = nodes.iter().map(|&node| domain(inventory, node, key)).collect();
            let is_said = member.workload.spec.topology_spread.iter().any(|rule| rule.topology_key == key);
            let [only] = own.into_iter().collect::<Vec<_>>()[..] else { return None };
            let others = domains(inventory, key) > 1;
            only.filter(|_| others && !is_said).map(|only| (key, only.to_owned()))
        };
        let keys: Vec<(&str, String)> = [NODE, ZONE].into_iter().filter_map(gathering).collect();
        let selector = question.selector(member.workload).map(|labels| {
            let equal = |(key, value)| Requirement { key, operator: Operator::In, values: vec![value] };
            labels.into_iter().map(equal).collect()
        });
        (!keys.is_empty()).then_some(Self { member, pods, keys, selector })
    }

    fn rule(&self) -> Rule {
        let spread = self.keys.iter().map(|(key, _)| TopologySpread {
            max_skew: 1,
            topology_key: (*key).to_owned(),
            hard: self.member.workload.autoscaler.is_none(),
            selector: self.selector.clone(),
            ..TopologySpread::default()
        });
        let patch = WorkloadPatch { spread: spread.collect(), ..self.member.patch() };
        Rule { patch, pods: self.pods.clone() }
    }

    fn recommendation(&self, tried: Option<Tried>) -> Recommendation {
        let it = &self.member;
        let name = it.name();
        let replicas = self.pods.len() as u64;
        let mut settings: Vec<Setting> = Vec::new();
        for (at, (key, _)) in self.keys.iter().enumerate() {
            let (one, many) =
                if *key == NODE { ("node", "nodes with its pods") } else { ("zone", "zones with its pods") };
            let hard =
                tried.as_ref().is_some_and(|tried| tried.rule.patch.spread.get(at).is_some_and(|rule| rule.hard));
            let how = if hard { "DoNotSchedule" } else { "ScheduleAnyway" };
            let what = if one == "node" { "spread over nodes" } else { "spread over zones" };
            settings.push(Setting::exact(what, None, Amount::Text(format!("maxSkew 1, {how}"))));
            let then = tried.as_ref().and_then(|tried| tried.domains.get(at).copied());
            settings.extend(then.map(|then| Setting::exact(many, Some(Amount::Count(1)), Amount::Count(then))));
        }
        let subject = it.workload.id.to_string();
        let mut found = Recommendation::new(Kind::TopologySpread, &name, subject, settings).of_workload(&name);
        let place = |(key, domain): &(&str, String)| match *key {
            NODE => format!("node {domain}"),
            _ => format!("zone {domain}"),
        };
        let places: Vec<String> = self.keys.iter().map(place).collect();
        found.basis = vec![format!("all {replicas} of its pods are on {}", places.join(" in "))];
        found.risk.removes = Some(format!("the loss of {} takes all of its pods", places.first().map_or("", |it| it)));
        found.risk.brings = vec!["its pods are replaced once".to_owned()];
        if let Some(why) = it.not_patchable() {
            return found.withhold(Withheld::NotPatchable(why));
        }
        let Some(tried) = tried else {
            let why = "its labels select pods of other workloads as well: give it a label of its own".to_owned();
            return found.withhold(Withheld::NotPatchable(why));
        };
        if tried.rule.patch.spread.iter().any(|rule| rule.hard) {
            found.basis.push("its pods fit so, also without the place that has most of them".to_owned());
        } else {
            found.risk.brings.push("where no other place has room, its pods share one again".to_owned());
        }
        if let Some(why) = tried.in_the_way {
            return found.withhold(Withheld::Infeasible(why));
        }
        found.doing(it.changes(vec![Patch::Workload(tried.rule.patch)]))
    }
}

/// Pods of a workload; `None` where the cluster has no such workload.
fn pods_of(inventory: &Inventory, id: &WorkloadId) -> Option<Vec<usize>> {
    let index = inventory.workloads.binary_search_by(|workload| workload.id.cmp(id)).ok()?;
    Some(inventory.workloads.get(index)?.pods.clone().collect())
}

fn node_of(inventory: &Inventory, pod: usize) -> Option<usize> {
    match inventory.pods.get(pod)?.place {
        Place::On(node) => Some(node),
        Place::Pending | Place::Elsewhere => None,
    }
}

fn domain<'i>(inventory: &'i Inventory, node: usize, key: &str) -> Option<&'i str> {
    inventory.nodes.get(node)?.labels.get(key).map(String::as_str)
}

/// Places of a kind that take pods.
fn domains(inventory: &Inventory, key: &str) -> usize {
    let open = inventory.nodes.iter().filter(|node| !node.unschedulable);
    open.filter_map(|node| node.labels.get(key)).collect::<BTreeSet<&String>>().len()
}
