//! From templates to pods, where no pods were listed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::admission::Admission;
use super::findings::{CONTROLLER_WITHOUT_PODS, DAEMONSET_WITHOUT_NODES, REPLICAS_CAPPED};
use super::objects::{
    Autoscaler, Controller, ControllerKind, Node, ObjectName, PodLife, PodPhase, PodSpec, Requirement, TaintEffect,
};
use super::owners::Owners;
use super::{Place, Pod, ReplicasBasis, WorkloadId};
use crate::finding::Finding;

/// Most pods a plan expands from templates, twice what Kubernetes is tested for, three times over.
pub const MOST_EXPANDED_PODS: u64 = 1_000_000;

/// What expanding needs to know.
pub struct Expansion<'a> {
    pub owners: &'a Owners<'a>,
    pub admission: &'a Admission,
    pub autoscalers: &'a BTreeMap<WorkloadId, &'a Autoscaler>,
    pub nodes: &'a [Node],
    pub listed_namespaces: &'a BTreeSet<Arc<str>>,
}

/// A workload to be expanded.
pub struct Planned {
    pub controller: Controller,
    pub replicas: u64,
    pub basis: ReplicasBasis,
    pub spec: Arc<PodSpec>,
    /// Selector that spreads its pods by default.
    pub siblings: Option<Arc<[Requirement]>>,
    /// For DaemonSets, the nodes its pods run on; pods of others find their place later.
    pub on_nodes: Vec<usize>,
}

impl Planned {
    /// One of its pods.
    pub fn pod(&self, id: &WorkloadId, workload: usize, number: u64) -> Pod {
        Pod {
            name: ObjectName { namespace: id.namespace.clone(), name: format!("{}-{number}", id.name).into() },
            workload,
            labels: self.controller.template_labels.clone(),
            annotations: self.controller.template_annotations.clone(),
            spec: self.spec.clone(),
            place: self.on_nodes.get(number as usize).map_or(Place::Pending, |&node| Place::On(node)),
            phase: PodPhase::Pending,
            listed: false,
            terminating: false,
            life: PodLife::default(),
            siblings: self.siblings.clone(),
        }
    }
}

/// Workloads of the controllers that no listed pod belongs to.
pub fn controllers(
    controllers: &BTreeMap<WorkloadId, Controller>,
    expansion: &Expansion<'_>,
    listed: &BTreeSet<WorkloadId>,
    findings: &mut Vec<Finding>,
) -> BTreeMap<WorkloadId, Planned> {
    let mut planned: BTreeMap<WorkloadId, Planned> = BTreeMap::new();
    for (id, controller) in controllers {
        let root = expansion.owners.workload_of_controller(id);
        // The owner speaks for what it owns, and listed pods speak for themselves.
        if listed.contains(&root) || (root != *id && controllers.contains_key(&root)) {
            continue;
        }
        let (replicas, basis) = replicas(&root, controller, expansion, findings);
        match planned.get_mut(&root) {
            // Several ReplicaSets of a Deployment that is not in the input.
            Some(known) => {
                if replicas > known.replicas {
                    known.controller = controller.clone();
                    known.spec = Arc::new(expansion.admission.admit(&root.namespace, &controller.template));
                }
                known.replicas = known.replicas.saturating_add(replicas);
            }
            None => {
                let spec = Arc::new(expansion.admission.admit(&root.namespace, &controller.template));
                let controller = controller.clone();
                let siblings = super::owners::siblings(&controller);
                planned.insert(root, Planned { controller, replicas, basis, spec, siblings, on_nodes: Vec::new() });
            }
        }
    }
    cap(&mut planned, findings);
    // Only now is it known that these lists end.
    for daemons in planned.values_mut().filter(|workload| workload.basis == ReplicasBasis::PerNode) {
        let most = usize::try_from(daemons.replicas).unwrap_or(usize::MAX);
        daemons.on_nodes = eligible(&daemons.controller, expansion.nodes).take(most).collect();
    }
    planned
}

