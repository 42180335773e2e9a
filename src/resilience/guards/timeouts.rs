//! Timeouts: do they cut requests that would have been answered, and does anything end those that never are?

use std::collections::{BTreeMap, BTreeSet};

use super::super::Inputs;
use super::super::services::{Backing, Services};
use super::routes::{Held, Routed, Routes};
use super::{Traffic, mode};
use crate::inventory::ObjectName;
use crate::mesh::{self, ProxyMode, hosts};
use crate::model::Retries;
use crate::units::{Quantile, Seconds};

/// Conditions of `retryOn` that a timeout of one attempt meets: it is answered with 504.
const MET_BY_TIMEOUTS: [&str; 3] = ["5xx", "gateway-error", "504"];

/// What a time may be short by because it is written in whole milliseconds.
const DUST: Seconds = Seconds::new(1e-9);

/// How long requests of a route may take, against how long they take.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeoutCase {
    /// Where the timeout stands.
    pub place: Routed,
    /// Full names of the services it leads to.
    pub hosts: Vec<String>,
    /// The measurement of the slowest of them.
    pub measurement: String,
    /// Which of the slowest requests is looked at.
    pub quantile: Quantile,
    /// Upper end of its response time.
    pub tail: Seconds,
    /// Timeout of the whole request today; `None` for none.
    pub timeout: Option<Seconds>,
    /// Timeout of each attempt today.
    pub per_attempt: Option<Seconds>,
    /// Whether an attempt that took too long is made again, and how often.
    pub repeats: Retries,
    /// Whether the route says so itself, and not the mesh.
    pub says_retries: bool,
    /// Services it leads to for which nothing was measured.
    pub unknown: Vec<String>,
}

impl TimeoutCase {
    /// Timeouts of today that cut requests which would have been answered, by the names of the API.
    #[must_use]
    pub fn cutting(&self) -> Vec<&'static str> {
        self.cut().map(|(name, _)| name).collect()
    }

    /// The same with how long they are.
    pub fn cut(&self) -> impl Iterator<Item = (&'static str, Seconds)> {
        let both = [("timeout", self.timeout), ("perTryTimeout", self.per_attempt)];
        let said = both.into_iter().filter_map(|(name, timeout)| Some((name, timeout?)));
        said.filter(|(_, timeout)| *timeout + DUST < self.tail)
    }

    /// Whether nothing ends a request that is never answered.
    #[must_use]
    pub fn is_endless(&self) -> bool {
        self.timeout.is_none() && self.per_attempt.is_none()
    }
}

/// Every route that leads to a service with measured response times, sidecars' before gateways'.
pub(super) fn timeouts(
    inputs: &Inputs<'_>,
    services: &Services<'_>,
    routes: &Routes<'_>,
    without_proxies: &[ObjectName],
) -> Vec<TimeoutCase> {
    let known = Known { inputs, services, traffic: inputs.traffic };
    let nobody: BTreeSet<String> =
        without_proxies.iter().map(|it| hosts::of_service(&it.name, &it.namespace)).collect();
    let mut cases: BTreeMap<(Routed, Vec<String>), TimeoutCase> = BTreeMap::new();
    let mut add = |case: TimeoutCase| {
        cases.entry((case.place.clone(), case.hosts.clone())).or_insert(case);
    };
    for (host, _) in services.hosts().filter(|(host, _)| known.is_of_mesh(host)) {
        let held = if nobody.contains(host) { vec![Held::of_nothing(host)] } else { routes.of_host(host) };
        held.iter().filter_map(|it| known.case(it)).for_each(&mut add);
    }
    routes.of_gateways().iter().filter_map(|it| known.case(it)).for_each(&mut add);
    cases.into_values().collect()
}

struct Known<'a> {
    inputs: &'a Inputs<'a>,
    services: &'a Services<'a>,
    traffic: &'a Traffic<'a>,
}

/// The slowest of some services.
struct Slowest {
    measurement: String,
    quantile: Quantile,
    tail: Seconds,
}

impl Known<'_> {
    /// Whether a host is of the mesh and speaks HTTP. Where nobody holds its routes, nothing ends its requests either.
    fn is_of_mesh(&self, host: &str) -> bool {
        let backing = self.services.behind(host).unwrap_or_default();
        let is_of_mesh = |&index: &usize| matches!(mode(self.inputs, index), ProxyMode::Sidecar | ProxyMode::Ambient);
        let service = self.services.service(host);
        service.is_some_and(|service| !mesh::is_tcp_only(service)) && backing.workloads.iter().any(is_of_mesh)
    }

    fn case(&self, held: &Held) -> Option<TimeoutCase> {
        let hosts: Vec<String> = held.hosts.iter().cloned().collect();
        let mut slowest: Option<Slowest> = None;
        let mut unknown = Vec::new();
        for host in &hosts {
            match self.slowest(host) {
                None => unknown.push(host.clone()),
                Some(of_host) if slowest.as_ref().is_none_or(|known| known.tail < of_host.tail) => {
                    slowest = Some(of_host);
                }
                Some(_) => {}
            }
        }
        let Slowest { measurement, quantile, tail } = slowest?;
        // Istio takes a timeout of 0 for none.
        let said = |timeout: Option<Seconds>| timeout.filter(|timeout| *timeout > Seconds::ZERO);
        let retries = held.retries.as_ref();
        let conditions = retries.map_or("", |retries| retries.retry_on.as_str());
        let is_met = conditions.split(',').any(|condition| MET_BY_TIMEOUTS.contains(&condition.trim()));
        let attempts = retries.and_then(|retries| retries.attempts).filter(|_| is_met).unwrap_or(0);
        Some(TimeoutCase {
            place: held.place.clone(),
            hosts,
            measurement,
            quantile,
            tail,
            timeout: said(held.timeout),
            per_attempt: said(retries.and_then(|retries| retries.per_try_timeout)),
            repeats: Retries::new(attempts),
            says_retries: held.says_retries,
            unknown,
        })
    }

    /// The slowest of the workloads behind a host; `None` where one was not measured.
    fn slowest(&self, host: &str) -> Option<Slowest> {
        let Backing { workloads } = self.services.behind(host)?;
        let mut slowest: Option<Slowest> = None;
        for index in workloads {
            let times = self.traffic.times.get(index)?.as_ref()?;
            let tail = times.tail?;
            if slowest.as_ref().is_none_or(|known| known.tail < tail) {
                slowest = Some(Slowest { measurement: times.measurement.clone(), quantile: times.quantile, tail });
            }
        }
        slowest
    }
}
