//! Where traffic comes in: gateways of the Gateway API and of Istio's own.

use super::{Labels, ObjectName, ParametersReference};

/// Label with which istiod ties pods to their Gateway.
pub const GATEWAY_NAME: &str = "gateway.networking.k8s.io/gateway-name";
/// Class of waypoints.
pub const WAYPOINT_CLASS: &str = "istio-waypoint";
/// Class of gateways between networks, which are made as waypoints are.
const EAST_WEST_CLASS: &str = "istio-east-west";

/// A Gateway API gateway.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Gateway {
    /// Namespace and name.
    pub name: ObjectName,
    /// `spec.gatewayClassName`; `istio-waypoint` marks waypoints.
    pub class: String,
    /// Labels.
    pub labels: Labels,
    /// Its listeners.
    pub servers: Vec<Server>,
    /// What it names in `spec.infrastructure.parametersRef`.
    pub parameters: Option<ParametersReference>,
}

impl Gateway {
    /// Name of what istiod makes of it: its own for waypoints, with its class behind it for others.
    #[must_use]
    pub fn made_name(&self) -> ObjectName {
        let name = match &*self.class {
            WAYPOINT_CLASS | EAST_WEST_CLASS => self.name.name.to_string(),
            class => format!("{}-{class}", self.name.name),
        };
        ObjectName::new(&self.name.namespace, &name)
    }
}

/// `networking.istio.io/*/Gateway`: listeners for the gateway pods it selects.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IstioGateway {
    /// Namespace and name.
    pub name: ObjectName,
    /// Labels of the pods, in any namespace; empty selects every gateway.
    pub selector: Labels,
    /// Its servers.
    pub servers: Vec<Server>,
}

/// A port of a gateway with the hosts it takes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Server {
    /// Number.
    pub port: u16,
    /// Protocol as written, e.g. `HTTPS`.
    pub protocol: String,
    /// Hosts as written, some as `namespace/dnsName`; empty takes all.
    pub hosts: Vec<String>,
    /// Whether TLS is passed on as it comes.
    pub passthrough: bool,
}

impl Server {
    /// Whether requests are routed by host: HTTP, or HTTPS that ends here.
    #[must_use]
    pub fn routes_http(&self) -> bool {
        let protocol = self.protocol.to_ascii_uppercase();
        match protocol.as_str() {
            "HTTP" | "HTTP2" | "GRPC" | "GRPC-WEB" => true,
            "HTTPS" => !self.passthrough,
            _ => false,
        }
    }

    /// Whether it ends TLS, which gives it route tables of its own.
    #[must_use]
    pub fn ends_tls(&self) -> bool {
        self.protocol.eq_ignore_ascii_case("HTTPS") && !self.passthrough
    }
}