fn replicas(
    id: &WorkloadId,
    controller: &Controller,
    expansion: &Expansion<'_>,
    findings: &mut Vec<Finding>,
) -> (u64, ReplicasBasis) {
    if controller.suspended {
        return (0, ReplicasBasis::Declared);
    }
    if controller.live && expansion.listed_namespaces.contains(&id.namespace) {
        let declared = controller.replicas.unwrap_or(0);
        let runs_now_and_then = matches!(controller.kind, ControllerKind::Job | ControllerKind::CronJob);
        if declared > 0 && !runs_now_and_then {
            let message = format!("declares {declared} replicas, but none of its pods is in the dump");
            findings.push(Finding::new(&CONTROLLER_WITHOUT_PODS, id.to_string(), message));
        }
        return (0, ReplicasBasis::ListedPods);
    }
    if controller.kind == ControllerKind::DaemonSet {
        return daemon_pods(id, controller, expansion.nodes, findings);
    }
    let declared = controller.replicas.or(controller.status_replicas.filter(|_| controller.live));
    let autoscaler = expansion.autoscalers.get(id);
    match (declared, autoscaler) {
        (None, Some(autoscaler)) => (autoscaler.min_replicas, ReplicasBasis::AutoscalerMinimum),
        (Some(declared), Some(autoscaler)) if declared < autoscaler.min_replicas && declared > 0 => {
            (autoscaler.min_replicas, ReplicasBasis::AutoscalerMinimum)
        }
        (Some(declared), Some(autoscaler)) if declared > autoscaler.max_replicas && autoscaler.max_replicas > 0 => {
            (autoscaler.max_replicas, ReplicasBasis::AutoscalerMaximum)
        }
        (Some(declared), _) => (declared, ReplicasBasis::Declared),
        (None, None) => (1, ReplicasBasis::Declared),
    }
}

fn daemon_pods(
    id: &WorkloadId,
    controller: &Controller,
    nodes: &[Node],
    findings: &mut Vec<Finding>,
) -> (u64, ReplicasBasis) {
    if !nodes.is_empty() {
        return (eligible(controller, nodes).count() as u64, ReplicasBasis::PerNode);
    }
    // The status of a manifest is that of the template it was written from.
    match controller.status_replicas.filter(|_| controller.live) {
        Some(reported) => (reported, ReplicasBasis::Status),
        None => {
            let message = "one pod is planned, the number of nodes is unknown".to_owned();
            findings.push(Finding::new(&DAEMONSET_WITHOUT_NODES, id.to_string(), message));
            (1, ReplicasBasis::Declared)
        }
    }
}

/// Indices of the nodes a DaemonSet runs on.
fn eligible(controller: &Controller, nodes: &[Node]) -> impl Iterator<Item = usize> {
    nodes.iter().enumerate().filter_map(|(index, node)| runs_daemon(node, &controller.template).then_some(index))
}

/// Whether the DaemonSet controller would put a pod of this template on a node.
#[must_use]
pub fn runs_daemon(node: &Node, template: &PodSpec) -> bool {
    let selected = template.node_selector.iter().all(|(key, value)| node.labels.get(key) == Some(value));
    let affine =
        template.required_node_affinity.as_ref().is_none_or(|terms| terms.iter().any(|term| term.matches(node)));
    // The controller itself adds tolerations for cordoned, not-ready and pressured nodes.
    let tolerated = node.taints.iter().filter(|taint| taint.effect != TaintEffect::PreferNoSchedule).all(|taint| {
        taint.key.starts_with("node.kubernetes.io/")
            || template.tolerations.iter().any(|toleration| toleration.tolerates(taint))
    });
    selected && affine && tolerated
}

fn cap(planned: &mut BTreeMap<WorkloadId, Planned>, findings: &mut Vec<Finding>) {
    let mut left = MOST_EXPANDED_PODS;
    for (id, workload) in planned {
        if workload.replicas > left {
            let message = format!(
                "asks for {} replicas; {left} are planned, a plan expands at most {MOST_EXPANDED_PODS} pods",
                workload.replicas
            );
            findings.push(Finding::new(&REPLICAS_CAPPED, id.to_string(), message));
            workload.replicas = left;
        }
        left -= workload.replicas;
    }
}
