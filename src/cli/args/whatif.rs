//! What `whatif` takes.

use std::path::PathBuf;

use clap::Args;

use super::{InventoryArguments, ReportArguments, SchedulerRules};

pub const WHATIF_EXAMPLES: &str = "\
A scenario file is TOML; every [[scenario]] has a kind and, if wanted, a name and further steps:

  [[scenario]]
  name = \"shop joins, then zone b fails\"
  kind = \"enrol\"
  namespaces = [\"shop\"]
  then = [{ kind = \"lose-zone\", zone = \"b\" }]

Changes:    enrol, ambient, traffic, autoscalers-at-maximum, add-pods, add-nodes
Losses:     lose-node, lose-zone
Questions:  lose-every-node, lose-every-zone, fit-more-pods, cheapest-nodes,
            traffic-until-break, enrol-in-turn, consolidate
Over time:  drain, rollout, restart-data-plane, upgrade

Examples:
  meshcap whatif scenarios.toml dump/ --policy policy.toml
  meshcap whatif scenarios.toml dump/ -o whatif.html --check
  meshcap whatif scenarios.toml dump/ --json | jq '.scenarios[] | {name, met}'";

/// Scenarios of one cluster.
#[derive(Debug, Args)]
pub struct WhatIfArguments {
    /// Scenarios as TOML
    #[arg(value_name = "FILE")]
    pub scenarios: PathBuf,
    #[command(flatten)]
    pub inventory: InventoryArguments,
    #[command(flatten)]
    pub rules: SchedulerRules,
    /// End with exit code 1 where a scenario misses the policy
    #[arg(long)]
    pub check: bool,
    /// Cores to use; all without it. The output is the same whatever the number
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    #[command(flatten)]
    pub report: ReportArguments,
}
