//! The JSON of Kubernetes objects, reduced to the members that are read.
//!
//! Members that are absent, `null` or empty mean the same. Text may also come as a number or a
//! boolean, as hand-written YAML has it. There is no member for environment values or Secret data.

mod affinity;
mod amounts;
mod autoscaler;
mod cluster;
mod extension;
mod gateway_api;
mod gateway_parameters;
mod installation;
mod json_patch;
mod istio;
mod life;
mod mesh_config;
mod patch;
mod pod;
mod routing;
mod security;
mod selector;
mod storage;
mod telemetry;
mod text;
mod traffic_policy;
mod unknown;
mod update;
mod workload;

use std::sync::Arc;

use serde::Deserialize;

use super::head::Kind;
use crate::finding::FindingKind;
use crate::inventory::objects::{Labels, MeshConfig, MeshConfigOrigin, Object, ObjectName, Owner};
#[cfg(feature = "columnar")]
pub(super) use amounts::absurd_amount;
pub(super) use gateway_parameters::is_gateway_parameters;
pub(super) use json_patch::{Routing, json_patch};
pub(super) use mesh_config::is_mesh_config_map;
pub(super) use patch::patch;
use text::{Annotations, Seq, Text, TextMap};

/// An object and what was odd about it.
#[derive(Debug)]
pub(super) struct Decoded {
    pub(super) object: Object,
    pub(super) oddities: Vec<Oddity>,
}

/// Something odd in one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Oddity {
    pub(super) kind: &'static FindingKind,
    /// Path of the field, e.g. `spec.containers[0].resources.requests.cpu`.
    pub(super) field: String,
    pub(super) message: String,
}

/// Reads an object of a known kind.
///
/// # Errors
/// What serde_json says about text that is no JSON or has members of the wrong form, a missing
/// name among them.
pub(super) fn decode(kind: Kind, json: &[u8]) -> Result<Decoded, serde_json::Error> {
    let mut odd = Vec::new();
    let object = match kind {
        Kind::Pod => pod::pod(&serde_json::from_slice(json)?, &mut odd).map(Object::Pod),
        Kind::Node => cluster::node(&serde_json::from_slice(json)?, &mut odd).map(Object::Node),
        Kind::Namespace => cluster::namespace(&serde_json::from_slice(json)?).map(Object::Namespace),
        Kind::Controller(kind) => {
            workload::controller(kind, &serde_json::from_slice(json)?, &mut odd).map(Object::Controller)
        }
        Kind::Service => cluster::service(&serde_json::from_slice(json)?, &mut odd).map(Object::Service),
        Kind::Endpoints => cluster::endpoints(&serde_json::from_slice(json)?).map(Object::Endpoints),
        Kind::EndpointSlice => cluster::endpoint_slice(&serde_json::from_slice(json)?).map(Object::Endpoints),
        Kind::Autoscaler => autoscaler::autoscaler(&serde_json::from_slice(json)?, &mut odd).map(Object::Autoscaler),
        Kind::DisruptionBudget => {
            workload::disruption_budget(&serde_json::from_slice(json)?).map(Object::DisruptionBudget)
        }
        Kind::LimitRange => cluster::limit_range(&serde_json::from_slice(json)?, &mut odd).map(Object::LimitRange),
        Kind::ResourceQuota => {
            cluster::resource_quota(&serde_json::from_slice(json)?, &mut odd).map(Object::ResourceQuota)
        }
        Kind::PriorityClass => cluster::priority_class(&serde_json::from_slice(json)?).map(Object::PriorityClass),
        Kind::RuntimeClass => {
            cluster::runtime_class(&serde_json::from_slice(json)?, &mut odd).map(Object::RuntimeClass)
        }
        Kind::PersistentVolume => {
            storage::persistent_volume(&serde_json::from_slice(json)?, &mut odd).map(Object::PersistentVolume)
        }
        Kind::PersistentVolumeClaim => {
            storage::claim(&serde_json::from_slice(json)?, &mut odd).map(Object::PersistentVolumeClaim)
        }
        Kind::StorageClass => storage::storage_class(&serde_json::from_slice(json)?).map(Object::StorageClass),
        Kind::CsiNode => storage::csi_node(&serde_json::from_slice(json)?).map(Object::CsiNode),
        Kind::Gateway => gateway_api::gateway(&serde_json::from_slice(json)?, &mut odd).map(Object::Gateway),
        Kind::HttpRoute => {
            gateway_api::route("HTTPRoute", &serde_json::from_slice(json)?, &mut odd).map(Object::GatewayRoute)
        }
        Kind::GrpcRoute => {
            gateway_api::route("GRPCRoute", &serde_json::from_slice(json)?, &mut odd).map(Object::GatewayRoute)
        }
        Kind::Sidecar => istio::sidecar(&serde_json::from_slice(json)?, &mut odd).map(Object::Sidecar),
        Kind::VirtualService => {
            routing::virtual_service(&serde_json::from_slice(json)?, &mut odd).map(Object::VirtualService)
        }
        Kind::DestinationRule => routing::destination_rule(&serde_json::from_slice(json)?, &mut odd)
            .map(|rule| Object::DestinationRule(Box::new(rule))),
        Kind::ServiceEntry => istio::service_entry(&serde_json::from_slice(json)?, &mut odd).map(Object::ServiceEntry),
        Kind::WorkloadEntry => istio::workload_entry(&serde_json::from_slice(json)?).map(Object::WorkloadEntry),
        Kind::IstioGateway => istio::istio_gateway(&serde_json::from_slice(json)?, &mut odd).map(Object::IstioGateway),
        Kind::WorkloadGroup => extension::workload_group(&serde_json::from_slice(json)?).map(Object::WorkloadGroup),
        Kind::ProxySettings => {
            extension::proxy_settings(&serde_json::from_slice(json)?, &mut odd).map(Object::ProxySettings)
        }
        Kind::EnvoyFilter => extension::envoy_filter(&serde_json::from_slice(json)?).map(Object::EnvoyFilter),
        Kind::WasmPlugin => extension::wasm_plugin(&serde_json::from_slice(json)?, &mut odd).map(Object::WasmPlugin),
        Kind::PeerAuthentication => {
            security::peer_authentication(&serde_json::from_slice(json)?, &mut odd).map(Object::PeerAuthentication)
        }
        Kind::AuthorizationPolicy => {
            security::authorization_policy(&serde_json::from_slice(json)?, &mut odd).map(Object::AuthorizationPolicy)
        }
        Kind::RequestAuthentication => security::request_authentication(&serde_json::from_slice(json)?, &mut odd)
            .map(Object::RequestAuthentication),
        Kind::Telemetry => telemetry::telemetry(&serde_json::from_slice(json)?, &mut odd).map(Object::Telemetry),
        Kind::ConfigMap if !is_mesh_config_map(json) => {
            let parameters = gateway_parameters::config_map(&serde_json::from_slice(json)?);
            parameters.map(Box::new).map(Object::GatewayParameters)
        }
        Kind::ConfigMap => {
            mesh_config::config_map(&serde_json::from_slice(json)?, &mut odd).map(Box::new).map(Object::MeshConfig)
        }
        Kind::IstioOperator => {
            Some(Object::MeshConfig(Box::new(installation::operator(&serde_json::from_slice(json)?, &mut odd))))
        }
        Kind::HelmValues => {
            Some(Object::MeshConfig(Box::new(installation::values(&serde_json::from_slice(json)?, &mut odd))))
        }
    };
    object
        .map(|object| Decoded { object, oddities: odd })
        .ok_or_else(|| <serde_json::Error as serde::de::Error>::custom("metadata.name is missing"))
}

