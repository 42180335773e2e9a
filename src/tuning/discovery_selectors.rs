//! Namespaces istiod looks at.
//!
//! **Question.** Does istiod read namespaces that no proxy calls?
//! **Law.** istiod holds and sends the services and endpoints of every namespace it looks at; its memory and what each
//! unscoped proxy is sent follow.
//! **Decision.** The namespaces of the mesh, those that are called or routed to, and Istio's own, where that leaves any
//! out and calls are known.
//! **Patch.** `meshConfig.discoverySelectors` in Helm values, by the name label that the API server gives.
//!
//! **Source.** istio.io, "Configuration scoping".

use std::collections::BTreeSet;

use super::{Amount, Kind, Question, Recommendation, Risk, Setting, Withheld};
use crate::inventory::objects::{MeshConfig, MeshConfigOrigin, Operator, Requirement};
use crate::inventory::{Change, Inventory};
use crate::mesh::ProxyMode;
use crate::plan::called;

/// Limits istiod to the namespaces that matter to the mesh.
#[must_use]
pub fn discovery_selectors(question: &Question<'_>) -> Vec<Recommendation> {
    of_mesh(question).into_iter().collect()
}

fn of_mesh(question: &Question<'_>) -> Option<Recommendation> {
    let inventory = question.inventory();
    if !inventory.istio.mesh.discovery_selectors.is_empty() {
        return None;
    }
    let with_services = inventory.services.iter().map(|service| &*service.name.namespace);
    let entries = inventory.istio.service_entries.iter().map(|entry| &*entry.name.namespace);
    let all: BTreeSet<&str> = with_services.chain(entries).collect();
    let meshed = meshed(question);
    if meshed.is_empty() {
        return None;
    }
    let wanted: BTreeSet<String> = meshed
        .into_iter()
        .chain(called_namespaces(question))
        .chain(routed_namespaces(inventory, &all))
        .chain([inventory.istio.mesh.root_namespace().to_owned()])
        .collect();
    let hidden: Vec<&str> = all.iter().copied().filter(|namespace| !wanted.contains(*namespace)).collect();
    if hidden.is_empty() {
        return None;
    }
    let count = |namespaces: usize| Amount::Count(namespaces as u64);
    let kept = all.len() - hidden.len();
    let setting = Setting::exact("namespaces with services", Some(count(all.len())), count(kept));
    let mut found = Recommendation::new(Kind::DiscoverySelectors, "mesh", "istiod", vec![setting]);
    let unscoped = question.members().filter(|it| it.member.mode == ProxyMode::Sidecar).count();
    found.basis = vec![
        format!("no workload of {unscoped} with a sidecar is in {}, and none of them calls it", hidden.join(", ")),
        "it takes effect at once and in all proxies".to_owned(),
    ];
    found.risk = Risk {
        removes: None,
        brings: vec![
            "a namespace that joins the mesh later must be added, or its services are unknown".to_owned(),
            "objects of Istio in a namespace left out no longer hold".to_owned(),
        ],
    };
    found.changes = vec![Change::Values(Box::new(values(wanted)))];
    if question.inputs.calls.is_none() {
        let missing = "nobody said who calls whom (--calls): services of a namespace left out are unknown to proxies";
        return Some(found.withhold(Withheld::Data(missing.to_owned())));
    }
    Some(found)
}

fn values(namespaces: BTreeSet<String>) -> MeshConfig {
    let by_name = Requirement {
        key: "kubernetes.io/metadata.name".to_owned(),
        operator: Operator::In,
        values: namespaces.into_iter().collect(),
    };
    MeshConfig { origin: MeshConfigOrigin::Overlay, discovery_selectors: vec![vec![by_name]], ..MeshConfig::default() }
}

/// Namespaces with any part in the mesh.
fn meshed(question: &Question<'_>) -> Vec<String> {
    let members = question.inventory().workloads.iter().zip(&question.mesh.members);
    let meshed = members.filter(|(_, member)| member.mode != ProxyMode::None);
    meshed.map(|(workload, _)| workload.id.namespace.to_string()).collect()
}

fn called_namespaces(question: &Question<'_>) -> Vec<String> {
    let inventory = question.inventory();
    let calls = question.inputs.calls.as_deref().unwrap_or_default();
    let sidecars = question.members().filter(|it| it.member.mode != ProxyMode::None);
    let hosts = sidecars.flat_map(|it| called(inventory, it.workload, calls).0);
    let namespaces = hosts.filter_map(|host| host.split_once('/').map(|(namespace, _)| namespace.to_owned()));
    namespaces.filter(|namespace| namespace != "*" && namespace != ".").collect()
}

/// Namespaces that hold Istio's configuration or routes, and those that routes lead to.
fn routed_namespaces(inventory: &Inventory, all: &BTreeSet<&str>) -> Vec<String> {
    let istio = &inventory.istio;
    let services = istio.virtual_services.iter().map(|it| (&it.name, &it.http, &it.opaque));
    let routes = istio.routes.iter().map(|it| (&it.name, &it.rules));
    let mut namespaces: Vec<String> = Vec::new();
    let mut lead_to = |host: &str| {
        let parts: Vec<&str> = host.split('.').collect();
        namespaces.extend(parts.get(1).filter(|part| all.contains(*part)).map(|part| (*part).to_owned()));
    };
    for (_, http, opaque) in services {
        let of_http = http.iter().flat_map(|route| &route.destinations);
        of_http.chain(opaque).for_each(|destination| lead_to(&destination.host));
    }
    for (_, rules) in routes {
        rules.iter().flat_map(|rule| &rule.destinations).for_each(|destination| lead_to(&destination.host));
    }
    let objects = istio.virtual_services.iter().map(|it| &it.name).chain(istio.routes.iter().map(|it| &it.name));
    let objects = objects.chain(istio.destination_rules.iter().map(|it| &it.name));
    let objects = objects.chain(istio.service_entries.iter().map(|it| &it.name));
    let objects = objects.chain(istio.gateways.iter().map(|it| &it.name));
    let objects = objects.chain(inventory.gateways.iter().map(|it| &it.name));
    namespaces.extend(objects.map(|name| name.namespace.to_string()));
    namespaces
}
