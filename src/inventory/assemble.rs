//! From objects to an inventory: duplicates dropped, pods rolled up to workloads, templates expanded.

mod autoscalers;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::admission::Admission;
use super::expand::{self, Expansion};
use super::findings::{
    DUPLICATE_OBJECT, FINISHED_PODS, PATCH_WITHOUT_TARGET, POD_ON_UNKNOWN_NODE, PODS_WITHOUT_REQUESTS,
};
use super::gateway_parameters;
use super::istio::{Collected, RouteKey};
use super::measurements;
use super::objects::{
    Autoscaler, Controller, CsiNode, Endpoints, MeasuredSeries, MeasuredWorkload, MeshConfigOrigin, Namespace, Node,
    Object, ObjectName, PersistentVolume, PersistentVolumeClaim, PodObject, Quantity, Sourced, Storage, StorageClass,
    UpdateStrategy,
};
use super::owners::Owners;
use super::{Assembled, Change, Inventory, Measured, Place, Pod, ReplicasBasis, Workload, WorkloadId};
use crate::finding::{Finding, Tally};

/// Makes an inventory of objects in the order they were read.
///
/// Listed pods are rolled up through their owners. A controller without listed pods is expanded from
/// its template: always if it comes from a manifest, and if it comes from a running cluster only when
/// no pod of its namespace was listed (then pods were simply not dumped). Admission defaults are
/// applied to expanded pods; listed pods already carry them.
#[must_use]
pub fn assemble(objects: Vec<Sourced>) -> Assembled {
    let mut findings = Vec::new();
    let measured = before_changes(&objects);
    let sorted = Sorted::new(objects, &mut findings);
    let node_index: BTreeMap<Arc<str>, usize> =
        sorted.nodes.iter().enumerate().map(|(index, node)| (node.name.clone(), index)).collect();

    let finished_pods = sorted.pods.iter().filter(|pod| pod.phase.is_finished()).count() as u64;
    if finished_pods > 0 {
        let message = match finished_pods {
            1 => "1 finished pod holds no capacity and is left out".to_owned(),
            many => format!("{many} finished pods hold no capacity and are left out"),
        };
        findings.push(Finding::new(&FINISHED_PODS, "pods", message).counted(finished_pods));
    }
    let listed_namespaces: BTreeSet<Arc<str>> = sorted.pods.iter().map(|pod| pod.name.namespace.clone()).collect();
    let owners = Owners::new(&sorted.controllers);
    let mut listed = roll_up(&sorted.pods, &owners);
    let admission = Admission::new(&sorted.limit_ranges, &sorted.runtime_classes, &sorted.priority_classes);
    let autoscalers = autoscalers::by_target(&sorted.autoscalers);
    let expansion = Expansion {
        owners: &owners,
        admission: &admission,
        autoscalers: &autoscalers,
        nodes: &sorted.nodes,
        listed_namespaces: &listed_namespaces,
    };

    let mut groups: BTreeMap<WorkloadId, Group<'_>> = BTreeMap::new();
    for (id, pods) in std::mem::take(&mut listed) {
        groups.insert(id, Group::Listed(pods));
    }
    for (id, planned) in
        expand::controllers(&sorted.controllers, &expansion, &groups.keys().cloned().collect(), &mut findings)
    {
        groups.insert(id, Group::Planned(Box::new(planned)));
    }

    let mut inventory = Inventory {
        namespaces: namespaces(&sorted, &groups),
        endpoints: endpoints(sorted.endpoints.into_values()),
        services: sorted.services.into_values().collect(),
        updates: updates(&sorted.controllers, &owners),
        disruption_budgets: sorted.disruption_budgets.into_values().collect(),
        quotas: sorted.quotas.into_values().collect(),
        storage: sorted.storage.settle(),
        priority_classes: sorted.priority_classes,
        gateways: sorted.gateways.into_values().collect(),
        gateway_parameters: sorted.gateway_parameters.into_values().collect(),
        istio: sorted.istio.settle(&mut findings),
        finished_pods,
        as_measured: measured.map(Arc::new),
        ..Inventory::default()
    };
    for (id, group) in groups {
        push_workload(&mut inventory, id, &group, &node_index, &owners);
    }
    inventory.nodes = sorted.nodes;
    autoscalers::attach(&mut inventory.workloads, sorted.autoscalers, &mut findings);
    measurements::attach(&mut inventory, sorted.measured, &sorted.series, &mut findings);
    autoscalers::settle_all(&mut inventory);
    inventory.follow_gateway_parameters();
    apply(&mut inventory, &sorted.changes, &mut findings);
    inventory.forget_unused_parameters();
    findings.extend(gateway_parameters::findings(&inventory));
    note_odd_pods(&inventory, &mut findings);
    Assembled { inventory, findings }
}

