//! Settings of the whole mesh: the ConfigMap istiod reads, an IstioOperator, Helm values.

use serde::Deserialize;

use super::super::document;
use super::super::notes::FIELD_IGNORED;
use super::istio::texts;
use super::selector::SelectorWire;
use super::text::{Nullable, Seq, Text};
use super::{Metadata, Oddity};
use crate::inventory::objects::{ExportTo, MeshConfig, MeshConfigOrigin};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct ConfigMapWire<'a> {
    #[serde(borrow)]
    metadata: Nullable<Metadata<'a>>,
    #[serde(borrow)]
    data: Nullable<DataWire<'a>>,
}

/// The only entry of a ConfigMap that is read.
#[derive(Deserialize, Default)]
#[serde(default)]
struct DataWire<'a> {
    #[serde(borrow)]
    mesh: Text<'a>,
}

/// Whether a ConfigMap is one that istiod reads: `istio`, or `istio-REVISION`, with an entry `mesh`.
pub(in super::super) fn is_mesh_config_map(json: &[u8]) -> bool {
    serde_json::from_slice(json).is_ok_and(|wire: ConfigMapWire<'_>| {
        let name = wire.metadata.name().unwrap_or_default();
        (name == "istio" || name.starts_with("istio-")) && !wire.data.mesh.is_empty()
    })
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct MeshWire<'a> {
    #[serde(borrow)]
    root_namespace: Text<'a>,
    #[serde(borrow)]
    discovery_selectors: Seq<SelectorWire<'a>>,
    #[serde(borrow)]
    default_service_export_to: Seq<Text<'a>>,
    #[serde(borrow)]
    default_virtual_service_export_to: Seq<Text<'a>>,
    #[serde(borrow)]
    default_destination_rule_export_to: Seq<Text<'a>>,
}

impl MeshWire<'_> {
    fn read(&self, origin: MeshConfigOrigin) -> MeshConfig {
        MeshConfig {
            origin,
            root_namespace: self.root_namespace.to_option().map(Into::into),
            discovery_selectors: self.discovery_selectors.0.iter().map(SelectorWire::requirements).collect(),
            service_export_to: ExportTo(texts(&self.default_service_export_to)),
            virtual_service_export_to: ExportTo(texts(&self.default_virtual_service_export_to)),
            destination_rule_export_to: ExportTo(texts(&self.default_destination_rule_export_to)),
            filter_gateway_clusters: None,
        }
    }
}

/// The mesh settings in istiod's ConfigMap; nothing where it has no name.
pub(super) fn config_map(wire: &ConfigMapWire<'_>, odd: &mut Vec<Oddity>) -> Option<MeshConfig> {
    wire.metadata.object_name()?;
    let mut strange = |message: String| {
        odd.push(Oddity {
            kind: &FIELD_IGNORED,
            field: "data.mesh".to_owned(),
            message: format!("{message}; planned with Istio's defaults"),
        });
        Some(MeshConfig { origin: MeshConfigOrigin::ConfigMap, ..MeshConfig::default() })
    };
    let json = match document::to_json(wire.data.mesh.as_str()) {
        Ok(json) => json,
        Err(error) => return strange(error),
    };
    match serde_json::from_slice::<MeshWire<'_>>(&json) {
        Ok(mesh) => Some(mesh.read(MeshConfigOrigin::ConfigMap)),
        Err(error) => strange(error.to_string()),
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct OperatorWire<'a> {
    #[serde(borrow)]
    spec: Nullable<OperatorSpec<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct OperatorSpec<'a> {
    #[serde(borrow)]
    mesh_config: Nullable<MeshWire<'a>>,
    #[serde(borrow)]
    values: Nullable<ValuesWire<'a>>,
}

/// Values of Istio's charts.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ValuesWire<'a> {
    #[serde(borrow)]
    mesh_config: Nullable<MeshWire<'a>>,
    #[serde(borrow)]
    pilot: Nullable<PilotWire<'a>>,
    /// Charts before 1.24 read them here as well.
    #[serde(borrow)]
    env: Nullable<PilotEnvironment<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PilotWire<'a> {
    #[serde(borrow)]
    env: Nullable<PilotEnvironment<'a>>,
}

/// The one feature switch of istiod that changes what is sent; no other is read.
#[derive(Deserialize, Default)]
#[serde(default)]
struct PilotEnvironment<'a> {
    #[serde(borrow, rename = "PILOT_FILTER_GATEWAY_CLUSTER_CONFIG")]
    filter_gateway_clusters: Text<'a>,
}

impl ValuesWire<'_> {
    fn filter_gateway_clusters(&self) -> Option<bool> {
        let switch = |env: &PilotEnvironment<'_>| env.filter_gateway_clusters.as_str().parse().ok();
        switch(&self.pilot.env).or(switch(&self.env))
    }
}

/// The mesh settings of an IstioOperator.
pub(super) fn operator(wire: &OperatorWire<'_>) -> MeshConfig {
    let spec = &wire.spec;
    let mesh = spec.mesh_config.read(MeshConfigOrigin::Operator);
    let values = spec.values.mesh_config.read(MeshConfigOrigin::Operator);
    MeshConfig { filter_gateway_clusters: spec.values.filter_gateway_clusters(), ..mesh.or(values) }
}

/// The mesh settings of Helm values.
pub(super) fn values(wire: &ValuesWire<'_>) -> MeshConfig {
    let mesh = wire.mesh_config.read(MeshConfigOrigin::HelmValues);
    MeshConfig { filter_gateway_clusters: wire.filter_gateway_clusters(), ..mesh }
}
