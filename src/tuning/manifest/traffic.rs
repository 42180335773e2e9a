//! Traffic policies of destination rules.

use serde_json::{Map, Value, json};

use super::put;
use crate::inventory::objects::{ConnectionPool, OutlierDetection, RetryBudget};
use crate::units::Seconds;

/// What is said of pools, outliers and retry budgets.
pub(super) fn policy(
    pool: Option<&ConnectionPool>,
    outliers: Option<&OutlierDetection>,
    retry_budget: Option<RetryBudget>,
) -> Value {
    let mut policy = json!({});
    let parts = [
        ("connectionPool", pool.map(of_pool)),
        ("outlierDetection", outliers.map(of_outliers)),
        ("retryBudget", retry_budget.map(of_budget)),
    ];
    for (key, part) in parts {
        if let Some(part) = part.filter(is_said) {
            put(&mut policy, key, part);
        }
    }
    policy
}

fn of_pool(pool: &ConnectionPool) -> Value {
    let tcp = said([
        ("maxConnections", pool.max_connections.map(|it| json!(it))),
        ("connectTimeout", pool.connect_timeout.map(duration)),
    ]);
    let http = said([
        ("http1MaxPendingRequests", pool.max_pending.map(|it| json!(it))),
        ("http2MaxRequests", pool.max_requests.map(|it| json!(it))),
        ("maxRequestsPerConnection", pool.max_requests_per_connection.map(|it| json!(it))),
        ("maxRetries", pool.max_retries.map(|it| json!(it))),
    ]);
    said([("tcp", Some(tcp).filter(is_said)), ("http", Some(http).filter(is_said))])
}

fn of_outliers(outliers: &OutlierDetection) -> Value {
    said([
        ("consecutive5xxErrors", outliers.consecutive_5xx.map(|it| json!(it))),
        ("consecutiveGatewayErrors", outliers.consecutive_gateway_errors.map(|it| json!(it))),
        ("interval", outliers.interval.map(duration)),
        ("baseEjectionTime", outliers.base_ejection_time.map(duration)),
        ("maxEjectionPercent", outliers.max_ejection_percent.map(|it| json!(it))),
        ("minHealthPercent", outliers.min_health_percent.map(|it| json!(it))),
    ])
}

fn of_budget(budget: RetryBudget) -> Value {
    said([("percent", budget.percent.map(|it| json!(it))), ("minRetryConcurrency", budget.least.map(|it| json!(it)))])
}

/// What a route says of retries.
pub(super) fn retries(attempts: Option<u64>, per_try_timeout: Option<Seconds>) -> Value {
    said([("attempts", attempts.map(|it| json!(it))), ("perTryTimeout", per_try_timeout.map(duration))])
}

fn said<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    let members = members.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    Value::Object(members.collect::<Map<String, Value>>())
}

fn is_said(value: &Value) -> bool {
    value.as_object().is_some_and(|members| !members.is_empty())
}

/// A duration.
pub(super) fn duration(seconds: Seconds) -> Value {
    json!(format!("{}s", seconds.as_seconds()))
}

/// A duration of the Gateway API (GEP-2257): whole numbers of at most five digits, each with its unit.
pub(super) fn api_duration(seconds: Seconds) -> Value {
    // Times are whole milliseconds of a day at most.
    let millis = (seconds.as_seconds() * 1000.0).round().clamp(0.0, 99_999.0 * 1000.0) as u64;
    let parts = [(millis / 1000, "s"), (millis % 1000, "ms")];
    let written: String =
        parts.iter().filter(|(number, _)| *number > 0).map(|(number, unit)| format!("{number}{unit}")).collect();
    json!(if written.is_empty() { "0s".to_owned() } else { written })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_the_gateway_api_have_no_fractions() {
        for (seconds, expected) in
            [(0.77, "770ms"), (1.0, "1s"), (12.345, "12s345ms"), (86_400.0, "86400s"), (0.0, "0s")]
        {
            assert_eq!(api_duration(Seconds::new(seconds)), json!(expected));
        }
    }
}
