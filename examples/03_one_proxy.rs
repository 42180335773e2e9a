//! The law alone, without any inventory: memory of a sidecar against the services it sees.
//!
//! Run with `cargo run --example 03_one_proxy`.
#![allow(clippy::print_stdout, reason = "an example prints")]

use meshcap::card::ModelCard;
use meshcap::model::proxy_memory::ProxyConfig;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let card = ModelCard::named("istio-1.24")?;
    for services in [10, 100, 1_000, 5_000] {
        let config = ProxyConfig {
            workers: 2,
            clusters: services,
            plain_clusters: 0,
            endpoints: 3 * services,
            listeners: 30,
            routes: services,
            connections: 20.0,
            ..ProxyConfig::default()
        };
        let memory = card.proxy_memory.steady(&config);
        println!(
            "{services:>5} services: {:.0} MiB ({:.0}–{:.0})",
            memory.value.as_mib(),
            memory.lower.as_mib(),
            memory.upper.as_mib()
        );
    }
    Ok(())
}
