//! One proxy on the way of a request.

use std::cell::Cell;

use statrs::distribution::{ContinuousCDF, Normal};

use super::PredictionError;
use crate::card::ModelCard;
use crate::composition::{Dependence, Middle, Spread};
use crate::estimate::Estimate;
use crate::measurement::{Load, Pacing};
use crate::model::queueing::{Arrivals, CfsQuota, CpuDemand, EventLoop, LoopLoad, QueueError, Throttling};
use crate::model::{Features, ProxyTraffic, RequestShape};
use crate::units::{Bytes, Cores, Quantity, Rate, Seconds, Share, Utilization};

/// Worker threads of a ztunnel unless it is told otherwise (ztunnel's `ZTUNNEL_WORKER_THREADS`).
const ZTUNNEL_WORKERS: u32 = 2;

/// What a limit leaves at least, however small: the kernel's least quota in 100 ms.
const LEAST_LIMIT: Cores = Cores::new(0.01);

/// A proxy that a request passes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hop {
    /// The client's sidecar.
    ClientSidecar,
    /// The server's sidecar.
    ServerSidecar,
    /// The ztunnel of a node.
    Ztunnel,
    /// A waypoint.
    Waypoint,
    /// An ingress or egress gateway.
    Gateway,
}

/// How the mesh carries a request from one workload to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// Through the client's and the server's sidecar.
    Sidecar,
    /// Through the server's sidecar alone: the client is outside the mesh.
    ServerSidecar,
    /// Through the ztunnels of both nodes.
    AmbientL4,
    /// Through both ztunnels and a waypoint between them.
    AmbientWaypoint,
    /// Through an ingress gateway and the server's sidecar.
    Gateway,
}

impl Mode {
    /// Every mode, in the order of this type.
    pub const ALL: [Self; 5] =
        [Self::Sidecar, Self::ServerSidecar, Self::AmbientL4, Self::AmbientWaypoint, Self::Gateway];

    /// The proxies on the way, in the order in which they are met.
    #[must_use]
    pub const fn hops(self) -> &'static [Hop] {
        match self {
            Self::Sidecar => &[Hop::ClientSidecar, Hop::ServerSidecar],
            Self::ServerSidecar => &[Hop::ServerSidecar],
            Self::AmbientL4 => &[Hop::Ztunnel, Hop::Ztunnel],
            Self::AmbientWaypoint => &[Hop::Ztunnel, Hop::Waypoint, Hop::Ztunnel],
            Self::Gateway => &[Hop::Gateway, Hop::ServerSidecar],
        }
    }

    /// Its name in reports, files and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sidecar => "sidecar",
            Self::ServerSidecar => "server-sidecar",
            Self::AmbientL4 => "ambient",
            Self::AmbientWaypoint => "waypoint",
            Self::Gateway => "gateway",
        }
    }

    /// The mode of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }
}

impl Hop {
    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClientSidecar => "client sidecar",
            Self::ServerSidecar => "server sidecar",
            Self::Ztunnel => "ztunnel",
            Self::Waypoint => "waypoint",
            Self::Gateway => "gateway",
        }
    }
}

/// The load of every proxy on the way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Traffic {
    /// Requests per second through each proxy; at least 0.
    pub rate: Rate,
    /// Connections through each proxy.
    pub connections: u64,
    /// How requests arrive.
    pub arrivals: Arrivals,
    /// Bytes of the larger of request and answer.
    pub payload: Bytes,
    /// Mesh features that are on.
    pub features: Features,
    /// Worker threads of each Envoy.
    pub workers: u32,
    /// CPU limit of each Envoy, if it has one.
    pub cpu_limit: Option<Cores>,
}

impl Traffic {
    /// The same under the load of a measurement, as far as that is known.
    #[must_use]
    pub fn like(self, load: &Load) -> Self {
        let arrivals = match load.pacing {
            // Fortio fires all connections of a round together unless told otherwise.
            Pacing::PacedClosed => Some(Arrivals::Rounds(load.round_spread.unwrap_or(Share::ZERO))),
            // Each connection sends when it has its answer: no more than all of them are ever there.
            Pacing::Closed => Some(Arrivals::Rounds(Share::literal(1.0))),
            Pacing::Open => Some(Arrivals::Independent),
            Pacing::Unknown => None,
        };
        Self {
            rate: load.rate.unwrap_or(self.rate),
            connections: load.connections.unwrap_or(self.connections),
            arrivals: arrivals.unwrap_or(self.arrivals),
            ..self
        }
    }
}

