//! Courses over time for machines.

use serde::Serialize;

use crate::course::{Cause, Course, End};
use crate::report::json::Number;
use crate::scenario::NamedCourse;
use crate::units::Seconds;

/// A course over time.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ScenarioCourse"))]
pub struct CourseWire<'a> {
    /// `drain`, `rollout`, `restart`, `upgrade` or `way back`.
    name: &'static str,
    /// How long it takes; until it is stuck where it does not finish.
    seconds: Number,
    /// Whether all is done.
    finished: bool,
    /// What it is stuck on; `null` where it finishes.
    stuck: Option<Stuck<'a>>,
    /// Pods begun in place of others.
    replaced: u64,
    /// Pods that nothing makes anew.
    lost: u64,
    /// Pods that stay as they are, by reason.
    untouched: Vec<Untouched>,
    /// Pods without a node in the end, by workload.
    waiting: Vec<Waiting<'a>>,
    /// The worst of all moments, each amount by itself.
    peak: Peak,
    /// Until the proxies of the largest wave are connected and configured; `null` where none has a proxy.
    istiod_seconds: Option<Interval>,
    /// Moments at which something happens; of very many, neighbours are merged.
    waves: Vec<Wave<'a>>,
}

/// What a course is stuck on.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ScenarioStuck"))]
struct Stuck<'a> {
    /// `no-node`, `budget`, `several-budgets` or `not-ready`.
    kind: &'static str,
    /// In words.
    because: String,
    /// The pod in the way.
    pod: Option<String>,
    /// The node that cannot be drained.
    node: Option<&'a str>,
}

/// Pods that stay as they are.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ScenarioUntouched"))]
struct Untouched {
    /// Why.
    because: &'static str,
    /// How many.
    pods: u64,
}

/// Pods without a node.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ScenarioWaiting"))]
struct Waiting<'a> {
    /// The first of them.
    pod: String,
    /// How many.
    pods: u64,
    /// What most often keeps it off; `null` where no node says.
    reason: Option<&'a str>,
}

/// The worst of all moments.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ScenarioPeak"))]
struct Peak {
    /// Most pods that hold capacity.
    pods: u64,
    /// Most pods above the usual number.
    surge: u64,
    /// Most pods without a node.
    waiting: u64,
    /// Most proxies that connect at one moment.
    connecting: u64,
    /// Most workloads or nodes under way at the same time.
    at_once: u64,
    /// Most CPU requested, in millicores.
    cpu_requested_millicores: u64,
    /// Most memory requested, in bytes.
    memory_requested_bytes: u64,
    /// Least share of CPU free.
    cpu_headroom: Number,
    /// Least share of memory free.
    memory_headroom: Number,
}

/// A figure with its 90 % interval.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ScenarioInterval"))]
struct Interval {
    /// Lower end.
    lower: Number,
    /// Figure.
    value: Number,
    /// Upper end.
    upper: Number,
}

/// A moment at which something happens.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ScenarioWave"))]
struct Wave<'a> {
    /// Seconds from the beginning.
    at: Number,
    /// The first few nodes or workloads that are begun.
    begun: &'a [String],
    /// How many are begun.
    begun_count: u64,
    /// Pods begun in place of others.
    moved: u64,
    /// Pods that hold capacity.
    pods: u64,
    /// Pods above the usual number.
    surge: u64,
    /// Proxies that connect.
    connecting: u64,
    /// Pods on a node and not ready.
    starting: u64,
    /// Pods that end.
    ending: u64,
    /// Pods without a node.
    waiting: u64,
    /// Evictions that budgets refuse.
    blocked: u64,
    /// Share of CPU free.
    cpu_headroom: Number,
    /// Share of memory free.
    memory_headroom: Number,
}

impl<'a> From<&'a NamedCourse> for CourseWire<'a> {
    fn from(named: &'a NamedCourse) -> Self {
        let course = &named.course;
        let seconds = |time: Seconds| Number::new(time.as_seconds());
        let peak = &course.peak;
        Self {
            name: named.name,
            seconds: seconds(course.duration()),
            finished: matches!(course.end, End::Finished { .. }),
            stuck: stuck(course),
            replaced: course.replaced,
            lost: course.lost,
            untouched: course
                .untouched
                .iter()
                .map(|(why, pods)| Untouched { because: why.as_str(), pods: *pods })
                .collect(),
            waiting: course
                .waiting
                .iter()
                .map(|it| Waiting {
                    pod: it.pod.to_string(),
                    pods: it.pods,
                    reason: it.reasons.first().map(|(reason, _)| reason.as_str()),
                })
                .collect(),
            peak: Peak {
                pods: peak.pods,
                surge: peak.surge,
                waiting: peak.waiting,
                connecting: peak.connecting,
                at_once: peak.at_once,
                cpu_requested_millicores: peak.requested.cpu.get(),
                memory_requested_bytes: peak.requested.memory.get(),
                cpu_headroom: Number::new(peak.cpu_headroom),
                memory_headroom: Number::new(peak.memory_headroom),
            },
            istiod_seconds: named.connected.as_ref().map(|it| Interval {
                lower: seconds(it.time.lower),
                value: seconds(it.time.value),
                upper: seconds(it.time.upper),
            }),
            waves: course.waves.iter().map(wave).collect(),
        }
    }
}

fn wave(wave: &crate::course::Wave) -> Wave<'_> {
    Wave {
        at: Number::new(wave.at.as_seconds()),
        begun: &wave.begun,
        begun_count: wave.begun_count,
        moved: wave.moved,
        pods: wave.pods,
        surge: wave.surge,
        connecting: wave.connecting,
        starting: wave.starting,
        ending: wave.ending,
        waiting: wave.waiting,
        blocked: wave.blocked,
        cpu_headroom: Number::new(wave.cpu_headroom),
        memory_headroom: Number::new(wave.memory_headroom),
    }
}

fn stuck(course: &Course) -> Option<Stuck<'_>> {
    let End::Stuck { because, pod, node, .. } = &course.end else { return None };
    let kind = match because {
        Cause::NoNode(_) => "no-node",
        Cause::Budget { .. } => "budget",
        Cause::SeveralBudgets(_) => "several-budgets",
        Cause::NotReady => "not-ready",
    };
    Some(Stuck {
        kind,
        because: because.to_string(),
        pod: pod.as_ref().map(ToString::to_string),
        node: node.as_deref(),
    })
}
