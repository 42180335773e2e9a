//! Helm values of the istiod chart.

use serde_json::{Value, json};

use super::object::selector;
use super::patch::amounts;
use super::put;
use crate::inventory::objects::{MeshConfig, PilotSettings, PilotValues};
use crate::units::Seconds;

/// What is said of the mesh and of istiod; other settings are never changed.
pub(super) fn values(mesh: &MeshConfig) -> Value {
    let mut values = json!({});
    let mut settings = json!({});
    if !mesh.discovery_selectors.is_empty() {
        let selectors: Vec<Value> = mesh.discovery_selectors.iter().map(|it| selector(it)).collect();
        put(&mut settings, "discoverySelectors", Value::Array(selectors));
    }
    if mesh.telemetry.access_log_file == Some(false) {
        put(&mut settings, "accessLogFile", json!(""));
    }
    let mut of_proxies = json!({});
    if let Some(percent) = mesh.telemetry.sampling_percent {
        put(&mut of_proxies, "tracing", json!({ "sampling": percent }));
    }
    if let Some(seconds) = mesh.certificates.ttl_seconds {
        put(&mut of_proxies, "proxyMetadata", json!({ "SECRET_TTL": duration(Seconds::new(seconds)) }));
    }
    if of_proxies.as_object().is_some_and(|members| !members.is_empty()) {
        put(&mut settings, "defaultConfig", of_proxies);
    }
    if settings.as_object().is_some_and(|members| !members.is_empty()) {
        put(&mut values, "meshConfig", settings);
    }
    if mesh.pilot.is_said() {
        put(&mut values, "pilot", pilot(&mesh.pilot));
    }
    values
}

fn pilot(pilot: &PilotValues) -> Value {
    let mut said = json!({});
    let amounts_of = [("requests", &pilot.requests), ("limits", &pilot.limits)];
    let declared = amounts_of.into_iter().filter(|(_, declared)| !declared.is_empty());
    let declared: serde_json::Map<String, Value> =
        declared.map(|(key, declared)| (key.to_owned(), amounts(declared))).collect();
    if !declared.is_empty() {
        put(&mut said, "resources", Value::Object(declared));
    }
    if let Some(on) = pilot.autoscaled {
        put(&mut said, "autoscaleEnabled", json!(on));
    }
    if pilot.settings.is_said() {
        settings(&pilot.settings, &mut said);
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

/// Variables of istiod, as the chart passes them on, and the one setting for which the chart has a value of its own.
fn settings(settings: &PilotSettings, pilot: &mut Value) {
    let variables = [
        ("PILOT_PUSH_THROTTLE", settings.push_throttle.map(|count| count.to_string())),
        ("PILOT_MAX_REQUESTS_PER_SECOND", settings.connection_rate.map(|rate| rate.as_per_second().to_string())),
        ("PILOT_DEBOUNCE_AFTER", settings.debounce_after.map(duration)),
        ("PILOT_DEBOUNCE_MAX", settings.debounce_max.map(duration)),
        ("PILOT_ENABLE_EDS_DEBOUNCE", settings.endpoint_debounce.map(|on| on.to_string())),
    ];
    let said = variables.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?))));
    let said: serde_json::Map<String, Value> = said.collect();
    if !said.is_empty() {
        put(pilot, "env", Value::Object(said));
    }
    if let Some(age) = settings.connection_age {
        put(pilot, "keepaliveMaxServerConnectionAge", json!(duration(age)));
    }
}

/// A duration as Go reads it: whole seconds, or milliseconds.
fn duration(time: Seconds) -> String {
    let milliseconds = (time.as_seconds() * 1000.0).round() as u64;
    if milliseconds.is_multiple_of(1000) { format!("{}s", milliseconds / 1000) } else { format!("{milliseconds}ms") }
}
