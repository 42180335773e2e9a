//! What is assumed about the collection of metrics, traces and logs.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::PolicyError;
use crate::units::{Bytes, Seconds};

/// How metrics, traces and logs are collected and kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetryPolicy {
    /// Time between two scrapes of a proxy.
    #[serde(rename = "scrape_interval_seconds", with = "super::seconds")]
    pub scrape_interval: Seconds,
    /// How long Prometheus keeps samples.
    #[serde(rename = "retention_days", with = "super::days")]
    pub retention: Seconds,
    /// Services a workload calls, and workloads that call it, where no calls are given.
    pub peers_per_workload: f64,
    /// Sets of outcome labels (response code, flags, protocol) met with one peer, instead of the card's figure.
    pub label_sets_per_peer: Option<f64>,
    /// How often a day each pod is replaced, on average: rollouts, restarts, autoscaling.
    pub pods_replaced_per_day: f64,
    /// Histograms that are kept of Istio's standard metrics.
    pub histograms: BTreeSet<Histogram>,
    /// How access-log lines are written.
    pub log_encoding: LogEncoding,
    /// Price of a million spans at the backend, in the currency of the other prices; 0 if unknown.
    pub price_per_million_spans: f64,
    /// Most series a workload may have before it is a finding.
    pub most_series_per_workload: f64,
    /// Most spans per second before tracing every request is a finding.
    pub most_spans_per_second: f64,
    /// Most access log a day before it is a finding.
    #[serde(with = "super::bytes")]
    pub most_log_per_day: Bytes,
}

/// Histograms among Istio's standard metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Histogram {
    /// `istio_request_duration_milliseconds`.
    Duration,
    /// `istio_request_bytes`.
    RequestSize,
    /// `istio_response_bytes`.
    ResponseSize,
}

/// How access-log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogEncoding {
    /// Istio's default text.
    #[default]
    Text,
    /// `accessLogEncoding: JSON`.
    Json,
}

impl Default for TelemetryPolicy {
    fn default() -> Self {
        Self {
            scrape_interval: Seconds::new(15.0),
            retention: Seconds::from_days(15.0),
            peers_per_workload: 5.0,
            label_sets_per_peer: None,
            pods_replaced_per_day: 1.0,
            histograms: BTreeSet::from([Histogram::Duration, Histogram::RequestSize, Histogram::ResponseSize]),
            log_encoding: LogEncoding::Text,
            price_per_million_spans: 0.0,
            most_series_per_workload: 100_000.0,
            most_spans_per_second: 1000.0,
            most_log_per_day: Bytes::from_gib(100),
        }
    }
}

impl TelemetryPolicy {
    pub(super) fn check(&self) -> Result<(), PolicyError> {
        let wrong = |field: &str, range: &str| {
            Err(PolicyError { message: format!("telemetry.{field} must be a finite number, {range}") })
        };
        for (field, amount) in [
            ("scrape_interval_seconds", self.scrape_interval.as_seconds()),
            ("retention_days", self.retention.as_seconds()),
        ] {
            if !amount.is_finite() || amount <= 0.0 {
                return wrong(field, "above 0");
            }
        }
        for (field, amount) in [
            ("peers_per_workload", self.peers_per_workload),
            ("pods_replaced_per_day", self.pods_replaced_per_day),
            ("price_per_million_spans", self.price_per_million_spans),
            ("most_series_per_workload", self.most_series_per_workload),
            ("most_spans_per_second", self.most_spans_per_second),
        ] {
            if !amount.is_finite() || amount < 0.0 {
                return wrong(field, "0 or more");
            }
        }
        if self.label_sets_per_peer.is_some_and(|sets| !sets.is_finite() || sets < 1.0) {
            return wrong("label_sets_per_peer", "1 or more");
        }
        Ok(())
    }
}
