//! Nodes, namespaces and the rules that hold in them.

use std::sync::Arc;

use super::{Labels, ObjectName, Owner, Requirement};
use crate::resources::{Declared, Resources};
use crate::units::Bytes;

/// A machine of the cluster.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Node {
    /// Name.
    pub name: Arc<str>,
    /// Labels, among them zone, region and instance type.
    pub labels: Labels,
    /// Taints.
    pub taints: Vec<Taint>,
    /// Whether it is cordoned (`spec.unschedulable`).
    pub unschedulable: bool,
    /// `spec.providerID`, e.g. `aws:///us-west-1a/i-04d8…`.
    pub provider_id: Option<String>,
    /// Whole machine, if the status says.
    pub capacity: Option<NodeResources>,
    /// What pods may use, if the status says.
    pub allocatable: Option<NodeResources>,
    /// Whether the Ready condition is true; `None` where the input has no conditions.
    pub ready: Option<bool>,
    /// Images it holds.
    pub images: Vec<NodeImage>,
}

/// An image a node holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeImage {
    /// Its names, with tag or digest.
    pub names: Vec<Arc<str>>,
    /// Its size.
    pub size: Bytes,
}

/// Resources of a node together with the number of pods it may run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeResources {
    /// CPU, memory, storage, extended resources.
    pub resources: Resources,
    /// Most pods at a time, if declared.
    pub pods: Option<u64>,
}

/// A node taint.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Taint {
    /// Key.
    pub key: String,
    /// Value, often empty.
    pub value: String,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    pub effect: TaintEffect,
}

/// What a taint does to pods that do not tolerate it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TaintEffect {
    /// Keeps new pods away.
    NoSchedule,
    /// Keeps new pods away if there is another place.
    PreferNoSchedule,
    /// Keeps new pods away and evicts running ones.
    NoExecute,
}

/// A namespace with the labels that decide who joins the mesh.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Namespace {
    /// Name.
    pub name: Arc<str>,
    /// Labels.
    pub labels: Labels,
    /// Annotations.
    pub annotations: Labels,
}

/// A pod disruption budget.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DisruptionBudget {
    /// Namespace and name.
    pub name: ObjectName,
    /// Which pods it protects; an empty selector protects all of the namespace.
    pub selector: Vec<Requirement>,
    /// `minAvailable` as written (`2`, `50%`).
    pub min_available: Option<String>,
    /// `maxUnavailable` as written.
    pub max_unavailable: Option<String>,
    /// Whether pods that are not ready may always be evicted (`unhealthyPodEvictionPolicy: AlwaysAllow`).
    pub lets_unready_go: bool,
    /// Who made it and keeps it so, e.g. a Gateway.
    pub owner: Option<Owner>,
}

/// Defaults a namespace gives to containers that declare nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LimitRange {
    /// Namespace and name.
    pub name: ObjectName,
    /// Default requests of containers.
    pub default_request: Declared,
    /// Default limits of containers.
    pub default_limit: Declared,
}

/// A namespace's quota.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResourceQuota {
    /// Namespace and name.
    pub name: ObjectName,
    /// `requests.cpu`, `requests.memory` (also as plain `cpu`, `memory`).
    pub requests: Declared,
    /// `limits.cpu`, `limits.memory`.
    pub limits: Declared,
    /// `pods`.
    pub pods: Option<u64>,
}

/// A priority class.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PriorityClass {
    /// Name.
    pub name: Arc<str>,
    /// Priority of pods that name it.
    pub value: i32,
    /// Whether pods that name none get it.
    pub global_default: bool,
}

/// A runtime class.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RuntimeClass {
    /// Name.
    pub name: Arc<str>,
    /// Overhead added to every pod that names it.
    pub overhead: Declared,
}
