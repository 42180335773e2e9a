//! How Istio treats a port.

use crate::inventory::Service;
use crate::inventory::objects::ServicePort;

/// How Istio treats a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// HTTP, HTTP/2, gRPC: routed by host.
    Http,
    /// Not declared: detected per connection.
    Detected,
    /// TCP, TLS, databases: routed by address.
    Opaque,
}

/// From `appProtocol`, else the port name up to its first dash (istio.io, "Protocol Selection"). Ports on
/// which the server speaks first are not detected.
pub(super) fn protocol(port: &ServicePort) -> Protocol {
    const SERVER_SPEAKS_FIRST: [u16; 4] = [25, 53, 3306, 27017];
    let declared = port.app_protocol.as_deref().unwrap_or_else(|| port.name.split('-').next().unwrap_or_default());
    match named(declared) {
        // `grpc-web` holds a dash of its own.
        Protocol::Detected if port.name.to_ascii_lowercase().starts_with("grpc-web") => Protocol::Http,
        Protocol::Detected if SERVER_SPEAKS_FIRST.contains(&port.port) => Protocol::Opaque,
        known => known,
    }
}

/// Whether a service carries nothing that Istio takes apart into requests.
#[must_use]
pub fn is_tcp_only(service: &Service) -> bool {
    !service.ports.is_empty() && service.ports.iter().all(|port| protocol(port) == Protocol::Opaque)
}

/// The protocol of a name, in any case.
pub(super) fn named(name: &str) -> Protocol {
    match name.to_ascii_lowercase().as_str() {
        "http" | "http2" | "http_proxy" | "grpc" | "grpc-web" | "kubernetes.io/h2c" | "kubernetes.io/ws" => {
            Protocol::Http
        }
        "https" | "tls" | "tcp" | "mongo" | "mysql" | "redis" | "kubernetes.io/wss" => Protocol::Opaque,
        _ => Protocol::Detected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_follow_app_protocol_then_the_name() {
        for (name, app_protocol, number, expected) in [
            ("http-web", None, 1, Protocol::Http),
            ("grpc", None, 1, Protocol::Http),
            ("grpc-web-ui", None, 1, Protocol::Http),
            ("GRPC-api", None, 1, Protocol::Http),
            ("tcp-db", None, 1, Protocol::Opaque),
            ("https", None, 1, Protocol::Opaque),
            ("", None, 1, Protocol::Detected),
            ("db", None, 3306, Protocol::Opaque),
            ("http-db", None, 3306, Protocol::Http),
            ("metrics", None, 1, Protocol::Detected),
            ("metrics", Some("http"), 1, Protocol::Http),
            ("http", Some("tcp"), 1, Protocol::Opaque),
        ] {
            let app_protocol = app_protocol.map(str::to_owned);
            let port = ServicePort { name: name.to_owned(), port: number, app_protocol, ..ServicePort::default() };
            assert_eq!(protocol(&port), expected, "{name}");
        }
    }
}