/// The cluster without what was added to it and changed in it, where memory was measured in that.
fn before_changes(objects: &[Sourced]) -> Option<Inventory> {
    let is_change = |it: &Sourced| match &it.object {
        Object::Patch(_) => true,
        Object::MeshConfig(mesh) => mesh.origin == MeshConfigOrigin::Overlay,
        _ => it.added,
    };
    let is_memory = |it: &Sourced| match &it.object {
        Object::Measured(_) => true,
        Object::Series(series) => matches!(series.quantity, Quantity::ProxyMemory | Quantity::AppMemory),
        _ => false,
    };
    if !objects.iter().any(is_change) || !objects.iter().any(is_memory) {
        return None;
    }
    let before = assemble(objects.iter().filter(|it| !is_change(it)).cloned().collect()).inventory;
    before.measures_memory().then_some(before)
}

/// Objects by kind, each once, ordered by name.
#[derive(Default)]
struct Sorted {
    nodes: Vec<Node>,
    namespaces: BTreeMap<Arc<str>, Namespace>,
    pods: Vec<PodObject>,
    controllers: BTreeMap<WorkloadId, Controller>,
    services: BTreeMap<ObjectName, super::Service>,
    endpoints: BTreeMap<(bool, ObjectName, Arc<str>), Endpoints>,
    autoscalers: Vec<Autoscaler>,
    disruption_budgets: BTreeMap<ObjectName, super::DisruptionBudget>,
    limit_ranges: Vec<super::LimitRange>,
    quotas: BTreeMap<ObjectName, super::ResourceQuota>,
    priority_classes: Vec<super::PriorityClass>,
    runtime_classes: Vec<super::RuntimeClass>,
    storage: StorageObjects,
    gateways: BTreeMap<ObjectName, super::Gateway>,
    gateway_parameters: BTreeMap<ObjectName, super::GatewayParameters>,
    istio: Collected,
    measured: Vec<MeasuredWorkload>,
    series: Vec<MeasuredSeries>,
    changes: Vec<(Change, Arc<str>)>,
}

impl Sorted {
    fn new(objects: Vec<Sourced>, findings: &mut Vec<Finding>) -> Self {
        let mut all = Self::default();
        let mut again = Duplicates::default();
        let mut nodes = BTreeMap::new();
        let mut pods: Vec<(PodObject, Arc<str>)> = Vec::new();
        let mut autoscalers = BTreeMap::new();
        let mut limit_ranges = BTreeMap::new();
        let mut priority_classes = BTreeMap::new();
        let mut runtime_classes = BTreeMap::new();
        for Sourced { object, source, .. } in objects {
            match object {
                Object::Node(node) => again.keep(&mut nodes, node.name.clone(), node, "Node", &source),
                Object::Namespace(it) => again.keep(&mut all.namespaces, it.name.clone(), it, "Namespace", &source),
                Object::Pod(pod) => pods.push((pod, source)),
                Object::Controller(it) => {
                    let id = WorkloadId::new(&it.name.namespace, it.kind.as_str(), &it.name.name);
                    again.keep(&mut all.controllers, id, it, "", &source);
                }
                Object::Service(it) => again.keep(&mut all.services, it.name.clone(), it, "Service", &source),
                Object::Endpoints(it) => {
                    let key = (it.slice, it.service.clone(), it.object.clone());
                    all.endpoints.insert(key, it);
                }
                Object::Autoscaler(it) => {
                    again.keep(&mut autoscalers, it.name.clone(), it, "HorizontalPodAutoscaler", &source);
                }
                Object::DisruptionBudget(it) => {
                    again.keep(&mut all.disruption_budgets, it.name.clone(), it, "PodDisruptionBudget", &source);
                }
                Object::LimitRange(it) => again.keep(&mut limit_ranges, it.name.clone(), it, "LimitRange", &source),
                Object::ResourceQuota(it) => {
                    again.keep(&mut all.quotas, it.name.clone(), it, "ResourceQuota", &source);
                }
                Object::PriorityClass(it) => {
                    again.keep(&mut priority_classes, it.name.clone(), it, "PriorityClass", &source);
                }
                Object::RuntimeClass(it) => {
                    again.keep(&mut runtime_classes, it.name.clone(), it, "RuntimeClass", &source);
                }
                Object::Gateway(it) => again.keep(&mut all.gateways, it.name.clone(), it, "Gateway", &source),
                Object::GatewayParameters(it) => {
                    again.keep(&mut all.gateway_parameters, it.name.clone(), *it, "ConfigMap", &source);
                }
                Object::Measured(it) => all.measured.push(*it),
                Object::Series(it) => all.series.push(it),
                Object::Patch(it) => all.changes.push((Change::Patch(it), source)),
                Object::MeshConfig(it) if it.origin == MeshConfigOrigin::Overlay => {
                    all.changes.push((Change::Values(it), source));
                }
                other => {
                    if let Some(other) = collect_storage(&mut all.storage, &mut again, other, &source) {
                        collect(&mut all.istio, &mut again, other, &source);
                    }
                }
            }
        }
        all.pods = again.unique_pods(pods);
        all.nodes = nodes.into_values().collect();
        all.autoscalers = autoscalers.into_values().collect();
        all.limit_ranges = limit_ranges.into_values().collect();
        all.priority_classes = priority_classes.into_values().collect();
        all.runtime_classes = runtime_classes.into_values().collect();
        findings.extend(again.finding());
        all
    }
}

