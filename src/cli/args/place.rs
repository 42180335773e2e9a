//! What `place` takes, and by whose rules pods are placed.

use std::path::PathBuf;

use super::ReportArguments;
use clap::{Args, ValueEnum};

pub const PLACE_EXAMPLES: &str = "\
Pods on a node stay there; pods without one are placed, by priority and age.

Examples:
  meshcap place dump/                                   pods that wait
  meshcap place dump/ --reschedule --k8s-version 1.36   all pods anew
  meshcap place dump/ --pack first-fit-decreasing --json | jq .placement.nodes_used
  meshcap place dump/ --scheduler-config scheduler.yaml --trace decisions.jsonl
  meshcap place dump/ --compare decisions.jsonl         decision by decision
  meshcap explain pod shop/cart-0 dump/                 why here, or why nowhere";

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
    #[command(flatten)]
    pub report: ReportArguments,
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
