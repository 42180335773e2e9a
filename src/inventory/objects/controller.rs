//! Controllers: what makes pods, and what decides how many.

use std::sync::Arc;

use super::{Labels, ObjectName, Owner, PodSpec, Requirement, UpdateStrategy};

/// Kinds of controllers that make pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ControllerKind {
    /// `apps/Deployment`.
    Deployment,
    /// `apps/ReplicaSet`.
    ReplicaSet,
    /// `apps/StatefulSet`.
    StatefulSet,
    /// `apps/DaemonSet`.
    DaemonSet,
    /// `batch/Job`.
    Job,
    /// `batch/CronJob`.
    CronJob,
    /// `v1/ReplicationController`.
    ReplicationController,
    /// OpenShift's `DeploymentConfig`.
    DeploymentConfig,
}

impl ControllerKind {
    /// Every kind with its name in manifests.
    pub const ALL: [(Self, &'static str); 8] = [
        (Self::Deployment, "Deployment"),
        (Self::ReplicaSet, "ReplicaSet"),
        (Self::StatefulSet, "StatefulSet"),
        (Self::DaemonSet, "DaemonSet"),
        (Self::Job, "Job"),
        (Self::CronJob, "CronJob"),
        (Self::ReplicationController, "ReplicationController"),
        (Self::DeploymentConfig, "DeploymentConfig"),
    ];

    /// The name used in manifests.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }
}

/// A controller and its pod template.
#[derive(Debug, Clone, PartialEq)]
pub struct Controller {
    /// Kind.
    pub kind: ControllerKind,
    /// Namespace and name.
    pub name: ObjectName,
    /// Labels of the controller itself.
    pub labels: Labels,
    /// The controlling owner, if any (a Deployment for its ReplicaSets).
    pub owner: Option<Owner>,
    /// Wanted replicas: `spec.replicas`, or `parallelism` for jobs; `None` where not declared or, for
    /// DaemonSets, where the nodes decide.
    pub replicas: Option<u64>,
    /// Replicas the status reports: current, or `desiredNumberScheduled` for DaemonSets.
    pub status_replicas: Option<u64>,
    /// Whether it is suspended (`spec.suspend` of jobs).
    pub suspended: bool,
    /// Whether it was read from a live API server (it has a uid or a creation time).
    pub live: bool,
    /// How it replaces its pods.
    pub update: UpdateStrategy,
    /// Which pods it counts as its own; empty where it does not say.
    pub selector: Vec<Requirement>,
    /// Labels of the pods it makes.
    pub template_labels: Arc<Labels>,
    /// Annotations of the pods it makes that matter (see [`super::is_relevant_annotation`]).
    pub template_annotations: Arc<Labels>,
    /// What its pods run.
    pub template: Arc<PodSpec>,
}
