//! Changes as files: kustomize patches and objects, and Helm values.
//!
//! The folder is a kustomize component: it changes the objects of whatever includes it, and `meshcap plan INPUT DIR`
//! reads it back to the same changes.

mod arrangement;
mod object;
mod parameters;
mod patch;
mod telemetry;
mod traffic;
mod values;
mod yaml;

use std::collections::BTreeMap;

pub(super) use parameters::written;
use serde_json::{Value, json};

use crate::inventory::objects::{
    AutoscalerPatch, DestinationRulePatch, HttpRoutePatch, MeshConfig, MeshConfigOrigin, ObjectName, Patch, Telemetry,
    TelemetryPatch, VirtualServicePatch, WorkloadPatch,
};
use crate::inventory::{Change, DestinationRule, VirtualService};

/// Name of the file that names all others.
const KUSTOMIZATION: &str = "kustomization.yaml";
/// Name of the file of Helm values.
const VALUES: &str = "istiod-values.yaml";

/// A file of YAML with one object in it, or the list of operations of a JSON patch.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// Its path inside the folder, with `/`.
    pub path: String,
    /// Its content.
    pub object: Value,
}

/// The files that make changes, by path; the same changes give the same files. None for no changes.
///
/// Changes of one object become one patch, and those of an object that is new itself become part of it; of objects
/// with one name the last is kept, as it is when they are applied.
#[must_use]
pub fn manifests<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Vec<Manifest> {
    let mut folder = Folder::default();
    for change in changes {
        folder.add(change);
    }
    folder.into_files()
}

#[derive(Default)]
struct Folder {
    workloads: BTreeMap<(String, ObjectName), WorkloadPatch>,
    rules: BTreeMap<ObjectName, DestinationRulePatch>,
    new_rules: BTreeMap<ObjectName, DestinationRule>,
    routes: BTreeMap<ObjectName, VirtualServicePatch>,
    new_routes: BTreeMap<ObjectName, VirtualService>,
    http_routes: BTreeMap<ObjectName, HttpRoutePatch>,
    autoscalers: BTreeMap<ObjectName, AutoscalerPatch>,
    telemetries: BTreeMap<ObjectName, Telemetry>,
    telemetry_patches: BTreeMap<ObjectName, TelemetryPatch>,
    patches: BTreeMap<String, Value>,
    resources: BTreeMap<String, Value>,
    made: parameters::Made,
    values: Option<MeshConfig>,
}

impl Folder {
    fn add(&mut self, change: &Change) {
        match change {
            Change::Patch(Patch::Workload(patch)) => {
                let known = self.workloads.entry((patch.kind.clone(), patch.name.clone())).or_default();
                known.merge(patch);
            }
            Change::Patch(Patch::DestinationRule(patch)) => {
                if let Some(rule) = self.new_rules.get_mut(&patch.name) {
                    patch.apply(rule);
                    return;
                }
                let known = self.rules.entry(patch.name.clone()).or_default();
                *known = DestinationRulePatch {
                    name: patch.name.clone(),
                    pool: patch.pool.or(&known.pool),
                    outliers: patch.outliers.or(&known.outliers),
                    retry_budget: patch.retry_budget.or(known.retry_budget),
                };
            }
            Change::Patch(Patch::VirtualService(patch)) => {
                let is_part = self.new_routes.get_mut(&patch.name).is_some_and(|service| patch.apply(service));
                if !is_part {
                    self.routes.entry(patch.name.clone()).or_default().merge(patch);
                }
            }
            Change::Patch(Patch::HttpRoute(patch)) => {
                self.http_routes.entry(patch.name.clone()).or_default().merge(patch);
            }
            Change::DestinationRule(it) => {
                self.new_rules.insert(it.name.clone(), it.as_ref().clone());
            }
            Change::VirtualService(it) => {
                self.new_routes.insert(it.name.clone(), it.as_ref().clone());
            }
            Change::Patch(Patch::Autoscaler(patch)) => {
                self.autoscalers.entry(patch.name.clone()).or_default().merge(patch);
            }
            Change::Patch(Patch::Telemetry(patch)) => match self.telemetries.get_mut(&patch.name) {
                Some(new) => patch.apply(new),
                None => {
                    let earlier = self.telemetry_patches.remove(&patch.name).unwrap_or_default();
                    self.telemetry_patches.insert(patch.name.clone(), patch.clone().after(earlier));
                }
            },
            Change::Telemetry(it) => {
                self.telemetries.insert(it.name.clone(), it.as_ref().clone());
            }
            Change::Patch(patch) => {
                let (kind, name) = patch.target();
                self.patches.insert(path("patches", kind, name), patch::object(patch));
            }
            Change::GatewayPart(part) => self.made.add(part),
            Change::Values(values) => {
                let weaker = self.values.take().unwrap_or_default();
                self.values =
                    Some(MeshConfig { origin: MeshConfigOrigin::Overlay, ..values.as_ref().clone().or(weaker) });
            }
            Change::Gateway(it) => self.resource("Gateway", &it.name, object::gateway(it)),
            Change::Sidecar(it) => self.resource("Sidecar", &it.name, object::sidecar(it)),
            Change::ProxySettings(it) => self.resource("ProxyConfig", &it.name, object::proxy_config(it)),
            Change::Autoscaler(it) => self.resource("HorizontalPodAutoscaler", &it.name, object::autoscaler(it)),
            Change::DisruptionBudget(it) => {
                self.resource("PodDisruptionBudget", &it.name, object::disruption_budget(it));
            }
        }
    }

