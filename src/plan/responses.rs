//! Response times of workloads: as measured, and with the proxies the plan brings.

use std::collections::BTreeMap;

use super::{BehindWaypoint, WorkloadPlan};
use crate::card::ModelCard;
use crate::finding::{Finding, FindingKind, Severity};
use crate::inventory::Measured;
use crate::latency::{Mode, Prediction, PredictionError, Traffic, hops, predict, saturated};
use crate::measurement::{self, Load, Measurement, QUANTILES, QuantileEstimate, Slo, SloOutcome};
use crate::mesh::{Membership, ProxyMode};
use crate::model::queueing::Arrivals;
use crate::overhead::{features, features_over};
use crate::policy::Policy;
use crate::resilience::ResponseTimes;
use crate::units::{Bytes, Millicores, Quantile, Rate, Seconds, Share};

/// Payload where nothing says how large requests are: that of the card's figures.
const PAYLOAD: Bytes = Bytes::new(1024);
/// Confidence of every interval.
const CONFIDENCE: Share = Share::literal(0.9);

/// The lowest quantile that tells how slow the slowest requests are.
const LOWEST: Quantile = Quantile::literal(0.99);

/// Response times that belong to no workload of the inventory.
pub const OF_NO_WORKLOAD: FindingKind = FindingKind {
    id: "response-times-of-no-workload",
    severity: Severity::Warning,
    meaning: "measured response times belong to no workload of the input",
    why: "they are in no figure and no objective is judged by them",
    remedy: "say whose they are: --latency NAMESPACE/NAME=FILE, or name the file after the workload",
};

/// Response times by proxies and by others belong to one workload.
pub const OF_ANOTHER_KIND: FindingKind = FindingKind {
    id: "response-times-of-another-kind",
    severity: Severity::Info,
    meaning: "a workload has response times that cannot be put together: by its proxies and by others, or without their number",
    why: "some hold the mesh and some do not, or have no weight: together they would be the response times of nothing",
    remedy: "give one of them; those by the proxies count where the proxies run, else the others",
};

/// Response times of one workload.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkloadResponse {
    /// The workload as `namespace/name`.
    pub workload: String,
    /// What was measured.
    pub measurement: String,
    /// What the plan does to it, in words.
    pub change: String,
    /// How many requests were measured, where the source says so.
    pub samples: Option<u64>,
    /// The mean as measured.
    pub mean: QuantileEstimate,
    /// Quantiles as measured, in the order of [`QUANTILES`], with their 90 % intervals.
    pub today: Vec<(Quantile, QuantileEstimate)>,
    /// With the proxies that come; `None` where none do, or they cannot carry the load.
    pub prediction: Option<Prediction>,
    /// Why the proxies cannot carry the load.
    pub saturated: Option<String>,
    /// Objectives.
    pub objectives: Vec<ResponseObjective>,
}

impl WorkloadResponse {
    /// What guards are judged by: the mean and the slowest requests with the proxies that come, each by the upper end.
    #[must_use]
    pub fn times(&self) -> Option<ResponseTimes> {
        // What proxies add has no upper end for certain; the figure itself then stands for it.
        let planned = self.prediction.as_ref().and_then(|prediction| {
            let mean = prediction.distribution.mean();
            [mean.upper, mean.value].into_iter().find(|time| time.as_seconds().is_finite())
        });
        let mean = planned.map_or(self.mean.upper, |planned| planned.max(self.mean.upper));
        let (quantile, tail) = self.tail();
        let is_known = mean.as_seconds().is_finite();
        is_known.then(|| ResponseTimes {
            measurement: self.measurement.clone(),
            mean,
            mean_is_quantile: false,
            quantile,
            tail,
        })
    }

