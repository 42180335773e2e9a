//! What kind of object some JSON is, without reading all of it.

use memchr::{memchr2, memchr3};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::inventory::ControllerKind;

/// Kinds of objects that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Node,
    Namespace,
    Pod,
    Controller(ControllerKind),
    Service,
    Endpoints,
    EndpointSlice,
    Autoscaler,
    DisruptionBudget,
    LimitRange,
    ResourceQuota,
    PriorityClass,
    RuntimeClass,
    PersistentVolume,
    PersistentVolumeClaim,
    StorageClass,
    CsiNode,
    Gateway,
    HttpRoute,
    GrpcRoute,
    Sidecar,
    VirtualService,
    DestinationRule,
    ServiceEntry,
    WorkloadEntry,
    IstioGateway,
    WorkloadGroup,
    ProxySettings,
    EnvoyFilter,
    WasmPlugin,
    PeerAuthentication,
    AuthorizationPolicy,
    RequestAuthentication,
    Telemetry,
    /// Only those that hold the mesh's settings are read.
    ConfigMap,
    IstioOperator,
    /// Values of Istio's charts, which have no kind.
    HelmValues,
}

/// Name, API groups and plural of every kind that is read. Old groups stay: dumps live long.
const KINDS: [(Kind, &str, &[&str], &str); 43] = [
    (Kind::Pod, "Pod", &[""], "pods"),
    (Kind::Node, "Node", &[""], "nodes"),
    (Kind::Namespace, "Namespace", &[""], "namespaces"),
    (Kind::Controller(ControllerKind::Deployment), "Deployment", &["apps", "extensions"], "deployments"),
    (Kind::Controller(ControllerKind::ReplicaSet), "ReplicaSet", &["apps", "extensions"], "replicasets"),
    (Kind::Controller(ControllerKind::StatefulSet), "StatefulSet", &["apps"], "statefulsets"),
    (Kind::Controller(ControllerKind::DaemonSet), "DaemonSet", &["apps", "extensions"], "daemonsets"),
    (Kind::Controller(ControllerKind::Job), "Job", &["batch"], "jobs"),
    (Kind::Controller(ControllerKind::CronJob), "CronJob", &["batch"], "cronjobs"),
    (Kind::Controller(ControllerKind::ReplicationController), "ReplicationController", &[""], "replicationcontrollers"),
    (
        Kind::Controller(ControllerKind::DeploymentConfig),
        "DeploymentConfig",
        &["apps.openshift.io", ""],
        "deploymentconfigs",
    ),
    (Kind::Service, "Service", &[""], "services"),
    (Kind::Endpoints, "Endpoints", &[""], "endpoints"),
    (Kind::EndpointSlice, "EndpointSlice", &["discovery.k8s.io"], "endpointslices"),
    (Kind::Autoscaler, "HorizontalPodAutoscaler", &["autoscaling", "extensions"], "horizontalpodautoscalers"),
    (Kind::DisruptionBudget, "PodDisruptionBudget", &["policy"], "poddisruptionbudgets"),
    (Kind::LimitRange, "LimitRange", &[""], "limitranges"),
    (Kind::ResourceQuota, "ResourceQuota", &[""], "resourcequotas"),
    (Kind::PriorityClass, "PriorityClass", &["scheduling.k8s.io"], "priorityclasses"),
    (Kind::RuntimeClass, "RuntimeClass", &["node.k8s.io"], "runtimeclasses"),
    (Kind::PersistentVolume, "PersistentVolume", &[""], "persistentvolumes"),
    (Kind::PersistentVolumeClaim, "PersistentVolumeClaim", &[""], "persistentvolumeclaims"),
    (Kind::StorageClass, "StorageClass", &["storage.k8s.io"], "storageclasses"),
    (Kind::CsiNode, "CSINode", &["storage.k8s.io"], "csinodes"),
    (Kind::Gateway, "Gateway", &["gateway.networking.k8s.io"], "gateways"),
    (Kind::HttpRoute, "HTTPRoute", &["gateway.networking.k8s.io"], "httproutes"),
    (Kind::GrpcRoute, "GRPCRoute", &["gateway.networking.k8s.io"], "grpcroutes"),
    (Kind::Sidecar, "Sidecar", &["networking.istio.io"], "sidecars"),
    (Kind::VirtualService, "VirtualService", &["networking.istio.io"], "virtualservices"),
    (Kind::DestinationRule, "DestinationRule", &["networking.istio.io"], "destinationrules"),
    (Kind::ServiceEntry, "ServiceEntry", &["networking.istio.io"], "serviceentries"),
    (Kind::WorkloadEntry, "WorkloadEntry", &["networking.istio.io"], "workloadentries"),
    (Kind::IstioGateway, "Gateway", &["networking.istio.io"], "gateways"),
    (Kind::WorkloadGroup, "WorkloadGroup", &["networking.istio.io"], "workloadgroups"),
    (Kind::ProxySettings, "ProxyConfig", &["networking.istio.io"], "proxyconfigs"),
    (Kind::EnvoyFilter, "EnvoyFilter", &["networking.istio.io"], "envoyfilters"),
    (Kind::WasmPlugin, "WasmPlugin", &["extensions.istio.io"], "wasmplugins"),
    (Kind::PeerAuthentication, "PeerAuthentication", &["security.istio.io"], "peerauthentications"),
    (Kind::AuthorizationPolicy, "AuthorizationPolicy", &["security.istio.io"], "authorizationpolicies"),
    (Kind::RequestAuthentication, "RequestAuthentication", &["security.istio.io"], "requestauthentications"),
    (Kind::Telemetry, "Telemetry", &["telemetry.istio.io"], "telemetries"),
    (Kind::ConfigMap, "ConfigMap", &[""], "configmaps"),
    (Kind::IstioOperator, "IstioOperator", &["install.istio.io"], "istiooperators"),
];

