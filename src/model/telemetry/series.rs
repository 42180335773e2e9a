//! Time series that one Envoy proxy exposes.
//!
//! **Law.** A proxy has series of its own, whatever it does, and Istio's standard metrics for every peer it
//! talks to: one set of labels for each peer, response code, response flag and protocol that was met. A metric whose
//! labels no longer tell peers, or outcomes, apart counts one of them.
//!
//! `S = A + E + w·e_w + L·(e_L + w·e_Lw) + T + Σ_r [ H_r · k · (c + h·n) + C_r · t ]`
//!
//! with `A` the agent's series, `E` Envoy's, `w` worker threads, `L` listeners, `T` those Prometheus adds for a
//! target; for each reporter `r` (client: `source`, server: `destination`) `H_r` peers spoken to over HTTP, `k` sets
//! of labels for one peer, `c` the counter of requests, `n` histograms with `h` series each, `C_r` TCP peers with
//! `t` counters each.
//!
//! **Source.** A whole scrape of an Istio 1.14.3 sidecar (571 series, 67 of them for its one peer), Envoy 1.40
//! with Istio's list of statistics, counted for 0 to 100 clusters, 0 to 20 listeners, 2 and 4 workers. Clusters and
//! endpoints add nothing: Istio's default list keeps none of their statistics.
//!
//! **Assumptions.** A series once made stays until the proxy restarts. Every replica meets every peer. Metrics of
//! the application, which the agent may merge into the scrape, are not counted.

use super::super::sum::{IN_SERIES, Swings, total};
use super::super::{Coefficient, CoefficientError, CoefficientSet, Measure, bounded};
use super::Count;
use super::metrics::{Metric, Metrics};
use crate::estimate::{Basis, Estimate, Term};
use crate::units::{Quantity, Series};

/// The law with its coefficients.
#[derive(Debug, Clone, PartialEq)]
pub struct ProxySeries {
    agent: Coefficient,
    envoy: Coefficient,
    per_worker: Coefficient,
    per_listener: Coefficient,
    per_listener_worker: Coefficient,
    per_target: Coefficient,
    label_sets: Coefficient,
    counter: Coefficient,
    histogram: Coefficient,
    tcp: Coefficient,
}

/// What one proxy meets and is configured to report.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SeriesLoad {
    /// Worker threads; 0 is taken as 1.
    pub workers: u32,
    /// Listeners.
    pub listeners: u64,
    /// Requests it sends on for its own pod, and those that pass a gateway or waypoint.
    pub client: Reported,
    /// Requests it takes for its own pod.
    pub server: Reported,
    /// Sets of labels met with one peer, at least 1; the card's where it is not said.
    pub label_sets: Option<f64>,
}

/// What one reporter counts.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Reported {
    /// Peers spoken to over HTTP or gRPC.
    pub http: Count,
    /// Peers spoken to over TCP.
    pub tcp: Count,
    /// Which metrics are reported.
    pub metrics: Metrics,
}

/// Metrics that come and go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// `istio_requests_total`.
    Requests,
    /// `istio_request_duration_milliseconds`.
    Duration,
    /// `istio_request_bytes`.
    RequestSize,
    /// `istio_response_bytes`.
    ResponseSize,
    /// `istio_tcp_*`.
    Tcp,
    /// Envoy's own.
    Envoy,
    /// Those of the agent and its Go runtime.
    Agent,
    /// Those of ztunnel itself.
    Ztunnel,
    /// Those Prometheus adds for a target.
    Target,
}

impl Family {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 9] = [
        Self::Requests,
        Self::Duration,
        Self::RequestSize,
        Self::ResponseSize,
        Self::Tcp,
        Self::Envoy,
        Self::Agent,
        Self::Ztunnel,
        Self::Target,
    ];

    /// Name in reports and terms.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "istio_requests_total",
            Self::Duration => "istio_request_duration_milliseconds",
            Self::RequestSize => "istio_request_bytes",
            Self::ResponseSize => "istio_response_bytes",
            Self::Tcp => "istio_tcp_*",
            Self::Envoy => "Envoy's own",
            Self::Agent => "agent and Go runtime",
            Self::Ztunnel => "ztunnel's own",
            Self::Target => "added by Prometheus",
        }
    }

    /// Whether it is one of Istio's standard metrics, whose labels make it long.
    #[must_use]
    pub fn is_standard(self) -> bool {
        matches!(self, Self::Requests | Self::Duration | Self::RequestSize | Self::ResponseSize | Self::Tcp)
    }
}

/// So many of something at a coefficient each, in a family.
struct Part<'a> {
    family: Family,
    count: f64,
    coefficient: &'a Coefficient,
}

/// Which end of what is bounded.
#[derive(Clone, Copy)]
enum End {
    Lower,
    Value,
    Upper,
}

impl End {
    fn of(self, [lower, value, upper]: [f64; 3]) -> f64 {
        match self {
            Self::Lower => lower,
            Self::Value => value,
            Self::Upper => upper,
        }
    }
}

