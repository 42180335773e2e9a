//! Measured demand of a workload: the mean over time, and what its busiest moments take.

use super::pod_memory::{PodMemories, PodMemory};
use crate::units::{Cores, Memory, Rate, Seconds, Share};

/// Fewest moments of which quantiles are told: of 30 the largest still is beyond the 95th percentile with a chance of
/// 79 %, of 20 with 64 % (`1 − 0.95ⁿ`).
pub const FEWEST_MOMENTS: u64 = 30;

/// Measured demand of a workload, all columns optional, totals over its replicas.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Measured {
    /// Requests per second it receives.
    pub inbound_rps: Option<Rate>,
    /// Requests per second it sends to other services.
    pub outbound_rps: Option<Rate>,
    /// Bytes per request, request and response together.
    pub bytes_per_request: Option<Memory>,
    /// Open connections, inbound and outbound together.
    pub connections: Option<f64>,
    /// CPU used by its application containers.
    pub app_cpu: Option<Cores>,
    /// Memory used by its application containers.
    pub app_memory: Option<Memory>,
    /// CPU used by its proxies.
    pub proxy_cpu: Option<Cores>,
    /// Memory used by its proxies.
    pub proxy_memory: Option<Memory>,
    /// Share of CFS periods in which its proxies were throttled, the mean over its replicas.
    pub throttled: Option<Share>,
    /// How long its answers take, as its callers' requests find them.
    pub response: ResponseTimes,
    /// Its busiest moments, where a series was measured.
    pub busy: Busy,
    /// Memory of its single pods.
    pub pods: PodMemories,
}

/// Response times of the requests a workload receives.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ResponseTimes {
    /// Mean over the requests.
    pub mean: Option<Seconds>,
    /// The largest quantile that was stated.
    pub tail: Option<Tail>,
}

/// An upper bound of a quantile of response times. Quantiles of moments or pods have no mean that says anything: the
/// slowest pod of a moment stands for it, and a high quantile of the moments for their whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tail {
    /// Which quantile it is, e.g. 0.99.
    pub quantile: Share,
    /// What it stayed at or below in 99 % of moments; in all of them where there are fewer than [`FEWEST_MOMENTS`].
    pub at_most: Seconds,
    /// Moments it was measured at; 1 for a number without a time.
    pub moments: u64,
}

/// The busiest moments of a workload: totals over its replicas, quantity by quantity. `None` where there is no series
/// of at least [`FEWEST_MOMENTS`].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Busy {
    /// Requests per second it receives.
    pub inbound_rps: Option<Peaks<Rate>>,
    /// Requests per second it sends.
    pub outbound_rps: Option<Peaks<Rate>>,
    /// Requests per second through its proxies, received and sent at the same moment.
    pub proxied_rps: Option<Peaks<Rate>>,
    /// Open connections.
    pub connections: Option<Peaks<f64>>,
    /// CPU used by its application containers.
    pub app_cpu: Option<Peaks<Cores>>,
    /// Memory used by its application containers.
    pub app_memory: Option<Peaks<Memory>>,
    /// CPU used by its proxies.
    pub proxy_cpu: Option<Peaks<Cores>>,
    /// Memory used by its proxies.
    pub proxy_memory: Option<Peaks<Memory>>,
}

/// High quantiles of a series: the smallest measured value that so many of the moments do not exceed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peaks<T> {
    /// Not exceeded in 95 % of moments.
    pub p95: T,
    /// Not exceeded in 99 % of moments; the largest where there are fewer than 100.
    pub p99: T,
    /// The largest.
    pub largest: T,
    /// How many moments there are, at least [`FEWEST_MOMENTS`].
    pub moments: u64,
    /// From the first to the last of them.
    pub span: Seconds,
}

impl<T> Peaks<T> {
    /// The same peaks of something else.
    #[must_use]
    pub fn map<U>(self, change: impl Fn(T) -> U) -> Peaks<U> {
        let Self { p95, p99, largest, moments, span } = self;
        Peaks { p95: change(p95), p99: change(p99), largest: change(largest), moments, span }
    }
}

impl Measured {
    /// The same with `factor` times the traffic: rates, and CPU that follows them. What of a proxy's CPU does not
    /// follow is small beside what does once it matters.
    #[must_use]
    pub fn with_traffic(self, factor: f64) -> Self {
        let busy = self.busy;
        let rate = |rate: Option<Rate>| rate.map(|rate| rate * factor);
        let cpu = |cpu: Option<Cores>| cpu.map(|cpu| cpu * factor);
        let rates = |peaks: Option<Peaks<Rate>>| peaks.map(|peaks| peaks.map(|rate| rate * factor));
        let cores = |peaks: Option<Peaks<Cores>>| peaks.map(|peaks| peaks.map(|cpu| cpu * factor));
        Self {
            inbound_rps: rate(self.inbound_rps),
            outbound_rps: rate(self.outbound_rps),
            app_cpu: cpu(self.app_cpu),
            proxy_cpu: cpu(self.proxy_cpu),
            busy: Busy {
                inbound_rps: rates(busy.inbound_rps),
                outbound_rps: rates(busy.outbound_rps),
                proxied_rps: rates(busy.proxied_rps),
                app_cpu: cores(busy.app_cpu),
                proxy_cpu: cores(busy.proxy_cpu),
                ..busy
            },
            ..self
        }
    }

    /// These measurements, and for what they leave open others.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let (busy, of) = (self.busy, other.busy);
        Self {
            inbound_rps: self.inbound_rps.or(other.inbound_rps),
            outbound_rps: self.outbound_rps.or(other.outbound_rps),
            bytes_per_request: self.bytes_per_request.or(other.bytes_per_request),
            connections: self.connections.or(other.connections),
            app_cpu: self.app_cpu.or(other.app_cpu),
            app_memory: self.app_memory.or(other.app_memory),
            proxy_cpu: self.proxy_cpu.or(other.proxy_cpu),
            proxy_memory: self.proxy_memory.or(other.proxy_memory),
            throttled: self.throttled.or(other.throttled),
            response: ResponseTimes {
                mean: self.response.mean.or(other.response.mean),
                tail: self.response.tail.or(other.response.tail),
            },
            pods: PodMemory::either(self.pods, other.pods),
            busy: Busy {
                inbound_rps: busy.inbound_rps.or(of.inbound_rps),
                outbound_rps: busy.outbound_rps.or(of.outbound_rps),
                proxied_rps: busy.proxied_rps.or(of.proxied_rps),
                connections: busy.connections.or(of.connections),
                app_cpu: busy.app_cpu.or(of.app_cpu),
                app_memory: busy.app_memory.or(of.app_memory),
                proxy_cpu: busy.proxy_cpu.or(of.proxy_cpu),
                proxy_memory: busy.proxy_memory.or(of.proxy_memory),
            },
        }
    }
}
