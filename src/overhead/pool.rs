//! How many replicas a pool of gateways or waypoints needs.

use super::findings::{Cases, GATEWAY_POOL_TOO_SMALL};
use super::{Inputs, features};
use crate::card::ModelCard;
use crate::inventory::Workload;
use crate::mesh::{Proxy, ProxyMode};
use crate::model::ProxyTraffic;
use crate::policy::{GatewayPolicy, Policy};
use crate::profile::Profile;
use crate::units::{Cores, Rate};

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
    let workloads = inputs.inventory.workloads.iter().zip(&inputs.mesh.members).zip(inputs.profiles);
    workloads
        .map(|((workload, member), profile)| {
            let proxy = member.proxy.as_ref().filter(|_| is_pool(member.mode))?;
            let pool = pool(inputs, workload, proxy, profile);
            judge(&pool, workload, cases);
            Some(pool)
        })
        .collect()
}

/// Replicas that a planned pool is given for a rate.
#[must_use]
pub fn pool_replicas(card: &ModelCard, policy: &Policy, proxy: &Proxy, rate: Rate) -> u64 {
    let GatewayPolicy { target_utilization, min_replicas, survive_replica_losses } = &policy.gateways;
    let allowed = capacity(proxy) * target_utilization.get();
    let carries = |replicas: &u64| {
        let needed = card.proxy_cpu.usage(&traffic(policy, proxy, rate / *replicas as f64));
        needed.at(policy.sizing.quantile) <= allowed
    };
    let fewest = (1..=GatewayPolicy::MOST_REPLICAS).find(carries).unwrap_or(GatewayPolicy::MOST_REPLICAS);
    let with_losses = fewest.saturating_add(u64::from(*survive_replica_losses));
    with_losses.max(*min_replicas).min(GatewayPolicy::MOST_REPLICAS)
}

fn is_pool(mode: ProxyMode) -> bool {
    matches!(mode, ProxyMode::Gateway | ProxyMode::Waypoint)
}

fn pool(inputs: &Inputs<'_>, workload: &Workload, proxy: &Proxy, profile: &Profile) -> Pool {
    let Inputs { card, policy, .. } = *inputs;
    let rate = profile.rps_per_proxy * workload.replicas as f64;
    let used = |replicas: u64| {
        (replicas > 0)
            .then(|| card.proxy_cpu.usage(&traffic(policy, proxy, rate / replicas as f64)).value / capacity(proxy))
    };
    let losses = u64::from(policy.gateways.survive_replica_losses);
    Pool {
        rate,
        needed: pool_replicas(card, policy, proxy, rate),
        utilization: used(workload.replicas).unwrap_or(0.0),
        after_loss: used(workload.replicas.saturating_sub(losses)),
    }
}

/// CPU a replica can use: its worker threads, within its limit.
fn capacity(proxy: &Proxy) -> Cores {
    let workers = Cores::new(f64::from(proxy.workers.max(1)));
    let limit = proxy.container.resources.limits.cpu.filter(|limit| !limit.is_zero());
    limit.map_or(workers, |limit| if limit.to_cores() < workers { limit.to_cores() } else { workers })
}

fn traffic(policy: &Policy, proxy: &Proxy, rate: Rate) -> ProxyTraffic {
    ProxyTraffic {
        rate,
        workers: proxy.workers,
        features: features(&policy.features),
        handshakes: Rate::ZERO,
        gateway: true,
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
