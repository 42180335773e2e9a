//! The comparison for machines: a promise, so it has types of its own.
//!
//! Estimates are `{lower, value, upper}` in base units; what cannot be said is `null`, never missing.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::modes::{self, PartKind, Sureness};
use crate::report::json::{self, Card, Estimate, Finding, Input, Number, Outcome, ResponseTimes, Tool};
use crate::units::Quantity;

/// Version of the format; a change that breaks a reader changes it.
const SCHEMA_VERSION: &str = "1";

/// Writes the comparison.
pub fn render(comparison: &modes::Comparison) -> String {
    json::write(&Comparison::from(comparison))
}

/// The JSON Schema of what [`render`] writes.
#[cfg(feature = "schema")]
pub fn schema() -> String {
    json::schema_of::<Comparison<'static>>()
}

/// One inventory planned in several modes.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Comparison<'a> {
    /// Version of this format.
    schema_version: &'static str,
    /// What made the comparison.
    tool: Tool,
    /// Where the inventory came from.
    inputs: Vec<Input<'a>>,
    /// The model card whose coefficients were used.
    card: Card<'a>,
    /// What was wanted, but for what each mode changes of it.
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, serde_json::Value>"))]
    policy: &'a crate::policy::Policy,
    /// Nodes of the cluster.
    nodes: u64,
    /// What the mesh is for; the same in every mode.
    application: Application,
    /// The modes, in the order in which they were asked for.
    modes: Vec<Mode<'a>>,
    /// Memory in bytes that the mesh using least saves against each other one.
    memory_savings: Vec<Saving>,
    /// CPU in cores that the mesh using least saves against each other one.
    cpu_savings: Vec<Saving>,
    /// What was noticed in every mode, gravest first.
    findings: Vec<Finding<'a>>,
}

/// The workloads of the mesh without their proxies.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Application {
    /// Workloads.
    workloads: u64,
    /// Their replicas.
    pods: u64,
    /// Their CPU, in cores: measured, else requested.
    cpu_cores: Number,
    /// Their memory, in bytes: measured, else requested.
    memory_bytes: Number,
}

/// An inventory in one mode.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Mode<'a> {
    /// `sidecar`, `ambient`, `waypoint-per-namespace`, `waypoint-per-service` or `none`.
    mode: &'static str,
    /// What the mesh is made of, by name: `sidecars`, `ztunnels`, `waypoints`, `gateways`, `istiod`.
    parts: BTreeMap<&'static str, Part>,
    /// Memory of all parts, in bytes.
    memory_bytes: Estimate,
    /// CPU of all parts, in cores.
    cpu_cores: Estimate,
    /// CPU that all parts request.
    cpu_requested_millicores: u64,
    /// Memory that all parts request.
    memory_requested_bytes: u64,
    /// What the mesh requests, in nodes of the policy's pool.
    worth_in_nodes: Number,
    /// How it stands with the policy.
    outcome: Outcome,
    /// Share of CPU free; `null` without nodes.
    cpu_free: Option<Number>,
    /// Share of memory free; `null` without nodes.
    memory_free: Option<Number>,
    /// Pods without a place.
    unplaced: u64,
    /// Nodes to add.
    nodes_to_add: u64,
    /// Why no number of nodes would do; `null` where some would.
    nodes_infeasible: Option<&'a str>,
    /// Nodes of the cluster with those to add.
    nodes_needed: u64,
    /// Price of the nodes to add, for a month; 0 where the policy has no price.
    price_of_nodes_per_month: Number,
    /// Price of what the mesh requests, for a month.
    price_of_requests_per_month: Number,
    /// Time added to a call, in seconds; `null` where the proxies saturate.
    added_seconds: Option<Estimate>,
    /// The proxies on the way of a call.
    hops: Vec<Hop>,
    /// Why a proxy cannot carry the load; `null` where all can.
    saturated: Option<&'a str>,
    /// The ztunnel that carries most; `null` where it is not known.
    busiest_ztunnel: Option<BusiestZtunnel<'a>>,
    /// Response times of the workloads for which any were measured.
    response_times: Vec<ResponseTimes<'a>>,
    /// What this mode does without, in words.
    does_without: &'static [&'static str],
    /// What was noticed in this mode, but not in all.
    findings: Vec<Finding<'a>>,
}

/// All of one kind.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Part {
    /// How many.
    count: u64,
    /// Memory of all, in bytes.
    memory_bytes: Estimate,
    /// CPU of all, in cores.
    cpu_cores: Estimate,
    /// CPU they request.
    cpu_requested_millicores: u64,
    /// Memory they request.
    memory_requested_bytes: u64,
}

/// A proxy on the way of a call.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Hop {
    /// Which.
    proxy: &'static str,
    /// Time it works on the call, in seconds.
    work_seconds: Estimate,
    /// Mean time the call waits for it, in seconds.
    wait_seconds: Number,
}

/// The ztunnel that carries most.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct BusiestZtunnel<'a> {
    /// Its node.
    node: &'a str,
    /// Captured pods of that node.
    pods: u64,
    /// Requests per second of these pods.
    rps: Number,
    /// Their connections.
    connections: Number,
    /// Its memory, in bytes.
    memory_bytes: Estimate,
    /// Its CPU, in cores.
    cpu_cores: Estimate,
}

