//! Retries: how many attempts does the worst chain of callers make of one request?

use std::collections::{BTreeMap, BTreeSet};

use super::super::Inputs;
use super::super::services::Services;
use super::routes::{Routed, Routes, retries_of};
use super::{Budget, Clients, PoolCase, clients, mode};
use crate::inventory::objects::{Call, ObjectName};
use crate::mesh::{self, ProxyMode, hosts};
use crate::model::{CallChains, RetriedCall, Retries};
use crate::units::Ratio;

/// How often requests to a service are sent again, and what that makes of a request where others do the same.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryCase {
    /// The service that is called.
    pub service: ObjectName,
    /// Its full name.
    pub host: String,
    /// Where retries are set: routes of its virtual service, or where that is not.
    pub places: Vec<Routed>,
    /// Retries of a failed request today: the most of its routes.
    pub attempts: u64,
    /// Who says so.
    pub said: RetriesSaid,
    /// The retry budget of those who call it; `None` without one, or where it is not known how much is under way.
    pub budget: Option<Budget>,
    /// Attempts that callers make of one request when all fail, at least 1: one more than retries, or what the budget
    /// lets through where that is less.
    pub times: Ratio,
    /// Retried calls on the longest chain through it.
    pub chain: u32,
    /// Attempts that the worst chain through it makes of one request when all of them fail.
    pub worst: Ratio,
    /// Retries with which no chain through it makes more than the policy's bound.
    pub allowed: u64,
    /// Whether it is called, directly or through others, by those it calls.
    pub in_circle: bool,
}

/// Who says how often requests are sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RetriesSaid {
    /// Routes of the service.
    ByRoutes,
    /// `defaultHttpRetryPolicy` of the mesh.
    ByMesh,
    /// Nobody: Istio's default holds.
    Nowhere,
}

impl RetriesSaid {
    /// Name in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ByRoutes => "routes",
            Self::ByMesh => "mesh",
            Self::Nowhere => "default",
        }
    }
}

impl RetryCase {
    /// Whether chains through it make more of a request than the bound, and its own retries have a part in that.
    #[must_use]
    pub fn exceeds(&self, bound: Ratio) -> bool {
        self.worst > bound && self.times > Ratio::new(self.allowed as f64 + 1.0)
    }
}

/// Every called service with HTTP ports whose callers' proxies retry, by host; nothing without calls.
pub(super) fn retries(
    inputs: &Inputs<'_>,
    services: &Services<'_>,
    routes: &Routes<'_>,
    pools: &[PoolCase],
) -> Vec<RetryCase> {
    let Some(calls) = inputs.traffic.calls else { return Vec::new() };
    let graph = Graph::new(inputs, services, calls);
    let pools: BTreeMap<&ObjectName, &PoolCase> = pools.iter().map(|case| (&case.service, case)).collect();
    let mut times = vec![Ratio::new(1.0); inputs.inventory.workloads.len()];
    let mut cases = Vec::new();
    for (host, Called { behind, callers, by_proxies }) in &graph.called {
        let Some(service) = services.service(host) else { continue };
        let set = Set::of(host, routes, *by_proxies || clients::waypoints_repeat(inputs));
        let clients = callers.iter().filter_map(|&index| inputs.inventory.workloads.get(index));
        let clients = clients.map(|workload| workload.replicas).fold(0, u64::saturating_add);
        let budgeted = pools.get(&service.name).and_then(|case| Some((case.budget?, *case)));
        let of_service = match budgeted {
            Some((budget, case)) => {
                // A replica of a waypoint carries its own part of what is under way.
                let clients = if matches!(case.clients, Clients::Waypoint(_)) { 1 } else { clients };
                let always = budget.least.saturating_mul(clients) as f64 / case.mean;
                Retries::new(set.attempts).within_budget(budget.share, Ratio::new(always))
            }
            None => Retries::new(set.attempts).worst(1),
        };
        for &index in behind {
            times.get_mut(index).into_iter().for_each(|it| *it = it.max(of_service));
        }
        cases.push((service.name.clone(), host, behind, (set, budgeted.map(|(budget, _)| budget), of_service)));
    }
    let chains = CallChains::new(inputs.inventory.workloads.len(), &graph.calls);
    let worst = chains.worst(&times);
    let bound = inputs.policy.resilience.most_amplification;
    let finished = cases.into_iter().map(|(service, host, called, (set, budget, times))| {
        let of_all = called.iter().filter_map(|&index| worst.get(index).copied());
        RetryCase {
            service,
            host: (*host).clone(),
            places: set.places,
            attempts: set.attempts,
            said: set.said,
            budget,
            times,
            chain: called.iter().map(|&index| chains.longest(index)).max().unwrap_or(0),
            worst: of_all.fold(Ratio::new(1.0), Ratio::max),
            allowed: called.iter().map(|&index| chains.allowed(index, bound)).min().unwrap_or(0),
            in_circle: called.iter().any(|&index| chains.in_circle(index)),
        }
    });
    finished.collect()
}

