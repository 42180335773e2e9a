//! ConfigMaps with what istiod merges into what it makes of Gateways.
//!
//! They are known by the names of their entries, or by the label for a class; whether a Gateway names one is only known
//! once everything is read.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::super::document;
use super::super::prune::Pruned;
use super::text::{Nullable, TextMap};
use super::{Metadata, patch};
use crate::inventory::objects::{CLASS_DEFAULTS, GatewayParameters, Made, ParametersEntry};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct ParametersWire<'a> {
    #[serde(borrow)]
    metadata: Nullable<Metadata<'a>>,
    #[serde(borrow)]
    data: TextMap<'a>,
}

/// Whether a ConfigMap may be meant for istiod.
pub(in super::super) fn is_gateway_parameters(json: &[u8]) -> bool {
    serde_json::from_slice(json).is_ok_and(|wire: ParametersWire<'_>| {
        let is_for_class = wire.metadata.labels.get(CLASS_DEFAULTS).is_some();
        is_for_class || wire.data.0.iter().any(|(key, _)| Made::of_key(key.as_str()).is_some())
    })
}

/// The ConfigMap; nothing where it has no name.
pub(super) fn config_map(wire: &ParametersWire<'_>) -> Option<GatewayParameters> {
    let unknown = wire.data.0.iter().filter(|(key, _)| Made::of_key(key.as_str()).is_none());
    Some(GatewayParameters {
        name: wire.metadata.object_name()?,
        created: (&wire.metadata.creation_timestamp).into(),
        class: wire.metadata.labels.get(CLASS_DEFAULTS).map(str::to_owned),
        entries: entries(wire.data.0.iter().map(|(key, text)| (key.as_str(), text.as_str()))),
        unknown: unknown.map(|(key, _)| key.as_str().to_owned()).collect(),
    })
}

/// The entries that istiod knows.
pub(super) fn entries<'a>(texts: impl Iterator<Item = (&'a str, &'a str)>) -> BTreeMap<Made, ParametersEntry> {
    texts.filter_map(|(key, text): (&str, &str)| Made::of_key(key).map(|made| (made, entry(made, text)))).collect()
}

fn entry(made: Made, text: &str) -> ParametersEntry {
    let trouble = |trouble: String| ParametersEntry { trouble: Some(trouble), ..ParametersEntry::default() };
    let value = match document::parse(text) {
        Ok(Pruned(value)) => value,
        Err(error) => {
            let error = error.without_snippet().to_string();
            return trouble(format!("broken YAML ({})", error.lines().next().unwrap_or_default()));
        }
    };
    if !value.is_object() {
        return trouble("it is no part of a Kubernetes object".to_owned());
    }
    let read = match made {
        Made::Autoscaler => patch::part("HorizontalPodAutoscaler", &value),
        Made::DisruptionBudget => patch::part("PodDisruptionBudget", &value),
        Made::Deployment => patch::part("Deployment", &value),
        Made::Service | Made::ServiceAccount => Ok((None, Vec::new())),
    };
    let (patch, not_read) = match read {
        Ok(read) => read,
        Err(error) => return trouble(error),
    };
    if is_pruned(&value) {
        let trouble = Some("it sets environment variables, which are not read".to_owned());
        return ParametersEntry { patch, written: None, trouble, not_read };
    }
    ParametersEntry { patch, written: Some(value), trouble: None, not_read }
}

/// Whether a part was left out while it was read: what is left is empty.
fn is_pruned(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.iter().any(|(key, value)| {
            let is_left = match value {
                Value::Array(items) => items.is_empty() && matches!(key.as_str(), "env" | "Env" | "managedFields"),
                Value::Object(_) => {
                    matches!(key.as_str(), "data" | "Data" | "stringData" | "StringData" | "binaryData" | "BinaryData")
                }
                _ => false,
            };
            is_left || is_pruned(value)
        }),
        Value::Array(items) => items.iter().any(is_pruned),
        _ => false,
    }
}
