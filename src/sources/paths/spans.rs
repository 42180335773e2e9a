//! Traces become a call graph: who calls whom and how often, what is done at the same time, and own times.
//!
//! A service's part in a trace starts with a span whose parent belongs to another service, or that has none;
//! spans of the same service below are part of it. Its own time is its duration less the time in which it
//! waits for other services: the union of their parts in it. What lies between the services, the network and
//! proxies, is in no part of the callee and so in the caller's own time.

use std::collections::{BTreeMap, HashMap};

use super::super::InputError;
use super::notes::{FEW_TRACES, NOT_WAITED_FOR, ROOT_CHOSEN, SPANS_LEFT_OUT};
use super::{Context, PathReading, no_graph};
use crate::composition::{Call, CallGraph, Service, Spread, Step};
use crate::finding::{Finding, Tally};
use crate::measurement::{Recorder, samples_needed};
use crate::units::{Quantile, Seconds, Share};

/// A span as traces hold it.
pub(super) struct Span {
    /// Trace and span, unique together.
    pub id: String,
    /// The span above, in the same form.
    pub parent: Option<String>,
    pub service: String,
    /// When it started, in microseconds, where that is known.
    pub start: Option<f64>,
    /// In microseconds.
    pub duration: f64,
}

/// What readers of traces give.
#[derive(Default)]
pub(super) struct Traces {
    pub spans: Vec<Span>,
    /// Spans that could not be read.
    pub left_out: Tally,
}

/// A service's part in a trace, in microseconds.
struct Visit<'a> {
    service: &'a str,
    start: Option<f64>,
    duration: f64,
    /// Parts of other services called by it.
    calls: Vec<usize>,
    is_root: bool,
}

pub(super) fn derive(context: &Context<'_>, traces: &Traces) -> Result<PathReading, InputError> {
    let mut left_out = traces.left_out.clone();
    let visits = visits(&traces.spans, &mut left_out);
    let mut roots: BTreeMap<&str, u64> = BTreeMap::new();
    visits.iter().filter(|visit| visit.is_root).for_each(|visit| *roots.entry(visit.service).or_default() += 1);
    let root = roots.iter().max_by(|a, b| a.1.cmp(b.1).then_with(|| b.0.cmp(a.0))).map(|(name, _)| *name);
    let root = root.ok_or_else(|| {
        InputError::new(context.name, "no span without a parent", "whole traces", "fetch all spans of each trace")
    })?;
    let mut findings: Vec<Finding> = Vec::new();
    if roots.len() > 1 {
        let others =
            roots.iter().map(|(name, count)| format!("{name} ({count})")).take(6).collect::<Vec<_>>().join(", ");
        findings.push(Finding::new(&ROOT_CHOSEN, context.name, format!("{root} of {others}")));
    }
    let mut services = BTreeMap::new();
    let mut not_waited_for = Tally::default();
    let mut thin = Tally::default();
    let mut of_service: BTreeMap<&str, Vec<&Visit<'_>>> = BTreeMap::new();
    visits.iter().for_each(|visit| of_service.entry(visit.service).or_default().push(visit));
    let needed = samples_needed(Quantile::literal(0.99), Quantile::literal(0.9));
    for (name, own) in &of_service {
        if (own.len() as u64) < needed {
            thin.add(format_args!("{name} ({})", own.len()));
        }
        let behaviour = Behaviour::of(own, &visits);
        behaviour.late.iter().for_each(|late| not_waited_for.add(format_args!("{name} → {late}")));
        let time = behaviour.own.and_then(Recorder::finish).map_or_else(Spread::zero, |own| Spread::of(&own));
        services.insert((*name).to_owned(), Service { time, includes_callees: false, steps: behaviour.steps });
    }
    let mut measured = Recorder::new();
    let whole = |visit: &&Visit<'_>| visit.is_root && visit.service == root;
    for visit in visits.iter().filter(whole) {
        record(&mut measured, visit.duration);
    }
    findings.extend(left_out.finding(&SPANS_LEFT_OUT, context.name, |names| format!("spans left out: {names}")));
    findings.extend(not_waited_for.finding(&NOT_WAITED_FOR, context.name, |names| format!("left out: {names}")));
    findings.extend(thin.finding(&FEW_TRACES, context.name, |names| format!("fewer than {needed} requests: {names}")));
    let graph = CallGraph::new(root, services).map_err(|error| no_graph(context, &error))?;
    let measured = measured.and_then(Recorder::finish);
    Ok(PathReading { name: context.name.to_owned(), graph, measured, findings })
}

