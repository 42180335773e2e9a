//! Gateways and waypoints that are to come: announced by a Gateway object, or planned by policy.
//!
//! Istio makes a Deployment for every Gateway of its classes (istio.io, "Kubernetes Gateway API", Automated
//! Deployment): named after gateway and class for class `istio`, after the gateway for waypoints, with the resources
//! of a sidecar and one replica, unless the ConfigMap it names says otherwise. A waypoint carries the services that name it with `istio.io/use-waypoint`, or whose
//! namespace does (istio.io, "Configure waypoint proxies"). Waypoints for service
//! accounts ended with Istio 1.22 (istio/istio pull request 50221).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::findings::GATEWAY_WITHOUT_PODS;
use super::injection::{membership, plans_gateway};
use super::waypoint_label::{USE_WAYPOINT, used_waypoint};
use super::{Mesh, ProxyMode};
use crate::card::InjectionDefaults;
use crate::finding::{Finding, Tally};
use crate::inventory::objects::{GATEWAY_NAME, WAYPOINT_CLASS as WAYPOINT};
use crate::inventory::{
    Container, Gateway, Inventory, Labels, Measured, ObjectName, PROXY_CONTAINER, PodSpec, ReplicasBasis, Workload,
    WorkloadId,
};
use crate::policy::{InjectionPolicy, Waypoints};
use crate::resources::{Declared, Requirements};

/// Label with the class of the Gateway of pods.
const GATEWAY_CLASS: &str = "gateway.networking.k8s.io/gateway-class-name";
/// Class of Istio's gateways.
const ISTIO: &str = "istio";

/// The inventory with a workload for every gateway and waypoint that has none yet: one pod for each that a Gateway
/// announces, and the waypoints the policy plans, for which [`Workload::replicas`] is yet to be found.
///
/// Services and namespaces that a planned waypoint carries are labelled for it.
#[must_use]
pub fn with_gateways(
    inventory: Inventory,
    defaults: &InjectionDefaults,
    policy: &InjectionPolicy,
) -> (Inventory, Vec<Finding>) {
    let mut announced = Tally::default();
    let mut to_come = Vec::new();
    for gateway in inventory.gateways.iter().filter(|gateway| is_announced(&inventory, gateway)) {
        let role = if gateway.class == WAYPOINT { ProxyMode::Waypoint } else { ProxyMode::Gateway };
        if !plans_gateway(role, policy) {
            continue;
        }
        announced.add(&gateway.name);
        let announced = workload(gateway, ReplicasBasis::Announced, defaults, policy);
        to_come.push(inventory.as_parameters_have_it(gateway, announced));
    }
    let finding = announced.finding(&GATEWAY_WITHOUT_PODS, "gateways", |names| {
        format!("announced, but none of their pods is in the input: {names}")
    });
    let inventory = inventory.with_workloads(to_come);
    (with_waypoints(inventory, defaults, policy), finding.into_iter().collect())
}

/// Whether istiod will make pods for a gateway that has none in the input.
fn is_announced(inventory: &Inventory, gateway: &Gateway) -> bool {
    if !matches!(&*gateway.class, ISTIO | WAYPOINT) {
        return false;
    }
    let (namespace, name) = (&gateway.name.namespace, &*gateway.name.name);
    let deployment = format!("{name}-{}", gateway.class);
    !inventory.workloads.iter().filter(|workload| workload.id.namespace == *namespace).any(|workload| {
        let labelled = workload.labels.get(GATEWAY_NAME);
        labelled.is_some_and(|label| label == name) || [name, &deployment].contains(&&*workload.id.name)
    })
}

fn workload(
    gateway: &Gateway,
    basis: ReplicasBasis,
    defaults: &InjectionDefaults,
    policy: &InjectionPolicy,
) -> Workload {
    let (namespace, gateway_name) = (&*gateway.name.namespace, &*gateway.name.name);
    let is_waypoint = gateway.class == WAYPOINT;
    let role = if is_waypoint { "waypoint" } else { "router" };
    let chosen = Declared::new(policy.proxy_cpu, policy.proxy_memory);
    let container = Container {
        name: PROXY_CONTAINER.to_owned(),
        resources: Requirements { requests: chosen.or(&defaults.requests), limits: defaults.limits.clone() },
        role_arguments: ["proxy", role].map(str::to_owned).to_vec(),
        ..Container::default()
    };
    let labels = [(GATEWAY_NAME, gateway_name), (GATEWAY_CLASS, &*gateway.class)];
    Workload {
        id: WorkloadId::new(namespace, "Deployment", &gateway.made_name().name),
        replicas: 1,
        replicas_basis: basis,
        autoscaler: None,
        labels: Arc::new(labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into_iter().collect()),
        annotations: Arc::new(Labels::new()),
        spec: Arc::new(PodSpec { containers: vec![container], ..PodSpec::default() }),
        measured: Measured::default(),
        pods: 0..0,
    }
}

