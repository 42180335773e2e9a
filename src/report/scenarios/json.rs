//! Scenarios for machines: a promise, so it has types of its own.

use serde::Serialize;

use super::ScenarioReport;
use super::course_json::CourseWire;
use crate::report::json::{self, Finding, Number};
use crate::scenario::{self, Answer as Found, CheckKind, Row};

/// Version of the format; a change that breaks a reader changes it.
const SCHEMA_VERSION: &str = "1";

/// Writes the report.
pub fn render(report: &ScenarioReport) -> String {
    json::write(&Report {
        schema_version: SCHEMA_VERSION,
        kubernetes: &report.version,
        scenarios: report.matrix.rows.iter().map(ScenarioRow::from).collect(),
        findings: report.findings.iter().map(Finding::from).collect(),
    })
}

/// The JSON Schema of what [`render`] writes.
#[cfg(feature = "schema")]
pub fn schema() -> String {
    json::schema_of::<Report<'static>>()
}

/// Scenarios side by side.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ScenarioReport"))]
struct Report<'a> {
    /// Version of this format.
    schema_version: &'static str,
    /// Version of Kubernetes whose rules hold.
    kubernetes: &'a str,
    /// The cluster as planned, then every scenario.
    scenarios: Vec<ScenarioRow<'a>>,
    /// What was noticed, gravest first.
    findings: Vec<Finding<'a>>,
}

/// A scenario, and what holds in it.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ScenarioRow<'a> {
    /// Its name.
    name: &'a str,
    /// Kinds of its steps, in order; empty for the cluster as planned.
    steps: &'a [&'static str],
    /// Nodes that are there.
    nodes: u64,
    /// Pods that have a node.
    placed: u64,
    /// Pods that have none.
    unplaced: Vec<Unplaced<'a>>,
    /// Pods that leave the node they were on.
    moved: u64,
    /// Share of CPU that no pod requests; below 0 when overcommitted.
    cpu_headroom: Number,
    /// Share of memory that no pod requests.
    memory_headroom: Number,
    /// Nodes to add.
    nodes_to_add: NodesToAdd<'a>,
    /// The member whose loss is worst; `null` where losses were not looked at.
    worst: Option<Loss<'a>>,
    /// What the policy asks for.
    checks: Vec<Check<'a>>,
    /// Whether all of it is met.
    met: bool,
    /// What runs out first, or keeps most pods off.
    binding: &'a str,
    /// What its question found; `null` without one.
    answer: Option<Answer<'a>>,
}

/// A pod without a node.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ScenarioUnplaced"))]
struct Unplaced<'a> {
    /// Namespace and name.
    pod: String,
    /// What most often keeps it off.
    reason: &'a str,
}

/// Nodes to add.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ScenarioNodesToAdd"))]
struct NodesToAdd<'a> {
    /// How many.
    count: u64,
    /// The node pool.
    pool: &'a str,
    /// What made the last of them necessary; empty for none.
    reason: &'a str,
    /// Their price together; 0 where the policy has none.
    price_per_hour: Number,
    /// Why no number of them would do; `null` where one does.
    infeasible: Option<&'a str>,
}

/// What a loss does.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ScenarioLoss"))]
struct Loss<'a> {
    /// Node or zone.
    member: &'a str,
    /// Pods that have to move.
    moved: u64,
    /// Pods that find no other place.
    unplaced: u64,
    /// Why the first of them finds none; empty where all do.
    reason: &'a str,
}

/// One demand of the policy.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ScenarioCheck"))]
struct Check<'a> {
    /// What is asked for.
    kind: &'static str,
    /// Where it is missed; empty for the cluster.
    subject: &'a str,
    /// The figure: a count, a share, replicas or cores, by kind.
    found: Number,
    /// The most or least that is accepted.
    limit: Number,
    /// Whether it is.
    met: bool,
}

/// What a question found.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ScenarioAnswer"))]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Answer<'a> {
    /// Further pods that fit.
    FitMore {
        /// The workload.
        workload: &'a str,
        /// How many.
        pods: u64,
        /// What keeps the next one out.
        binding: &'a str,
    },
    /// Shapes of nodes, cheapest first.
    Shapes {
        /// Pods that need a place.
        pods: u64,
        /// The shapes.
        shapes: Vec<Shape<'a>>,
    },
    /// Losses, worst first.
    Losses {
        /// Each of them.
        losses: Vec<Loss<'a>>,
    },
    /// How far traffic can grow.
    Growth {
        /// The largest factor at which nothing new fails; `null` where today's traffic is too much.
        factor: Option<Number>,
        /// What fails beyond it.
        breaks: Vec<Check<'a>>,
    },
    /// Namespaces that join one after the other.
    Enrolment {
        /// Each of them.
        steps: Vec<Step<'a>>,
    },
    /// Nodes that can go.
    Removable {
        /// Their names, emptiest first.
        nodes: &'a [String],
    },
    /// What takes time.
    Courses {
        /// Each of them.
        courses: Vec<CourseWire<'a>>,
    },
}

