//! Objects of the Gateway API.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::notes::FIELD_IGNORED;
use super::Oddity;
use super::istio::{TlsWire, Wire, texts};
use super::text::{Int, Nullable, Seq, Text};
use crate::inventory::objects::{
    Destination, Gateway, GatewayRoute, HttpRoute, ObjectName, RouteMatch, RouteParent, Server,
};

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct GatewaySpec<'a> {
    #[serde(borrow)]
    gateway_class_name: Text<'a>,
    #[serde(borrow)]
    listeners: Seq<ListenerWire<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ListenerWire<'a> {
    port: Int,
    #[serde(borrow)]
    protocol: Text<'a>,
    #[serde(borrow)]
    hostname: Text<'a>,
    #[serde(borrow)]
    tls: Nullable<TlsWire<'a>>,
}

/// A gateway; nothing where it has no name.
pub(super) fn gateway(wire: &Wire<'_, GatewaySpec<'_>>, odd: &mut Vec<Oddity>) -> Option<Gateway> {
    let server = |wire: &ListenerWire<'_>| {
        let Some(port) = wire.port.port() else {
            odd.push(Oddity {
                kind: &FIELD_IGNORED,
                field: "spec.listeners".to_owned(),
                message: "a listener has no port in 1 … 65535; planned without it".to_owned(),
            });
            return None;
        };
        Some(Server {
            port,
            protocol: (&wire.protocol).into(),
            hosts: wire.hostname.to_option().into_iter().collect(),
            passthrough: wire.tls.passes_through(),
        })
    };
    Some(Gateway {
        name: wire.metadata.object_name()?,
        class: (&wire.spec.gateway_class_name).into(),
        labels: wire.metadata.labels(),
        servers: wire.spec.listeners.0.iter().filter_map(server).collect(),
    })
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RouteSpec<'a> {
    #[serde(borrow)]
    parent_refs: Seq<ReferenceWire<'a>>,
    #[serde(borrow)]
    hostnames: Seq<Text<'a>>,
    #[serde(borrow)]
    rules: Seq<RuleWire<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ReferenceWire<'a> {
    #[serde(borrow)]
    kind: Text<'a>,
    #[serde(borrow)]
    namespace: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
    port: Int,
    weight: Int,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct RuleWire<'a> {
    matches: Seq<IgnoredAny>,
    #[serde(borrow)]
    backend_refs: Seq<ReferenceWire<'a>>,
}

impl ReferenceWire<'_> {
    fn object(&self, own: &ObjectName) -> ObjectName {
        let namespace = if self.namespace.is_empty() { &*own.namespace } else { self.namespace.as_str() };
        ObjectName::new(namespace, self.name.as_str())
    }

    fn parent(&self, own: &ObjectName) -> Option<RouteParent> {
        match self.kind.as_str() {
            "" | "Gateway" => Some(RouteParent::Gateway(self.object(own))),
            "Service" => Some(RouteParent::Service(self.object(own))),
            _ => None,
        }
    }

    fn backend(&self, own: &ObjectName) -> Destination {
        let service = self.object(own);
        let host = match self.kind.as_str() {
            "Hostname" => self.name.as_str().to_owned(),
            _ => format!("{}.{}.svc.cluster.local", service.name, service.namespace),
        };
        Destination { host, subset: None, port: self.port.port(), weight: self.weight.count() }
    }
}

/// A route; nothing where it has no name.
pub(super) fn route(kind: &'static str, wire: &Wire<'_, RouteSpec<'_>>) -> Option<GatewayRoute> {
    let name = wire.metadata.object_name()?;
    let spec = &wire.spec;
    let rule = |wire: &RuleWire<'_>| HttpRoute {
        matches: vec![RouteMatch::default(); wire.matches.0.len()],
        delegate: None,
        destinations: wire.backend_refs.0.iter().map(|backend| backend.backend(&name)).collect(),
    };
    Some(GatewayRoute {
        kind,
        created: (&wire.metadata.creation_timestamp).into(),
        parents: spec.parent_refs.0.iter().filter_map(|parent| parent.parent(&name)).collect(),
        hosts: texts(&spec.hostnames),
        rules: spec.rules.0.iter().map(rule).collect(),
        name,
    })
}