/// What one proxy does to a request, at the card's figures.
#[derive(Debug, Clone, PartialEq)]
pub struct HopTime {
    /// The proxy.
    pub hop: Hop,
    /// Median time for which it works on a request.
    pub service: Estimate<Seconds>,
    /// Mean wait behind other requests at the worker.
    pub mean_wait: Seconds,
    /// Share of time that a worker with many connections is at work, in [0, 1).
    pub utilization: Utilization,
    /// Share of its CPU limit that the proxy uses; `None` without a limit.
    pub limit_used: Option<f64>,
    /// Share of periods in which it is stopped at the limit; lower and upper figure.
    pub throttled: (Share, Share),
}

/// Which figures of the card to take: the best ones, or one coefficient at an end of its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Choice {
    /// 0 for the lower end, 1 for the value, 2 for the upper end.
    pub service: usize,
    pub variation: usize,
    pub burstiness: usize,
}

impl Choice {
    pub const BEST: Self = Self { service: 1, variation: 1, burstiness: 1 };
}

/// A proxy under its load, ready to be asked for any choice of figures.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Station {
    pub hop: Hop,
    pub service: Estimate<Seconds>,
    load: LoopLoad,
    variation: [f64; 3],
    burstiness: [f64; 3],
    limit: Option<Limit>,
}

/// What the proxy asks of its CPU limit.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Limit {
    /// The limit less what is used while idle.
    quota: CfsQuota,
    cpu_per_request: Seconds,
    /// Share of the limit that is used.
    used: f64,
    threads: u32,
}

impl Station {
    pub fn new(hop: Hop, traffic: &Traffic, card: &ModelCard) -> Result<Self, PredictionError> {
        let shape = RequestShape {
            connections: traffic.connections,
            arrivals: traffic.arrivals,
            payload: traffic.payload,
            // What a byte costs follows most of the requests.
            mtls: traffic.features.mtls.get() >= 0.5,
        };
        let is_ztunnel = hop == Hop::Ztunnel;
        let proxy = ProxyTraffic {
            rate: traffic.rate,
            workers: traffic.workers,
            features: traffic.features,
            gateway: matches!(hop, Hop::Waypoint | Hop::Gateway),
            ..ProxyTraffic::default()
        };
        let cpu_time =
            if is_ztunnel { card.ztunnel.time_per_request() } else { card.proxy_cpu.time_per_request(&proxy) };
        let limit = match traffic.cpu_limit.filter(|_| !is_ztunnel) {
            None => None,
            Some(limit) => {
                // What the proxy uses while idle is steady: it makes the limit smaller, and no burst.
                let idle = card.proxy_cpu.usage(&ProxyTraffic { rate: Rate::ZERO, ..proxy }).value;
                let usage = card.proxy_cpu.usage(&proxy).value;
                Some(Limit {
                    quota: CfsQuota::of_limit((limit - idle).max(LEAST_LIMIT))?,
                    cpu_per_request: cpu_time.value,
                    used: usage / limit,
                    // The main thread and others work beside the workers.
                    threads: traffic.workers.max(1).saturating_add(1),
                })
            }
        };
        Ok(Self {
            hop,
            service: card.proxy_latency.service(&cpu_time, &shape),
            load: LoopLoad {
                rate: traffic.rate,
                connections: traffic.connections,
                workers: if is_ztunnel { ZTUNNEL_WORKERS } else { traffic.workers },
                arrivals: traffic.arrivals,
            },
            variation: card.proxy_latency.variation(),
            burstiness: card.proxy_latency.burstiness(),
            limit,
        })
    }

    /// What it does to a request, in figures.
    pub fn time(&self) -> Result<HopTime, PredictionError> {
        let events = self.events(Choice::BEST)?;
        let throttling = self.throttling(Choice::BEST)?;
        Ok(HopTime {
            hop: self.hop,
            service: self.service.clone(),
            mean_wait: events.mean_wait(),
            utilization: events.utilization(),
            limit_used: self.limit.map(|limit| limit.used),
            throttled: throttling.map_or((Share::ZERO, Share::ZERO), |throttling| throttling.throttled_periods()),
        })
    }

    /// The time of one traversal as a distribution.
    pub fn spread(&self, choice: Choice) -> Result<Spread, PredictionError> {
        Ok(Spread::sequence(&self.parts(choice)?, Dependence::Independent))
    }

    /// The same without bounds.
    pub fn middle(&self, choice: Choice) -> Result<Middle, PredictionError> {
        let parts: Vec<Middle> = self.parts(choice)?.iter().map(Spread::middle).collect();
        Ok(Middle::sequence(&parts).unwrap_or_else(|| Spread::zero().middle()))
    }

