//! The cluster as planned, pod by pod, for whatever places pods.

use std::collections::HashMap;
use std::sync::Arc;

use super::injected::{proxy_of, with_proxy};
use crate::inventory::objects::Toleration;
use crate::inventory::request::{container_request, pod_request};
use crate::inventory::{
    Container, Inventory, Labels, Measured, ObjectName, Place, Pod, PodLife, PodPhase, PodSpec, ReplicasBasis,
    Workload, WorkloadId, without_proxy,
};
use crate::mesh::{CniAgents, Membership, Mesh, ProxyMode, is_cni};
use crate::overhead::{ControlPlane, Overhead};
use crate::policy::Policy;
use crate::resources::{Declared, Requirements, Resources};

/// Namespace of what the mesh adds beside sidecars, gateways and waypoints.
const ISTIO_NAMESPACE: &str = "istio-system";

/// Priority class of node proxies and agents in Istio's charts (`manifests/charts/ztunnel` and `istio-cni`).
const NODE_CRITICAL: &str = "system-node-critical";
/// Its value, which Kubernetes fixes (`scheduling/types.go`, `SystemCriticalPriority` and 1000 more).
const NODE_CRITICAL_PRIORITY: i32 = 2_000_001_000;

/// An inventory whose pods run what the plan has them run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AsPlanned {
    /// The cluster: every pod with its planned proxy as the injector makes it, without sidecars and parts of
    /// Istio that go, with gateways, waypoints, istiod, ztunnels and istio-cni agents that are to come. Pods stay
    /// where they are; those to come wait. Workloads and pods keep their order, so that indices agree within
    /// this inventory and not with the one it was made of.
    pub inventory: Inventory,
    /// The part of each pod's request that its mesh proxy makes, by the index of [`AsPlanned::shares`]; parallel to
    /// the pods.
    share_of: Vec<usize>,
    shares: Vec<Resources>,
}

impl AsPlanned {
    /// The part of a pod's request that the mesh makes; zero without a proxy.
    #[must_use]
    pub fn mesh_share(&self, pod: usize) -> &Resources {
        static NOTHING: std::sync::LazyLock<Resources> = std::sync::LazyLock::new(Resources::default);
        self.share_of.get(pod).and_then(|&index| self.shares.get(index)).unwrap_or(&NOTHING)
    }

    /// The cluster with every planned proxy, the control plane and the node proxies that are missing.
    pub(super) fn new(
        inventory: &Inventory,
        mesh: &Mesh,
        overhead: &Overhead,
        cni: &CniAgents,
        policy: &Policy,
    ) -> Self {
        let mut draft = Draft::of(inventory, mesh, cni);
        if cni.planned {
            draft.add_to_nodes(inventory, "istio-cni-node", ("k8s-app", "istio-cni-node"), &cni.requests);
        }
        // istiod that cannot be sized cannot be placed either; the plan says so.
        if !policy.control_plane.dedicated_nodes && overhead.control_plane.infeasible.is_none() {
            draft.add_control_plane(inventory, mesh, &overhead.control_plane);
        }
        draft.add_gateways();
        let ztunnel_runs = mesh.members.iter().any(|member| member.mode == ProxyMode::Ztunnel);
        if let Some(ztunnel) = overhead.ztunnel.as_ref().filter(|_| !ztunnel_runs) {
            draft.add_to_nodes(inventory, "ztunnel", ("app", "ztunnel"), &ztunnel.requests);
        }
        draft.finish(inventory)
    }
}

/// Workloads with their pods, before they have their final places.
struct Draft {
    groups: Vec<Group>,
    /// Pods of no workload.
    strays: Vec<Pod>,
    shares: Vec<Resources>,
    /// By workload of the inventory, its group.
    group_of: Vec<Option<usize>>,
}

struct Group {
    workload: Workload,
    pods: Vec<(Pod, usize)>,
}

