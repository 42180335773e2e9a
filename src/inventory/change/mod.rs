//! What manifests applied to a cluster make of its inventory.
//!
//! Objects that are new, or take the place of one of their kind and name, and parts of objects. A rollout that
//! follows is taken as done: pods have the resources of their changed template.

mod annotations;
mod installation;
mod objects;
mod replicas;
mod settle;
mod template;
mod through_gateways;

pub use annotations::{PROXY_CPU, PROXY_CPU_LIMIT, PROXY_MEMORY, PROXY_MEMORY_LIMIT};
pub(super) use settle::settle;

use super::objects::{
    Autoscaler, AutoscalerPatch, BudgetPatch, DestinationRule, DestinationRulePatch, DisruptionBudget, Gateway,
    GatewayPart, HttpRoutePatch, MeshConfig, NamespacePatch, Patch, ProxySettings, RollingPatch, ServicePatch, Sidecar,
    Telemetry, TelemetryPatch, VirtualService, VirtualServicePatch, WorkloadPatch,
};
use super::{Inventory, Namespace, ReplicasBasis, WorkloadId};

/// Label of namespaces that says which data plane their pods have.
const MODE: &str = "istio.io/dataplane-mode";

/// A change to a cluster, as data.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Part of an object that is there already.
    Patch(Patch),
    /// A Sidecar, new or in the place of one of its name.
    Sidecar(Sidecar),
    /// A ProxyConfig.
    ProxySettings(ProxySettings),
    /// A HorizontalPodAutoscaler.
    Autoscaler(Autoscaler),
    /// A PodDisruptionBudget.
    DisruptionBudget(DisruptionBudget),
    /// A Gateway of the Gateway API.
    Gateway(Gateway),
    /// Part of what istiod makes of a Gateway.
    GatewayPart(Box<GatewayPart>),
    /// A DestinationRule.
    DestinationRule(Box<DestinationRule>),
    /// A VirtualService.
    VirtualService(Box<VirtualService>),
    /// A Telemetry.
    Telemetry(Box<Telemetry>),
    /// Helm values of Istio's charts on top of those in effect; where they speak of istiod, a running one follows.
    Values(Box<MeshConfig>),
}

