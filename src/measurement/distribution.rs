//! The one distribution of response times.

use hdrhistogram::Histogram;
use statrs::distribution::{ContinuousCDF, LogNormal};

use super::bounds::{Bounds, Bucket, Pin, Stated};
use super::order::ranks;
use super::quantile::QuantileEstimate;
use crate::units::{Quantile, Seconds, Share};

/// A distribution of response times, as well known as its source allows. Never empty.
///
/// A full histogram stays one (`hdrhistogram`, its own digits and unit); buckets and percentile lists
/// are kept as bounds. Every question is answered with an interval.
#[derive(Debug, Clone, PartialEq)]
pub struct Distribution {
    pub(super) form: Form,
    pub(super) samples: Option<u64>,
    pub(super) least: Option<f64>,
    pub(super) most: Option<f64>,
    pub(super) sum: Option<f64>,
}

/// How a distribution is known. Extremes and sum beside it are in seconds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Form {
    /// Counts per value; values are in ticks of so many seconds.
    Recorded {
        histogram: Histogram<u64>,
        tick: f64,
    },
    Bounded(Bounds),
}

/// What is wrong with numbers that should make a distribution.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DistributionError {
    /// Nothing was measured.
    #[error("no samples, expected at least one")]
    Empty,
    /// A bound is negative, not a number, or its bucket ends before it starts.
    #[error("a bucket from {lower} s to {upper} s, expected bounds of at least 0 in rising order")]
    Bounds {
        /// Start of the bucket.
        lower: f64,
        /// Its end.
        upper: f64,
    },
    /// A count is negative, not a number, or too large to count exactly.
    #[error("a count of {0}, expected a number from 0 to 2⁵³")]
    Count(f64),
    /// A higher percentile has a lower value.
    #[error("p{} at {} s below p{} at {} s, expected values that rise", .high.0 * 100.0, .high.1, .low.0 * 100.0, .low.1)]
    Falling {
        /// The lower quantile and its value in seconds.
        low: (f64, f64),
        /// The higher quantile and its value in seconds.
        high: (f64, f64),
    },
    /// Mean or deviation is negative or not a number.
    #[error("mean {mean} s and standard deviation {deviation} s, expected numbers of at least 0")]
    Moments {
        /// The mean in seconds.
        mean: f64,
        /// The standard deviation in seconds.
        deviation: f64,
    },
}

/// Largest count that floating point holds exactly.
pub(super) const LARGEST_COUNT: f64 = 9_007_199_254_740_992.0;

impl Distribution {
    /// From a full histogram whose values are in ticks of `tick` seconds.
    ///
    /// # Errors
    /// [`DistributionError::Empty`] without samples; [`DistributionError::Bounds`] for a tick that is no positive number.
    pub fn from_histogram(mut histogram: Histogram<u64>, tick: Seconds) -> Result<Self, DistributionError> {
        let tick = tick.as_seconds();
        if !(tick > 0.0 && tick.is_finite()) {
            return Err(DistributionError::Bounds { lower: 0.0, upper: tick });
        }
        if histogram.is_empty() {
            return Err(DistributionError::Empty);
        }
        histogram.auto(true);
        let samples = Some(histogram.len());
        Ok(Self { form: Form::Recorded { histogram, tick }, samples, least: None, most: None, sum: None })
    }

    /// From buckets. They may overlap or leave gaps, as merged histograms do.
    ///
    /// `samples` says how many requests they stand for; `None` where weights are shares or rates.
    ///
    /// # Errors
    /// [`DistributionError`] without weight, or for bounds and counts out of range.
    pub fn from_buckets(buckets: Vec<Bucket>, samples: Option<u64>) -> Result<Self, DistributionError> {
        let mut sum = 0.0;
        for bucket in &buckets {
            let (lower, upper) = (bucket.lower.as_seconds(), bucket.upper.as_seconds());
            if !(lower >= 0.0 && lower.is_finite() && upper >= lower) {
                return Err(DistributionError::Bounds { lower, upper });
            }
            sum += bucket.weight;
            if !(bucket.weight >= 0.0 && sum <= LARGEST_COUNT) {
                return Err(DistributionError::Count(bucket.weight));
            }
        }
        if sum <= 0.0 || samples == Some(0) {
            return Err(DistributionError::Empty);
        }
        Ok(Self::bounded(Bounds::new(buckets, Vec::new()), samples))
    }

