//! What every target does: read the same bytes as each of its kinds, and look at what comes out.

use meshcap::measurement::{Measurement, QUANTILES, TimeUnit, Window};
use meshcap::sources::latency::{LatencyOptions, moment, read_latency_bytes};

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
