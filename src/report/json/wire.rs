//! The report as it is written.

use std::collections::BTreeMap;

use serde::Serialize;

use super::SCHEMA_VERSION;
use super::capacity::Headroom;
use super::control_plane::ControlPlane;
use super::derivations::{Derivation, Derivations};
use super::measured::{ApplicationUse, MemoryCheck};
use super::proxy::{Proxy, WorkloadProxy};
use super::resilience::Resilience;
use super::responses::ResponseTimes;
use super::savings::Scoped;
use super::telemetry::{Telemetry, WorkloadTelemetry};
use super::verdict::Verdict;
use crate::finding::{self, Severity};
use crate::plan;
use crate::report::Reported;
use crate::report::scenarios::ScenarioRow;
use crate::report::tuning::Changes;
use crate::units::{Memory, Quantity};

/// A mesh capacity plan.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Report<'a> {
    /// Version of this format.
    schema_version: &'static str,
    /// What made the plan.
    tool: Tool,
    /// Where the inventory came from.
    inputs: Vec<Input<'a>>,
    /// The model card whose coefficients were used.
    card: Card<'a>,
    /// What was wanted, with every default filled in; CPU and memory as Kubernetes quantities.
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, serde_json::Value>"))]
    policy: &'a crate::policy::Policy,
    /// The answer.
    verdict: Verdict<'a>,
    /// Sums over the cluster.
    totals: Totals,
    /// istiod.
    control_plane: ControlPlane<'a>,
    /// The mesh today and under each scoping that changes anything; empty where none does.
    savings: Vec<Scoped>,
    /// One ztunnel, where there are ambient workloads.
    ztunnel: Option<Proxy>,
    /// What observing the mesh takes.
    telemetry: Telemetry<'a>,
    /// Every workload, by namespace, kind and name.
    workloads: Vec<Workload<'a>>,
    /// Response times of the workloads for which any were measured.
    response_times: Vec<ResponseTimes<'a>>,
    /// Capacity.
    headroom: Headroom<'a>,
    /// The scenarios the policy asks for, the cluster as planned first; empty where it asks for none.
    scenarios: Vec<ScenarioRow<'a>>,
    /// Canaries and failures.
    resilience: Resilience<'a>,
    /// What to change; `null` where it was not asked for.
    tuning: Option<Changes<'a>>,
    /// Rules of thumb of the field against this plan.
    bands: Vec<Band<'a>>,
    /// What was noticed, gravest first.
    findings: Vec<Finding<'a>>,
    /// What costs capacity but is in none of the figures.
    not_modelled: &'a [String],
    /// The arithmetic behind the figures, each distinct one once; workloads, ztunnel and istiod refer
    /// to it by its place, from 0.
    derivations: Vec<Derivation<'a>>,
}

/// A number; `null` where it is not one.
#[derive(Serialize, Clone, Copy)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Number(Option<f64>);

/// A figure with its 90 % interval.
#[derive(Serialize, Clone, Copy)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Estimate {
    /// Lower end.
    lower: Number,
    /// The figure.
    value: Number,
    /// Upper end.
    upper: Number,
}

/// What made the plan.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tool {
    /// Name.
    name: &'static str,
    /// Version.
    version: &'static str,
}

/// One input.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Input<'a> {
    /// Path, or `-` for standard input.
    name: &'a str,
    /// Objects read from it, by kind.
    objects: BTreeMap<&'a str, u64>,
}

/// A model card.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Card<'a> {
    /// Name.
    name: &'a str,
    /// Title in words.
    title: &'a str,
    /// Date of the card.
    date: &'a str,
}

/// Sums over the cluster.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Totals {
    /// Nodes.
    nodes: u64,
    /// Pods that hold or want capacity.
    pods: u64,
    /// Pods that have ended: they hold no capacity and are not among `pods`.
    finished_pods: u64,
    /// Workloads.
    workloads: u64,
    /// Envoy proxies: sidecars, gateways, waypoints.
    proxies: u64,
    /// Those of them that do not run yet.
    planned_proxies: u64,
    /// Pods captured by ztunnel.
    ambient_pods: u64,
    /// Ztunnels.
    ztunnels: u64,
    /// Memory of all proxies and ztunnels, in bytes.
    proxy_memory_bytes: Estimate,
    /// CPU of all proxies and ztunnels, in cores.
    proxy_cpu_cores: Estimate,
    /// CPU of the applications, in cores: measured, else requested.
    app_cpu_cores: Number,
    /// Memory of the applications, in bytes: measured, else requested.
    app_memory_bytes: Number,
    /// Share of workloads whose application usage was measured, in [0, 1].
    app_measured_share: Number,
    /// How much of what applications request they use, where it was measured.
    application_use: ApplicationUse,
    /// Proxy memory over application memory; `null` where applications declare none.
    memory_overhead_ratio: Option<Estimate>,
    /// Proxy CPU over application CPU; `null` where applications declare none.
    cpu_overhead_ratio: Option<Estimate>,
    /// CPU that proxy requests reserve, in cores.
    proxy_cpu_requested_cores: Number,
    /// Memory that proxy requests reserve, in bytes.
    proxy_memory_requested_bytes: Number,
    /// CPU that proxies reserve beyond their need, in cores.
    cpu_wasted_cores: Number,
    /// Memory that proxies reserve beyond their need, in bytes.
    memory_wasted_bytes: Number,
    /// CPU that proxies need beyond what they reserve, in cores.
    cpu_missing_cores: Number,
    /// Memory that proxies need beyond what they reserve, in bytes.
    memory_missing_bytes: Number,
    /// Proxies whose memory limit is below the upper end of their start-up peak, or below what was measured with the
    /// policy's reserve.
    proxies_at_risk: u64,
    /// How well the law of memory describes the proxies that were measured; `null` where none was.
    memory_check: Option<MemoryCheck>,
}

