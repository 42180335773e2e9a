//! What the mesh costs: every proxy, istiod, ztunnels, as estimates with their arithmetic.

mod carrier;
mod certificates;
mod clusters;
mod control_plane;
mod features;
mod findings;
mod held;
mod measured;
mod pool;
mod proxy;
mod sizing;
#[cfg(test)]
mod tests;
mod verdict;
mod ztunnel;

pub use carrier::Carrier;
pub use clusters::{Clusters, ServedCluster};
pub use control_plane::{
    Autoscaling, Changes, Event, KINDS as CONTROL_PLANE_FINDINGS, LargestMessage, Operation, Room, Runtime, Serving,
    WaitingTime,
};
pub use features::{FeatureCost, features, features_of, features_over, inbound_share};
pub use findings::FINDINGS;
pub use held::held;
pub use measured::{MeasuredMemory, MemoryCheck};
pub use pool::{Pool, pool_replicas};
pub use proxy::{ProxyMemory, ProxyState, memory as proxy_memory};
pub use sizing::{cpu_needed, memory_needed};
pub use verdict::{SizingVerdict, sizing_verdicts};
pub use ztunnel::{BusiestZtunnel, ztunnel_count};

use crate::card::ModelCard;
use crate::estimate::Estimate;
use crate::finding::{self, Finding};
use crate::inventory::Inventory;
use crate::mesh::{Mesh, Visibility};
use crate::policy::Policy;
use crate::profile::Profile;
use crate::resources::Declared;
use crate::units::{Bytes, Cores, Memory, Millicores, Seconds, Share};

/// Costs the mesh of an inventory with the coefficients of a card.
///
/// `mesh.members`, `visibility.workloads` and `profiles` are parallel to the inventory's workloads, and so is
/// `mesh.features`, unless it is empty: then every proxy does what the policy assumes.
/// A workload that runs ztunnel has no entry of its own in [`Overhead::workloads`]: its pods are
/// [`Overhead::ztunnel`], [`ztunnel_count`] times.
#[must_use]
pub fn estimate(
    inventory: &Inventory,
    mesh: &Mesh,
    visibility: &Visibility,
    profiles: &[Profile],
    card: &ModelCard,
    policy: &Policy,
) -> Overhead {
    let inputs = Inputs { inventory, mesh, visibility, profiles, card, policy };
    let mut cases = findings::Cases::default();

    let costs = proxy::estimate_all(&inputs, &mut cases);
    let (workloads, feature_costs): (Vec<Option<ProxyCost>>, Vec<_>) =
        costs.into_iter().map(|costs| costs.map_or((None, Vec::new()), |it| (Some(it.proxy), it.features))).unzip();
    let pools = pool::estimate_all(&inputs, &mut cases);
    let (ztunnel, busiest_ztunnel) = ztunnel::estimate(&inputs, &mut cases).unzip();
    let busiest_ztunnel = busiest_ztunnel.flatten();
    let control_plane = control_plane::estimate(&inputs, &mut cases);

    let proxies = workloads.iter().flatten().chain(&ztunnel);
    let memory_check = measured::check(proxies.filter_map(|cost| cost.measured.as_ref()));
    let mut findings = cases.into_findings();
    finding::sort(&mut findings);
    Overhead { memory_check, workloads, feature_costs, pools, control_plane, ztunnel, busiest_ztunnel, findings }
}

/// What all parts of the estimate look at.
#[derive(Clone, Copy)]
struct Inputs<'a> {
    inventory: &'a Inventory,
    mesh: &'a Mesh,
    visibility: &'a Visibility,
    profiles: &'a [Profile],
    card: &'a ModelCard,
    policy: &'a Policy,
}

/// Cost of the mesh over an inventory.
#[derive(Debug, Clone, PartialEq)]
pub struct Overhead {
    /// Cost of the proxy of each workload; parallel to the inventory's workloads, `None` without one.
    pub workloads: Vec<Option<ProxyCost>>,
    /// What each feature adds to each of those proxies; parallel to them.
    pub feature_costs: Vec<Vec<FeatureCost>>,
    /// Replicas of each gateway and waypoint; parallel to the workloads, `None` for others.
    pub pools: Vec<Option<Pool>>,
    /// Cost of the control plane.
    pub control_plane: ControlPlane,
    /// Cost of one ztunnel, where the inventory has ambient workloads: one runs on every node. Usage is the average;
    /// what is needed is what the busiest node needs, for all pods of a DaemonSet request the same.
    pub ztunnel: Option<ProxyCost>,
    /// The ztunnel that carries most, where it is known which node captured pods run on.
    pub busiest_ztunnel: Option<BusiestZtunnel>,
    /// How well the law of memory describes the proxies that were measured; `None` where none was.
    pub memory_check: Option<MemoryCheck>,
    /// What was noticed.
    pub findings: Vec<Finding>,
}

