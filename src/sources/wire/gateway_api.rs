//! Objects of the Gateway API.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::notes::FIELD_IGNORED;
use super::Oddity;
use super::istio::{TlsWire, Wire, texts};
use super::text::{Int, Nullable, Seq, Text};
use super::traffic_policy::duration;
use crate::inventory::objects::{
    Destination, Gateway, GatewayRoute, HttpRoute, Mirror, ObjectName, ParametersReference, RetryPolicy, RouteMatch,
    RouteParent, Server,
};
use crate::units::Share;

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct GatewaySpec<'a> {
    #[serde(borrow)]
    gateway_class_name: Text<'a>,
    #[serde(borrow)]
    listeners: Seq<ListenerWire<'a>>,
    #[serde(borrow)]
    infrastructure: Nullable<InfrastructureWire<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct InfrastructureWire<'a> {
    #[serde(borrow)]
    parameters_ref: Nullable<ParametersRefWire<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ParametersRefWire<'a> {
    #[serde(borrow)]
    group: Text<'a>,
    #[serde(borrow)]
    kind: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
}

impl InfrastructureWire<'_> {
    /// What it names, if anything.
    pub(super) fn parameters(&self) -> Option<ParametersReference> {
        let ParametersRefWire { group, kind, name } = &*self.parameters_ref;
        let reference = ParametersReference { group: group.into(), kind: kind.into(), name: name.into() };
        (!reference.name.is_empty()).then_some(reference)
    }
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
        parameters: wire.spec.infrastructure.parameters(),
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
    #[serde(borrow)]
    matches: Seq<MatchWire<'a>>,
    #[serde(borrow)]
    filters: Seq<FilterWire<'a>>,
    #[serde(borrow)]
    backend_refs: Seq<ReferenceWire<'a>>,
    #[serde(borrow)]
    timeouts: Nullable<TimeoutsWire<'a>>,
    retry: Option<RetryWire>,
}

/// A match; of what only some requests meet, that there is such a thing.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct MatchWire<'a> {
    #[serde(borrow)]
    path: Nullable<PathWire<'a>>,
    headers: Seq<IgnoredAny>,
    query_params: Seq<IgnoredAny>,
    method: Option<IgnoredAny>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PathWire<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    value: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct FilterWire<'a> {
    #[serde(borrow)]
    request_mirror: Option<MirrorWire<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct MirrorWire<'a> {
    #[serde(borrow)]
    backend_ref: Nullable<ReferenceWire<'a>>,
    percent: Int,
    fraction: Nullable<FractionWire>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct FractionWire {
    numerator: Int,
    denominator: Int,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct TimeoutsWire<'a> {
    #[serde(borrow)]
    request: Text<'a>,
    #[serde(borrow, rename = "backendRequest")]
    backend_request: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RetryWire {
    attempts: Int,
    codes: Seq<Int>,
}

impl RetryWire {
    /// As istiod makes a policy of it: without a number of attempts two, and beside status codes what did not arrive
    /// (istio/istio, `convertHTTPRoute`).
    fn read(&self) -> RetryPolicy {
        const ATTEMPTS: u64 = 2;
        const NOT_ARRIVED: [&str; 4] = ["connect-failure", "refused-stream", "unavailable", "cancelled"];
        let codes = self.codes.0.iter().filter_map(|code| code.count()).map(|code| code.to_string());
        let conditions: Vec<String> = NOT_ARRIVED.iter().map(|&it| it.to_owned()).chain(codes).collect();
        RetryPolicy {
            attempts: Some(self.attempts.count().unwrap_or(ATTEMPTS)),
            per_try_timeout: None,
            retry_on: conditions.join(","),
        }
    }
}

impl MatchWire<'_> {
    /// Without a path, and with the prefix `/`, every path is meant.
    fn read(&self) -> RouteMatch {
        let path = self.path.value.as_str();
        let is_prefix = matches!(self.path.kind.as_str(), "" | "PathPrefix");
        let written = [
            ("path", !(path.is_empty() || (path == "/" && is_prefix))),
            ("headers", !self.headers.0.is_empty()),
            ("queryParams", !self.query_params.0.is_empty()),
            ("method", self.method.is_some()),
        ];
        let conditions = written.iter().filter(|(_, written)| *written).map(|(name, _)| *name).collect();
        RouteMatch { conditions, ..RouteMatch::default() }
    }
}

impl MirrorWire<'_> {
    /// All requests, unless a percentage or a fraction says less; the default denominator is 100.
    fn share(&self) -> Share {
        let percent = self.percent.count().map(|percent| percent as f64 / 100.0);
        let parts = self.fraction.denominator.count().unwrap_or(100).max(1) as f64;
        let fraction = self.fraction.numerator.count().map(|numerator| numerator as f64 / parts);
        Share::new(percent.or(fraction).unwrap_or(1.0)).unwrap_or(Share::ONE)
    }
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
        Destination { host, port: self.port.port(), weight: self.weight.count(), ..Destination::default() }
    }
}

impl RuleWire<'_> {
    fn read(&self, own: &ObjectName, odd: &mut Vec<Oddity>) -> HttpRoute {
        let backends = self.backend_refs.0.iter().map(|backend| backend.backend(own));
        let mirrors = self.filters.0.iter().filter_map(|filter| filter.request_mirror.as_ref());
        let mirrored = mirrors.map(|mirror| Destination {
            weight: None,
            mirror: Some(Mirror { share: mirror.share() }),
            ..mirror.backend_ref.backend(own)
        });
        HttpRoute {
            matches: self.matches.0.iter().map(MatchWire::read).collect(),
            delegate: None,
            destinations: backends.chain(mirrored).collect(),
            timeout: duration(&self.timeouts.request, "spec.rules.timeouts.request", odd),
            backend_timeout: duration(&self.timeouts.backend_request, "spec.rules.timeouts.backendRequest", odd),
            retries: self.retry.as_ref().map(RetryWire::read),
        }
    }
}

/// A route; nothing where it has no name.
pub(super) fn route(kind: &'static str, wire: &Wire<'_, RouteSpec<'_>>, odd: &mut Vec<Oddity>) -> Option<GatewayRoute> {
    let name = wire.metadata.object_name()?;
    let spec = &wire.spec;
    Some(GatewayRoute {
        kind,
        created: (&wire.metadata.creation_timestamp).into(),
        parents: spec.parent_refs.0.iter().filter_map(|parent| parent.parent(&name)).collect(),
        hosts: texts(&spec.hostnames),
        rules: spec.rules.0.iter().map(|rule| rule.read(&name, odd)).collect(),
        name,
    })
}
