//! A what-if is a changed policy: what does each namespace cost when it joins?
//!
//! Run with `cargo run --example 02_what_if`.
#![allow(clippy::print_stdout, reason = "an example prints")]

use meshcap::card::ModelCard;
use meshcap::inventory;
use meshcap::plan::{Inputs, Plan};
use meshcap::policy::Policy;
use meshcap::sources::{self, Input, Limits};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let reading = sources::read(&[Input::Path("data/clusters/webshop".into())], &Limits::default(), &|_| ())?;
    let inventory = inventory::assemble(reading.objects).inventory;
    let card = ModelCard::named("istio-1.24")?;

    for namespace in inventory.namespaces.keys() {
        let mut policy = Policy::default();
        policy.injection.enroll.insert(namespace.to_string());
        let plan = Plan::new(Inputs::new(inventory.clone(), policy, card.clone()));
        let totals = &plan.totals;
        println!(
            "{namespace:<14} {:>3} proxies {:>6.0} MiB {:>5.2} cores  {:?}",
            totals.proxies,
            totals.proxy_memory.value.as_mib(),
            totals.proxy_cpu.value.as_cores(),
            plan.verdict.outcome
        );
    }
    Ok(())
}
