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
    /// Metrics, in order.
    pub metrics: Vec<MetricsSetting>,
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
    /// Providers it names.
    pub providers: Vec<String>,
    /// `randomSamplingPercentage`, from 0 to 100.
    pub sampling_percent: Option<f64>,
    /// `disableSpanReporting`.
    pub disabled: Option<bool>,
    /// Whether it says more than that, such as tags of its own.
    pub says_more: bool,
}

/// One entry of `accessLogging`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LoggingSetting {
    /// Requests it is for.
    pub side: Side,
    /// Providers it names.
    pub providers: Vec<String>,
    /// `disabled`.
    pub disabled: bool,
    /// The expression that chooses the requests that are logged; `None` for all of them.
    pub filter: Option<String>,
    /// Whether it says more than that.
    pub says_more: bool,
}

/// One entry of `metrics`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MetricsSetting {
    /// Providers it names.
    pub providers: Vec<String>,
    /// What it changes, in order.
    pub overrides: Vec<MetricOverride>,
    /// Whether it says more than that, such as an interval.
    pub says_more: bool,
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
    /// Labels it changes or removes, in the order of their names.
    pub labels: Vec<LabelOverride>,
}

/// A label of a metric that is changed or removed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LabelOverride {
    /// Its name, e.g. `source_principal`.
    pub name: String,
    /// The expression that gives its value instead; `None` where it is removed.
    pub value: Option<String>,
}

impl Telemetry {
    /// Overrides of all its entries, in order.
    pub fn overrides(&self) -> impl Iterator<Item = &MetricOverride> {
        self.metrics.iter().flat_map(|entry| &entry.overrides)
    }
}