fn record(recorder: &mut Option<Recorder>, microseconds: f64) {
    if let Some(recorder) = recorder {
        // Durations were checked when spans were placed.
        let _ = recorder.record(Seconds::new(microseconds / 1e6));
    }
}

/// Parts of services, with the parts they call.
fn visits<'a>(spans: &'a [Span], left_out: &mut Tally) -> Vec<Visit<'a>> {
    let by_id: HashMap<&str, usize> = spans.iter().enumerate().map(|(index, span)| (span.id.as_str(), index)).collect();
    let parent = |index: usize| {
        let parent = spans.get(index)?.parent.as_deref()?;
        by_id.get(parent).copied().filter(|found| *found != index)
    };
    let same = |a: usize, b: usize| spans.get(a).zip(spans.get(b)).is_some_and(|(a, b)| a.service == b.service);
    let mut visits = Vec::new();
    // The visit a span starts.
    let mut started: HashMap<usize, usize> = HashMap::new();
    for (index, span) in spans.iter().enumerate() {
        let usable = span.duration >= 0.0 && span.duration < 1e14 && !span.service.is_empty();
        if !usable {
            left_out.add(&span.id);
            continue;
        }
        if parent(index).is_none_or(|above| !same(index, above)) {
            started.insert(index, visits.len());
            let (service, is_root) = (span.service.as_str(), parent(index).is_none());
            visits.push(Visit { service, start: span.start, duration: span.duration, calls: Vec::new(), is_root });
        }
    }
    let mut starts: Vec<(usize, usize)> = started.iter().map(|(span, visit)| (*span, *visit)).collect();
    starts.sort_unstable();
    for (span, visit) in starts {
        let mut above = parent(span);
        let mut steps = 0;
        // Up to the span that starts the caller's part.
        while let Some(index) = above {
            if let Some(caller) = started.get(&index).and_then(|caller| visits.get_mut(*caller)) {
                caller.calls.push(visit);
                break;
            }
            above = parent(index);
            steps += 1;
            if steps > spans.len() {
                left_out.add(spans.get(span).map_or("", |span| span.id.as_str()));
                break;
            }
        }
    }
    visits
}

/// What a service does for a request, over all its parts in traces.
struct Behaviour {
    own: Option<Recorder>,
    steps: Vec<Step>,
    /// Services it calls and does not wait for.
    late: Vec<String>,
}

/// Calls of one callee over all parts of a caller.
#[derive(Default)]
struct Callee {
    /// Parts with at least one call, and calls in all.
    parts: u64,
    calls: u64,
    /// Calls that end after their caller.
    late: u64,
    /// Parts with several, and those where they overlap.
    several: u64,
    at_once: u64,
    /// Sum of the starts after the first call of a part, in microseconds.
    after: f64,
}

impl Behaviour {
    fn of(own: &[&Visit<'_>], visits: &[Visit<'_>]) -> Self {
        let mut callees: BTreeMap<&str, Callee> = BTreeMap::new();
        // Parts in which two callees are both called, and those in which they overlap.
        let mut pairs: BTreeMap<(&str, &str), (u64, u64)> = BTreeMap::new();
        let mut recorder = Recorder::new();
        for visit in own {
            let calls = Calls::of(visit, visits);
            record(&mut recorder, calls.own_time(visit));
            calls.count(visit, &mut callees, &mut pairs);
        }
        let late: Vec<String> = callees
            .iter()
            .filter(|(_, callee)| callee.late * 2 > callee.calls)
            .map(|(name, _)| (*name).to_owned())
            .collect();
        callees.retain(|_, callee| callee.late * 2 <= callee.calls);
        let steps = steps(&callees, &pairs, own.len() as u64);
        Self { own: recorder, steps, late }
    }
}

/// Calls of one part, each with its start and end.
struct Calls<'a> {
    intervals: Vec<(&'a str, f64, f64)>,
}

