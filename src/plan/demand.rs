//! What every pod asks for, as the cluster is and with the mesh as planned.

use std::collections::HashMap;
use std::sync::Arc;

use crate::inventory::request::{container_request, pod_request, pod_request_with};
use crate::inventory::{
    Container, Inventory, ObjectName, PROXY_CONTAINER, Place, Pod, PodSpec, ReplicasBasis, STATIC_POD,
};
use crate::mesh::{CniAgents, Membership, Mesh, Proxy, ProxyMode, is_cni};
use crate::overhead::{Overhead, ProxyCost};
use crate::placement::{Mobility, PodDemand};
use crate::policy::Policy;
use crate::resources::{Requirements, Resources};

/// Pods and their requests, owned, so that a packer can borrow them.
pub struct Demands {
    requests: Vec<Resources>,
    pods: Vec<Demand>,
}

struct Demand {
    name: ObjectName,
    spec: Arc<PodSpec>,
    request: usize,
    mesh: usize,
    node: Option<usize>,
    mobility: Mobility,
}

/// Containers that Istio injects into a pod (istio/istio, `injection-template.yaml`).
const SIDECAR_CONTAINERS: [&str; 4] = [PROXY_CONTAINER, "istio-init", "istio-validation", "enable-core-dump"];

/// Requests that the mesh adds beside sidecars.
pub const ISTIO_NAMESPACE: &str = "istio-system";

impl Demands {
    /// The cluster as it is: every pod with the containers it has today.
    pub fn today(inventory: &Inventory, mesh: &Mesh) -> Self {
        Self::of(inventory, mesh, None)
    }

    /// The cluster with every planned proxy, the control plane and the node proxies that are missing.
    pub fn planned(inventory: &Inventory, mesh: &Mesh, overhead: &Overhead, cni: &CniAgents, policy: &Policy) -> Self {
        let mut demands = Self::of(inventory, mesh, Some(cni));
        if cni.planned {
            demands.add_cni(inventory, cni);
        }
        // istiod that cannot be sized cannot be placed either; the plan says so.
        if !policy.control_plane.dedicated_nodes && overhead.control_plane.infeasible.is_none() {
            demands.add_control_plane(mesh, overhead);
        }
        demands.add_gateways(inventory);
        if let Some(ztunnel) = &overhead.ztunnel {
            demands.add_ztunnels(inventory, mesh, ztunnel);
        }
        demands
    }

