//! A call graph written by hand, as TOML.
//!
//! ```toml
//! root = "web"                       # optional where one service is called by none
//!
//! [services.web]
//! constant = "0.5ms"                 # its own time: this, or a file, or percentiles
//! calls = [
//!   { to = "cart", retries = { count = 2, per_try = "100ms", backoff = "25ms", jitter = true } },
//!   { to = "ads", parallel = "page", probability = 0.3, timeout = "50ms", optional = true },
//!   { to = "stock", parallel = "page", times = 2 },
//! ]
//!
//! [services.cart]
//! file = "cart.fortio.json"          # any measurement, relative to this file
//! measurement = "to shop/cart"       # which one, where there are several; else they are merged
//! includes_callees = false           # needed where a measured service makes calls
//!
//! [services.ads]
//! p50 = "3ms"
//! p99 = "9ms"
//! shape = "log-normal"               # optional; without it only what the percentiles say is used
//!
//! [services.stock]
//! p50 = "2ms"
//! p99 = "8ms"
//! max = "40ms"
//! ```
//!
//! Calls are made in order; those next to each other with the same `parallel` are made at the same time.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use statrs::distribution::{ContinuousCDF, LogNormal, Normal};

use super::super::latency::text::duration;
use super::super::latency::{LatencyReading, read_latency};
use super::super::{Input, InputError};
use super::known::together;
use super::{Context, PathReading, no_graph};
use crate::composition::{Backoff, Call, CallGraph, Retry, Service, Spread, Step};
use crate::finding::Finding;
use crate::measurement::{Distribution, Measurement, Stated};
use crate::units::{Quantile, Seconds, Share};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    root: Option<String>,
    services: BTreeMap<String, WrittenService>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenService {
    file: Option<String>,
    measurement: Option<String>,
    includes_callees: Option<bool>,
    constant: Option<String>,
    p50: Option<String>,
    p75: Option<String>,
    p90: Option<String>,
    p95: Option<String>,
    p99: Option<String>,
    #[serde(alias = "p99_9")]
    p999: Option<String>,
    max: Option<String>,
    shape: Option<Shape>,
    #[serde(default)]
    calls: Vec<WrittenCall>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum Shape {
    LogNormal,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCall {
    to: String,
    parallel: Option<String>,
    probability: Option<f64>,
    times: Option<f64>,
    fan_out: Option<u32>,
    retries: Option<WrittenRetries>,
    timeout: Option<String>,
    #[serde(default)]
    optional: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRetries {
    count: u32,
    per_try: Option<String>,
    backoff: Option<String>,
    factor: Option<f64>,
    most: Option<String>,
    #[serde(default)]
    jitter: bool,
    #[serde(default)]
    failing: f64,
}

pub(super) fn read(context: &Context<'_>, text: &str) -> Result<PathReading, InputError> {
    let written: Written = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(0, |span| text.get(..span.start).unwrap_or_default().matches('\n').count() + 1);
        let place = if line > 0 { format!("{}:{line}", context.name) } else { context.name.to_owned() };
        InputError::new(place, error.message(), super::EXPECTED, "see data/latency/checkout.toml for an example")
    })?;
    let mut findings = Vec::new();
    let mut services = BTreeMap::new();
    for (name, service) in &written.services {
        let reader = Reader { context, service: name };
        services.insert(name.clone(), reader.service(service, &mut findings)?);
    }
    let root = match &written.root {
        Some(root) => root.clone(),
        None => only_root(context, &services)?,
    };
    let graph = CallGraph::new(root, services).map_err(|error| no_graph(context, &error))?;
    Ok(PathReading { name: context.name.to_owned(), graph, measured: None, findings })
}

/// The one service that none calls.
fn only_root(context: &Context<'_>, services: &BTreeMap<String, Service>) -> Result<String, InputError> {
    let called: BTreeSet<&str> = services.values().flat_map(Service::calls).map(|call| call.to.as_str()).collect();
    let roots: Vec<&str> = services.keys().map(String::as_str).filter(|name| !called.contains(name)).collect();
    match &*roots {
        [only] => Ok((*only).to_owned()),
        [] => Err(InputError::new(context.name, "no service that none calls", "a root", "add root = \"…\"")),
        several => {
            let names = several.iter().take(5).copied().collect::<Vec<_>>().join(", ");
            let found = format!("{} services that none calls ({names})", several.len());
            Err(InputError::new(context.name, found, "one root", "add root = \"…\" at the top"))
        }
    }
}

/// Reads one service; errors name it.
struct Reader<'a> {
    context: &'a Context<'a>,
    service: &'a str,
}

