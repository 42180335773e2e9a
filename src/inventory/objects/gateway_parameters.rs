//! What istiod merges into the objects it makes of a Gateway.
//!
//! A Gateway names a ConfigMap of its namespace in `spec.infrastructure.parametersRef`; its entries are strategic-merge
//! patches of what istiod makes. A ConfigMap of Istio's namespace with the label `gateway.istio.io/defaults-for-class`
//! holds for all Gateways of a class, below what each names itself. Autoscaler and disruption budget are only made where
//! an entry asks for them. With an entry of any other name istiod makes nothing anew.
//!
//! **Source.** Istio 1.26.0 change notes of 2025-05-08 ("customization support for Gateway API automated deployments",
//! gateways and waypoints alike; istio/istio pull request 55283); `render`, `applyOverlay` and `fetchParameters` in
//! `pilot/pkg/config/kube/gateway/deploymentcontroller.go` at 8aad60c75fcb; istio.io, "Kubernetes Gateway API", Automated
//! Deployment.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{ObjectName, Patch};

/// Label of ConfigMaps that hold for all Gateways of the class it names.
pub const CLASS_DEFAULTS: &str = "gateway.istio.io/defaults-for-class";

/// What istiod makes of a Gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Made {
    /// Its autoscaler.
    Autoscaler,
    /// Its disruption budget.
    DisruptionBudget,
    /// The Deployment of its pods.
    Deployment,
    /// Its Service.
    Service,
    /// The account of its pods.
    ServiceAccount,
}

impl Made {
    /// All of them; an autoscaler decides whether the replicas of a Deployment count, so it comes first.
    pub const ALL: [Self; 5] =
        [Self::Autoscaler, Self::DisruptionBudget, Self::Deployment, Self::Service, Self::ServiceAccount];

    /// Name of its entry in the ConfigMap.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Autoscaler => "horizontalPodAutoscaler",
            Self::DisruptionBudget => "podDisruptionBudget",
            Self::Deployment => "deployment",
            Self::Service => "service",
            Self::ServiceAccount => "serviceAccount",
        }
    }

    /// What an entry of that name is about.
    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.key() == key)
    }
}

/// A ConfigMap whose entries istiod merges into what it makes of Gateways.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GatewayParameters {
    /// Namespace and name.
    pub name: ObjectName,
    /// `metadata.creationTimestamp`: of several for one class the oldest holds.
    pub created: String,
    /// Class whose Gateways all take it; `None` for one that a Gateway has to name.
    pub class: Option<String>,
    /// Its entries.
    pub entries: BTreeMap<Made, ParametersEntry>,
    /// Names of entries that istiod does not know.
    pub unknown: Vec<String>,
}

/// An entry of such a ConfigMap.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ParametersEntry {
    /// What it changes of all that is planned with; its names are empty, as istiod gives them.
    pub patch: Option<Patch>,
    /// The entry as it is written; `None` where it was not kept whole.
    pub written: Option<Value>,
    /// What is wrong with it, or was not kept of it.
    pub trouble: Option<String>,
    /// Its fields that are not read.
    pub not_read: Vec<String>,
}

impl ParametersEntry {
    /// Adds what a later patch says; what was not kept whole stays so.
    pub fn merge(&mut self, patch: &Patch, written: &Value) {
        let patch = patch.clone().without_name();
        match (&mut self.patch, patch) {
            (Some(Patch::Workload(known)), Patch::Workload(later)) => known.merge(&later),
            (Some(Patch::Autoscaler(known)), Patch::Autoscaler(later)) => known.merge(&later),
            (known, later) => *known = Some(later),
        }
        if self.trouble.is_none() {
            let known = self.written.take();
            self.written = Some(known.map_or_else(|| written.clone(), |known| merged(&known, written)));
        }
    }
}