/// How much less one mode uses than another.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Saving {
    /// The mode that uses less by its figure.
    less: &'static str,
    /// The mode it is compared with.
    more: &'static str,
    /// Lower end of the 90 % interval; below 0 where the order may be the other way round.
    lower: Number,
    /// The difference.
    value: Number,
    /// Upper end.
    upper: Number,
    /// How likely the order is right, in [0, 1].
    probability: Number,
    /// `sure`, `likely` or `open`.
    sureness: &'static str,
}

impl<'a> From<&'a modes::Comparison> for Comparison<'a> {
    fn from(comparison: &'a modes::Comparison) -> Self {
        let app = &comparison.application;
        Self {
            schema_version: SCHEMA_VERSION,
            tool: Tool::THIS,
            inputs: comparison.inputs.iter().map(Input::from).collect(),
            card: Card::from(&comparison.card),
            policy: &comparison.policy,
            nodes: comparison.nodes,
            application: Application {
                workloads: app.workloads,
                pods: app.pods,
                cpu_cores: Number::new(app.cpu.as_cores()),
                memory_bytes: Number::new(app.memory.as_bytes()),
            },
            modes: comparison.modes.iter().map(|mode| Mode::new(mode, comparison)).collect(),
            memory_savings: comparison.memory_savings.iter().map(Saving::from).collect(),
            cpu_savings: comparison.cpu_savings.iter().map(Saving::from).collect(),
            findings: comparison.findings.iter().map(Finding::from).collect(),
        }
    }
}

impl<'a> Mode<'a> {
    fn new(mode: &'a modes::ModePlan, comparison: &'a modes::Comparison) -> Self {
        let added = mode.added.as_ref().ok();
        let free =
            |share: fn(&crate::placement::Fill) -> f64| mode.cluster.as_ref().map(|fill| Number::new(share(fill)));
        Self {
            mode: mode.mode.name(),
            parts: PartKind::ALL.iter().zip(&mode.parts).map(|(kind, part)| (kind.name(), Part::from(part))).collect(),
            memory_bytes: (&mode.memory).into(),
            cpu_cores: (&mode.cpu).into(),
            cpu_requested_millicores: mode.cpu_requested.get(),
            memory_requested_bytes: mode.memory_requested.get(),
            worth_in_nodes: Number::new(mode.worth_in_nodes),
            outcome: mode.outcome.into(),
            cpu_free: free(crate::placement::Fill::cpu_headroom),
            memory_free: free(crate::placement::Fill::memory_headroom),
            unplaced: mode.unplaced,
            nodes_to_add: mode.nodes_to_add.count,
            nodes_infeasible: mode.nodes_to_add.infeasible.as_deref(),
            nodes_needed: comparison.nodes.saturating_add(mode.nodes_to_add.count),
            price_of_nodes_per_month: Number::new(mode.price_of_nodes()),
            price_of_requests_per_month: Number::new(
                mode.price_of_requests(comparison.policy.node_pool.price_per_hour),
            ),
            added_seconds: added.map(|added| (&added.total).into()),
            hops: added.map_or_else(Vec::new, |added| added.hops.iter().map(Hop::from).collect()),
            saturated: mode.added.as_ref().err().map(String::as_str),
            busiest_ztunnel: mode.busiest_ztunnel.as_ref().map(BusiestZtunnel::from),
            response_times: mode.responses.iter().map(ResponseTimes::from).collect(),
            does_without: mode.mode.gives_up(),
            findings: mode.findings.iter().map(Finding::from).collect(),
        }
    }
}

impl From<&modes::Part> for Part {
    fn from(part: &modes::Part) -> Self {
        Self {
            count: part.count,
            memory_bytes: (&part.memory).into(),
            cpu_cores: (&part.cpu).into(),
            cpu_requested_millicores: part.cpu_requested.get(),
            memory_requested_bytes: part.memory_requested.get(),
        }
    }
}

impl From<&crate::latency::HopTime> for Hop {
    fn from(hop: &crate::latency::HopTime) -> Self {
        Self {
            proxy: hop.hop.name(),
            work_seconds: (&hop.service).into(),
            wait_seconds: Number::new(hop.mean_wait.as_seconds()),
        }
    }
}

impl<'a> From<&'a crate::overhead::BusiestZtunnel> for BusiestZtunnel<'a> {
    fn from(busiest: &'a crate::overhead::BusiestZtunnel) -> Self {
        Self {
            node: &busiest.node,
            pods: busiest.pods,
            rps: Number::new(busiest.rate.as_per_second()),
            connections: Number::new(busiest.connections),
            memory_bytes: (&busiest.memory).into(),
            cpu_cores: (&busiest.cpu).into(),
        }
    }
}

impl<Q: Quantity> From<&modes::Saving<Q>> for Saving {
    fn from(saving: &modes::Saving<Q>) -> Self {
        let number = |amount: Q| Number::new(amount.base());
        Self {
            less: saving.less.name(),
            more: saving.more.name(),
            lower: number(saving.lower),
            value: number(saving.value),
            upper: number(saving.upper),
            probability: Number::new(saving.probability.get()),
            sureness: match saving.sureness() {
                Sureness::Sure => "sure",
                Sureness::Likely => "likely",
                Sureness::Open => "open",
            },
        }
    }
}
