//! Traffic policies of destination rules: pools, outlier detection, localities.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Oddity;
use super::extension::go_duration;
use super::routing::PortNumber;
use super::security::ignored;
use super::telemetry::{percent, truth};
use super::text::{Int, Nullable, Seq, Text};
use crate::inventory::objects::{
    ConnectionPool, Distribution, LocalityBalancing, OutlierDetection, RetryBudget, TlsMode, TrafficPolicy,
    TrafficSettings,
};
use crate::units::Seconds;

/// What clients do, for a host, a subset or a port.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PolicyWire<'a> {
    /// The port it is for, where it stands among those of single ports.
    port: Nullable<PortNumber>,
    #[serde(borrow)]
    tls: Nullable<ClientTls<'a>>,
    #[serde(borrow)]
    connection_pool: Option<PoolWire<'a>>,
    #[serde(borrow)]
    outlier_detection: Option<OutlierWire<'a>>,
    #[serde(borrow)]
    load_balancer: Nullable<BalancerWire<'a>>,
    #[serde(borrow)]
    port_level_settings: Seq<PolicyWire<'a>>,
    #[serde(borrow)]
    retry_budget: Option<BudgetWire<'a>>,
}

/// Not among the settings of single ports: there the API has none.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct BudgetWire<'a> {
    #[serde(borrow)]
    percent: Text<'a>,
    min_retry_concurrency: Int,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ClientTls<'a> {
    #[serde(borrow)]
    mode: Text<'a>,
}

impl ClientTls<'_> {
    fn mode(&self, field: &str, odd: &mut Vec<Oddity>) -> Option<TlsMode> {
        match self.mode.as_str() {
            "" => None,
            "DISABLE" => Some(TlsMode::Disable),
            "SIMPLE" => Some(TlsMode::Simple),
            "MUTUAL" => Some(TlsMode::Mutual),
            "ISTIO_MUTUAL" => Some(TlsMode::IstioMutual),
            other => {
                let message = format!("{other:?} is none of DISABLE, SIMPLE, MUTUAL, ISTIO_MUTUAL; planned without it");
                odd.push(ignored(field, message));
                None
            }
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PoolWire<'a> {
    #[serde(borrow)]
    tcp: Nullable<TcpWire<'a>>,
    http: Nullable<HttpWire>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct TcpWire<'a> {
    max_connections: Int,
    #[serde(borrow)]
    connect_timeout: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct HttpWire {
    #[serde(rename = "http1MaxPendingRequests")]
    max_pending: Int,
    #[serde(rename = "http2MaxRequests")]
    max_requests: Int,
    max_requests_per_connection: Int,
    max_retries: Int,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct OutlierWire<'a> {
    #[serde(rename = "consecutive5xxErrors")]
    consecutive_5xx: Int,
    consecutive_gateway_errors: Int,
    /// What old versions called it.
    consecutive_errors: Int,
    #[serde(borrow)]
    interval: Text<'a>,
    #[serde(borrow)]
    base_ejection_time: Text<'a>,
    max_ejection_percent: Int,
    min_health_percent: Int,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct BalancerWire<'a> {
    #[serde(borrow)]
    locality_lb_setting: Option<LocalityWire<'a>>,
}

/// Which zones are preferred, also by the settings of the whole mesh.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct LocalityWire<'a> {
    #[serde(borrow)]
    enabled: Text<'a>,
    #[serde(borrow)]
    distribute: Seq<DistributeWire<'a>>,
    #[serde(borrow)]
    failover: Seq<FailoverWire<'a>>,
    #[serde(borrow)]
    failover_priority: Seq<Text<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct DistributeWire<'a> {
    #[serde(borrow)]
    from: Text<'a>,
    to: Nullable<BTreeMap<String, Int>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct FailoverWire<'a> {
    #[serde(borrow)]
    from: Text<'a>,
    #[serde(borrow)]
    to: Text<'a>,
}

impl PolicyWire<'_> {
    /// How connections are made, as written at `field`.
    pub(super) fn tls(&self, field: &str, odd: &mut Vec<Oddity>) -> Option<TlsMode> {
        self.tls.mode(&format!("{field}.tls.mode"), odd)
    }

    /// How those to single ports are made.
    pub(super) fn port_tls(&self, field: &str, odd: &mut Vec<Oddity>) -> BTreeMap<u16, TlsMode> {
        let field = format!("{field}.portLevelSettings");
        let of_port = |it: &PolicyWire<'_>| Some((it.port.number.port()?, it.tls(&field, odd)?));
        self.port_level_settings.0.iter().filter_map(of_port).collect()
    }

    /// All the rest.
    pub(super) fn read(&self, field: &str, odd: &mut Vec<Oddity>) -> TrafficPolicy {
        let at_ports = format!("{field}.portLevelSettings");
        let of_port = |it: &PolicyWire<'_>| Some((it.port.number.port()?, it.settings(&at_ports, odd)));
        let ports = self.port_level_settings.0.iter().filter_map(of_port).collect();
        let retry_budget = self.retry_budget.as_ref().map(|budget| RetryBudget {
            percent: percent(&budget.percent, &format!("{field}.retryBudget.percent"), odd),
            least: budget.min_retry_concurrency.count(),
        });
        TrafficPolicy { settings: TrafficSettings { retry_budget, ..self.settings(field, odd) }, ports }
    }

    fn settings(&self, field: &str, odd: &mut Vec<Oddity>) -> TrafficSettings {
        let pool = self.connection_pool.as_ref();
        let outliers = self.outlier_detection.as_ref();
        let locality = self.load_balancer.locality_lb_setting.as_ref();
        TrafficSettings {
            pool: pool.map(|it| it.read(&format!("{field}.connectionPool"), odd)),
            outliers: outliers.map(|it| it.read(&format!("{field}.outlierDetection"), odd)),
            locality: locality.map(|it| it.read(&format!("{field}.loadBalancer.localityLbSetting"), odd)),
            retry_budget: None,
        }
    }
}

