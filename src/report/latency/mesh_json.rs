//! Predictions and extractions for machines.

use serde::Serialize;

use super::json::{Estimate, PerQuantile, seconds};
use super::{Extracted, MeshAnswer};
use crate::latency::{self, HopTime, MeshKnee, Predicted, SweepPoint};
use crate::measurement::QuantileEstimate;
use crate::model::queueing::Knee;
use crate::report::json::Number;
use crate::units::{Quantile, Share};

/// A baseline with the mesh on top.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct Prediction<'a> {
    /// The baseline and how the mesh carries it, in words.
    name: &'a str,
    /// `sidecar`, `server-sidecar`, `ambient`, `waypoint` or `gateway`.
    mode: &'static str,
    /// Requests per second through each proxy.
    rate: Number,
    /// Connections through each proxy.
    connections: u64,
    /// Worker threads of each Envoy.
    workers: u32,
    /// CPU limit of each Envoy in cores; `null` without one.
    cpu_limit: Option<Number>,
    /// Bytes of the larger of request and answer.
    payload_bytes: u64,
    /// The quantiles, in seconds.
    quantiles: PerQuantile<Option<PredictedQuantile>>,
    /// What each proxy does, in the order in which they are met.
    hops: Vec<Hop>,
    /// The same at rising rates; `null` where that was not asked for.
    sweep: Option<Sweep>,
}

/// One quantile without and with the mesh, in seconds.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct PredictedQuantile {
    /// Without.
    base: Estimate,
    /// With; the interval holds with 90 %.
    with_mesh: Estimate,
    /// If everything on the way were slow for the same requests.
    comonotone: Number,
    /// The difference of both quantiles.
    difference: Estimate,
}

/// What one proxy does to a request.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Hop {
    /// The proxy, e.g. `client sidecar`.
    proxy: &'static str,
    /// Median time for which it works on a request, in seconds.
    service: Estimate,
    /// Mean wait behind others, in seconds.
    mean_wait: Number,
    /// Share of time a worker with many connections is busy, in [0, 1).
    utilization: Share,
    /// Share of its CPU limit that it uses; `null` without a limit.
    limit_used: Option<Number>,
    /// Share of periods in which it is stopped at its limit, lower figure.
    throttled_lower: Share,
    /// The same, upper figure.
    throttled_upper: Share,
}

/// Response times at rising rates.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Sweep {
    /// Requests per second at which the first proxy saturates.
    saturation: Number,
    /// Where objectives are left.
    knees: Vec<SweepKnee>,
    /// The rates.
    points: Vec<Point>,
}

/// The rate up to which an objective is met.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct SweepKnee {
    /// The objective, e.g. `p99<20ms`.
    objective: String,
    /// Requests per second if proxies are as slow as the upper end of the interval; 0 where it is missed without
    /// load, `null` where it is never left.
    lower: Option<Number>,
    /// At the card's figures.
    value: Option<Number>,
    /// If proxies are as fast as the lower end of the interval.
    upper: Option<Number>,
}

/// Response times at one rate.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Point {
    /// Requests per second through each proxy.
    rate: Number,
    /// Share of time the busiest worker is busy, in [0, 1).
    utilization: Share,
    /// The quantiles with the mesh, in seconds.
    quantiles: PerQuantile<Option<Estimate>>,
}

/// What one traversal takes.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct Extraction<'a> {
    /// Name of the measurement without proxies.
    base: &'a str,
    /// Name of the measurement with proxies.
    meshed: &'a str,
    /// Time that passes per CPU time of the card.
    time_per_cpu: Interval,
    /// Coefficient of variation from request to request.
    variation: Interval,
    /// Median time of one traversal, in seconds.
    service: Number,
    /// Fitted minus measured over measured at p50, p90 and p99.
    residuals: [Number; 3],
    /// Differences of the quantiles, in seconds.
    differences: PerQuantile<Option<Estimate>>,
}

/// A number with its interval.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Interval {
    /// Lower end.
    lower: Number,
    /// The figure.
    value: Number,
    /// Upper end.
    upper: Number,
}

