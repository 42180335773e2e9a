//! How clients send what they send: pools of connections, hosts they leave alone, zones they prefer, retries.

use std::collections::BTreeMap;

use crate::units::{Seconds, Share};

/// What a destination rule, or a subset of one, asks of the clients of its host.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TrafficPolicy {
    /// For every port.
    pub settings: TrafficSettings,
    /// For single ports; they inherit nothing.
    pub ports: BTreeMap<u16, TrafficSettings>,
}

/// What holds for a host, a subset or a port; `None` where nothing is said.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TrafficSettings {
    /// Limits of connections and requests.
    pub pool: Option<ConnectionPool>,
    /// When a host is left alone.
    pub outliers: Option<OutlierDetection>,
    /// Which zones are preferred.
    pub locality: Option<LocalityBalancing>,
    /// Retries at once, as a part of the requests under way.
    pub retry_budget: Option<RetryBudget>,
}

/// `retryBudget`: how many retries may be under way, as a part of all requests under way; since Istio 1.27. Where it is
/// said, Envoy does not look at `maxRetries`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RetryBudget {
    /// `percent`: of the requests under way and waiting, in [0, 100]; `None` for the default.
    pub percent: Option<f64>,
    /// `minRetryConcurrency`: so many always; `None` for the default.
    pub least: Option<u64>,
}

impl RetryBudget {
    /// `percent` where nothing is said (istio/api, `TrafficPolicy.RetryBudget`).
    pub const DEFAULT_PERCENT: f64 = 20.0;
    /// `minRetryConcurrency` where nothing is said.
    pub const DEFAULT_LEAST: u64 = 3;

    /// What it says, and where it says nothing, what `weaker` says.
    #[must_use]
    pub fn or(self, weaker: Self) -> Self {
        Self { percent: self.percent.or(weaker.percent), least: self.least.or(weaker.least) }
    }

    /// Retries that are always allowed.
    #[must_use]
    pub fn least(self) -> u64 {
        self.least.unwrap_or(Self::DEFAULT_LEAST)
    }
}

/// Limits of each client proxy towards one cluster; `None` for Envoy's or Istio's default.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConnectionPool {
    /// `tcp.maxConnections`: connections to all hosts together.
    pub max_connections: Option<u64>,
    /// `tcp.connectTimeout`.
    pub connect_timeout: Option<Seconds>,
    /// `http.http1MaxPendingRequests`: requests that wait for a connection.
    pub max_pending: Option<u64>,
    /// `http.http2MaxRequests`: requests under way.
    pub max_requests: Option<u64>,
    /// `http.maxRequestsPerConnection`; 0 for any number.
    pub max_requests_per_connection: Option<u64>,
    /// `http.maxRetries`: retries under way.
    pub max_retries: Option<u64>,
}

impl ConnectionPool {
    /// What it says, and where it says nothing, what `weaker` says.
    #[must_use]
    pub fn or(&self, weaker: &Self) -> Self {
        Self {
            max_connections: self.max_connections.or(weaker.max_connections),
            connect_timeout: self.connect_timeout.or(weaker.connect_timeout),
            max_pending: self.max_pending.or(weaker.max_pending),
            max_requests: self.max_requests.or(weaker.max_requests),
            max_requests_per_connection: self.max_requests_per_connection.or(weaker.max_requests_per_connection),
            max_retries: self.max_retries.or(weaker.max_retries),
        }
    }
}

/// When a host is left alone, and how many at once; `None` for Istio's default.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OutlierDetection {
    /// `consecutive5xxErrors`: failures in a row, 0 for never.
    pub consecutive_5xx: Option<u64>,
    /// `consecutiveGatewayErrors`: answers 502, 503 and 504 in a row, 0 for never.
    pub consecutive_gateway_errors: Option<u64>,
    /// `interval`: time between two sweeps.
    pub interval: Option<Seconds>,
    /// `baseEjectionTime`: how long the first ejection lasts; the next ones last longer.
    pub base_ejection_time: Option<Seconds>,
    /// `maxEjectionPercent`: hosts ejected at once, in [0, 100].
    pub max_ejection_percent: Option<u64>,
    /// `minHealthPercent`: below this share of hosts left, in [0, 100], all of them are used again.
    pub min_health_percent: Option<u64>,
}

impl OutlierDetection {
    /// Istio's `maxEjectionPercent` where nothing is said (Istio's reference of DestinationRule).
    pub const DEFAULT_MAX_EJECTION_PERCENT: u64 = 10;