impl ProxySeries {
    /// The law from the coefficients of a card.
    ///
    /// # Errors
    /// [`CoefficientError`] when one is missing, unknown, in another unit or out of its domain.
    pub fn new(mut card: CoefficientSet) -> Result<Self, CoefficientError> {
        let law = Self {
            agent: card.take("agent", Measure::Series, "per proxy")?,
            envoy: card.take("envoy", Measure::Series, "per proxy")?,
            per_worker: card.take("per_worker", Measure::Series, "per worker")?,
            per_listener: card.take("per_listener", Measure::Series, "per listener")?,
            per_listener_worker: card.take("per_listener_worker", Measure::Series, "per listener and worker")?,
            per_target: card.take("per_target", Measure::Series, "per target")?,
            label_sets: card.take("label_sets", Measure::Ratio, "")?.at_least_one()?,
            counter: card.take("counter", Measure::Series, "per label set")?,
            histogram: card.take("histogram", Measure::Series, "per label set")?,
            tcp: card.take("tcp", Measure::Series, "per peer")?,
        };
        card.finish()?;
        Ok(law)
    }

    /// Its coefficients, in the order of the formula.
    #[must_use]
    pub fn coefficients(&self) -> [&Coefficient; 10] {
        [
            &self.agent,
            &self.envoy,
            &self.per_worker,
            &self.per_listener,
            &self.per_listener_worker,
            &self.per_target,
            &self.label_sets,
            &self.counter,
            &self.histogram,
            &self.tcp,
        ]
    }

    /// Series of one proxy, a term for each family.
    #[must_use]
    pub fn of_proxy(&self, load: &SeriesLoad) -> Estimate<Series> {
        let parts = self.parts(load, End::Value, End::Value);
        let mut terms = Vec::new();
        for family in Family::ALL {
            let own = || parts.iter().filter(move |part| part.family == family && part.count > 0.0);
            match (own().next(), own().nth(1)) {
                (Some(part), None) => {
                    terms.push(Term::new(family.as_str(), part.count, part.coefficient.value, IN_SERIES.unit));
                }
                // Several counts in one family: their sum is the term.
                (Some(_), Some(_)) => {
                    let amount = own().map(Part::amount).sum();
                    terms.push(Term::new(family.as_str(), 1.0, amount, IN_SERIES.unit));
                }
                _ => {}
            }
        }
        let value = total(&terms);
        let [lower, _, upper] = self.ends(load);
        let sets = load.label_sets.unwrap_or(self.label_sets.value);
        let assumptions = vec![
            format!("{sets} sets of outcome labels for each peer"),
            "every replica meets every peer; the application's own metrics are not counted".to_owned(),
        ];
        let basis = Basis { law: "proxy series".to_owned(), terms, assumptions };
        Estimate::new(Series::from_base(lower), Series::from_base(value), Series::from_base(upper), basis)
    }

    /// Lower end, value and upper end of [`Self::of_proxy`], without the arithmetic.
    #[must_use]
    pub fn ends(&self, load: &SeriesLoad) -> [f64; 3] {
        self.ends_of(load, |_| true)
    }

    /// Lower end, value and upper end of the series in some families.
    #[must_use]
    pub fn ends_of(&self, load: &SeriesLoad, wanted: impl Fn(Family) -> bool) -> [f64; 3] {
        let parts = self.parts(load, End::Value, End::Value);
        let sum =
            |parts: &[Part<'_>]| -> f64 { parts.iter().filter(|part| wanted(part.family)).map(Part::amount).sum() };
        let value = sum(&parts);
        let mut swings = Swings::default();
        for part in parts.iter().filter(|part| wanted(part.family)) {
            let Coefficient { lower, value, upper, .. } = *part.coefficient;
            swings.add(part.count * lower, part.count * value, part.count * upper);
        }
        let with_peers = |end: End| sum(&self.parts(load, end, End::Value));
        swings.add(with_peers(End::Lower), value, with_peers(End::Upper));
        let with_sets = |end: End| sum(&self.parts(load, End::Value, end));
        swings.add(with_sets(End::Lower), value, with_sets(End::Upper));
        let (lower, upper) = swings.ends(value);
        [lower, value, upper]
    }

    fn parts<'a>(&'a self, load: &SeriesLoad, peers: End, sets: End) -> [Part<'a>; 11] {
        let workers = f64::from(load.workers.max(1));
        let listeners = bounded(load.listeners as f64);
        let reporters = [&load.client, &load.server];
        let sets = match load.label_sets {
            Some(sets) => bounded(sets).max(1.0),
            None => sets.of([self.label_sets.lower, self.label_sets.value, self.label_sets.upper]),
        };
        let http = |of: fn(&Metrics) -> Metric| -> f64 {
            reporters.iter().map(|it| of(&it.metrics).label_sets(peers.of(it.http.ends()), sets)).sum()
        };
        let tcp = reporters.iter().map(|it| it.metrics.tcp.label_sets(peers.of(it.tcp.ends()), 1.0)).sum();
        let part = |family, count, coefficient| Part { family, count, coefficient };
        [
            part(Family::Requests, http(|it| it.requests), &self.counter),
            part(Family::Duration, http(|it| it.duration), &self.histogram),
            part(Family::RequestSize, http(|it| it.request_size), &self.histogram),
            part(Family::ResponseSize, http(|it| it.response_size), &self.histogram),
            part(Family::Tcp, tcp, &self.tcp),
            part(Family::Envoy, 1.0, &self.envoy),
            part(Family::Envoy, workers, &self.per_worker),
            part(Family::Envoy, listeners, &self.per_listener),
            part(Family::Envoy, listeners * workers, &self.per_listener_worker),
            part(Family::Agent, 1.0, &self.agent),
            part(Family::Target, 1.0, &self.per_target),
        ]
    }
}

impl Part<'_> {
    fn amount(&self) -> f64 {
        self.count * self.coefficient.value
    }
}