/// Reads Helm values that are to be installed over what the other inputs have.
///
/// # Errors
/// What serde_json says about members of the wrong form.
pub(super) fn overlay_values(json: &[u8]) -> Result<Decoded, serde_json::Error> {
    let mut odd = Vec::new();
    let values = installation::values(&serde_json::from_slice(json)?, &mut odd);
    let values = MeshConfig { origin: MeshConfigOrigin::Overlay, ..values };
    Ok(Decoded { object: Object::MeshConfig(Box::new(values)), oddities: odd })
}

/// Name of an object for messages: `shop/cart`, where it can be read.
pub(super) fn display_name(json: &[u8]) -> Option<String> {
    let named: Named<'_> = serde_json::from_slice(json).ok()?;
    let name = named.metadata.name()?;
    let namespace = &named.metadata.namespace;
    Some(if namespace.is_empty() { name.to_owned() } else { format!("{}/{name}", namespace.as_str()) })
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Named<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Metadata<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    generate_name: Text<'a>,
    #[serde(borrow)]
    namespace: Text<'a>,
    #[serde(borrow)]
    uid: Text<'a>,
    #[serde(borrow)]
    creation_timestamp: Text<'a>,
    #[serde(borrow)]
    deletion_timestamp: Text<'a>,
    #[serde(borrow)]
    labels: TextMap<'a>,
    annotations: Annotations,
    #[serde(borrow)]
    owner_references: Seq<OwnerReference<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct OwnerReference<'a> {
    #[serde(borrow)]
    kind: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
    controller: Option<bool>,
}

impl Metadata<'_> {
    /// Name, or the prefix of generated names that manifests of jobs have instead.
    fn name(&self) -> Option<&str> {
        [&self.name, &self.generate_name].into_iter().map(Text::as_str).find(|name| !name.is_empty())
    }

    fn cluster_name(&self) -> Option<Arc<str>> {
        self.name().map(Arc::from)
    }

    fn object_name(&self) -> Option<ObjectName> {
        let namespace = if self.namespace.is_empty() { "default" } else { self.namespace.as_str() };
        self.name().map(|name| ObjectName::new(namespace, name))
    }

    fn labels(&self) -> Labels {
        self.labels.to_labels()
    }

    /// The owner that controls it; where none says so, the only owner.
    fn owner(&self) -> Option<Owner> {
        let owners = &self.owner_references.0;
        let controlling = owners.iter().find(|owner| owner.controller == Some(true));
        let only = if owners.len() == 1 { owners.first() } else { None };
        controlling
            .or(only.filter(|owner| owner.controller.is_none()))
            .map(|owner| Owner { kind: owner.kind.as_str().into(), name: owner.name.as_str().into() })
    }

    fn is_live(&self) -> bool {
        !self.uid.is_empty() || !self.creation_timestamp.is_empty()
    }
}