    /// Work, wait, and where there is a limit, standing still at it.
    fn parts(&self, choice: Choice) -> Result<Vec<Spread>, PredictionError> {
        let events = self.events(choice)?;
        let [_, service, _] = self.ends();
        let median = self.ends().get(choice.service).copied().unwrap_or(service);
        let variation = self.variation.get(choice.variation).copied().unwrap_or(0.0);
        let mut parts = vec![
            Spread::from_tail(log_normal_tail(median, variation)),
            Spread::from_tail(|time| events.wait_longer_than(time).get()),
        ];
        if let (Some(throttling), Some(limit)) = (self.throttling(choice)?, self.limit) {
            parts.push(stalls(&throttling, limit.quota.period()));
        }
        Ok(parts)
    }

    /// Whether the other gives the same times.
    pub fn is_like(&self, other: &Self) -> bool {
        Self { hop: other.hop, ..self.clone() } == *other
    }

    /// Whether it has a CPU limit.
    pub fn has_limit(&self) -> bool {
        self.limit.is_some()
    }

    /// Whether workers and CPU limit can do the work.
    pub fn carries(&self, choice: Choice) -> bool {
        let [_, value, _] = self.ends();
        let service = Seconds::new(self.ends().get(choice.service).copied().unwrap_or(value));
        EventLoop::carries(&self.load, service) && self.throttling(choice).is_ok()
    }

    /// The same on a machine where a request takes `factor` times as long, known to within a share.
    pub fn rescaled(mut self, factor: f64, within: Share) -> Self {
        let value = self.service.value * factor;
        let (lower, upper) = (value * (1.0 - within.get()), value * (1.0 + within.get()));
        self.service = Estimate::new(lower, value, upper, self.service.basis);
        self
    }

    /// The same with times that vary so much from request to request.
    pub fn with_variation(mut self, variation: f64) -> Self {
        self.variation = [variation; 3];
        self
    }

    /// Ends of the interval of the time it works on a request, in seconds, with the value between them.
    fn ends(&self) -> [f64; 3] {
        let least = f64::MIN_POSITIVE.sqrt();
        [self.service.lower, self.service.value, self.service.upper].map(|time| time.base().max(least))
    }

    fn events(&self, choice: Choice) -> Result<EventLoop, QueueError> {
        let [_, value, _] = self.ends();
        EventLoop::new(&self.load, Seconds::new(self.ends().get(choice.service).copied().unwrap_or(value)))
    }

    fn throttling(&self, choice: Choice) -> Result<Option<Throttling>, QueueError> {
        let rate = self.load.rate;
        let Some(limit) = self.limit.filter(|_| rate > Rate::ZERO) else { return Ok(None) };
        let [_, value, _] = self.ends();
        // More time a request is more CPU a request.
        let longer = self.ends().get(choice.service).copied().unwrap_or(value) / value;
        let demand = CpuDemand {
            rate,
            cpu_per_request: limit.cpu_per_request * longer,
            scv: self.burstiness.get(choice.burstiness).copied().unwrap_or(1.0),
            threads: limit.threads,
        };
        limit.quota.throttling(&demand).map(Some)
    }
}

/// Standing still at the limit, half way between the lower and the upper figure.
///
/// The law is linear between whole periods, and costly at each; far out it falls by the same factor with each.
fn stalls(throttling: &Throttling, period: Seconds) -> Spread {
    const FAR: f64 = 16.0;
    let exactly = |periods: f64| {
        let (lower, upper) = throttling.stall_longer_than(period * periods);
        f64::midpoint(lower.get(), upper.get())
    };
    let (far, farther) = (exactly(FAR), exactly(FAR + 1.0));
    let ratio = if far > 0.0 { (farther / far).clamp(0.0, 1.0) } else { 0.0 };
    let after = |periods: f64| {
        if periods <= FAR { exactly(periods) } else { far * ratio.powf(periods - FAR) }
    };
    let known = Cell::new((f64::NAN, 0.0, 0.0));
    Spread::from_tail(|time| {
        let periods = time / period;
        let whole = periods.floor();
        if known.get().0 != whole {
            known.set((whole, after(whole), after(whole + 1.0)));
        }
        let (_, here, next) = known.get();
        here + (periods - whole) * (next - here)
    })
}

/// `P(S·V > t)` for a log-normal `V` with median 1 and a coefficient of variation.
fn log_normal_tail(median: f64, variation: f64) -> impl Fn(Seconds) -> f64 {
    let deviation = (variation * variation).ln_1p().sqrt();
    move |time: Seconds| {
        let times = time.as_seconds() / median;
        if times <= 0.0 {
            return 1.0;
        }
        Normal::standard().sf(times.ln() / deviation)
    }
}