impl<'a> From<&'a MeshAnswer> for Prediction<'a> {
    fn from(answer: &'a MeshAnswer) -> Self {
        let prediction = &answer.prediction;
        let traffic = &prediction.traffic;
        Self {
            name: &answer.name,
            mode: prediction.mode.name(),
            rate: Number::new(traffic.rate.as_per_second()),
            connections: traffic.connections,
            workers: traffic.workers,
            cpu_limit: traffic.cpu_limit.map(|limit| Number::new(limit.as_cores())),
            payload_bytes: traffic.payload.get(),
            quantiles: at_each(&prediction.quantiles, |one| one.quantile, |one| one.into()),
            hops: prediction.hops.iter().map(Hop::from).collect(),
            sweep: answer.sweep.as_ref().map(Sweep::from),
        }
    }
}

/// What stands at each quantile; `null` where there is nothing.
fn at_each<T, R>(all: &[T], quantile_of: impl Fn(&T) -> Quantile, answer: impl Fn(&T) -> R) -> PerQuantile<Option<R>> {
    PerQuantile::of(|quantile| all.iter().find(|one| quantile_of(one) == quantile).map(&answer))
}

impl From<&Predicted> for PredictedQuantile {
    fn from(predicted: &Predicted) -> Self {
        Self {
            base: predicted.base.into(),
            with_mesh: predicted.with_mesh.into(),
            comonotone: seconds(predicted.comonotone),
            difference: predicted.difference.into(),
        }
    }
}

impl From<&HopTime> for Hop {
    fn from(hop: &HopTime) -> Self {
        let service = QuantileEstimate { lower: hop.service.lower, value: hop.service.value, upper: hop.service.upper };
        Self {
            proxy: hop.hop.name(),
            service: service.into(),
            mean_wait: seconds(hop.mean_wait),
            utilization: hop.utilization,
            limit_used: hop.limit_used.map(Number::new),
            throttled_lower: hop.throttled.0,
            throttled_upper: hop.throttled.1,
        }
    }
}

impl From<&latency::Sweep> for Sweep {
    fn from(sweep: &latency::Sweep) -> Self {
        Self {
            saturation: Number::new(sweep.saturation.as_per_second()),
            knees: sweep.knees.iter().map(SweepKnee::from).collect(),
            points: sweep.points.iter().map(Point::from).collect(),
        }
    }
}

impl From<&MeshKnee> for SweepKnee {
    fn from(knee: &MeshKnee) -> Self {
        let rate = |knee: Knee| match knee {
            Knee::MissedWhenIdle => Some(Number::new(0.0)),
            Knee::At(rate) => Some(Number::new(rate.as_per_second())),
            Knee::NotReached => None,
        };
        Self {
            objective: knee.slo.to_string(),
            lower: rate(knee.lower),
            value: rate(knee.value),
            upper: rate(knee.upper),
        }
    }
}

impl From<&SweepPoint> for Point {
    fn from(point: &SweepPoint) -> Self {
        Self {
            rate: Number::new(point.rate.as_per_second()),
            utilization: point.utilization,
            quantiles: at_each(&point.quantiles, |one| one.quantile, |one| one.with_mesh.into()),
        }
    }
}

impl<'a> From<&'a Extracted> for Extraction<'a> {
    fn from(extracted: &'a Extracted) -> Self {
        let extraction = &extracted.extraction;
        Self {
            base: &extracted.base,
            meshed: &extracted.meshed,
            time_per_cpu: extraction.time_per_cpu.into(),
            variation: extraction.variation.into(),
            service: seconds(extraction.service),
            residuals: extraction.residuals.map(Number::new),
            differences: at_each(&extraction.differences, |one| one.quantile, |one| one.difference.into()),
        }
    }
}

impl From<[f64; 3]> for Interval {
    fn from(ends: [f64; 3]) -> Self {
        let [lower, value, upper] = ends.map(Number::new);
        Self { lower, value, upper }
    }
}
