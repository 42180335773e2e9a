//! What the proxies of each namespace are sent.
//!
//! **Question.** Of everything each proxy is sent, what does it call?
//! **Law.** A proxy needs the hosts its workload calls and Istio's own namespace; its memory, istiod's and the bytes
//! pushed follow what it is sent ([`crate::mesh`], [`crate::model`]).
//! **Decision.** For each namespace a Sidecar of its own for what it holds and what is called elsewhere, and one for
//! each workload that needs a good deal less than that. Sidecars that people wrote stay as they are.
//! **Patch.** `Sidecar` objects.
//!
//! **Source.** istio.io, "Configuration scoping"; istiod's `sidecar.go` for which Sidecar holds.

use std::collections::{BTreeMap, BTreeSet};

use super::{Amount, Kind, Member, Question, Recommendation, Risk, Setting, Withheld};
use crate::inventory::objects::{Call, EgressListener};
use crate::inventory::{Change, Inventory, Labels, ObjectName, Sidecar};
use crate::mesh::{self, ProxyMode, Visibility, VisibleConfig};
use crate::plan::{ScopingBasis, called};
use crate::units::Bytes;

/// Scopes the sidecars of every namespace of the mesh.
#[must_use]
pub fn sidecar_scopes(question: &Question<'_>) -> Vec<Recommendation> {
    let inventory = question.inventory();
    if inventory.services.is_empty() && inventory.istio.service_entries.is_empty() {
        return Vec::new();
    }
    let mut namespaces: BTreeMap<&str, Vec<Member<'_>>> = BTreeMap::new();
    for it in question.members().filter(|it| it.member.mode == ProxyMode::Sidecar) {
        let id = &it.workload.id;
        if !question.policy().excludes(&id.namespace, &id.name) {
            namespaces.entry(&id.namespace).or_default().push(it);
        }
    }
    let scoping = Scoping::new(question, &namespaces);
    namespaces.iter().filter_map(|(namespace, members)| scoping.of_namespace(namespace, members)).collect()
}

/// Name of a Sidecar for a whole namespace, as Istio's documentation has it; one that people gave that name stays.
const NAMESPACE_WIDE: &str = "default";

/// What each sidecar would be sent with a Sidecar for its namespace, and with one of its own.
struct Scoping<'a> {
    question: &'a Question<'a>,
    calls: Option<&'a [Call]>,
    shared_hosts: BTreeMap<String, Vec<String>>,
    shared: Visibility,
    own: Visibility,
}

impl<'a> Scoping<'a> {
    fn new(question: &'a Question<'a>, namespaces: &BTreeMap<&str, Vec<Member<'_>>>) -> Self {
        let inventory = question.inventory();
        let calls = question.inputs.calls.as_deref();
        let shared_hosts: BTreeMap<String, Vec<String>> = namespaces
            .iter()
            .map(|(namespace, members)| ((*namespace).to_owned(), shared_hosts(inventory, namespace, members, calls)))
            .collect();
        let (today, _) = mesh::scope(inventory, &question.mesh);
        let namespace_of = |index: usize| inventory.workloads.get(index).map(|workload| &*workload.id.namespace);
        let of_namespace = |index: usize| namespace_of(index).and_then(|it| shared_hosts.get(it)).cloned();
        let of_workload = |index: usize| Some(called(inventory, inventory.workloads.get(index)?, calls?).0);
        let shared = mesh::narrowed_mesh(inventory, &question.mesh, &today, &of_namespace);
        let own = mesh::narrowed_mesh(inventory, &question.mesh, &today, &of_workload);
        Self { question, calls, shared_hosts, shared, own }
    }

