//! Istio's networking objects but for routing; v1, v1beta1 and v1alpha3 have the same form.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::notes::FIELD_IGNORED;
use super::text::{Int, Nullable, Seq, Text, TextMap};
use super::{Metadata, Oddity};
use crate::inventory::objects::{
    EgressListener, ExportTo, IstioGateway, Labels, ListenerPort, Resolution, Server, ServiceEntry, ServicePort,
    Sidecar, WorkloadEntry,
};

/// An object with a specification.
#[derive(Deserialize)]
#[serde(default, bound(deserialize = "S: Deserialize<'de> + Default, 'de: 'a"))]
pub(super) struct Wire<'a, S> {
    #[serde(borrow)]
    pub(super) metadata: Nullable<Metadata<'a>>,
    pub(super) spec: Nullable<S>,
}

impl<S: Default> Default for Wire<'_, S> {
    fn default() -> Self {
        Self { metadata: Nullable::default(), spec: Nullable::default() }
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct SidecarSpec<'a> {
    #[serde(borrow)]
    workload_selector: Option<WorkloadSelector<'a>>,
    #[serde(borrow)]
    egress: Seq<EgressWire<'a>>,
    #[serde(borrow)]
    ingress: Seq<IngressWire<'a>>,
}

/// `labels` in a Sidecar, a ServiceEntry and an EnvoyFilter.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct WorkloadSelector<'a> {
    #[serde(borrow)]
    labels: TextMap<'a>,
}

impl WorkloadSelector<'_> {
    pub(super) fn labels(&self) -> Labels {
        self.labels.to_labels()
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct EgressWire<'a> {
    #[serde(borrow)]
    port: Option<PortWire<'a>>,
    #[serde(borrow)]
    bind: Text<'a>,
    #[serde(borrow)]
    capture_mode: Text<'a>,
    #[serde(borrow)]
    hosts: Seq<Text<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct IngressWire<'a> {
    #[serde(borrow)]
    port: Nullable<PortWire<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct PortWire<'a> {
    number: Int,
    #[serde(borrow)]
    protocol: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    target_port: Text<'a>,
}

impl PortWire<'_> {
    fn number(&self, field: &str, odd: &mut Vec<Oddity>) -> Option<u16> {
        let number = self.number.port();
        if number.is_none() {
            odd.push(Oddity {
                kind: &FIELD_IGNORED,
                field: field.to_owned(),
                message: "a port has no number in 1 … 65535; planned without it".to_owned(),
            });
        }
        number
    }

    fn listener(&self, field: &str, odd: &mut Vec<Oddity>) -> Option<ListenerPort> {
        let number = self.number(field, odd)?;
        Some(ListenerPort { number, protocol: (&self.protocol).into() })
    }
}

/// A Sidecar; nothing where it has no name.
pub(super) fn sidecar(wire: &Wire<'_, SidecarSpec<'_>>, odd: &mut Vec<Oddity>) -> Option<Sidecar> {
    let spec = &wire.spec;
    let egress = |wire: &EgressWire<'_>, odd: &mut Vec<Oddity>| EgressListener {
        port: wire.port.as_ref().and_then(|port| port.listener("spec.egress.port", odd)),
        bound: !wire.bind.is_empty() || wire.capture_mode.as_str() == "NONE",
        hosts: texts(&wire.hosts),
    };
    Some(Sidecar {
        name: wire.metadata.object_name()?,
        created: (&wire.metadata.creation_timestamp).into(),
        selector: spec.workload_selector.as_ref().map(|selector| selector.labels.to_labels()),
        egress: spec.egress.0.iter().map(|wire| egress(wire, odd)).collect(),
        ingress: spec.ingress.0.iter().filter_map(|wire| wire.port.listener("spec.ingress.port", odd)).collect(),
    })
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ServiceEntrySpec<'a> {
    #[serde(borrow)]
    hosts: Seq<Text<'a>>,
    addresses: Seq<IgnoredAny>,
    #[serde(borrow)]
    ports: Seq<PortWire<'a>>,
    #[serde(borrow)]
    resolution: Text<'a>,
    #[serde(borrow)]
    endpoints: Seq<EntryEndpoint<'a>>,
    #[serde(borrow)]
    workload_selector: Option<WorkloadSelector<'a>>,
    #[serde(borrow)]
    export_to: Seq<Text<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct EntryEndpoint<'a> {
    #[serde(borrow)]
    labels: TextMap<'a>,
}

