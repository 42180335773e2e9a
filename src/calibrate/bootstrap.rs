//! Configuration of Envoy, as Istio writes it, in static form.
//!
//! JSON rather than YAML: Envoy's YAML parser leaves tens of megabytes of touched memory behind, which no
//! proxy has that is configured over xDS.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

use super::certificates::Identity;
use super::point::{MemoryPoint, PacedPoint};

const TYPES: &str = "type.googleapis.com/envoy.extensions";
/// What Istio sets where nobody sets a limit.
const UNLIMITED: u32 = u32::MAX;
/// Name of the listener that takes requests.
pub(super) const INGRESS: &str = "ingress";

/// Istio's default access log line.
const LOG_LINE: &str = "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% \"%UPSTREAM_TRANSPORT_FAILURE_REASON%\" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% \"%REQ(X-FORWARDED-FOR)%\" \"%REQ(USER-AGENT)%\" \"%REQ(X-REQUEST-ID)%\" \"%REQ(:AUTHORITY)%\" \"%UPSTREAM_HOST%\" %UPSTREAM_CLUSTER% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n";

/// A proxy that holds the counts of a point; its first cluster leads to the backend.
pub(super) fn memory(point: &MemoryPoint, backend: SocketAddr, identity: &Identity) -> Value {
    let clusters = (0..point.clusters).map(|number| {
        let mut cluster = cluster(&service(number), &endpoints(point, number, backend));
        if point.tls && number > 0 {
            insert(&mut cluster, "transport_socket", upstream_tls(&sni(number)));
        }
        cluster
    });
    let hosts = (0..point.virtual_hosts).map(|number| {
        let domains = [
            format!("svc-{number}.default.svc.cluster.local"),
            format!("svc-{number}.default"),
            format!("10.{}.{}.{}", number >> 16 & 255, number >> 8 & 255, number & 255),
        ];
        virtual_host(
            &format!("svc-{number}.default.svc.cluster.local:8080"),
            &domains,
            &service(number % point.clusters.max(1)),
        )
    });
    let first = listener(INGRESS, 0, &connection_manager("outbound_ingress", &hosts.collect::<Vec<_>>(), None), None);
    let others = (1..point.listeners).map(|number| {
        let any = [virtual_host("allow_any", &["*".to_owned()], &service(number % point.clusters.max(1)))];
        let manager = connection_manager(&format!("outbound_{number}"), &any, None);
        let mut listener =
            listener(&format!("10.1.{}.{}_8080", number >> 8, number & 255), virtual_port(number), &manager, None);
        // All but the first of a sidecar's listeners are reached through it.
        insert(&mut listener, "bind_to_port", json!(false));
        listener
    });
    let listeners: Vec<Value> = std::iter::once(first).chain(others).collect();
    bootstrap(&listeners, &clusters.collect::<Vec<_>>(), point.tls.then_some(identity))
}

/// Endpoints of a cluster. Requests are sent to the first, which therefore has the backend alone; the second has what
/// that lacks.
fn endpoints(point: &MemoryPoint, cluster: u32, backend: SocketAddr) -> Vec<Value> {
    let each = point.endpoints_per_cluster;
    let count = match cluster {
        0 => return vec![endpoint_at(backend)],
        1 => (2 * each).saturating_sub(1),
        _ => each,
    };
    (0..count).map(|endpoint| some_endpoint(cluster, endpoint)).collect()
}

/// The client's sidecar: takes plain requests and passes them to the server's.
pub(super) fn client(point: &PacedPoint, server: SocketAddr, identity: &Identity, log: &Path) -> Value {
    let mut upstream = cluster(&service(0), &[endpoint_at(server)]);
    if point.tls {
        insert(&mut upstream, "transport_socket", upstream_tls(&sni(0)));
    }
    let manager = connection_manager("outbound_8080", &[any_host(&service(0))], point.access_log.then_some(log));
    bootstrap(&[listener(INGRESS, 0, &manager, None)], &[upstream], point.tls.then_some(identity))
}

