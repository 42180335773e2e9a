//! Traffic grows: requests, CPU that follows them, and replicas that autoscalers add for it.

use std::collections::BTreeMap;

use super::case::Case;
use super::demand::Strained;
use super::scale::with_replicas;
use crate::inventory::Workload;
use crate::inventory::request::application_request;
use crate::policy::TrafficPolicy;
use crate::units::Cores;

/// All rates times `factor`: those the policy assumes for each proxy, and measured ones with the CPU of their
/// applications. Autoscalers add replicas, up to their maximum; nothing is scaled down. Connections stay as many, for
/// they are kept open.
pub(super) fn traffic(mut case: Case, factor: f64) -> Case {
    let before = case.policy.traffic.clone();
    case.policy.traffic.rps_per_proxy = before.rps_per_proxy * factor;
    let mut wanted = BTreeMap::new();
    for (index, workload) in case.inventory.workloads.iter_mut().enumerate() {
        if let Some(scaled) = scaled(workload, factor) {
            if scaled > most(workload) {
                let (found, limit) = (scaled as f64, most(workload) as f64);
                case.strained.push(Strained { subject: workload.id.to_string(), found, limit });
            }
            spread(workload, &before);
            wanted.insert(index, scaled.min(most(workload)));
        }
        let measured = &mut workload.measured;
        *measured = measured.with_traffic(factor);
    }
    case.inventory = with_replicas(case.inventory, &wanted);
    case.traffic_changed = true;
    case
}

fn most(workload: &Workload) -> u64 {
    workload.autoscaler.as_ref().map_or(u64::MAX, |autoscaler| autoscaler.max_replicas)
}

/// Replicas an autoscaler would ask for: so many that each uses the target's share of its request, where usage and
/// target are known, and in proportion to traffic where they are not (Kubernetes, "Horizontal Pod Autoscaling",
/// Algorithm details). `None` without an autoscaler.
fn scaled(workload: &Workload, factor: f64) -> Option<u64> {
    let autoscaler = workload.autoscaler.as_ref()?;
    let request = application_request(&workload.spec).cpu.to_cores();
    let target = autoscaler.target_cpu_percent().map(|percent| request * (percent as f64 / 100.0));
    let by_usage = match (workload.measured.app_cpu, target) {
        (Some(used), Some(target)) if target > Cores::ZERO => Some((used * factor).as_cores() / target.as_cores()),
        _ => None,
    };
    let replicas = by_usage.unwrap_or(workload.replicas as f64 * factor);
    // Dust of a product must not add a replica.
    const DUST: f64 = 1e-9;
    Some(((replicas - DUST).ceil().max(0.0) as u64).max(workload.replicas))
}

/// What the policy assumes for each proxy is the workload's whole traffic, which further replicas share.
fn spread(workload: &mut Workload, assumed: &TrafficPolicy) {
    let measured = &mut workload.measured;
    if measured.inbound_rps.is_none() && measured.outbound_rps.is_none() {
        let half = assumed.rps_per_proxy * (workload.replicas as f64 / 2.0);
        (measured.inbound_rps, measured.outbound_rps) = (Some(half), Some(half));
    }
}
