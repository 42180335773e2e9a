//! Namespaces that could leave their sidecars for ambient mode.
//!
//! **Question.** Which namespaces get what they use from a proxy for each node, which need a waypoint, and does it pay?
//! **Law.** Without a waypoint there is mutual TLS and policy by identity; routes, rules on requests, tokens and traffic
//! policies need one. A ztunnel on every node is paid for once, whatever moves.
//! **Decision.** All namespaces whose sidecars request more than their waypoint would, together, where the plan then
//! fills fewer nodes. Those with EnvoyFilters or WebAssembly, for which there is no like, and those that ask for sidecars
//! pod by pod or by policy stay.
//! **Patch.** Labels of the namespace and a Gateway for its waypoint, if the policy allows it (`tuning.ambient`): then
//! before anything else, so that no sidecar is sized that goes. Otherwise its effect on the tuned mesh is shown, and
//! people decide.
//!
//! **Source.** istio.io, "Ambient and the Istio data plane modes", "Configure waypoint proxies".

mod needs;

use std::collections::BTreeMap;

use self::needs::{Needs, needs};
use super::{Amount, Figures, Kind, Member, Question, Recommendation, Saves, Setting, Withheld, trial};
use crate::inventory::objects::{NamespacePatch, Patch, Server};
use crate::inventory::{Change, Gateway, Labels, ObjectName, chooses_injection};
use crate::mesh::ProxyMode;
use crate::plan::Plan;
use crate::policy::DataPlane;
use crate::units::{Cores, Memory};

/// Label of namespaces that says which data plane their pods have.
const MODE: &str = "istio.io/dataplane-mode";
/// Labels of namespaces that ask for sidecars.
const SIDECARS: [&str; 2] = ["istio-injection", "istio.io/rev"];
/// Label of namespaces that names their waypoint.
const USE_WAYPOINT: &str = "istio.io/use-waypoint";
/// Name that waypoints get.
const WAYPOINT: &str = "waypoint";
/// Port and protocol of waypoints.
const HBONE: (u16, &str) = (15008, "HBONE");

/// Moves namespaces, where the policy allows it.
#[must_use]
pub fn ambient_mode(question: &Question<'_>) -> Vec<Recommendation> {
    if question.policy().ambient { moved(question) } else { Vec::new() }
}

/// Shows what moving them would give, where the policy does not say that they may be moved.
#[must_use]
pub fn ambient_alternative(question: &Question<'_>) -> Vec<Recommendation> {
    if question.policy().ambient {
        return Vec::new();
    }
    let mut found = moved(question);
    for it in &mut found {
        it.changes.clear();
        if it.withheld.is_none() {
            it.basis.push("tuning.ambient = true in the policy makes it a patch".to_owned());
        }
    }
    found
}

fn moved(question: &Question<'_>) -> Vec<Recommendation> {
    let mode = question.inputs.policy.injection.mode;
    if mode != DataPlane::AsLabelled {
        return Vec::new();
    }
    let mut found: Vec<Recommendation> = namespaces(question)
        .into_iter()
        .filter_map(|(namespace, members)| of_namespace(question, namespace, &members))
        .collect();
    if question.inventory().nodes.is_empty() {
        return unknown(&found).into_iter().collect();
    }
    let moving: Vec<&Recommendation> = found.iter().filter(|it| it.is_applied()).collect();
    if moving.is_empty() {
        return found;
    }
    let (inputs, plan) = (question.inputs, question.plan);
    let inventory = inputs.inventory.clone().changed(moving.iter().flat_map(|it| &it.changes));
    let after = Figures::of(&Plan::to_compare(inputs.with_inventory(inventory.clone())), &inventory);
    let before = Figures::of(plan, &inputs.inventory);
    let saves = before.saved_by(&after, plan);
    let harm = before.harm_of(&after).map(Withheld::Harm).or_else(|| loss(&saves));
    let mut shares = trial::shares(&moving).into_iter();
    for it in found.iter_mut().filter(|it| it.is_applied()) {
        it.saves = trial::part(&saves, shares.next().unwrap_or(0.0));
        it.withheld.clone_from(&harm);
    }
    found
}

/// One for all namespaces, where the effect on none of them can be told.
fn unknown(found: &[Recommendation]) -> Option<Recommendation> {
    let namespaces = found.iter().filter(|it| it.is_applied()).count();
    let mode = |words: &str| Amount::Text(words.to_owned());
    let setting = Setting::exact("data plane", Some(mode("sidecars")), mode("ztunnel and waypoints"));
    let mut all = Recommendation::new(Kind::AmbientMode, "mesh", "the mesh", vec![setting]);
    all.basis = vec![format!("{namespaces} namespaces could move")];
    let missing = "without nodes in the input nobody knows how many ztunnels there would be";
    (namespaces > 0).then(|| all.withhold(Withheld::Data(missing.to_owned())))
}

/// Why it does not pay.
fn loss(saves: &Saves) -> Option<Withheld> {
    (saves.nodes <= 0.0).then(|| {
        Withheld::Infeasible(format!(
            "it does not pay: ztunnel on every node and waypoints request as much as the sidecars, {:+.0} MiB and {:+.2} \
             cores",
            -saves.memory.as_mib(),
            -saves.cpu.as_cores(),
        ))
    })
}

/// Members with a sidecar, by namespace.
fn namespaces<'q>(question: &'q Question<'_>) -> BTreeMap<&'q str, Vec<Member<'q>>> {
    let mut namespaces: BTreeMap<&str, Vec<Member<'_>>> = BTreeMap::new();
    for it in question.members().filter(|it| it.member.mode == ProxyMode::Sidecar) {
        namespaces.entry(&it.workload.id.namespace).or_default().push(it);
    }
    namespaces
}