impl Draft {
    /// The pods there are, as the mesh will have them.
    fn of(inventory: &Inventory, mesh: &Mesh, cni: &CniAgents) -> Self {
        let mut draft = Self {
            groups: Vec::with_capacity(inventory.workloads.len()),
            strays: Vec::new(),
            // The first is nothing.
            shares: vec![Resources::default()],
            group_of: Vec::with_capacity(inventory.workloads.len()),
        };
        for (index, workload) in inventory.workloads.iter().enumerate() {
            let member = mesh.members.get(index);
            if member.is_some_and(Membership::goes) || (cni.count == 0 && is_cni(workload)) {
                draft.group_of.push(None);
                continue;
            }
            let spec = planned_spec(&workload.spec, member);
            draft.group_of.push(Some(draft.groups.len()));
            draft.groups.push(Group { workload: Workload { spec, ..workload.clone() }, pods: Vec::new() });
        }
        let mut known: HashMap<(*const PodSpec, usize), (Arc<PodSpec>, usize)> = HashMap::new();
        for pod in &inventory.pods {
            let Some(group) = draft.group_of.get(pod.workload) else {
                draft.strays.push(pod.clone());
                continue;
            };
            let Some(group) = *group else { continue };
            let member = mesh.members.get(pod.workload);
            let key = (Arc::as_ptr(&pod.spec), pod.workload);
            let (spec, share) = known.entry(key).or_insert_with(|| {
                let spec = planned_spec(&pod.spec, member);
                let proxy = member.and_then(|member| member.proxy.as_ref()).and_then(|_| proxy_of(&spec));
                let share = keep(&mut draft.shares, proxy.map(container_request).unwrap_or_default());
                (spec, share)
            });
            // Without any node, all pods need a place.
            let is_lost = pod.place == Place::Elsewhere && inventory.nodes.is_empty();
            let place = if is_lost { Place::Pending } else { pod.place };
            let pod = Pod { spec: spec.clone(), place, ..pod.clone() };
            if let Some(group) = draft.groups.get_mut(group) {
                group.pods.push((pod, *share));
            }
        }
        draft
    }

    fn add_control_plane(&mut self, inventory: &Inventory, mesh: &Mesh, control_plane: &ControlPlane) {
        let runs = mesh.members.iter().position(|member| member.mode == ProxyMode::ControlPlane);
        let deployed = control_plane.deployed.as_ref().map_or(0, |(replicas, _)| *replicas);
        let missing = control_plane.replicas.saturating_sub(if runs.is_some() { deployed } else { 0 });
        if missing == 0 {
            return;
        }
        let request = Resources::new(control_plane.cpu_request, control_plane.memory_request);
        let requests = Declared::new(Some(control_plane.cpu_request), Some(control_plane.memory_request));
        let alone = PodSpec { containers: vec![container("discovery", requests)], ..PodSpec::default() };
        let deployed = runs.and_then(|index| inventory.workloads.get(index));
        let spec = deployed.map_or_else(|| alone.clone(), |deployed| like(&deployed.spec, &alone));
        let group = runs.and_then(|index| self.group_of.get(index).copied().flatten());
        let group = group.unwrap_or_else(|| self.open("Deployment", "istiod", ("app", "istiod"), &spec));
        let places = (0..missing).map(|_| Place::Pending);
        self.add("istiod", group, &Arc::new(spec), &request, places);
    }

    /// Gateways and waypoints that have no pods yet.
    fn add_gateways(&mut self) {
        for group in 0..self.groups.len() {
            let Some(Group { workload, pods }) = self.groups.get(group) else { continue };
            let is_to_come = matches!(workload.replicas_basis, ReplicasBasis::Announced | ReplicasBasis::Planned);
            if !is_to_come || !pods.is_empty() {
                continue;
            }
            let (name, spec, replicas) = (workload.id.name.clone(), workload.spec.clone(), workload.replicas);
            self.add(&name, group, &spec, &pod_request(&spec), (0..replicas).map(|_| Place::Pending));
        }
    }

    /// A pod on every node, whatever its taints, as ztunnel and the istio-cni agents tolerate all of them.
    fn add_to_nodes(&mut self, inventory: &Inventory, name: &str, label: (&str, &str), requests: &Declared) {
        let spec = PodSpec {
            containers: vec![container(name, requests.clone())],
            tolerations: vec![Toleration { key: String::new(), exists: true, value: String::new(), effect: None }],
            priority_class: Some(NODE_CRITICAL.to_owned()),
            priority: Some(NODE_CRITICAL_PRIORITY),
            ..PodSpec::default()
        };
        let group = self.open("DaemonSet", name, label, &spec);
        let places = (0..inventory.nodes.len()).map(Place::On);
        self.add(name, group, &Arc::new(spec), &requests.to_resources(), places);
    }

