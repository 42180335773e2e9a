//! Who gets a proxy: Istio's rules of injection, and the proxies that already run.
//!
//! The rules are those of Istio's injection webhooks (istio.io, "Installing the Sidecar" and
//! "Resource labels"): `istio-injection` wins over `istio.io/rev`, and any value but `enabled` keeps
//! the webhooks away, which a pod cannot overrule; the pod label `sidecar.istio.io/inject` wins over
//! the annotation of that name; pods on the host network and Kubernetes' own namespaces are left
//! alone; a pod with a sidecar is not captured by ambient mode. Enrolling `all` leaves ambient
//! workloads as they are: they are in the mesh already.
//!
//! A policy may plan one data plane for all that are in the mesh, whatever they have today.

use super::findings::{ENROLLED_NAMESPACE_MISSING, MIXED_PROXIES, NEVER_INJECTED, PROXY_AT_NEXT_RESTART};
use super::proxy::{self, ProxyNotes, find_proxy};
use super::{Membership, Mesh, ProxyMode};
use crate::card::InjectionDefaults;
use crate::finding::{Finding, Tally};
use crate::inventory::{Container, Inventory, Labels, ReplicasBasis, STATIC_POD, Workload};
use crate::policy::{DataPlane, InjectionPolicy, Waypoints};

/// Namespaces whose pods Istio never injects.
const NEVER: [&str; 4] = ["kube-system", "kube-public", "kube-node-lease", "local-path-storage"];
/// Namespace of Istio itself, not enrolled by `all`.
const ISTIO_NAMESPACE: &str = "istio-system";
/// Enrols every namespace.
const ALL: &str = "all";
/// Label of namespaces and pods that ambient mode captures.
const MODE: &str = "istio.io/dataplane-mode";
/// Label and annotation with which a pod speaks for itself.
const INJECT: &str = "sidecar.istio.io/inject";

/// Who is in the mesh: as labelled, as running, and as enrolled by policy.
#[must_use]
pub fn membership(
    inventory: &Inventory,
    defaults: &InjectionDefaults,
    policy: &InjectionPolicy,
) -> (Mesh, Vec<Finding>) {
    let mut notes = Notes::default();
    let largest_node = inventory
        .nodes
        .iter()
        .filter_map(|node| node.allocatable.as_ref().or(node.capacity.as_ref()).map(|machine| machine.resources.cpu));
    let context = proxy::Context { defaults, policy, istio: &inventory.istio, largest_node_cpu: largest_node.max() };
    let members =
        inventory.workloads.iter().map(|workload| member(inventory, workload, &context, &mut notes)).collect();
    let mut findings = notes.findings();
    findings.extend(missing_namespaces(inventory, policy));
    (Mesh { members, features: Vec::new() }, findings)
}

#[derive(Default)]
struct Notes {
    mixed: Tally,
    at_restart: Tally,
    never: Tally,
    proxies: ProxyNotes,
}

impl Notes {
    fn findings(self) -> Vec<Finding> {
        let mut findings = self.proxies.findings();
        findings.extend(
            self.mixed.finding(&MIXED_PROXIES, "workloads", |names| format!("only some pods run a proxy: {names}")),
        );
        findings.extend(self.at_restart.finding(&PROXY_AT_NEXT_RESTART, "workloads", |names| {
            format!("a proxy appears at the next restart of {names}")
        }));
        findings.extend(self.never.finding(&NEVER_INJECTED, "workloads", |names| {
            format!("stay without a proxy although the namespace is in the mesh: {names}")
        }));
        findings
    }
}

fn member(inventory: &Inventory, workload: &Workload, context: &proxy::Context<'_>, notes: &mut Notes) -> Membership {
    let pods = inventory.pods_of(workload);
    let with_proxy = pods.iter().filter(|pod| find_proxy(&pod.spec).is_some());
    let running = with_proxy.clone().count() as u64;
    let carrier = with_proxy.map(|pod| &pod.spec).next().unwrap_or(&workload.spec);
    if let Some(found) = find_proxy(carrier) {
        let (today, reason) = role_of(workload, found.container);
        let mode = planned(today, context.policy);
        if mode != today && mode != ProxyMode::Sidecar {
            return Membership { mode, today, reason: planned_reason(&reason, context.policy), proxy: None };
        }
        if running > 0 && running < workload.replicas && mode == ProxyMode::Sidecar {
            notes.mixed.add(&workload.id);
        }
        let proxy = context.existing(workload, &found, running, mode, &mut notes.proxies);
        return Membership { mode, today, reason: of_basis(workload, reason), proxy: Some(proxy) };
    }
    if workload.is_istiod() {
        let today = ProxyMode::ControlPlane;
        let mode = planned(today, context.policy);
        return Membership { mode, today, reason: "it runs istiod".to_owned(), proxy: None };
    }
    let namespace = inventory.namespace_labels(&workload.id.namespace);
    let (labelled, reason) = wants(workload, namespace, context.policy);
    let outside = |reason: String| Membership { mode: ProxyMode::None, today: ProxyMode::None, reason, proxy: None };
    if labelled == ProxyMode::None {
        return outside(reason);
    }
    if let Some(obstacle) = never_injected(workload) {
        notes.never.add(&workload.id);
        return outside(obstacle.to_owned());
    }
    let today = if labelled == ProxyMode::Ambient { labelled } else { ProxyMode::None };
    let wanted = planned(labelled, context.policy);
    let reason = if wanted == labelled { reason } else { planned_reason(&reason, context.policy) };
    if matches!(wanted, ProxyMode::Ambient | ProxyMode::None) {
        return Membership { mode: wanted, today, reason, proxy: None };
    }
    let by_label = wanted == labelled && !is_enrolled(&workload.id.namespace, context.policy);
    if by_label && pods.iter().any(|pod| pod.listed) {
        notes.at_restart.add(&workload.id);
    }
    let proxy = context.injected(workload, &mut notes.proxies);
    Membership { mode: wanted, today, reason, proxy: Some(proxy) }
}