    /// What a packer is given.
    pub fn pods(&self) -> Vec<PodDemand<'_>> {
        let nothing = &self.requests[0];
        let request = |index: usize| self.requests.get(index).unwrap_or(nothing);
        let demand = |pod: &'_ Demand| (request(pod.request), request(pod.mesh));
        self.pods
            .iter()
            .map(|pod| {
                let (request, mesh) = demand(pod);
                PodDemand { name: &pod.name, spec: &pod.spec, request, mesh, node: pod.node, mobility: pod.mobility }
            })
            .collect()
    }

    /// As it is without agents of a plan; with them as planned, where those of today go if none are left.
    fn of(inventory: &Inventory, mesh: &Mesh, planned: Option<&CniAgents>) -> Self {
        let with_planned_proxies = planned.is_some();
        // Index 0 is "nothing"; pods of one template share their requests.
        let mut demands = Self { requests: vec![Resources::default()], pods: Vec::with_capacity(inventory.pods.len()) };
        let mut known: HashMap<(*const PodSpec, usize), (usize, usize)> = HashMap::new();
        // Pods on nodes that are not in the input run elsewhere; without any node, all pods need a place.
        let counted = |pod: &&Pod| pod.place != Place::Elsewhere || inventory.nodes.is_empty();
        let no_agents = planned.is_some_and(|agents| agents.count == 0);
        let cni_goes = |pod: &Pod| no_agents && inventory.workloads.get(pod.workload).is_some_and(is_cni);
        for pod in inventory.pods.iter().filter(counted) {
            let member = mesh.members.get(pod.workload);
            if with_planned_proxies && (member.is_some_and(Membership::goes) || cni_goes(pod)) {
                continue;
            }
            let proxy = member.and_then(|member| member.proxy.as_ref());
            let stripped = with_planned_proxies && member.is_some_and(Membership::loses_sidecar);
            let key = (Arc::as_ptr(&pod.spec), pod.workload);
            let (request, share) = *known.entry(key).or_insert_with(|| {
                let (request, share) = if stripped {
                    (pod_request(&without_proxy(&pod.spec)), Resources::default())
                } else {
                    requests_of(pod, proxy, with_planned_proxies)
                };
                (demands.keep(request), demands.keep(share))
            });
            let node = match pod.place {
                Place::On(index) => Some(index),
                Place::Pending | Place::Elsewhere => None,
            };
            let mobility = mobility(inventory, pod);
            demands.pods.push(Demand {
                name: pod.name.clone(),
                spec: pod.spec.clone(),
                request,
                mesh: share,
                node,
                mobility,
            });
        }
        demands
    }

    fn keep(&mut self, resources: Resources) -> usize {
        if resources.is_zero() {
            return 0;
        }
        self.requests.push(resources);
        self.requests.len() - 1
    }

    fn add_control_plane(&mut self, mesh: &Mesh, overhead: &Overhead) {
        let control_plane = &overhead.control_plane;
        let runs = mesh.members.iter().any(|member| member.mode == ProxyMode::ControlPlane);
        let missing = if runs {
            control_plane.replicas.saturating_sub(control_plane.deployed.as_ref().map_or(0, |(replicas, _)| *replicas))
        } else {
            control_plane.replicas
        };
        let request = Resources::new(control_plane.cpu_request, control_plane.memory_request);
        for number in 0..missing {
            self.add(of_istio("istiod", number), &request, None, Mobility::Free);
        }
    }

    /// Gateways and waypoints that have no pods yet.
    fn add_gateways(&mut self, inventory: &Inventory) {
        let is_to_come = |basis| matches!(basis, ReplicasBasis::Announced | ReplicasBasis::Planned);
        for workload in inventory.workloads.iter().filter(|workload| is_to_come(workload.replicas_basis)) {
            let request = pod_request(&workload.spec);
            for number in 0..workload.replicas {
                let name = format!("{}-planned-{number}", workload.id.name);
                self.add(ObjectName::new(&workload.id.namespace, &name), &request, None, Mobility::Free);
            }
        }
    }

    fn add_ztunnels(&mut self, inventory: &Inventory, mesh: &Mesh, ztunnel: &ProxyCost) {
        if mesh.members.iter().any(|member| member.mode == ProxyMode::Ztunnel) {
            return;
        }
        let request = ztunnel.requests.to_resources();
        for node in 0..inventory.nodes.len() {
            self.add(of_istio("ztunnel", node as u64), &request, Some(node), Mobility::PerNode);
        }
    }

    fn add_cni(&mut self, inventory: &Inventory, cni: &CniAgents) {
        let request = cni.requests.to_resources();
        for node in 0..inventory.nodes.len() {
            self.add(of_istio("istio-cni-node", node as u64), &request, Some(node), Mobility::PerNode);
        }
    }

    fn add(&mut self, name: ObjectName, request: &Resources, node: Option<usize>, mobility: Mobility) {
        let spec = Arc::new(PodSpec::default());
        let request = self.keep(request.clone());
        self.pods.push(Demand { name, spec, request, mesh: request, node, mobility });
    }
}

fn of_istio(name: &str, number: u64) -> ObjectName {
    ObjectName::new(ISTIO_NAMESPACE, &format!("{name}-planned-{number}"))
}

/// The request of a pod and the part of it that its proxy makes.
fn requests_of(pod: &Pod, proxy: Option<&Proxy>, with_planned_proxies: bool) -> (Resources, Resources) {
    let Some(proxy) = proxy else { return (pod_request(&pod.spec), Resources::default()) };
    if has_proxy(&pod.spec) {
        let completed = completed(&pod.spec, &proxy.container);
        let own = proxies_of(&pod.spec).next().map(container_request).unwrap_or_default();
        let share = if completed.is_some() { container_request(&proxy.container) } else { own };
        return (pod_request(completed.as_ref().unwrap_or(&pod.spec)), share);
    }
    if !with_planned_proxies {
        return (pod_request(&pod.spec), Resources::default());
    }
    (pod_request_with(&pod.spec, Some((&proxy.container, proxy.form))), container_request(&proxy.container))
}