    /// From percentiles as a tool prints them; `least` and `most` close the ends where they are known.
    ///
    /// # Errors
    /// [`DistributionError`] without percentiles, for negative values, or for values that fall by more than their rounding.
    pub fn from_percentiles(
        stated: &[Stated],
        least: Option<Seconds>,
        most: Option<Seconds>,
        samples: Option<u64>,
    ) -> Result<Self, DistributionError> {
        if stated.is_empty() || samples == Some(0) {
            return Err(DistributionError::Empty);
        }
        let end = |quantile, value| Stated { quantile, value, resolution: Seconds::ZERO };
        let mut points: Vec<Stated> = stated.to_vec();
        points.extend(least.map(|value| end(Quantile::ZERO, value)));
        points.extend(most.map(|value| end(Quantile::literal(1.0), value)));
        points.sort_by(|a, b| a.quantile.get().total_cmp(&b.quantile.get()));
        let weight = samples.unwrap_or(1) as f64;
        let mut buckets = Vec::with_capacity(points.len() + 1);
        let mut last = (0.0_f64, 0.0_f64);
        for point in &points {
            let (quantile, value, slack) =
                (point.quantile.get(), point.value.as_seconds(), point.resolution.as_seconds());
            if !(value >= 0.0 && value.is_finite() && slack >= 0.0) {
                return Err(DistributionError::Bounds { lower: last.1, upper: value });
            }
            let (low, high) = (last, (quantile, value));
            // The rounding of both neighbours may make equal values look as if they fell.
            if value + 2.0 * slack + value * 1e-9 < last.1 {
                return Err(DistributionError::Falling { low, high });
            }
            let upper = (value + slack).max(last.1);
            buckets.push(Bucket {
                lower: Seconds::new(last.1),
                upper: Seconds::new(upper),
                weight: (quantile - last.0) * weight,
            });
            last = (quantile, (value - slack).max(0.0).max(last.1));
        }
        let (lower, upper) = (Seconds::new(last.1), Seconds::new(f64::INFINITY));
        buckets.push(Bucket { lower, upper, weight: (1.0 - last.0) * weight });
        let pins = points
            .iter()
            .map(|point| {
                let (value, slack) = (point.value.as_seconds(), point.resolution.as_seconds());
                Pin { quantile: point.quantile.get(), lower: (value - slack).max(0.0), value, upper: value + slack }
            })
            .collect();
        Ok(Self::bounded(Bounds::new(buckets, pins), samples).with_extremes(least, most))
    }

    /// From mean, standard deviation and largest value alone.
    ///
    /// The bounds hold for every distribution with these moments (Cantelli's inequality):
    /// `μ − σ√((1−q)/q) ≤ x_q ≤ μ + σ√(q/(1−q))`. The figure between them is that of a log-normal.
    ///
    /// # Errors
    /// [`DistributionError`] for moments that are negative or not numbers, or without samples.
    pub fn from_moments(
        mean: Seconds,
        deviation: Seconds,
        most: Seconds,
        samples: Option<u64>,
    ) -> Result<Self, DistributionError> {
        const GRID: [f64; 14] = [0.05, 0.1, 0.25, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.975, 0.99, 0.999, 0.9999];
        let (mean, deviation, most) = (mean.as_seconds(), deviation.as_seconds(), most.as_seconds());
        if !(mean >= 0.0 && deviation >= 0.0 && mean.is_finite() && deviation.is_finite() && most >= mean) {
            return Err(DistributionError::Moments { mean, deviation });
        }
        if samples == Some(0) {
            return Err(DistributionError::Empty);
        }
        let lower = |q: f64| (mean - deviation * ((1.0 - q) / q).sqrt()).max(0.0);
        let upper = |q: f64| (mean + deviation * (q / (1.0 - q)).sqrt()).min(most);
        let variance = if mean > 0.0 { (deviation / mean).powi(2).ln_1p() } else { 0.0 };
        let shape = LogNormal::new(mean.max(f64::MIN_POSITIVE).ln() - variance / 2.0, variance.sqrt()).ok();
        let value = |q: f64| {
            let assumed = shape.as_ref().map_or(mean, |shape| shape.inverse_cdf(q));
            if assumed.is_finite() { assumed.clamp(lower(q), upper(q)) } else { mean }
        };
        let weight = samples.unwrap_or(1) as f64;
        let ends: Vec<f64> = [0.0].into_iter().chain(GRID).chain([1.0]).collect();
        let buckets = ends
            .windows(2)
            .filter_map(|pair| <&[f64; 2]>::try_from(pair).ok())
            .map(|&[from, to]| Bucket {
                lower: Seconds::new(if from > 0.0 { lower(from) } else { 0.0 }),
                upper: Seconds::new(if to < 1.0 { upper(to) } else { most }),
                weight: (to - from) * weight,
            })
            .collect();
        let pins = GRID.map(|q| Pin { quantile: q, lower: lower(q), value: value(q), upper: upper(q) }).to_vec();
        let distribution = Self::bounded(Bounds::new(buckets, pins), samples);
        let sum = Seconds::new(mean * weight);
        Ok(distribution.with_extremes(None, Some(Seconds::new(most))).with_sum(sum))
    }

