//! What `latency` takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

pub const LATENCY_EXAMPLES: &str = "\
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
