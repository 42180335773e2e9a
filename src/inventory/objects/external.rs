//! Services and workloads that Kubernetes does not know.

use super::visibility::ExportTo;
use super::{Labels, ObjectName, ServicePort};

/// `networking.istio.io/*/ServiceEntry`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceEntry {
    /// Namespace and name.
    pub name: ObjectName,
    /// `metadata.creationTimestamp`; of several for one host the oldest holds.
    pub created: String,
    /// Hosts, each a service of its own.
    pub hosts: Vec<String>,
    /// How many addresses stand for each host; without any, TCP ports listen on all addresses.
    pub addresses: u64,
    /// Ports.
    pub ports: Vec<ServicePort>,
    /// How its endpoints are found.
    pub resolution: Resolution,
    /// Labels of each endpoint it lists.
    pub endpoints: Vec<Labels>,
    /// Labels of the pods and workload entries behind it.
    pub selector: Option<Labels>,
    /// Who sees it.
    pub export_to: ExportTo,
}

/// How the endpoints of a [`ServiceEntry`] are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Resolution {
    /// Connections go where they were going: the proxy knows no endpoints.
    #[default]
    None,
    /// The addresses listed.
    Static,
    /// What the names listed, or else the host itself, resolve to.
    Dns,
}

/// `networking.istio.io/*/WorkloadEntry`: a workload outside Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WorkloadEntry {
    /// Namespace and name.
    pub name: ObjectName,
    /// Labels.
    pub labels: Labels,
}