/// Declared amounts; `null` where nothing is declared.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Declared {
    /// CPU.
    cpu_millicores: Option<u64>,
    /// Memory.
    memory_bytes: Option<u64>,
}

/// One workload.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Workload<'a> {
    /// Namespace.
    namespace: &'a str,
    /// Name.
    name: &'a str,
    /// Kind.
    kind: &'a str,
    /// Replicas planned for.
    replicas: u64,
    /// How they were found.
    replicas_basis: &'a str,
    /// Autoscaler bounds; `null` without one.
    autoscaler: Option<Autoscaler>,
    /// CPU of the application over all replicas, in cores.
    app_cpu_cores: Number,
    /// Memory of the application over all replicas, in bytes.
    app_memory_bytes: Number,
    /// Whether application usage was measured; otherwise it is what is requested.
    app_measured: bool,
    /// Its part in the mesh and what its proxies cost.
    proxy: WorkloadProxy<'a>,
    /// What it gives to observe; `null` outside the mesh.
    telemetry: Option<WorkloadTelemetry>,
}

/// Bounds of an autoscaler.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Autoscaler {
    /// Fewest replicas.
    minimum: u64,
    /// Most replicas.
    maximum: u64,
}

/// A rule of thumb.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Band<'a> {
    /// The rule.
    rule: &'a str,
    /// The plan's figure in words.
    found: &'a str,
    /// Whether the figure lies inside; `null` where it cannot be said.
    inside: Option<bool>,
    /// Why, and what decides.
    why: &'a str,
}

/// Something noticed.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Finding<'a> {
    /// Kind of finding.
    id: &'static str,
    /// How much it matters.
    severity: Severity,
    /// What it is about.
    subject: &'a str,
    /// The case at hand.
    message: &'a str,
    /// How many objects or places it stands for.
    count: u64,
}

impl Number {
    /// A number, or `null` for what is not one; negative zero is zero.
    pub fn new(number: f64) -> Self {
        Self(number.is_finite().then_some(number + 0.0))
    }
}

impl Estimate {
    /// From lower end, figure and upper end.
    pub fn of_ends([lower, value, upper]: [f64; 3]) -> Self {
        Self { lower: Number::new(lower), value: Number::new(value), upper: Number::new(upper) }
    }

    /// Memory, in whole bytes: what is beyond is dust of the arithmetic.
    pub fn of_bytes(estimate: &crate::estimate::Estimate<Memory>) -> Self {
        let number = |amount: Memory| Number::new(amount.as_bytes().round());
        Self { lower: number(estimate.lower), value: number(estimate.value), upper: number(estimate.upper) }
    }
}

impl<Q: Quantity> From<&crate::estimate::Estimate<Q>> for Estimate {
    fn from(estimate: &crate::estimate::Estimate<Q>) -> Self {
        let number = |amount: Q| Number::new(amount.base());
        Self { lower: number(estimate.lower), value: number(estimate.value), upper: number(estimate.upper) }
    }
}

impl From<&crate::resources::Declared> for Declared {
    fn from(amounts: &crate::resources::Declared) -> Self {
        Self {
            cpu_millicores: amounts.cpu.map(crate::units::Millicores::get),
            memory_bytes: amounts.memory.map(crate::units::Bytes::get),
        }
    }
}