/// API groups of Istio's configuration.
const MESH_GROUPS: [&str; 4] =
    ["networking.istio.io", "security.istio.io", "telemetry.istio.io", "extensions.istio.io"];

impl Kind {
    /// The name used in manifests.
    pub(super) fn name(self) -> &'static str {
        KINDS.iter().find(|(kind, ..)| *kind == self).map_or("Helm values", |(_, name, ..)| name)
    }
}

/// What a `kind` and `apiVersion` stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A kind that is read.
    Read(Kind),
    /// A list of anything.
    List,
    /// Istio configuration.
    Mesh,
    /// Any other kind.
    Other,
}

/// What a kind means; an unknown API version is taken for the usual one.
pub(super) fn meaning(kind: &str, api_version: Option<&str>) -> Meaning {
    let group = api_version.map(|version| version.split_once('/').map_or("", |(group, _)| group));
    let known =
        KINDS.iter().find(|(_, name, groups, _)| *name == kind && group.is_none_or(|group| groups.contains(&group)));
    let misplaced = || KINDS.iter().find(|(_, name, groups, _)| *name == kind && is_mesh(groups));
    match known {
        Some((kind, ..)) => Meaning::Read(*kind),
        None if group.is_some_and(|group| MESH_GROUPS.contains(&group)) && misplaced().is_some() => {
            misplaced().map_or(Meaning::Mesh, |(kind, ..)| Meaning::Read(*kind))
        }
        None if group.is_some_and(|group| MESH_GROUPS.contains(&group)) && !kind.ends_with("List") => Meaning::Mesh,
        None if kind.ends_with("List") => Meaning::List,
        None => Meaning::Other,
    }
}

/// Versions Istio's groups ever had.
const MESH_VERSIONS: [&str; 4] = ["v1", "v1beta1", "v1alpha1", "v1alpha3"];

/// What is wrong with the `apiVersion` of one of Istio's kinds, if anything is.
pub(super) fn odd_version(kind: Kind, api_version: Option<&str>) -> Option<String> {
    let (_, name, groups, _) = KINDS.iter().find(|(known, ..)| *known == kind).filter(|(_, _, it, _)| is_mesh(it))?;
    let found = api_version?;
    let (group, version) = found.split_once('/').unwrap_or(("", found));
    let is_known = groups.contains(&group) && MESH_VERSIONS.contains(&version);
    (!is_known).then(|| format!("{found:?} is no apiVersion of {name}; read as {}/v1", groups.join("/v1 or ")))
}

fn is_mesh(groups: &[&str]) -> bool {
    groups.iter().any(|group| MESH_GROUPS.contains(group))
}

/// The kind a file name or its folder stands for: `pods.json`, `core_v1_pods.json`, `deployments/default.json`.
pub(super) fn kind_of_file_name(source: &str) -> Option<Kind> {
    let mut parts = source.rsplit(['/', '\\', '!']);
    let stem = parts.next()?.split('.').next()?.to_ascii_lowercase();
    let last_word = stem.rsplit(['_', '-']).next().unwrap_or_default();
    let folder = parts.next().unwrap_or_default().to_ascii_lowercase();
    let of_plural = |word: &str| KINDS.iter().find(|(.., plural)| *plural == word).map(|(kind, ..)| *kind);
    of_plural(&stem).or_else(|| of_plural(last_word)).or_else(|| of_plural(&folder))
}