/// Storage by kind and name.
#[derive(Default)]
struct StorageObjects {
    volumes: BTreeMap<Arc<str>, PersistentVolume>,
    claims: BTreeMap<ObjectName, PersistentVolumeClaim>,
    classes: BTreeMap<Arc<str>, StorageClass>,
    csi_nodes: BTreeMap<Arc<str>, CsiNode>,
}

impl StorageObjects {
    fn settle(self) -> Storage {
        Storage {
            volumes: self.volumes.into_values().collect(),
            claims: self.claims.into_values().collect(),
            classes: self.classes.into_values().collect(),
            csi_nodes: self.csi_nodes.into_values().collect(),
        }
    }
}

/// Takes in an object of the cluster's storage; gives back any other.
fn collect_storage(all: &mut StorageObjects, again: &mut Duplicates, object: Object, source: &str) -> Option<Object> {
    match object {
        Object::PersistentVolume(it) => {
            again.keep(&mut all.volumes, it.name.clone(), it, "PersistentVolume", source);
        }
        Object::PersistentVolumeClaim(it) => {
            again.keep(&mut all.claims, it.name.clone(), it, "PersistentVolumeClaim", source);
        }
        Object::StorageClass(it) => again.keep(&mut all.classes, it.name.clone(), it, "StorageClass", source),
        Object::CsiNode(it) => again.keep(&mut all.csi_nodes, it.name.clone(), it, "CSINode", source),
        other => return Some(other),
    }
    None
}

/// Takes in an object of Istio's configuration.
fn collect(all: &mut Collected, again: &mut Duplicates, object: Object, source: &str) {
    match object {
        Object::Sidecar(it) => again.keep(&mut all.sidecars, it.name.clone(), it, "Sidecar", source),
        Object::VirtualService(it) => {
            again.keep(&mut all.virtual_services, it.name.clone(), it, "VirtualService", source);
        }
        Object::DestinationRule(it) => {
            again.keep(&mut all.destination_rules, it.name.clone(), *it, "DestinationRule", source);
        }
        Object::ServiceEntry(it) => again.keep(&mut all.service_entries, it.name.clone(), it, "ServiceEntry", source),
        Object::WorkloadEntry(it) => {
            again.keep(&mut all.workload_entries, it.name.clone(), it, "WorkloadEntry", source);
        }
        Object::IstioGateway(it) => again.keep(&mut all.gateways, it.name.clone(), it, "Gateway", source),
        Object::GatewayRoute(it) => {
            let key = RouteKey(it.kind, it.name.clone());
            again.keep(&mut all.routes, key, it, "", source);
        }
        Object::WorkloadGroup(it) => {
            again.keep(&mut all.workload_groups, it.name.clone(), it, "WorkloadGroup", source);
        }
        Object::ProxySettings(it) => again.keep(&mut all.proxy_settings, it.name.clone(), it, "ProxyConfig", source),
        Object::EnvoyFilter(it) => again.keep(&mut all.envoy_filters, it.name.clone(), it, "EnvoyFilter", source),
        Object::WasmPlugin(it) => again.keep(&mut all.wasm_plugins, it.name.clone(), it, "WasmPlugin", source),
        Object::PeerAuthentication(it) => {
            again.keep(&mut all.peer_authentications, it.name.clone(), it, "PeerAuthentication", source);
        }
        Object::AuthorizationPolicy(it) => {
            again.keep(&mut all.authorization_policies, it.name.clone(), it, "AuthorizationPolicy", source);
        }
        Object::RequestAuthentication(it) => {
            again.keep(&mut all.request_authentications, it.name.clone(), it, "RequestAuthentication", source);
        }
        Object::Telemetry(it) => again.keep(&mut all.telemetries, it.name.clone(), it, "Telemetry", source),
        Object::MeshConfig(it) => all.mesh_configs.push(*it),
        _ => {}
    }
}

