//! Merging: the distribution of all requests of several measurements together.

use hdrhistogram::Histogram;

use super::Bucket;
use super::bounds::Bounds;
use super::distribution::{Distribution, Form};

/// Why distributions cannot be merged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// There is nothing to merge.
    #[error("nothing to merge")]
    Nothing,
    /// A part does not say how many requests it stands for, so it has no weight.
    #[error("{0} does not say how many requests it stands for, so its weight is not known; leave it out of the merge")]
    UnknownCount(String),
    /// More samples than can be counted.
    #[error("more samples than can be counted (2⁶⁴); merge fewer files")]
    TooMany,
}

impl Distribution {
    /// The distribution of all requests of all parts together.
    ///
    /// Full histograms in the same unit are added count by count; everything else is merged as bounds,
    /// which is lossless too, except that a percentile a source printed for itself says less about the whole.
    ///
    /// # Errors
    /// [`MergeError`] without parts, or where a part does not say how many requests it stands for.
    pub fn merged<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Result<Self, MergeError> {
        let mut parts = parts.into_iter().peekable();
        let first = parts.next().ok_or(MergeError::Nothing)?;
        if parts.peek().is_none() {
            return Ok(first.clone());
        }
        let mut whole = Mixture::new(first)?;
        for part in parts {
            whole.add(part)?;
        }
        Ok(whole.finish())
    }

    fn known_samples(&self) -> Result<u64, MergeError> {
        self.samples.ok_or_else(|| MergeError::UnknownCount("a distribution".to_owned()))
    }

    /// What one unit of weight stands for in samples.
    fn weight_per_sample(&self) -> f64 {
        match (&self.form, self.samples) {
            (Form::Bounded(bounds), Some(samples)) => samples as f64 / bounds.weight(),
            _ => 1.0,
        }
    }
}

/// A merge under way.
struct Mixture {
    /// Full histograms added so far, while all parts are full and in one unit.
    recorded: Option<(Histogram<u64>, f64)>,
    buckets: Vec<Bucket>,
    coalesce_at: usize,
    samples: u64,
    least: Option<f64>,
    most: Option<f64>,
    sum: Option<f64>,
}

impl Mixture {
    fn new(first: &Distribution) -> Result<Self, MergeError> {
        let mut whole = Self {
            recorded: None,
            buckets: Vec::new(),
            coalesce_at: 1 << 16,
            samples: first.known_samples()?,
            least: first.least,
            most: first.most,
            sum: first.sum,
        };
        match &first.form {
            Form::Recorded { histogram, tick } => whole.recorded = Some((histogram.clone(), *tick)),
            Form::Bounded(_) => whole.add_buckets(first),
        }
        Ok(whole)
    }

    fn add(&mut self, part: &Distribution) -> Result<(), MergeError> {
        self.samples = self.samples.checked_add(part.known_samples()?).ok_or(MergeError::TooMany)?;
        self.least = self.least.zip(part.least).map(|(a, b)| a.min(b));
        self.most = self.most.zip(part.most).map(|(a, b)| a.max(b));
        self.sum = self.sum.zip(part.sum).map(|(a, b)| a + b);
        if let (Some((whole, tick)), Form::Recorded { histogram, tick: other }) = (&mut self.recorded, &part.form)
            && *tick == *other
        {
            // The finer histogram takes in the coarser one, so that no digit is lost.
            if histogram.sigfig() > whole.sigfig() {
                let coarse = std::mem::replace(whole, histogram.clone());
                return Histogram::add(whole, &coarse).map_err(|_| MergeError::TooMany);
            }
            return Histogram::add(whole, histogram).map_err(|_| MergeError::TooMany);
        }
        self.add_buckets(part);
        Ok(())
    }

    fn add_buckets(&mut self, part: &Distribution) {
        let per_weight = part.weight_per_sample();
        part.for_each_bucket(|bucket| self.buckets.push(Bucket { weight: bucket.weight * per_weight, ..bucket }));
        if self.buckets.len() > self.coalesce_at {
            self.buckets = Bounds::new(std::mem::take(&mut self.buckets), Vec::new()).buckets().to_vec();
            self.coalesce_at = self.coalesce_at.max(self.buckets.len() * 2);
        }
    }

    fn finish(mut self) -> Distribution {
        let form = match self.recorded.take() {
            Some((histogram, tick)) if self.buckets.is_empty() => Form::Recorded { histogram, tick },
            recorded => {
                if let Some((histogram, tick)) = recorded {
                    let samples = Some(histogram.len());
                    let form = Form::Recorded { histogram, tick };
                    self.add_buckets(&Distribution { form, samples, least: None, most: None, sum: None });
                }
                Form::Bounded(Bounds::new(self.buckets, Vec::new()))
            }
        };
        Distribution { form, samples: Some(self.samples), least: self.least, most: self.most, sum: self.sum }
    }
}