/// The server's sidecar: takes what the client's sends and passes it to the backend.
pub(super) fn server(point: &PacedPoint, backend: SocketAddr, identity: &Identity, log: &Path) -> Value {
    const INBOUND: &str = "inbound|8080||";
    let upstream = cluster(INBOUND, &[endpoint_at(backend)]);
    let manager = connection_manager("inbound_0.0.0.0_8080", &[any_host(INBOUND)], point.access_log.then_some(log));
    let tls = point.tls.then(downstream_tls);
    bootstrap(&[listener(INGRESS, 0, &manager, tls)], &[upstream], point.tls.then_some(identity))
}

fn bootstrap(listeners: &[Value], clusters: &[Value], identity: Option<&Identity>) -> Value {
    let secrets = identity.map_or_else(Vec::new, secrets);
    json!({
        "admin": { "address": socket("127.0.0.1", 0) },
        "static_resources": { "listeners": listeners, "clusters": clusters, "secrets": secrets },
    })
}

fn cluster(name: &str, endpoints: &[Value]) -> Value {
    json!({
        "name": name,
        "type": "STATIC",
        "connect_timeout": "10s",
        "lb_policy": "LEAST_REQUEST",
        "circuit_breakers": { "thresholds": [{
            "max_connections": UNLIMITED,
            "max_pending_requests": UNLIMITED,
            "max_requests": UNLIMITED,
            "max_retries": UNLIMITED,
            "track_remaining": true,
        }] },
        "load_assignment": { "cluster_name": name, "endpoints": [{ "lb_endpoints": endpoints }] },
    })
}

fn listener(name: &str, port: u32, manager: &Value, tls: Option<Value>) -> Value {
    let mut chain = json!({ "filters": [manager] });
    if let Some(tls) = tls {
        insert(&mut chain, "transport_socket", tls);
    }
    json!({ "name": name, "address": socket("127.0.0.1", port), "filter_chains": [chain] })
}

fn connection_manager(prefix: &str, hosts: &[Value], log: Option<&Path>) -> Value {
    let mut manager = json!({
        "@type": format!("{TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": prefix,
        "route_config": { "name": prefix, "virtual_hosts": hosts },
        "http_filters": [{
            "name": "envoy.filters.http.router",
            "typed_config": { "@type": format!("{TYPES}.filters.http.router.v3.Router") },
        }],
    });
    if let Some(log) = log {
        let file = json!({
            "name": "envoy.access_loggers.file",
            "typed_config": {
                "@type": format!("{TYPES}.access_loggers.file.v3.FileAccessLog"),
                "path": log,
                "log_format": { "text_format_source": { "inline_string": LOG_LINE } },
            },
        });
        insert(&mut manager, "access_log", json!([file]));
    }
    json!({ "name": "envoy.filters.network.http_connection_manager", "typed_config": manager })
}

fn virtual_host(name: &str, domains: &[String], cluster: &str) -> Value {
    json!({
        "name": name,
        "domains": domains,
        "routes": [{
            "name": "default",
            "match": { "prefix": "/" },
            "route": { "cluster": cluster, "timeout": "0s" },
        }],
    })
}

fn any_host(cluster: &str) -> Value {
    virtual_host("allow_any", &["*".to_owned()], cluster)
}

fn upstream_tls(sni: &str) -> Value {
    json!({
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": format!("{TYPES}.transport_sockets.tls.v3.UpstreamTlsContext"),
            "common_tls_context": tls_context(),
            "sni": sni,
        },
    })
}

fn downstream_tls() -> Value {
    json!({
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": format!("{TYPES}.transport_sockets.tls.v3.DownstreamTlsContext"),
            "common_tls_context": tls_context(),
            "require_client_certificate": true,
        },
    })
}

/// As Istio's: certificates come from secrets that all contexts share.
fn tls_context() -> Value {
    json!({
        "tls_certificate_sds_secret_configs": [{ "name": "default" }],
        "validation_context_sds_secret_config": { "name": "ROOTCA" },
    })
}

