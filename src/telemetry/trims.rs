//! What leaving something out would save: every trim is the mesh once more with something less.

use super::Inputs;
use super::kept::Kept;
use super::workload::{EnvoyLoad, FeatureCpu, Load, LoadKind};
use crate::estimate::{Basis, Estimate, Term};
use crate::model::telemetry::{self, Family, Metric, Metrics, SeriesLoad};
use crate::units::{Cores, DataRate, Memory, Quantity, Series};

/// One thing that may be left out, and what that saves.
#[derive(Debug, Clone, PartialEq)]
pub struct Trim {
    /// What is left out.
    pub kind: TrimKind,
    /// Series saved.
    pub series: Estimate<Series>,
    /// Memory of Prometheus saved.
    pub memory: Estimate<Memory>,
    /// Disk of Prometheus saved.
    pub disk: Estimate<DataRate>,
    /// CPU of proxies saved: what answering scrapes costs, and counting where nothing is counted any more.
    pub cpu: Estimate<Cores>,
}

/// Several things left out together, and the series that saves.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What is left out.
    pub left_out: Vec<TrimKind>,
    /// Series saved by all of it.
    pub series: Estimate<Series>,
}

/// What is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrimKind {
    /// All standard metrics but `istio_requests_total` (and TCP counters).
    RequestCountOnly,
    /// The histograms of request and response sizes.
    SizeHistograms,
    /// Standard metrics of the client side, `reporter="source"`; gateways keep theirs.
    ClientSide,
    /// Standard metrics of the server side, `reporter="destination"`.
    ServerSide,
    /// Labels of the outcome: response code, response flags, gRPC status.
    OutcomeLabels,
    /// Labels of the caller at the server.
    CallerLabels,
    /// Envoy's and the agent's own series, dropped as they are scraped.
    ProxyInternals,
    /// Every second scrape.
    EverySecondScrape,
    /// Standard metrics altogether.
    AllStandardMetrics,
}

impl TrimKind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::RequestCountOnly,
        Self::SizeHistograms,
        Self::ClientSide,
        Self::ServerSide,
        Self::OutcomeLabels,
        Self::CallerLabels,
        Self::ProxyInternals,
        Self::EverySecondScrape,
        Self::AllStandardMetrics,
    ];

    /// Stable name, in kebab case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RequestCountOnly => "request-count-only",
            Self::SizeHistograms => "size-histograms",
            Self::ClientSide => "client-side",
            Self::ServerSide => "server-side",
            Self::OutcomeLabels => "outcome-labels",
            Self::CallerLabels => "caller-labels",
            Self::ProxyInternals => "proxy-internals",
            Self::EverySecondScrape => "every-second-scrape",
            Self::AllStandardMetrics => "all-standard-metrics",
        }
    }

    /// The load of a proxy without it.
    fn apply(self, load: &SeriesLoad, gateway: bool) -> SeriesLoad {
        let mut load = *load;
        let sides = [&mut load.client, &mut load.server];
        match self {
            Self::RequestCountOnly => sides.into_iter().for_each(|side| {
                let off = Metric::OFF;
                side.metrics = Metrics { duration: off, request_size: off, response_size: off, ..side.metrics };
            }),
            Self::SizeHistograms => sides.into_iter().for_each(|side| {
                side.metrics = Metrics { request_size: Metric::OFF, response_size: Metric::OFF, ..side.metrics };
            }),
            // The client side is all that a gateway has.
            Self::ClientSide if !gateway => load.client.metrics = Metrics::NONE,
            Self::ServerSide => load.server.metrics = Metrics::NONE,
            Self::OutcomeLabels => sides.into_iter().for_each(|side| {
                side.metrics = side.metrics.each(|metric| Metric { outcome: false, ..metric });
            }),
            Self::CallerLabels => {
                load.server.metrics = load.server.metrics.each(|metric| Metric { peer: false, ..metric });
            }
            Self::AllStandardMetrics => sides.into_iter().for_each(|side| side.metrics = Metrics::NONE),
            Self::ClientSide | Self::ProxyInternals | Self::EverySecondScrape => {}
        }
        load
    }
}

/// What each trim saves, most series first; those that save nothing are left out.
pub(super) fn trims(inputs: &Inputs<'_>, loads: &[Option<Load>], kept: &Kept, cpu: &FeatureCpu) -> Vec<Trim> {
    let mut trims: Vec<Trim> = TrimKind::ALL
        .into_iter()
        .map(|kind| trim(inputs, loads, kept, cpu, kind))
        .filter(|trim| trim.series.value > Series::ZERO || trim.disk.value > DataRate::from_base(0.0))
        .collect();
    trims.sort_by(|a, b| b.series.value.count().total_cmp(&a.series.value.count()).then_with(|| a.kind.cmp(&b.kind)));
    trims
}

