//! Answers of the Prometheus HTTP API to a range query, as measured demand.
//!
//! Istio's `istio_requests_total` tells what workloads receive and send, cAdvisor's counters and gauges what containers
//! use: `container_cpu_usage_seconds_total`, `container_memory_working_set_bytes`, and of the proxy
//! `container_cpu_cfs_throttled_periods_total` with `container_cpu_cfs_periods_total`. Counters become rates between two
//! readings; one that falls was restarted, and counts from nothing. Requests are reported by both proxies: those
//! received are taken from the server's where it reports, those sent from the client's.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::sync::Arc;

use serde::Deserialize;

use super::error::{InputError, Trouble};
use super::notes::SERIES_NOT_READ;
use super::session::{Session, Tally};
use super::wire::Decoded;
use crate::finding::Finding;
use crate::inventory::PROXY_CONTAINER;
use crate::inventory::objects::{MeasuredSeries, Object, Point, Quantity};
use crate::units::Seconds;

const REQUESTS: &str = "istio_requests_total";
const CPU: &str = "container_cpu_usage_seconds_total";
const MEMORY: &str = "container_memory_working_set_bytes";
const THROTTLED: &str = "container_cpu_cfs_throttled_periods_total";
const PERIODS: &str = "container_cpu_cfs_periods_total";
/// What a file of another kind is told.
const EXPECTED: &str = "an answer of the Prometheus API without a series of istio_requests_total, \
                        container_cpu_usage_seconds_total, container_memory_working_set_bytes or \
                        container_cpu_cfs_throttled_periods_total";

/// Whether the beginning of a JSON text is such an answer.
pub(super) fn recognise(text: &str) -> bool {
    text.contains("\"resultType\"") && text.contains("\"data\"")
}

/// Reads an answer.
///
/// # Errors
/// [`Trouble`] when it is broken, too large, or measures nothing of a workload.
pub(super) fn read(
    session: &mut Session<'_>,
    source: &Arc<str>,
    reader: impl Read,
    tally: &mut Tally,
) -> Result<(), Trouble> {
    let bytes = super::table::whole(session, source, reader)?;
    let answer: Answer<'_> = serde_json::from_slice(&bytes).map_err(|error| {
        let found = format!("broken JSON ({error})");
        InputError::new(&**source, found, "an answer of the Prometheus API", "fetch the answer again")
    })?;
    let mut sums = Sums::default();
    let mut others: BTreeMap<String, u64> = BTreeMap::new();
    let nameless_falls = answer.data.result.iter().any(|series| series.label("__name__").is_none() && series.falls());
    for series in &answer.data.result {
        session.count_points(source, series.values.len() as u64)?;
        if let Err(name) = sums.take(series, nameless_falls) {
            *others.entry(name).or_default() += 1;
        }
    }
    let all = sums.into_series();
    if all.is_empty() {
        return Err(Trouble::NoInventory(EXPECTED.to_owned()));
    }
    tally.recognised += 1;
    if !others.is_empty() {
        let names: Vec<String> = others.iter().take(5).map(|(name, count)| format!("{count} of {name}")).collect();
        let count = others.values().sum();
        let message = format!("series that measure nothing known of a workload: {}", names.join(", "));
        session.notes.push(Finding::new(&SERIES_NOT_READ, &**source, message).counted(count));
    }
    for series in all {
        session.accept(Decoded { object: Object::Series(series), oddities: Vec::new() }, source, String::new)?;
    }
    session.report();
    Ok(())
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    result: Vec<Series<'a>>,
}

#[derive(Deserialize)]
struct Series<'a> {
    #[serde(borrow, default)]
    metric: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    #[serde(default)]
    values: Vec<Sample>,
    /// Of an answer for one moment.
    #[serde(default)]
    value: Option<Sample>,
}

/// Seconds since 1970, and the value as text.
#[derive(Deserialize, Clone, Copy)]
#[serde(from = "(f64, Number)")]
struct Sample {
    at: f64,
    value: f64,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Text(String),
    Plain(f64),
}

impl From<(f64, Number)> for Sample {
    fn from((at, number): (f64, Number)) -> Self {
        let value = match number {
            Number::Text(text) => text.parse().unwrap_or(f64::NAN),
            Number::Plain(number) => number,
        };
        Self { at, value }
    }
}

impl Series<'_> {
    /// A label that says something.
    fn label(&self, name: &str) -> Option<&str> {
        self.metric.get(name).map(AsRef::as_ref).filter(|value| !value.is_empty() && *value != "unknown")
    }

    fn samples(&self) -> impl Iterator<Item = Sample> {
        let is_possible = |it: &Sample| it.at.is_finite() && it.value.is_finite() && it.value >= 0.0;
        self.values.iter().chain(&self.value).copied().filter(is_possible)
    }

    fn falls(&self) -> bool {
        self.values.windows(2).any(|pair| matches!(pair, [a, b] if b.value < a.value))
    }

    /// What a counter grew by from each reading to the next, with the time between them.
    fn growth(&self) -> impl Iterator<Item = (Sample, f64)> {
        let mut last: Option<Sample> = None;
        self.samples().filter_map(move |now| {
            let before = last.replace(now)?;
            let grown = if now.value < before.value { now.value } else { now.value - before.value };
            (now.at > before.at).then_some((Sample { at: now.at, value: grown }, now.at - before.at))
        })
    }

    /// Counters as rates.
    fn rates(&self) -> Vec<Sample> {
        self.growth().map(|(grown, time)| Sample { value: grown.value / time, ..grown }).collect()
    }
}