impl Inventory {
    /// The inventory after changes, in their order; those without an object to change do nothing.
    #[must_use]
    pub fn changed<'a>(mut self, changes: impl IntoIterator<Item = &'a Change>) -> Self {
        for change in changes {
            self.apply(change);
        }
        self
    }

    /// Makes one change; whether there was an object to change.
    pub fn apply(&mut self, change: &Change) -> bool {
        self.keep_as_measured();
        match change {
            Change::Patch(Patch::Workload(patch)) => self.patch_workload(patch),
            Change::Patch(Patch::Autoscaler(patch)) => self.patch_autoscaler(patch),
            Change::Patch(Patch::DisruptionBudget(patch)) => self.patch_budget(patch),
            Change::Patch(Patch::DestinationRule(patch)) => self.patch_destination_rule(patch),
            Change::Patch(Patch::Namespace(patch)) => self.patch_namespace(patch),
            Change::Patch(Patch::VirtualService(patch)) => self.patch_virtual_service(patch),
            Change::Patch(Patch::HttpRoute(patch)) => self.patch_http_route(patch),
            Change::Patch(Patch::Telemetry(patch)) => self.patch_telemetry(patch),
            Change::Patch(Patch::Service(patch)) => self.patch_service(patch),
            Change::Patch(Patch::Gateway(patch)) => self.patch_gateway(patch),
            Change::Patch(Patch::GatewayParameters(patch)) => self.patch_gateway_parameters(patch),
            Change::GatewayPart(part) => self.put_gateway_part(part),
            Change::Values(values) => {
                installation::install(self, values);
                true
            }
            Change::Autoscaler(autoscaler) => self.put_autoscaler(autoscaler),
            object => {
                objects::put(self, object);
                true
            }
        }
    }

    fn patch_workload(&mut self, patch: &WorkloadPatch) -> bool {
        let id = WorkloadId::new(&patch.name.namespace, &patch.kind, &patch.name.name);
        let Ok(index) = self.workloads.binary_search_by(|workload| workload.id.cmp(&id)) else { return false };
        template::annotate(self, index, &patch.annotations);
        template::resize(self, index, &patch.containers);
        template::arrange(self, index, &patch.spread, &patch.anti_affinity);
        self.patch_rolling(&id, patch.rolling);
        if let Some(replicas) = patch.replicas {
            replicas::scale(self, index, replicas, ReplicasBasis::Declared);
        }
        true
    }

    fn patch_rolling(&mut self, id: &WorkloadId, patch: RollingPatch) {
        if patch == RollingPatch::default() {
            return;
        }
        let strategy = self.updates.entry(id.clone()).or_default();
        strategy.max_surge = patch.max_surge.or(strategy.max_surge);
        strategy.max_unavailable = patch.max_unavailable.or(strategy.max_unavailable);
    }

    fn patch_autoscaler(&mut self, patch: &AutoscalerPatch) -> bool {
        let of_name = |workload: &super::Workload| {
            workload.autoscaler.as_ref().is_some_and(|autoscaler| autoscaler.name == patch.name)
        };
        let Some(index) = self.workloads.iter().position(of_name) else { return false };
        let known = self.workloads.get(index).and_then(|workload| workload.autoscaler.clone());
        let Some(mut autoscaler) = known else { return false };
        autoscaler.min_replicas = patch.min_replicas.unwrap_or(autoscaler.min_replicas);
        autoscaler.max_replicas = patch.max_replicas.unwrap_or(autoscaler.max_replicas).max(autoscaler.min_replicas);
        if let Some(metrics) = &patch.metrics {
            autoscaler.metrics.clone_from(metrics);
        }
        let found = objects::autoscaler(self, &autoscaler);
        if patch.metrics.is_some() {
            settle(self, index);
        }
        found
    }

    fn put_autoscaler(&mut self, autoscaler: &Autoscaler) -> bool {
        let id = WorkloadId::new(&autoscaler.name.namespace, &autoscaler.target_kind, &autoscaler.target_name);
        let found = objects::autoscaler(self, autoscaler);
        if let Ok(index) = self.workloads.binary_search_by(|workload| workload.id.cmp(&id)) {
            settle(self, index);
        }
        found
    }

    fn patch_destination_rule(&mut self, patch: &DestinationRulePatch) -> bool {
        let rule = self.istio.destination_rules.iter_mut().find(|rule| rule.name == patch.name);
        rule.map(|rule| patch.apply(rule)).is_some()
    }

    fn patch_virtual_service(&mut self, patch: &VirtualServicePatch) -> bool {
        let service = self.istio.virtual_services.iter_mut().find(|service| service.name == patch.name);
        service.is_some_and(|service| patch.apply(service))
    }

    fn patch_http_route(&mut self, patch: &HttpRoutePatch) -> bool {
        let mut routes = self.istio.routes.iter_mut();
        let route = routes.find(|route| route.kind == "HTTPRoute" && route.name == patch.name);
        route.is_some_and(|route| patch.apply(route))
    }

    /// Where it is then of ambient mode and was not before, its pods are made anew without sidecars.
    fn patch_namespace(&mut self, patch: &NamespacePatch) -> bool {
        let is_known = self.workloads.iter().any(|workload| workload.id.namespace == patch.name.name);
        let namespace = match self.namespaces.get_mut(&patch.name.name) {
            Some(namespace) => namespace,
            None if is_known => self.namespaces.entry(patch.name.name.clone()).or_default(),
            None => return false,
        };
        namespace.name = patch.name.name.clone();
        let is_ambient = |namespace: &Namespace| namespace.labels.get(MODE).is_some_and(|mode| mode == "ambient");
        let was = is_ambient(namespace);
        for (key, value) in &patch.labels {
            match value {
                Some(value) => namespace.labels.insert(key.clone(), value.clone()),
                None => namespace.labels.remove(key),
            };
        }
        if is_ambient(namespace) && !was {
            super::sidecar::leave(self, &patch.name.name);
        }
        true
    }

    fn patch_service(&mut self, patch: &ServicePatch) -> bool {
        let Some(service) = self.services.iter_mut().find(|it| it.name == patch.name) else { return false };
        service.annotations.extend(patch.annotations.iter().map(|(key, value)| (key.clone(), value.clone())));
        true
    }

    fn patch_telemetry(&mut self, patch: &TelemetryPatch) -> bool {
        let known = self.istio.telemetries.iter_mut().find(|it| it.name == patch.name);
        known.map(|telemetry| patch.apply(telemetry)).is_some()
    }

    fn patch_budget(&mut self, patch: &BudgetPatch) -> bool {
        let Some(budget) = self.disruption_budgets.iter_mut().find(|budget| budget.name == patch.name) else {
            return false;
        };
        if patch.min_available.is_some() || patch.max_unavailable.is_some() {
            budget.min_available.clone_from(&patch.min_available);
            budget.max_unavailable.clone_from(&patch.max_unavailable);
        }
        true
    }
}

#[cfg(test)]
mod tests;
