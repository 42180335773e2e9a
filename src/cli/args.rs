//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use super::calibrate_args::{BoundArguments, CALIBRATE_EXAMPLES, CalibrateArguments};

/// Capacity planning and performance tuning for Istio service meshes.
#[derive(Debug, Parser)]
#[command(name = "meshcap", version, max_term_width = 100, after_help = EXAMPLES)]
pub struct Arguments {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  kubectl get nodes,pods,services,namespaces,deployments -A -o json | meshcap plan -
  meshcap plan dump/ --enroll all -o report.html -o plan.json
  meshcap plan manifests/ --policy policy.toml --check
  meshcap explain workload shop/cart dump/

Exit codes:
  0  fine
  1  the policy is not met (only with --check), or an SLO is missed
  2  bad arguments or input
  3  internal error";

/// Options of every command.
#[derive(Debug, Args)]
pub struct Global {
    /// When to use colour on standard output (NO_COLOR is honoured)
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto)]
    pub color: ColorChoice,
    /// Say nothing on standard error but errors
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// What the mesh costs and whether it fits: inventory in, capacity plan out
    #[command(after_help = PLAN_EXAMPLES)]
    Plan(PlanArguments),
    /// The same inventory with sidecars, in ambient mode, with waypoints and without a mesh, side by side
    #[command(after_help = COMPARE_EXAMPLES)]
    Compare(CompareArguments),
    /// Response times of any load tool: percentiles with intervals, comparison, SLO check
    #[command(after_help = LATENCY_EXAMPLES)]
    Latency(Box<LatencyArguments>),
    /// Measurements in, a model card out: coefficients with intervals, judged on rows left out
    #[command(after_help = FIT_EXAMPLES)]
    Fit(FitArguments),
    /// Where Kubernetes' scheduler would put every pod, and how few nodes would do
    #[command(after_help = PLACE_EXAMPLES)]
    Place(PlaceArguments),
    /// The arithmetic behind a workload's figures, how nodes answer a pod, or what a finding means
    Explain(ExplainArguments),
    /// Model cards: list, show, and verify them against published measurements
    Models(ModelsArguments),
    /// Print a policy file with every field, its default and meaning
    Policy(PolicyArguments),
    /// Print the JSON Schema of `plan --format json`, or of another command's JSON
    Schema(SchemaArguments),
    /// Write a synthetic cluster as kubectl JSON, the same bytes for the same seed
    Generate(GenerateArguments),
    /// Measure a real Envoy on this machine: memory, CPU and response times, as tables
    #[command(after_help = CALIBRATE_EXAMPLES)]
    Calibrate(CalibrateArguments),
    /// Become another program that ends with the process that started this one
    #[command(hide = true)]
    Bound(BoundArguments),
    /// Print a completion script for a shell
    Completions(CompletionsArguments),
    /// Print the manual page
    Man(ManArguments),
}

const PLAN_EXAMPLES: &str = "\
Inputs are files, folders, .gz and .tar.gz archives, or - for standard input; JSON, YAML,
CSV or Parquet; running pods or manifests alone.

Examples:
  meshcap plan dump/ -o report.html            summary on the terminal, report in a file
  meshcap plan dump/ --enroll shop             what if namespace shop joins the mesh
  meshcap plan dump.tar.gz --format json | jq .totals
  helm template chart/ | meshcap plan - nodes.json --policy policy.toml --check
  meshcap plan dump/ --latency shop/cart=fortio.json --slo 'p99<250ms' --check";

const COMPARE_EXAMPLES: &str = "\
Who is in the mesh is as labelled and enrolled; how they take part is what changes.

Examples:
  meshcap compare dump/ --enroll all -o modes.html
  meshcap compare dump/ --modes sidecar,ambient --policy policy.toml
  meshcap compare dump/ --latency shop/cart=fortio.json --json | jq '.modes[].cpu_cores.value'";

const PLACE_EXAMPLES: &str = "\
Pods on a node stay there; pods without one are placed, by priority and age.