    fn of_namespace(&self, namespace: &str, members: &[Member<'_>]) -> Option<Recommendation> {
        let known = &self.question.inventory().istio.sidecars;
        let here: Vec<&Sidecar> = known.iter().filter(|it| *it.name.namespace == *namespace).collect();
        let has_own = |it: &Member<'_>| here.iter().any(|sidecar| selects(sidecar, &it.workload.labels));
        let has_shared = here.iter().any(|sidecar| sidecar.selector.is_none() || &*sidecar.name.name == NAMESPACE_WIDE);
        let free: Vec<&Member<'_>> = members.iter().filter(|it| !has_own(it)).collect();

        let shared = (!has_shared).then(|| free.iter().filter(|it| self.is_less(self.shared_of(it), it.plan.visible)));
        let takes_shared = shared.is_some_and(|mut less| less.next().is_some());
        let after_shared = |it: &Member<'_>| if takes_shared { self.shared_of(it) } else { it.plan.visible };
        let mut sidecars = Vec::new();
        let mut after = BTreeMap::new();
        if takes_shared {
            let hosts = self.shared_hosts.get(namespace).cloned().unwrap_or_default();
            sidecars.push(sidecar(namespace, NAMESPACE_WIDE, None, hosts));
        }
        let mut unselectable = 0_u64;
        for it in &free {
            after.insert(it.index, after_shared(it));
            let Some(calls) = self.calls.filter(|calls| is_known(calls, it)) else { continue };
            let own = self.own_of(it);
            if !self.is_less(own, after_shared(it)) {
                continue;
            }
            let taken = here.iter().any(|sidecar| sidecar.name.name == it.workload.id.name);
            let Some(selector) = self.question.selector(it.workload).filter(|_| !taken) else {
                unselectable += 1;
                continue;
            };
            let (hosts, _) = called(self.question.inventory(), it.workload, calls);
            sidecars.push(sidecar(namespace, &it.workload.id.name, Some(selector), hosts));
            after.insert(it.index, own);
        }
        if sidecars.is_empty() {
            return None;
        }
        let mut found = Recommendation::new(
            Kind::SidecarScopes,
            namespace,
            format!("namespace {namespace}"),
            settings(&free, &after, sidecars.len() as u64),
        );
        found.basis = self.basis(&free, unselectable);
        found.risk = self.risk(&free);
        found.changes = sidecars.into_iter().map(Change::Sidecar).collect();
        if self.calls.is_none() {
            let missing = "nobody said who calls whom; give --calls, or a Sidecar would cut calls to other namespaces off from the mesh";
            return Some(found.withhold(Withheld::Data(missing.to_owned())));
        }
        Some(found)
    }

    fn shared_of(&self, it: &Member<'_>) -> VisibleConfig {
        self.shared.workloads.get(it.index).copied().unwrap_or(it.plan.visible)
    }

    fn own_of(&self, it: &Member<'_>) -> VisibleConfig {
        self.own.workloads.get(it.index).copied().unwrap_or(it.plan.visible)
    }

    /// Whether so much less is sent that it is worth an object.
    fn is_less(&self, after: VisibleConfig, before: VisibleConfig) -> bool {
        let size = |visible: VisibleConfig| visible.xds.total().get() as f64;
        size(after) < size(before) * (1.0 - self.question.policy().tolerance.get())
    }

    fn basis(&self, members: &[&Member<'_>], unselectable: u64) -> Vec<String> {
        let mut basis = Vec::new();
        if let Some(calls) = self.calls {
            let known = members.iter().filter(|it| is_known(calls, it)).count();
            basis.push(format!("calls are known of {known} of {} workloads", members.len()));
        }
        if unselectable > 0 {
            basis.push(format!("{unselectable} workloads have no labels of their own and share the namespace's scope"));
        }
        basis
    }

    fn risk(&self, members: &[&Member<'_>]) -> Risk {
        let inventory = self.question.inventory();
        let mut unknown = BTreeSet::new();
        for it in members {
            if let Some(ScopingBasis::Calls { unknown: names, .. }) =
                self.calls.map(|calls| called(inventory, it.workload, calls).1)
            {
                unknown.extend(names);
            }
        }
        let refused = inventory.istio.mesh.allows_any_host == Some(false);
        let fate = if refused { "is refused (REGISTRY_ONLY)" } else { "leaves the mesh: no mutual TLS, no metrics" };
        let mut brings = vec![format!("a call that is not among those given {fate}")];
        if !unknown.is_empty() {
            let names: Vec<String> = unknown.into_iter().collect();
            brings.push(format!("called, but nothing in the input: {}", names.join(", ")));
        }
        Risk { removes: None, brings }
    }
}

/// What a namespace holds, Istio's own, and what its workloads call elsewhere.
fn shared_hosts(inventory: &Inventory, namespace: &str, members: &[Member<'_>], calls: Option<&[Call]>) -> Vec<String> {
    let own = format!("{namespace}/");
    let elsewhere = calls.into_iter().flat_map(|calls| {
        members.iter().flat_map(|it| called(inventory, it.workload, calls).0).collect::<Vec<String>>()
    });
    let mut hosts: BTreeSet<String> = elsewhere.filter(|host| !host.starts_with(&own)).collect();
    hosts.insert("./*".to_owned());
    hosts.insert(format!("{}/*", inventory.istio.mesh.root_namespace()));
    hosts.into_iter().collect()
}

/// Whether a Sidecar holds for chosen pods, these among them.
fn selects(sidecar: &Sidecar, labels: &Labels) -> bool {
    let selector = sidecar.selector.as_ref();
    selector.is_some_and(|selector| selector.iter().all(|(key, value)| labels.get(key) == Some(value)))
}

/// Whether calls say anything of a workload.
fn is_known(calls: &[Call], it: &Member<'_>) -> bool {
    let id = &it.workload.id;
    let is_it = |name: &ObjectName| name.namespace == id.namespace && name.name == id.name;
    calls.iter().any(|call| is_it(&call.from) || is_it(&call.to))
}

fn sidecar(namespace: &str, name: &str, selector: Option<Labels>, hosts: Vec<String>) -> Sidecar {
    let egress = vec![EgressListener { hosts, ..EgressListener::default() }];
    Sidecar { name: ObjectName::new(namespace, name), selector, egress, ..Sidecar::default() }
}

fn settings(members: &[&Member<'_>], after: &BTreeMap<usize, VisibleConfig>, sidecars: u64) -> Vec<Setting> {
    let then = |it: &&&Member<'_>| after.get(&it.index).copied().unwrap_or(it.plan.visible);
    let pods = |it: &&&Member<'_>| it.workload.replicas.max(1);
    let all: u64 = members.iter().map(|it| pods(&it)).sum();
    let mean = |of: &dyn Fn(&&&Member<'_>) -> u64| {
        members.iter().map(|it| of(&it).saturating_mul(pods(&it))).sum::<u64>().div_ceil(all.max(1))
    };
    let clusters = |it: &&&Member<'_>| then(it).clusters;
    let bytes = |it: &&&Member<'_>| then(it).xds.total().get();
    let least = |of: &dyn Fn(&&&Member<'_>) -> u64| members.iter().map(|it| of(&it)).min().unwrap_or_default();
    let most = |of: &dyn Fn(&&&Member<'_>) -> u64| members.iter().map(|it| of(&it)).max().unwrap_or_default();
    let kib = |bytes: u64| Amount::Memory(Bytes::new(bytes.div_ceil(1 << 10) << 10));
    vec![
        Setting {
            name: "clusters of a proxy",
            current: Some(Amount::Count(mean(&|it| it.plan.visible.clusters))),
            lower: Amount::Count(least(&clusters)),
            target: Amount::Count(mean(&clusters)),
            upper: Amount::Count(most(&clusters)),
        },
        Setting {
            name: "sent to a proxy",
            current: Some(kib(mean(&|it| it.plan.visible.xds.total().get()))),
            lower: kib(least(&bytes)),
            target: kib(mean(&bytes)),
            upper: kib(most(&bytes)),
        },
        Setting::exact("Sidecars", None, Amount::Count(sidecars)),
    ]
}
