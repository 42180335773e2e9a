//! The rows of the tables: their columns are a promise, the first ones those of earlier measurements.

use serde::{Deserialize, Serialize};

use super::point::{Arrivals, MemoryPoint, PacedPoint, Path, Point};
use crate::units::Bytes;

/// `proxy_memory.csv`: one start of a proxy.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct MemoryRow {
    pub envoy_version: String,
    pub clusters: u32,
    pub endpoints_per_cluster: u32,
    pub listeners: u32,
    pub routes: u32,
    pub tls: u8,
    pub workers: u32,
    pub open_connections: u32,
    pub rss_bytes: u64,
    pub anonymous_bytes: u64,
    pub allocated_bytes: u64,
    pub heap_bytes: u64,
    pub stats: u64,
    pub working_set_bytes: u64,
    pub environment: String,
    pub machine: String,
    pub cpu_governor: String,
    pub kernel: String,
    pub date: String,
    pub startup_seconds: f64,
    pub load_average: f64,
}

/// `paced_runs.csv`: one run at a rate.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct PacedRow {
    pub envoy_version: String,
    pub run: u64,
    pub path: String,
    pub tls: u8,
    pub access_log: u8,
    pub workers: u32,
    pub connections: u32,
    pub target_rps: u32,
    pub achieved_rps: f64,
    pub payload_bytes: u64,
    pub client_proxy_cpu_milli: f64,
    pub server_proxy_cpu_milli: f64,
    pub p50_us: u64,
    pub p90_us: u64,
    pub p99_us: u64,
    pub p999_us: u64,
    pub machine: String,
    pub environment: String,
    pub cpu_governor: String,
    pub kernel: String,
    pub date: String,
    pub window_seconds: f64,
    pub requests: u64,
    pub failures: u64,
    pub client_proxy_cpu_us_per_request: f64,
    pub server_proxy_cpu_us_per_request: f64,
    pub client_rss_bytes: u64,
    pub server_rss_bytes: u64,
    pub others_cpu_milli: f64,
    pub stolen_cpu_milli: f64,
    pub load_average: f64,
    pub arrivals: String,
}

/// `paced_latency_histograms.csv`: how many requests of a run took so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct LatencyRow {
    pub run: u64,
    pub latency_us: u64,
    pub count: u64,
}

impl MemoryRow {
    /// The point it is of.
    pub fn point(&self) -> Point {
        Point::Memory(MemoryPoint {
            clusters: self.clusters,
            endpoints_per_cluster: self.endpoints_per_cluster,
            listeners: self.listeners,
            virtual_hosts: self.routes,
            tls: self.tls != 0,
            workers: self.workers,
            open_connections: self.open_connections,
        })
    }
}

impl PacedRow {
    /// The point it is of; `None` for a path or arrivals that are not measured here.
    pub fn point(&self) -> Option<Point> {
        let path = Path::ALL.into_iter().find(|path| path.name() == self.path)?;
        let arrivals = Arrivals::ALL.into_iter().find(|arrivals| arrivals.name() == self.arrivals)?;
        Some(Point::Paced(PacedPoint {
            path,
            tls: self.tls != 0,
            access_log: self.access_log != 0,
            workers: self.workers,
            connections: self.connections,
            rps: self.target_rps,
            payload: Bytes::new(self.payload_bytes),
            arrivals,
        }))
    }

    /// CPU of both proxies in thousandths of a core.
    pub fn proxies_cpu_milli(&self) -> f64 {
        self.client_proxy_cpu_milli + self.server_proxy_cpu_milli
    }
}

/// A figure with so many decimals, as it stands in a table.
pub(super) fn rounded(figure: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    (figure * scale).round() / scale
}