/// A shape of node.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ScenarioShape"))]
struct Shape<'a> {
    /// Its name.
    shape: &'a str,
    /// How many are needed.
    nodes: u64,
    /// No packing uses fewer.
    at_least: u64,
    /// Price of all of them.
    price_per_hour: Number,
    /// Pods that fit on none.
    impossible: u64,
    /// Share of a node that DaemonSet pods take.
    daemon_share: Number,
}

/// A namespace that joins.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ScenarioEnrolment"))]
struct Step<'a> {
    /// The namespace.
    namespace: &'a str,
    /// Its pods.
    pods: u64,
    /// Pods without a node once it has joined.
    unplaced: u64,
    /// Share of CPU then free.
    cpu_headroom: Number,
    /// Share of memory then free.
    memory_headroom: Number,
    /// What is then missed.
    missed: Vec<&'static str>,
}

impl<'a> From<&'a Row> for ScenarioRow<'a> {
    fn from(row: &'a Row) -> Self {
        let add = &row.nodes_to_add;
        Self {
            name: &row.name,
            steps: &row.steps,
            nodes: row.nodes,
            placed: row.placed,
            unplaced: row.unplaced.iter().map(|it| Unplaced { pod: it.pod.to_string(), reason: &it.reason }).collect(),
            moved: row.moved,
            cpu_headroom: Number::new(row.fill.cpu_headroom()),
            memory_headroom: Number::new(row.fill.memory_headroom()),
            nodes_to_add: NodesToAdd {
                count: add.count,
                pool: &add.pool,
                reason: &add.reason,
                price_per_hour: Number::new(add.price.amount()),
                infeasible: add.infeasible.as_deref(),
            },
            worst: row.worst.as_ref().map(Loss::from),
            checks: row.checks.iter().map(Check::from).collect(),
            met: row.is_met(),
            binding: &row.binding,
            answer: row.answer.as_ref().map(Answer::from),
        }
    }
}

impl<'a> From<&'a scenario::Loss> for Loss<'a> {
    fn from(loss: &'a scenario::Loss) -> Self {
        Self { member: &loss.member, moved: loss.moved, unplaced: loss.unplaced, reason: &loss.reason }
    }
}

impl<'a> From<&'a scenario::Check> for Check<'a> {
    fn from(check: &'a scenario::Check) -> Self {
        let (found, limit) = (Number::new(check.found), Number::new(check.limit));
        Self { kind: kind(check.kind), subject: &check.subject, found, limit, met: check.met }
    }
}

impl<'a> From<&'a Found> for Answer<'a> {
    fn from(found: &'a Found) -> Self {
        match found {
            Found::FitMore { workload, pods, binding } => Self::FitMore { workload, pods: *pods, binding },
            Found::Shapes { pods, shapes } => {
                Self::Shapes { pods: *pods, shapes: shapes.iter().map(Shape::from).collect() }
            }
            Found::Losses(losses) => Self::Losses { losses: losses.iter().map(Loss::from).collect() },
            Found::Growth { factor, breaks } => {
                Self::Growth { factor: factor.map(Number::new), breaks: breaks.iter().map(Check::from).collect() }
            }
            Found::Enrolment(steps) => Self::Enrolment { steps: steps.iter().map(Step::from).collect() },
            Found::Removable(nodes) => Self::Removable { nodes },
            Found::Courses(courses) => Self::Courses { courses: courses.iter().map(CourseWire::from).collect() },
        }
    }
}

impl<'a> From<&'a scenario::ShapeAnswer> for Shape<'a> {
    fn from(answer: &'a scenario::ShapeAnswer) -> Self {
        Self {
            shape: &answer.shape,
            nodes: answer.nodes,
            at_least: answer.at_least,
            price_per_hour: Number::new(answer.price.amount()),
            impossible: answer.impossible,
            daemon_share: Number::new(answer.daemon_share.get()),
        }
    }
}

impl<'a> From<&'a scenario::EnrolStep> for Step<'a> {
    fn from(step: &'a scenario::EnrolStep) -> Self {
        Self {
            namespace: &step.namespace,
            pods: step.pods,
            unplaced: step.unplaced,
            cpu_headroom: Number::new(step.cpu_headroom),
            memory_headroom: Number::new(step.memory_headroom),
            missed: step.missed.iter().map(|missed| kind(*missed)).collect(),
        }
    }
}

fn kind(kind: CheckKind) -> &'static str {
    match kind {
        CheckKind::UnplacedPods => "unplaced-pods",
        CheckKind::CpuHeadroom => "cpu-headroom",
        CheckKind::MemoryHeadroom => "memory-headroom",
        CheckKind::NodeLoss => "node-loss",
        CheckKind::Autoscaler => "autoscaler",
        CheckKind::ProxyCpu => "proxy-cpu",
        CheckKind::ApplicationCpu => "application-cpu",
        CheckKind::Course => "course",
    }
}
