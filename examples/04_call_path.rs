//! A whole call path from its parts: percentiles do not add up, distributions do.
//!
//! Run with `cargo run --example 04_call_path [GRAPH]`.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "an example prints and takes arguments")]

use meshcap::measurement::{QUANTILES, percent};
use meshcap::sources::Input;
use meshcap::sources::latency::LatencyOptions;
use meshcap::sources::paths::read_path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let graph = std::env::args().nth(1).unwrap_or_else(|| "data/latency/checkout.toml".to_owned());

    let reading = read_path(&Input::Path(graph.into()), &[], &LatencyOptions::default())?;
    let path = reading.graph.compose(reading.name)?;

    for (_, quantile) in QUANTILES {
        let Some(found) = path.response.quantile(quantile) else { continue };
        println!(
            "p{:<5} {:6.2} ms if parts are independent, {:6.2} ms if slow together",
            percent(quantile),
            found.independent.value.as_seconds() * 1000.0,
            found.comonotone.value.as_seconds() * 1000.0
        );
    }
    for part in &path.parts {
        let saved = part.saves.map_or(0.0, |saves| saves.p99.as_seconds() * 1000.0);
        println!("{:<8} {:.2} calls, {saved:.2} ms of the p99", part.service, part.calls.value);
    }
    Ok(())
}
