//! What is measured at once: one start of a proxy, or one run of paced requests.

use std::fmt;
use std::time::Duration;

use crate::units::{Bytes, Rate};

/// One row of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Point {
    /// Memory of a proxy that holds a configuration.
    Memory(MemoryPoint),
    /// CPU and response times at a rate.
    Paced(PacedPoint),
}

/// A proxy and the configuration it is started with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemoryPoint {
    /// Clusters, at least 1. The first leads to the backend and never has TLS.
    pub clusters: u32,
    /// Endpoints of each cluster, at least 1.
    pub endpoints_per_cluster: u32,
    /// Listeners, at least 1; the first holds the virtual hosts.
    pub listeners: u32,
    /// Virtual hosts of three domains and one route each, at least 1.
    pub virtual_hosts: u32,
    /// Whether the other clusters have a TLS context.
    pub tls: bool,
    /// Worker threads.
    pub workers: u32,
    /// Connections held open, idle after one request each.
    pub open_connections: u32,
}

/// Requests at a constant rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PacedPoint {
    /// What lies between the load generator and the backend.
    pub path: Path,
    /// Whether the two proxies speak mutual TLS.
    pub tls: bool,
    /// Whether both write an access log.
    pub access_log: bool,
    /// Worker threads of each proxy; 0 without proxies.
    pub workers: u32,
    /// Kept-alive connections of the load generator.
    pub connections: u32,
    /// Requests per second.
    pub rps: u32,
    /// Size of an answer's body.
    pub payload: Bytes,
    /// When requests are due.
    pub arrivals: Arrivals,
}

/// When requests of a constant rate are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Arrivals {
    /// Evenly, each by itself, as those of many independent clients are rarely together.
    Even,
    /// On the next full millisecond, as of load tools whose timer has such ticks: at 4000 requests per second
    /// four come together, and one wake-up of a proxy serves them.
    Ticks,
}

impl Arrivals {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Even, Self::Ticks];

    /// The name in the tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Even => "even",
            Self::Ticks => "ticks",
        }
    }
}

/// What lies between the load generator and the backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Path {
    /// Nothing: what the host itself takes.
    Direct,
    /// A client's and a server's sidecar.
    Sidecars,
}

impl Path {
    /// Both, direct first.
    pub const ALL: [Self; 2] = [Self::Direct, Self::Sidecars];

    /// The name in the tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Direct => "no proxy",
            Self::Sidecars => "client+server proxy",
        }
    }
}

/// How long the steps of a measurement take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// From ready to the reading of memory.
    pub settle: Duration,
    /// Requests before those that count.
    pub warm_up: Duration,
    /// Requests that count.
    pub window: Duration,
}

impl Pace {
    /// What suits a budget: short windows where there is little time.
    #[must_use]
    pub fn within(budget: Duration) -> Self {
        const LITTLE: Duration = Duration::from_mins(5);
        let (settle, window) = if budget < LITTLE { (2, 4) } else { (3, 8) };
        Self {
            settle: Duration::from_secs(settle),
            warm_up: Duration::from_secs(if budget < LITTLE { 1 } else { 2 }),
            window: Duration::from_secs(window),
        }
    }
}

impl MemoryPoint {
    /// How long it takes, starting and stopping included.
    #[must_use]
    pub fn cost(&self, pace: Pace) -> Duration {
        const START: Duration = Duration::from_millis(500);
        const PER_CLUSTER: Duration = Duration::from_micros(1500);
        const PER_CONNECTION: Duration = Duration::from_micros(700);
        let parts = self.clusters + self.virtual_hosts / 8 + self.listeners;
        START + pace.settle + PER_CLUSTER * parts + PER_CONNECTION * self.open_connections
    }
}

impl PacedPoint {
    /// The rate.
    #[must_use]
    pub fn rate(&self) -> Rate {
        Rate::per_second(f64::from(self.rps))
    }

    /// How long it takes, starting and stopping included.
    #[must_use]
    pub fn cost(&self, pace: Pace) -> Duration {
        let start = match self.path {
            Path::Direct => Duration::from_millis(100),
            Path::Sidecars => Duration::from_millis(800),
        };
        start + pace.warm_up + pace.window
    }
}

impl Point {
    /// How long it takes, starting and stopping included.
    #[must_use]
    pub fn cost(&self, pace: Pace) -> Duration {
        match self {
            Self::Memory(point) => point.cost(pace),
            Self::Paced(point) => point.cost(pace),
        }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory(point) => point.fmt(f),
            Self::Paced(point) => point.fmt(f),
        }
    }
}

impl fmt::Display for MemoryPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { clusters, endpoints_per_cluster, listeners, virtual_hosts, tls, workers, open_connections } = self;
        write!(
            f,
            "{clusters} clusters of {endpoints_per_cluster}, {listeners} listeners, {virtual_hosts} virtual hosts, \
             {}, {workers} workers, {open_connections} connections",
            if *tls { "TLS" } else { "plain" }
        )
    }
}

impl fmt::Display for PacedPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, tls, access_log, workers, connections, rps, payload, arrivals } = self;
        write!(f, "{rps} rps over {connections} connections, {} bytes, {}", payload.get(), path.name())?;
        if *path == Path::Sidecars {
            let log = if *access_log { ", access log" } else { "" };
            write!(f, ", {}{log}, {workers} workers", if *tls { "TLS" } else { "plain" })?;
        }
        match arrivals {
            Arrivals::Even => Ok(()),
            Arrivals::Ticks => write!(f, ", on full milliseconds"),
        }
    }
}
