//! What is added to proxies: WebAssembly filters, and patches whose effect is not known.

use super::super::ProxyMode;
use super::attached::{Attached, Policy};
use super::{Feature, Origin, WorkloadFeatures};
use crate::inventory::objects::Side;
use crate::inventory::{EnvoyFilter, Inventory, WasmPlugin, Workload};

/// Counts the WebAssembly filters of a workload.
pub(super) fn decide(plugins: &[&WasmPlugin], features: &mut WorkloadFeatures) {
    let mut origins = Vec::new();
    features.wasm_plugins = plugins.len() as u64;
    for plugin in plugins {
        for (side, own) in features.sides() {
            own.wasm_filters += u64::from(plugin.side.covers(side));
        }
        let side = match plugin.side {
            Side::Client => "for outbound requests",
            Side::Server => "for inbound requests",
            Side::Both => "for all requests",
        };
        let phase = plugin.phase.as_deref().map_or_else(String::new, |phase| format!(" in phase {phase}"));
        origins.push(Origin::read(Feature::Wasm, format!("a filter {side}{phase}"), plugin.title()));
    }
    features.decide(origins);
}

/// The EnvoyFilters of a mesh.
pub(super) struct EnvoyPatches<'a>(Attached<'a, EnvoyFilter>);

impl<'a> EnvoyPatches<'a> {
    pub fn new(inventory: &'a Inventory) -> Self {
        let istio = &inventory.istio;
        Self(Attached::new(&istio.envoy_filters, istio.mesh.root_namespace()))
    }

    /// Names the EnvoyFilters of a workload: what they do is not modelled.
    pub fn decide(&self, workload: &Workload, mode: ProxyMode, features: &mut WorkloadFeatures) {
        if self.0.is_empty() {
            return;
        }
        let word = |filter: &EnvoyFilter| format!("effect not modelled, patches {}", filter.patches);
        let filters = self.0.all(workload, mode);
        features.decide(
            filters.iter().map(|filter| Origin::read(Feature::EnvoyFilter, word(filter), filter.title())).collect(),
        );
    }
}
