//! Percentile spectra as HdrHistogram prints them: value, percentile, and how many samples lie up to there.

use crate::measurement::{Bucket, Distribution, DistributionError, Stated};
use crate::units::Seconds;

/// Most rows; a spectrum of five ticks per half distance has a few hundred.
const MOST_ROWS: usize = 1 << 20;
/// Printed values are the largest of those that three significant digits cannot tell apart.
const DIGITS: f64 = 1.0 / 1024.0;
/// Printed percentiles are rounded to six decimals.
const PERCENTILE_ROUNDING: f64 = 5e-7;

/// One row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Row {
    pub value: f64,
    /// Half of the last printed digit of the value.
    pub resolution: f64,
    /// As a fraction.
    pub percentile: f64,
    /// Samples up to the value.
    pub total: f64,
}

/// A spectrum under construction.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Spectrum {
    rows: Vec<Row>,
    /// Seconds per unit of the values.
    unit: f64,
}

impl Spectrum {
    pub fn new(unit: f64) -> Self {
        Self { rows: Vec::new(), unit }
    }

    /// Adds a row; the error says what is wrong with it.
    pub fn push(&mut self, row: Row) -> Result<(), String> {
        if !(row.value >= 0.0 && row.value.is_finite()) {
            return Err(format!("a value of {}", row.value));
        }
        if !(0.0..=1.0).contains(&row.percentile) {
            return Err(format!("a percentile of {}", row.percentile));
        }
        let exact = row.total >= 1.0 && row.total <= 9_007_199_254_740_992.0;
        if !exact || row.total.fract() != 0.0 {
            return Err(format!("a count of {}", row.total));
        }
        if let Some(last) = self.rows.last() {
            let falls = |now: f64, before: f64| now < before;
            if falls(row.value, last.value) || falls(row.percentile, last.percentile) || falls(row.total, last.total) {
                return Err(format!(
                    "{} at {} with {} samples after {} at {} with {}",
                    row.value, row.percentile, row.total, last.value, last.percentile, last.total
                ));
            }
        }
        if self.rows.len() >= MOST_ROWS {
            return Err(format!("more than {MOST_ROWS} rows"));
        }
        self.rows.push(row);
        Ok(())
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows as percentiles, to be compared with the distribution.
    pub fn stated(&self) -> Vec<Stated> {
        let stated =
            |row: &Row| super::value::stated(row.percentile * 100.0, row.value * self.unit, row.resolution * self.unit);
        self.rows.iter().filter_map(stated).collect()
    }

    /// How far it goes: 1 for a whole one.
    pub fn reaches(&self) -> f64 {
        self.rows.last().map_or(0.0, |row| row.percentile)
    }

    /// The same with a last row for the largest sample, where it ends before.
    pub fn closed(mut self, samples: u64, most: f64) -> Self {
        let last = self.rows.last().copied();
        if last.is_none_or(|row| row.total < samples as f64 && row.value <= most / self.unit) {
            let value = most / self.unit;
            self.rows.push(Row { value, resolution: 0.0, percentile: 1.0, total: samples as f64 });
        }
        self
    }

    /// The distribution: between the counts of two rows samples lie between their values, and the
    /// ranks from a row's percentile up to its count lie at its value.
    pub fn finish(self) -> Result<Distribution, DistributionError> {
        let stated = self.stated();
        let samples = self.rows.last().map_or(0.0, |row| row.total);
        let mut buckets = Vec::with_capacity(self.rows.len() * 2);
        let mut bucket = |lower: f64, upper: f64, weight: f64| {
            let (lower, upper) = (Seconds::new(lower * self.unit), Seconds::new(upper * self.unit));
            buckets.push(Bucket { lower, upper, weight });
        };
        let (mut below, mut counted) = (0.0_f64, 0.0_f64);
        for row in &self.rows {
            if row.total > counted {
                let at_value = (row.value * (1.0 - DIGITS) - row.resolution).max(below);
                let upper = row.value + row.resolution;
                let first = ((row.percentile + PERCENTILE_ROUNDING) * samples).ceil().clamp(counted + 1.0, row.total);
                bucket(below, upper, first - 1.0 - counted);
                bucket(at_value, upper, row.total - first + 1.0);
                counted = row.total;
            }
            below = (row.value - row.resolution).max(below);
        }
        Ok(Distribution::from_buckets(buckets, Some(samples as u64))?.with_stated(&stated))
    }
}
