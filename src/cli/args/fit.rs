//! What `fit` takes.

use std::path::PathBuf;

use clap::Args;

pub const FIT_EXAMPLES: &str = "\
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