/// The part a workload is to play under the policy's data plane.
fn planned(role: ProxyMode, policy: &InjectionPolicy) -> ProxyMode {
    let kept = plans_gateway(role, policy);
    match (policy.mode, role) {
        (DataPlane::None, _) => ProxyMode::None,
        (_, ProxyMode::Gateway | ProxyMode::Waypoint) => {
            if kept {
                role
            } else {
                ProxyMode::None
            }
        }
        (DataPlane::Sidecar, ProxyMode::Ambient) => ProxyMode::Sidecar,
        (DataPlane::Sidecar, ProxyMode::Ztunnel) => ProxyMode::None,
        (DataPlane::Ambient, ProxyMode::Sidecar) => ProxyMode::Ambient,
        _ => role,
    }
}

/// Whether a policy has gateways, or waypoints, as `role` says.
pub(super) fn plans_gateway(role: ProxyMode, policy: &InjectionPolicy) -> bool {
    match policy.mode {
        DataPlane::None => false,
        DataPlane::Sidecar => role != ProxyMode::Waypoint,
        DataPlane::AsLabelled | DataPlane::Ambient => {
            role != ProxyMode::Waypoint || policy.waypoints != Waypoints::None
        }
    }
}

fn planned_reason(reason: &str, policy: &InjectionPolicy) -> String {
    let plans = match policy.mode {
        DataPlane::AsLabelled => "no waypoints",
        DataPlane::Sidecar => "sidecars for all",
        DataPlane::Ambient => "ambient mode for all",
        DataPlane::None => "no mesh",
    };
    format!("{reason}, but the policy plans {plans}")
}

/// A workload that is yet to come says so.
fn of_basis(workload: &Workload, reason: String) -> String {
    let is_to_come = matches!(workload.replicas_basis, ReplicasBasis::Announced | ReplicasBasis::Planned);
    if is_to_come { workload.replicas_basis.to_string() } else { reason }
}

/// The part a pod with a proxy plays: the proxy's own arguments say it, else labels, else the pod's shape.
fn role_of(workload: &Workload, proxy: &Container) -> (ProxyMode, String) {
    let labels = &workload.labels;
    let argued = match proxy.role_arguments.get(1).map(String::as_str) {
        Some("sidecar") => Some(ProxyMode::Sidecar),
        Some("router") => Some(ProxyMode::Gateway),
        Some("waypoint") => Some(ProxyMode::Waypoint),
        Some("ztunnel") => Some(ProxyMode::Ztunnel),
        _ => None,
    };
    if labels.get("gateway.networking.k8s.io/gateway-class-name").is_some_and(|class| class == "istio-waypoint")
        || argued == Some(ProxyMode::Waypoint)
    {
        return (ProxyMode::Waypoint, "it runs a waypoint proxy".to_owned());
    }
    if labels.get("app").is_some_and(|app| app == "ztunnel") || argued == Some(ProxyMode::Ztunnel) {
        return (ProxyMode::Ztunnel, "it runs ztunnel".to_owned());
    }
    let is_gateway = is_gateway_template(workload)
        || labels.contains_key("gateway.networking.k8s.io/gateway-name")
        || labels.get("istio").is_some_and(|role| role.ends_with("gateway"));
    let alone = workload.spec.containers.len() == 1 && workload.spec.init_containers.is_empty();
    match argued {
        Some(ProxyMode::Gateway) => (ProxyMode::Gateway, "its proxy runs as a router".to_owned()),
        Some(mode) => (mode, "it already runs a proxy".to_owned()),
        None if is_gateway || alone => (ProxyMode::Gateway, "the pod is a proxy".to_owned()),
        None => (ProxyMode::Sidecar, "it already runs a proxy".to_owned()),
    }
}