Examples:
  meshcap place dump/                                   pods that wait
  meshcap place dump/ --reschedule --k8s-version 1.36   all pods anew
  meshcap place dump/ --pack first-fit-decreasing --json | jq .placement.nodes_used
  meshcap place dump/ --scheduler-config scheduler.yaml --trace decisions.jsonl
  meshcap place dump/ --compare decisions.jsonl         decision by decision
  meshcap explain pod shop/cart-0 dump/                 why here, or why nowhere";

const LATENCY_EXAMPLES: &str = "\
Reads Fortio, wrk, wrk2, oha, hey, vegeta, k6, Nighthawk, Locust, JMeter, HdrHistogram (.hgrm, .hlog,
binary), Prometheus text, protobuf and API answers, and CSV of samples; recognised by content.

Examples:
  meshcap latency run1.json run2.json --merge
  meshcap latency mesh.json --compare baseline.json -o report.html -o percentiles.svg
  meshcap latency run.hlog --from 30s --to 90s
  meshcap latency --path checkout.toml --slo 'p99<100ms'
  meshcap latency baseline.json --mesh sidecar --mesh ambient --sweep --slo 'p99<50ms'
  meshcap latency mesh.json --compare baseline.json --mesh sidecar --extract card.toml
  meshcap latency result.json --slo 'p99<250ms' --slo 'p50<=20ms'   exits with 1 when one is missed
  kubectl exec deploy/cart -c istio-proxy -- pilot-agent request GET stats/prometheus |
    meshcap latency -";

const FIT_EXAMPLES: &str = "\
Reads tables of measured memory and CPU (CSV, Parquet, newline-delimited JSON) and TOML as in
data/published, recognised by their columns. A quantity with too few load points keeps the figures
of the card that is extended; so does a coefficient that no row varies.

Examples:
  meshcap fit proxy_memory.csv paced_runs.csv -o card.toml
  meshcap fit runs.csv --extends istio-1.24 --name ours --measured-on 2026-08-01 -o card.toml
  meshcap fit runs.csv --json | jq '.laws[].validation'
  meshcap plan dump/ --card card.toml

Exit codes:
  0  at least one quantity was fitted
  2  bad arguments or input, or every quantity withheld";

