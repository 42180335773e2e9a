//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

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
    /// Response times of any load tool: percentiles with intervals, comparison, SLO check
    #[command(after_help = LATENCY_EXAMPLES)]
    Latency(LatencyArguments),
    /// The arithmetic behind a workload's figures, or what a finding means
    Explain(ExplainArguments),
    /// Model cards: list, show, and verify them against published measurements
    Models(ModelsArguments),
    /// Print a policy file with every field, its default and meaning
    Policy(PolicyArguments),
    /// Print the JSON Schema of `plan --format json`, or of another command's JSON
    Schema(SchemaArguments),
    /// Write a synthetic cluster as kubectl JSON, the same bytes for the same seed
    Generate(GenerateArguments),
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
  helm template chart/ | meshcap plan - nodes.json --policy policy.toml --check";

const LATENCY_EXAMPLES: &str = "\
Reads Fortio, wrk, wrk2, oha, hey, vegeta, k6, Nighthawk, Locust, JMeter, HdrHistogram (.hgrm, .hlog,
binary), Prometheus text and API answers, and CSV of samples; each is recognised by its content.

Examples:
  meshcap latency run1.json run2.json --merge
  meshcap latency mesh.json --compare baseline.json -o report.html -o percentiles.svg
  meshcap latency result.json --slo 'p99<250ms' --slo 'p50<=20ms'   exits with 1 when one is missed
  kubectl exec deploy/cart -c istio-proxy -- pilot-agent request GET stats/prometheus | meshcap latency -";

#[derive(Debug, Args)]
pub struct LatencyArguments {
    /// Measurements to read, - for standard input
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// The kind of every FILE, where it is not recognised
    #[arg(long = "as", value_name = "KIND", value_parser = clap::builder::PossibleValuesParser::new(crate::sources::latency::kinds()))]
    pub kind: Option<String>,
    /// Unit of numbers that have none
    #[arg(long, value_name = "UNIT", value_parser = ["ns", "us", "ms", "s"])]
    pub unit: Option<String>,
    /// Objective such as p99<250ms, p99.9<=1s, mean<20ms; exit with 1 when one is missed; may be repeated
    #[arg(long, value_name = "OBJECTIVE")]
    pub slo: Vec<crate::measurement::Slo>,
    /// Say how every FILE differs from this measurement
    #[arg(long, value_name = "BASE")]
    pub compare: Option<PathBuf>,
    /// Put all FILEs together as one distribution
    #[arg(long)]
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
        /// Who calls whom, for what a Sidecar of its own would leave: CSV with the columns from and to,
        /// each NAMESPACE/NAME; a host outside has no namespace
        #[arg(long, value_name = "FILE")]
        calls: Option<PathBuf>,
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
    List,
    /// The coefficients of a card with interval and source
    Show {
        /// A name from `models list`, or a file
        card: String,
    },
    /// Predicted against published measurements, with the signed error per group
    Verify {
        /// A name from `models list`, or a file
        card: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// Print every measurement, not just the groups
        #[arg(long)]
        rows: bool,
    },
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
    /// `meshcap latency`
    Latency,
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
