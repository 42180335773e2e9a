//! What reading metrics from a proxy costs.
//!
//! **Law.** Every scrape writes every series as a line of text: `D = (S_i·b_i + S_o·b_o) / I` bytes a second and
//! `U = S·u / I` cores, with `S_i` series of Istio's standard metrics, whose labels make them long, `S_o` all others,
//! and `I` the time between two scrapes.
//!
//! **Source.** A whole scrape of an Istio 1.14.3 sidecar (120,992 bytes); CPU of Envoy 1.40 answering
//! `/stats/prometheus` with 300 to 170,300 series.
//!
//! **Assumptions.** One Prometheus server reads; two of them cost twice as much. CPU of the agent that passes the
//! text on is within the interval.

use super::super::sum::{IN_BYTES_PER_SECOND, IN_CORES};
use super::super::{Coefficient, CoefficientError, CoefficientSet, Measure};
use super::scaled::{Scaled, sum_of};
use crate::estimate::{Estimate, Term};
use crate::units::{Cores, DataRate, Rate, Seconds, Series};

/// The law with its coefficients.
#[derive(Debug, Clone, PartialEq)]
pub struct Scrape {
    standard_line: Coefficient,
    other_line: Coefficient,
    cpu: Coefficient,
}

/// What is read.
#[derive(Debug, Clone, PartialEq)]
pub struct Scraped {
    /// Series that are Istio's standard metrics.
    pub standard: Estimate<Series>,
    /// All other series.
    pub other: Estimate<Series>,
    /// Time between two scrapes; above 0.
    pub interval: Seconds,
}

impl Scrape {
    /// The law from the coefficients of a card.
    ///
    /// # Errors
    /// [`CoefficientError`] when one is missing, unknown, in another unit or out of its domain.
    pub fn new(mut card: CoefficientSet) -> Result<Self, CoefficientError> {
        let law = Self {
            standard_line: card.take("standard_line", Measure::Memory, "per series")?,
            other_line: card.take("other_line", Measure::Memory, "per series")?,
            cpu: card.take("cpu", Measure::Time, "per series")?,
        };
        card.finish()?;
        Ok(law)
    }

    /// Its coefficients, in the order of the formula.
    #[must_use]
    pub fn coefficients(&self) -> [&Coefficient; 3] {
        [&self.standard_line, &self.other_line, &self.cpu]
    }

    /// Samples per second: each series gives one with every scrape.
    #[must_use]
    pub fn samples(&self, series: &Estimate<Series>, interval: Seconds) -> Estimate<Rate> {
        let scrapes = per_second(interval);
        let rate = |end: Series| Rate::per_second(end.count() * scrapes);
        let mut basis = series.basis.clone();
        basis.law = "samples".to_owned();
        basis.terms = vec![Term::new("series", series.value.count(), scrapes, "per second")];
        Estimate::new(rate(series.lower), rate(series.value), rate(series.upper), basis)
    }

    /// Bytes per second on the network.
    #[must_use]
    pub fn traffic(&self, scraped: &Scraped) -> Estimate<DataRate> {
        let scrapes = per_second(scraped.interval);
        let parts = [
            Scaled::of("standard metrics per second", &scraped.standard, scrapes, &self.standard_line),
            Scaled::of("other series per second", &scraped.other, scrapes, &self.other_line),
        ];
        sum_of("scrape traffic", &parts, IN_BYTES_PER_SECOND, vec!["one Prometheus server reads".to_owned()])
    }

    /// CPU of the proxies that answer.
    #[must_use]
    pub fn cpu(&self, series: &Estimate<Series>, interval: Seconds) -> Estimate<Cores> {
        let parts = [Scaled::of("thousand series per second", series, per_second(interval), &self.cpu).shown_per(1e3)];
        sum_of("scrape CPU", &parts, IN_CORES, vec!["one Prometheus server reads".to_owned()])
    }
}

/// Scrapes per second; none where the interval is no time at all.
fn per_second(interval: Seconds) -> f64 {
    let seconds = interval.as_seconds();
    if seconds > 0.0 { 1.0 / seconds } else { 0.0 }
}