/// Part of what istiod makes of a Gateway, said in the ConfigMap that the Gateway names or is to name.
#[derive(Debug, Clone, PartialEq)]
pub struct GatewayPart {
    /// The Gateway.
    pub gateway: ObjectName,
    /// The ConfigMap, in its namespace.
    pub parameters: ObjectName,
    /// Whether the ConfigMap is new, and the Gateway does not name it yet.
    pub is_new: bool,
    /// Which of the objects it changes.
    pub made: Made,
    /// What it changes, with the name of that object.
    pub patch: Patch,
    /// The same as the entry says it.
    pub written: Value,
    /// What the entry says already.
    pub known: Option<Value>,
}

/// The ConfigMap, or another object, that a Gateway names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ParametersReference {
    /// API group; empty for ConfigMaps.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Name, in the namespace of the Gateway.
    pub name: String,
}

impl ParametersReference {
    /// A ConfigMap.
    #[must_use]
    pub fn config_map(name: &str) -> Self {
        Self { group: String::new(), kind: "ConfigMap".to_owned(), name: name.to_owned() }
    }

    /// Whether it names a ConfigMap, which is all that istiod takes.
    #[must_use]
    pub fn is_config_map(&self) -> bool {
        self.group.is_empty() && self.kind == "ConfigMap"
    }
}

/// Two strategic-merge patches as one: maps member by member, containers and spread constraints item by item, everything
/// else as the later one has it. A null stays, since it takes away what the patched object has.
#[must_use]
pub fn merged(known: &Value, later: &Value) -> Value {
    let (Value::Object(known), Value::Object(later)) = (known, later) else { return later.clone() };
    let mut all = known.clone();
    for (key, value) in later {
        let both = all.get(key).map(|own| member(key, own, value));
        all.insert(key.clone(), both.unwrap_or_else(|| value.clone()));
    }
    Value::Object(all)
}

fn member(key: &str, known: &Value, later: &Value) -> Value {
    let (Value::Array(items), Value::Array(further)) = (known, later) else { return merged(known, later) };
    // `patchMergeKey` of the fields in k8s.io/api/core/v1/types.go.
    let key = match key {
        "containers" | "initContainers" => "name",
        "topologySpreadConstraints" => "topologyKey",
        _ => return later.clone(),
    };
    let mut all = items.clone();
    for item in further {
        match all.iter_mut().find(|own| own.get(key).is_some() && own.get(key) == item.get(key)) {
            Some(own) => *own = merged(own, item),
            None => all.push(item.clone()),
        }
    }
    Value::Array(all)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn patches_are_merged_as_kubernetes_merges_them() {
        for (known, later, both) in [
            (json!({"a": 1, "b": {"c": 1}}), json!({"b": {"d": 2}}), json!({"a": 1, "b": {"c": 1, "d": 2}})),
            (
                json!({"spec": {"minAvailable": 1}}),
                json!({"spec": {"minAvailable": null}}),
                json!({"spec": {"minAvailable": null}}),
            ),
            (
                json!({"containers": [{"name": "a", "image": "x"}, {"name": "b"}]}),
                json!({"containers": [{"name": "a", "resources": {}}, {"name": "c"}]}),
                json!({"containers": [{"name": "a", "image": "x", "resources": {}}, {"name": "b"}, {"name": "c"}]}),
            ),
            (
                json!({"topologySpreadConstraints": [{"topologyKey": "zone", "maxSkew": 2, "minDomains": 2}]}),
                json!({"topologySpreadConstraints": [{"topologyKey": "zone", "maxSkew": 1}]}),
                json!({"topologySpreadConstraints": [{"topologyKey": "zone", "maxSkew": 1, "minDomains": 2}]}),
            ),
            (json!({"tolerations": [1, 2]}), json!({"tolerations": [3]}), json!({"tolerations": [3]})),
        ] {
            assert_eq!(merged(&known, &later), both);
        }
    }

    #[test]
    fn entries_have_the_names_istiod_knows() {
        for made in Made::ALL {
            assert_eq!(Made::of_key(made.key()), Some(made));
        }
        assert_eq!(Made::of_key("configMap"), None);
    }
}