#[derive(Debug, Args)]
pub struct FitArguments {
    /// Measurements to read, - for standard input
    #[arg(value_name = "DATA", required_unless_present = "published")]
    pub data: Vec<PathBuf>,
    /// Fit the published measurements that come with meshcap too
    #[arg(long)]
    pub published: bool,
    /// The card to start from: a name from `meshcap models list`, or a file
    #[arg(long, value_name = "NAME|FILE", default_value = "istio-1.24")]
    pub extends: String,
    /// Where to write the card, - for standard output instead of the tables
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Name of the card
    #[arg(long, default_value = "fitted", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub name: String,
    /// Title of the card
    #[arg(long, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub title: Option<String>,
    /// Date of the measurements; the newest in the data where it is not given
    #[arg(long, value_name = "DATE", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub measured_on: Option<String>,
    /// Seed of resampling and of the rows left out; the same seed gives the same bytes
    #[arg(long, value_name = "S", default_value_t = crate::fit::DEFAULT_SEED)]
    pub seed: u64,
    /// Print JSON (see `meshcap schema --of fit`)
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct LatencyArguments {
    /// Measurements to read, - for standard input
    #[arg(value_name = "FILE", required_unless_present = "path")]
    pub files: Vec<PathBuf>,
    /// Compose the response time of a call path: services and calls as TOML, edges as CSV, traces, or Istio's metrics;
    /// FILEs are then measurements of its services, and objectives are those of the path; may be repeated
    #[arg(long, value_name = "GRAPH")]
    pub path: Vec<PathBuf>,
    /// The kind of every FILE, where it is not recognised
    #[arg(long = "as", value_name = "KIND", value_parser = clap::builder::PossibleValuesParser::new(crate::sources::latency::kinds()))]
    pub kind: Option<String>,
    /// Unit of numbers that have none
    #[arg(long, value_name = "UNIT", value_parser = ["ns", "us", "ms", "s"])]
    pub unit: Option<String>,
    /// Leave out what was measured before this moment: 30s after the first sample of a file, or 2026-01-13T14:48:15Z
    #[arg(long, value_name = "MOMENT", value_parser = crate::sources::latency::moment)]
    pub from: Option<crate::measurement::Moment>,
    /// Leave out what was measured from this moment on
    #[arg(long, value_name = "MOMENT", value_parser = crate::sources::latency::moment)]
    pub to: Option<crate::measurement::Moment>,
    /// Objective such as p99<250ms, p99.9<=1s, mean<20ms; exit with 1 when one is missed; may be repeated
    #[arg(long, value_name = "OBJECTIVE")]
    pub slo: Vec<crate::measurement::Slo>,
    /// Say how every FILE differs from this measurement
    #[arg(long, value_name = "BASE", requires = "files")]
    pub compare: Option<PathBuf>,
    /// Put all FILEs together as one distribution
    #[arg(long, requires = "files")]
    pub merge: bool,
    /// Fill in requests a paced closed loop did not send while it waited (needs rate and connections in the file)
    #[arg(long)]
    pub correct_omission: bool,
    /// Write a report: .html, .md, .json, .txt or .svg (the percentile plot) picks the format, - is standard output; may be repeated
    #[arg(long, short, value_name = "FILE")]
    pub output: Vec<PathBuf>,
    /// What to print on standard output
    #[arg(long, value_enum, default_value_t = LatencyFormat::Text)]
    pub format: LatencyFormat,
    /// Short for --format json
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    #[command(flatten)]
    pub mesh: MeshArguments,
}

/// What the mesh puts on top of a measurement.
#[derive(Debug, Args)]
#[command(next_help_heading = "With the mesh on top")]
pub struct MeshArguments {
    /// Predict BASE, or every FILE without one, with proxies on the way; may be repeated
    #[arg(long, value_name = "MODE", requires = "files", value_parser = mode_names())]
    pub mesh: Vec<String>,
    /// Requests per second through each proxy [default: as measured, else the policy's]
    #[arg(long, value_name = "RPS", requires = "mesh", value_parser = positive)]
    pub rate: Option<f64>,
    /// Connections through each proxy [default: as measured, else the policy's]
    #[arg(long, value_name = "N", requires = "mesh", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub connections: Option<u64>,
    /// How requests arrive [default: as the load tool sent them, else independent]
    #[arg(long, value_name = "HOW", requires = "mesh", value_parser = ["independent", "together", "jittered", "staggered"])]
    pub arrivals: Option<String>,
    /// Size of the larger of request and answer, e.g. 4Ki
    #[arg(long, value_name = "BYTES", requires = "mesh", default_value = "1Ki", value_parser = bytes)]
    pub payload: crate::units::Bytes,
    /// Worker threads of each Envoy
    #[arg(long, value_name = "N", requires = "mesh", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub workers: u32,
    /// CPU limit of each Envoy, e.g. 2 or 500m; none if not given
    #[arg(long, value_name = "CPU", requires = "mesh", value_parser = millicores)]
    pub cpu_limit: Option<crate::units::Millicores>,
    /// Raise the rate until proxies saturate, and say where objectives are left
    #[arg(long, requires = "mesh")]
    pub sweep: bool,
    /// Mesh features, traffic where the file does not say (see `meshcap policy --example`)
    #[arg(long, value_name = "FILE", requires = "mesh")]
    pub policy: Option<PathBuf>,
    /// Model card: a name from `meshcap models list`, or a file
    #[arg(long, value_name = "NAME|FILE", requires = "mesh", default_value = "istio-1.24")]
    pub card: String,
    /// Find what one traversal takes from FILE, measured with the proxies of MODE, against BASE, and write it as a model card
    #[arg(long, value_name = "CARD", requires = "mesh", requires = "compare", conflicts_with = "sweep")]
    pub extract: Option<PathBuf>,
    /// When FILE and BASE were measured, e.g. 2026-08-01; it stands in the card
    #[arg(long, value_name = "DATE", requires = "extract", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub measured_on: Option<String>,
}

fn mode_names() -> clap::builder::PossibleValuesParser {
    clap::builder::PossibleValuesParser::new(crate::latency::Mode::ALL.map(crate::latency::Mode::name))
}

fn positive(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "expected a number above 0".to_owned())?;
    if number > 0.0 && number <= 1e9 { Ok(number) } else { Err("expected a number above 0, at most 10⁹".to_owned()) }
}