fn is_gateway_template(workload: &Workload) -> bool {
    workload.annotations.get("inject.istio.io/templates").is_some_and(|templates| templates.contains("gateway"))
}

/// What labels and policy ask for, with the reason.
fn wants(workload: &Workload, namespace: &Labels, policy: &InjectionPolicy) -> (ProxyMode, String) {
    let sidecar = if is_gateway_template(workload) { ProxyMode::Gateway } else { ProxyMode::Sidecar };
    let labelled = namespace.get("istio-injection").map(String::as_str);
    let revision = namespace.get("istio.io/rev");
    let pod = pod_choice(workload);
    let ambient = ambient(workload, namespace);
    let is_captured = ambient.0 == ProxyMode::Ambient;
    let by_name = policy.enroll.contains(&*workload.id.namespace);
    let of_ambient_mode = is_captured || namespace.get(MODE).is_some_and(|mode| mode == "ambient");
    let is_enrolled = by_name || (is_enrolled(&workload.id.namespace, policy) && !of_ambient_mode);
    if let Some(value) = labelled.filter(|value| *value != "enabled" && !is_enrolled) {
        let reason = format!("the namespace is labelled istio-injection={value}");
        return if is_captured { ambient } else { (ProxyMode::None, reason) };
    }
    if pod == Some(false) {
        let reason = "the pod is labelled or annotated sidecar.istio.io/inject=false".to_owned();
        return if is_captured { ambient } else { (ProxyMode::None, reason) };
    }
    if is_enrolled {
        return (sidecar, "the policy enrols its namespace".to_owned());
    }
    if labelled == Some("enabled") {
        return (sidecar, "the namespace is labelled istio-injection=enabled".to_owned());
    }
    if let Some(revision) = revision {
        return (sidecar, format!("the namespace is labelled istio.io/rev={revision}"));
    }
    // Here the webhook itself selects by label, and knows one spelling.
    if workload.labels.get(INJECT).is_some_and(|text| text == "true") {
        return (sidecar, "the pod is labelled sidecar.istio.io/inject=true".to_owned());
    }
    if let Some(revision) = workload.labels.get("istio.io/rev") {
        return (sidecar, format!("the pod is labelled istio.io/rev={revision}"));
    }
    ambient
}

fn ambient(workload: &Workload, namespace: &Labels) -> (ProxyMode, String) {
    match (workload.labels.get(MODE).map(String::as_str), namespace.get(MODE).map(String::as_str)) {
        (Some("none"), Some("ambient")) => {
            (ProxyMode::None, "the pod is labelled istio.io/dataplane-mode=none".to_owned())
        }
        (Some("ambient"), _) => (ProxyMode::Ambient, "the pod is labelled istio.io/dataplane-mode=ambient".to_owned()),
        (_, Some("ambient")) => {
            (ProxyMode::Ambient, "the namespace is labelled istio.io/dataplane-mode=ambient".to_owned())
        }
        _ => (ProxyMode::None, "nothing asks for a proxy".to_owned()),
    }
}

/// What the pod itself asks for: the label wins over the annotation, also an empty one.
fn pod_choice(workload: &Workload) -> Option<bool> {
    workload.labels.get(INJECT).or_else(|| workload.annotations.get(INJECT)).and_then(|text| truth(text))
}

/// The spellings Istio accepts for yes; empty is as if it were not there, and anything else is no.
fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "" => None,
        "y" | "yes" | "true" | "on" => Some(true),
        _ => Some(false),
    }
}

fn is_enrolled(namespace: &str, policy: &InjectionPolicy) -> bool {
    policy.enroll.contains(namespace)
        || (policy.enroll.contains(ALL) && !NEVER.contains(&namespace) && namespace != ISTIO_NAMESPACE)
}

fn never_injected(workload: &Workload) -> Option<&'static str> {
    if workload.spec.host_network {
        return Some("pods on the host network are never injected");
    }
    if NEVER.contains(&&*workload.id.namespace) {
        return Some("Kubernetes' own namespaces are never injected");
    }
    (*workload.id.kind == *STATIC_POD).then_some("static pods bypass injection")
}

fn missing_namespaces(inventory: &Inventory, policy: &InjectionPolicy) -> impl Iterator<Item = Finding> {
    let has_workloads = |name: &str| inventory.workloads.iter().any(|workload| *workload.id.namespace == *name);
    policy.enroll.iter().filter(move |name| *name != ALL && !has_workloads(name)).map(|name| {
        let message = "there is no workload of that namespace to enrol".to_owned();
        Finding::new(&ENROLLED_NAMESPACE_MISSING, format!("namespace {name}"), message)
    })
}

#[cfg(test)]
mod tests;
