//! Telemetry of one workload.

use super::Inputs;
use super::peers::Peers;
use super::{Volume, named};
use crate::card::ModelCard;
use crate::estimate::{Basis, Estimate, Term};
use crate::inventory::Workload;
use crate::mesh::{ProxyMode, StandardMetric, StandardMetrics, WorkloadFeatures};
use crate::model::telemetry::{LogFormat, Metric, Metrics, Reported, SeriesLoad, ZtunnelPeers};
use crate::model::{Observed, ProxyTraffic};
use crate::overhead;
use crate::policy::{Histogram, LogEncoding, Policy, TelemetryPolicy};
use crate::units::{Cores, Rate, Series, Share};

/// Telemetry of a workload, all replicas together unless it says otherwise.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkloadTelemetry {
    /// Whom it talks to.
    pub peers: Peers,
    /// Series of each of its proxies; `None` where ztunnels report for it.
    pub series_per_proxy: Option<Estimate<Series>>,
    /// Its amounts; of a captured workload the series are those that ztunnels keep for it.
    pub volume: Volume,
    /// CPU of its proxies that goes into observing.
    pub cpu: FeatureCpu,
}

/// CPU that goes into observing.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureCpu {
    /// Counting requests for the standard metrics.
    pub metrics: Estimate<Cores>,
    /// Writing access logs.
    pub access_log: Estimate<Cores>,
    /// Making spans beyond 1 % of the requests.
    pub tracing: Estimate<Cores>,
    /// Answering scrapes.
    pub scrapes: Estimate<Cores>,
}

/// What a workload gives to count, before any law is applied.
#[derive(Debug, Clone)]
pub(super) struct Load {
    pub peers: Peers,
    /// Proxies of its own, or nodes with captured pods.
    pub count: f64,
    pub kind: LoadKind,
}

impl Load {
    /// Whether its proxies trace every request.
    pub fn traces_everything(&self) -> bool {
        match &self.kind {
            LoadKind::Envoy(envoy) => envoy.traffic.features.tracing_sampling == Share::ONE,
            LoadKind::Captured => false,
        }
    }

    /// What it makes ztunnels count.
    pub fn ztunnel_peers(&self) -> ZtunnelPeers {
        ZtunnelPeers { nodes: self.count, peers: self.peers.all() }
    }
}

/// What one proxy meets, and what passes it.
#[derive(Debug, Clone, Copy)]
pub(super) struct EnvoyLoad {
    pub series: SeriesLoad,
    pub traffic: ProxyTraffic,
}

/// Whose series they are.
#[derive(Debug, Clone)]
pub(super) enum LoadKind {
    /// Proxies of its own.
    Envoy(Box<EnvoyLoad>),
    /// Ztunnels of its nodes.
    Captured,
}

/// What every workload gives to count, parallel to the inventory's workloads.
pub(super) fn loads(inputs: &Inputs<'_>, peers: &[Peers], ztunnels: u64) -> Vec<Option<Load>> {
    let workloads = inputs.inventory.workloads.iter().zip(peers).enumerate();
    workloads.map(|(index, (workload, peers))| load(inputs, index, workload, *peers, ztunnels)).collect()
}

fn load(inputs: &Inputs<'_>, index: usize, workload: &Workload, peers: Peers, ztunnels: u64) -> Option<Load> {
    let member = inputs.mesh.members.get(index)?;
    if member.mode == ProxyMode::Ambient {
        let nodes = workload.replicas.min(ztunnels) as f64;
        return Some(Load { peers, count: nodes, kind: LoadKind::Captured });
    }
    if !member.mode.runs_envoy() {
        return None;
    }
    let profile = inputs.profiles.get(index)?;
    let features = overhead::features_of(inputs.mesh, index, workload, &inputs.policy.features);
    let workers = member.proxy.as_ref().map_or(1, |proxy| proxy.workers);
    let traffic = ProxyTraffic {
        rate: profile.rps_per_proxy,
        workers,
        features,
        gateway: matches!(member.mode, ProxyMode::Gateway | ProxyMode::Waypoint),
        ..ProxyTraffic::default()
    };
    let [server, client] = metrics(inputs, index);
    let series = SeriesLoad {
        workers,
        listeners: inputs.visibility.workloads.get(index).map_or(0, |visible| visible.listeners),
        client: Reported { http: peers.client_http, tcp: peers.client_tcp, metrics: client },
        server: Reported { http: peers.server_http, tcp: peers.server_tcp, metrics: server },
        label_sets: inputs.policy.telemetry.label_sets_per_peer,
    };
    Some(Load {
        peers,
        count: workload.replicas as f64,
        kind: LoadKind::Envoy(Box::new(EnvoyLoad { series, traffic })),
    })
}

