//! Response times at rising rates, and the rate at which an objective is left.

use super::hop::{Choice, Station};
use super::predict::{Answers, middle, stations};
use super::{Mode, Predicted, PredictionError, Traffic};
use crate::card::ModelCard;
use crate::composition::Spread;
use crate::measurement::{Measurement, Objective, QUANTILES, Slo};
use crate::model::queueing::Knee;
use crate::units::{Rate, Utilization};

/// Rates of a sweep.
const POINTS: u32 = 24;
/// Relative width at which the search for a knee ends.
const PRECISION: f64 = 2e-3;
/// Rate below which none is told from another, per second.
const LEAST: f64 = 1e-3;
/// Largest rate that is tried, per second.
const LARGEST: f64 = 1e7;

/// Response times from little load up to saturation.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// Rates in rising order.
    pub points: Vec<SweepPoint>,
    /// The rate at which the first proxy saturates: a worker, or its CPU limit.
    pub saturation: Rate,
    /// Where the objectives are left, in their order.
    pub knees: Vec<MeshKnee>,
}

/// Response times at one rate.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepPoint {
    /// Requests per second through each proxy.
    pub rate: Rate,
    /// Of the busiest proxy's busiest worker, in [0, 1).
    pub utilization: Utilization,
    /// The quantiles of [`QUANTILES`], in their order.
    pub quantiles: Vec<Predicted>,
}

/// The rate up to which an objective is met.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeshKnee {
    /// The objective.
    pub slo: Slo,
    /// With requests that take as long as the upper end of the interval says.
    pub lower: Knee,
    /// At the card's figures.
    pub value: Knee,
    /// With requests that take as long as the lower end says.
    pub upper: Knee,
}

/// Sweeps the rate with everything else as it is.
///
/// The baseline is taken to be the same at every rate: what is found is where the *mesh* gives way.
///
/// # Errors
/// [`PredictionError`] where even without load nothing can be predicted.
pub fn sweep(
    baseline: &Measurement,
    mode: Mode,
    traffic: &Traffic,
    slos: &[Slo],
    card: &ModelCard,
) -> Result<Sweep, PredictionError> {
    let base = Spread::of(&baseline.distribution);
    let figure = base.middle();
    let at = |rate: f64| Traffic { rate: Rate::per_second(rate), ..*traffic };
    let carries = |rate: f64, choice: Choice| {
        stations(mode, &at(rate), card).is_ok_and(|stations| stations.iter().all(|one| one.carries(choice)))
    };
    stations(mode, &at(0.0), card)?;
    let saturation = last_where(|rate| carries(rate, Choice::BEST));
    let mut points = Vec::new();
    for step in 1..=POINTS {
        let rate = saturation * f64::from(step) / f64::from(POINTS + 1);
        let stations = stations(mode, &at(rate), card)?;
        let answers = Answers::new(&base, &stations)?;
        let quantiles = QUANTILES.iter().map(|(_, quantile)| answers.at(&baseline.distribution, *quantile)).collect();
        points.push(SweepPoint { rate: Rate::per_second(rate), utilization: busiest(&stations)?, quantiles });
    }
    let knee = |slo: &Slo, service: usize| {
        let choice = Choice { service, ..Choice::BEST };
        let is_met = |rate: f64| {
            let added = stations(mode, &at(rate), card).and_then(|stations| middle(&stations, choice));
            added.is_ok_and(|added| {
                let whole = figure.then(&added);
                slo.judge(match slo.objective {
                    Objective::Quantile(quantile) => whole.quantile(quantile).into(),
                    Objective::Mean => whole.mean().into(),
                })
                .met
            })
        };
        knee(is_met)
    };
    let knees =
        slos.iter().map(|slo| MeshKnee { slo: *slo, lower: knee(slo, 2), value: knee(slo, 1), upper: knee(slo, 0) });
    Ok(Sweep { knees: knees.collect(), points, saturation: Rate::per_second(saturation) })
}

fn busiest(stations: &[Station]) -> Result<Utilization, PredictionError> {
    let mut most = Utilization::ZERO;
    for station in stations {
        let busy = station.time()?.utilization;
        if busy > most {
            most = busy;
        }
    }
    Ok(most)
}

fn knee(is_met: impl Fn(f64) -> bool) -> Knee {
    if !is_met(0.0) {
        return Knee::MissedWhenIdle;
    }
    let rate = last_where(is_met);
    if rate >= LARGEST { Knee::NotReached } else { Knee::At(Rate::per_second(rate)) }
}

/// The largest rate for which something holds that holds at low rates and not at high ones.
fn last_where(holds: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while holds(high) {
        low = high;
        high *= 2.0;
        if high > LARGEST {
            return LARGEST;
        }
    }
    while high - low > PRECISION * high && high > LEAST {
        let middle = f64::midpoint(low, high);
        if holds(middle) { low = middle } else { high = middle }
    }
    low
}
