//! Istio's virtual services and destination rules.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Oddity;
use super::istio::{Wire, texts};
use super::telemetry::percent;
use super::text::{Int, Nullable, Seq, Text, TextMap};
use super::traffic_policy::{PolicyWire, duration};
use crate::inventory::objects::{
    Destination, DestinationRule, ExportTo, HttpRoute, Mirror, ObjectName, RetryPolicy, RouteMatch, Subset,
    VirtualService,
};
use crate::units::Share;

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct VirtualServiceSpec<'a> {
    #[serde(borrow)]
    hosts: Seq<Text<'a>>,
    #[serde(borrow)]
    gateways: Seq<Text<'a>>,
    #[serde(borrow)]
    export_to: Seq<Text<'a>>,
    #[serde(borrow)]
    http: Seq<HttpWire<'a>>,
    #[serde(borrow)]
    tcp: Seq<OpaqueWire<'a>>,
    #[serde(borrow)]
    tls: Seq<OpaqueWire<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct HttpWire<'a> {
    #[serde(borrow, rename = "match")]
    matches: Seq<MatchWire<'a>>,
    #[serde(borrow)]
    delegate: Option<DelegateWire<'a>>,
    #[serde(borrow)]
    route: Seq<WeightedWire<'a>>,
    #[serde(borrow)]
    mirror: Option<DestinationWire<'a>>,
    #[serde(borrow)]
    mirror_percentage: Nullable<PercentWire<'a>>,
    #[serde(borrow)]
    mirrors: Seq<MirrorWire<'a>>,
    #[serde(borrow)]
    timeout: Text<'a>,
    #[serde(borrow)]
    retries: Option<RetriesWire<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct MirrorWire<'a> {
    #[serde(borrow)]
    destination: Nullable<DestinationWire<'a>>,
    #[serde(borrow)]
    percentage: Nullable<PercentWire<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PercentWire<'a> {
    #[serde(borrow)]
    value: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RetriesWire<'a> {
    attempts: Int,
    #[serde(borrow)]
    per_try_timeout: Text<'a>,
    #[serde(borrow)]
    retry_on: Text<'a>,
}

/// A match; of what only some requests meet, that there is such a thing.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct MatchWire<'a> {
    port: Int,
    #[serde(borrow)]
    gateways: Seq<Text<'a>>,
    #[serde(borrow)]
    uri: Nullable<UriWire<'a>>,
    scheme: Option<IgnoredAny>,
    method: Option<IgnoredAny>,
    authority: Option<IgnoredAny>,
    headers: Option<IgnoredAny>,
    without_headers: Option<IgnoredAny>,
    query_params: Option<IgnoredAny>,
    source_labels: Option<IgnoredAny>,
    source_namespace: Option<IgnoredAny>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct UriWire<'a> {
    #[serde(borrow)]
    prefix: Text<'a>,
    #[serde(borrow)]
    exact: Text<'a>,
    #[serde(borrow)]
    regex: Text<'a>,
}

impl UriWire<'_> {
    /// Whether only some paths meet it: all begin with `/`.
    fn narrows(&self) -> bool {
        let prefix = self.prefix.as_str();
        !self.exact.is_empty() || !self.regex.is_empty() || !(prefix.is_empty() || prefix == "/")
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct DelegateWire<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    namespace: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct OpaqueWire<'a> {
    #[serde(borrow)]
    route: Seq<WeightedWire<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WeightedWire<'a> {
    #[serde(borrow)]
    destination: Nullable<DestinationWire<'a>>,
    weight: Int,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct DestinationWire<'a> {
    #[serde(borrow)]
    host: Text<'a>,
    #[serde(borrow)]
    subset: Text<'a>,
    port: Nullable<PortNumber>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct PortNumber {
    pub(super) number: Int,
}

impl DestinationWire<'_> {
    fn read(&self, weight: Option<u64>) -> Destination {
        Destination {
            host: (&self.host).into(),
            subset: self.subset.to_option(),
            port: self.port.number.port(),
            weight,
            mirror: None,
        }
    }

    fn mirrored(&self, share: &PercentWire<'_>, field: &str, odd: &mut Vec<Oddity>) -> Destination {
        let percent = percent(&share.value, field, odd).unwrap_or(100.0);
        let share = Share::new(percent / 100.0).unwrap_or(Share::ONE);
        Destination { mirror: Some(Mirror { share }), ..self.read(None) }
    }
}

impl WeightedWire<'_> {
    fn read(&self) -> Destination {
        self.destination.read(self.weight.count())
    }
}