fn trim(inputs: &Inputs<'_>, loads: &[Option<Load>], kept: &Kept, cpu: &FeatureCpu, kind: TrimKind) -> Trim {
    let laws = &inputs.card.telemetry;
    let policy = &inputs.policy.telemetry;
    let interval = policy.scrape_interval;
    let series = saved_series(inputs, loads, &[kind]);
    let samples = match kind {
        TrimKind::EverySecondScrape => half(&kept.samples),
        _ => laws.scrape.samples(&series, interval),
    };
    let saved = telemetry::Kept {
        series: series.clone(),
        samples: samples.clone(),
        replaced_per_day: policy.pods_replaced_per_day,
    };
    let scrapes = match kind {
        TrimKind::EverySecondScrape => half(&cpu.scrapes),
        // They are still written; Prometheus throws them away.
        TrimKind::ProxyInternals => none("scrape CPU"),
        _ => laws.scrape.cpu(&series, interval),
    };
    let cpu = match kind {
        TrimKind::AllStandardMetrics => both(&scrapes, &cpu.metrics),
        _ => scrapes,
    };
    Trim { kind, memory: laws.prometheus.added_memory(&saved), disk: laws.prometheus.disk(&saved), cpu, series }
}

/// What may be left out of the standard metrics one after the other, what is missed least first, and how many series
/// all of it up to there saves; what saves nothing more is no step.
pub(super) fn steps(inputs: &Inputs<'_>, loads: &[Option<Load>]) -> Vec<Step> {
    const ORDER: [TrimKind; 2] = [TrimKind::SizeHistograms, TrimKind::CallerLabels];
    let mut steps: Vec<Step> = Vec::new();
    for kind in ORDER {
        let known = steps.last().map(|step| (step.left_out.as_slice(), step.series.value));
        let (earlier, saved) = known.unwrap_or((&[], Series::ZERO));
        let left_out = [earlier, &[kind]].concat();
        let series = saved_series(inputs, loads, &left_out);
        if series.value > saved {
            steps.push(Step { left_out, series });
        }
    }
    steps
}

/// The series that go, with ends that belong together: many peers before and after.
fn saved_series(inputs: &Inputs<'_>, loads: &[Option<Load>], kinds: &[TrimKind]) -> Estimate<Series> {
    let law = &inputs.card.telemetry.series;
    let mut saved = [0.0; 3];
    for load in loads.iter().flatten() {
        let LoadKind::Envoy(envoy) = &load.kind else { continue };
        let EnvoyLoad { series, traffic } = &**envoy;
        let own = if kinds == [TrimKind::ProxyInternals] {
            law.ends_of(series, |family| matches!(family, Family::Envoy | Family::Agent))
        } else {
            let before = law.ends_of(series, Family::is_standard);
            let without = kinds.iter().fold(*series, |load, kind| kind.apply(&load, traffic.gateway));
            let after = law.ends_of(&without, Family::is_standard);
            let [a, b, c] = before;
            let [x, y, z] = after;
            [a - x, b - y, c - z]
        };
        for (sum, own) in saved.iter_mut().zip(own) {
            *sum += own.max(0.0) * load.count;
        }
    }
    let [lower, value, upper] = saved;
    let names: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    let terms = vec![Term::new(format!("series saved by {}", names.join(" and ")), 1.0, value, "series")];
    let basis = Basis { law: "series saved".to_owned(), terms, assumptions: Vec::new() };
    Estimate::new(Series::new(lower), Series::new(value), Series::new(upper), basis)
}

fn half<Q: Quantity>(figure: &Estimate<Q>) -> Estimate<Q> {
    let mut half = figure.scaled(0.5);
    for term in &mut half.basis.terms {
        *term = Term::new(std::mem::take(&mut term.what), term.count / 2.0, term.coefficient, &term.unit);
    }
    half
}

fn none<Q: Quantity>(law: &str) -> Estimate<Q> {
    let zero = Q::from_base(0.0);
    Estimate::new(zero, zero, zero, Basis { law: law.to_owned(), ..Basis::default() })
}

/// Two figures together; their errors go together.
fn both(a: &Estimate<Cores>, b: &Estimate<Cores>) -> Estimate<Cores> {
    let mut sum = Estimate::sum([a, b]);
    let terms = a.basis.terms.iter().chain(&b.basis.terms).cloned().collect();
    sum.basis = Basis { law: "CPU saved".to_owned(), terms, assumptions: Vec::new() };
    sum
}