/// What is reported at the server and at the client: what the mesh says, less what Prometheus drops.
fn metrics(inputs: &Inputs<'_>, index: usize) -> [Metrics; 2] {
    let assumed = || WorkloadFeatures::by_policy(&inputs.policy.features);
    let own = inputs.mesh.features.get(index).cloned().unwrap_or_else(assumed);
    // Gateways report as clients (istio/istio, `pilot/pkg/model/telemetry.go`, `workloadMode`).
    [own.inbound, own.outbound].map(|side| kept(side.reported, &inputs.policy.telemetry))
}

fn kept(reported: StandardMetrics, policy: &TelemetryPolicy) -> Metrics {
    let metric = |it: StandardMetric| Metric { is_on: it.is_on, outcome: it.outcome, peer: it.peer };
    let histogram = |it: StandardMetric, histogram: Histogram| Metric {
        is_on: it.is_on && policy.histograms.contains(&histogram),
        ..metric(it)
    };
    Metrics {
        requests: metric(reported.requests),
        duration: histogram(reported.duration, Histogram::Duration),
        request_size: histogram(reported.request_size, Histogram::RequestSize),
        response_size: histogram(reported.response_size, Histogram::ResponseSize),
        tcp: metric(reported.tcp),
    }
}

/// Applies the laws to one workload.
pub(super) fn estimate(card: &ModelCard, policy: &Policy, load: &Load) -> WorkloadTelemetry {
    let laws = &card.telemetry;
    let interval = policy.telemetry.scrape_interval;
    match &load.kind {
        LoadKind::Captured => {
            let series = laws.ztunnel.of_workload(&load.ztunnel_peers());
            let nothing = Rate::ZERO;
            let spans = laws.tracing.spans(nothing, Share::ZERO, false);
            WorkloadTelemetry {
                peers: load.peers,
                series_per_proxy: None,
                cpu: FeatureCpu { scrapes: laws.scrape.cpu(&series, interval), ..FeatureCpu::none() },
                volume: Volume {
                    series,
                    span_traffic: laws.tracing.traffic(&spans),
                    spans,
                    log_lines: nothing,
                    log_traffic: laws.access_log.traffic(nothing, LogFormat::Text),
                },
            }
        }
        LoadKind::Envoy(envoy) => {
            let EnvoyLoad { series, traffic } = &**envoy;
            let each = laws.series.of_proxy(series);
            let all = times(&each, load.count);
            let rate = traffic.rate * load.count;
            let spans = laws.tracing.spans(rate, traffic.features.tracing_sampling, traffic.gateway);
            let log_lines = rate * traffic.features.access_log.get();
            let share = |feature: Observed| times(&card.proxy_cpu.share_of(traffic, feature), load.count);
            WorkloadTelemetry {
                peers: load.peers,
                series_per_proxy: Some(each),
                cpu: FeatureCpu {
                    metrics: share(Observed::Metrics),
                    access_log: share(Observed::AccessLog),
                    tracing: share(Observed::Tracing),
                    scrapes: laws.scrape.cpu(&all, interval),
                },
                volume: Volume {
                    series: all,
                    span_traffic: laws.tracing.traffic(&spans),
                    spans,
                    log_lines,
                    log_traffic: laws.access_log.traffic(log_lines, format(policy.telemetry.log_encoding)),
                },
            }
        }
    }
}

fn format(encoding: LogEncoding) -> LogFormat {
    match encoding {
        LogEncoding::Text => LogFormat::Text,
        LogEncoding::Json => LogFormat::Json,
    }
}

/// So many times a figure, its terms too.
fn times<Q: crate::units::Quantity>(figure: &Estimate<Q>, count: f64) -> Estimate<Q> {
    let mut scaled = figure.scaled(count);
    for term in &mut scaled.basis.terms {
        *term = Term::new(std::mem::take(&mut term.what), term.count * count, term.coefficient, &term.unit);
    }
    scaled
}

/// CPU of all workloads together, that of the ztunnels' scrapes in it.
pub(super) fn cpu_of_all(workloads: &[Option<WorkloadTelemetry>], scrapes: Estimate<Cores>) -> FeatureCpu {
    let sum = |part: fn(&FeatureCpu) -> &Estimate<Cores>, law: &str| {
        named(Estimate::sum(workloads.iter().flatten().map(|it| part(&it.cpu))), law, "cores")
    };
    FeatureCpu {
        metrics: sum(|it| &it.metrics, "CPU of standard metrics"),
        access_log: sum(|it| &it.access_log, "CPU of access logs"),
        tracing: sum(|it| &it.tracing, "CPU of spans"),
        scrapes,
    }
}

impl FeatureCpu {
    fn none() -> Self {
        let nothing = || Estimate::new(Cores::ZERO, Cores::ZERO, Cores::ZERO, Basis::default());
        Self { metrics: nothing(), access_log: nothing(), tracing: nothing(), scrapes: nothing() }
    }
}
