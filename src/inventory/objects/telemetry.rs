//! What proxies report: metrics, logs, traces.

use super::ObjectName;
use super::security::Attachment;

/// `telemetry.istio.io/*/Telemetry`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Telemetry {
    /// Namespace and name.
    pub name: ObjectName,
    /// `metadata.creationTimestamp`; of several objects the oldest holds.
    pub created: String,
    /// What it holds for.
    pub attachment: Attachment,
    /// Traces, in order.
    pub tracing: Vec<TracingSetting>,
    /// Access logs, in order.
    pub logging: Vec<LoggingSetting>,
    /// Metrics, in order: the overrides of all entries.
    pub metrics: Vec<MetricOverride>,
}

/// Which requests of a proxy a setting is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Side {
    /// Those it sends for its application.
    Client,
    /// Those its application receives.
    Server,
    /// Both.
    #[default]
    Both,
}

impl Side {
    /// Whether a setting of this side is for requests of the other.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        self == Self::Both || self == other
    }
}

/// One entry of `tracing`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TracingSetting {
    /// Requests it is for.
    pub side: Side,
    /// Whether it names providers.
    pub names_providers: bool,
    /// `randomSamplingPercentage`, from 0 to 100.
    pub sampling_percent: Option<f64>,
    /// `disableSpanReporting`.
    pub disabled: Option<bool>,
}

/// One entry of `accessLogging`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LoggingSetting {
    /// Requests it is for.
    pub side: Side,
    /// Whether it names providers.
    pub names_providers: bool,
    /// `disabled`.
    pub disabled: bool,
    /// Whether a filter chooses the requests that are logged.
    pub filtered: bool,
}

/// One override of a metric.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MetricOverride {
    /// Requests it is for.
    pub side: Side,
    /// The metric as Istio writes it, e.g. `REQUEST_COUNT`; `None` for all.
    pub metric: Option<String>,
    /// Whether it is off; `None` where the override does not say.
    pub disabled: Option<bool>,
    /// Labels it changes or removes.
    pub tags: u64,
}
