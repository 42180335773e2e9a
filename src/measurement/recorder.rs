//! Samples become a distribution, in memory bounded by the histogram.

use hdrhistogram::Histogram;

use super::Distribution;
use crate::units::Seconds;

/// Significant digits kept of every sample: a tenth of a per cent.
const DIGITS: u8 = 3;
/// Longest duration that can be recorded, in nanoseconds: about three years.
const LONGEST: u64 = 100_000_000_000_000_000;

/// Records samples one by one; 40 to 400 KB however many there are.
#[derive(Debug, Clone)]
pub struct Recorder {
    histogram: Histogram<u64>,
    least: u64,
    most: u64,
    sum: f64,
}

impl Recorder {
    /// An empty recorder; `None` never happens in practice, as the digits are a constant.
    #[must_use]
    pub fn new() -> Option<Self> {
        let histogram = Histogram::new(DIGITS).ok()?;
        Some(Self { histogram, least: u64::MAX, most: 0, sum: 0.0 })
    }

    /// Records a duration; `false` when it is negative, no number, or longer than three years.
    #[must_use]
    pub fn record(&mut self, duration: Seconds) -> bool {
        let nanoseconds = duration.as_seconds() * 1e9;
        // The comparison is false for NaN.
        if !(nanoseconds >= 0.0 && nanoseconds <= LONGEST as f64) {
            return false;
        }
        self.record_nanoseconds((nanoseconds + 0.5) as u64)
    }

    /// Records a whole number of nanoseconds; `false` when that is longer than three years.
    #[must_use]
    pub fn record_nanoseconds(&mut self, nanoseconds: u64) -> bool {
        if nanoseconds > LONGEST || self.histogram.record(nanoseconds).is_err() {
            return false;
        }
        self.least = self.least.min(nanoseconds);
        self.most = self.most.max(nanoseconds);
        self.sum += nanoseconds as f64;
        true
    }

    /// How many samples were recorded.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.histogram.len()
    }

    /// Whether nothing was recorded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.histogram.is_empty()
    }

    /// The distribution of what was recorded; `None` without samples.
    #[must_use]
    pub fn finish(self) -> Option<Distribution> {
        let (least, most, sum) = (self.least as f64 / 1e9, self.most as f64 / 1e9, self.sum / 1e9);
        let distribution = Distribution::from_histogram(self.histogram, Seconds::new(1e-9)).ok()?;
        Some(
            distribution.with_extremes(Some(Seconds::new(least)), Some(Seconds::new(most))).with_sum(Seconds::new(sum)),
        )
    }
}