/// Namespace, then workload or pod.
type Name = (String, String);
/// Values by milliseconds since 1970.
type Values = BTreeMap<i64, f64>;

/// Samples of one thing added up.
#[derive(Default)]
struct Sums {
    /// By the workload that receives, and whether the server's proxy reports.
    received: BTreeMap<(Name, bool), Values>,
    /// By the workload that sends, and whether the client's proxy reports.
    sent: BTreeMap<(Name, bool), Values>,
    used: BTreeMap<(Name, Quantity), Values>,
    throttled: BTreeMap<Name, Values>,
    periods: BTreeMap<Name, Values>,
}

impl Sums {
    /// Takes a series in; gives back the name of one that is not read.
    fn take(&mut self, series: &Series<'_>, nameless_falls: bool) -> Result<(), String> {
        let name = series.label("__name__");
        match name {
            Some(REQUESTS) => self.requests(series, &series.rates()),
            Some(CPU | MEMORY | THROTTLED | PERIODS) => self.container(series, name.unwrap_or_default()),
            // A function takes the name away; only requests are known by their labels.
            None if nameless_falls => self.requests(series, &series.samples().collect::<Vec<Sample>>()),
            None => self.requests(series, &series.rates()),
            Some(_) => false,
        }
        .then_some(())
        .ok_or_else(|| name.unwrap_or("no name").to_owned())
    }

    fn requests(&mut self, series: &Series<'_>, rates: &[Sample]) -> bool {
        let named = |side: &str| -> Option<Name> {
            let workload = series.label(&format!("{side}_workload"))?;
            Some((series.label(&format!("{side}_workload_namespace"))?.to_owned(), workload.to_owned()))
        };
        let reporter = series.label("reporter");
        let (to, from) = (named("destination"), named("source"));
        let is_known = to.is_some() || from.is_some();
        if let Some(to) = to {
            add(self.received.entry((to, reporter != Some("source"))).or_default(), rates);
        }
        if let Some(from) = from {
            add(self.sent.entry((from, reporter != Some("destination"))).or_default(), rates);
        }
        is_known
    }

    /// What a container uses; sums over containers, which cAdvisor also gives, have no name of one.
    fn container(&mut self, series: &Series<'_>, metric: &str) -> bool {
        let (Some(namespace), Some(pod)) = (series.label("namespace"), series.label("pod")) else { return false };
        let Some(container) = series.label("container").filter(|name| *name != "POD") else { return false };
        let name = (namespace.to_owned(), pod.to_owned());
        let is_proxy = container == PROXY_CONTAINER;
        match metric {
            CPU => {
                let quantity = if is_proxy { Quantity::ProxyCpu } else { Quantity::AppCpu };
                add(self.used.entry((name, quantity)).or_default(), &series.rates());
            }
            MEMORY => {
                let quantity = if is_proxy { Quantity::ProxyMemory } else { Quantity::AppMemory };
                let samples: Vec<Sample> = series.samples().collect();
                add(self.used.entry((name, quantity)).or_default(), &samples);
            }
            // Of periods only those of the proxy are asked for.
            _ if !is_proxy => return false,
            _ => {
                let grown: Vec<Sample> = series.growth().map(|(grown, _)| grown).collect();
                let of = if metric == PERIODS { &mut self.periods } else { &mut self.throttled };
                add(of.entry(name).or_default(), &grown);
            }
        }
        true
    }

    fn into_series(self) -> Vec<MeasuredSeries> {
        let mut all = Vec::new();
        let sides = [(self.received, Quantity::InboundRps), (self.sent, Quantity::OutboundRps)];
        for (by_reporter, quantity) in sides {
            let own: BTreeSet<Name> =
                by_reporter.iter().filter(|((_, own), _)| *own).map(|((name, _), _)| name.clone()).collect();
            let reported = by_reporter.into_iter().filter(|((name, is_own), _)| *is_own || !own.contains(name));
            all.extend(reported.filter_map(|(((namespace, workload), _), values)| {
                series(&namespace, Some(&workload), None, quantity, values)
            }));
        }
        for (((namespace, pod), quantity), values) in self.used {
            all.extend(series(&namespace, None, Some(&pod), quantity, values));
        }
        for ((namespace, pod), throttled) in self.throttled {
            let periods = self.periods.get(&(namespace.clone(), pod.clone()));
            let share = |(at, value): (i64, f64)| {
                let all = periods?.get(&at).copied().filter(|all| *all > 0.0)?;
                Some((at, (value / all).min(1.0)))
            };
            let shares = throttled.into_iter().filter_map(share).collect();
            all.extend(series(&namespace, None, Some(&pod), Quantity::Throttled, shares));
        }
        all
    }
}

/// Adds samples to those of the same moment.
fn add(values: &mut Values, samples: &[Sample]) {
    for sample in samples {
        *values.entry((sample.at * 1e3).round() as i64).or_default() += sample.value;
    }
}

fn series(
    namespace: &str,
    workload: Option<&str>,
    pod: Option<&str>,
    quantity: Quantity,
    values: Values,
) -> Option<MeasuredSeries> {
    let points: Vec<Point> =
        values.into_iter().map(|(at, value)| Point { at: Seconds::from_millis(at as f64), value }).collect();
    (!points.is_empty()).then(|| MeasuredSeries {
        namespace: Some(namespace.into()),
        workload: workload.map(Into::into),
        pod: pod.map(Into::into),
        kind: None,
        quantity,
        points,
    })
}
