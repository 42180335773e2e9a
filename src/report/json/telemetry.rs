//! Telemetry as it is written.

use serde::Serialize;

use super::derivations::Derivations;
use super::wire::{Estimate, Number};
use crate::estimate;
use crate::telemetry::{self, Observability, PeersBasis, Trim, Volume};
use crate::units::{DataRate, Memory};

/// What observing the mesh takes.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Telemetry<'a> {
    /// Time series, spans and log lines of the mesh.
    #[serde(flatten)]
    total: Amounts,
    /// Series by family of metrics, those without any left out.
    families: Vec<Family>,
    /// Sums by namespace; the ztunnels' own series belong to none.
    namespaces: Vec<Namespace<'a>>,
    /// Series of each ztunnel's own; `null` without ztunnels.
    ztunnel_series: Option<Estimate>,
    /// What one Prometheus server needs for it.
    prometheus: Prometheus,
    /// CPU of proxies that goes into observing, in cores.
    cpu: Cpu,
    /// Price of the spans an hour; 0 where the policy has none.
    span_price_per_hour: Number,
    /// Workloads whose peers lie between bounds because no call names them.
    peers_assumed: u64,
    /// What leaving something out would save, most series first.
    trims: Vec<Saved>,
    /// The arithmetic: places in the report's `derivations`, from 0; `null` where there is none.
    derivations: TelemetryDerivations,
}

/// Telemetry of a workload, all replicas together.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkloadTelemetry {
    /// Whom it talks to, as its metrics tell peers apart.
    peers: Peers,
    /// Series of each proxy; `null` where ztunnels report for it.
    series_per_proxy: Option<Estimate>,
    /// Its amounts.
    #[serde(flatten)]
    amounts: Amounts,
    /// CPU of its proxies that goes into observing, in cores.
    cpu: Cpu,
    /// Place of the arithmetic of its series in the report's `derivations`; `null` where there is none.
    derivation: Option<usize>,
}

/// Amounts of telemetry.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Amounts {
    /// Time series.
    series: Estimate,
    /// Spans per second.
    spans_per_second: Estimate,
    /// Bytes of spans per day.
    span_bytes_per_day: Estimate,
    /// Lines of access logs per second.
    log_lines_per_second: Number,
    /// Bytes of access logs per day.
    log_bytes_per_day: Estimate,
}

/// Whom a workload talks to.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Peers {
    /// Where it is known from.
    basis: Basis,
    /// Peers it calls.
    client: Estimate,
    /// Peers that call it.
    server: Estimate,
}

/// Where peers are known from.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
enum Basis {
    /// Calls that were given.
    Calls,
    /// Bounds, with the policy's number in the middle.
    Bounds,
}

/// Series of a family of metrics.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Family {
    /// Its name.
    family: &'static str,
    /// Series.
    series: Estimate,
}

/// A namespace.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Namespace<'a> {
    /// Its name.
    namespace: &'a str,
    /// Its amounts.
    #[serde(flatten)]
    amounts: Amounts,
}

/// What one Prometheus server needs.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Prometheus {
    /// Series in memory, those of replaced pods among them.
    head_series: Estimate,
    /// Samples per second.
    samples_per_second: Estimate,
    /// Memory, in bytes.
    memory_bytes: Estimate,
    /// Bytes written to disk for good, per day.
    disk_bytes_per_day: Estimate,
    /// Disk for the policy's retention, in bytes.
    disk_bytes: Estimate,
    /// Bytes read from proxies, per day.
    scrape_bytes_per_day: Estimate,
}

/// CPU that goes into observing, in cores.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Cpu {
    /// Counting for the standard metrics.
    metrics: Estimate,
    /// Writing access logs.
    access_log: Estimate,
    /// Making spans beyond 1 % of the requests.
    tracing: Estimate,
    /// Answering scrapes.
    scrapes: Estimate,
}

/// What a trim saves.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Saved {
    /// What is left out.
    left_out: &'static str,
    /// Series.
    series: Estimate,
    /// Memory of Prometheus, in bytes.
    prometheus_memory_bytes: Estimate,
    /// Disk of Prometheus per day, in bytes.
    disk_bytes_per_day: Estimate,
    /// CPU of proxies, in cores.
    proxy_cpu_cores: Estimate,
}