    /// The highest quantile that enough requests were measured for, and its upper end with the proxies that come.
    fn tail(&self) -> (Quantile, Option<Seconds>) {
        let upper = |index: usize| match (&self.prediction, &self.saturated) {
            (_, Some(_)) => None,
            (Some(prediction), None) => prediction.quantiles.get(index).map(|it| it.with_mesh.upper),
            (None, None) => self.today.get(index).map(|(_, today)| today.upper),
        };
        let is_enough = |quantile: Quantile| {
            self.samples.is_none_or(|samples| samples >= measurement::samples_needed(quantile, Quantile::literal(0.9)))
        };
        let slowest = QUANTILES.iter().enumerate().rev().filter(|(_, (_, quantile))| *quantile >= LOWEST);
        let known = slowest.filter(|(_, (_, quantile))| is_enough(*quantile));
        let mut bounded = known.filter_map(|(index, (_, quantile))| {
            let upper = upper(index).filter(|upper| upper.as_seconds().is_finite() && *upper > Seconds::ZERO)?;
            Some((*quantile, upper))
        });
        bounded.next().map_or((LOWEST, None), |(quantile, upper)| (quantile, Some(upper)))
    }
}

/// What guards are judged by where the inventory's tables say how long answers take: a mean or a quantile, and what the
/// proxies that come take on average. Their own slowest moments are not in it, for a table is no distribution.
pub fn times_of_table(
    measured: &Measured,
    (member, ztunnels_run): (&Membership, bool),
    workload: &WorkloadPlan,
    policy: &Policy,
    card: &ModelCard,
) -> Option<ResponseTimes> {
    let of_tail = measured.response.tail;
    let (mean, mean_is_quantile) = match (measured.response.mean, of_tail) {
        (Some(mean), _) => (mean, false),
        (None, tail) => (tail?.at_most, true),
    };
    let load = Load { rate: measured.inbound_rps, ..Load::default() };
    let coming = coming(false, member, workload, ztunnels_run).0;
    let added = coming.map_or(Ok(Seconds::ZERO), |mode| {
        let traffic = traffic(&load, member, workload, policy);
        let on_the_way = hops(mode.hops().iter().map(|hop| (*hop, traffic)), card)?;
        Ok::<_, PredictionError>(on_the_way.iter().map(|hop| hop.service.upper + hop.mean_wait).sum())
    });
    let quantile = of_tail.and_then(|tail| Quantile::new(tail.quantile.get()).ok()).unwrap_or(LOWEST);
    // Proxies that cannot carry the load answer some requests never.
    let tail = of_tail.filter(|_| quantile >= LOWEST).zip(added.clone().ok()).map(|(tail, added)| tail.at_most + added);
    Some(ResponseTimes {
        measurement: format!("{}/{} in the inventory", workload.namespace, workload.name),
        mean: mean + added.unwrap_or(Seconds::ZERO),
        mean_is_quantile,
        quantile,
        tail,
    })
}

/// An objective of one workload.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ResponseObjective {
    /// The objective.
    pub slo: Slo,
    /// How the measurement stands.
    pub today: SloOutcome,
    /// How it will stand; `None` where the proxies cannot carry the load, which misses it.
    pub planned: Option<SloOutcome>,
}

impl ResponseObjective {
    /// Whether it will be met.
    #[must_use]
    pub fn will_be_met(&self) -> bool {
        self.planned.is_some_and(|outcome| outcome.met)
    }
}

/// What is asked about response times.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    pub measurements: &'a [Measurement],
    pub slos: &'a [Slo],
    pub policy: &'a Policy,
    pub card: &'a ModelCard,
}