/// The inventory with the waypoints a policy plans.
fn with_waypoints(inventory: Inventory, defaults: &InjectionDefaults, policy: &InjectionPolicy) -> Inventory {
    let (mesh, _) = membership(&inventory, defaults, policy);
    let wanted = match policy.waypoints {
        Waypoints::AsDeployed | Waypoints::None => Vec::new(),
        Waypoints::PerNamespace => per_namespace(&inventory, &mesh),
        Waypoints::PerService => per_service(&inventory, &mesh),
    };
    let mut inventory = inventory;
    let mut workloads = Vec::with_capacity(wanted.len());
    for Wanted { gateway, carries } in wanted {
        let name = &gateway.name.name;
        match carries {
            Carries::Namespace => {
                let namespace = inventory.namespaces.entry(gateway.name.namespace.clone()).or_default();
                namespace.name = gateway.name.namespace.clone();
                namespace.labels.insert(USE_WAYPOINT.to_owned(), name.to_string());
            }
            Carries::Service(index) => {
                if let Some(service) = inventory.services.get_mut(index) {
                    service.labels.insert(USE_WAYPOINT.to_owned(), name.to_string());
                }
            }
            Carries::Workload => {}
        }
        workloads.push(workload(&gateway, ReplicasBasis::Planned, defaults, policy));
        inventory.gateways.push(gateway);
    }
    inventory.with_workloads(workloads)
}

/// A waypoint to come.
struct Wanted {
    gateway: Gateway,
    carries: Carries,
}

/// What it is for.
enum Carries {
    /// Every service of its namespace without a waypoint of its own.
    Namespace,
    /// The service of that index.
    Service(usize),
    /// A workload, where the input has no services.
    Workload,
}

/// One for every namespace with captured workloads whose services do not all name a waypoint already.
fn per_namespace(inventory: &Inventory, mesh: &Mesh) -> Vec<Wanted> {
    let captured = captured_namespaces(inventory, mesh);
    let without: BTreeSet<&Arc<str>> = match inventory.services.is_empty() {
        true => captured,
        false => {
            let services = inventory.services.iter().filter(|service| !service.external_name);
            let without = services.filter(|service| used_waypoint(inventory, service).is_none());
            without.map(|service| &service.name.namespace).filter(|namespace| captured.contains(namespace)).collect()
        }
    };
    let wanted = without.into_iter().map(|namespace| Wanted {
        gateway: new_gateway(inventory, namespace, "waypoint"),
        carries: Carries::Namespace,
    });
    wanted.collect()
}

/// One for every service of namespaces with captured workloads that names none, or where the input has no services
/// for every captured workload.
fn per_service(inventory: &Inventory, mesh: &Mesh) -> Vec<Wanted> {
    if inventory.services.is_empty() {
        let captured = captured(inventory, mesh).filter(|workload| !workload.id.name.is_empty());
        let named: BTreeSet<(&Arc<str>, &Arc<str>)> = captured.map(|it| (&it.id.namespace, &it.id.name)).collect();
        let gateway = |namespace: &str, name: &str| new_gateway(inventory, namespace, &format!("{name}-waypoint"));
        let wanted = named.into_iter().map(|(namespace, name)| gateway(namespace, name));
        return wanted.map(|gateway| Wanted { gateway, carries: Carries::Workload }).collect();
    }
    let captured = captured_namespaces(inventory, mesh);
    let services = inventory.services.iter().enumerate();
    let without = services.filter(|(_, service)| {
        let may_have_one = !service.external_name && captured.contains(&service.name.namespace);
        may_have_one && used_waypoint(inventory, service).is_none()
    });
    let wanted = without.map(|(index, service)| Wanted {
        gateway: new_gateway(inventory, &service.name.namespace, &format!("{}-waypoint", service.name.name)),
        carries: Carries::Service(index),
    });
    wanted.collect()
}

fn captured<'a>(inventory: &'a Inventory, mesh: &'a Mesh) -> impl Iterator<Item = &'a Workload> {
    let members = inventory.workloads.iter().zip(&mesh.members);
    members.filter(|(_, member)| member.mode == ProxyMode::Ambient).map(|(workload, _)| workload)
}

fn captured_namespaces<'a>(inventory: &'a Inventory, mesh: &'a Mesh) -> BTreeSet<&'a Arc<str>> {
    captured(inventory, mesh).map(|workload| &workload.id.namespace).collect()
}

/// A Gateway for a waypoint, under a name that no Deployment of the namespace has.
fn new_gateway(inventory: &Inventory, namespace: &str, name: &str) -> Gateway {
    let taken = |name: &str| {
        let id = WorkloadId::new(namespace, "Deployment", name);
        inventory.workloads.binary_search_by(|workload| workload.id.cmp(&id)).is_ok()
    };
    let mut name = name.to_owned();
    while taken(&name) {
        name.push_str("-planned");
    }
    Gateway { name: ObjectName::new(namespace, &name), class: WAYPOINT.to_owned(), ..Gateway::default() }
}
