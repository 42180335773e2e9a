//! What `explain` takes.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{InventoryArguments, SchedulerRules};

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
