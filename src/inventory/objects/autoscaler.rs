//! Horizontal pod autoscalers.

use std::sync::Arc;

use serde_json::Value;

use super::{ObjectName, Owner};

/// A horizontal pod autoscaler.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Autoscaler {
    /// Namespace and name.
    pub name: ObjectName,
    /// The API it is written in.
    pub api: AutoscalingApi,
    /// Whether it was read from a live API server (it has a uid or a creation time): then it has had its effect.
    pub live: bool,
    /// Who made it and keeps it so, e.g. a Gateway.
    pub owner: Option<Owner>,
    /// Kind of its target, e.g. `Deployment`.
    pub target_kind: String,
    /// Name of its target.
    pub target_name: Arc<str>,
    /// Least replicas (Kubernetes' default 1).
    pub min_replicas: u64,
    /// Most replicas.
    pub max_replicas: u64,
    /// What it looks at, in the order written: the metric that asks for most replicas decides.
    pub metrics: Vec<Metric>,
}

/// The version of `autoscaling` an autoscaler is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AutoscalingApi {
    /// `v1`: CPU of the pod alone.
    V1,
    /// `v2`, also where nothing is said.
    #[default]
    V2,
    /// `v2beta1` and `v2beta2`, gone since Kubernetes 1.25 and 1.26.
    Beta,
}

/// What an autoscaler looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Metric {
    /// Use of a resource over all containers of a pod.
    Pod {
        /// The resource, e.g. `cpu`.
        resource: String,
        /// The wanted mean.
        target: MetricTarget,
    },
    /// Use of a resource by one container of a pod.
    Container {
        /// Name of the container.
        container: String,
        /// The resource.
        resource: String,
        /// The wanted mean.
        target: MetricTarget,
    },
    /// Any other one, as it is written.
    Other(Value),
}

/// The mean an autoscaler wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MetricTarget {
    /// Percent of what is requested.
    Utilization(u64),
    /// An amount for each pod, as written.
    AverageValue(String),
}

impl Metric {
    /// Percent of the CPU that pods request, where it is that.
    #[must_use]
    pub fn pod_cpu_percent(&self) -> Option<u64> {
        match self {
            Self::Pod { resource, target: MetricTarget::Utilization(percent) } if resource == "cpu" => Some(*percent),
            _ => None,
        }
    }

    /// A container, and percent of the CPU that it requests, where it is that.
    #[must_use]
    pub fn container_cpu_percent(&self) -> Option<(&str, u64)> {
        match self {
            Self::Container { container, resource, target: MetricTarget::Utilization(percent) }
                if resource == "cpu" =>
            {
                Some((container, *percent))
            }
            _ => None,
        }
    }

    /// Percent of the CPU that pods request.
    #[must_use]
    pub fn of_pod_cpu(percent: u64) -> Self {
        Self::Pod { resource: "cpu".to_owned(), target: MetricTarget::Utilization(percent) }
    }

    /// Percent of the CPU that a container requests.
    #[must_use]
    pub fn of_container_cpu(container: &str, percent: u64) -> Self {
        let target = MetricTarget::Utilization(percent);
        Self::Container { container: container.to_owned(), resource: "cpu".to_owned(), target }
    }
}

impl Autoscaler {
    /// Wanted mean use of requested CPU in percent, if it has one: of the pod, or else of a container.
    #[must_use]
    pub fn target_cpu_percent(&self) -> Option<u64> {
        let of_container = || self.metrics.iter().find_map(Metric::container_cpu_percent).map(|(_, percent)| percent);
        self.pod_cpu_percent().or_else(of_container)
    }

    /// Wanted mean use of the CPU that whole pods request, in percent.
    #[must_use]
    pub fn pod_cpu_percent(&self) -> Option<u64> {
        self.metrics.iter().find_map(Metric::pod_cpu_percent)
    }

    /// The container whose CPU it looks at, and the wanted mean use of what that requests, in percent.
    #[must_use]
    pub fn container_cpu_percent(&self) -> Option<(&str, u64)> {
        self.metrics.iter().find_map(Metric::container_cpu_percent)
    }
}
