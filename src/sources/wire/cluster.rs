//! Nodes, namespaces, services and the rules of a cluster.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::notes::FIELD_IGNORED;
use super::amounts::{declared, listed_amounts, node_resources};
use super::pod::taint_effect;
use super::text::{Int, Nullable, Seq, Text, TextMap};
use super::{Metadata, Oddity};
use crate::inventory::objects::{
    Endpoints, LimitRange, Namespace, Node, NodeImage, ObjectName, PriorityClass, ResourceQuota, RuntimeClass, Service,
    ServicePort, Taint,
};
use crate::resources::Declared;
use crate::units::Bytes;

/// An object of which only the metadata count.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct MetadataWire<'a> {
    #[serde(borrow)]
    metadata: Nullable<Metadata<'a>>,
}

/// A namespace; nothing where it has no name.
pub(super) fn namespace(wire: &MetadataWire<'_>) -> Option<Namespace> {
    let metadata = &wire.metadata;
    Some(Namespace {
        name: metadata.cluster_name()?,
        labels: metadata.labels(),
        annotations: metadata.annotations.0.clone(),
    })
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct NodeWire<'a> {
    #[serde(borrow)]
    metadata: Nullable<Metadata<'a>>,
    #[serde(borrow)]
    spec: Nullable<NodeSpec<'a>>,
    #[serde(borrow)]
    status: Nullable<NodeStatus<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct NodeSpec<'a> {
    #[serde(borrow)]
    taints: Seq<TaintWire<'a>>,
    unschedulable: Option<bool>,
    #[serde(borrow, rename = "providerID")]
    provider_id: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct TaintWire<'a> {
    #[serde(borrow)]
    key: Text<'a>,
    #[serde(borrow)]
    value: Text<'a>,
    #[serde(borrow)]
    effect: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct NodeStatus<'a> {
    #[serde(borrow)]
    capacity: TextMap<'a>,
    #[serde(borrow)]
    allocatable: TextMap<'a>,
    #[serde(borrow)]
    conditions: Seq<ConditionWire<'a>>,
    #[serde(borrow)]
    images: Seq<ImageWire<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ImageWire<'a> {
    #[serde(borrow)]
    names: Seq<Text<'a>>,
    size_bytes: Int,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ConditionWire<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    status: Text<'a>,
}

/// A node; nothing where it has no name.
pub(super) fn node(wire: &NodeWire<'_>, odd: &mut Vec<Oddity>) -> Option<Node> {
    let name = wire.metadata.cluster_name()?;
    let mut amounts =
        |amounts: &TextMap<'_>, field: &str| (!amounts.0.is_empty()).then(|| node_resources(amounts, field, odd));
    let capacity = amounts(&wire.status.capacity, "status.capacity");
    let allocatable = amounts(&wire.status.allocatable, "status.allocatable");
    let taint = |wire: &TaintWire<'_>| {
        let effect = taint_effect(wire.effect.as_str(), "spec.taints", odd)?;
        Some(Taint { key: (&wire.key).into(), value: (&wire.value).into(), effect })
    };
    let ready = wire.status.conditions.0.iter().find(|condition| condition.kind.as_str() == "Ready");
    Some(Node {
        name,
        labels: wire.metadata.labels(),
        taints: wire.spec.taints.0.iter().filter_map(taint).collect(),
        unschedulable: wire.spec.unschedulable.unwrap_or_default(),
        provider_id: wire.spec.provider_id.to_option(),
        capacity,
        allocatable,
        images: wire.status.images.0.iter().map(image).collect(),
        ready: ready.map(|condition| condition.status.as_str() == "True"),
    })
}

fn image(wire: &ImageWire<'_>) -> NodeImage {
    let size = Bytes::new(wire.size_bytes.count().unwrap_or(0));
    NodeImage { names: wire.names.0.iter().map(|name| name.as_str().into()).collect(), size }
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct ServiceWire<'a> {
    #[serde(borrow)]
    metadata: Nullable<Metadata<'a>>,
    #[serde(borrow)]
    spec: Nullable<ServiceSpec<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ServiceSpec<'a> {
    #[serde(borrow)]
    selector: TextMap<'a>,
    #[serde(borrow)]
    ports: Seq<ServicePortWire<'a>>,
    #[serde(borrow, rename = "clusterIP")]
    cluster_ip: Text<'a>,
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ServicePortWire<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    port: Int,
    #[serde(borrow)]
    app_protocol: Text<'a>,
    #[serde(borrow)]
    protocol: Text<'a>,
    #[serde(borrow)]
    target_port: Text<'a>,
}