/// A service entry; nothing where it has no name.
pub(super) fn service_entry(wire: &Wire<'_, ServiceEntrySpec<'_>>, odd: &mut Vec<Oddity>) -> Option<ServiceEntry> {
    let spec = &wire.spec;
    let resolution = match spec.resolution.as_str() {
        "" | "NONE" => Resolution::None,
        "STATIC" => Resolution::Static,
        "DNS" | "DNS_ROUND_ROBIN" | "DYNAMIC_DNS" => Resolution::Dns,
        other => {
            odd.push(Oddity {
                kind: &FIELD_IGNORED,
                field: "spec.resolution".to_owned(),
                message: format!("{other:?} is none of NONE, STATIC, DNS, DNS_ROUND_ROBIN; planned as NONE"),
            });
            Resolution::None
        }
    };
    let port = |wire: &PortWire<'_>, odd: &mut Vec<Oddity>| {
        Some(ServicePort {
            name: (&wire.name).into(),
            port: wire.number("spec.ports", odd)?,
            app_protocol: wire.protocol.to_option(),
            transport: if wire.protocol.as_str().eq_ignore_ascii_case("udp") { "UDP" } else { "TCP" }.to_owned(),
            target: (&wire.target_port).into(),
        })
    };
    Some(ServiceEntry {
        name: wire.metadata.object_name()?,
        created: (&wire.metadata.creation_timestamp).into(),
        hosts: texts(&spec.hosts),
        addresses: spec.addresses.0.len() as u64,
        ports: spec.ports.0.iter().filter_map(|wire| port(wire, odd)).collect(),
        resolution,
        endpoints: spec.endpoints.0.iter().map(|endpoint| endpoint.labels.to_labels()).collect(),
        selector: spec.workload_selector.as_ref().map(|selector| selector.labels.to_labels()),
        export_to: ExportTo(texts(&spec.export_to)),
    })
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct WorkloadEntrySpec<'a> {
    #[serde(borrow)]
    labels: TextMap<'a>,
}

/// A workload entry with the labels of its specification and of itself; nothing where it has no name.
pub(super) fn workload_entry(wire: &Wire<'_, WorkloadEntrySpec<'_>>) -> Option<WorkloadEntry> {
    let mut labels: Labels = wire.metadata.labels();
    labels.extend(wire.spec.labels.to_labels());
    Some(WorkloadEntry { name: wire.metadata.object_name()?, labels })
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct IstioGatewaySpec<'a> {
    #[serde(borrow)]
    selector: TextMap<'a>,
    #[serde(borrow)]
    servers: Seq<ServerWire<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ServerWire<'a> {
    #[serde(borrow)]
    port: Nullable<PortWire<'a>>,
    #[serde(borrow)]
    hosts: Seq<Text<'a>>,
    #[serde(borrow)]
    tls: Nullable<TlsWire<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct TlsWire<'a> {
    #[serde(borrow)]
    mode: Text<'a>,
}

impl TlsWire<'_> {
    /// Whether TLS is passed on as it comes, in the words of Istio and of the Gateway API.
    pub(super) fn passes_through(&self) -> bool {
        matches!(self.mode.as_str(), "PASSTHROUGH" | "AUTO_PASSTHROUGH" | "Passthrough")
    }
}

/// A gateway of Istio's own; nothing where it has no name.
pub(super) fn istio_gateway(wire: &Wire<'_, IstioGatewaySpec<'_>>, odd: &mut Vec<Oddity>) -> Option<IstioGateway> {
    let spec = &wire.spec;
    let server = |wire: &ServerWire<'_>, odd: &mut Vec<Oddity>| {
        Some(Server {
            port: wire.port.number("spec.servers.port", odd)?,
            protocol: (&wire.port.protocol).into(),
            hosts: texts(&wire.hosts),
            passthrough: wire.tls.passes_through(),
        })
    };
    Some(IstioGateway {
        name: wire.metadata.object_name()?,
        selector: spec.selector.to_labels(),
        servers: spec.servers.0.iter().filter_map(|wire| server(wire, odd)).collect(),
    })
}

pub(super) fn texts(list: &Seq<Text<'_>>) -> Vec<String> {
    list.0.iter().map(String::from).collect()
}
