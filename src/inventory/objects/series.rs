//! Measured demand of a workload or pod, at one moment or over time.

use std::sync::Arc;

use super::ObjectName;
use crate::inventory::Measured;
use crate::units::Seconds;

/// Measured demand of a named workload.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasuredWorkload {
    /// Namespace and name of the workload.
    pub name: ObjectName,
    /// Kind, where the table says; otherwise any workload of that name.
    pub kind: Option<String>,
    /// The measurements.
    pub measured: Measured,
}

/// One quantity of one workload or pod over time.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasuredSeries {
    /// Namespace; `None` where the source does not say.
    pub namespace: Option<Arc<str>>,
    /// Name of the workload; `None` where only the pod is known.
    pub workload: Option<Arc<str>>,
    /// Name of the pod; `None` for a series of all pods together.
    pub pod: Option<Arc<str>>,
    /// Kind of the workload, where the source says.
    pub kind: Option<String>,
    /// What was measured.
    pub quantity: Quantity,
    /// The measurements, in any order of time.
    pub points: Vec<Point>,
}

/// A measurement with its time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// When: since 1970, or since some start that all series of the input share.
    pub at: Seconds,
    /// How much, in the unit of the series' [`Quantity`], at least 0.
    pub value: f64,
}

/// What a series measures, and in which unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quantity {
    /// Requests per second received.
    InboundRps,
    /// Requests per second sent.
    OutboundRps,
    /// Bytes per request and response.
    BytesPerRequest,
    /// Open connections.
    Connections,
    /// Cores used by the application's containers.
    AppCpu,
    /// Bytes of memory used by the application's containers.
    AppMemory,
    /// Cores used by the proxy.
    ProxyCpu,
    /// Bytes of memory used by the proxy.
    ProxyMemory,
    /// Share of CFS periods in which the proxy was throttled, in [0, 1].
    Throttled,
    /// Seconds: the mean response time.
    ResponseMean,
    /// Seconds: a quantile of response times, in thousandths (990 for the 99th percentile).
    ResponseQuantile(u16),
}