/// A service; nothing where it has no name.
pub(super) fn service(wire: &ServiceWire<'_>, odd: &mut Vec<Oddity>) -> Option<Service> {
    let metadata = &wire.metadata;
    let spec = &wire.spec;
    let port = |wire: &ServicePortWire<'_>| {
        let Some(port) = wire.port.port() else {
            odd.push(Oddity {
                kind: &FIELD_IGNORED,
                field: "spec.ports".to_owned(),
                message: "a port has no number in 1 … 65535; planned without it".to_owned(),
            });
            return None;
        };
        let transport = if wire.protocol.is_empty() { "TCP".to_owned() } else { (&wire.protocol).into() };
        Some(ServicePort {
            name: (&wire.name).into(),
            port,
            app_protocol: wire.app_protocol.to_option(),
            transport,
            target: (&wire.target_port).into(),
        })
    };
    Some(Service {
        name: metadata.object_name()?,
        labels: metadata.labels(),
        selector: spec.selector.to_labels(),
        ports: spec.ports.0.iter().filter_map(port).collect(),
        headless: spec.cluster_ip.as_str() == "None",
        external_name: spec.kind.as_str() == "ExternalName",
        annotations: metadata.annotations.0.clone(),
    })
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct EndpointsWire<'a> {
    #[serde(borrow)]
    metadata: Nullable<Metadata<'a>>,
    subsets: Seq<SubsetWire>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct SubsetWire {
    addresses: Seq<IgnoredAny>,
    not_ready_addresses: Seq<IgnoredAny>,
}