    /// What it says, and where it says nothing, what `weaker` says.
    #[must_use]
    pub fn or(&self, weaker: &Self) -> Self {
        Self {
            consecutive_5xx: self.consecutive_5xx.or(weaker.consecutive_5xx),
            consecutive_gateway_errors: self.consecutive_gateway_errors.or(weaker.consecutive_gateway_errors),
            interval: self.interval.or(weaker.interval),
            base_ejection_time: self.base_ejection_time.or(weaker.base_ejection_time),
            max_ejection_percent: self.max_ejection_percent.or(weaker.max_ejection_percent),
            min_health_percent: self.min_health_percent.or(weaker.min_health_percent),
        }
    }

    /// Hosts ejected at once, in percent of all, in [0, 100].
    #[must_use]
    pub fn most_percent(&self) -> u64 {
        self.max_ejection_percent.unwrap_or(Self::DEFAULT_MAX_EJECTION_PERCENT).min(100)
    }
}

/// Which zones are preferred (`localityLbSetting`).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LocalityBalancing {
    /// Whether it is on; Istio's default is yes.
    pub enabled: Option<bool>,
    /// Where requests from a locality go.
    pub distribute: Vec<Distribution>,
    /// Regions to go to when a region has no healthy host.
    pub failover: Vec<(String, String)>,
    /// Labels by which hosts are put in order instead.
    pub failover_priority: Vec<String>,
}

/// Where requests from a locality go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Distribution {
    /// `region/zone/subzone`, each of which may be `*` or left out.
    pub from: String,
    /// Weights by locality; together 100.
    pub to: BTreeMap<String, u64>,
}

/// When a failed request is sent again.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RetryPolicy {
    /// How many times at most, beside the first; `None` for Istio's default.
    pub attempts: Option<u64>,
    /// How long each may take.
    pub per_try_timeout: Option<Seconds>,
    /// Conditions as written.
    pub retry_on: String,
}

/// Copy of requests whose answer nobody waits for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mirror {
    /// Share of the route's requests that is copied.
    pub share: Share,
}

impl TrafficPolicy {
    /// What holds at a port of a host under policies from the weakest to the strongest: each setting of a
    /// stronger one replaces that of a weaker, and settings of the port alone replace all.
    ///
    /// Source: `MergeTrafficPolicy` of istio/istio, `pilot/pkg/networking/util`.
    #[must_use]
    pub fn merged<'a>(policies: impl IntoIterator<Item = &'a Self>, port: Option<u16>) -> TrafficSettings {
        let mut merged = TrafficSettings::default();
        for policy in policies {
            let TrafficSettings { pool, outliers, locality, retry_budget } = policy.settings.clone();
            merged = TrafficSettings {
                pool: pool.or(merged.pool),
                outliers: outliers.or(merged.outliers),
                locality: locality.or(merged.locality),
                retry_budget: retry_budget.or(merged.retry_budget),
            };
            if let Some(of_port) = port.and_then(|port| policy.ports.get(&port)) {
                merged = of_port.clone();
            }
        }
        merged
    }

    /// Whether it asks for anything.
    #[must_use]
    pub fn is_said(&self) -> bool {
        *self != Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(connections: Option<u64>, ejected: Option<u64>, of_port: Option<(u16, u64)>) -> TrafficPolicy {
        let pool = |most: u64| ConnectionPool { max_connections: Some(most), ..ConnectionPool::default() };
        let outliers = |most: u64| OutlierDetection { max_ejection_percent: Some(most), ..OutlierDetection::default() };
        let of_port =
            of_port.map(|(port, most)| (port, TrafficSettings { pool: Some(pool(most)), ..Default::default() }));
        TrafficPolicy {
            settings: TrafficSettings {
                pool: connections.map(pool),
                outliers: ejected.map(outliers),
                ..TrafficSettings::default()
            },
            ports: of_port.into_iter().collect(),
        }
    }

    #[track_caller]
    fn check(policies: &[TrafficPolicy], port: Option<u16>, expected: (Option<u64>, Option<u64>)) {
        let merged = TrafficPolicy::merged(policies, port);
        let connections = merged.pool.and_then(|pool| pool.max_connections);
        assert_eq!((connections, merged.outliers.map(|it| it.most_percent())), expected);
    }

    #[test]
    fn a_subset_replaces_setting_by_setting_and_a_port_inherits_nothing() {
        let host = || policy(Some(100), Some(50), Some((80, 7)));
        check(&[host()], None, (Some(100), Some(50)));
        check(&[host()], Some(443), (Some(100), Some(50)));
        check(&[host()], Some(80), (Some(7), None));
        check(&[host(), policy(Some(5), None, None)], None, (Some(5), Some(50)));
        check(&[host(), policy(None, Some(20), None)], Some(80), (Some(7), Some(20)));
        check(&[], None, (None, None));
    }

    #[test]
    fn a_tenth_may_be_ejected_by_default() {
        assert_eq!(OutlierDetection::default().most_percent(), 10);
        assert_eq!(OutlierDetection { max_ejection_percent: Some(900), ..Default::default() }.most_percent(), 100);
    }
}
