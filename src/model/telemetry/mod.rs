//! What metrics, traces and logs of a mesh amount to: laws, one file each.
//!
//! [`ProxySeries`] counts the time series of a proxy, [`ZtunnelSeries`] those of a node proxy; [`Scrape`] says
//! what reading them costs, [`Prometheus`] what keeping them costs. [`Tracing`] and [`AccessLog`] do the same for
//! spans and lines.

mod access_log;
mod count;
mod metrics;
mod prometheus;
mod scaled;
mod scrape;
mod series;
#[cfg(test)]
mod tests;
mod tracing;
mod ztunnel;

pub use access_log::{AccessLog, LogFormat};
pub use count::Count;
pub use metrics::{Metric, Metrics};
pub use prometheus::{Kept, Prometheus};
pub use scrape::{Scrape, Scraped};
pub use series::{Family, ProxySeries, Reported, SeriesLoad};
pub use tracing::Tracing;
pub use ztunnel::{ZtunnelPeers, ZtunnelSeries};

use super::{Coefficient, CoefficientError, CoefficientSet};

/// The laws with their coefficients.
#[derive(Debug, Clone, PartialEq)]
pub struct Telemetry {
    /// Time series of an Envoy proxy.
    pub series: ProxySeries,
    /// Time series of a ztunnel.
    pub ztunnel: ZtunnelSeries,
    /// What a scrape costs.
    pub scrape: Scrape,
    /// What a Prometheus server needs.
    pub prometheus: Prometheus,
    /// Spans.
    pub tracing: Tracing,
    /// Access-log lines.
    pub access_log: AccessLog,
}

/// The sections of a card these laws are made from.
#[derive(Debug, Clone)]
pub struct TelemetrySections {
    /// Of [`ProxySeries`].
    pub series: CoefficientSet,
    /// Of [`ZtunnelSeries`].
    pub ztunnel: CoefficientSet,
    /// Of [`Scrape`].
    pub scrape: CoefficientSet,
    /// Of [`Prometheus`].
    pub prometheus: CoefficientSet,
    /// Of [`Tracing`].
    pub tracing: CoefficientSet,
    /// Of [`AccessLog`].
    pub access_log: CoefficientSet,
}

impl Telemetry {
    /// The laws from the sections of a card.
    ///
    /// # Errors
    /// [`CoefficientError`] when a coefficient is missing, unknown, in another unit or out of its domain.
    pub fn new(card: TelemetrySections) -> Result<Self, CoefficientError> {
        Ok(Self {
            series: ProxySeries::new(card.series)?,
            ztunnel: ZtunnelSeries::new(card.ztunnel)?,
            scrape: Scrape::new(card.scrape)?,
            prometheus: Prometheus::new(card.prometheus)?,
            tracing: Tracing::new(card.tracing)?,
            access_log: AccessLog::new(card.access_log)?,
        })
    }

    /// Their coefficients, law by law.
    #[must_use]
    pub fn coefficients(&self) -> Vec<&Coefficient> {
        let mut all = self.series.coefficients().to_vec();
        all.extend(self.ztunnel.coefficients());
        all.extend(self.scrape.coefficients());
        all.extend(self.prometheus.coefficients());
        all.extend(self.tracing.coefficients());
        all.extend(self.access_log.coefficients());
        all
    }
}
