//! Helm values of the istiod chart.

use serde_json::{Value, json};

use super::object::selector;
use super::patch::amounts;
use super::put;
use crate::inventory::objects::{MeshConfig, PilotValues};

/// What is said of the mesh and of istiod; other settings are never changed.
pub(super) fn values(mesh: &MeshConfig) -> Value {
    let mut values = json!({});
    if !mesh.discovery_selectors.is_empty() {
        let selectors: Vec<Value> = mesh.discovery_selectors.iter().map(|it| selector(it)).collect();
        put(&mut values, "meshConfig", json!({ "discoverySelectors": selectors }));
    }
    if mesh.pilot.is_said() {
        put(&mut values, "pilot", pilot(&mesh.pilot));
    }
    values
}

fn pilot(pilot: &PilotValues) -> Value {
    let mut said = json!({});
    if !pilot.requests.is_empty() {
        put(&mut said, "resources", json!({ "requests": amounts(&pilot.requests) }));
    }
    if let Some(on) = pilot.autoscaled {
        put(&mut said, "autoscaleEnabled", json!(on));
    }
    let counts = [
        ("replicaCount", pilot.replicas),
        ("autoscaleMin", pilot.autoscale_min),
        ("autoscaleMax", pilot.autoscale_max),
    ];
    for (key, count) in counts {
        if let Some(count) = count {
            put(&mut said, key, json!(count));
        }
    }
    said
}