impl<'a> Calls<'a> {
    fn of(visit: &Visit<'_>, visits: &[Visit<'a>]) -> Self {
        let calls = visit.calls.iter().filter_map(|index| visits.get(*index));
        let mut intervals: Vec<(&str, f64, f64)> =
            calls.filter_map(|call| call.start.map(|start| (call.service, start, start + call.duration))).collect();
        intervals.sort_by(|a, b| a.1.total_cmp(&b.1).then_with(|| a.0.cmp(b.0)));
        Self { intervals }
    }

    /// Its duration less the union of its calls, as far as they lie within it.
    fn own_time(&self, visit: &Visit<'_>) -> f64 {
        let within = |time: f64| visit.start.map_or(time, |start| time.clamp(start, start + visit.duration));
        let (mut waited, mut reached) = (0.0, f64::NEG_INFINITY);
        for (_, start, end) in &self.intervals {
            let (start, end) = (within(*start).max(reached), within(*end));
            waited += (end - start).max(0.0);
            reached = reached.max(end);
        }
        (visit.duration - waited).max(0.0)
    }

    fn count(
        &self,
        visit: &Visit<'_>,
        callees: &mut BTreeMap<&'a str, Callee>,
        pairs: &mut BTreeMap<(&'a str, &'a str), (u64, u64)>,
    ) {
        let first = self.intervals.first().map_or(0.0, |(_, start, _)| *start);
        let ends = visit.start.map_or(f64::INFINITY, |start| start + visit.duration);
        let mut by_callee: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
        for (service, start, end) in &self.intervals {
            by_callee.entry(service).or_default().push((*start, *end));
        }
        for (service, calls) in &by_callee {
            let callee = callees.entry(service).or_default();
            callee.parts += 1;
            callee.calls += calls.len() as u64;
            callee.late += calls.iter().filter(|(_, end)| *end > ends).count() as u64;
            callee.several += u64::from(calls.len() > 1);
            callee.at_once +=
                u64::from(calls.windows(2).any(|pair| matches!(pair, [(_, end), (start, _)] if start < end)));
            callee.after += calls.first().map_or(0.0, |(start, _)| start - first);
        }
        let all: Vec<(&&str, &Vec<(f64, f64)>)> = by_callee.iter().collect();
        for (index, (one, calls)) in all.iter().enumerate() {
            for (other, others) in all.iter().skip(index + 1) {
                let (both, overlap) = pairs.entry((*one, *other)).or_default();
                *both += 1;
                let meets = |a: &(f64, f64)| others.iter().any(|b| a.0 < b.1 && b.0 < a.1);
                *overlap += u64::from(calls.iter().any(meets));
            }
        }
    }
}

/// Steps in the order of their first calls; callees that overlap in most parts share one.
fn steps(callees: &BTreeMap<&str, Callee>, pairs: &BTreeMap<(&str, &str), (u64, u64)>, parts: u64) -> Vec<Step> {
    let at_once = |a: &str, b: &str| {
        let known = pairs.get(&(a, b)).or_else(|| pairs.get(&(b, a)));
        known.is_some_and(|(both, overlap)| overlap * 2 > *both)
    };
    let mut order: Vec<(&str, &Callee)> = callees.iter().map(|(name, callee)| (*name, callee)).collect();
    let after = |callee: &Callee| callee.after / callee.parts.max(1) as f64;
    order.sort_by(|a, b| after(a.1).total_cmp(&after(b.1)).then_with(|| a.0.cmp(b.0)));
    let mut steps: Vec<Vec<(&str, &Callee)>> = Vec::new();
    for (name, callee) in order {
        match steps.iter_mut().find(|step| step.iter().any(|(other, _)| at_once(name, other))) {
            Some(step) => step.push((name, callee)),
            None => steps.push(vec![(name, callee)]),
        }
    }
    let call = |(name, callee): &(&str, &Callee)| {
        let chance = Share::new(callee.parts as f64 / parts.max(1) as f64).unwrap_or(Share::literal(1.0));
        let number = callee.calls as f64 / callee.parts.max(1) as f64;
        let fans_out = callee.at_once * 2 > callee.several;
        let (times, fan_out) = if fans_out { (1.0, number.round().max(1.0) as u32) } else { (number, 1) };
        Call { chance, times, fan_out, ..Call::to(*name) }
    };
    steps.iter().map(|step| Step { calls: step.iter().map(call).collect() }).collect()
}
