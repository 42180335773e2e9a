//! What `models` takes.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

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

pub const VERIFY_EXAMPLES: &str = "\
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

pub const DIFF_EXAMPLES: &str = "\
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
