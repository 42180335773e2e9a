//! A baseline with the mesh on top.

use super::hop::{Choice, Station};
use super::{BEYOND_SATURATION, Hop, HopTime, Mode, NEAR_CPU_LIMIT, OTHER_LOAD, Traffic};
use crate::card::ModelCard;
use crate::composition::{Dependence, Middle, Spread};
use crate::finding::Finding;
use crate::measurement::{
    Distribution, DistributionError, Measurement, Objective, QUANTILES, QuantileEstimate, Slo, SloOutcome,
};
use crate::model::queueing::QueueError;
use crate::units::{Quantile, Rate, Seconds, Share};

/// Share of periods stopped at the CPU limit above which a prediction warns.
const OFTEN: f64 = 0.001;
/// Rates that differ by no more than this share are the same.
const SAME_RATE: f64 = 0.1;
/// Confidence of every interval.
const CONFIDENCE: Share = Share::literal(0.9);

/// What a baseline becomes with proxies on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// How the mesh carries the requests.
    pub mode: Mode,
    /// Under which load.
    pub traffic: Traffic,
    /// What each proxy does, in the order in which they are met.
    pub hops: Vec<HopTime>,
    /// The quantiles of [`QUANTILES`], in their order.
    pub quantiles: Vec<Predicted>,
    /// Objectives and how they would stand.
    pub outcomes: Vec<(Slo, SloOutcome)>,
    /// The response times, as likely as not.
    pub distribution: Distribution,
    /// The same, without the baseline: what all proxies add.
    pub added: Distribution,
    /// What was noticed.
    pub findings: Vec<Finding>,
}

/// One quantile with and without the mesh; intervals hold with 90 %.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Predicted {
    /// Which.
    pub quantile: Quantile,
    /// Without the mesh.
    pub base: QuantileEstimate,
    /// With it: the figure for proxies that are slow for themselves; the interval also holds the answer for
    /// proxies that are slow when the application is ([`Self::comonotone`]).
    pub with_mesh: QuantileEstimate,
    /// The quantile if everything on the way were slow for the same requests.
    pub comonotone: Seconds,
    /// The difference of the two quantiles, which is no quantile of anything.
    pub difference: QuantileEstimate,
}

/// Why nothing can be predicted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PredictionError {
    /// The load is more than a proxy can carry, or out of range.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// What comes out is no distribution.
    #[error("the prediction is no distribution: {0}")]
    Distribution(#[from] DistributionError),
}

/// Predicts the response times of a measured baseline with proxies on the way.
///
/// # Errors
/// [`PredictionError::Queue`] for a rate that saturates a proxy; [`saturated()`] makes a finding of it.
pub fn predict(
    baseline: &Measurement,
    mode: Mode,
    traffic: &Traffic,
    slos: &[Slo],
    card: &ModelCard,
) -> Result<Prediction, PredictionError> {
    let stations = stations(mode, traffic, card)?;
    let hops = stations.iter().map(Station::time).collect::<Result<Vec<_>, _>>()?;
    let base = Spread::of(&baseline.distribution);
    let answers = Answers::new(&base, &stations)?;
    let quantiles = QUANTILES.iter().map(|(_, quantile)| answers.at(&baseline.distribution, *quantile)).collect();
    let samples = baseline.distribution.samples();
    let mut findings = findings(baseline, traffic, &hops);
    findings.dedup();
    Ok(Prediction {
        mode,
        traffic: *traffic,
        hops,
        quantiles,
        outcomes: slos.iter().map(|slo| (*slo, answers.judge(&baseline.distribution, slo))).collect(),
        distribution: answers.best.to_distribution(samples)?,
        added: answers.added.to_distribution(samples)?,
        findings,
    })
}

/// What each of a row of proxies does to a request, each under a load of its own.
///
/// # Errors
/// [`PredictionError::Queue`] for a load that saturates one of them.
pub fn hops(
    on_the_way: impl IntoIterator<Item = (Hop, Traffic)>,
    card: &ModelCard,
) -> Result<Vec<HopTime>, PredictionError> {
    on_the_way.into_iter().map(|(hop, traffic)| Station::new(hop, &traffic, card)?.time()).collect()
}

/// The finding for a load under which nothing can be predicted.
#[must_use]
pub fn saturated(subject: &str, error: &PredictionError) -> Finding {
    Finding::new(&BEYOND_SATURATION, subject, error.to_string())
}

pub(super) fn stations(mode: Mode, traffic: &Traffic, card: &ModelCard) -> Result<Vec<Station>, PredictionError> {
    mode.hops().iter().map(|hop| Station::new(*hop, traffic, card)).collect()
}

/// What all proxies on the way add, at the card's figures.
fn added(stations: &[Station]) -> Result<Spread, PredictionError> {
    Ok(Spread::sequence(&of_each(stations, |station| station.spread(Choice::BEST))?, Dependence::Independent))
}

/// The same for any choice of figures, without bounds.
pub(super) fn middle(stations: &[Station], choice: Choice) -> Result<Middle, PredictionError> {
    let parts = of_each(stations, |station| station.middle(choice))?;
    Ok(Middle::sequence(&parts).unwrap_or_else(|| Spread::zero().middle()))
}

/// Something of every station; both ends of a path are often alike, and are worked out once.
fn of_each<T: Clone>(
    stations: &[Station],
    work: impl Fn(&Station) -> Result<T, PredictionError>,
) -> Result<Vec<T>, PredictionError> {
    let mut all: Vec<T> = Vec::with_capacity(stations.len());
    for (index, station) in stations.iter().enumerate() {
        let like = stations.iter().take(index).position(|other| station.is_like(other));
        let next = match like.and_then(|index| all.get(index)) {
            Some(known) => known.clone(),
            None => work(station)?,
        };
        all.push(next);
    }
    Ok(all)
}

