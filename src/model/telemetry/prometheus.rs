//! Memory and disk of a Prometheus server.
//!
//! **Law.** Series of the last hours are in memory, those of pods that are gone among them; samples go to disk.
//!
//! `M = m_0 + S·(1 + r·W/24 h)·m_s + (S/I)·W·m_x`, `D = (S/I)·b·R`
//!
//! with `S` active series, `r` the share of pods replaced in a day, `W` the time that the head reaches back, `I` the
//! time between two scrapes, `b` bytes of a sample on disk, its index included, and `R` the retention.
//!
//! **Source.** Memory and disk of Prometheus' storage measured with series labelled as Istio labels them; Prometheus
//! documentation, "Storage"; robustperception.io, "How much RAM does Prometheus 2.x need"; prometheus/prometheus
//! issue 4553; Grafana Mimir, "Planning capacity".
//!
//! **Assumptions.** Queries, recording rules and remote write come on top. Only series of the mesh are counted: what
//! else the server scrapes adds to it.

use super::super::sum::{IN_BYTES_PER_SECOND, IN_MIB, total};
use super::super::{Coefficient, CoefficientError, CoefficientSet, Measure, bounded};
use super::scaled::{Scaled, sum_of};
use crate::estimate::{Basis, Estimate, Term};
use crate::units::{DataRate, Memory, Rate, Seconds, Series};

/// The law with its coefficients.
#[derive(Debug, Clone, PartialEq)]
pub struct Prometheus {
    base: Coefficient,
    per_series: Coefficient,
    per_sample: Coefficient,
    head: Coefficient,
    disk_per_sample: Coefficient,
}

/// What a server keeps.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// Series that get samples.
    pub series: Estimate<Series>,
    /// Samples per second.
    pub samples: Estimate<Rate>,
    /// How often a day each pod is replaced, on average; at least 0.
    pub replaced_per_day: f64,
}

impl Prometheus {
    /// The law from the coefficients of a card.
    ///
    /// # Errors
    /// [`CoefficientError`] when one is missing, unknown, in another unit or out of its domain.
    pub fn new(mut card: CoefficientSet) -> Result<Self, CoefficientError> {
        let law = Self {
            base: card.take("base", Measure::Memory, "")?,
            per_series: card.take("per_series", Measure::Memory, "per series")?,
            per_sample: card.take("per_sample", Measure::Memory, "per sample")?,
            head: card.take("head", Measure::Time, "")?,
            disk_per_sample: card.take("disk_per_sample", Measure::Memory, "per sample")?,
        };
        card.finish()?;
        Ok(law)
    }

    /// Its coefficients, in the order of the formula.
    #[must_use]
    pub fn coefficients(&self) -> [&Coefficient; 5] {
        [&self.base, &self.per_series, &self.per_sample, &self.head, &self.disk_per_sample]
    }

    /// Series in memory: those that get samples, and those of pods replaced since the head began.
    #[must_use]
    pub fn head_series(&self, kept: &Kept) -> Estimate<Series> {
        let series = &kept.series;
        let replaced = |head: f64| bounded(kept.replaced_per_day) * Seconds::new(head).as_days();
        let terms = vec![
            Term::new("series that get samples", series.value.count(), 1.0, "series"),
            Term::new("series of pods replaced meanwhile", series.value.count(), replaced(self.head.value), "series"),
        ];
        let value = total(&terms);
        let at = |count: Series, head: f64| Series::new(count.count() * (1.0 + replaced(head)));
        let assumptions = vec![format!(
            "the head reaches {:.1} hours back; each pod is replaced {} times a day",
            self.head.value / Seconds::from_hours(1.0).as_seconds(),
            kept.replaced_per_day
        )];
        let basis = Basis { law: "series in the head".to_owned(), terms, assumptions };
        // Ends together: more churn is met by a longer head.
        let (lower, upper) = (at(series.lower, self.head.lower), at(series.upper, self.head.upper));
        Estimate::new(lower, Series::new(value), upper, basis)
    }

    /// Memory of the server.
    #[must_use]
    pub fn memory(&self, kept: &Kept) -> Estimate<Memory> {
        let head = self.head_series(kept);
        let [series, samples] = self.parts(kept, &head);
        let parts = [Scaled::one("base", &self.base), series, samples];
        sum_of("Prometheus memory", &parts, IN_MIB, vec!["queries and rules come on top".to_owned()])
    }

    /// What series add to the memory of a server that runs anyway.
    #[must_use]
    pub fn added_memory(&self, kept: &Kept) -> Estimate<Memory> {
        let head = self.head_series(kept);
        sum_of("Prometheus memory of series", &self.parts(kept, &head), IN_MIB, Vec::new())
    }

    fn parts(&self, kept: &Kept, head: &Estimate<Series>) -> [Scaled<'_>; 2] {
        [
            Scaled::of("thousand series in the head", head, 1.0, &self.per_series).shown_per(1e3),
            Scaled::of("million samples in the head", &kept.samples, self.head.value, &self.per_sample).shown_per(1e6),
        ]
    }

    /// Bytes written to disk for good, per second.
    #[must_use]
    pub fn disk(&self, kept: &Kept) -> Estimate<DataRate> {
        let parts = [Scaled::of("samples per second", &kept.samples, 1.0, &self.disk_per_sample)];
        sum_of("Prometheus disk", &parts, IN_BYTES_PER_SECOND, Vec::new())
    }
}
