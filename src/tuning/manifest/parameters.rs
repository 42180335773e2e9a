//! ConfigMaps with what istiod merges into what it makes of Gateways, and Gateways that name them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{head, patch, path, put, yaml};
use crate::inventory::objects::{
    self, GatewayPart, GatewayPatch, ObjectName, ParametersEntry, ParametersReference, Patch,
};

/// A patch as an entry of such a ConfigMap says it: istiod knows what it makes.
pub(in crate::tuning) fn written(of: &Patch) -> Value {
    let mut object = patch::object(of);
    if let Some(members) = object.as_object_mut() {
        members.retain(|key, _| !matches!(key.as_str(), "apiVersion" | "kind" | "metadata"));
    }
    object
}

/// Parts of what istiod makes of Gateways, by their ConfigMap.
#[derive(Default)]
pub(super) struct Made(BTreeMap<ObjectName, OfGateway>);

#[derive(Default)]
struct OfGateway {
    gateway: ObjectName,
    is_new: bool,
    entries: BTreeMap<objects::Made, Value>,
}

/// Files by their path.
type Files = BTreeMap<String, Value>;

impl Made {
    /// Adds a part to those of its ConfigMap.
    pub(super) fn add(&mut self, part: &GatewayPart) {
        let all = self.0.entry(part.parameters.clone()).or_default();
        all.gateway.clone_from(&part.gateway);
        all.is_new |= part.is_new;
        let earlier = all.entries.remove(&part.made).unwrap_or_else(|| json!({}));
        let known = part.known.as_ref().map_or_else(|| earlier.clone(), |known| objects::merged(&earlier, known));
        all.entries.insert(part.made, objects::merged(&known, &part.written));
    }

    /// New objects, and patches of others.
    pub(super) fn into_objects(self) -> (Files, Files) {
        let (mut resources, mut patches) = (BTreeMap::new(), BTreeMap::new());
        for (name, all) in self.0 {
            let entries = all.entries.into_iter().map(|(made, written)| {
                (made, ParametersEntry { written: Some(written), ..ParametersEntry::default() })
            });
            let object = config_map(&name, &entries.collect());
            if all.is_new {
                resources.insert(path("resources", "ConfigMap", &name), object);
                let reference = Some(ParametersReference::config_map(&name.name));
                let names = GatewayPatch { name: all.gateway.clone(), parameters: reference };
                patches.insert(path("patches", "Gateway", &all.gateway), gateway(&names));
            } else {
                patches.insert(path("patches", "ConfigMap", &name), object);
            }
        }
        (resources, patches)
    }
}

/// `v1/ConfigMap` with entries of text.
pub(super) fn config_map(name: &ObjectName, entries: &BTreeMap<objects::Made, ParametersEntry>) -> Value {
    let mut object = head("v1", "ConfigMap", name);
    let texts = entries.iter().filter_map(|(made, entry)| {
        let text = yaml::text(entry.written.as_ref()?);
        Some((made.key().to_owned(), Value::String(text)))
    });
    put(&mut object, "data", Value::Object(texts.collect::<Map<String, Value>>()));
    object
}

/// `gateway.networking.k8s.io/v1/Gateway` that names parameters.
pub(super) fn gateway(patch: &GatewayPatch) -> Value {
    let mut object = head("gateway.networking.k8s.io/v1", "Gateway", &patch.name);
    if let Some(ParametersReference { group, kind, name }) = &patch.parameters {
        let reference = json!({ "group": group, "kind": kind, "name": name });
        put(&mut object, "spec", json!({ "infrastructure": { "parametersRef": reference } }));
    }
    object
}