/// The composed distributions from which quantiles and their intervals are read.
pub(super) struct Answers {
    pub best: Spread,
    added: Spread,
    comonotone: Spread,
    /// Best figures but for one coefficient, at its lower and upper end; `None` where the proxies saturate.
    swings: Vec<[Option<Middle>; 2]>,
}

impl Answers {
    pub fn new(base: &Spread, stations: &[Station]) -> Result<Self, PredictionError> {
        let added = added(stations)?;
        let best = base.then(&added, Dependence::Independent);
        let comonotone = base.then(&added, Dependence::Comonotone);
        let figure = base.middle();
        let swings = Self::choices(stations)
            .map(|ends| ends.map(|choice| Some(figure.then(&middle(stations, choice).ok()?))))
            .collect();
        Ok(Self { best, added, comonotone, swings })
    }

    fn choices(stations: &[Station]) -> impl Iterator<Item = [Choice; 2]> {
        let limited = stations.iter().any(Station::has_limit);
        let ends = |change: fn(usize) -> Choice| [change(0), change(2)];
        [
            Some(ends(|service| Choice { service, ..Choice::BEST })),
            Some(ends(|variation| Choice { variation, ..Choice::BEST })),
            limited.then(|| ends(|burstiness| Choice { burstiness, ..Choice::BEST })),
        ]
        .into_iter()
        .flatten()
    }

    /// A quantile with the interval of coefficients, dependence, grid and baseline.
    pub fn at(&self, baseline: &Distribution, quantile: Quantile) -> Predicted {
        let base = baseline.interval(quantile, CONFIDENCE);
        let (with_mesh, comonotone) = self.quantile(&base, quantile);
        let less = |end: Seconds| end - base.value;
        let difference = QuantileEstimate {
            lower: less(with_mesh.lower),
            value: less(with_mesh.value),
            upper: less(with_mesh.upper),
        };
        Predicted { quantile, base, with_mesh, comonotone, difference }
    }

    /// How an objective would stand.
    fn judge(&self, baseline: &Distribution, slo: &Slo) -> SloOutcome {
        let measured = match slo.objective {
            Objective::Quantile(quantile) => self.quantile(&baseline.interval(quantile, CONFIDENCE), quantile).0,
            Objective::Mean => self.ask(&baseline.mean(), Spread::mean, Middle::mean).0,
        };
        slo.judge(measured)
    }

    fn quantile(&self, base: &QuantileEstimate, quantile: Quantile) -> (QuantileEstimate, Seconds) {
        self.ask(base, |spread| spread.quantile(quantile), |middle| middle.quantile(quantile))
    }

    /// A figure of the composed distribution with its interval, and the same if all were slow together.
    ///
    /// What moves the figure is independent, so the ways are combined in quadrature, downwards and upwards apart:
    /// each coefficient at its ends, the dependence, and the doubt of the baseline.
    fn ask(
        &self,
        base: &QuantileEstimate,
        figure: impl Fn(&Spread) -> QuantileEstimate,
        of_middle: impl Fn(&Middle) -> Seconds,
    ) -> (QuantileEstimate, Seconds) {
        let best = figure(&self.best);
        let value = best.value.as_seconds();
        let comonotone = figure(&self.comonotone).value;
        let (mut down, mut up) = (0.0, 0.0);
        let mut swing = |end: f64| {
            let far = if end.is_nan() { f64::INFINITY } else { end - value };
            if far < 0.0 { down += far * far } else { up += far * far }
        };
        for end in self.swings.iter().flatten() {
            // A proxy that saturates at an end of the interval has no upper bound.
            swing(end.as_ref().map_or(f64::INFINITY, |end| of_middle(end).as_seconds()));
        }
        swing(comonotone.as_seconds());
        swing(value + (base.lower - base.value).as_seconds());
        swing(value + (base.upper - base.value).as_seconds());
        let lower = (value - f64::sqrt(down)).max(0.0).min(best.lower.as_seconds());
        let upper = (value + f64::sqrt(up)).max(best.upper.as_seconds());
        (QuantileEstimate { lower: Seconds::new(lower), value: best.value, upper: Seconds::new(upper) }, comonotone)
    }
}

fn findings(baseline: &Measurement, traffic: &Traffic, hops: &[HopTime]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let measured_at = baseline.load.rate.filter(|rate| *rate > Rate::ZERO);
    if let Some(measured) = measured_at.filter(|measured| (traffic.rate / *measured - 1.0).abs() > SAME_RATE) {
        let message = format!(
            "measured at {:.0} requests per second, predicted at {:.0}",
            measured.as_per_second(),
            traffic.rate.as_per_second()
        );
        findings.push(Finding::new(&OTHER_LOAD, &baseline.name, message));
    }
    for hop in hops.iter().filter(|hop| hop.throttled.1.get() > OFTEN) {
        let used = hop.limit_used.unwrap_or(0.0) * 100.0;
        let (least, most) = (hop.throttled.0.get() * 100.0, hop.throttled.1.get() * 100.0);
        let message = format!(
            "the {} uses {used:.0} % of its CPU limit and is stopped in {least:.1} to {most:.1} % of periods",
            hop.hop.name()
        );
        findings.push(Finding::new(&NEAR_CPU_LIMIT, &baseline.name, message));
    }
    findings
}