/// Where the arithmetic of the mesh's telemetry stands.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct TelemetryDerivations {
    /// Of the series.
    series: Option<usize>,
    /// Of the series in memory.
    head_series: Option<usize>,
    /// Of the memory of Prometheus.
    memory: Option<usize>,
    /// Of the disk it needs.
    disk: Option<usize>,
    /// Of the CPU for scrapes.
    scrape_cpu: Option<usize>,
}

impl<'a> Telemetry<'a> {
    /// The telemetry of a mesh, its arithmetic put among the others.
    pub fn new(observed: &'a Observability, derivations: &mut Derivations<'a>) -> Self {
        let kept = &observed.kept;
        Self {
            total: (&observed.total).into(),
            families: observed
                .families
                .iter()
                .map(|(family, series)| Family { family: family.as_str(), series: series.into() })
                .collect(),
            namespaces: observed
                .namespaces
                .iter()
                .map(|(namespace, volume)| Namespace { namespace, amounts: volume.into() })
                .collect(),
            ztunnel_series: observed.ztunnels.as_ref().map(|(_, each)| each.into()),
            prometheus: Prometheus {
                head_series: (&kept.head_series).into(),
                samples_per_second: (&kept.samples).into(),
                memory_bytes: Estimate::of_bytes(&kept.memory),
                disk_bytes_per_day: per_day(&kept.disk),
                disk_bytes: Estimate::of_bytes(&kept.disk_kept),
                scrape_bytes_per_day: per_day(&kept.traffic),
            },
            cpu: (&observed.cpu).into(),
            span_price_per_hour: Number::new(observed.span_price.amount()),
            peers_assumed: observed.peers_assumed,
            trims: observed.trims.iter().map(Saved::from).collect(),
            derivations: TelemetryDerivations {
                series: derivations.place(&observed.total.series),
                head_series: derivations.place(&kept.head_series),
                memory: derivations.place(&kept.memory),
                disk: derivations.place(&kept.disk_kept),
                scrape_cpu: derivations.place(&observed.cpu.scrapes),
            },
        }
    }
}

impl WorkloadTelemetry {
    /// The telemetry of a workload, its arithmetic put among the others.
    pub fn new<'a>(observed: &'a telemetry::WorkloadTelemetry, derivations: &mut Derivations<'a>) -> Self {
        let peers = &observed.peers;
        let series = observed.series_per_proxy.as_ref().unwrap_or(&observed.volume.series);
        Self {
            peers: Peers {
                basis: match peers.basis {
                    PeersBasis::Calls => Basis::Calls,
                    PeersBasis::Bounds => Basis::Bounds,
                },
                client: Estimate::of_ends((peers.client_http + peers.client_tcp).ends()),
                server: Estimate::of_ends((peers.server_http + peers.server_tcp).ends()),
            },
            series_per_proxy: observed.series_per_proxy.as_ref().map(Estimate::from),
            amounts: (&observed.volume).into(),
            cpu: (&observed.cpu).into(),
            derivation: derivations.place(series),
        }
    }
}

impl From<&Volume> for Amounts {
    fn from(volume: &Volume) -> Self {
        Self {
            series: (&volume.series).into(),
            spans_per_second: (&volume.spans).into(),
            span_bytes_per_day: per_day(&volume.span_traffic),
            log_lines_per_second: Number::new(volume.log_lines.as_per_second()),
            log_bytes_per_day: per_day(&volume.log_traffic),
        }
    }
}

impl From<&telemetry::FeatureCpu> for Cpu {
    fn from(cpu: &telemetry::FeatureCpu) -> Self {
        Self {
            metrics: (&cpu.metrics).into(),
            access_log: (&cpu.access_log).into(),
            tracing: (&cpu.tracing).into(),
            scrapes: (&cpu.scrapes).into(),
        }
    }
}

impl From<&Trim> for Saved {
    fn from(trim: &Trim) -> Self {
        Self {
            left_out: trim.kind.as_str(),
            series: (&trim.series).into(),
            prometheus_memory_bytes: Estimate::of_bytes(&trim.memory),
            disk_bytes_per_day: per_day(&trim.disk),
            proxy_cpu_cores: (&trim.cpu).into(),
        }
    }
}

/// What a flow comes to in a day, in whole bytes.
fn per_day(flow: &estimate::Estimate<DataRate>) -> Estimate {
    Estimate::of_ends([flow.lower, flow.value, flow.upper].map(|end: DataRate| {
        let bytes: Memory = end.per_day();
        bytes.as_bytes().round()
    }))
}