/// Response times of every workload for which any were measured, in the order of the workloads.
pub fn responses(
    question: Question<'_>,
    members: &[Membership],
    workloads: &[WorkloadPlan],
) -> (Vec<WorkloadResponse>, Vec<Finding>) {
    let Question { measurements, .. } = question;
    let mut findings: Vec<Finding> = measurements.iter().flat_map(measurement::examine).collect();
    let mut named: BTreeMap<&str, u64> = BTreeMap::new();
    for workload in workloads {
        *named.entry(&workload.name).or_default() += 1;
    }
    let ztunnels_run = members.iter().any(|member| member.today == ProxyMode::Ztunnel);
    let mut taken = vec![false; measurements.len()];
    let mut responses = Vec::new();
    for (workload, member) in workloads.iter().zip(members) {
        let name = format!("{}/{}", workload.namespace, workload.name);
        let is_alone = named.get(workload.name.as_str()) == Some(&1);
        // Proxies say the namespace; a file named after a workload does only if there is no other of that name.
        let is_own = |measurement: &Measurement| {
            measurement.is_of(&name) || measurement.reported.is_none() && is_alone && measurement.is_of(&workload.name)
        };
        let mut own = Vec::new();
        for (measurement, taken) in measurements.iter().zip(&mut taken).filter(|(measurement, _)| is_own(measurement)) {
            *taken = true;
            own.push(measurement.clone());
        }
        let (own, left_out) = of_one_kind(own, workload.proxy_present);
        findings.extend(
            left_out.iter().map(|one| Finding::new(&OF_ANOTHER_KIND, &one.name, format!("not counted for {name}"))),
        );
        let Some(measured) = together(&name, own, &mut findings) else { continue };
        let (response, noticed) = response(question, name, &measured, (member, ztunnels_run), workload);
        findings.extend(noticed);
        responses.push(response);
    }
    let lost = measurements.iter().zip(&taken).filter(|(_, taken)| !**taken);
    findings.extend(lost.map(|(measurement, _)| Finding::new(&OF_NO_WORKLOAD, &measurement.name, "is not judged")));
    (responses, findings)
}

/// One measurement as it is, or several as one; `None` for none. Of those that cannot be merged the first counts.
fn together(name: &str, own: Vec<Measurement>, findings: &mut Vec<Finding>) -> Option<Measurement> {
    if own.len() > 1 {
        match measurement::merge(name, &own) {
            Ok((merged, noticed)) => {
                findings.extend(noticed);
                return Some(merged);
            }
            Err(error) => findings.push(Finding::new(
                &OF_ANOTHER_KIND,
                name,
                format!("{} measurements, of which only the first counts: {error}", own.len()),
            )),
        }
    }
    own.into_iter().next()
}

/// Measurements by the proxies and others are never mixed: where there are both, those by the proxies count if the
/// proxies run, else the others.
fn of_one_kind(own: Vec<Measurement>, proxies_run: bool) -> (Vec<Measurement>, Vec<Measurement>) {
    let (by_proxies, others): (Vec<_>, Vec<_>) = own.into_iter().partition(|one| one.reported.is_some());
    match (by_proxies.is_empty(), others.is_empty()) {
        (false, false) if proxies_run => (by_proxies, others),
        (true, _) | (false, false) => (others, by_proxies),
        (false, true) => (by_proxies, others),
    }
}

fn response(
    question: Question<'_>,
    name: String,
    measured: &Measurement,
    (member, ztunnels_run): (&Membership, bool),
    workload: &WorkloadPlan,
) -> (WorkloadResponse, Vec<Finding>) {
    let Question { slos, policy, card, .. } = question;
    let distribution = &measured.distribution;
    let (mode, change) = coming(measured.reported.is_some(), member, workload, ztunnels_run);
    let mut response = WorkloadResponse {
        workload: name,
        measurement: measured.name.clone(),
        change: change.to_owned(),
        samples: distribution.samples(),
        mean: distribution.mean(),
        today: QUANTILES.map(|(_, quantile)| (quantile, distribution.interval(quantile, CONFIDENCE))).to_vec(),
        prediction: None,
        saturated: None,
        objectives: Vec::new(),
    };
    let mut findings = Vec::new();
    if let Some(mode) = mode {
        match predict(measured, mode, &traffic(&measured.load, member, workload, policy), slos, card) {
            Ok(prediction) => {
                findings.extend(prediction.findings.iter().cloned());
                response.prediction = Some(prediction);
            }
            Err(error) => {
                findings.push(saturated(&response.workload, &error));
                response.saturated = Some(error.to_string());
            }
        }
    }
    response.objectives = slos
        .iter()
        .map(|slo| {
            let today = slo.check(distribution);
            let predicted = response.prediction.as_ref().and_then(|prediction| {
                prediction.outcomes.iter().find(|(judged, _)| judged == slo).map(|(_, outcome)| *outcome)
            });
            let unchanged = response.saturated.is_none().then_some(today);
            ResponseObjective { slo: *slo, today, planned: predicted.or(unchanged) }
        })
        .collect();
    (response, findings)
}