    fn bounded(bounds: Bounds, samples: Option<u64>) -> Self {
        Self { form: Form::Bounded(bounds), samples, least: None, most: None, sum: None }
    }

    /// The same with its least and largest value known exactly.
    #[must_use]
    pub fn with_extremes(mut self, least: Option<Seconds>, most: Option<Seconds>) -> Self {
        let known = |end: Option<Seconds>| end.map(Seconds::as_seconds).filter(|end| end.is_finite() && *end >= 0.0);
        (self.least, self.most) = (known(least), known(most));
        self
    }

    /// The same with the sum of all samples known exactly.
    #[must_use]
    pub fn with_sum(mut self, sum: Seconds) -> Self {
        self.sum = Some(sum.as_seconds()).filter(|sum| sum.is_finite() && *sum >= 0.0);
        self
    }

    /// The same with percentiles the source prints beside its buckets: asked for one of them, the
    /// distribution answers with it. A full histogram knows better and stays as it is.
    #[must_use]
    pub fn with_stated(self, stated: &[Stated]) -> Self {
        let Form::Bounded(bounds) = &self.form else { return self };
        let pins = stated.iter().map(|stated| Pin {
            quantile: stated.quantile.get(),
            lower: (stated.value - stated.resolution).as_seconds().max(0.0),
            value: stated.value.as_seconds(),
            upper: (stated.value + stated.resolution).as_seconds(),
        });
        let pins = pins.filter(|pin| pin.value >= 0.0 && pin.upper.is_finite());
        let pins = pins.chain(bounds.pins().iter().copied()).collect();
        Self { form: Form::Bounded(Bounds::new(bounds.buckets().to_vec(), pins)), ..self }
    }

    /// How many requests it stands for; `None` where the source gives shares only.
    #[must_use]
    pub fn samples(&self) -> Option<u64> {
        self.samples
    }