/// What a pod runs without its sidecar and the init containers that come with it.
fn without_proxy(spec: &PodSpec) -> PodSpec {
    let is_of_istio = |container: &Container| SIDECAR_CONTAINERS.contains(&&*container.name);
    let mut spec = spec.clone();
    spec.containers.retain(|container| !is_of_istio(container));
    spec.init_containers.retain(|container| !is_of_istio(container));
    spec
}

fn has_proxy(spec: &PodSpec) -> bool {
    proxies_of(spec).next().is_some()
}

fn proxies_of(spec: &PodSpec) -> impl Iterator<Item = &Container> {
    let native = spec.init_containers.iter().filter(|init| init.restartable);
    spec.containers.iter().chain(native).filter(|container| container.name == PROXY_CONTAINER)
}

/// A template whose proxy injection has yet to complete (`image: auto`), with what it will ask for.
fn completed(spec: &PodSpec, proxy: &Container) -> Option<PodSpec> {
    let is_blank = |container: &Container| {
        container.name == PROXY_CONTAINER && container.image == "auto" && container.resources == Requirements::default()
    };
    let index = spec.containers.iter().position(is_blank)?;
    let mut spec = spec.clone();
    spec.containers.get_mut(index)?.resources = proxy.resources.clone();
    Some(spec)
}

fn mobility(inventory: &Inventory, pod: &Pod) -> Mobility {
    match inventory.workloads.get(pod.workload).map(|workload| &*workload.id.kind) {
        Some("DaemonSet") => Mobility::PerNode,
        // Without nodes in the input there is nothing a static pod could be bound to.
        Some(STATIC_POD) if !inventory.nodes.is_empty() => Mobility::Bound,
        _ => Mobility::Free,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::SidecarForm;
    use crate::resources::Declared;
    use crate::units::{Bytes, Millicores};

    fn container(name: &str, image: &str, millicores: Option<u64>) -> Container {
        let requests = Declared::new(millicores.map(Millicores::new), millicores.map(Bytes::from_mib));
        Container {
            name: name.to_owned(),
            image: image.to_owned(),
            resources: Requirements { requests, ..Requirements::default() },
            ..Container::default()
        }
    }

    /// CPU a pod of these containers asks for today and with the mesh, and the part its proxy makes.
    fn requested(containers: Vec<Container>) -> [u64; 3] {
        let proxy = Proxy {
            container: container(PROXY_CONTAINER, "", Some(100)),
            present: false,
            running: 0,
            form: SidecarForm::Classic,
            workers: 2,
            workers_basis: "test",
        };
        let spec = Arc::new(PodSpec { containers, ..PodSpec::default() });
        let pod = Pod {
            name: ObjectName::new("shop", "cart"),
            workload: 0,
            labels: Arc::default(),
            annotations: Arc::default(),
            spec,
            place: Place::Pending,
            phase: crate::inventory::PodPhase::Pending,
            listed: false,
            terminating: false,
            life: crate::inventory::PodLife::default(),
            siblings: None,
        };
        let (today, _) = requests_of(&pod, Some(&proxy), false);
        let (planned, share) = requests_of(&pod, Some(&proxy), true);
        [today, planned, share].map(|amount| amount.cpu.get())
    }

    #[test]
    fn a_proxy_is_asked_for_once() {
        let app = || container("app", "cart:1", Some(500));
        let proxy = |image, millicores| container(PROXY_CONTAINER, image, millicores);
        for (containers, expected) in [
            (vec![app()], [500, 600, 100]),
            (vec![app(), proxy("proxyv2:1.24", Some(70))], [570, 570, 70]),
            // Declares nothing, and that is what the scheduler sees.
            (vec![app(), proxy("proxyv2:1.24", None)], [500, 500, 0]),
            // To be completed by injection.
            (vec![proxy("auto", None)], [100, 100, 100]),
            (vec![proxy("auto", Some(30))], [30, 30, 30]),
        ] {
            assert_eq!(requested(containers.clone()), expected, "{containers:?}");
        }
    }
}
