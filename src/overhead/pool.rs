//! How many replicas a pool of gateways or waypoints needs.

use super::Inputs;
use super::carrier::Carrier;
use super::findings::{Cases, GATEWAY_POOL_TOO_SMALL};
use crate::card::ModelCard;
use crate::inventory::Workload;
use crate::mesh::ProxyMode;
use crate::policy::{GatewayPolicy, Policy};
use crate::profile::Profile;
use crate::units::Rate;

/// Replicas of one gateway or waypoint that share its traffic evenly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pool {
    /// Requests per second of all replicas together.
    pub rate: Rate,
    /// Replicas that carry it within the policy's target after the losses it names, at most
    /// [`GatewayPolicy::MOST_REPLICAS`].
    pub needed: u64,
    /// Share of its CPU that a replica uses at the number planned, at least 0.
    pub utilization: f64,
    /// The same after the losses; `None` where nothing would be left.
    pub after_loss: Option<f64>,
}

/// Pools of the inventory, parallel to its workloads; `None` for what is no gateway or waypoint.
pub(super) fn estimate_all(inputs: &Inputs<'_>, cases: &mut Cases) -> Vec<Option<Pool>> {
    let workloads = inputs.inventory.workloads.iter().zip(&inputs.mesh.members).zip(inputs.profiles).enumerate();
    workloads
        .map(|(index, ((workload, member), profile))| {
            let carrier = Carrier::of(inputs.mesh, index, workload, &inputs.policy.features)?;
            if !is_pool(member.mode) {
                return None;
            }
            let pool = pool(inputs, workload, &carrier, profile);
            judge(&pool, workload, cases);
            Some(pool)
        })
        .collect()
}

/// Replicas that a planned pool is given for a rate.
#[must_use]
pub fn pool_replicas(card: &ModelCard, policy: &Policy, carrier: &Carrier<'_>, rate: Rate) -> u64 {
    let GatewayPolicy { target_utilization, min_replicas, survive_replica_losses } = &policy.gateways;
    let allowed = carrier.capacity() * target_utilization.get();
    let carries = |replicas: &u64| {
        let needed = card.proxy_cpu.usage(&carrier.at(rate / *replicas as f64, &policy.features));
        needed.at(policy.sizing.quantile) <= allowed
    };
    let fewest = (1..=GatewayPolicy::MOST_REPLICAS).find(carries).unwrap_or(GatewayPolicy::MOST_REPLICAS);
    let with_losses = fewest.saturating_add(u64::from(*survive_replica_losses));
    with_losses.max(*min_replicas).min(GatewayPolicy::MOST_REPLICAS)
}

fn is_pool(mode: ProxyMode) -> bool {
    matches!(mode, ProxyMode::Gateway | ProxyMode::Waypoint)
}

fn pool(inputs: &Inputs<'_>, workload: &Workload, carrier: &Carrier<'_>, profile: &Profile) -> Pool {
    let Inputs { card, policy, .. } = *inputs;
    let rate = profile.rps_per_proxy * workload.replicas as f64;
    let share = |rate: Rate| card.proxy_cpu.usage(&carrier.at(rate, &policy.features)).value / carrier.capacity();
    let used = |replicas: u64| (replicas > 0).then(|| share(rate / replicas as f64));
    let losses = u64::from(policy.gateways.survive_replica_losses);
    Pool {
        rate,
        needed: pool_replicas(card, policy, carrier, rate),
        utilization: used(workload.replicas).unwrap_or(0.0),
        after_loss: used(workload.replicas.saturating_sub(losses)),
    }
}

/// A pool that is too small, unless its autoscaler may make it large enough.
fn judge(pool: &Pool, workload: &Workload, cases: &mut Cases) {
    let most = workload.autoscaler.as_ref().map_or(workload.replicas, |it| it.max_replicas.max(workload.replicas));
    if workload.replicas == 0 || most >= pool.needed {
        return;
    }
    let replicas = if most == 1 { "1 replica".to_owned() } else { format!("{most} replicas") };
    let rate = pool.rate.as_per_second();
    let detail = format!("{replicas}, {} needed at {rate:.0} requests per second", pool.needed);
    cases.add(&GATEWAY_POOL_TOO_SMALL, "", &workload.id, detail);
}
