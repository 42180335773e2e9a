//! What the proxies on the way of one call add to it, at the mesh's average load.

use super::MeshMode;
use crate::card::ModelCard;
use crate::estimate::{Basis, Estimate};
use crate::latency::{self, Hop, HopTime, Traffic};
use crate::mesh::ProxyMode;
use crate::plan::{Plan, WorkloadPlan, assumed_traffic};
use crate::policy::Policy;
use crate::units::{Cores, Millicores, Rate, Seconds};

/// What one call is held up by the mesh.
#[derive(Debug, Clone, PartialEq)]
pub struct AddedTime {
    /// The proxies on the way, in the order in which they are met.
    pub hops: Vec<HopTime>,
    /// Their work and the mean wait for it, together. Errors of one law go together, so the ends add up.
    pub total: Estimate<Seconds>,
}

/// Works out what a call between two workloads is held up, each proxy on its way under the average load of its kind.
///
/// # Errors
/// Why a proxy cannot carry that load, in words.
pub(super) fn added(mode: MeshMode, plan: &Plan, card: &ModelCard) -> Result<AddedTime, String> {
    let hops = mode.hops().iter().map(|hop| (*hop, traffic(*hop, plan)));
    let hops = latency::hops(hops, card).map_err(|error| error.to_string())?;
    let parts: Vec<Estimate<Seconds>> = hops
        .iter()
        .map(|hop| {
            let at = |service: Seconds| service + hop.mean_wait;
            let Estimate { lower, value, upper, .. } = hop.service;
            Estimate::new(at(lower), at(value), at(upper), Basis::default())
        })
        .collect();
    let mut total = Estimate::sum(&parts);
    total.basis.law = "time added to a call".to_owned();
    Ok(AddedTime { hops, total })
}

fn traffic(hop: Hop, plan: &Plan) -> Traffic {
    let policy = &plan.policy;
    match hop {
        Hop::ClientSidecar | Hop::ServerSidecar => of_envoys(ProxyMode::Sidecar, plan),
        Hop::Waypoint => of_envoys(ProxyMode::Waypoint, plan),
        Hop::Gateway => of_envoys(ProxyMode::Gateway, plan),
        Hop::Ztunnel => of_ztunnel(plan, policy),
    }
}

/// The average Envoy of a kind, weighted by replicas; as the policy assumes without any.
fn of_envoys(mode: ProxyMode, plan: &Plan) -> Traffic {
    let default = assumed_traffic(&plan.policy);
    let of_kind = || plan.workloads.iter().filter(move |workload| workload.mode == mode && workload.replicas > 0);
    let replicas: f64 = of_kind().map(|workload| workload.replicas as f64).sum();
    let Some(typical) = of_kind().max_by_key(|workload| workload.replicas).filter(|_| replicas > 0.0) else {
        return default;
    };
    let mean = |amount: fn(&WorkloadPlan) -> f64| {
        of_kind().map(|workload| workload.replicas as f64 * amount(workload)).sum::<f64>() / replicas
    };
    let limit = typical.proxy.as_ref().and_then(|cost| cost.limits.cpu).filter(|limit| !limit.is_zero());
    Traffic {
        rate: Rate::per_second(mean(|workload| workload.rps_per_proxy)),
        connections: whole(mean(|workload| workload.connections_per_proxy)),
        workers: typical.workers.max(1),
        cpu_limit: limit.map(Millicores::to_cores).filter(|limit| *limit > Cores::ZERO),
        ..default
    }
}

/// The average ztunnel: what all captured pods bring, by the number of ztunnels.
fn of_ztunnel(plan: &Plan, policy: &Policy) -> Traffic {
    let captured = || plan.workloads.iter().filter(|workload| workload.mode == ProxyMode::Ambient);
    let all = |amount: fn(&WorkloadPlan) -> f64| {
        captured().map(|workload| workload.replicas as f64 * amount(workload)).sum::<f64>()
    };
    let ztunnels = plan.totals.ztunnels.max(1) as f64;
    Traffic {
        rate: Rate::per_second(all(|workload| workload.rps_per_proxy) / ztunnels),
        connections: whole(all(|workload| workload.connections_per_proxy) / ztunnels),
        ..assumed_traffic(policy)
    }
}

fn whole(connections: f64) -> u64 {
    connections.round().max(1.0) as u64
}
