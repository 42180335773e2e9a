//! What `plan` and `compare` take, and every command that reads an inventory.

use std::path::PathBuf;

use super::ReportArguments;
use clap::Args;

pub const PLAN_EXAMPLES: &str = "\
Inputs are files, folders, .gz and .tar.gz archives, or - for standard input; JSON, YAML,
CSV or Parquet; running pods or manifests alone.

Examples:
  meshcap plan dump/ -o report.html            summary on the terminal, report in a file
  meshcap plan dump/ --enroll shop             what if namespace shop joins the mesh
  meshcap plan dump.tar.gz --format json | jq .totals
  helm template chart/ | meshcap plan - nodes.json --policy policy.toml --check
  meshcap plan dump/ --tune -o report.html     the same with what to change
  meshcap plan dump/ --latency shop/cart=fortio.json --slo 'p99<250ms' --check";

pub const COMPARE_EXAMPLES: &str = "\
Who is in the mesh is as labelled and enrolled; how they take part is what changes.

Examples:
  meshcap compare dump/ --enroll all -o modes.html
  meshcap compare dump/ --modes sidecar,ambient --policy policy.toml
  meshcap compare dump/ --latency shop/cart=fortio.json --json | jq '.modes[].cpu_cores.value'";

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
    /// Add a chapter with what to change, as `meshcap tune` recommends it
    #[arg(long)]
    pub tune: bool,
    /// With --tune, the day on which waivers are judged, as 2027-03-31; today unless given
    #[arg(long, value_name = "DAY", requires = "tune")]
    pub today: Option<String>,
    #[command(flatten)]
    pub report: ReportArguments,
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
    #[command(flatten)]
    pub report: ReportArguments,
}

fn mesh_modes() -> clap::builder::PossibleValuesParser {
    clap::builder::PossibleValuesParser::new(crate::modes::MeshMode::ALL.map(crate::modes::MeshMode::name))
}
