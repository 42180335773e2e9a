//! Settings of the whole mesh, and the ConfigMap in which istiod reads them.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::document;
use super::super::notes::FIELD_IGNORED;
use super::extension::CertificateVariables;
use super::istio::texts;
use super::routing::RetriesWire;
use super::selector::SelectorWire;
use super::telemetry::{ProviderWire, names, percent, truth};
use super::text::{Int, Nullable, Seq, Text};
use super::traffic_policy::LocalityWire;
use super::{Metadata, Oddity};
use crate::inventory::objects::{ExportTo, MeshConfig, MeshConfigOrigin, MeshTelemetry, PilotValues};

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
pub(super) struct MeshWire<'a> {
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
    #[serde(borrow)]
    enable_auto_mtls: Text<'a>,
    #[serde(borrow)]
    access_log_file: Option<Text<'a>>,
    #[serde(borrow)]
    enable_tracing: Text<'a>,
    #[serde(borrow)]
    default_config: Nullable<DefaultConfigWire<'a>>,
    default_providers: Nullable<DefaultProvidersWire>,
    #[serde(borrow)]
    extension_providers: Seq<ProviderWire<'a>>,
    #[serde(borrow)]
    outbound_traffic_policy: Nullable<OutboundWire<'a>>,
    #[serde(borrow)]
    locality_lb_setting: Option<LocalityWire<'a>>,
    #[serde(borrow)]
    default_http_retry_policy: Option<RetriesWire<'a>>,
}

/// Settings of every proxy.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct DefaultConfigWire<'a> {
    concurrency: Int,
    #[serde(borrow)]
    tracing: Nullable<TracingWire<'a>>,
    #[serde(borrow)]
    proxy_metadata: Nullable<CertificateVariables<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct TracingWire<'a> {
    #[serde(borrow)]
    sampling: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct DefaultProvidersWire {
    tracing: Option<Seq<IgnoredAny>>,
    access_logging: Option<Seq<IgnoredAny>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct OutboundWire<'a> {
    #[serde(borrow)]
    mode: Text<'a>,
}

impl MeshWire<'_> {
    fn telemetry(&self, odd: &mut Vec<Oddity>) -> MeshTelemetry {
        let names_any = |list: &Option<Seq<IgnoredAny>>| list.as_ref().map(|list| !list.0.is_empty());
        let sampling = &self.default_config.tracing.sampling;
        MeshTelemetry {
            access_log_file: self.access_log_file.as_ref().map(|file| !file.is_empty()),
            tracing: truth(&self.enable_tracing, "enableTracing", odd),
            sampling_percent: percent(sampling, "defaultConfig.tracing.sampling", odd),
            logs_by_default: names_any(&self.default_providers.access_logging),
            traces_by_default: names_any(&self.default_providers.tracing),
            providers: names(&self.extension_providers),
        }
    }

    /// The settings, from where they were written.
    pub(super) fn read(&self, origin: MeshConfigOrigin, odd: &mut Vec<Oddity>) -> MeshConfig {
        MeshConfig {
            origin,
            root_namespace: self.root_namespace.to_option().map(Into::into),
            discovery_selectors: self.discovery_selectors.0.iter().map(SelectorWire::requirements).collect(),
            service_export_to: ExportTo(texts(&self.default_service_export_to)),
            virtual_service_export_to: ExportTo(texts(&self.default_virtual_service_export_to)),
            destination_rule_export_to: ExportTo(texts(&self.default_destination_rule_export_to)),
            filter_gateway_clusters: None,
            auto_mtls: truth(&self.enable_auto_mtls, "enableAutoMtls", odd),
            telemetry: self.telemetry(odd),
            concurrency: self.default_config.concurrency.count().and_then(|count| u32::try_from(count).ok()),
            certificates: self.default_config.proxy_metadata.read("defaultConfig.proxyMetadata", odd),
            allows_any_host: self.outbound_traffic_policy.mode.to_option().map(|mode| mode == "ALLOW_ANY"),
            locality: self.locality_lb_setting.as_ref().map(|it| it.read("localityLbSetting", odd)),
            retries: self.default_http_retry_policy.as_ref().map(|it| it.read("defaultHttpRetryPolicy", odd)),
            pilot: PilotValues::default(),
        }
    }
}

/// The mesh settings in istiod's ConfigMap; nothing where it has no name.
pub(super) fn config_map(wire: &ConfigMapWire<'_>, odd: &mut Vec<Oddity>) -> Option<MeshConfig> {
    wire.metadata.object_name()?;
    let strange = |message: String, odd: &mut Vec<Oddity>| {
        odd.push(Oddity {
            kind: &FIELD_IGNORED,
            field: "data.mesh".to_owned(),
            message: format!("{message}; planned with Istio's defaults"),
        });
        Some(MeshConfig { origin: MeshConfigOrigin::ConfigMap, ..MeshConfig::default() })
    };
    let json = match document::to_json(wire.data.mesh.as_str()) {
        Ok(json) => json,
        Err(error) => return strange(error, odd),
    };
    match serde_json::from_slice::<MeshWire<'_>>(&json) {
        Ok(mesh) => Some(mesh.read(MeshConfigOrigin::ConfigMap, odd)),
        Err(error) => strange(error.to_string(), odd),
    }
}
