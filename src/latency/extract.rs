//! From two measurements, without and with proxies, to what one traversal takes.
//!
//! Two answers, each with its assumption. *Quantile differences* need no law, but say only what the proxies
//! add if they are slow for the requests that are slow anyway; percentiles of the added time they are not. The
//! *fit* takes proxies to be slow for themselves: it looks for the time of a traversal and its variation with
//! which baseline and proxies, convolved, give the measured quantiles.

use super::hop::{Choice, Station};
use super::predict::{figures, stations};
use super::{Mode, PredictionError, Traffic};
use crate::card::ModelCard;
use crate::composition::{Dependence, Spread};
use crate::measurement::{Distribution, Measurement, QUANTILES, QuantileEstimate, samples_needed};
use crate::units::{Quantile, Seconds, Share};

/// Variations from request to request that are tried.
const VARIATIONS: [f64; 9] = [0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.55, 0.75, 1.0];
/// Quantiles that the fit looks at; p99.9 rests on too few samples.
const FITTED: [Quantile; 3] = [Quantile::literal(0.5), Quantile::literal(0.9), Quantile::literal(0.99)];
/// Steps in which the median is met.
const STEPS: u32 = 8;
/// Relative miss of the median that is good enough.
const NEAR: f64 = 1e-3;
/// Confidence of every interval.
const CONFIDENCE: Share = Share::literal(0.9);

/// One quantile without and with the proxies; intervals hold with 90 %.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Added {
    /// Which.
    pub quantile: Quantile,
    /// Without.
    pub base: QuantileEstimate,
    /// With.
    pub meshed: QuantileEstimate,
    /// The difference of both.
    pub difference: QuantileEstimate,
}

/// What two measurements say about one traversal.
#[derive(Debug, Clone, PartialEq)]
pub struct Extraction {
    /// Differences of the quantiles of [`QUANTILES`], in their order.
    pub differences: Vec<Added>,
    /// Time that passes per CPU time of the card: lower end, value, upper end; above 0.
    pub time_per_cpu: [f64; 3],
    /// Coefficient of variation of the time of a traversal: lower end, value, upper end.
    pub variation: [f64; 3],
    /// Median time of one traversal at these figures; of the first proxy on the way.
    pub service: Seconds,
    /// p50, p90 and p99 as the fit has them against as measured: (fitted − measured) ÷ measured.
    pub residuals: [f64; 3],
}

/// Why nothing can be extracted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ExtractError {
    /// Too few samples to bound p99.
    #[error("{name} has {samples} samples, expected at least {needed}: measure longer")]
    TooFewSamples {
        /// The measurement.
        name: String,
        /// Its samples.
        samples: u64,
        /// Samples that bound p99 with 90 % confidence.
        needed: u64,
    },
    /// The measurement with proxies is not slower at the median.
    #[error(
        "the median with proxies, {meshed} s, is not clearly above the one without, {base} s: there is nothing to extract; measure both under the same load, longer"
    )]
    NotSlower {
        /// Upper end of the median without, in seconds.
        base: f64,
        /// Lower end of the median with proxies, in seconds.
        meshed: f64,
    },
    /// The load saturates the proxies at any speed tried.
    #[error("the proxies cannot be fitted at this load: {0}")]
    Prediction(#[from] PredictionError),
}

/// Extracts the time of one traversal from a measurement without and one with the proxies of a mode, both
/// under the same traffic.
///
/// # Errors
/// [`ExtractError`] for thin data, for a mesh that is not slower, and where the law cannot carry the load.
pub fn extract(
    base: &Measurement,
    meshed: &Measurement,
    mode: Mode,
    traffic: &Traffic,
    card: &ModelCard,
) -> Result<Extraction, ExtractError> {
    for one in [base, meshed] {
        let needed = samples_needed(Quantile::literal(0.99), CONFIDENCE);
        if let Some(samples) = one.distribution.samples().filter(|samples| *samples < needed) {
            return Err(ExtractError::TooFewSamples { name: one.name.clone(), samples, needed });
        }
    }
    let (base, meshed) = (&base.distribution, &meshed.distribution);
    let differences: Vec<Added> = QUANTILES.iter().map(|(_, quantile)| difference(base, meshed, *quantile)).collect();
    let median = difference(base, meshed, Quantile::literal(0.5));
    if median.difference.lower <= Seconds::ZERO {
        let (base, meshed) = (median.base.upper.as_seconds(), median.meshed.lower.as_seconds());
        return Err(ExtractError::NotSlower { base, meshed });
    }
    let fit = Fit { base: Spread::of(base).without_bounds(), meshed, stations: stations(mode, traffic, card)? };
    let tries: Vec<Tried> = VARIATIONS.iter().filter_map(|variation| fit.at(*variation).ok()).collect();
    let best = tries.iter().min_by(|a, b| a.miss().total_cmp(&b.miss()));
    let Some(best) = best else {
        // Every variation failed for the same reason.
        let first = VARIATIONS.first().copied().unwrap_or(1.0);
        return Err(fit
            .at(first)
            .err()
            .map_or_else(|| ExtractError::NotSlower { base: 0.0, meshed: 0.0 }, ExtractError::Prediction));
    };
    let span = median.difference;
    let relative = |end: Seconds| (end / span.value).max(0.01);
    let card_figure = card.proxy_latency.coefficients().first().map_or(1.0, |coefficient| coefficient.value);
    let value = best.factor * card_figure;
    let like: Vec<f64> = tries.iter().filter(|one| one.agrees(meshed)).map(|one| one.variation).collect();
    let ends = |fold: fn(f64, f64) -> f64| like.iter().copied().fold(best.variation, fold);
    let service = fit.stations.first().map_or(Seconds::ZERO, |station| station.service.value * best.factor);
    Ok(Extraction {
        differences,
        time_per_cpu: [value * relative(span.lower), value, value * relative(span.upper).max(1.0)],
        variation: [ends(f64::min), best.variation, ends(f64::max)],
        service,
        residuals: best.residuals,
    })
}

