//! The main job in five lines: read, assemble, plan.
//!
//! Run with `cargo run --example 01_plan [INPUT]`.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "an example prints and takes arguments")]

use meshcap::card::ModelCard;
use meshcap::inventory;
use meshcap::plan::{Inputs, Plan};
use meshcap::policy::Policy;
use meshcap::sources::{self, Input, Limits};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "data/clusters/webshop".to_owned());

    let reading = sources::read(&[Input::Path(folder.into())], &Limits::default(), &|_| ())?;
    let assembled = inventory::assemble(reading.objects);
    let plan = Plan::new(Inputs::new(assembled.inventory, Policy::default(), ModelCard::named("istio-1.24")?));

    println!("{}", plan.verdict.sentence);
    let memory = &plan.totals.proxy_memory;
    println!(
        "proxy memory {:.0} MiB ({:.0}–{:.0})",
        memory.value.as_mib(),
        memory.lower.as_mib(),
        memory.upper.as_mib()
    );
    Ok(())
}
