//! What a measured service becomes with a sidecar at both ends, and whether that is good enough.
//!
//! Run with `cargo run --example 05_with_the_mesh [MEASUREMENT]`.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "an example prints and takes arguments")]

use meshcap::card::ModelCard;
use meshcap::latency::{Mode, Traffic, predict};
use meshcap::measurement::{Slo, percent};
use meshcap::model::Features;
use meshcap::model::queueing::Arrivals;
use meshcap::sources::Input;
use meshcap::sources::latency::{LatencyOptions, read_latency};
use meshcap::units::{Bytes, Cores, Rate, Share};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).unwrap_or_else(|| "data/latency/webshop-baseline.fortio.json".to_owned());
    let measurements = read_latency(&[Input::Path(file.into())], &LatencyOptions::default())?.measurements;
    let base = measurements.first().ok_or("no measurement")?;
    let card = ModelCard::named("istio-1.24")?;
    let slo: Slo = "p99<15ms".parse()?;

    // Users arrive each for themselves, whatever the load generator did.
    let traffic = Traffic {
        rate: Rate::per_second(1000.0),
        connections: 64,
        arrivals: Arrivals::Independent,
        payload: Bytes::new(4096),
        features: Features { access_log: Share::ONE, ..Features::default() },
        workers: 2,
        cpu_limit: Some(Cores::new(2.0)),
    };
    let prediction = predict(base, Mode::Sidecar, &traffic, &[slo], &card)?;
    for (slo, outcome) in &prediction.outcomes {
        println!("{slo} will be {}", if outcome.met { "met" } else { "missed" });
    }
    for predicted in prediction.quantiles {
        let millis = |time: meshcap::units::Seconds| time.as_seconds() * 1000.0;
        println!(
            "p{:<5} {:6.2} ms becomes {:6.2} ms, likely {:.2} to {:.2}",
            percent(predicted.quantile),
            millis(predicted.base.value),
            millis(predicted.with_mesh.value),
            millis(predicted.with_mesh.lower),
            millis(predicted.with_mesh.upper)
        );
    }
    Ok(())
}