fn bytes(text: &str) -> Result<crate::units::Bytes, String> {
    crate::quantity::parse_bytes(text).map_err(|error| error.to_string())
}

fn millicores(text: &str) -> Result<crate::units::Millicores, String> {
    let limit = crate::quantity::parse_cpu(text).map_err(|error| error.to_string())?;
    if limit.is_zero() { Err("expected more than 0".to_owned()) } else { Ok(limit) }
}

/// Formats of measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LatencyFormat {
    /// Tables for the terminal
    Text,
    /// Markdown
    Markdown,
    /// A self-contained HTML page
    Html,
    /// JSON (see `meshcap schema --of latency`)
    Json,
    /// Response time against percentile
    Svg,
}

/// Where pods go.
#[derive(Debug, Args)]
pub struct PlaceArguments {
    /// Files, folders or archives to read, - for standard input
    #[arg(value_name = "INPUT", required = true)]
    pub inputs: Vec<PathBuf>,
    /// Which node is taken of those that fit; the other way is shown beside it
    #[arg(long, value_enum, default_value_t = Pack::Scheduler)]
    pub pack: Pack,
    #[command(flatten)]
    pub rules: SchedulerRules,
    /// Take pods off their nodes first, but for those of DaemonSets and static pods
    #[arg(long)]
    pub reschedule: bool,
    /// Seed by which ties are broken
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Break ties by taking the first node
    #[arg(long)]
    pub lowest_index: bool,
    /// Node pool whose nodes would be added (see `meshcap policy --example`)
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Write every decision as JSON lines: pod, node, plugin, raw, normalised, weighted; - is standard output
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// Follow the decisions of such a file, and say where they differ
    #[arg(long, value_name = "FILE")]
    pub compare: Option<PathBuf>,
    /// Write a report: .html, .md, .json or .txt picks the format, - is standard output; may be repeated
    #[arg(long, short, value_name = "FILE")]
    pub output: Vec<PathBuf>,
    /// What to print on standard output
    #[arg(long, value_enum, default_value_t = PlaceFormat::Text)]
    pub format: PlaceFormat,
    /// Short for --format json
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
}

/// Whose rules hold.
#[derive(Debug, Args)]
pub struct SchedulerRules {
    /// Version of Kubernetes: 1.32 to 1.36
    #[arg(long, value_name = "VERSION", default_value = "1.34")]
    pub k8s_version: crate::scheduler::KubernetesVersion,
    /// A KubeSchedulerConfiguration: weights, plugins that are off, scoring strategy, share of nodes
    #[arg(long, value_name = "FILE")]
    pub scheduler_config: Option<PathBuf>,
}

/// Ways of packing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Pack {
    /// As Kubernetes' scheduler scores
    Scheduler,
    /// Largest pods first, each on the first node by name that takes it
    FirstFitDecreasing,
}

/// Formats of placements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlaceFormat {
    /// Tables for the terminal
    Text,
    /// Markdown
    Markdown,
    /// A self-contained HTML page
    Html,
    /// JSON (see `meshcap schema --of place`)
    Json,
}

/// Where the inventory comes from and what is wanted of it.
#[derive(Debug, Args)]
pub struct InventoryArguments {
    /// Files, folders or archives to read, - for standard input
    #[arg(value_name = "INPUT", required = true)]
    pub inputs: Vec<PathBuf>,
    /// Targets and assumptions (see `meshcap policy --example`)
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Model card: a name from `meshcap models list`, or a file
    #[arg(long, value_name = "NAME|FILE", default_value = "istio-1.24")]
    pub card: String,
    /// Namespace that joins the mesh beside those labelled for it, or "all"; may be repeated
    #[arg(long, value_name = "NAMESPACE", value_delimiter = ',', value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub enroll: Vec<String>,
}

