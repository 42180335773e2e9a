//! Coordinated omission: a load generator that waits for slow answers does not send, and so does not
//! measure, the requests that would have been slow too (G. Tene).

use super::{Bucket, Distribution, DistributionError, Measurement, Pacing};
use crate::units::Seconds;

/// A paced closed loop whose connections are busy for more than this share of the time sends late.
pub const TOO_BUSY: f64 = 0.8;

/// Most requests that a correction fills in per bucket, and most buckets it makes.
const MOST_STEPS: usize = 2_000_000;

/// Why a correction cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CorrectionError {
    /// The interval between requests is no positive number.
    #[error("an expected interval of {0} s, expected more than 0")]
    Interval(f64),
    /// The slowest time is so many intervals long that the result would not fit.
    #[error(
        "response times of up to {longest} s at intervals of {interval} s, which would fill in more than {MOST_STEPS} values; check the interval"
    )]
    TooLong {
        /// The longest time in seconds.
        longest: f64,
        /// The interval in seconds.
        interval: f64,
    },
    /// What is left is no distribution.
    #[error(transparent)]
    Distribution(#[from] DistributionError),
}

/// Share of the time for which the connections of a paced closed loop wait for answers: mean response
/// time × rate ÷ connections (Little's law). `None` for other loops, or where the source does not tell.
#[must_use]
pub fn busy_share(measurement: &Measurement) -> Option<f64> {
    if measurement.load.pacing != Pacing::PacedClosed {
        return None;
    }
    let connections = measurement.load.connections.filter(|connections| *connections > 0)? as f64;
    let busy = measurement.load.rate? * measurement.distribution.mean().value;
    Some(busy / connections).filter(|share| share.is_finite())
}

impl Distribution {
    /// The distribution with the requests filled in that a connection sending every `interval` would
    /// have sent while it waited: a time of `t` adds `t − interval`, `t − 2·interval`, … down to `interval`.
    ///
    /// # Errors
    /// [`CorrectionError`] for an interval that is no positive number, or far shorter than the longest time.
    pub fn corrected(&self, interval: Seconds) -> Result<Self, CorrectionError> {
        let step = interval.as_seconds();
        if !(step > 0.0 && step.is_finite()) {
            return Err(CorrectionError::Interval(step));
        }
        let mut buckets = Vec::new();
        let mut too_long = None;
        let most = self.most().upper;
        self.for_each_bucket(|bucket| {
            let bucket = Bucket { lower: bucket.lower.min(most), upper: bucket.upper.min(most), ..bucket };
            let (lower, upper) = (bucket.lower.as_seconds(), bucket.upper.as_seconds());
            // The largest value is known exactly; of the others the middle is as good as any.
            let middle = match upper {
                upper if upper >= most.as_seconds() && upper.is_finite() => upper,
                upper if upper.is_finite() => lower + (upper - lower) / 2.0,
                _ => lower,
            };
            let missing = (middle / step).floor();
            buckets.push(bucket);
            if missing + buckets.len() as f64 > MOST_STEPS as f64 {
                too_long = Some(middle);
                return;
            }
            for number in 1..missing.max(1.0) as u64 {
                let earlier = number as f64 * step;
                let (lower, upper) = (Seconds::new((lower - earlier).max(0.0)), Seconds::new(upper - earlier));
                buckets.push(Bucket { lower, upper, weight: bucket.weight });
            }
        });
        if let Some(longest) = too_long {
            return Err(CorrectionError::TooLong { longest, interval: step });
        }
        let weight: f64 = buckets.iter().map(|bucket| bucket.weight).sum();
        let samples = self.samples().map(|_| weight.round() as u64);
        Ok(Self::from_buckets(buckets, samples)?)
    }
}
