//! What every pod asks for, as the cluster is and with the mesh as planned.

use std::collections::HashMap;
use std::sync::Arc;

use super::as_planned::AsPlanned;
use super::injected;
use crate::inventory::request::{container_request, pod_request};
use crate::inventory::{Inventory, ObjectName, Place, Pod, PodSpec, STATIC_POD};
use crate::mesh::Mesh;
use crate::placement::{Mobility, PodDemand};
use crate::resources::Resources;

/// Pods and their requests, owned, so that a packer can borrow them.
#[derive(Debug)]
pub struct Demands {
    requests: Vec<Resources>,
    pods: Vec<Demand>,
}

#[derive(Debug)]
struct Demand {
    name: ObjectName,
    spec: Arc<PodSpec>,
    /// Index in the inventory.
    index: usize,
    request: usize,
    mesh: usize,
    node: Option<usize>,
    mobility: Mobility,
}

impl Demands {
    /// The cluster as it is: every pod with the containers it has today.
    #[must_use]
    pub fn today(inventory: &Inventory, mesh: &Mesh) -> Self {
        let mut known: HashMap<(*const PodSpec, usize), (usize, usize)> = HashMap::new();
        Self::of(inventory, |demands, _, pod| {
            let key = (Arc::as_ptr(&pod.spec), pod.workload);
            *known.entry(key).or_insert_with(|| {
                let proxy = mesh.members.get(pod.workload).and_then(|member| member.proxy.as_ref());
                let spec = injected::today(&pod.spec, proxy);
                let own = proxy.and_then(|_| injected::proxy_of(&spec));
                (demands.keep(pod_request(&spec)), demands.keep(own.map(container_request).unwrap_or_default()))
            })
        })
    }

    /// The cluster as planned.
    #[must_use]
    pub fn planned(planned: &AsPlanned) -> Self {
        let mut known: HashMap<(*const PodSpec, *const Resources), (usize, usize)> = HashMap::new();
        Self::of(&planned.inventory, |demands, index, pod| {
            let share = planned.mesh_share(index);
            *known
                .entry((Arc::as_ptr(&pod.spec), std::ptr::from_ref(share)))
                .or_insert_with(|| (demands.keep(pod_request(&pod.spec)), demands.keep(share.clone())))
        })
    }

    /// The index in the inventory of the pod at a place of [`Self::pods`]: those that run elsewhere are not among them.
    #[must_use]
    pub fn index_of(&self, demand: usize) -> Option<usize> {
        self.pods.get(demand).map(|pod| pod.index)
    }

    /// What a packer is given.
    #[must_use]
    pub fn pods(&self) -> Vec<PodDemand<'_>> {
        static NOTHING: std::sync::LazyLock<Resources> = std::sync::LazyLock::new(Resources::default);
        let request = |index: usize| self.requests.get(index).unwrap_or(&NOTHING);
        let demand = |pod: &'_ Demand| (request(pod.request), request(pod.mesh));
        self.pods
            .iter()
            .map(|pod| {
                let (request, mesh) = demand(pod);
                PodDemand { name: &pod.name, spec: &pod.spec, request, mesh, node: pod.node, mobility: pod.mobility }
            })
            .collect()
    }

    /// `parts` gives the request of a pod and the part of it that its proxy makes, as [kept](Self::keep).
    fn of(inventory: &Inventory, mut parts: impl FnMut(&mut Self, usize, &Pod) -> (usize, usize)) -> Self {
        // Index 0 is "nothing"; pods of one template share their requests.
        let mut demands = Self { requests: vec![Resources::default()], pods: Vec::with_capacity(inventory.pods.len()) };
        // Pods on nodes that are not in the input run elsewhere; without any node, all pods need a place.
        let counted = |pod: &Pod| pod.place != Place::Elsewhere || inventory.nodes.is_empty();
        for (index, pod) in inventory.pods.iter().enumerate().filter(|(_, pod)| counted(pod)) {
            let (request, mesh) = parts(&mut demands, index, pod);
            let node = match pod.place {
                Place::On(index) => Some(index),
                Place::Pending | Place::Elsewhere => None,
            };
            let mobility = mobility(inventory, pod);
            let (name, spec) = (pod.name.clone(), pod.spec.clone());
            demands.pods.push(Demand { name, spec, index, request, mesh, node, mobility });
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
}

fn mobility(inventory: &Inventory, pod: &Pod) -> Mobility {
    match inventory.workloads.get(pod.workload).map(|workload| &*workload.id.kind) {
        Some("DaemonSet") => Mobility::PerNode,
        // Without nodes in the input there is nothing a static pod could be bound to.
        Some(STATIC_POD) if !inventory.nodes.is_empty() => Mobility::Bound,
        _ => Mobility::Free,
    }
}