#[derive(Debug, Args)]
pub struct PlanArguments {
    #[command(flatten)]
    pub inventory: InventoryArguments,
    /// Measured response times of workloads, any kind that `meshcap latency` reads; whose they are is said by Istio's
    /// labels, the file's name, or NAMESPACE/NAME= before it; may be repeated
    #[arg(long, value_name = "[WORKLOAD=]FILE")]
    pub latency: Vec<PathBuf>,
    /// Objective such as p99<250ms for every workload that was measured; may be repeated
    #[arg(long, value_name = "OBJECTIVE", requires = "latency")]
    pub slo: Vec<crate::measurement::Slo>,
    /// Who calls whom, for the time series that proxies make of it and what Sidecars would save: CSV with the columns from and to, each
    /// NAMESPACE/NAME; a host outside has no namespace
    #[arg(long, value_name = "FILE")]
    pub calls: Option<PathBuf>,
    /// Write a report: .html, .md, .json or .txt picks the format, - is standard output; may be repeated
    #[arg(long, short, value_name = "FILE")]
    pub output: Vec<PathBuf>,
    /// What to print on standard output
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// Short for --format json
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Exit with 1 when the policy is not met, with 2 when that cannot be judged
    #[arg(long)]
    pub check: bool,
}

#[derive(Debug, Args)]
pub struct CompareArguments {
    #[command(flatten)]
    pub inventory: InventoryArguments,
    /// Modes to compare, in this order
    #[arg(long, value_name = "MODE", value_delimiter = ',', value_parser = mesh_modes(), default_values = crate::modes::MeshMode::ALL.map(crate::modes::MeshMode::name))]
    pub modes: Vec<String>,
    /// Measured response times of workloads, as for `meshcap plan`; may be repeated
    #[arg(long, value_name = "[WORKLOAD=]FILE")]
    pub latency: Vec<PathBuf>,
    /// Write a report: .html, .md, .json or .txt picks the format, - is standard output; may be repeated
    #[arg(long, short, value_name = "FILE")]
    pub output: Vec<PathBuf>,
    /// What to print on standard output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Short for --format json
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
}

fn mesh_modes() -> clap::builder::PossibleValuesParser {
    clap::builder::PossibleValuesParser::new(crate::modes::MeshMode::ALL.map(crate::modes::MeshMode::name))
}

/// Formats of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A summary for the terminal
    Text,
    /// Markdown
    Markdown,
    /// A self-contained HTML page
    Html,
    /// JSON (see `meshcap schema`)
    Json,
}

#[derive(Debug, Args)]
pub struct ExplainArguments {
    #[command(subcommand)]
    pub what: Explain,
}

#[derive(Debug, Subcommand)]
pub enum Explain {
    /// How the figures of one workload came about
    Workload {
        /// The workload as NAMESPACE/NAME
        #[arg(value_name = "NAMESPACE/NAME")]
        workload: String,
        #[command(flatten)]
        inventory: InventoryArguments,
        /// Who calls whom, for what a Sidecar of its own would leave and the time series of its metrics: CSV with the columns from and to,
        /// each NAMESPACE/NAME; a host outside has no namespace
        #[arg(long, value_name = "FILE")]
        calls: Option<PathBuf>,
    },
    /// How the figures of the control plane came about: sizes, CPU by cause, how long proxies wait
    ControlPlane {
        #[command(flatten)]
        inventory: InventoryArguments,
        /// Who calls whom, for what Sidecars would save: CSV with the columns from and to, each NAMESPACE/NAME
        #[arg(long, value_name = "FILE")]
        calls: Option<PathBuf>,
    },
    /// How every node answers a pod: the first filter that refuses, or its scores
    Pod {
        /// The pod as NAMESPACE/NAME
        #[arg(value_name = "NAMESPACE/NAME")]
        pod: String,
        /// Files, folders or archives to read, - for standard input
        #[arg(value_name = "INPUT", required = true)]
        inputs: Vec<PathBuf>,
        #[command(flatten)]
        rules: SchedulerRules,
    },
    /// What a kind of finding means, why it matters and what to do
    Finding {
        /// Its id, e.g. memory-limit-below-peak; without one, all are listed
        id: Option<String>,
    },
}