/// Objects met more than once with different content.
#[derive(Default)]
struct Duplicates(Tally);

impl Duplicates {
    fn keep<K: Ord + std::fmt::Display, V: PartialEq>(
        &mut self,
        kept: &mut BTreeMap<K, V>,
        key: K,
        value: V,
        kind: &str,
        source: &str,
    ) {
        if let Some(known) = kept.get(&key)
            && *known != value
        {
            self.note(format!("{kind} {key}").trim_start(), source);
        }
        kept.insert(key, value);
    }

    fn note(&mut self, name: &str, source: &str) {
        self.0.add(format_args!("{name} (again in {source})"));
    }

    /// Sorts pods by name and keeps, of those with one name, the one read last.
    fn unique_pods(&mut self, mut pods: Vec<(PodObject, Arc<str>)>) -> Vec<PodObject> {
        pods.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
        let mut unique: Vec<PodObject> = Vec::with_capacity(pods.len());
        for (pod, source) in pods {
            match unique.last_mut() {
                Some(last) if last.name == pod.name => {
                    if *last != pod {
                        self.note(&format!("Pod {}", pod.name), &source);
                    }
                    *last = pod;
                }
                _ => unique.push(pod),
            }
        }
        unique
    }

    fn finding(&self) -> Option<Finding> {
        self.0.finding(&DUPLICATE_OBJECT, "input", |names| format!("{names}; the one read last is used"))
    }
}

/// Pods of one workload, before they have an index.
enum Group<'a> {
    Listed(Vec<&'a PodObject>),
    Planned(Box<expand::Planned>),
}

fn roll_up<'a>(pods: &'a [PodObject], owners: &Owners<'_>) -> BTreeMap<WorkloadId, Vec<&'a PodObject>> {
    let mut groups: BTreeMap<WorkloadId, Vec<&PodObject>> = BTreeMap::new();
    for pod in pods.iter().filter(|pod| !pod.phase.is_finished()) {
        groups.entry(owners.workload_of(pod)).or_default().push(pod);
    }
    groups
}

fn push_workload(
    inventory: &mut Inventory,
    id: WorkloadId,
    group: &Group<'_>,
    node_index: &BTreeMap<Arc<str>, usize>,
    owners: &Owners<'_>,
) {
    let index = inventory.workloads.len();
    let first = inventory.pods.len();
    let workload = match group {
        Group::Listed(pods) => {
            inventory.pods.extend(pods.iter().map(|pod| listed_pod(pod, index, node_index, owners)));
            // A running pod speaks for its workload; while rolling out, pods may differ.
            let speaker = pods.iter().find(|pod| !pod.terminating && pod.node.is_some()).or(pods.first());
            let (labels, annotations, spec) =
                speaker.map(|pod| (pod.labels.clone(), pod.annotations.clone(), pod.spec.clone())).unwrap_or_default();
            Workload {
                id,
                replicas: pods.len() as u64,
                replicas_basis: ReplicasBasis::ListedPods,
                autoscaler: None,
                labels,
                annotations,
                spec,
                measured: Measured::default(),
                pods: first..first + pods.len(),
            }
        }
        Group::Planned(planned) => {
            inventory.pods.extend((0..planned.replicas).map(|number| planned.pod(&id, index, number)));
            Workload {
                id,
                replicas: planned.replicas,
                replicas_basis: planned.basis,
                autoscaler: None,
                labels: planned.controller.template_labels.clone(),
                annotations: planned.controller.template_annotations.clone(),
                spec: planned.spec.clone(),
                measured: Measured::default(),
                pods: first..inventory.pods.len(),
            }
        }
    };
    inventory.workloads.push(workload);
}

