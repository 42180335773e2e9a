//! Services that proxies of other namespaces need not know.
//!
//! **Question.** Which services are sent to proxies of namespaces that never call them?
//! **Law.** A proxy without a Sidecar, and every gateway, is sent all services that are exported to its namespace; its
//! memory, istiod's and the bytes pushed follow what it is sent ([`crate::mesh`], [`crate::model`]).
//! **Decision.** Services that nothing outside of their namespace calls and no route leads to are shown to their own
//! namespace alone, as far as that leaves some proxy a good deal less. Sidecars have been decided before: what they leave
//! is for gateways and for namespaces that cannot be scoped.
//! **Patch.** The annotation `networking.istio.io/exportTo` of each service; what people wrote there stays.
//!
//! **Source.** istio.io, "Configuration scoping" and "Resource annotations".

use std::collections::{BTreeMap, BTreeSet};

use super::{Amount, Kind, Question, Recommendation, Setting};
use crate::inventory::objects::{Patch, ServicePatch};
use crate::inventory::{Change, Inventory, Labels, Service};
use crate::mesh::{self, EXPORT_TO, VisibleConfig};
use crate::plan::called;

/// Hides services that nothing outside of their namespace calls.
#[must_use]
pub fn export_to(question: &Question<'_>) -> Vec<Recommendation> {
    let Some(hidden) = hidden(question) else { return Vec::new() };
    let all: Vec<Change> = hidden.values().flatten().map(|service| hide(service)).collect();
    let after = question.inventory().clone().changed(&all);
    let (then, _) = mesh::scope(&after, &question.mesh);
    let smaller = smaller(question, &then.workloads);
    if smaller.proxies == 0 {
        return Vec::new();
    }
    let of_namespace = |(namespace, services): (&&str, &Vec<&Service>)| {
        let count = services.len() as u64;
        let setting =
            Setting::exact("services shown to other namespaces", Some(Amount::Count(count)), Amount::Count(0));
        let mut found = Recommendation::new(Kind::ExportTo, namespace, format!("namespace {namespace}"), vec![setting]);
        found.basis = vec![
            format!("nothing outside of {namespace} calls {}, and no route leads there", names(services)),
            format!(
                "with all such services hidden {} proxies are sent less, up to {} → {} clusters: {}",
                smaller.proxies, smaller.most.0, smaller.most.1, smaller.example
            ),
        ];
        found.risk.brings =
            vec!["a call from another namespace that is not among those given leaves the mesh".to_owned()];
        found.changes = services.iter().map(|service| hide(service)).collect();
        found
    };
    hidden.iter().map(of_namespace).collect()
}

/// Services to hide by namespace; `None` where nobody said who calls whom, or there are none.
fn hidden<'a>(question: &'a Question<'_>) -> Option<BTreeMap<&'a str, Vec<&'a Service>>> {
    let inventory = question.inventory();
    let calls = question.inputs.calls.as_deref()?;
    let mut needed: BTreeSet<String> = BTreeSet::new();
    for workload in &inventory.workloads {
        let own = format!("{}/", workload.id.namespace);
        needed.extend(called(inventory, workload, calls).0.into_iter().filter(|host| !host.starts_with(&own)));
    }
    let routed = routed(inventory);
    let root = inventory.istio.mesh.root_namespace();
    let default = &inventory.istio.mesh.service_export_to;
    let is_free = |service: &&Service| {
        let name = &service.name;
        let host = format!("{1}.{0}.svc.cluster.local", name.namespace, name.name);
        *name.namespace != *root
            && !service.annotations.contains_key(EXPORT_TO)
            && default.is_public(default)
            && !needed.contains(&format!("{}/{host}", name.namespace))
            && !routed.contains(&host)
    };
    let mut hidden: BTreeMap<&str, Vec<&Service>> = BTreeMap::new();
    for service in inventory.services.iter().filter(is_free) {
        hidden.entry(&service.name.namespace).or_default().push(service);
    }
    (!hidden.is_empty()).then_some(hidden)
}

/// Full names of the services that routes lead to, or are about.
fn routed(inventory: &Inventory) -> BTreeSet<String> {
    let full = |host: &str, namespace: &str| match host.split('.').count() {
        1 => format!("{host}.{namespace}.svc.cluster.local"),
        2 => format!("{host}.svc.cluster.local"),
        3 if host.ends_with(".svc") => format!("{host}.cluster.local"),
        _ => host.to_owned(),
    };
    let mut routed = BTreeSet::new();
    for it in &inventory.istio.virtual_services {
        let destinations = it.http.iter().flat_map(|route| &route.destinations).chain(&it.opaque);
        routed.extend(destinations.map(|destination| full(&destination.host, &it.name.namespace)));
    }
    for it in &inventory.istio.routes {
        let destinations = it.rules.iter().flat_map(|route| &route.destinations);
        routed.extend(destinations.map(|destination| full(&destination.host, &it.name.namespace)));
    }
    routed
}

/// Proxies that are sent a good deal less.
struct Smaller {
    proxies: u64,
    /// Clusters before and after of the one that gains most.
    most: (u64, u64),
    example: String,
}

fn smaller(question: &Question<'_>, then: &[VisibleConfig]) -> Smaller {
    let mut smaller = Smaller { proxies: 0, most: (0, 0), example: String::new() };
    for it in question.members().filter(|it| it.member.mode.runs_envoy()) {
        let Some(then) = then.get(it.index) else { continue };
        let size = |visible: &VisibleConfig| visible.xds.total().get() as f64;
        if size(then) >= size(&it.plan.visible) * (1.0 - question.policy().tolerance.get()) {
            continue;
        }
        smaller.proxies = smaller.proxies.saturating_add(it.workload.replicas);
        let (before, after) = (it.plan.visible.clusters, then.clusters);
        if before.saturating_sub(after) > smaller.most.0.saturating_sub(smaller.most.1) {
            smaller.most = (before, after);
            smaller.example = it.name();
        }
    }
    smaller
}

fn hide(service: &Service) -> Change {
    let annotations = Labels::from([(EXPORT_TO.to_owned(), ".".to_owned())]);
    Change::Patch(Patch::Service(ServicePatch { name: service.name.clone(), annotations }))
}

/// The first few names.
fn names(services: &[&Service]) -> String {
    const MOST: usize = 3;
    let named: Vec<&str> = services.iter().take(MOST).map(|service| &*service.name.name).collect();
    match services.len() - named.len() {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
