//! Emitted objects, field by field, against the published APIs (`data/api-fields.toml`).

use std::collections::BTreeMap;
use std::path::Path;

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use k8s_openapi::api::autoscaling::v1::HorizontalPodAutoscaler as FirstAutoscaler;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use meshcap::quantity::{parse_bytes, parse_cpu};
use meshcap::tuning::Manifest;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Deserialize)]
struct Table {
    kind: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    api_version: String,
    kind: String,
    source: String,
    fields: BTreeMap<String, String>,
}

/// Fails on a kind or field that the API does not have, and on a value of another type.
pub fn check(manifests: &[Manifest]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/api-fields.toml");
    let table: Table = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for file in manifests {
        if let Value::Array(operations) = &file.object {
            operations.iter().for_each(|operation| is_operation(operation, &table, file, manifests));
            continue;
        }
        let member = |name: &str| file.object[name].as_str().unwrap_or_default();
        let (api_version, kind) = (member("apiVersion"), member("kind"));
        let known = table.kind.iter().find(|it| it.api_version == api_version && it.kind == kind);
        let known = known.unwrap_or_else(|| panic!("{}: {api_version} {kind} is not in the table", file.path));
        assert!(!known.source.is_empty());
        walk(&file.object, "", known, &file.path);
        is_read_by_kubernetes(api_version, kind, file);
        if kind == "ConfigMap" {
            are_read_by_istiod(file);
        }
    }
}

/// An operation of a JSON patch: what the kustomization says it is for has the field, and takes the value.
fn is_operation(operation: &Value, table: &Table, file: &Manifest, manifests: &[Manifest]) {
    let component = manifests.iter().find(|it| it.path == "kustomization.yaml").unwrap();
    let mut entries = component.object["patches"].as_array().unwrap().iter();
    let entry = entries.find(|it| it["path"] == *file.path).unwrap_or_else(|| panic!("{} is not named", file.path));
    let kind = table.kind.iter().find(|it| entry["target"]["kind"] == *it.kind).unwrap();
    assert!(matches!(operation["op"].as_str(), Some("test" | "add")), "{}: {operation}", file.path);
    let is_index = |step: &str| step.parse::<usize>().is_ok();
    let mut path = String::new();
    for step in operation["path"].as_str().unwrap().trim_start_matches('/').split('/') {
        let dot = if path.is_empty() { "" } else { "." };
        path = if is_index(step) { format!("{path}[]") } else { format!("{path}{dot}{step}") };
    }
    walk(&operation["value"], &path, kind, &file.path);
}

/// Kubernetes' own types take the object, and give back every member of it.
fn is_read_by_kubernetes(api_version: &str, kind: &str, file: &Manifest) {
    let back = match kind {
        "Deployment" => there_and_back::<Deployment>(file),
        "StatefulSet" => there_and_back::<StatefulSet>(file),
        "DaemonSet" => there_and_back::<DaemonSet>(file),
        "HorizontalPodAutoscaler" if api_version == "autoscaling/v1" => there_and_back::<FirstAutoscaler>(file),
        "HorizontalPodAutoscaler" => there_and_back::<HorizontalPodAutoscaler>(file),
        "PodDisruptionBudget" => there_and_back::<PodDisruptionBudget>(file),
        "Namespace" => there_and_back::<Namespace>(&without_nulls(file)),
        _ => return,
    };
    assert!(holds(&back, &file.object), "{}: of {} comes back {back}", file.path, file.object);
}

/// Entries of a ConfigMap for a Gateway: parts of the objects istiod makes, which do not say what they are.
fn are_read_by_istiod(file: &Manifest) {
    for (key, text) in file.object["data"].as_object().unwrap() {
        let (api_version, kind) = match key.as_str() {
            "deployment" => ("apps/v1", "Deployment"),
            "horizontalPodAutoscaler" => ("autoscaling/v2", "HorizontalPodAutoscaler"),
            "podDisruptionBudget" => ("policy/v1", "PodDisruptionBudget"),
            other => panic!("{}: istiod reads no {other} that is written here", file.path),
        };
        let mut object: Value = serde_saphyr::from_str(text.as_str().unwrap()).unwrap();
        for said in ["apiVersion", "kind", "metadata"] {
            assert!(object.get(said).is_none(), "{}: {key} says its {said}", file.path);
        }
        object["apiVersion"] = api_version.into();
        object["kind"] = kind.into();
        is_read_by_kubernetes(api_version, kind, &Manifest { path: format!("{}: {key}", file.path), object });
    }
}

fn there_and_back<T: DeserializeOwned + Serialize>(file: &Manifest) -> Value {
    let object: T =
        serde_json::from_value(file.object.clone()).unwrap_or_else(|error| panic!("{}: {error}", file.path));
    serde_json::to_value(object).unwrap()
}

/// Labels that go are no labels of the type.
fn without_nulls(file: &Manifest) -> Manifest {
    let mut file = file.clone();
    if let Some(labels) = file.object.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.retain(|_, value| !value.is_null());
    }
    file
}

/// Whether everything that `part` says is in `whole`; null says that a member goes.
fn holds(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (_, Value::Null) => true,
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(key, value)| value.is_null() || whole.get(key).is_some_and(|own| holds(own, value)))
        }
        (Value::Array(whole), Value::Array(part)) => {
            whole.len() == part.len() && whole.iter().zip(part).all(|(whole, part)| holds(whole, part))
        }
        (whole, part) => whole == part,
    }
}

fn walk(value: &Value, path: &str, kind: &Kind, file: &str) {
    if let Some(wanted) = kind.fields.get(path) {
        assert!(is_of(value, wanted, path), "{file}: {path} is {value}, no {wanted}");
        return;
    }
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let is_head = !kind.kind.is_empty()
                    && matches!(inner.as_str(), "apiVersion" | "kind" | "metadata.name" | "metadata.namespace");
                if !is_head {
                    walk(value, &inner, kind, file);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, &format!("{path}[]"), kind, file)),
        _ => panic!("{file}: {} has no field {path}", kind.kind),
    }
}

/// `MetricsOverrides.TagOverride`: a value for a label, or that it goes.
fn is_label_override(value: &Value) -> bool {
    let Some(members) = value.as_object() else { return false };
    members.iter().all(|(key, value)| match key.as_str() {
        "operation" => value == "UPSERT" || value == "REMOVE",
        "value" => value.is_string(),
        _ => false,
    })
}

fn is_of(value: &Value, wanted: &str, path: &str) -> bool {
    match wanted {
        "text" => value.as_str().is_some_and(|text| !text.is_empty()),
        "texts" => value.as_object().is_some_and(|members| members.values().all(Value::is_string)),
        "no-text" => value.as_str() == Some(""),
        "count" => value.as_u64().is_some(),
        "truth" => value.is_boolean(),
        "texts-or-nothing" => {
            value.as_object().is_some_and(|members| members.values().all(|value| value.is_string() || value.is_null()))
        }
        "number" => value.is_number(),
        "label-overrides" => value.as_object().is_some_and(|labels| labels.values().all(is_label_override)),
        "nothing" => value.is_null(),
        "number-or-text" => value.is_null() || value.as_u64().is_some() || value.is_string(),
        "amount" if path.ends_with("cpu") => value.as_str().is_some_and(|text| parse_cpu(text).is_ok()),
        "amount" => value.as_str().is_some_and(|text| parse_bytes(text).is_ok()),
        other => panic!("{other} is no type of the table"),
    }
}