/// A namespace, with its changes; `None` where its sidecars request no more than what would take their place.
fn of_namespace(question: &Question<'_>, namespace: &str, members: &[Member<'_>]) -> Option<Recommendation> {
    let needs = needs(question, namespace, members);
    let labels = question.inventory().namespace_labels(namespace);
    let has_waypoint = labels.contains_key(USE_WAYPOINT);
    let own = freed(question, members, !needs.waypoint.is_empty() && !has_waypoint);
    if own.1 <= Memory::ZERO {
        return None;
    }
    let way = if needs.waypoint.is_empty() { "ztunnel" } else { "ztunnel and a waypoint" };
    let mode = Setting::exact("data plane", Some(Amount::Text("sidecars".to_owned())), Amount::Text(way.to_owned()));
    let proxies: u64 = members.iter().map(|it| it.workload.replicas).sum();
    let mut found = Recommendation::new(
        Kind::AmbientMode,
        namespace,
        format!("namespace {namespace}"),
        vec![mode, Setting::exact("sidecars", Some(Amount::Count(proxies)), Amount::Count(0))],
    );
    found.own = own;
    found.basis = basis(&needs, proxies);
    found.risk.brings = brings(question, &needs);
    found.withheld = stays(question, members, &needs);
    found.changes = changes(question, namespace, !needs.waypoint.is_empty() && !has_waypoint);
    Some(found)
}

/// Requests of the sidecars, less those of a waypoint.
fn freed(question: &Question<'_>, members: &[Member<'_>], with_waypoint: bool) -> (Cores, Memory) {
    let mut own = (Cores::ZERO, Memory::ZERO);
    for it in members {
        let Some(cost) = &it.plan.proxy else { continue };
        let (requests, replicas) = (cost.requests.to_resources(), it.workload.replicas as f64);
        own.0 += requests.cpu.to_cores() * replicas;
        own.1 += requests.memory.to_memory() * replicas;
    }
    if with_waypoint {
        let waypoint = question.inputs.card.injection.requests.to_resources();
        own = (own.0 - waypoint.cpu.to_cores(), own.1 - waypoint.memory.to_memory());
    }
    own
}

fn basis(needs: &Needs, proxies: u64) -> Vec<String> {
    let first = match needs.waypoint.is_empty() {
        true => "nothing in it needs a proxy that knows requests".to_owned(),
        false => format!("a waypoint for {}", needs.waypoint.join(", ")),
    };
    vec![
        first,
        format!(
            "{proxies} sidecars go; ztunnel is shared by all namespaces that move, and so is what they save together"
        ),
    ]
}

fn brings(question: &Question<'_>, needs: &Needs) -> Vec<String> {
    let runs = question.members().any(|it| it.member.mode == ProxyMode::Ztunnel);
    let first = (!runs).then(|| "ztunnel and istio-cni have to be installed first, by their charts".to_owned());
    let mut brings: Vec<String> = first.into_iter().collect();
    brings.extend([
        "its pods restart once, without sidecars".to_owned(),
        "clients no longer balance requests, retry or record traces themselves".to_owned(),
    ]);
    brings.push(match needs.waypoint.is_empty() {
        true => "metrics and logs are of connections, no longer of requests".to_owned(),
        false => {
            "requests pass the waypoint, one more hop, and their metrics are its own; it needs the Gateway API's CRDs"
                .to_owned()
        }
    });
    brings.extend(needs.lost.iter().map(|lost| format!("{lost} no longer holds")));
    brings
}

/// What keeps a namespace from moving.
fn stays(question: &Question<'_>, members: &[Member<'_>], needs: &Needs) -> Option<Withheld> {
    if let Some(first) = needs.without_like.first() {
        return Some(Withheld::Infeasible(format!("ambient mode has nothing like {first}")));
    }
    let enrolled = &question.inputs.policy.injection.enroll;
    if let Some(named) = members.iter().map(|it| &*it.workload.id.namespace).find(|name| enrolled.contains(*name)) {
        return Some(Withheld::NotPatchable(format!("the policy enrols {named} with sidecars (injection.enroll)")));
    }
    let is_excluded = |it: &&Member<'_>| question.policy().excludes(&it.workload.id.namespace, &it.workload.id.name);
    if members.iter().any(|it| is_excluded(&it)) {
        return Some(Withheld::Excluded);
    }
    let own = members.iter().find(|it| chooses_injection(it.workload));
    own.map(|it| Withheld::NotPatchable(format!("pods of {} ask for sidecars themselves", it.workload.id)))
}

fn changes(question: &Question<'_>, namespace: &str, new_waypoint: bool) -> Vec<Change> {
    let known = question.inventory().namespace_labels(namespace);
    let asks = SIDECARS.iter().filter(|key| known.contains_key(**key));
    let mut labels: BTreeMap<String, Option<String>> = asks.map(|key| ((*key).to_owned(), None)).collect();
    labels.insert(MODE.to_owned(), Some("ambient".to_owned()));
    let mut changes = Vec::new();
    if new_waypoint {
        labels.insert(USE_WAYPOINT.to_owned(), Some(WAYPOINT.to_owned()));
        let (port, protocol) = HBONE;
        let server = Server { port, protocol: protocol.to_owned(), ..Server::default() };
        changes.push(Change::Gateway(Gateway {
            name: ObjectName::new(namespace, WAYPOINT),
            class: "istio-waypoint".to_owned(),
            labels: Labels::from([("istio.io/waypoint-for".to_owned(), "service".to_owned())]),
            servers: vec![server],
            ..Gateway::default()
        }));
    }
    changes
        .push(Change::Patch(Patch::Namespace(NamespacePatch { name: ObjectName::new(namespace, namespace), labels })));
    changes
}