impl<'a> From<Reported<'a>> for Report<'a> {
    fn from(reported: Reported<'a>) -> Self {
        let Reported { plan, tuning } = reported;
        let mut derivations = Derivations::default();
        Self {
            schema_version: SCHEMA_VERSION,
            tool: Tool::THIS,
            inputs: plan.inputs.iter().map(Input::from).collect(),
            card: Card::from(&plan.card),
            policy: &plan.policy,
            verdict: (&plan.verdict).into(),
            totals: Totals::from(&plan.totals),
            control_plane: ControlPlane::new(&plan.control_plane, &mut derivations),
            savings: plan.savings.iter().map(Scoped::from).collect(),
            ztunnel: plan.ztunnel.as_ref().map(|cost| Proxy::new(cost, &mut derivations)),
            telemetry: Telemetry::new(&plan.telemetry, &mut derivations),
            workloads: plan.workloads.iter().map(|workload| Workload::new(workload, &mut derivations)).collect(),
            response_times: plan.responses.iter().map(ResponseTimes::from).collect(),
            headroom: Headroom::new(&plan.headroom, &plan.headroom_today),
            scenarios: plan.scenarios.rows.iter().map(ScenarioRow::from).collect(),
            resilience: Resilience::new(&plan.resilience, &mut derivations),
            tuning: tuning.map(Changes::from),
            bands: plan.bands.iter().map(Band::from).collect(),
            findings: plan.findings.iter().map(Finding::from).collect(),
            not_modelled: &plan.not_modelled,
            derivations: derivations.into_list(),
        }
    }
}

impl Tool {
    /// This program.
    pub const THIS: Self = Self { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") };
}

impl<'a> From<&'a plan::CardId> for Card<'a> {
    fn from(card: &'a plan::CardId) -> Self {
        Self { name: &card.name, title: &card.title, date: &card.date }
    }
}

impl<'a> From<&'a plan::Input> for Input<'a> {
    fn from(input: &'a plan::Input) -> Self {
        let mut objects = BTreeMap::new();
        for (kind, number) in &input.objects {
            let sum: &mut u64 = objects.entry(kind.as_str()).or_default();
            *sum = sum.saturating_add(*number);
        }
        Self { name: &input.name, objects }
    }
}

impl From<&plan::Totals> for Totals {
    fn from(totals: &plan::Totals) -> Self {
        Self {
            nodes: totals.nodes,
            pods: totals.pods,
            finished_pods: totals.finished_pods,
            workloads: totals.workloads,
            proxies: totals.proxies,
            planned_proxies: totals.planned_proxies,
            ambient_pods: totals.ambient_pods,
            ztunnels: totals.ztunnels,
            proxy_memory_bytes: Estimate::of_bytes(&totals.proxy_memory),
            proxy_cpu_cores: (&totals.proxy_cpu).into(),
            app_cpu_cores: Number::new(totals.app_cpu.as_cores()),
            app_memory_bytes: Number::new(totals.app_memory.as_bytes()),
            app_measured_share: Number::new(totals.app_measured_share),
            application_use: ApplicationUse::from(totals.application_use),
            memory_overhead_ratio: totals.memory_overhead.as_ref().map(Estimate::from),
            cpu_overhead_ratio: totals.cpu_overhead.as_ref().map(Estimate::from),
            proxy_cpu_requested_cores: Number::new(totals.proxy_cpu_requested.as_cores()),
            proxy_memory_requested_bytes: Number::new(totals.proxy_memory_requested.as_bytes()),
            cpu_wasted_cores: Number::new(totals.cpu_wasted.as_cores()),
            memory_wasted_bytes: Number::new(totals.memory_wasted.as_bytes()),
            cpu_missing_cores: Number::new(totals.cpu_missing.as_cores()),
            memory_missing_bytes: Number::new(totals.memory_missing.as_bytes()),
            proxies_at_risk: totals.proxies_at_risk,
            memory_check: totals.memory_check.map(MemoryCheck::from),
        }
    }
}

impl<'a> Workload<'a> {
    fn new(workload: &'a plan::WorkloadPlan, derivations: &mut Derivations<'a>) -> Self {
        Self {
            namespace: &workload.namespace,
            name: &workload.name,
            kind: &workload.kind,
            replicas: workload.replicas,
            replicas_basis: &workload.replicas_basis,
            autoscaler: workload.autoscaler.map(|(minimum, maximum)| Autoscaler { minimum, maximum }),
            app_cpu_cores: Number::new(workload.app_cpu.as_cores()),
            app_memory_bytes: Number::new(workload.app_memory.as_bytes()),
            app_measured: workload.app_measured,
            proxy: WorkloadProxy::new(workload, derivations),
            telemetry: workload.telemetry.as_ref().map(|it| WorkloadTelemetry::new(it, derivations)),
        }
    }
}

impl<'a> From<&'a plan::Band> for Band<'a> {
    fn from(band: &'a plan::Band) -> Self {
        Self { rule: &band.rule, found: &band.found, inside: band.inside, why: &band.why }
    }
}

impl<'a> From<&'a finding::Finding> for Finding<'a> {
    fn from(finding: &'a finding::Finding) -> Self {
        Self {
            id: finding.kind.id,
            severity: finding.kind.severity,
            subject: &finding.subject,
            message: &finding.message,
            count: finding.count,
        }
    }
}
