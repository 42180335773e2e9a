//! When replicas count as able to carry a load.

use serde::{Deserialize, Serialize};

use crate::units::Share;

/// When replicas count as able to carry a load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResiliencePolicy {
    /// Most of the CPU it requests that the application in a pod may use, as a share in (0, 1].
    pub target_utilization: Share,
}

impl Default for ResiliencePolicy {
    fn default() -> Self {
        Self { target_utilization: Share::literal(0.8) }
    }
}