/// Calls between workloads by their places in the inventory.
struct Graph {
    calls: Vec<RetriedCall>,
    /// By host that some proxy retries requests to.
    called: BTreeMap<String, Called>,
}

/// Workloads by their places in the inventory.
#[derive(Default)]
struct Called {
    /// Those behind the host.
    behind: BTreeSet<usize>,
    /// Those for whom a proxy retries.
    callers: BTreeSet<usize>,
    /// Whether it is that of any of them, and not a waypoint alone.
    by_proxies: bool,
}

impl Graph {
    fn new(inputs: &Inputs<'_>, services: &Services<'_>, calls: &[Call]) -> Self {
        let mut by_name: BTreeMap<&ObjectName, Vec<usize>> = BTreeMap::new();
        let names: Vec<ObjectName> = inputs
            .inventory
            .workloads
            .iter()
            .map(|it| ObjectName { namespace: it.id.namespace.clone(), name: it.id.name.clone() })
            .collect();
        for (index, name) in names.iter().enumerate() {
            by_name.entry(name).or_default().push(index);
        }
        let in_front = in_front(services);
        let mut graph = Self { calls: Vec::new(), called: BTreeMap::new() };
        for call in calls.iter().filter(|call| !call.to.namespace.is_empty()) {
            let host = hosts::of_service(&call.to.name, &call.to.namespace);
            let named = services.behind(&host).map(|backing| (host, backing.workloads));
            // A workload that is named is called through its service.
            let through = || {
                let workloads = by_name.get(&call.to)?;
                let host = workloads.iter().find_map(|index| in_front.get(index)).cloned();
                Some((host?, workloads.clone()))
            };
            let Some((host, behind)) = named.or_else(through) else { continue };
            let Some(service) = services.service(&host) else { continue };
            for &from in by_name.get(&call.from).into_iter().flatten() {
                let by_proxy = clients::has_proxy(inputs, from);
                let retried = (by_proxy || through_waypoint(inputs, from, &behind)) && !mesh::is_tcp_only(service);
                graph.calls.extend(behind.iter().map(|&to| RetriedCall { from, to, retried }));
                if retried {
                    let called = graph.called.entry(host.clone()).or_default();
                    called.behind.extend(&behind);
                    called.callers.insert(from);
                    called.by_proxies |= by_proxy;
                }
            }
        }
        graph
    }
}

/// Whether what a workload of ambient mode calls passes a waypoint.
fn through_waypoint(inputs: &Inputs<'_>, from: usize, behind: &[usize]) -> bool {
    let mut carried = behind.iter().filter(|&&to| mode(inputs, to) == ProxyMode::Ambient);
    let has_waypoint = |to: &usize| inputs.traffic.waypoints.get(*to).is_some_and(Option::is_some);
    mode(inputs, from) == ProxyMode::Ambient && carried.any(has_waypoint)
}

/// The first service in front of each workload, by its full name.
fn in_front(services: &Services<'_>) -> BTreeMap<usize, String> {
    let mut in_front = BTreeMap::new();
    for (host, _) in services.hosts() {
        for index in services.behind(host).unwrap_or_default().workloads {
            in_front.entry(index).or_insert_with(|| host.to_owned());
        }
    }
    in_front
}

/// What is set for a host.
struct Set {
    places: Vec<Routed>,
    attempts: u64,
    said: RetriesSaid,
}

impl Set {
    /// Where no route is written, only if those who would repeat do so by default.
    fn of(host: &str, routes: &Routes<'_>, by_default: bool) -> Self {
        let held = routes.of_host(host);
        let most = held.iter().max_by_key(|it| retries_of(it.retries.as_ref()));
        let said = match most {
            Some(it) if it.says_retries => RetriesSaid::ByRoutes,
            Some(it) if it.retries.is_some() => RetriesSaid::ByMesh,
            _ => RetriesSaid::Nowhere,
        };
        Self {
            attempts: most
                .filter(|it| by_default || it.place.route().is_some())
                .map_or(0, |it| retries_of(it.retries.as_ref())),
            places: held.into_iter().map(|it| it.place).collect(),
            said,
        }
    }
}