fn listed_pod(pod: &PodObject, workload: usize, node_index: &BTreeMap<Arc<str>, usize>, owners: &Owners<'_>) -> Pod {
    let place = match &pod.node {
        None => Place::Pending,
        Some(node) => node_index.get(node).map_or(Place::Elsewhere, |&index| Place::On(index)),
    };
    Pod {
        name: pod.name.clone(),
        workload,
        labels: pod.labels.clone(),
        annotations: pod.annotations.clone(),
        spec: pod.spec.clone(),
        place,
        phase: pod.phase,
        listed: true,
        terminating: pod.terminating,
        life: pod.life.clone(),
        siblings: owners.siblings_of(pod),
    }
}

/// How the controllers that no other controller owns replace pods.
fn updates(
    controllers: &BTreeMap<WorkloadId, Controller>,
    owners: &Owners<'_>,
) -> BTreeMap<WorkloadId, UpdateStrategy> {
    let roots = controllers.iter().filter(|(id, _)| owners.workload_of_controller(id) == **id);
    roots.map(|(id, controller)| (id.clone(), controller.update)).collect()
}

/// Namespaces of the input, and those only mentioned by workloads and services.
fn namespaces(sorted: &Sorted, groups: &BTreeMap<WorkloadId, Group<'_>>) -> BTreeMap<Arc<str>, Namespace> {
    let mut namespaces = sorted.namespaces.clone();
    let mentioned = groups.keys().map(|id| &id.namespace).chain(sorted.services.keys().map(|name| &name.namespace));
    for name in mentioned {
        if !namespaces.contains_key(name) {
            namespaces.insert(name.clone(), Namespace { name: name.clone(), ..Namespace::default() });
        }
    }
    namespaces
}

/// Addresses per service: its slices added up, those of the larger family, or, without slices, its
/// Endpoints object.
fn endpoints(objects: impl Iterator<Item = Endpoints>) -> BTreeMap<ObjectName, Endpoints> {
    let mut families: BTreeMap<(ObjectName, bool), Endpoints> = BTreeMap::new();
    // Endpoints come before slices, so that slices replace them.
    for object in objects {
        match families.get_mut(&(object.service.clone(), object.ipv6)) {
            Some(known) if known.slice => {
                known.ready = known.ready.saturating_add(object.ready);
                known.not_ready = known.not_ready.saturating_add(object.not_ready);
            }
            _ => {
                families.insert((object.service.clone(), object.ipv6), object);
            }
        }
    }
    let mut services: BTreeMap<ObjectName, Endpoints> = BTreeMap::new();
    for ((service, _), family) in families {
        let size = |it: &Endpoints| (it.slice, it.ready.saturating_add(it.not_ready));
        if services.get(&service).is_none_or(|known| size(known) < size(&family)) {
            services.insert(service, family);
        }
    }
    services
}

/// Makes changes of the input to the rest of it.
fn apply(inventory: &mut Inventory, changes: &[(Change, Arc<str>)], findings: &mut Vec<Finding>) {
    for (change, source) in changes {
        if let (false, Change::Patch(patch)) = (inventory.apply(change), change) {
            let (kind, name) = patch.target();
            let message = format!("{source} changes it, but it is not in the input");
            findings.push(Finding::new(&PATCH_WITHOUT_TARGET, format!("{kind} {name}"), message));
        }
    }
}

fn note_odd_pods(inventory: &Inventory, findings: &mut Vec<Finding>) {
    let elsewhere = inventory.pods.iter().filter(|pod| pod.place == Place::Elsewhere).count() as u64;
    if elsewhere > 0 {
        let message = format!("{elsewhere} pods run on nodes that are not in the input");
        findings.push(Finding::new(&POD_ON_UNKNOWN_NODE, "pods", message).counted(elsewhere));
    }
    let bare = inventory.workloads.iter().filter(|workload| {
        workload.replicas > 0
            && workload.spec.containers.iter().all(|container| {
                let requests = container.resources.effective_requests();
                requests.cpu.is_none() && requests.memory.is_none()
            })
    });
    let (workloads, pods) = bare.fold((0, 0), |(count, pods), workload| (count + 1, pods + workload.replicas));
    if workloads > 0 {
        let message = format!("{workloads} workloads with {pods} pods declare neither CPU nor memory");
        findings.push(Finding::new(&PODS_WITHOUT_REQUESTS, "workloads", message).counted(workloads));
    }
}

#[cfg(test)]
mod tests;
