//! Istio's metrics: calls between workloads from `istio_requests_total`, or else from the counts of
//! `istio_request_duration_milliseconds`, and their response times.
//!
//! Both proxies report every request. Calls and times are those of the server's proxy where it reports, else
//! of the client's. A server's request durations include the calls it makes meanwhile, so below a workload
//! that was measured nothing is added: the path is composed of the callees of the first workload that was not
//! measured, such as a gateway.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::InputError;
use super::super::latency::notes::COUNTER_RESET;
use super::super::latency::prometheus::{labels, sample};
use super::super::latency::prometheus_api::result;
use super::super::latency::prometheus_matrix::{Points, total, value as number_of};
use super::super::latency::read_latency_bytes;
use super::super::latency::series::Labels;
use super::known::{Known, at_destination};
use super::notes::{CALLS_ASSUMED, ORDER_ASSUMED, OWN_TIME_UNKNOWN, ROOT_CHOSEN};
use super::{Context, PathReading, no_graph};
use crate::composition::{Call, CallGraph, Service, Spread, Step};
use crate::finding::{Finding, Tally};

const REQUESTS: &str = "istio_requests_total";
const DURATIONS: &str = "istio_request_duration_milliseconds_count";

pub(super) fn recognise(text: &str) -> bool {
    text.contains("istio_requests_total{") || text.contains("istio_request_duration_milliseconds_count{")
}

pub(super) fn recognise_answer(value: &Value) -> bool {
    result(value).is_some()
}

pub(super) fn from_text(context: &Context<'_>, text: &str) -> Result<PathReading, InputError> {
    let mut counters = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| line.starts_with("istio_request")) {
        let Some(sample) = sample(line).filter(|sample| [REQUESTS, DURATIONS].contains(&sample.metric)) else {
            continue;
        };
        let broken = |found: String| {
            let place = format!("{}:{}", context.name, number + 1);
            InputError::new(place, found, "metric{labels} value", "check whether the scrape is cut, or fetch it again")
        };
        let labels = labels(sample.labels.unwrap_or_default()).map_err(broken)?;
        let value = sample.value.parse().map_err(|_| broken(format!("{:?} as a value", sample.value)))?;
        counters.push((sample.metric == REQUESTS, labels, value));
    }
    build(context, text.as_bytes(), &counters)
}

pub(super) fn from_answer(context: &Context<'_>, bytes: &[u8], value: &Value) -> Result<PathReading, InputError> {
    let (mut counters, mut resets) = (Vec::new(), Tally::default());
    for (index, entry) in result(value).into_iter().flatten().enumerate() {
        let labels: Labels = entry
            .get("metric")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
            .collect();
        // `rate` and `increase` take the name away.
        let name = label(&labels, "__name__");
        let kind = if name.is_some() { Points::Counters } else { Points::Rates };
        let metric = name.unwrap_or(REQUESTS).to_owned();
        if label(&labels, "le").is_some() || ![REQUESTS, DURATIONS].contains(&metric.as_str()) {
            continue;
        }
        let place = format!("{}, field data.result[{index}]", context.name);
        let (counted, reset) = counted(entry, kind)
            .map_err(|found| InputError::new(place, found, "a counter", "check whether the answer is cut"))?;
        if reset && kind == Points::Counters {
            resets.add(&metric);
        }
        counters.push((metric == REQUESTS, labels, counted));
    }
    let mut reading = build(context, bytes, &counters)?;
    let restarts = |names: &str| format!("counters that went down: {names}");
    reading.findings.extend(resets.finding(&COUNTER_RESET, context.name, restarts));
    Ok(reading)
}

/// The value of a vector, or what the points of a matrix add up to, and whether the counter went down.
fn counted(entry: &Value, kind: Points) -> Result<(f64, bool), String> {
    if let Some(point) = entry.get("value") {
        return number_of(point).map(|number| (number, false));
    }
    match entry.get("values").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default() {
        [only] => number_of(only).map(|number| (number, false)),
        points => total(points.iter().map(number_of), kind).map(|total| (total.sum, total.reset)),
    }
}

/// Whether it counts requests rather than durations, its labels, its value.
type Counter = (bool, Labels, f64);

fn label<'a>(labels: &'a Labels, wanted: &str) -> Option<&'a str> {
    labels.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
}

/// `namespace/workload`; `None` for what is not in the mesh.
fn workload(labels: &Labels, side: &str) -> Option<String> {
    let known =
        |name: &str| label(labels, &format!("{side}_{name}")).filter(|value| !value.is_empty() && *value != "unknown");
    let workload = known("workload")?;
    Some(known("workload_namespace").map_or_else(|| workload.to_owned(), |namespace| format!("{namespace}/{workload}")))
}

/// Requests between workloads, by client (none outside the mesh) and server.
type Edges = BTreeMap<(Option<String>, String), f64>;