fn difference(base: &Distribution, meshed: &Distribution, quantile: Quantile) -> Added {
    let (base, meshed) = (base.interval(quantile, CONFIDENCE), meshed.interval(quantile, CONFIDENCE));
    let difference = QuantileEstimate {
        lower: meshed.lower - base.upper,
        value: meshed.value - base.value,
        upper: meshed.upper - base.lower,
    };
    Added { quantile, base, meshed, difference }
}

/// A fit under way.
struct Fit<'a> {
    base: Spread,
    meshed: &'a Distribution,
    stations: Vec<Station>,
}

/// The factor on the card's time that meets the median, for one variation.
struct Tried {
    variation: f64,
    factor: f64,
    fitted: [Seconds; 3],
    residuals: [f64; 3],
}

impl Tried {
    /// Sum of squared relative misses.
    fn miss(&self) -> f64 {
        self.residuals.iter().map(|residual| residual * residual).sum()
    }

    /// Whether every fitted quantile lies within what the measurement leaves open.
    fn agrees(&self, meshed: &Distribution) -> bool {
        FITTED.iter().zip(self.fitted).all(|(quantile, fitted)| {
            let measured = meshed.interval(*quantile, CONFIDENCE);
            measured.lower <= fitted && fitted <= measured.upper
        })
    }
}

impl Fit<'_> {
    /// Meets the median by false position: the median grows nearly in proportion to the factor.
    fn at(&self, variation: f64) -> Result<Tried, PredictionError> {
        let target = self.meshed.quantile(Quantile::literal(0.5)).value.as_seconds();
        let idle = self.base.quantile(Quantile::literal(0.5)).value.as_seconds();
        let (mut factor, mut fitted) = (1.0_f64, None);
        // A factor that saturates the proxies is too large; halve it until they carry the load.
        let mut most = f64::INFINITY;
        for _ in 0..STEPS {
            let Ok(found) = self.quantiles(variation, factor) else {
                most = most.min(factor);
                factor /= 2.0;
                continue;
            };
            let [median, _, _] = found;
            let added = (median.as_seconds() - idle).max(f64::MIN_POSITIVE);
            fitted = Some((factor, found));
            if (median.as_seconds() / target - 1.0).abs() < NEAR {
                break;
            }
            let next = factor * ((target - idle) / added).clamp(0.1, 10.0);
            factor = if next < most { next } else { f64::midpoint(factor, most) };
        }
        let Some((factor, fitted)) = fitted else {
            return self.quantiles(variation, factor).map(|fitted| self.tried(variation, factor, fitted));
        };
        Ok(self.tried(variation, factor, fitted))
    }

    fn tried(&self, variation: f64, factor: f64, fitted: [Seconds; 3]) -> Tried {
        let mut residuals = [0.0; 3];
        for ((residual, quantile), fitted) in residuals.iter_mut().zip(FITTED).zip(fitted) {
            *residual = fitted / self.meshed.quantile(quantile).value - 1.0;
        }
        Tried { variation, factor, fitted, residuals }
    }

    fn quantiles(&self, variation: f64, factor: f64) -> Result<[Seconds; 3], PredictionError> {
        let stations: Vec<Station> = self
            .stations
            .iter()
            .map(|station| station.clone().rescaled(factor, Share::ZERO).with_variation(variation))
            .collect();
        let whole = self.base.then(&figures(&stations, Choice::BEST)?, Dependence::Independent);
        Ok(FITTED.map(|quantile| whole.quantile(quantile).value))
    }
}