/// `kind` and `apiVersion` of a list, as far as they are known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ListKind {
    pub(super) kind: Option<String>,
    pub(super) api_version: Option<String>,
}

impl ListKind {
    /// Kind of the items of a typed list: `Pod` of a `PodList`; none for a plain `List`.
    pub(super) fn item_kind(&self) -> Option<&str> {
        self.kind.as_deref().and_then(|kind| kind.strip_suffix("List")).filter(|kind| !kind.is_empty())
    }
}

/// `kind` and `apiVersion` of an object that may still lack its end.
pub(super) fn list_kind(json: &[u8]) -> ListKind {
    let head = head(json);
    ListKind { kind: head.kind.map(str::to_owned), api_version: head.api_version.map(str::to_owned) }
}

/// `kind` and `apiVersion` of an object.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Head<'a> {
    pub(super) kind: Option<&'a str>,
    pub(super) api_version: Option<&'a str>,
}

/// Looks through the members of an object until both are found. Broken JSON ends the search.
pub(super) fn head(json: &[u8]) -> Head<'_> {
    let mut head = Head::default();
    let mut scan = Scan { json, pos: 1 };
    while head.kind.is_none() || head.api_version.is_none() {
        let Some((key, value)) = scan.member() else { break };
        match key {
            b"\"kind\"" => head.kind = text(value),
            b"\"apiVersion\"" => head.api_version = text(value),
            _ => {}
        }
    }
    head
}

/// Keys of an object in order, at most `most` of them.
pub(super) fn keys(json: &[u8], most: usize) -> Vec<String> {
    let mut scan = Scan { json, pos: 1 };
    std::iter::from_fn(|| scan.member())
        .take(most)
        .map(|(key, _)| String::from_utf8_lossy(key).trim_matches('"').to_owned())
        .collect()
}

fn text(value: &[u8]) -> Option<&str> {
    let inner = value.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if inner.contains(&b'\\') { None } else { std::str::from_utf8(inner).ok() }
}

struct Scan<'a> {
    json: &'a [u8],
    pos: usize,
}

impl<'a> Scan<'a> {
    fn member(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        self.skip(|byte| byte.is_ascii_whitespace() || byte == b',');
        let key = self.cut(|scan| scan.string())?;
        self.skip(|byte| byte.is_ascii_whitespace() || byte == b':');
        let value = self.cut(|scan| scan.value())?;
        Some((key, value))
    }

    fn cut(&mut self, past: impl Fn(&mut Self) -> Option<()>) -> Option<&'a [u8]> {
        let start = self.pos;
        past(self)?;
        self.json.get(start..self.pos)
    }

    fn skip(&mut self, unwanted: impl Fn(u8) -> bool) {
        let rest = self.json.get(self.pos..).unwrap_or_default();
        self.pos += rest.iter().position(|&byte| !unwanted(byte)).unwrap_or(rest.len());
    }

    fn value(&mut self) -> Option<()> {
        match self.json.get(self.pos)? {
            b'"' => self.string(),
            b'{' => self.nested(b'{', b'}'),
            b'[' => self.nested(b'[', b']'),
            _ => {
                self.skip(|byte| !matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t'));
                Some(())
            }
        }
    }

    fn string(&mut self) -> Option<()> {
        if self.json.get(self.pos) != Some(&b'"') {
            return None;
        }
        self.pos += 1;
        loop {
            let rest = self.json.get(self.pos..)?;
            let next = memchr2(b'"', b'\\', rest)?;
            if rest.get(next) == Some(&b'"') {
                self.pos += next + 1;
                return Some(());
            }
            self.pos += next + 2;
        }
    }

    fn nested(&mut self, open: u8, close: u8) -> Option<()> {
        let mut depth = 0_u64;
        loop {
            let rest = self.json.get(self.pos..)?;
            let next = memchr3(b'"', open, close, rest)?;
            let byte = *rest.get(next)?;
            self.pos += next;
            if byte == b'"' {
                self.string()?;
                continue;
            }
            self.pos += 1;
            if byte == open {
                depth += 1;
            } else {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(());
                }
            }
        }
    }
}

