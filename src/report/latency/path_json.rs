//! Call paths in the report for machines.

use serde::Serialize;

use super::ComposedPath;
use super::json::{Estimate, PerQuantile, seconds};
use crate::composition::{self, CountEstimate, Part};
use crate::report::json::Number;

/// A call path composed of its parts.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Path<'a> {
    /// Where the call graph comes from.
    name: &'a str,
    /// The service that answers.
    root: &'a str,
    /// Quantiles of the answered requests, in seconds; `null` where none is answered.
    quantiles: Option<PerQuantile<PathQuantile>>,
    /// Mean of the answered requests, in seconds; `null` where none is answered.
    mean: Option<PathQuantile>,
    /// Share of requests that are not answered, in [0, 1].
    failed: Count,
    /// What the source of the graph measured of the same requests; `null` where it did not.
    measured: Option<PerQuantile<Estimate>>,
    /// The services, by what they cost at p99.
    services: Vec<Service<'a>>,
}

/// A figure of a path.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct PathQuantile {
    /// With parts that are slow each by itself.
    independent: Estimate,
    /// With parts that are slow together.
    comonotone: Estimate,
    /// Spans both; its value is the independent one.
    interval: Estimate,
}

/// A number with its bounds.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Count {
    /// No less than this.
    lower: Number,
    /// The best single figure.
    value: Number,
    /// No more than this.
    upper: Number,
}

/// A service of a path.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Service<'a> {
    /// Its name.
    name: &'a str,
    /// Calls of it per request, retries included.
    calls: Count,
    /// Mean of its own time, in seconds; `null` where it never ends.
    own_mean: Option<Number>,
    /// By how much the path gets faster if its own time were nothing, in seconds; `null` where not computed.
    saves: Option<Saving>,
}

/// What a service saves.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Saving {
    /// Of the mean.
    mean: Number,
    /// At the median.
    p50: Number,
    /// At 99 %.
    p99: Number,
}

impl<'a> From<&'a ComposedPath> for Path<'a> {
    fn from(composed: &'a ComposedPath) -> Self {
        let path = &composed.path;
        let failed = path.response.failed();
        let quantiles = path.response.quantiles().map(|quantiles| {
            let [p50, p90, p99, p999] = quantiles.map(PathQuantile::from);
            PerQuantile { p50, p90, p99, p999 }
        });
        let measured = composed.measured.as_ref();
        Self {
            name: &path.name,
            root: &path.root,
            quantiles,
            mean: path.response.mean().map(PathQuantile::from),
            failed: Count {
                lower: Number::new(failed.lower.get()),
                value: Number::new(failed.value.get()),
                upper: Number::new(failed.upper.get()),
            },
            measured: measured.map(|one| PerQuantile::of(|quantile| one.interval(quantile, super::CONFIDENCE).into())),
            services: path.parts.iter().map(Service::from).collect(),
        }
    }
}

impl From<composition::PathQuantile> for PathQuantile {
    fn from(found: composition::PathQuantile) -> Self {
        Self {
            independent: found.independent.into(),
            comonotone: found.comonotone.into(),
            interval: found.interval.into(),
        }
    }
}

impl From<CountEstimate> for Count {
    fn from(count: CountEstimate) -> Self {
        Self { lower: Number::new(count.lower), value: Number::new(count.value), upper: Number::new(count.upper) }
    }
}

impl<'a> From<&'a Part> for Service<'a> {
    fn from(part: &'a Part) -> Self {
        Self {
            name: &part.service,
            calls: part.calls.into(),
            own_mean: part.own_mean.map(seconds),
            saves: part.saves.map(|saves| Saving {
                mean: seconds(saves.mean),
                p50: seconds(saves.p50),
                p99: seconds(saves.p99),
            }),
        }
    }
}