fn secrets(identity: &Identity) -> Vec<Value> {
    let chain =
        json!({ "certificate_chain": { "filename": identity.chain }, "private_key": { "filename": identity.key } });
    vec![
        json!({ "name": "default", "tls_certificate": chain }),
        json!({ "name": "ROOTCA", "validation_context": { "trusted_ca": { "filename": identity.root } } }),
    ]
}

fn endpoint_at(address: SocketAddr) -> Value {
    json!({ "endpoint": { "address": socket(&address.ip().to_string(), u32::from(address.port())) } })
}

/// An address nobody connects to.
fn some_endpoint(cluster: u32, endpoint: u32) -> Value {
    let address = format!("10.{}.{}.{}", 64 + (cluster >> 8 & 63), cluster & 255, 1 + endpoint % 254);
    json!({ "endpoint": { "address": socket(&address, 8080 + endpoint / 254) } })
}

fn socket(address: &str, port: u32) -> Value {
    json!({ "socket_address": { "address": address, "port_value": port } })
}

/// A port of a listener that is never bound.
fn virtual_port(number: u32) -> u32 {
    1024 + number % 64_000
}

fn service(number: u32) -> String {
    format!("outbound|8080||svc-{number}.default.svc.cluster.local")
}

fn sni(number: u32) -> String {
    format!("outbound_.8080_._.svc-{number}.default.svc.cluster.local")
}

fn insert(object: &mut Value, field: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(field.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::calibrate::point;
    use crate::units::Bytes;

    fn identity() -> Identity {
        Identity {
            chain: PathBuf::from("/t/chain.pem"),
            key: PathBuf::from("/t/key.pem"),
            root: PathBuf::from("/t/root.pem"),
        }
    }

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    const MEMORY: MemoryPoint = MemoryPoint {
        clusters: 2,
        endpoints_per_cluster: 2,
        listeners: 2,
        virtual_hosts: 2,
        tls: true,
        workers: 2,
        open_connections: 0,
    };

    const PACED: PacedPoint = PacedPoint {
        path: point::Path::Sidecars,
        tls: true,
        access_log: true,
        workers: 2,
        connections: 16,
        rps: 100,
        payload: Bytes::new(1024),
        arrivals: point::Arrivals::Even,
    };

    #[test]
    fn a_small_proxy_looks_like_istios() {
        insta::assert_snapshot!(format!("{:#}", memory(&MEMORY, address(9000), &identity())));
    }

    #[test]
    fn the_two_sidecars() {
        let log = Path::new("/t/access.log");
        insta::assert_snapshot!(format!("{:#}", client(&PACED, address(9001), &identity(), log)));
        insta::assert_snapshot!(format!("{:#}", server(&PACED, address(9002), &identity(), log)));
    }

    #[test]
    fn counts_are_those_of_the_point() {
        let point =
            MemoryPoint { clusters: 300, endpoints_per_cluster: 7, listeners: 500, virtual_hosts: 70, ..MEMORY };
        let bootstrap = memory(&point, address(9000), &identity());
        let resources = &bootstrap["static_resources"];
        let clusters = resources["clusters"].as_array().unwrap();
        let endpoints =
            |cluster: &Value| cluster["load_assignment"]["endpoints"][0]["lb_endpoints"].as_array().unwrap().len();
        assert_eq!(clusters.len(), 300);
        assert_eq!(endpoints(&clusters[0]), 1, "requests reach the backend and nothing else");
        assert_eq!(clusters.iter().map(endpoints).sum::<usize>(), 300 * 7);
        let listeners = resources["listeners"].as_array().unwrap();
        assert_eq!(listeners.len(), 500);
        let hosts = &listeners[0]["filter_chains"][0]["filters"][0]["typed_config"]["route_config"]["virtual_hosts"];
        assert_eq!(hosts.as_array().unwrap().len(), 70);
        let plain = memory(&MemoryPoint { tls: false, ..point }, address(9000), &identity());
        assert!(!plain.to_string().contains("TlsContext"));
    }
}
