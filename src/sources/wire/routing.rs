//! Istio's virtual services and destination rules.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Oddity;
use super::istio::{Wire, texts};
use super::security::ignored;
use super::text::{Int, Nullable, Seq, Text, TextMap};
use crate::inventory::objects::{
    Destination, DestinationRule, ExportTo, HttpRoute, ObjectName, RouteMatch, Subset, TlsMode, VirtualService,
};

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
#[serde(default)]
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
    mirrors: Seq<WeightedWire<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct MatchWire<'a> {
    port: Int,
    #[serde(borrow)]
    gateways: Seq<Text<'a>>,
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
struct PortNumber {
    number: Int,
}

impl DestinationWire<'_> {
    fn read(&self, weight: Option<u64>) -> Destination {
        Destination {
            host: (&self.host).into(),
            subset: self.subset.to_option(),
            port: self.port.number.port(),
            weight,
        }
    }
}

impl WeightedWire<'_> {
    fn read(&self) -> Destination {
        self.destination.read(self.weight.count())
    }
}

/// A virtual service; nothing where it has no name.
pub(super) fn virtual_service(wire: &Wire<'_, VirtualServiceSpec<'_>>) -> Option<VirtualService> {
    let name = wire.metadata.object_name()?;
    let spec = &wire.spec;
    let http = spec.http.0.iter().map(|route| HttpRoute {
        matches: route.matches.0.iter().map(route_match).collect(),
        delegate: route.delegate.as_ref().map(|delegate| delegate_name(delegate, &name)),
        destinations: (route.route.0.iter().chain(&route.mirrors.0).map(WeightedWire::read))
            .chain(route.mirror.as_ref().map(|mirror| mirror.read(None)))
            .collect(),
    });
    Some(VirtualService {
        created: (&wire.metadata.creation_timestamp).into(),
        hosts: texts(&spec.hosts),
        gateways: texts(&spec.gateways),
        export_to: ExportTo(texts(&spec.export_to)),
        http: http.collect(),
        opaque: spec.tcp.0.iter().chain(&spec.tls.0).flat_map(|route| &route.route.0).map(WeightedWire::read).collect(),
        name,
    })
}

fn route_match(wire: &MatchWire<'_>) -> RouteMatch {
    RouteMatch { port: wire.port.port(), gateways: texts(&wire.gateways) }
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
    traffic_policy: Nullable<TrafficPolicyWire<'a>>,
}

/// As much of a traffic policy as decides what connections cost.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct TrafficPolicyWire<'a> {
    #[serde(borrow)]
    tls: Nullable<ClientTls<'a>>,
    #[serde(borrow)]
    port_level_settings: Seq<PortTls<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PortTls<'a> {
    port: Nullable<PortNumber>,
    #[serde(borrow)]
    tls: Nullable<ClientTls<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ClientTls<'a> {
    #[serde(borrow)]
    mode: Text<'a>,
}

impl ClientTls<'_> {
    fn mode(&self, field: &str, odd: &mut Vec<Oddity>) -> Option<TlsMode> {
        match self.mode.as_str() {
            "" => None,
            "DISABLE" => Some(TlsMode::Disable),
            "SIMPLE" => Some(TlsMode::Simple),
            "MUTUAL" => Some(TlsMode::Mutual),
            "ISTIO_MUTUAL" => Some(TlsMode::IstioMutual),
            other => {
                let message = format!("{other:?} is none of DISABLE, SIMPLE, MUTUAL, ISTIO_MUTUAL; planned without it");
                odd.push(ignored(field, message));
                None
            }
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SubsetWire<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    labels: TextMap<'a>,
}

/// A destination rule; nothing where it has no name.
pub(super) fn destination_rule(
    wire: &Wire<'_, DestinationRuleSpec<'_>>,
    odd: &mut Vec<Oddity>,
) -> Option<DestinationRule> {
    let spec = &wire.spec;
    let policy = &spec.traffic_policy;
    let tls = policy.tls.mode("spec.trafficPolicy.tls.mode", odd);
    let of_port = |it: &PortTls<'_>, odd: &mut Vec<Oddity>| {
        let mode = it.tls.mode("spec.trafficPolicy.portLevelSettings.tls.mode", odd)?;
        Some((it.port.number.port()?, mode))
    };
    let port_tls = policy.port_level_settings.0.iter().filter_map(|it| of_port(it, odd)).collect();
    let subset = |wire: &SubsetWire<'_>| Subset { name: (&wire.name).into(), labels: wire.labels.to_labels() };
    Some(DestinationRule {
        name: wire.metadata.object_name()?,
        created: (&wire.metadata.creation_timestamp).into(),
        host: (&spec.host).into(),
        export_to: ExportTo(texts(&spec.export_to)),
        has_selector: spec.workload_selector.is_some(),
        subsets: spec.subsets.0.iter().map(subset).collect(),
        tls,
        port_tls,
    })
}