#[derive(Debug, Args)]
pub struct ModelsArguments {
    #[command(subcommand)]
    pub what: Models,
}

#[derive(Debug, Subcommand)]
pub enum Models {
    /// The cards that come with meshcap
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// The coefficients of a card with interval and source
    Show {
        /// A name from `models list`, or a file
        card: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Predicted against published measurements, or against your own, with the signed error per group
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(VerifyArguments),
    /// Coefficients that differ between two cards, with their ratio and whether the intervals overlap
    #[command(after_help = DIFF_EXAMPLES)]
    Diff {
        /// A name from `models list`, or a file
        a: String,
        /// The card it is compared with
        b: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

const VERIFY_EXAMPLES: &str = "\
DATA is a table (CSV, Parquet, one JSON object a line) or TOML as in data/published, recognised by its columns:
  proxy memory  clusters, endpoints (or endpoints_per_cluster), listeners, routes, workers,
                working_set_bytes (or rss_bytes); open_connections, tls
  proxy CPU     target_rps (or achieved_rps), workers, client_proxy_cpu_milli, server_proxy_cpu_milli;
                path, tls, metrics, access_log, payload_bytes, connections
  Fortio runs   fortio (a file), workers, client_cpu_series or client_proxy_cpu_milli, same for server
and, for any of them, istio_version or envoy_version, environment (or machine), label, source, date.
Tables of published measurements are read as they stand. Rows that a law cannot use are counted, with the reason.

Examples:
  meshcap models verify istio-1.24
  meshcap models verify istio-1.24 memory.csv cpu.parquet -o verification.html
  meshcap models verify card.toml runs.csv --rows
  meshcap models verify generic runs.ndjson --json | jq '.groups[] | {group, coverage}'";

const DIFF_EXAMPLES: &str = "\
Examples:
  meshcap models diff istio-1.24 generic
  meshcap models diff istio-1.24 card.toml | grep proxy_cpu
  meshcap models diff istio-1.24 card.toml --json | jq '.changed[] | select(.overlap | not)'";

#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// A name from `models list`, or a file
    pub card: String,
    /// Measurements to judge the card by, - for standard input [default: those published]
    #[arg(value_name = "DATA")]
    pub data: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Print every measurement, not just the groups
    #[arg(long)]
    pub rows: bool,
    /// What to verify: memory and CPU, or added response times
    #[arg(long, value_enum, default_value_t = Verified::All)]
    pub of: Verified,
    /// Write a report with predicted against measured: .html, .md, .json or .txt picks the format; may be repeated
    #[arg(long, short, value_name = "FILE")]
    pub output: Vec<PathBuf>,
}

/// What of a card is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Verified {
    /// Everything
    All,
    /// Memory and CPU
    Costs,
    /// Response times that proxies add
    Latency,
}

#[derive(Debug, Args)]
pub struct PolicyArguments {
    /// Print the documented example (the default)
    #[arg(long)]
    pub example: bool,
}

#[derive(Debug, Args)]
pub struct SchemaArguments {
    /// The command whose JSON is described
    #[arg(long, value_enum, default_value_t = SchemaOf::Plan)]
    pub of: SchemaOf,
}

/// Commands whose JSON has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// `meshcap plan`
    Plan,
    /// `meshcap compare`
    Compare,
    /// `meshcap latency`
    Latency,
    /// `meshcap place`
    Place,
    /// `meshcap fit`
    Fit,
}

#[derive(Debug, Args)]
pub struct GenerateArguments {
    /// Nodes
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub nodes: u64,
    /// Pods
    #[arg(long, value_name = "M", default_value_t = 500)]
    pub pods: u64,
    /// Seed; the same seed gives the same bytes
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// File to write, - for standard output
    #[arg(long, short, value_name = "FILE", default_value = "-")]
    pub output: PathBuf,
}

#[derive(Debug, Args)]
pub struct CompletionsArguments {
    /// The shell
    pub shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub struct ManArguments {
    /// Print the page of one command instead of the overview
    pub command: Option<String>,
}