impl PoolWire<'_> {
    fn read(&self, field: &str, odd: &mut Vec<Oddity>) -> ConnectionPool {
        ConnectionPool {
            max_connections: self.tcp.max_connections.count(),
            connect_timeout: duration(&self.tcp.connect_timeout, &format!("{field}.tcp.connectTimeout"), odd),
            max_pending: self.http.max_pending.count(),
            max_requests: self.http.max_requests.count(),
            max_requests_per_connection: self.http.max_requests_per_connection.count(),
            max_retries: self.http.max_retries.count(),
        }
    }
}

impl OutlierWire<'_> {
    fn read(&self, field: &str, odd: &mut Vec<Oddity>) -> OutlierDetection {
        let percent = |number: Int, name: &str, odd: &mut Vec<Oddity>| {
            let written = number.0?;
            let percent = number.count().filter(|percent| *percent <= 100);
            if percent.is_none() {
                let message = format!("{written} is no percentage from 0 to 100; planned with Istio's default");
                odd.push(ignored(&format!("{field}.{name}"), message));
            }
            percent
        };
        OutlierDetection {
            consecutive_5xx: self.consecutive_5xx.count(),
            consecutive_gateway_errors: self.consecutive_gateway_errors.count().or(self.consecutive_errors.count()),
            interval: duration(&self.interval, &format!("{field}.interval"), odd),
            base_ejection_time: duration(&self.base_ejection_time, &format!("{field}.baseEjectionTime"), odd),
            max_ejection_percent: percent(self.max_ejection_percent, "maxEjectionPercent", odd),
            min_health_percent: percent(self.min_health_percent, "minHealthPercent", odd),
        }
    }
}

impl LocalityWire<'_> {
    /// The settings written at `field`.
    pub(super) fn read(&self, field: &str, odd: &mut Vec<Oddity>) -> LocalityBalancing {
        let distribution = |wire: &DistributeWire<'_>| Distribution {
            from: (&wire.from).into(),
            to: wire.to.iter().filter_map(|(to, weight)| Some((to.clone(), weight.count()?))).collect(),
        };
        LocalityBalancing {
            enabled: truth(&self.enabled, &format!("{field}.enabled"), odd),
            distribute: self.distribute.0.iter().map(distribution).collect(),
            failover: self.failover.0.iter().map(|it| ((&it.from).into(), (&it.to).into())).collect(),
            failover_priority: self.failover_priority.0.iter().map(Into::into).collect(),
        }
    }
}

/// A duration at `field`; one of nothing says nothing.
pub(super) fn duration(text: &Text<'_>, field: &str, odd: &mut Vec<Oddity>) -> Option<Seconds> {
    if text.is_empty() || text.as_str() == "0s" {
        return None;
    }
    let seconds = go_duration(text.as_str());
    if seconds.is_none() {
        odd.push(ignored(field, format!("{:?} is no duration such as 1.5s; planned without it", text.as_str())));
    }
    seconds.map(Seconds::new)
}
