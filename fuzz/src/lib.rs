//! What targets do: read bytes as what they may be, and look at what comes out. A panic is a fault.

use meshcap::card::ModelCard;
use meshcap::inventory::assemble;
use meshcap::measurement::{Measurement, QUANTILES, TimeUnit, Window};
use meshcap::plan::{Inputs, Plan};
use meshcap::policy::{Policy, ScenarioFile};
use meshcap::sources::latency::{LatencyOptions, moment, read_latency_bytes};
use meshcap::sources::observations::read_observations_bytes;
use meshcap::sources::{Limits, read_bytes};
use meshcap::tuning::{manifests, tune};

/// Reads bytes as what they look like and as each kind. A panic is a fault; so is a quantile outside its bounds.
pub fn read(kinds: &[&str], bytes: &[u8]) {
    // Every other length is read through a window.
    let window = (bytes.len() % 2 == 1).then(|| Window::new(moment("1s").ok(), moment("1h").ok()).ok()).flatten();
    let named = kinds.iter().map(|kind| Some((*kind).to_owned()));
    for kind in std::iter::once(None).chain(named) {
        let options = LatencyOptions { kind, unit: Some(TimeUnit::Milliseconds), window };
        if let Ok(reading) = read_latency_bytes("fuzz", bytes, &options) {
            reading.measurements.iter().for_each(check);
        }
    }
}

fn check(measurement: &Measurement) {
    for (name, quantile) in QUANTILES {
        let found = measurement.distribution.quantile(quantile);
        assert!(found.lower <= found.value && found.value <= found.upper, "{name}: {found:?}");
        assert!(found.lower.as_seconds() >= 0.0, "{name}: {found:?}");
    }
}

/// Reads an inventory; a small one is planned and tuned as well.
pub fn plan(bytes: &[u8]) {
    /// More pods than this make every input slow, and find nothing further.
    const MOST_PODS: usize = 200;
    let limits = Limits { objects: 500, total_bytes: 1 << 20, ..Limits::default() };
    let Ok(reading) = read_bytes("fuzz", bytes, &limits) else { return };
    let inventory = assemble(reading.objects).inventory;
    if inventory.pods.len() > MOST_PODS {
        return;
    }
    let mut policy = Policy::default();
    policy.injection.enroll.insert("all".to_owned());
    let Ok(card) = ModelCard::named("istio-1.24") else { return };
    let inputs = Inputs::new(inventory, policy, card);
    // Every other length is tuned.
    if bytes.len() % 2 == 1 {
        let _ = manifests(tune(&inputs, None).changes());
    } else {
        let plan = Plan::new(inputs);
        assert!(plan.totals.proxy_memory.lower <= plan.totals.proxy_memory.upper);
    }
}

/// Reads a table of measurements.
pub fn observe(bytes: &[u8]) {
    let _ = read_observations_bytes("fuzz", bytes);
}

/// Reads each kind of file that people write.
pub fn settings(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = Policy::from_toml(text);
    let _ = ScenarioFile::from_toml(text);
    let _ = ScenarioFile::shapes_from_toml(text);
    let _ = ModelCard::from_toml(text);
}