impl Reader<'_> {
    fn error(&self, found: impl Into<String>, expected: &str, remedy: &str) -> InputError {
        InputError::new(format!("{}, service {}", self.context.name, self.service), found, expected, remedy)
    }

    fn service(&self, written: &WrittenService, findings: &mut Vec<Finding>) -> Result<Service, InputError> {
        let time = self.time(written, findings)?;
        let is_measured = written.constant.is_none();
        if written.includes_callees.is_none() && is_measured && !written.calls.is_empty() {
            let remedy = "add includes_callees = true where the time was measured at the server, calls included, or false where it is the \
                          service's own";
            return Err(self.error("a measured time and calls", "includes_callees", remedy));
        }
        let mut steps: Vec<(Option<&str>, Step)> = Vec::new();
        for call in &written.calls {
            let group = call.parallel.as_deref();
            let read = self.call(call)?;
            match steps.last_mut() {
                Some((known, step)) if group.is_some() && *known == group => step.calls.push(read),
                _ => steps.push((group, Step { calls: vec![read] })),
            }
        }
        let steps = steps.into_iter().map(|(_, step)| step).collect();
        Ok(Service { time, includes_callees: written.includes_callees.unwrap_or(false), steps })
    }

    fn time(&self, written: &WrittenService, findings: &mut Vec<Finding>) -> Result<Spread, InputError> {
        let percentiles = self.percentiles(written)?;
        let most = written.max.as_deref().map(|text| self.duration("max", text)).transpose()?;
        match (&written.file, &written.constant, &*percentiles) {
            (Some(file), None, []) => self.measured(file, written.measurement.as_deref(), findings),
            (None, Some(constant), []) => self.constant(constant),
            (None, None, [_, ..]) => self.stated(&percentiles, most, written.shape),
            (None, None, []) => self.context.known.of(self.context.name, self.service, findings),
            _ => Err(self.error("several kinds of time", "one of file, constant or percentiles", "leave one of them")),
        }
    }

    fn constant(&self, text: &str) -> Result<Spread, InputError> {
        let duration = self.duration("constant", text)?;
        Spread::constant(duration).map_err(|error| self.error(error.to_string(), "a duration", "correct it"))
    }

    fn measured(&self, file: &str, wanted: Option<&str>, findings: &mut Vec<Finding>) -> Result<Spread, InputError> {
        let input = Input::Path(self.context.folder.join(file));
        let LatencyReading { measurements, findings: noticed } = read_latency(&[input], self.context.options)?;
        findings.extend(noticed);
        let own: Vec<Measurement> = match wanted {
            None => measurements,
            Some(wanted) => {
                let names: Vec<String> = measurements.iter().map(|one| one.name.clone()).collect();
                let own: Vec<Measurement> = measurements.into_iter().filter(|one| one.name.contains(wanted)).collect();
                if own.is_empty() {
                    let found = format!("{wanted:?} in none of {}", names.join(", "));
                    return Err(self.error(found, "part of the name of a measurement", "name one of them"));
                }
                own
            }
        };
        if own.is_empty() {
            return Err(self.error(
                format!("no samples in {file}"),
                "a measurement",
                "look at the log of the load test",
            ));
        }
        together(self.context.name, self.service, &own, findings).map(|distribution| Spread::of(&distribution))
    }

    fn percentiles(&self, written: &WrittenService) -> Result<Vec<Stated>, InputError> {
        let known = [
            ("p50", 0.5, &written.p50),
            ("p75", 0.75, &written.p75),
            ("p90", 0.9, &written.p90),
            ("p95", 0.95, &written.p95),
            ("p99", 0.99, &written.p99),
            ("p999", 0.999, &written.p999),
        ];
        let mut stated = Vec::new();
        for (name, quantile, text) in known {
            let Some(text) = text else { continue };
            let value = self.duration(name, text)?;
            let quantile = Quantile::new(quantile).unwrap_or(Quantile::ZERO);
            stated.push(Stated { quantile, value, resolution: Seconds::ZERO });
        }
        Ok(stated)
    }

    fn stated(&self, stated: &[Stated], most: Option<Seconds>, shape: Option<Shape>) -> Result<Spread, InputError> {
        let Some(Shape::LogNormal) = shape else {
            let distribution = Distribution::from_percentiles(stated, None, most, None);
            let distribution =
                distribution.map_err(|error| self.error(error.to_string(), "percentiles that rise", "correct them"))?;
            return Ok(Spread::of(&distribution));
        };
        let law = match (stated, most) {
            (&[low, high], None) => lognormal(low, high),
            _ => None,
        };
        let law = law.ok_or_else(|| {
            let remedy = "give p50 and p99, or leave out the shape";
            self.error("percentiles that fit no log-normal", "two percentiles above zero that rise, and no max", remedy)
        })?;
        Ok(Spread::from_tail(|time| law.sf(time.as_seconds())))
    }

    fn call(&self, written: &WrittenCall) -> Result<Call, InputError> {
        let share = |name: &str, number: f64| {
            Share::new(number).map_err(|error| {
                self.error(format!("{name} of a call to {}: {error}", written.to), "a share", "give 0.25 for 25 %")
            })
        };
        let optional =
            |name: &str, text: &Option<String>| text.as_deref().map(|text| self.duration(name, text)).transpose();
        let retry = match &written.retries {
            None => None,
            Some(retries) => {
                let base = optional("backoff", &retries.backoff)?;
                let most = optional("most", &retries.most)?;
                // Without end: far longer than any response.
                let longest = Seconds::from_hours(24.0);
                let backoff = match (base, retries.jitter, retries.factor) {
                    (None, _, _) => Backoff::None,
                    (Some(base), true, _) => Backoff::Jittered { base, most: most.unwrap_or(base * 10.0) },
                    (Some(base), false, None) => Backoff::Fixed(base),
                    (Some(first), false, Some(factor)) => {
                        Backoff::Exponential { first, factor, most: most.unwrap_or(longest) }
                    }
                };
                Some(Retry {
                    attempts: retries.count.saturating_add(1),
                    per_try: optional("per_try", &retries.per_try)?,
                    backoff,
                    failing: share("failing", retries.failing)?,
                })
            }
        };
        Ok(Call {
            to: written.to.clone(),
            chance: share("probability", written.probability.unwrap_or(1.0))?,
            times: written.times.unwrap_or(1.0),
            fan_out: written.fan_out.unwrap_or(1),
            retry,
            timeout: optional("timeout", &written.timeout)?,
            optional: written.optional,
        })
    }

    fn duration(&self, field: &str, text: &str) -> Result<Seconds, InputError> {
        let amount = duration(text).map(|amount| Seconds::new(amount.seconds));
        amount.ok_or_else(|| {
            self.error(format!("{field} = {text:?}"), "a duration with its unit", "write it as \"3ms\" or \"1.5s\"")
        })
    }
}

/// The log-normal through two quantiles.
fn lognormal(low: Stated, high: Stated) -> Option<LogNormal> {
    let normal = Normal::new(0.0, 1.0).ok()?;
    let z = |stated: Stated| normal.inverse_cdf(stated.quantile.get());
    let log = |stated: Stated| stated.value.as_seconds().ln();
    let shape = (log(high) - log(low)) / (z(high) - z(low));
    LogNormal::new(log(low) - shape * z(low), shape).ok()
}
