//! The shape and price of nodes to add.

use serde::{Deserialize, Serialize};

use super::{bytes, millicores};
use crate::units::{Bytes, Millicores, MoneyPerHour};

/// The shape and price of nodes to add.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NodePoolPolicy {
    /// Name shown in reports.
    pub name: String,
    /// Whole machine: CPU.
    #[serde(with = "millicores")]
    pub cpu: Millicores,
    /// Whole machine: memory.
    #[serde(with = "bytes")]
    pub memory: Bytes,
    /// Most pods.
    pub pods: u64,
    /// Whose reservation rules turn capacity into allocatable.
    pub provider: Provider,
    /// Price of one node per hour, in any currency; 0 if unknown.
    pub price_per_hour: MoneyPerHour,
}

/// Whose rules decide what of a machine pods may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Provider {
    /// Nothing reserved, as on a plain kubelet without settings.
    #[default]
    None,
    /// Google Kubernetes Engine.
    Gke,
    /// Amazon Elastic Kubernetes Service.
    Eks,
    /// Azure Kubernetes Service, 1.29 and later.
    Aks,
}

impl Default for NodePoolPolicy {
    fn default() -> Self {
        Self {
            name: "8 CPU / 32 GiB".to_owned(),
            cpu: Millicores::new(8000),
            memory: Bytes::from_gib(32),
            pods: 110,
            provider: Provider::Gke,
            price_per_hour: MoneyPerHour::ZERO,
        }
    }
}

impl NodePoolPolicy {
    /// What no node could be, if anything.
    pub(super) fn wrong(&self) -> Option<&'static str> {
        if self.cpu.is_zero() || self.memory.is_zero() || self.pods == 0 {
            return Some("cpu, memory and pods must be above 0");
        }
        let price = self.price_per_hour.amount();
        (!price.is_finite() || price < 0.0).then_some("price_per_hour must be 0 or more")
    }
}