/// The endpoints of a service; nothing where they have no name.
pub(super) fn endpoints(wire: &EndpointsWire<'_>) -> Option<Endpoints> {
    let service = wire.metadata.object_name()?;
    let sum = |addresses: fn(&SubsetWire) -> &Seq<IgnoredAny>| {
        wire.subsets.0.iter().map(|subset| addresses(subset).0.len() as u64).sum()
    };
    Some(Endpoints {
        object: service.name.clone(),
        service,
        slice: false,
        ipv6: false,
        ready: sum(|subset| &subset.addresses),
        not_ready: sum(|subset| &subset.not_ready_addresses),
    })
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct SliceWire<'a> {
    #[serde(borrow)]
    metadata: Nullable<Metadata<'a>>,
    #[serde(borrow, rename = "addressType")]
    address_type: Text<'a>,
    endpoints: Seq<EndpointWire>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct EndpointWire {
    conditions: Nullable<EndpointConditions>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct EndpointConditions {
    /// Unknown counts as ready, as in Kubernetes.
    ready: Option<bool>,
}

/// A slice of a service's endpoints; nothing where it has no name.
pub(super) fn endpoint_slice(wire: &SliceWire<'_>) -> Option<Endpoints> {
    let own = wire.metadata.object_name()?;
    let owner = wire.metadata.owner().filter(|owner| &*owner.kind == "Service").map(|owner| owner.name);
    let service = wire.metadata.labels.get("kubernetes.io/service-name").map(Into::into).or(owner);
    let ready = wire.endpoints.0.iter().filter(|endpoint| endpoint.conditions.ready.unwrap_or(true)).count();
    Some(Endpoints {
        service: ObjectName { namespace: own.namespace, name: service.unwrap_or_else(|| own.name.clone()) },
        object: own.name,
        slice: true,
        ipv6: wire.address_type.as_str() == "IPv6",
        ready: ready as u64,
        not_ready: (wire.endpoints.0.len() - ready) as u64,
    })
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct LimitRangeWire<'a> {
    #[serde(borrow)]
    metadata: Nullable<Metadata<'a>>,
    #[serde(borrow)]
    spec: Nullable<LimitRangeSpec<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct LimitRangeSpec<'a> {
    #[serde(borrow)]
    limits: Seq<LimitWire<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct LimitWire<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    default: TextMap<'a>,
    #[serde(borrow)]
    default_request: TextMap<'a>,
    #[serde(borrow)]
    min: TextMap<'a>,
    #[serde(borrow)]
    max: TextMap<'a>,
}

/// A limit range with the defaults the API server fills in when it is created: a limit from the
/// maximum, a request from the limit, else from the minimum.
pub(super) fn limit_range(wire: &LimitRangeWire<'_>, odd: &mut Vec<Oddity>) -> Option<LimitRange> {
    let name = wire.metadata.object_name()?;
    let mut default_request = Declared::default();
    let mut default_limit = Declared::default();
    for limit in wire.spec.limits.0.iter().filter(|limit| limit.kind.as_str() == "Container") {
        let most = declared(&limit.max, "spec.limits.max", odd);
        let limits = declared(&limit.default, "spec.limits.default", odd).or(&most);
        let least = declared(&limit.min, "spec.limits.min", odd);
        let requests = declared(&limit.default_request, "spec.limits.defaultRequest", odd).or(&limits).or(&least);
        default_limit = default_limit.or(&limits);
        default_request = default_request.or(&requests);
    }
    Some(LimitRange { name, default_request, default_limit })
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct QuotaWire<'a> {
    #[serde(borrow)]
    metadata: Nullable<Metadata<'a>>,
    #[serde(borrow)]
    spec: Nullable<QuotaSpec<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct QuotaSpec<'a> {
    #[serde(borrow)]
    hard: TextMap<'a>,
}

/// A quota; nothing where it has no name. Object counts other than pods are left out.
pub(super) fn resource_quota(wire: &QuotaWire<'_>, odd: &mut Vec<Oddity>) -> Option<ResourceQuota> {
    let name = wire.metadata.object_name()?;
    let hard: Vec<(&str, &str)> =
        wire.spec.hard.0.iter().map(|(key, amount)| (key.as_str(), amount.as_str())).collect();
    let under = |prefix: &'static str| {
        hard.iter().filter_map(move |(key, amount)| key.strip_prefix(prefix).map(|key| (key, *amount)))
    };
    let plain = hard.iter().copied().filter(|(key, _)| matches!(*key, "cpu" | "memory" | "ephemeral-storage"));
    let pods = hard.iter().copied().filter(|(key, _)| matches!(*key, "pods" | "count/pods"));
    let pods = listed_amounts(pods, "spec.hard", odd).extended.into_values().min();
    let requests = listed_amounts(under("requests."), "spec.hard.requests", odd);
    let limits = listed_amounts(under("limits."), "spec.hard.limits", odd);
    Some(ResourceQuota { name, requests: requests.or(&listed_amounts(plain, "spec.hard", odd)), limits, pods })
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PriorityWire<'a> {
    #[serde(borrow)]
    metadata: Nullable<Metadata<'a>>,
    value: Int,
    global_default: Option<bool>,
}

/// A priority class; nothing where it has no name.
pub(super) fn priority_class(wire: &PriorityWire<'_>) -> Option<PriorityClass> {
    Some(PriorityClass {
        name: wire.metadata.cluster_name()?,
        value: wire.value.0.unwrap_or(0).clamp(i32::MIN.into(), i32::MAX.into()) as i32,
        global_default: wire.global_default.unwrap_or_default(),
    })
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct RuntimeWire<'a> {
    #[serde(borrow)]
    metadata: Nullable<Metadata<'a>>,
    #[serde(borrow)]
    overhead: Nullable<OverheadWire<'a>>,
    #[serde(borrow)]
    spec: Nullable<RuntimeSpec<'a>>,
}

/// Up to v1alpha1 the overhead lay in a spec.
#[derive(Deserialize, Default)]
#[serde(default)]
struct RuntimeSpec<'a> {
    #[serde(borrow)]
    overhead: Nullable<OverheadWire<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct OverheadWire<'a> {
    #[serde(borrow)]
    pod_fixed: TextMap<'a>,
}

/// A runtime class; nothing where it has no name.
pub(super) fn runtime_class(wire: &RuntimeWire<'_>, odd: &mut Vec<Oddity>) -> Option<RuntimeClass> {
    let name = wire.metadata.cluster_name()?;
    let overhead = declared(&wire.overhead.pod_fixed, "overhead.podFixed", odd);
    let old = declared(&wire.spec.overhead.pod_fixed, "spec.overhead.podFixed", odd);
    Some(RuntimeClass { name, overhead: overhead.or(&old) })
}