/// What one proxy costs, and what its container declares.
#[derive(Debug, Clone, PartialEq)]
pub struct ProxyCost {
    /// Steady memory (working set), agent included.
    pub memory: Estimate<Memory>,
    /// Peak memory while configuration is first loaded.
    pub startup_memory: Estimate<Memory>,
    /// CPU at the workload's rate.
    pub cpu: Estimate<Cores>,
    /// Its memory as it was measured; `None` where it was not. The figures above rest on it where it counts.
    pub measured: Option<MeasuredMemory>,
    /// Memory the policy asks to request: quantile of the start-up peak, of what was measured for long enough that of
    /// the steady memory; then margin.
    pub memory_needed: Bytes,
    /// Memory that a limit must leave by the policy: quantile of the start-up peak and margin, and what was measured
    /// with the reserve.
    pub memory_limit_needed: Bytes,
    /// CPU the policy asks to request: quantile, then margin.
    pub cpu_needed: Millicores,
    /// Requests in effect, as deployed or as injection will write them.
    pub requests: Declared,
    /// Limits in effect.
    pub limits: Declared,
}

impl ControlPlane {
    /// Memory that a limit must leave: the upper end of its peak, and the largest measurement with the policy's reserve.
    #[must_use]
    pub fn memory_limit_needed(&self) -> Bytes {
        let measured = self.measured.as_ref().map_or(Bytes::ZERO, |measured| measured.limit_needed);
        Bytes::holding(self.memory.upper).max(measured)
    }
}

impl ProxyCost {
    /// Whether its memory is what was measured, and not the law's figure alone.
    #[must_use]
    pub fn rests_on_measurement(&self) -> bool {
        self.measured.as_ref().is_some_and(|measured| measured.counts)
    }
}

/// Life of certificates, and what a restart of all proxies means for istiod.
#[derive(Debug, Clone, PartialEq)]
pub struct CertificatePlan {
    /// Holders of certificates: Envoy proxies and captured pods, and the proxies of other clusters that connect.
    pub holders: u64,
    /// Life of a certificate.
    pub ttl: Seconds,
    /// Share of its life left at renewal, in [0, 1).
    pub grace_ratio: Share,
    /// What says so, or the policy.
    pub from: String,
    /// Time until all have one after restarting together, with the CPU that istiod's replicas request;
    /// `None` without holders.
    pub restart: Option<Estimate<Seconds>>,
}

/// What istiod needs.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlPlane {
    /// Proxies it serves: sidecars, gateways, waypoints, ztunnels, those of other clusters that connect among them.
    pub proxies: u64,
    /// What comes of which cluster; `None` where there is no other.
    pub clusters: Option<Clusters>,
    /// CPU of all replicas together while much of the mesh changes at once: what requests must hold.
    pub cpu: Estimate<Cores>,
    /// Memory of one replica, serving its share of the proxies after the losses the policy names.
    pub memory: Estimate<Memory>,
    /// Memory of its replicas as it was measured; `None` where it was not. [`Self::memory`] rests on it where it counts.
    pub measured: Option<MeasuredMemory>,
    /// Replicas that carry the load after losing those the policy names.
    pub replicas: u64,
    /// CPU request per replica: need, margin, floor.
    pub cpu_request: Millicores,
    /// Memory request per replica: need, margin, floor.
    pub memory_request: Bytes,
    /// Certificate signing requests per second in steady state: of Envoy proxies and captured pods.
    pub csr_per_second: f64,
    /// Life of certificates, and what a restart of all proxies means for istiod.
    pub certificates: CertificatePlan,
    /// Why no number of replicas within the policy's largest replica carries this mesh; the other
    /// figures then say what the largest number considered would need.
    pub infeasible: Option<String>,
    /// What the inventory runs today: replicas and requests of each, if istiod is in it.
    pub deployed: Option<(u64, Declared)>,
    /// Memory limit of each replica that runs today, if it has one.
    pub memory_limit: Option<Bytes>,
    /// How it behaves at the policy's churn; `None` without proxies.
    pub operation: Option<Operation>,
}
