//! What can be typed.

mod calibrate;
mod explain;
mod fit;
mod latency;
mod models;
mod place;
mod plan;
mod report;
mod whatif;
mod tune;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use calibrate::CALIBRATE_EXAMPLES;
pub use calibrate::{BoundArguments, CalibrateArguments, Sweep};
pub use explain::{Explain, ExplainArguments};
use fit::FIT_EXAMPLES;
pub use fit::FitArguments;
use latency::LATENCY_EXAMPLES;
pub use latency::{LatencyArguments, LatencyFormat, MeshArguments};
pub use models::{Models, ModelsArguments, Verified, VerifyArguments};
use place::PLACE_EXAMPLES;
pub use place::{Pack, PlaceArguments, SchedulerRules};
use plan::{COMPARE_EXAMPLES, PLAN_EXAMPLES};
pub use plan::{CompareArguments, InventoryArguments, PlanArguments};
pub use report::{Format, ReportArguments};
use tune::TUNE_EXAMPLES;
pub use tune::TuneArguments;
use whatif::WHATIF_EXAMPLES;
pub use whatif::WhatIfArguments;

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
  1  the policy is not met (only with --check; whatif: in any scenario), or an SLO is missed
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
    /// What to change: recommendations simulated before they are shown, and patches ready to apply
    #[command(after_help = TUNE_EXAMPLES)]
    Tune(TuneArguments),
    /// Response times of any load tool: percentiles with intervals, comparison, SLO check
    #[command(after_help = LATENCY_EXAMPLES)]
    Latency(Box<LatencyArguments>),
    /// Measurements in, a model card out: coefficients with intervals, judged on rows left out
    #[command(after_help = FIT_EXAMPLES)]
    Fit(FitArguments),
    /// Where Kubernetes' scheduler would put every pod, and how few nodes would do
    #[command(after_help = PLACE_EXAMPLES)]
    Place(PlaceArguments),
    /// Scenarios side by side: losses, growth, enrolment, more pods, other nodes
    #[command(name = "whatif", after_help = WHATIF_EXAMPLES)]
    WhatIf(WhatIfArguments),
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
    /// `meshcap tune`
    Tune,
    /// `meshcap latency`
    Latency,
    /// `meshcap place`
    Place,
    /// `meshcap whatif`
    Whatif,
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
