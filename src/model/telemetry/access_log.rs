//! Lines of access logs.
//!
//! **Law.** Each passage of a request through a proxy writes a line: `q · b` bytes a second.
//!
//! **Source.** Lines of Istio's default formats for one request, as istio.io shows them ("Envoy Access Logs"): 287
//! and 298 bytes as text, 756 and 766 as JSON, at the client and at the server.
//!
//! **Assumptions.** Paths and user agents of ordinary length. What the container runtime puts before a line (45
//! bytes) and what a log store adds in indices come on top.

use super::super::sum::IN_BYTES_PER_SECOND;
use super::super::{Coefficient, CoefficientError, CoefficientSet, Measure, bounded};
use super::scaled::{Scaled, sum_of};
use crate::estimate::Estimate;
use crate::units::{DataRate, Rate};

/// The law with its coefficients.
#[derive(Debug, Clone, PartialEq)]
pub struct AccessLog {
    text: Coefficient,
    json: Coefficient,
}

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// Istio's default text.
    #[default]
    Text,
    /// `accessLogEncoding: JSON`.
    Json,
}

impl AccessLog {
    /// The law from the coefficients of a card.
    ///
    /// # Errors
    /// [`CoefficientError`] when one is missing, unknown, in another unit or out of its domain.
    pub fn new(mut card: CoefficientSet) -> Result<Self, CoefficientError> {
        let law = Self {
            text: card.take("text", Measure::Memory, "per line")?,
            json: card.take("json", Measure::Memory, "per line")?,
        };
        card.finish()?;
        Ok(law)
    }

    /// Its coefficients.
    #[must_use]
    pub fn coefficients(&self) -> [&Coefficient; 2] {
        [&self.text, &self.json]
    }

    /// Bytes per second of proxies that write `lines` a second.
    #[must_use]
    pub fn traffic(&self, lines: Rate, format: LogFormat) -> Estimate<DataRate> {
        let coefficient = match format {
            LogFormat::Text => &self.text,
            LogFormat::Json => &self.json,
        };
        let lines = bounded(lines.as_per_second());
        let parts = [Scaled::counted("lines per second", [lines; 3], coefficient)];
        sum_of("access log", &parts, IN_BYTES_PER_SECOND, Vec::new())
    }
}