fn build(context: &Context<'_>, bytes: &[u8], counters: &[Counter]) -> Result<PathReading, InputError> {
    let edges = edges(counters);
    if edges.keys().all(|(from, _)| from.is_none()) {
        return Err(InputError::new(
            context.name,
            "no requests between two workloads",
            "istio_requests_total with source_workload and destination_workload",
            "collect the metrics of every proxy on the path, or query Prometheus for istio_requests_total",
        ));
    }
    let mut findings = Vec::new();
    // Where no histogram is given there are none; other trouble shows when a service lacks its times.
    let own = read_latency_bytes(context.name, bytes, context.options).map(|reading| reading.measurements);
    let own = at_destination(own.unwrap_or_default());
    let known = Known::new(&own);
    let root = root(context, &edges, &mut findings)?;
    let mut services: BTreeMap<String, Service> = BTreeMap::new();
    let mut unknown = Tally::default();
    for name in edges.keys().flat_map(|(from, to)| from.iter().chain([to])) {
        if services.contains_key(name) {
            continue;
        }
        let measured =
            if known.maybe(name) { Some(&known) } else { Some(&context.known).filter(|known| known.maybe(name)) };
        let time = match measured {
            Some(known) => known.of(context.name, name, &mut findings)?,
            None => {
                unknown.add(name);
                Spread::zero()
            }
        };
        let incoming: f64 = edges.iter().filter(|((_, to), _)| to == name).map(|(_, requests)| requests).sum();
        let outgoing = || edges.iter().filter(|((from, _), _)| from.as_ref() == Some(name));
        let all: f64 = outgoing().map(|(_, requests)| requests).sum();
        let requests = if incoming > 0.0 { incoming } else { all };
        if incoming <= 0.0 && all > 0.0 && *name == root {
            findings.push(Finding::new(&CALLS_ASSUMED, context.name, name.clone()));
        }
        if measured.is_none() && outgoing().filter(|(_, made)| **made > 0.0).count() > 1 {
            findings.push(Finding::new(&ORDER_ASSUMED, context.name, name.clone()));
        }
        let steps = outgoing()
            .filter(|(_, made)| **made > 0.0)
            .map(|((_, to), made)| Step { calls: vec![Call { times: made / requests, ..Call::to(to.clone()) }] })
            .collect();
        services.insert(name.clone(), Service { time, includes_callees: measured.is_some(), steps });
    }
    findings.extend(unknown.finding(&OWN_TIME_UNKNOWN, context.name, |names| format!("not measured: {names}")));
    let graph = CallGraph::new(root, services).map_err(|error| no_graph(context, &error))?;
    Ok(PathReading { name: context.name.to_owned(), graph, measured: None, findings })
}

fn edges(counters: &[Counter]) -> Edges {
    let between = |counter: &&Counter| workload(&counter.1, "source").is_some();
    let by_requests = counters.iter().filter(|counter| counter.0).any(|counter| between(&counter));
    // By reporter first: the server's report of an edge stands for both.
    let mut reported: BTreeMap<(Option<String>, String), [f64; 2]> = BTreeMap::new();
    for (_, labels, value) in counters.iter().filter(|counter| counter.0 == by_requests) {
        let Some(to) = workload(labels, "destination") else { continue };
        let at_server = label(labels, "reporter") != Some("source");
        let known = reported.entry((workload(labels, "source"), to)).or_default();
        if let Some(sum) = known.get_mut(usize::from(at_server)).filter(|_| *value > 0.0 && value.is_finite()) {
            *sum += value;
        }
    }
    reported
        .into_iter()
        .map(|(edge, [at_client, at_server])| (edge, if at_server > 0.0 { at_server } else { at_client }))
        .collect()
}

/// The workload that none in the mesh calls; of several the one with the most requests.
fn root(context: &Context<'_>, edges: &Edges, findings: &mut Vec<Finding>) -> Result<String, InputError> {
    let called = |name: &str| edges.keys().any(|(from, to)| from.is_some() && to == name);
    let mut roots: BTreeMap<&str, f64> = BTreeMap::new();
    for ((from, _), requests) in edges {
        if let Some(from) = from.as_deref().filter(|from| !called(from)) {
            *roots.entry(from).or_default() += requests;
        }
    }
    let most = roots.iter().max_by(|a, b| a.1.total_cmp(b.1).then_with(|| b.0.cmp(a.0)));
    let Some((root, _)) = most else {
        let remedy = "write the graph of one path as TOML";
        return Err(InputError::new(context.name, "calls in a circle", "a workload that none calls", remedy));
    };
    if roots.len() > 1 {
        let names = roots.keys().take(6).copied().collect::<Vec<_>>().join(", ");
        findings.push(Finding::new(&ROOT_CHOSEN, context.name, format!("{root} of {names}")));
    }
    Ok((*root).to_owned())
}