/// The members that tell kinds apart where an object does not name its own.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Shape {
    metadata: Option<MetadataShape>,
    spec: Option<SpecShape>,
    status: Option<StatusShape>,
    subsets: Option<IgnoredAny>,
    endpoints: Option<IgnoredAny>,
    #[serde(rename = "addressType")]
    address_type: Option<IgnoredAny>,
    /// Go field names, as clients of 2017 printed them.
    #[serde(rename = "Spec")]
    go_spec: Option<IgnoredAny>,
    name: Option<IgnoredAny>,
    #[serde(rename = "meshConfig")]
    mesh_config: Option<IgnoredAny>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct MetadataShape {
    name: Option<IgnoredAny>,
    generate_name: Option<IgnoredAny>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct SpecShape {
    containers: Option<IgnoredAny>,
    job_template: Option<IgnoredAny>,
    template: Option<IgnoredAny>,
    service_name: Option<IgnoredAny>,
    #[serde(rename = "clusterIP")]
    cluster_ip: Option<IgnoredAny>,
    ports: Option<IgnoredAny>,
    selector: Option<IgnoredAny>,
    scale_target_ref: Option<IgnoredAny>,
    min_available: Option<IgnoredAny>,
    max_unavailable: Option<IgnoredAny>,
    limits: Option<IgnoredAny>,
    hard: Option<IgnoredAny>,
    gateway_class_name: Option<IgnoredAny>,
    finalizers: Option<IgnoredAny>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct StatusShape {
    node_info: Option<IgnoredAny>,
    capacity: Option<AmountsShape>,
    allocatable: Option<AmountsShape>,
    phase: Option<IgnoredAny>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct AmountsShape {
    cpu: Option<IgnoredAny>,
}

impl Shape {
    /// The shape of an object.
    ///
    /// # Errors
    /// Only what is wrong with the JSON; members of another form give an empty shape.
    pub(super) fn of(json: &[u8]) -> Result<Self, serde_json::Error> {
        match serde_json::from_slice(json) {
            Err(error) if error.is_data() => Ok(Self::default()),
            other => other,
        }
    }

    /// Whether the object uses Go field names.
    pub(super) fn has_go_names(&self) -> bool {
        self.go_spec.is_some()
    }

    /// Whether the object has the metadata of a Kubernetes object.
    pub(super) fn is_named(&self) -> bool {
        self.metadata.as_ref().is_some_and(|metadata| metadata.name.is_some() || metadata.generate_name.is_some())
            || (self.go_spec.is_some() && self.name.is_some())
    }

    /// The only kind with such members, if there is one.
    pub(super) fn kind(&self) -> Option<Kind> {
        if self.mesh_config.is_some() {
            return Some(Kind::HelmValues);
        }
        if !self.is_named() {
            return None;
        }
        if self.endpoints.is_some() && self.address_type.is_some() {
            return Some(Kind::EndpointSlice);
        }
        if self.subsets.is_some() {
            return Some(Kind::Endpoints);
        }
        let spec = self.spec.as_ref();
        let has = |member: fn(&SpecShape) -> &Option<IgnoredAny>| spec.is_some_and(|spec| member(spec).is_some());
        if has(|spec| &spec.containers) {
            return Some(Kind::Pod);
        }
        if let Some(status) = &self.status {
            let offers_cpu =
                |amounts: &Option<AmountsShape>| amounts.as_ref().is_some_and(|amounts| amounts.cpu.is_some());
            if status.node_info.is_some() || offers_cpu(&status.capacity) || offers_cpu(&status.allocatable) {
                return Some(Kind::Node);
            }
        }
        if has(|spec| &spec.job_template) {
            return Some(Kind::Controller(ControllerKind::CronJob));
        }
        if has(|spec| &spec.template) {
            let stateful = has(|spec| &spec.service_name);
            return stateful.then_some(Kind::Controller(ControllerKind::StatefulSet));
        }
        if has(|spec| &spec.scale_target_ref) {
            return Some(Kind::Autoscaler);
        }
        if has(|spec| &spec.cluster_ip) || (has(|spec| &spec.ports) && has(|spec| &spec.selector)) {
            return Some(Kind::Service);
        }
        if has(|spec| &spec.min_available) || has(|spec| &spec.max_unavailable) {
            return Some(Kind::DisruptionBudget);
        }
        if has(|spec| &spec.gateway_class_name) {
            return Some(Kind::Gateway);
        }
        if has(|spec| &spec.limits) {
            return Some(Kind::LimitRange);
        }
        if has(|spec| &spec.hard) {
            return Some(Kind::ResourceQuota);
        }
        let phase = self.status.as_ref().is_some_and(|status| status.phase.is_some());
        (has(|spec| &spec.finalizers) && phase).then_some(Kind::Namespace)
    }
}
