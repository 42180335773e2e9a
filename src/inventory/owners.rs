//! Whose pod is it: the chain from a pod over its ReplicaSet or Job to the workload people name.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::WorkloadId;
use super::objects::{Controller, ControllerKind, Labels, Operator, PodObject, Requirement};

/// Kind under which static pods of one component are gathered.
pub const STATIC_POD: &str = "StaticPod";

/// Resolves owners against the controllers of the input.
pub struct Owners<'a> {
    controllers: &'a BTreeMap<WorkloadId, Controller>,
}

impl<'a> Owners<'a> {
    pub fn new(controllers: &'a BTreeMap<WorkloadId, Controller>) -> Self {
        Self { controllers }
    }

    /// The workload a pod belongs to; a pod without a controller is its own.
    pub fn workload_of(&self, pod: &PodObject) -> WorkloadId {
        let namespace = &pod.name.namespace;
        let is_static = pod.annotations.contains_key("kubernetes.io/config.mirror")
            || pod.owner.as_ref().is_some_and(|owner| &*owner.kind == "Node");
        if is_static {
            return WorkloadId::new(namespace, STATIC_POD, static_component(pod));
        }
        match &pod.owner {
            Some(owner) => self.root(namespace, &owner.kind, &owner.name, &pod.labels),
            None => WorkloadId::new(namespace, "Pod", &pod.name.name),
        }
    }

    /// The workload a controller belongs to: for ReplicaSets, ReplicationControllers and Jobs their
    /// owner, if they have one, else itself. An operator's custom resource that owns a StatefulSet is
    /// not what people look for in a list of workloads.
    pub fn workload_of_controller(&self, id: &WorkloadId) -> WorkloadId {
        if !matches!(&*id.kind, "ReplicaSet" | "ReplicationController" | "Job") {
            return id.clone();
        }
        match self.controllers.get(id).and_then(|controller| controller.owner.as_ref()) {
            Some(owner) => {
                WorkloadId { namespace: id.namespace.clone(), kind: owner.kind.clone(), name: owner.name.clone() }
            }
            None => id.clone(),
        }
    }

    /// Selector of the controller that made a pod, where the scheduler spreads its pods by it. Where a
    /// ReplicaSet is not in the input, the hash it gives its pods stands for its selector.
    pub fn siblings_of(&self, pod: &PodObject) -> Option<Arc<[Requirement]>> {
        let owner = pod.owner.as_ref()?;
        let id =
            WorkloadId { namespace: pod.name.namespace.clone(), kind: owner.kind.clone(), name: owner.name.clone() };
        if let Some(controller) = self.controllers.get(&id) {
            return siblings(controller);
        }
        const HASH: &str = "pod-template-hash";
        let hash = pod.labels.get(HASH).filter(|_| &*owner.kind == "ReplicaSet")?;
        Some([Requirement { key: HASH.to_owned(), operator: Operator::In, values: vec![hash.clone()] }].into())
    }

    fn root(&self, namespace: &Arc<str>, kind: &Arc<str>, name: &Arc<str>, labels: &Labels) -> WorkloadId {
        let own = WorkloadId { namespace: namespace.clone(), kind: kind.clone(), name: name.clone() };
        if self.controllers.contains_key(&own) {
            return self.workload_of_controller(&own);
        }
        // The owner itself was not dumped: its name tells where it came from.
        let guessed = match &**kind {
            "ReplicaSet" => labels
                .get("pod-template-hash")
                .and_then(|hash| deployment_of(name, hash))
                .map(|name| ("Deployment", name)),
            "ReplicationController" => labels.get("deploymentconfig").map(|name| ("DeploymentConfig", name.as_str())),
            "Job" => cron_job_of(name).map(|name| ("CronJob", name)),
            _ => None,
        };
        guessed.filter(|(_, name)| !name.is_empty()).map_or(own, |(kind, name)| WorkloadId::new(namespace, kind, name))
    }
}

/// Selector by which the scheduler spreads the pods of a controller when they do not say how.
pub fn siblings(controller: &Controller) -> Option<Arc<[Requirement]>> {
    let spreads = !matches!(controller.kind, ControllerKind::DaemonSet | ControllerKind::Job | ControllerKind::CronJob);
    (spreads && !controller.selector.is_empty()).then(|| controller.selector.as_slice().into())
}

/// A static pod is named `component-node`.
fn static_component(pod: &PodObject) -> &str {
    let name = &*pod.name.name;
    let node = pod.node.as_deref().unwrap_or_default();
    let component = name.strip_suffix(node).and_then(|rest| rest.strip_suffix('-'));
    component.filter(|component| !component.is_empty() && !node.is_empty()).unwrap_or(name)
}

/// A Deployment names its ReplicaSets `name-hash`; before Kubernetes 1.12 the hash in the name was
/// written in letters that cannot form words, and differed from the label.
fn deployment_of<'a>(replica_set: &'a str, hash: &str) -> Option<&'a str> {
    const SAFE_LETTERS: &str = "bcdfghjklmnpqrstvwxz0123456789";
    let (name, suffix) = replica_set.rsplit_once('-')?;
    let encoded = (8..=10).contains(&suffix.len()) && suffix.chars().all(|letter| SAFE_LETTERS.contains(letter));
    (suffix == hash || encoded).then_some(name)
}

/// A CronJob names its Jobs `name-minutes`, minutes since 1970 (eight digits; ten in seconds before 1.21).
fn cron_job_of(job: &str) -> Option<&str> {
    let (name, number) = job.rsplit_once('-')?;
    ((8..=10).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(name)
}
