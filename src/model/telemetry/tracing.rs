//! Spans of proxies.
//!
//! **Law.** Each passage of a traced request through a proxy makes a span, at a gateway or waypoint one or two:
//! `N = q · s · n` spans and `N · b` bytes a second, with `q` requests, `s` the share traced.
//!
//! **Source.** Envoy "Tracing": a sidecar makes one span for a request it takes or sends on; istio/istio pull
//! requests 55676 and 57572: gateways make a second span from Istio 1.28 on. Bytes: a span of Bookinfo with the tags
//! Envoy and Istio write, as Zipkin JSON and as OTLP.
//!
//! **Assumptions.** What is traced is decided once for a trace, where it begins; a proxy's own sampling stands for
//! it. ztunnel makes no spans. Spans that applications make themselves are not counted.

use super::super::sum::{IN_BYTES_PER_SECOND, PER_SECOND};
use super::super::{Coefficient, CoefficientError, CoefficientSet, Measure, bounded};
use super::scaled::{Scaled, sum_of};
use crate::estimate::Estimate;
use crate::units::{DataRate, Rate, Share};

/// The law with its coefficients.
#[derive(Debug, Clone, PartialEq)]
pub struct Tracing {
    per_request: Coefficient,
    per_gateway_request: Coefficient,
    span: Coefficient,
}

impl Tracing {
    /// The law from the coefficients of a card.
    ///
    /// # Errors
    /// [`CoefficientError`] when one is missing, unknown, in another unit or out of its domain.
    pub fn new(mut card: CoefficientSet) -> Result<Self, CoefficientError> {
        let law = Self {
            per_request: card.take("per_request", Measure::Ratio, "")?,
            per_gateway_request: card.take("per_gateway_request", Measure::Ratio, "")?,
            span: card.take("span", Measure::Memory, "per span")?,
        };
        card.finish()?;
        Ok(law)
    }

    /// Its coefficients, in the order of the formula.
    #[must_use]
    pub fn coefficients(&self) -> [&Coefficient; 3] {
        [&self.per_request, &self.per_gateway_request, &self.span]
    }

    /// Spans per second of proxies through which `rate` passes.
    #[must_use]
    pub fn spans(&self, rate: Rate, sampling: Share, gateway: bool) -> Estimate<Rate> {
        let coefficient = if gateway { &self.per_gateway_request } else { &self.per_request };
        let traced = bounded(rate.as_per_second()) * sampling.get();
        let parts = [Scaled::counted("requests traced per second", [traced; 3], coefficient)];
        sum_of("spans", &parts, PER_SECOND, vec!["what is traced is decided where a trace begins".to_owned()])
    }

    /// Bytes per second that spans are on the wire.
    #[must_use]
    pub fn traffic(&self, spans: &Estimate<Rate>) -> Estimate<DataRate> {
        let parts = [Scaled::of("spans per second", spans, 1.0, &self.span)];
        sum_of("span traffic", &parts, IN_BYTES_PER_SECOND, Vec::new())
    }
}