/// The proxies that come between clients and a workload, if any do, and what that means.
fn coming(
    is_reported: bool,
    member: &Membership,
    workload: &WorkloadPlan,
    ztunnels_run: bool,
) -> (Option<Mode>, &'static str) {
    let is_captured = member.today == ProxyMode::Ambient && ztunnels_run;
    if member.loses_sidecar() {
        return (None, "measured with sidecars, which go: not predicted");
    }
    if is_captured && workload.mode != ProxyMode::Ambient {
        return (None, "measured with ztunnels, which go: not predicted");
    }
    if is_reported {
        return (None, "measured by its proxies: as it is");
    }
    match workload.mode {
        ProxyMode::Sidecar if workload.proxy_present => (None, "its sidecars run already: as measured"),
        ProxyMode::Sidecar => (Some(Mode::Sidecar), "client and server sidecar come"),
        ProxyMode::Ambient if is_captured => match workload.waypoint {
            BehindWaypoint::Coming => (None, "captured already; the waypoint that comes is not in it"),
            BehindWaypoint::None | BehindWaypoint::Running => (None, "captured already: as measured"),
        },
        ProxyMode::Ambient if workload.waypoint == BehindWaypoint::None => {
            (Some(Mode::AmbientL4), "the ztunnels of both nodes come")
        }
        ProxyMode::Ambient => (Some(Mode::AmbientWaypoint), "ztunnels and a waypoint come"),
        ProxyMode::Gateway | ProxyMode::Waypoint | ProxyMode::Ztunnel => (None, "a proxy itself: as measured"),
        ProxyMode::None | ProxyMode::ControlPlane => (None, "not in the mesh: as measured"),
    }
}

/// The load of its proxies: what the plan has, and how requests arrive as they were measured. A load generator's rate
/// and connections are those of all replicas together.
fn traffic(load: &Load, member: &Membership, workload: &WorkloadPlan, policy: &Policy) -> Traffic {
    let replicas = workload.replicas.max(1);
    let limit = member.proxy.as_ref().and_then(|proxy| proxy.container.resources.limits.cpu);
    let planned = Rate::per_second(workload.rps_per_proxy);
    let assumed = assumed_traffic(policy);
    let default = Traffic {
        workers: workload.workers.max(1),
        cpu_limit: limit.map(Millicores::to_cores).filter(|limit| limit.as_cores() > 0.0),
        features: if workload.mode.runs_envoy() {
            features_over(&workload.features, workload.inbound)
        } else {
            assumed.features
        },
        ..assumed
    };
    Traffic {
        rate: load.rate.filter(|_| !workload.rps_measured).map_or(planned, |rate| rate / replicas as f64),
        connections: load.connections.map_or(default.connections, |all| all.div_ceil(replicas)),
        ..default.like(load)
    }
}

/// The load of a proxy where nothing was measured, with two worker threads and no CPU limit.
#[must_use]
pub fn assumed_traffic(policy: &Policy) -> Traffic {
    Traffic {
        rate: policy.traffic.rps_per_proxy,
        connections: policy.traffic.connections_per_proxy.round().max(1.0) as u64,
        arrivals: Arrivals::Independent,
        payload: PAYLOAD,
        features: features(&policy.features),
        workers: 2,
        cpu_limit: None,
    }
}