    /// A workload of Istio's own.
    fn open(&mut self, kind: &str, name: &str, (key, value): (&str, &str), spec: &PodSpec) -> usize {
        let workload = Workload {
            id: WorkloadId::new(ISTIO_NAMESPACE, kind, name),
            replicas: 0,
            replicas_basis: ReplicasBasis::Planned,
            autoscaler: None,
            labels: Arc::new(Labels::from([(key.to_owned(), value.to_owned())])),
            annotations: Arc::default(),
            spec: Arc::new(spec.clone()),
            measured: Measured::default(),
            pods: 0..0,
        };
        self.groups.push(Group { workload, pods: Vec::new() });
        self.groups.len() - 1
    }

    /// Pods of the mesh's own.
    fn add(
        &mut self,
        name: &str,
        group: usize,
        spec: &Arc<PodSpec>,
        request: &Resources,
        places: impl Iterator<Item = Place>,
    ) {
        let share = keep(&mut self.shares, request.clone());
        let Some(Group { workload, pods }) = self.groups.get_mut(group) else { return };
        for (number, place) in places.enumerate() {
            pods.push((to_come(workload, name, number, spec, place), share));
        }
        workload.replicas = workload.replicas.max(pods.len() as u64);
    }

    /// Workloads in their order, each with its pods.
    fn finish(self, inventory: &Inventory) -> AsPlanned {
        let Self { mut groups, strays, shares, .. } = self;
        groups.sort_by(|a, b| a.workload.id.cmp(&b.workload.id));
        let mut planned = AsPlanned { inventory: with_same_objects(inventory), share_of: Vec::new(), shares };
        for (index, Group { mut workload, pods }) in groups.into_iter().enumerate() {
            let start = planned.inventory.pods.len();
            for (pod, share) in pods {
                planned.inventory.pods.push(Pod { workload: index, ..pod });
                planned.share_of.push(share);
            }
            workload.pods = start..planned.inventory.pods.len();
            planned.inventory.workloads.push(workload);
        }
        planned.inventory.pods.extend(strays);
        planned
    }
}

/// What a pod of a member runs as planned.
fn planned_spec(spec: &Arc<PodSpec>, member: Option<&Membership>) -> Arc<PodSpec> {
    let Some(member) = member else { return spec.clone() };
    if member.loses_sidecar() {
        return Arc::new(without_proxy(spec));
    }
    match with_proxy(spec, member.proxy.as_ref()) {
        std::borrow::Cow::Borrowed(_) => spec.clone(),
        std::borrow::Cow::Owned(spec) => Arc::new(spec),
    }
}

/// The containers of one specification under the constraints of another.
fn like(constraints: &PodSpec, containers: &PodSpec) -> PodSpec {
    PodSpec {
        containers: containers.containers.clone(),
        init_containers: Vec::new(),
        pod_level: Requirements::default(),
        overhead: Declared::default(),
        ..constraints.clone()
    }
}

fn container(name: &str, requests: Declared) -> Container {
    let resources = Requirements { requests, ..Requirements::default() };
    Container { name: name.to_owned(), resources, ..Container::default() }
}

fn to_come(workload: &Workload, name: &str, number: usize, spec: &Arc<PodSpec>, place: Place) -> Pod {
    Pod {
        name: ObjectName::new(&workload.id.namespace, &format!("{name}-planned-{number}")),
        workload: 0,
        labels: workload.labels.clone(),
        annotations: workload.annotations.clone(),
        spec: spec.clone(),
        place,
        phase: PodPhase::Pending,
        listed: false,
        terminating: false,
        life: PodLife::default(),
        siblings: None,
    }
}

fn keep(shares: &mut Vec<Resources>, share: Resources) -> usize {
    if share.is_zero() {
        return 0;
    }
    shares.push(share);
    shares.len() - 1
}

/// The inventory without its workloads and pods.
fn with_same_objects(inventory: &Inventory) -> Inventory {
    Inventory {
        nodes: inventory.nodes.clone(),
        namespaces: inventory.namespaces.clone(),
        workloads: Vec::with_capacity(inventory.workloads.len()),
        pods: Vec::with_capacity(inventory.pods.len()),
        services: inventory.services.clone(),
        endpoints: inventory.endpoints.clone(),
        updates: inventory.updates.clone(),
        disruption_budgets: inventory.disruption_budgets.clone(),
        quotas: inventory.quotas.clone(),
        storage: inventory.storage.clone(),
        priority_classes: inventory.priority_classes.clone(),
        gateways: inventory.gateways.clone(),
        gateway_parameters: inventory.gateway_parameters.clone(),
        istio: inventory.istio.clone(),
        finished_pods: inventory.finished_pods,
        as_measured: None,
    }
}
