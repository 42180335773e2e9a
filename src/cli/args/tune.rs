//! What `tune` takes.

use std::path::PathBuf;

use clap::Args;

use super::{InventoryArguments, ReportArguments};

pub const TUNE_EXAMPLES: &str = "\
Every recommendation is planned before it is shown; what is not sure enough is withheld, with the reason.

Examples:
  meshcap tune dump/ --calls calls.csv
  meshcap tune dump/ --calls calls.csv --emit tuning/
  meshcap plan dump/ tuning/                       the figures that were promised
  meshcap tune dump/ demand.csv --latency shop/cart=fortio.json
  meshcap tune dump/ --explain proxy-resources/shop/cart
  meshcap tune dump/ --json | jq '.recommendations[] | select(.withheld == null) | .id'";

#[derive(Debug, Args)]
pub struct TuneArguments {
    #[command(flatten)]
    pub inventory: InventoryArguments,
    /// Who calls whom, for what Sidecars may leave out: CSV with the columns from and to, each NAMESPACE/NAME
    #[arg(long, value_name = "FILE")]
    pub calls: Option<PathBuf>,
    /// Measured response times of workloads, as for `meshcap plan`, for limits of connections and timeouts; may be repeated
    #[arg(long, value_name = "[WORKLOAD=]FILE")]
    pub latency: Vec<PathBuf>,
    /// Objective such as p99<250ms for every workload that was measured; may be repeated
    #[arg(long, value_name = "OBJECTIVE", requires = "latency")]
    pub slo: Vec<crate::measurement::Slo>,
    /// Write patches, objects, Helm values and a README to a folder
    #[arg(long, value_name = "DIR")]
    pub emit: Option<PathBuf>,
    /// With --emit, replace files that this command did not write
    #[arg(long, requires = "emit")]
    pub force: bool,
    /// Show one recommendation in full, by its name
    #[arg(long, value_name = "NAME", conflicts_with_all = ["format", "json"])]
    pub explain: Option<String>,
    /// The most a setting may be lowered at once, as a share of what it is, instead of the policy's tuning.max_change
    #[arg(long, value_name = "SHARE")]
    pub max_change: Option<f64>,
    /// The day on which waivers are judged, as 2027-03-31; today unless given
    #[arg(long, value_name = "DAY")]
    pub today: Option<String>,
    #[command(flatten)]
    pub report: ReportArguments,
}
