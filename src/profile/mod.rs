//! What each workload demands: measured where the input says, assumed by policy where it does not.

use crate::inventory::request::application_request;
use crate::inventory::{Inventory, Workload};
use crate::model::{ControlPlaneLoad, ProxyConfig, ZtunnelLoad};
use crate::policy::TrafficPolicy;
use crate::units::{Cores, Memory, Rate};

/// Demand of a workload.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Profile {
    /// Requests per second through each proxy, inbound and outbound together.
    pub rps_per_proxy: Rate,
    /// Whether [`Self::rps_per_proxy`] was measured rather than assumed.
    pub rps_measured: bool,
    /// Requests per second that all replicas receive; half of what the policy assumes where nothing was measured.
    pub inbound_rps: Rate,
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
    /// What its part of the mesh held while its memory was measured; `None` where that was not measured.
    pub held: Option<Held>,
}

/// What a part of the mesh held while its memory was measured: the input of the law of its memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Held {
    /// An Envoy proxy.
    Proxy(ProxyConfig),
    /// ztunnels: the average of them, and the one that carried most.
    Ztunnel {
        /// The average.
        average: ZtunnelLoad,
        /// The busiest.
        busiest: ZtunnelLoad,
    },
    /// A replica of istiod.
    Istiod(ControlPlaneLoad),
}

/// The demand of every workload, in the order of the inventory.
#[must_use]
pub fn observe(inventory: &Inventory, policy: &TrafficPolicy) -> Vec<Profile> {
    inventory.workloads.iter().map(|workload| profile(workload, policy)).collect()
}

fn profile(workload: &Workload, policy: &TrafficPolicy) -> Profile {
    let measured = &workload.measured;
    let replicas = workload.replicas.max(1) as f64;
    // A request passes a proxy once: at the server when it comes in, at the client when it goes out.
    let rps = match (measured.inbound_rps, measured.outbound_rps) {
        (None, None) => None,
        (inbound, outbound) => Some((inbound.unwrap_or_default() + outbound.unwrap_or_default()) / replicas),
    };
    let assumed = policy.rps_per_proxy * (0.5 * workload.replicas as f64);
    let inbound = if rps.is_some() { measured.inbound_rps.unwrap_or_default() } else { assumed };
    let request = application_request(&workload.spec);
    let requested_cpu = request.cpu.to_cores() * workload.replicas as f64;
    let requested_memory = request.memory.to_memory() * workload.replicas as f64;
    Profile {
        rps_per_proxy: rps.unwrap_or(policy.rps_per_proxy),
        rps_measured: rps.is_some(),
        inbound_rps: inbound,
        connections_per_proxy: measured.connections.map_or(policy.connections_per_proxy, |total| total / replicas),
        connections_measured: measured.connections.is_some(),
        app_cpu: measured.app_cpu.unwrap_or(requested_cpu),
        app_memory: measured.app_memory.unwrap_or(requested_memory),
        app_measured: measured.app_cpu.is_some() && measured.app_memory.is_some(),
        held: None,
    }
}
