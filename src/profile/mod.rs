//! What each workload demands: measured where the input says, assumed by policy where it does not.

use crate::inventory::{Inventory, Workload};
use crate::policy::Policy;
use crate::units::{Cores, Memory, Rate};

/// Demand on one replica of a workload.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Profile {
    /// Requests per second through each proxy, inbound and outbound together.
    pub rps_per_proxy: Rate,
    /// Whether [`Self::rps_per_proxy`] was measured rather than assumed.
    pub rps_measured: bool,
    /// Open connections per proxy.
    pub connections_per_proxy: f64,
    /// Whether [`Self::connections_per_proxy`] was measured rather than assumed.
    pub connections_measured: bool,
    /// CPU of the application containers of all replicas.
    pub app_cpu: Cores,
    /// Memory of the application containers of all replicas.
    pub app_memory: Memory,
    /// Whether application CPU and memory were measured; otherwise they are the requests.
    pub app_measured: bool,
}