    /// Whether every sample was recorded, to the digits of the histogram, rather than bounds only.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        matches!(self.form, Form::Recorded { .. })
    }

    /// The full histogram and the seconds of one tick, where there is one.
    #[must_use]
    pub fn histogram(&self) -> Option<(&Histogram<u64>, Seconds)> {
        match &self.form {
            Form::Recorded { histogram, tick } => Some((histogram, Seconds::new(*tick))),
            Form::Bounded(_) => None,
        }
    }

    /// A quantile with the bounds the source leaves, as if the samples were all there is.
    #[must_use]
    pub fn quantile(&self, quantile: Quantile) -> QuantileEstimate {
        let estimate = match &self.form {
            Form::Recorded { histogram, tick } => recorded(histogram, *tick, quantile.get()),
            Form::Bounded(bounds) => bounds.quantile(quantile.get()),
        };
        self.within_extremes(estimate)
    }

    /// A quantile with the bounds the source leaves *and* the doubt of a finite sample: the interval
    /// covers the true quantile with the given confidence (see [`ranks`]). It ends at the least or
    /// largest sample where there are too few, and is [`Self::quantile`] where their number is unknown.
    #[must_use]
    pub fn interval(&self, quantile: Quantile, confidence: Share) -> QuantileEstimate {
        let value = self.quantile(quantile);
        let Some(samples) = self.samples else { return value };
        let ranks = ranks(samples, quantile, confidence);
        let lower = ranks.lower.map_or_else(|| self.least().lower, |rank| self.rank(rank).lower);
        let upper = ranks.upper.map_or_else(|| self.most().upper, |rank| self.rank(rank).upper);
        QuantileEstimate::new(
            lower.min(value.lower).as_seconds(),
            value.value.as_seconds(),
            upper.max(value.upper).as_seconds(),
        )
    }

    /// The sample of a rank from 1 to the number of samples.
    #[must_use]
    pub fn rank(&self, rank: u64) -> QuantileEstimate {
        let samples = self.samples.unwrap_or(1).max(1) as f64;
        let estimate = match &self.form {
            // Half a rank down: rounding up inside must not reach the next sample.
            Form::Recorded { histogram, tick } => recorded(histogram, *tick, (rank as f64 - 0.5) / samples),
            Form::Bounded(bounds) => bounds.at(rank as f64 / samples * bounds.weight()),
        };
        self.within_extremes(estimate)
    }

    /// The least sample.
    #[must_use]
    pub fn least(&self) -> QuantileEstimate {
        self.quantile(Quantile::ZERO)
    }

    /// The largest sample.
    #[must_use]
    pub fn most(&self) -> QuantileEstimate {
        if let Some(most) = self.most {
            return QuantileEstimate::new(most, most, most);
        }
        self.quantile(Quantile::literal(1.0))
    }

    /// The mean: exact where the source has a sum, else with every bucket at its ends and middle.
    #[must_use]
    pub fn mean(&self) -> QuantileEstimate {
        if let (Some(sum), Some(samples)) = (self.sum, self.samples) {
            let mean = sum / samples as f64;
            return QuantileEstimate::new(mean, mean, mean);
        }
        let (mut weight, mut ends) = (0.0, (0.0, 0.0, 0.0));
        self.for_each_bucket(|bucket| {
            let (lower, upper) = (bucket.lower.as_seconds(), bucket.upper.as_seconds());
            let middle = if upper.is_finite() { lower + (upper - lower) / 2.0 } else { lower };
            weight += bucket.weight;
            ends.0 += bucket.weight * lower;
            ends.1 += bucket.weight * middle;
            ends.2 += bucket.weight * upper;
        });
        QuantileEstimate::new(ends.0 / weight, ends.1 / weight, ends.2 / weight)
    }

    /// All times multiplied by a positive factor, such as a slower clock or a retry that doubles.
    ///
    /// # Errors
    /// [`DistributionError::Bounds`] for a factor that is no positive number.
    pub fn scaled(&self, factor: f64) -> Result<Self, DistributionError> {
        if !(factor > 0.0 && factor.is_finite()) {
            return Err(DistributionError::Bounds { lower: 0.0, upper: factor });
        }
        let form = match &self.form {
            Form::Recorded { histogram, tick } => Form::Recorded { histogram: histogram.clone(), tick: tick * factor },
            Form::Bounded(bounds) => {
                let buckets = bounds.buckets().iter().map(|bucket| Bucket {
                    lower: bucket.lower * factor,
                    upper: bucket.upper * factor,
                    weight: bucket.weight,
                });
                let pins = bounds.pins().iter().map(|pin| Pin {
                    quantile: pin.quantile,
                    lower: pin.lower * factor,
                    value: pin.value * factor,
                    upper: pin.upper * factor,
                });
                Form::Bounded(Bounds::new(buckets.collect(), pins.collect()))
            }
        };
        let times = |amount: Option<f64>| amount.map(|amount| amount * factor);
        Ok(Self { form, samples: self.samples, least: times(self.least), most: times(self.most), sum: times(self.sum) })
    }

    /// Every interval in which samples lie, in rising order, with how many.
    pub fn for_each_bucket(&self, mut each: impl FnMut(Bucket)) {
        match &self.form {
            Form::Bounded(bounds) => bounds.buckets().iter().for_each(|bucket| each(*bucket)),
            Form::Recorded { histogram, tick } => {
                for step in histogram.iter_recorded() {
                    let value = step.value_iterated_to();
                    each(Bucket {
                        lower: Seconds::new(histogram.lowest_equivalent(value) as f64 * tick),
                        upper: Seconds::new(histogram.highest_equivalent(value) as f64 * tick),
                        weight: step.count_at_value() as f64,
                    });
                }
            }
        }
    }

    fn within_extremes(&self, estimate: QuantileEstimate) -> QuantileEstimate {
        let (least, most) = (self.least.unwrap_or(0.0), self.most.unwrap_or(f64::INFINITY));
        if least > most {
            return estimate;
        }
        let within = |seconds: Seconds| seconds.as_seconds().clamp(least, most);
        QuantileEstimate::new(within(estimate.lower), within(estimate.value), within(estimate.upper))
    }
}

/// A quantile of a full histogram: the middle of the values its digits cannot tell apart.
fn recorded(histogram: &Histogram<u64>, tick: f64, quantile: f64) -> QuantileEstimate {
    let value = histogram.value_at_quantile(quantile);
    let lower = histogram.lowest_equivalent(value) as f64 * tick;
    let upper = histogram.highest_equivalent(value) as f64 * tick;
    QuantileEstimate::new(lower, histogram.median_equivalent(value) as f64 * tick, upper)
}