    fn resource(&mut self, kind: &str, name: &ObjectName, object: Value) {
        self.resources.insert(path("resources", kind, name), object);
    }

    fn into_files(mut self) -> Vec<Manifest> {
        for ((kind, name), patch) in std::mem::take(&mut self.workloads) {
            self.patches.insert(path("patches", &kind, &name), patch::object(&Patch::Workload(patch)));
        }
        for (name, patch) in std::mem::take(&mut self.rules) {
            self.patches
                .insert(path("patches", "DestinationRule", &name), patch::object(&Patch::DestinationRule(patch)));
        }
        for (name, rule) in std::mem::take(&mut self.new_rules) {
            self.resource("DestinationRule", &name, object::destination_rule(&rule));
        }
        for (name, service) in std::mem::take(&mut self.new_routes) {
            self.resource("VirtualService", &name, object::virtual_service(&service));
        }
        let mut targets = BTreeMap::new();
        for (name, patch) in std::mem::take(&mut self.routes) {
            let path = path("patches", "VirtualService", &name);
            targets.insert(path.clone(), patch::target("networking.istio.io", "VirtualService", &name));
            self.patches.insert(path, patch::routes(&patch));
        }
        for (name, patch) in std::mem::take(&mut self.http_routes) {
            let path = path("patches", "HTTPRoute", &name);
            targets.insert(path.clone(), patch::target("gateway.networking.k8s.io", "HTTPRoute", &name));
            self.patches.insert(path, patch::rules(&patch));
        }
        for (name, patch) in std::mem::take(&mut self.autoscalers) {
            let object = patch::object(&Patch::Autoscaler(patch));
            self.patches.insert(path("patches", "HorizontalPodAutoscaler", &name), object);
        }
        for (name, telemetry) in std::mem::take(&mut self.telemetries) {
            self.resource("Telemetry", &name, telemetry::object(&telemetry));
        }
        for (name, patch) in std::mem::take(&mut self.telemetry_patches) {
            self.patches.insert(path("patches", "Telemetry", &name), patch::object(&Patch::Telemetry(patch)));
        }
        let (resources, patches) = std::mem::take(&mut self.made).into_objects();
        self.resources.extend(resources);
        self.patches.extend(patches);
        if self.patches.is_empty() && self.resources.is_empty() && self.values.is_none() {
            return Vec::new();
        }
        let kustomization = self.kustomization(&targets);
        let values = self.values.as_ref().map(|values| (VALUES.to_owned(), values::values(values)));
        let mut files: BTreeMap<String, Value> = self.patches.into_iter().chain(self.resources).collect();
        files.extend(values);
        files.insert(KUSTOMIZATION.to_owned(), kustomization);
        files.into_iter().map(|(path, object)| Manifest { path, object }).collect()
    }

    /// The file that names all others; patches that do not say what they change do so by their target.
    fn kustomization(&self, targets: &BTreeMap<String, Value>) -> Value {
        let mut object = json!({
            "apiVersion": "kustomize.config.k8s.io/v1alpha1",
            "kind": "Component",
        });
        if self.values.is_some() {
            put(&mut object, "metadata", json!({ "annotations": { "meshcap/helm-values": VALUES } }));
        }
        if !self.resources.is_empty() {
            put(&mut object, "resources", json!(self.resources.keys().collect::<Vec<_>>()));
        }
        if !self.patches.is_empty() {
            let entry = |path: &String| match targets.get(path) {
                Some(target) => json!({ "path": path, "target": target }),
                None => json!({ "path": path }),
            };
            let paths: Vec<Value> = self.patches.keys().map(entry).collect();
            put(&mut object, "patches", Value::Array(paths));
        }
        object
    }
}

/// Sets a member of an object.
fn put(object: &mut Value, key: &str, value: Value) {
    if let Some(members) = object.as_object_mut() {
        members.insert(key.to_owned(), value);
    }
}

/// `apiVersion`, `kind` and `metadata` of an object.
fn head(api_version: &str, kind: &str, name: &ObjectName) -> Value {
    json!({
        "apiVersion": api_version,
        "kind": kind,
        "metadata": { "name": &*name.name, "namespace": &*name.namespace },
    })
}

/// A file of its own for each object, whatever its names: what a file name must not hold is written as a number.
fn path(folder: &str, kind: &str, name: &ObjectName) -> String {
    let safe = |text: &str| -> String {
        let is_plain = |at: usize, c: char| c.is_ascii_alphanumeric() || c == '-' || (c == '.' && at > 0);
        let written = |(at, c): (usize, char)| {
            if is_plain(at, c) { c.to_string() } else { format!("_{:x}_", u32::from(c)) }
        };
        text.chars().enumerate().map(written).collect()
    };
    format!("{folder}/{}/{}-{}.yaml", safe(&name.namespace), safe(&kind.to_lowercase()), safe(&name.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_object_has_a_file_inside_the_folder() {
        let of = |namespace, name| path("patches", "Deployment", &ObjectName::new(namespace, name));
        assert_eq!(of("shop", "cart-v1.2"), "patches/shop/deployment-cart-v1.2.yaml");
        let hostile =
            [("..", "a"), (".", "a"), ("", "a/b"), ("", "a_b"), ("", "a_2f_b"), ("ä", "\n"), ("a", "../../b")];
        let paths: std::collections::BTreeSet<String> = hostile.iter().map(|(space, name)| of(space, name)).collect();
        assert_eq!(paths.len(), hostile.len());
        for path in paths {
            let plain = |part: &str| part != ".." && part != "." && part.is_ascii();
            assert!(path.split('/').count() == 3 && path.split('/').all(plain), "{path}");
        }
    }
}
