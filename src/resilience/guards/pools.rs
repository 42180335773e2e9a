//! Pools of connections: do they hold what is under way in the busiest seconds?

use super::super::Inputs;
use super::super::services::{Backing, Services};
use super::{Budget, Clients, ResponseTimes, Traffic, budget};
use crate::inventory::objects::ConnectionPool;
use crate::inventory::{ObjectName, Service};
use crate::mesh::DestinationRules;
use crate::model::{InFlight, retries_at_once};
use crate::units::{Rate, Ratio, Seconds};

/// Limits of the clients of a service against what is under way.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolCase {
    /// The service.
    pub service: ObjectName,
    /// The destination rule whose limits hold; `None` where there is none.
    pub rule: Option<ObjectName>,
    /// Requests per second that it receives.
    pub rate: Rate,
    /// The same in its busiest seconds.
    pub busiest: Rate,
    /// Whether these were measured as a series; otherwise they are the policy's factor times the mean.
    pub busiest_measured: bool,
    /// Upper end of its mean response time, or a quantile that stands for it.
    pub response: Seconds,
    /// What that is.
    pub response_is: String,
    /// Pods behind it.
    pub pods: u64,
    /// Who holds the limits.
    pub clients: Clients,
    /// Worker threads of a client.
    pub workers: u64,
    /// Requests under way on average in the busiest seconds, through the client that carries most.
    pub mean: f64,
    /// What is set today.
    pub today: ConnectionPool,
    /// The retry budget that holds, with which `maxRetries` does not; `None` without one.
    pub budget: Option<Budget>,
    /// Why no retry budget can be set; `None` where one can.
    pub no_budget: Option<String>,
    /// The least that holds what is under way, with the policy's chance, at the client that carries most.
    pub needed: PoolLimits,
}

/// Limits of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolLimits {
    /// Connections of HTTP/1.1.
    pub connections: u64,
    /// Requests under way, and those that wait for a connection.
    pub requests: u64,
    /// Retries under way.
    pub retries: u64,
}

impl PoolCase {
    /// Limits that refuse requests of the busiest seconds, by the names of the API.
    #[must_use]
    pub fn refusing(&self) -> Vec<&'static str> {
        self.refused().map(|(name, _, _)| name).collect()
    }

    /// The same with what they are and what is needed.
    pub fn refused(&self) -> impl Iterator<Item = (&'static str, u64, u64)> {
        let limits = [
            ("maxConnections", self.today.max_connections, self.needed.connections),
            ("http1MaxPendingRequests", self.today.max_pending, self.needed.requests),
            ("http2MaxRequests", self.today.max_requests, self.needed.requests),
            ("maxRetries", self.today.max_retries, self.needed.retries),
        ];
        let limits = limits.into_iter().filter(|(name, _, _)| self.budget.is_none() || *name != "maxRetries");
        let said = limits.filter_map(|(name, today, needed)| Some((name, today?, needed)));
        said.filter(|(_, today, needed)| today < needed)
    }

    /// Whether nothing limits what is under way, so that a slow service collects requests without end.
    #[must_use]
    pub fn is_unlimited(&self) -> bool {
        let ConnectionPool { max_connections, max_pending, max_requests, .. } = &self.today;
        max_connections.is_none() && max_pending.is_none() && max_requests.is_none()
    }
}

/// What a service is asked for.
pub(super) struct Demand {
    rate: Rate,
    /// 99 % of the moments that were measured, of all workloads together.
    measured_busiest: Option<Rate>,
    response: Seconds,
    response_is: String,
    pods: u64,
    workers: u64,
}

/// What is not known of a service.
pub(super) enum Missing {
    Requests,
    Times,
}

/// Where every workload behind a service has measured requests, and some of them response times.
pub(super) fn demand(services: &Services<'_>, backing: &Backing, traffic: &Traffic<'_>) -> Result<Demand, Missing> {
    // A workload with several services takes its requests by one of them, and nobody knows which.
    let rate = services.workloads(backing).map(|it| it.measured.inbound_rps).sum::<Option<Rate>>();
    let rate = rate.filter(|rate| *rate > Rate::ZERO).ok_or(Missing::Requests)?;
    let times = backing.workloads.iter().filter_map(|&index| traffic.times.get(index)?.as_ref());
    let slower = |a: &'_ ResponseTimes, b: &'_ ResponseTimes| a.mean.as_seconds().total_cmp(&b.mean.as_seconds());
    let slowest = times.max_by(|a, b| slower(a, b)).ok_or(Missing::Times)?;
    let what = if slowest.mean_is_quantile { "a quantile, for no mean was measured, of" } else { "the mean of" };
    let peaks = services.workloads(backing).map(|it| it.measured.busy.inbound_rps.map(|peaks| peaks.p99));
    let pods = services.workloads(backing).map(|it| it.replicas).fold(0, u64::saturating_add);
    Ok(Demand {
        rate,
        measured_busiest: peaks.sum::<Option<Rate>>().map(|busiest| busiest.max(rate)),
        response: slowest.mean,
        response_is: format!("{what} {}", slowest.measurement),
        pods,
        workers: traffic.workers.max(1),
    })
}

/// A service against the limits that the proxies of its own namespace see.
pub(super) fn case(
    inputs: &Inputs<'_>,
    rules: &DestinationRules<'_>,
    (host, service, clients): (&str, &Service, Clients),
    demand: &Demand,
) -> PoolCase {
    let policy = &inputs.policy.resilience;
    let busiest = demand.measured_busiest.unwrap_or(demand.rate * policy.peak_factor.as_number());
    let way = InFlight::new(busiest, demand.response, Ratio::new(clients.share()));
    let requests = way.quantile(policy.pool_quantile);
    let held = rules.of(&service.name.namespace, host, &service.name.namespace);
    let rule = held.iter().find(|rule| rule.policy.is_said()).or(held.first()).copied();
    // What nobody holds does not hold.
    let rule = rule.filter(|_| clients != Clients::Nobody);
    let workers = match clients {
        Clients::Waypoint(waypoint) => waypoint.workers.max(1),
        Clients::Callers | Clients::Nobody => demand.workers,
    };
    let version = inputs.inventory.istio_version();
    PoolCase {
        service: service.name.clone(),
        rule: rule.map(|rule| rule.name.clone()),
        rate: demand.rate,
        busiest,
        busiest_measured: demand.measured_busiest.is_some(),
        response: demand.response,
        response_is: demand.response_is.clone(),
        pods: demand.pods,
        clients,
        workers,
        mean: way.mean(),
        today: rule.and_then(|rule| rule.policy.settings.pool.clone()).unwrap_or_default(),
        budget: budget::of(rule.and_then(|rule| rule.policy.settings.retry_budget), version),
        no_budget: budget::why_not(&held, version),
        needed: PoolLimits {
            connections: way.connections(workers.saturating_mul(demand.pods), policy.pool_quantile),
            requests,
            retries: retries_at_once(requests, policy.retry_budget, policy.least_retries),
        },
    }
}