/// A virtual service; nothing where it has no name.
pub(super) fn virtual_service(
    wire: &Wire<'_, VirtualServiceSpec<'_>>,
    odd: &mut Vec<Oddity>,
) -> Option<VirtualService> {
    let name = wire.metadata.object_name()?;
    let spec = &wire.spec;
    Some(VirtualService {
        created: (&wire.metadata.creation_timestamp).into(),
        hosts: texts(&spec.hosts),
        gateways: texts(&spec.gateways),
        export_to: ExportTo(texts(&spec.export_to)),
        http: spec.http.0.iter().map(|route| route.read(&name, odd)).collect(),
        opaque: spec.tcp.0.iter().chain(&spec.tls.0).flat_map(|route| &route.route.0).map(WeightedWire::read).collect(),
        name,
    })
}

impl HttpWire<'_> {
    fn read(&self, own: &ObjectName, odd: &mut Vec<Oddity>) -> HttpRoute {
        let weighted = self.route.0.iter().map(WeightedWire::read).collect();
        let mut destinations: Vec<Destination> = weighted;
        for mirror in &self.mirrors.0 {
            destinations.push(mirror.destination.mirrored(&mirror.percentage, "spec.http.mirrors.percentage", odd));
        }
        if let Some(mirror) = &self.mirror {
            destinations.push(mirror.mirrored(&self.mirror_percentage, "spec.http.mirrorPercentage", odd));
        }
        HttpRoute {
            matches: self.matches.0.iter().map(route_match).collect(),
            delegate: self.delegate.as_ref().map(|delegate| delegate_name(delegate, own)),
            destinations,
            timeout: duration(&self.timeout, "spec.http.timeout", odd),
            backend_timeout: None,
            retries: self.retries.as_ref().map(|retries| retries.read("spec.http.retries", odd)),
        }
    }
}

impl RetriesWire<'_> {
    /// What is written at `field`.
    pub(super) fn read(&self, field: &str, odd: &mut Vec<Oddity>) -> RetryPolicy {
        RetryPolicy {
            attempts: self.attempts.count(),
            per_try_timeout: duration(&self.per_try_timeout, &format!("{field}.perTryTimeout"), odd),
            retry_on: (&self.retry_on).into(),
        }
    }
}

fn route_match(wire: &MatchWire<'_>) -> RouteMatch {
    let written = [
        ("uri", wire.uri.narrows()),
        ("scheme", wire.scheme.is_some()),
        ("method", wire.method.is_some()),
        ("authority", wire.authority.is_some()),
        ("headers", wire.headers.is_some()),
        ("withoutHeaders", wire.without_headers.is_some()),
        ("queryParams", wire.query_params.is_some()),
        ("sourceLabels", wire.source_labels.is_some()),
        ("sourceNamespace", wire.source_namespace.is_some()),
    ];
    RouteMatch {
        port: wire.port.port(),
        gateways: texts(&wire.gateways),
        conditions: written.iter().filter(|(_, written)| *written).map(|(name, _)| *name).collect(),
    }
}

fn delegate_name(wire: &DelegateWire<'_>, own: &ObjectName) -> ObjectName {
    let namespace = if wire.namespace.is_empty() { &*own.namespace } else { wire.namespace.as_str() };
    ObjectName::new(namespace, wire.name.as_str())
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct DestinationRuleSpec<'a> {
    #[serde(borrow)]
    host: Text<'a>,
    #[serde(borrow)]
    export_to: Seq<Text<'a>>,
    workload_selector: Option<IgnoredAny>,
    #[serde(borrow)]
    subsets: Seq<SubsetWire<'a>>,
    #[serde(borrow)]
    traffic_policy: Nullable<PolicyWire<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct SubsetWire<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    labels: TextMap<'a>,
    #[serde(borrow)]
    traffic_policy: Nullable<PolicyWire<'a>>,
}

/// A destination rule; nothing where it has no name.
pub(super) fn destination_rule(
    wire: &Wire<'_, DestinationRuleSpec<'_>>,
    odd: &mut Vec<Oddity>,
) -> Option<DestinationRule> {
    let spec = &wire.spec;
    let policy = &spec.traffic_policy;
    let subset = |wire: &SubsetWire<'_>, odd: &mut Vec<Oddity>| Subset {
        name: (&wire.name).into(),
        labels: wire.labels.to_labels(),
        policy: wire.traffic_policy.read("spec.subsets.trafficPolicy", odd),
    };
    Some(DestinationRule {
        name: wire.metadata.object_name()?,
        created: (&wire.metadata.creation_timestamp).into(),
        host: (&spec.host).into(),
        export_to: ExportTo(texts(&spec.export_to)),
        has_selector: spec.workload_selector.is_some(),
        subsets: spec.subsets.0.iter().map(|wire| subset(wire, odd)).collect(),
        tls: policy.tls("spec.trafficPolicy", odd),
        port_tls: policy.port_tls("spec.trafficPolicy", odd),
        policy: policy.read("spec.trafficPolicy", odd),
    })
}
